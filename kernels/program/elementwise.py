"""Operations on single numbers that stand alone: activations of rows, dropout."""

from ..dropout import drop
from ..jit import njit
from ..random import stream_key
from .call import call
from .columns import ARGUMENTS, DA, DOUTPUT, FUNCTION, INPUT, UNITS, A, number
from .hand_down import hand_down

# So many samples stand innermost. A sample is so many rows; the softmax sees them one by one.
LANES, ROWS, SAMPLES_AN_ITEM = range(ARGUMENTS, ARGUMENTS + 3)
# Derivative of the activation itself, where FUNCTION is that of the tensor before.
OWN_FUNCTION, OUTPUT = range(ARGUMENTS + 3, ARGUMENTS + 5)
# Dropout: its rate, and its seed, of which each step takes a stream.
RATE, SEED = range(ARGUMENTS + 3, ARGUMENTS + 5)


@njit
def _range(row, samples, item):
    """The numbers of an item's samples, in whole blocks of them: the first, and how many."""
    lanes = row[LANES]
    samples = (samples + lanes - 1) // lanes * lanes
    start = min(item * row[SAMPLES_AN_ITEM], samples)
    stop = min(start + row[SAMPLES_AN_ITEM], samples)
    return start * row[UNITS], (stop - start) * row[UNITS]


@njit
def activation_forward_item(memory, row, samples, item, worker, step):
    """``a = f(z)``, row by row."""
    first, size = _range(row, samples, item)
    length = row[UNITS] // row[ROWS]
    for start in range(first, first + size, length):
        z = memory[row[INPUT] + start :][:length]
        call(row[FUNCTION], memory[row[A] + start :][:length], z)


@njit
def activation_backward_item(memory, row, samples, item, worker, step):
    """Its derivative, and then that of the activation before."""
    first, size = _range(row, samples, item)
    length = row[UNITS] // row[ROWS]
    for start in range(first, first + size, length):
        call(
            row[OWN_FUNCTION],
            memory[row[DA] + start :][:length],
            memory[row[INPUT] + start :][:length],
            memory[row[OUTPUT] + start :][:length],
            memory[row[DOUTPUT] + start :][:length],
        )
    hand_down(memory, row, first, memory[row[DA] + first :][:size])


@njit
def _drop(memory, row, samples, item, step, to, of):
    """Dropout of an item's samples. What is dropped depends on no vector's width.

    A number counts as it would stand in rows of samples, even where the samples stand innermost.
    """
    start, size = _range(row, samples, item)
    key, rate, lanes = stream_key(row[SEED], step), number(row, RATE), row[LANES]
    if lanes == 1:
        drop(memory[to + start :][:size], memory[of + start :][:size], rate, key, start)
        return
    for unit in range(size // lanes):  # of one block
        place, units = start + unit * lanes, row[UNITS]
        out, x = memory[to + place :][:lanes], memory[of + place :][:lanes]
        drop(out, x, rate, key, start + unit, units)


@njit
def dropout_forward_item(memory, row, samples, item, worker, step):
    """Some samples after dropout."""
    _drop(memory, row, samples, item, step, row[A], row[INPUT])


@njit
def dropout_backward_item(memory, row, samples, item, worker, step):
    """Their gradient: the same numbers are dropped."""
    _drop(memory, row, samples, item, step, row[DA], row[DOUTPUT])
    start, size = _range(row, samples, item)
    hand_down(memory, row, start, memory[row[DA] + start :][:size])


@njit
def hand_down_item(memory, row, samples, item, worker, step):
    """Multiply the gradient of some samples with the derivative of the activation there."""
    start, size = _range(row, samples, item)
    hand_down(memory, row, start, memory[row[DA] + start :][:size])
