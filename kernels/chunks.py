"""How work is cut into pieces for the threads.

The cut depends on the problem alone, never on the number of threads: partial sums are then added
in the same order on every machine, and one thread gives the same bits as many.
"""

from .jit import njit

# Below this many multiply-adds a chunk is not worth the microseconds of a parallel region.
CHUNK_WORK = 32768
MAX_CHUNKS = 64


@njit
def chunk_count(items, work_per_item):
    """Number of pieces for `items` items, each of which takes `work_per_item` multiply-adds."""
    return max(1, min(items, MAX_CHUNKS, items * work_per_item // CHUNK_WORK))


@njit
def chunk_bounds(chunk, chunks, items):
    """First item of a piece, and the one after its last."""
    return chunk * items // chunks, (chunk + 1) * items // chunks
