"""Chains: phases that work on one image after the other, done for an image in one go.

What one phase leaves in the cache the next one finds there, and no worker waits for another
between them.
"""

import numpy as np

from ..jit import njit
from .call import array_at, call
from .columns import ADDRESS, ARGUMENTS, COLUMNS, ITEMS

# How many rows are linked, and how many rows behind this one the first of them stands in the table.
# Their items are those of one image.
LINKS, DISTANCE = range(ARGUMENTS, ARGUMENTS + 2)


@njit
def chain_item(memory, row, samples, item, worker, step):
    """All the linked phases for one image."""
    here = np.int64(row.ctypes.data)
    for link in range(row[DISTANCE], row[DISTANCE] + row[LINKS]):
        linked = array_at(here + link * COLUMNS * 8, COLUMNS, np.int64)
        items = linked[ITEMS]
        for part in range(item * items, (item + 1) * items):
            call(linked[ADDRESS], memory, linked, samples, part, worker, step)
