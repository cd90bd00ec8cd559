"""Operations of layers that add noise in training: normal numbers, and dropout of channels.

What is drawn for a number depends on its place in rows of samples, even if the samples are
innermost: so the same is drawn in every layout.
"""

from ..dropout import drop
from ..jit import njit
from ..random import normal_at, stream_key
from .columns import (
    ARGUMENTS,
    COUNT,
    DA,
    DOUTPUT,
    GRADIENT_OF_TENSOR,
    INPUT,
    NUMBER,
    UNITS,
    A,
    fields,
    number,
    operation,
)
from .elementwise import LANES, RATE, SAMPLES_AN_ITEM, SEED, range_of
from .hand_down import hand_down

(STDDEV,) = fields(ARGUMENTS + 3, stddev=NUMBER)
(CHANNELS,) = fields(ARGUMENTS + 5, channels=COUNT)

CUT = (UNITS, LANES, SAMPLES_AN_ITEM)


@operation(INPUT, A, *CUT, STDDEV, SEED)
def gaussian_noise_item(memory, row, samples, item, worker, step):
    """Some samples, with a normal number of the step's stream added to each of theirs."""
    start, size = range_of(row, samples, item)
    a, x = memory[row[A] + start :][:size], memory[row[INPUT] + start :][:size]
    key, stddev = stream_key(row[SEED], step), number(row, STDDEV)
    lanes, units = row[LANES], row[UNITS]
    for i in range(size):
        unit, lane = divmod(i, lanes)
        a[i] = x[i] + stddev * normal_at(key, start + lane * units + unit)


@njit
def _drop_channels(memory, row, samples, item, step, to, of):
    """Dropout of an item's samples: what is drawn for a channel is used at all its places."""
    start, size = range_of(row, samples, item)
    key, rate = stream_key(row[SEED], step), number(row, RATE)
    lanes, units, channels = row[LANES], row[UNITS], row[CHANNELS]
    # Neighbours in memory are the channels of a place, or else samples.
    length, stride = (channels, 1) if lanes == 1 else (lanes, channels)
    for place in range(start, start + size, length):
        sample, rest = divmod(place, units * lanes)
        first = sample * lanes * channels + rest // lanes % channels
        out, x = memory[to + place :][:length], memory[of + place :][:length]
        drop(out, x, rate, key, first, stride)


@operation(INPUT, A, *CUT, RATE, SEED, CHANNELS)
def spatial_dropout_forward_item(memory, row, samples, item, worker, step):
    """Some samples after dropout of channels."""
    _drop_channels(memory, row, samples, item, step, row[A], row[INPUT])


@operation(DOUTPUT, *GRADIENT_OF_TENSOR, LANES, SAMPLES_AN_ITEM, RATE, SEED, CHANNELS)
def spatial_dropout_backward_item(memory, row, samples, item, worker, step):
    """Their gradient: the same channels are dropped."""
    _drop_channels(memory, row, samples, item, step, row[DA], row[DOUTPUT])
    start, size = range_of(row, samples, item)
    hand_down(memory, row, start, memory[row[DA] + start :][:size])
