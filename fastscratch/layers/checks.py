"""Checks of shapes that several kinds of layers share."""

from .base import Layer, Shape, as_image


def as_sequence(layer: Layer, shape: Shape) -> Shape:
    """Check that a layer is given sequences."""
    if len(shape) != 2:
        raise ValueError(
            f"{layer!r} takes sequences of shape (steps, channels), got samples of {shape}"
        )
    return shape


def as_places(layer: Layer, shape: Shape, rank: int) -> Shape:
    """Check that a layer is given sequences, of rank 1, or images, of rank 2."""
    return as_image(layer, shape) if rank == 2 else as_sequence(layer, shape)


def sample_axis(layer: Layer, axis: int, shape: Shape) -> int:
    """The place in a sample's shape of an axis that is counted from the batch axis, 0.

    Raises
    ------
    ValueError
        If the samples have no such axis.
    """
    axes = len(shape) + 1
    if not -axes < axis < axes or axis == 0:
        raise ValueError(
            f"{layer!r} takes samples that have an axis {axis} (axis 0 is that of the batch), got "
            f"samples of {shape}"
        )
    return axis % axes - 1
