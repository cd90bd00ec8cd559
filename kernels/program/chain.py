"""Phases that are run as one: chains and bundles.

A *chain* is phases that work on one image after the other, done for an image in one go: what one
phase leaves in the cache the next one finds there, and no worker waits for another between them.

With *blocks in turn*, each worker has places for one block of samples only, which its blocks use
one after the other: nothing outside the chain reads them.

A *bundle* is phases that do not need each other's results: their items are shared out together.
"""

import numpy as np

from ..call import array_at, call
from ..jit import njit
from .columns import ADDRESS, ARGUMENTS, COLUMNS, COUNT, ITEMS, fields, operation

# How many rows are linked, and how many rows after this one the first of them comes in the table.
LINKS, DISTANCE = fields(ARGUMENTS, links=COUNT, distance=COUNT)
# Samples of a block, if the blocks use the same places in turn.
(BLOCK,) = fields(ARGUMENTS + 2, block=COUNT)


@njit
def _linked(row, link):
    """A row that a row links to."""
    here = np.int64(row.ctypes.data)
    return array_at(here + (row[DISTANCE] + link) * COLUMNS * 8, COLUMNS, np.int64)


@operation(LINKS, DISTANCE)
def chain_item(memory, row, samples, item, worker, step):
    """All the linked phases for one image; their items are those of an image."""
    for link in range(row[LINKS]):
        linked = _linked(row, link)
        items = linked[ITEMS]
        for part in range(item * items, (item + 1) * items):
            call(linked[ADDRESS], memory, linked, samples, part, worker, step)


@operation(LINKS, DISTANCE, BLOCK)
def block_in_turn_item(memory, row, samples, item, worker, step):
    """All the linked phases for one block of samples, in the places of the worker.

    The first phase, which gathers the block, and the last, which hands out its results, know both
    the block and the worker. For the others it is as if the worker's number were the block's.
    """
    block, last = row[BLOCK], row[LINKS] - 1
    present = min(block, samples - item * block)
    if present <= 0:
        return
    for link in range(row[LINKS]):
        linked = _linked(row, link)
        if link == 0 or link == last:
            call(linked[ADDRESS], memory, linked, samples, item, worker, step)
        else:
            stop = worker * block + present
            call(linked[ADDRESS], memory, linked, stop, worker, worker, step)


@operation(LINKS, DISTANCE)
def bundle_item(memory, row, samples, item, worker, step):
    """One item of one of the linked phases."""
    link = 0
    linked = _linked(row, link)
    while item >= linked[ITEMS]:
        item -= linked[ITEMS]
        link += 1
        linked = _linked(row, link)
    call(linked[ADDRESS], memory, linked, samples, item, worker, step)
