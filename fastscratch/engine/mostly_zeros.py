"""Samples that are mostly zeros, such as images of digits: where it pays to leave the zeros out.

The dense layers that read them then compute the same numbers by other operations.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from ..kernels.machine import LISTED_ROWS
from ..kernels.program import dense, mostly_zeros
from ..layers import Dense, Flatten, Reshape
from .network import Network
from .program import Operation
from .sparse_rows import are_sparse

# With fewer output units, making the lists of what is not zero takes too large a part of the time.
FEWEST_UNITS = 64
# Of the steps of a product, zeros are left out if at most this share remains.
MOST_KEPT = 0.6
# This many samples are looked at.
LOOKED_AT = 32
# Samples that are multiplied at once: the lists of what is not zero stay in a first-level cache.
AT_ONCE = 32


class Products(NamedTuple):
    """The operations of a dense layer."""

    forward_block: Operation
    forward_part: Operation
    backward: Operation


WITH_ZEROS = Products(
    dense.dense_forward_block_item, dense.dense_forward_part_item, dense.dense_backward_item
)
WITHOUT_ZEROS = Products(
    mostly_zeros.mostly_zeros_forward_block_item,
    mostly_zeros.mostly_zeros_forward_part_item,
    mostly_zeros.mostly_zeros_backward_item,
)


def takes_zeros(network: Network) -> bool:
    """Whether a dense layer reads the only input of a network, and is wide enough to gain."""
    read = {0}
    for number, node in enumerate(network.nodes):
        if read.isdisjoint(node.inputs):
            continue
        if isinstance(node.layer, (Flatten, Reshape)):
            read.add(network.n_inputs + number)
        elif type(node.layer) is Dense and is_wide(node.layer.units):
            return network.n_inputs == 1
    return False


def is_wide(units: int) -> bool:
    """Whether a layer has enough outputs to gain from leaving out zeros of its inputs."""
    return units >= FEWEST_UNITS


def are_mostly_zeros(samples: Sequence[Any]) -> bool:
    """Whether enough of the steps of products with these samples can be left out.

    A step is left out of a sum if it is zero in `LISTED_ROWS` rows: forward, these are samples in
    any order, and backward inputs side by side. Some samples, evenly spread, stand for all.
    """
    if are_sparse(samples):
        return False
    x = samples[0].reshape(len(samples[0]), -1)
    some = x[:: -(-len(x) // LOOKED_AT)]
    rows, columns = (size // LISTED_ROWS for size in some.shape)
    if rows == 0 or columns == 0:
        return False
    is_kept = some[: rows * LISTED_ROWS, : columns * LISTED_ROWS] != 0
    by_samples = is_kept.reshape(rows, LISTED_ROWS, -1).any(axis=1).mean()
    by_inputs = is_kept.reshape(-1, LISTED_ROWS).any(axis=1).mean()
    return bool(by_samples + by_inputs <= 2 * MOST_KEPT)
