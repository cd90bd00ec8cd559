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

# A step of a listed tile takes this much longer than one of a tile that goes through all steps; to
# ask of a number whether it is zero takes as long as this many multiply-adds; and to begin a list,
# of which there is one for each few inputs, as long as this many for each of them.
LISTED_STEP, LISTING, BEGINNING = 1.15, 32, 256
# Zeros are left out if that takes at most this share of the time.
GAIN = 0.9
# This many samples are looked at, which takes about 8 us with 784 numbers in each: if it may save
# that much, with at least so many outputs of all samples.
LOOKED_AT, FEWEST_OUTPUTS = 32, 1 << 13
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


def units_that_read(network: Network) -> int:
    """The fewest outputs of a dense layer that reads the only input of a network; 0 if none does.

    Layers of one run of numbers for each sample, so that there are no positions.
    """
    reads, units = {0}, []
    for number, node in enumerate(network.nodes):
        if not reads.isdisjoint(node.inputs):
            if isinstance(node.layer, (Flatten, Reshape)):
                reads.add(network.n_inputs + number)
            elif type(node.layer) is Dense and len(network.shapes[node.inputs[0]]) == 1:
                units.append(node.layer.units)
    return min(units, default=0) if network.n_inputs == 1 else 0


def pays(samples: Sequence[Any], units: int, at_once: int) -> bool:
    """Whether a dense layer of this many outputs is faster if it leaves out zeros of the samples.

    A step is left out of a sum if it is zero in `LISTED_ROWS` rows: forward, these are samples in
    any order, and backward inputs side by side. Some samples, evenly spread, stand for all.

    Parameters
    ----------
    samples : sequence of array, or of `SparseRows`
        Of each input of the network.
    units : int
        The outputs; 0 if no layer can leave anything out.
    at_once : int
        Samples in a mini-batch.
    """
    n = len(samples[0])
    if n * units < FEWEST_OUTPUTS or GAIN * units < LISTING or are_sparse(samples):
        return False
    some = samples[0][:: -(-n // LOOKED_AT)]
    some = some.reshape(len(some), -1)
    rows, columns = (size // LISTED_ROWS for size in some.shape)
    if min(rows, columns, at_once // LISTED_ROWS) == 0:
        return False
    is_there = some[: rows * LISTED_ROWS, : columns * LISTED_ROWS] != 0
    by_samples = np.bitwise_or.reduce(is_there.reshape(rows, LISTED_ROWS, -1), axis=1)
    by_inputs = is_there.view(f"u{LISTED_ROWS}")  # each of these numbers is so many flags
    steps = np.count_nonzero(by_samples) + np.count_nonzero(by_inputs)
    share = steps / (by_samples.size + by_inputs.size)
    lists = (LISTING + BEGINNING / at_once) / units
    return bool(LISTED_STEP * share + lists <= GAIN)
