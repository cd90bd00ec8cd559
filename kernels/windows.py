"""Where a sliding window meets its image, along one axis: the arithmetic of strides and padding.

Position ``p`` of the output sees, through tap ``k`` of the window, place
``p * stride + k * rate - padding`` of the image. The bounds tests are done here, once for a whole
row, so that the loops over positions and channels have none.
"""

from .jit import njit


@njit
def tap_range(tap, size, positions, stride, rate, padding):
    """First output position whose tap lies inside the image, and the one after the last.

    The image has `size` places, and the output has `positions`.
    """
    offset = tap * rate - padding
    # 0 <= p * stride + offset < size, divided by the stride and rounded up
    first = max(0, (stride - 1 - offset) // stride)
    stop = min(positions, (size - 1 - offset) // stride + 1)
    return first, max(first, stop)


@njit
def tap_position(tap, place, positions, stride, rate, padding):
    """The output position that sees a place of the image through a tap, or -1 if none does."""
    distance = place + padding - tap * rate
    if distance < 0 or distance % stride != 0 or distance // stride >= positions:
        return -1
    return distance // stride
