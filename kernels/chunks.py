"""How work is cut into pieces for the threads.

The cut depends on the problem alone, never on the number of threads: partial sums are then added
in the same order on every machine, and one thread gives the same bits as many.
"""

from .jit import njit

# Work is counted in multiply-adds of a plain loop, each 0.02 ns with AVX-512: the callers have
# measured how many an element is worth. Work of less than SERIAL_WORK, 10 us, is not shared: waking
# a thread and waiting for it takes 2 to 10 us. A chunk is at least CHUNK_WORK, 2.6 us.
SERIAL_WORK = 1 << 19
CHUNK_WORK = 1 << 17
MAX_CHUNKS = 64

# To call the function of one row (a loss, a softmax), and to add up the ends of its vectors.
ROW_WORK = 700
# To read a number and write another one.
COPY_WORK = 6


@njit
def chunk_count(items, work_per_item):
    """Number of pieces for `items` items, each of which takes `work_per_item` multiply-adds."""
    work = items * work_per_item
    if work < SERIAL_WORK:
        return 1
    return max(1, min(items, MAX_CHUNKS, work // CHUNK_WORK))


@njit
def chunk_bounds(chunk, chunks, items):
    """First item of a piece, and the one after its last."""
    return chunk * items // chunks, (chunk + 1) * items // chunks
