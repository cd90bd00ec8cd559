"""Programs that take turns on one memory: the same bits as each alone, and one copy of the weights.

The weights are the only thing that a program may find in its memory; whatever else it reads it must
have written before.
"""

import numpy as np
import pytest

from fastscratch.engine import workspace
from fastscratch.engine.lowering import most_channels
from fastscratch.engine.plan import aligned_zeros
from fastscratch.examples import EXAMPLES
from fastscratch.examples.example import network_of
from fastscratch.kernels.program import columns as col


def answers(model, arguments, sizes):
    """What a model says of several numbers of samples, and its weights; each by another program."""

    def first(arrays, size):
        if arrays is None:
            return None
        return [a[:size] for a in arrays] if isinstance(arrays, list) else arrays[:size]

    for size in sizes:
        x, y, weights = (first(arguments[n], size) for n in ("x", "y", "sample_weight"))
        yield model.predict(x)
        yield model.evaluate(x, y, sample_weight=weights)
        loss, gradients = model.gradients(x, y, weights)
        yield [loss, *gradients]
        yield model.input_gradients(x, y)
        yield model.train_on_batch(x, y, weights)
        yield model.get_weights()


def bits(answer):
    return [
        np.asarray(part).tobytes() for part in (answer if isinstance(answer, list) else [answer])
    ]


@pytest.mark.parametrize("name", EXAMPLES)
def test_programs_find_nothing_but_the_weights(name, monkeypatch):
    """Programs on a memory that is full of NaN and is shared, and each on one of its own."""
    example = EXAMPLES[name]
    alone, shared = example.model(), example.model()
    for model in (alone, shared):
        model.optimizer.learning_rate = 1e-3  # few samples at a time may need a smaller one
    arguments, network = example.arguments(alone), network_of(shared)
    sizes = (example.samples, 1, example.batch_size, 2, example.samples)
    expected = []
    for answer in answers(alone, arguments, sizes):
        expected.append(bits(answer))
        alone._programs = type(alone._programs)(network_of(alone), alone.dtype)

    def garbage(size, dtype):
        memory = aligned_zeros(size, dtype)
        memory[max(col.FIRST_FREE, most_channels(network)) :] = np.nan
        return memory

    monkeypatch.setattr(workspace, "aligned_zeros", garbage)
    assert [bits(answer) for answer in answers(shared, arguments, sizes)] == expected
