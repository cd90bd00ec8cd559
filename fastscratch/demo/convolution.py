"""Step 5: 2-D convolution of a photograph."""

import numpy as np

from ..datasets import load_photograph
from ..ops import conv, conv_image
from ..plot import panels
from ..reference.conv2d import conv2d_forward as naive_conv2d_forward
from .report import Report, clock, seconds

EMBOSS = np.array([[2, 0, 0], [0, -1, 0], [0, 0, -1]])
SHARPEN = np.array([[0, -1, 0], [-1, 5, -1], [0, -1, 0]])

#: Where the coat meets the sky, the pixels are
#:     67 52 51        emboss   2*67 - 34 - 31             = 69
#:     43 34 39        sharpen  5*34 - 52 - 43 - 39 - 26   = 10
#:     31 26 31
PLACE, BY_HAND = (76, 183), (69, 10)
#: Rows and columns of the feature maps that the twin computes.
CROP = 32


def run(report: Report, seed: int) -> None:
    """Emboss, sharpen, and 64 random filters."""
    report.title("5. Convolution: 3 x 3 filters over a photograph of 512 x 512 pixels")
    photograph = load_photograph()
    rng = np.random.default_rng(seed)
    filters = rng.integers(-1, 2, (3, 3, 1, 64)).astype(np.float32)
    inputs = photograph[None, :, :, None].astype(np.float32)

    report.compile(prepare)
    embossed, sharpened = conv_image(photograph, EMBOSS), conv_image(photograph, SHARPEN)
    report.check(
        f"one pixel, at {PLACE}",
        ("emboss", "sharpen"),
        (embossed[PLACE], sharpened[PLACE]),
        BY_HAND,
        "by hand",
        within=0,
        digits=0,
    )
    maps = conv(inputs, filters)[0]
    crop = np.zeros((1, CROP, CROP, 64)).tolist()
    piece = inputs[:, 64:, 128:][:, : CROP + 2, : CROP + 2].tolist()
    with clock("naive twin"):
        twin = seconds(
            lambda: naive_conv2d_forward(
                crop, piece, filters.tolist(), [0.0] * 64, (1, 1), (0, 0), (1, 1), 1
            )
        )
    report.check(
        f"64 maps, {CROP} x {CROP} of each",
        ["largest diff."],
        abs(maps[64 : 64 + CROP, 128 : 128 + CROP] - crop[0]).max(),
        0,
        "from the naive twin",
        within=0,
        digits=0,
    )
    report.speed(
        "64 maps of 510 x 510",
        seconds(lambda: conv(inputs, filters), 5),
        twin * (510 / CROP) ** 2,
        f"{CROP} x {CROP} of each",
    )

    left, middle, right = panels(3, 4, 4.45)
    for ax, image, title, limits in (
        (left, photograph, "photograph", (0, 255)),
        (middle, embossed, "emboss", (-160, 160)),
        (right, sharpened, "sharpen", (0, 255)),
    ):
        ax.imshow(image, cmap="gray", vmin=limits[0], vmax=limits[1])
        ax.set_title(title)
        ax.set_axis_off()
    report.picture("5-filters.png", left, dpi=75)
    _draw_maps(report, maps, filters[:, :, 0])


def _draw_maps(report: Report, maps: np.ndarray, filters: np.ndarray) -> None:
    """Some of the feature maps, each beside the filter that made it."""
    # A third of the size, by means over 3 x 3 pixels.
    small = maps.reshape(170, 3, 170, 3, 64).mean(axis=(1, 3))
    from matplotlib.figure import Figure

    figure = Figure((12, 7.2), layout="constrained")
    axes = figure.subplots(3, 8, width_ratios=[1, 2.6] * 4)
    for k, (left, right) in enumerate(axes.reshape(-1, 2)):
        left.imshow(filters[:, :, k], cmap="RdBu_r", vmin=-2, vmax=2)
        for (row, column), weight in np.ndenumerate(filters[:, :, k]):
            left.text(column, row, f"{weight:.0f}", ha="center", va="center")
        low, high = np.percentile(small[:, :, k], (1, 99))
        right.imshow(small[:, :, k], cmap="gray", vmin=low, vmax=max(high, low + 1))
        left.set_axis_off()
        right.set_axis_off()
    figure.suptitle("Twelve of the 64 random filters, and their feature maps")
    report.picture("5-feature-maps.png", left, dpi=75)


def prepare() -> None:
    """Compile what the step needs."""
    photograph = load_photograph()[:9]
    conv_image(photograph, EMBOSS)
    conv(photograph[None, :, :, None].astype(np.float32), np.zeros((3, 3, 1, 64), np.float32))
