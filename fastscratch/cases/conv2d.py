"""2-D convolution and its derivatives."""

from collections.abc import Iterator

from .case import Arguments, Case, Pair, Rng, Shape, unset
from .windows import positions

#: Image (n, h, w, c), filters (kh, kw, c_in, c_out), strides, zeros before the image (top, left),
#: dilation, zeros after it (bottom, right), groups.
GEOMETRIES = {
    "one": ((1, 1, 1, 1), (1, 1, 1, 1), (1, 1), (0, 0), (1, 1), (0, 0), 1),
    "valid": ((2, 7, 6, 3), (3, 3, 3, 4), (1, 1), (0, 0), (1, 1), (0, 0), 1),
    "same": ((2, 6, 5, 2), (3, 3, 2, 3), (1, 1), (1, 1), (1, 1), (1, 1), 1),
    "same-even-filter": ((1, 6, 5, 2), (2, 4, 2, 3), (1, 1), (0, 1), (1, 1), (1, 2), 1),
    "same-strides": ((2, 7, 8, 3), (3, 3, 3, 2), (2, 2), (1, 0), (1, 1), (1, 1), 1),
    "strides": ((1, 9, 8, 2), (3, 2, 2, 5), (2, 3), (0, 0), (1, 1), (0, 0), 1),
    "strides-beyond-filter": ((1, 8, 9, 2), (1, 2, 2, 3), (3, 4), (0, 0), (1, 1), (0, 0), 1),
    "dilation": ((1, 9, 11, 1), (2, 3, 1, 2), (1, 1), (0, 0), (3, 2), (0, 0), 1),
    "everything": ((3, 11, 9, 2), (3, 5, 2, 3), (2, 1), (2, 3), (1, 2), (1, 3), 1),
    "one-pixel-output": ((2, 4, 3, 2), (4, 3, 2, 5), (1, 1), (0, 0), (1, 1), (0, 0), 1),
    "one-pixel-image": ((3, 1, 1, 2), (3, 3, 2, 2), (1, 1), (1, 1), (1, 1), (1, 1), 1),
    "all-padding": ((1, 2, 3, 2), (2, 3, 2, 2), (1, 1), (4, 5), (1, 1), (3, 4), 1),
    "one-row": ((2, 1, 9, 2), (1, 4, 2, 3), (1, 2), (0, 1), (1, 1), (0, 2), 1),
    "groups": ((2, 5, 6, 6), (3, 2, 2, 9), (1, 1), (1, 0), (1, 1), (1, 1), 3),
    "depthwise": ((2, 6, 5, 5), (3, 3, 1, 5), (1, 2), (1, 1), (1, 1), (1, 1), 5),
    "depthwise-multiplied": ((1, 5, 6, 3), (2, 3, 1, 6), (2, 1), (0, 1), (1, 2), (1, 2), 3),
    "pointwise": ((2, 6, 5, 4), (1, 1, 4, 7), (1, 1), (0, 0), (1, 1), (0, 0), 1),
    "chunks": ((5, 16, 17, 3), (3, 3, 3, 8), (1, 1), (1, 1), (1, 1), (1, 1), 1),
    "chunks-groups": ((5, 19, 14, 8), (3, 3, 4, 12), (2, 1), (1, 1), (1, 1), (1, 1), 2),
    "chunks-depthwise": ((4, 21, 22, 16), (3, 3, 1, 16), (1, 1), (1, 1), (1, 1), (1, 1), 16),
    "depthwise-window": ((2, 7, 6, 19), (5, 5, 1, 19), (1, 1), (2, 2), (1, 1), (2, 2), 19),
    "depthwise-narrow": ((2, 7, 6, 11), (3, 3, 1, 11), (1, 1), (1, 1), (1, 1), (1, 1), 11),
    "depthwise-narrower": ((2, 7, 6, 5), (5, 5, 1, 5), (1, 1), (2, 2), (1, 1), (2, 2), 5),
    "depthwise-few": ((2, 5, 23, 3), (3, 2, 1, 3), (1, 1), (1, 0), (1, 1), (1, 1), 3),
    "one-channel": ((2, 6, 37, 1), (3, 3, 1, 1), (1, 1), (1, 1), (1, 1), (1, 1), 1),
    "winograd": ((1, 9, 7, 32), (3, 3, 32, 33), (1, 1), (1, 1), (1, 1), (1, 1), 1),
    # The first layer of LeNet-5, for a mini-batch of MNIST.
    "typical": ((32, 28, 28, 1), (5, 5, 1, 6), (1, 1), (2, 2), (1, 1), (2, 2), 1),
}

#: Image (h, w) and filter (kh, kw).
GREY_IMAGES = {
    "one": ((1, 1), (1, 1)),
    "tall-filter": ((9, 8), (5, 2)),
    "wide-filter": ((6, 19), (1, 7)),
    "chunks": ((299, 101), (3, 3)),
    "typical": ((512, 512), (3, 3)),
}


def images(
    rng: Rng,
    image: Shape,
    kernel: Shape,
    strides: Pair,
    padding: Pair,
    dilation: Pair,
    out: Shape,
    groups: int,
) -> Arguments:
    return {
        "x": rng.standard_normal(image),
        "dout": rng.standard_normal(out),
        "kernel": rng.standard_normal(kernel),
        "bias": rng.standard_normal(kernel[3]),
        "strides": strides,
        "padding": padding,
        "dilation_rate": dilation,
        "groups": groups,
        "out": unset(*out),
        "dx": unset(*image),
        "dkernel": unset(*kernel),
        "dbias": unset(kernel[3]),
    }


def grey_image(rng: Rng, image: Shape, kernel: Shape) -> Arguments:
    places = (size - taps + 1 for size, taps in zip(image, kernel, strict=True))
    return {
        "out": unset(*places),
        "image": rng.standard_normal(image),
        "kernel": rng.standard_normal(kernel),
    }


def cases() -> Iterator[Case]:
    for label, (image, kernel, strides, padding, dilation, after, groups) in GEOMETRIES.items():
        places = positions(image, kernel[:2], strides, padding, dilation, after)
        out = image[0], *places, kernel[3]
        inputs = image, kernel, strides, padding, dilation, out, groups
        taps = kernel[0] * kernel[1]
        yield Case("conv2d_forward", label, images, inputs, ("out",), taps * kernel[2] + 1)
        terms = taps * kernel[3] // groups
        yield Case("conv2d_backward_input", label, images, inputs, ("dx",), terms)
        written, terms = ("dkernel", "dbias"), out[0] * out[1] * out[2]
        yield Case("conv2d_backward_weight", label, images, inputs, written, terms)
    for label, (size, window) in GREY_IMAGES.items():
        taps = window[0] * window[1]
        yield Case("conv2d_image_forward", label, grey_image, (size, window), ("out",), taps)
