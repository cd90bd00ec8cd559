"""Sizes of what a sliding window makes of an image."""

from .case import Pair, Shape


def positions(
    image: Shape, window: Pair, strides: Pair, padding: Pair, dilation: Pair, after: Pair
) -> list[int]:
    """Height and width of the output; `padding` zeros before the image, `after` after it."""
    return [
        (size + first + last - rate * (taps - 1) - 1) // stride + 1
        for size, first, last, rate, taps, stride in zip(
            image[1:3], padding, after, dilation, window, strides, strict=True
        )
    ]
