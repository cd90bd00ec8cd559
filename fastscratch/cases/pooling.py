"""Maxima and means of windows."""

from collections.abc import Iterator

import numpy as np

from ..reference import pooling as twins
from .case import Arguments, Case, Rng, Shape, unset
from .windows import positions

#: Image (n, h, w, c), window (height, width), strides, how far the first window begins before the
#: image (top, left), how far the last one goes past it (bottom, right).
GEOMETRIES = {
    "one": ((1, 1, 1, 1), (1, 1), (1, 1), (0, 0), (0, 0)),
    "valid": ((2, 6, 8, 3), (2, 2), (2, 2), (0, 0), (0, 0)),
    "odd": ((1, 7, 5, 2), (2, 2), (2, 2), (0, 0), (0, 0)),  # the last row is not seen
    "overlap": ((2, 7, 6, 3), (3, 2), (2, 1), (0, 0), (0, 0)),
    "gaps": ((1, 8, 9, 2), (2, 1), (3, 4), (0, 0), (0, 0)),
    "same": ((2, 7, 5, 2), (3, 4), (2, 2), (1, 1), (1, 2)),
    "same-even": ((1, 5, 6, 3), (2, 2), (1, 1), (0, 0), (1, 1)),
    "large-window": ((2, 33, 19, 2), (30, 9), (2, 7), (1, 0), (0, 0)),
    "whole-image": ((3, 4, 3, 2), (4, 3), (4, 3), (0, 0), (0, 0)),
    "one-row": ((2, 1, 9, 1), (1, 3), (1, 2), (0, 1), (0, 1)),
    "chunks": ((3, 22, 25, 9), (3, 3), (2, 2), (1, 1), (1, 1)),
    # After the first convolution of LeNet-5.
    "typical": ((32, 28, 28, 6), (2, 2), (2, 2), (0, 0), (0, 0)),
}


def max_forward(rng: Rng, image: Shape, out: Shape, window: Arguments) -> Arguments:
    return {
        "out": unset(*out),
        "argmax": np.full(out, -1, np.int32),
        "x": rng.integers(-9, 10, image) / 4,  # few values, so that some are equal
        **window,
    }


def max_backward(rng: Rng, image: Shape, out: Shape, window: Arguments) -> Arguments:
    return {
        "dx": unset(*image),
        "dout": rng.standard_normal(out),
        "argmax": places_of_maxima(rng.standard_normal(image), out, window),
        **window,
    }


def places_of_maxima(x: np.ndarray, out: Shape, window: Arguments) -> np.ndarray:
    """Places in the windows that lie inside the image, so that no gradient is lost."""
    maxima, places = np.zeros((2, *out), np.int32).tolist()
    twins.max_pool2d_forward(maxima, places, x.tolist(), *window.values())
    return np.array(places, np.int32)


def average_forward(rng: Rng, image: Shape, out: Shape, window: Arguments) -> Arguments:
    return {"out": unset(*out), "x": rng.standard_normal(image), **window}


def average_backward(rng: Rng, image: Shape, out: Shape, window: Arguments) -> Arguments:
    return {"dx": unset(*image), "dout": rng.standard_normal(out), **window}


def cases() -> Iterator[Case]:
    for label, (image, pool_size, strides, padding, after) in GEOMETRIES.items():
        places = positions(image, pool_size, strides, padding, (1, 1), after)
        window = {"pool_size": pool_size, "strides": strides, "padding": padding}
        inputs = image, (image[0], *places, image[3]), window
        terms = pool_size[0] * pool_size[1] + 1
        yield Case("max_pool2d_forward", label, max_forward, inputs, ("out", "argmax"))
        yield Case("max_pool2d_backward", label, max_backward, inputs, ("dx",), terms)
        yield Case("average_pool2d_forward", label, average_forward, inputs, ("out",), terms)
        yield Case("average_pool2d_backward", label, average_backward, inputs, ("dx",), terms)
