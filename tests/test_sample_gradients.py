"""How the gradients of single samples are computed, and where they go.

That they are right is tested in `test_model_gradients`; here it is in every example, against the
mean gradient, which `test_examples` compares with the naive network.
"""

import gc

import numpy as np
import pytest
from programs import MODELS

import fastscratch as fs
from fastscratch import layers
from fastscratch.engine import Differentiator, SampleDifferentiator, recycling
from fastscratch.engine.lowering import keeps_apart, lanes_of
from fastscratch.engine.recycling import Recycled
from fastscratch.examples import EXAMPLES
from fastscratch.examples.example import network_of
from fastscratch.kernels import past_caches as stores
from fastscratch.kernels.machine import VECTOR_BYTES
from fastscratch.kernels.program import samples

LANES = VECTOR_BYTES // 4


def program_of(name, kind, size, dtype):
    """A program of an example that has its weights, and the data of the example."""
    example = EXAMPLES[name]
    model = example.model(dtype)
    xs, ys, _ = example.data(model)
    xs, ys = ([np.ascontiguousarray(a, dtype) for a in arrays] for arrays in (xs, ys))
    program = kind(network_of(model), model._objectives([0] * len(ys)), size, dtype)
    program.parameters[:] = model._state.parameters
    return program, xs, ys, [None] * len(ys)


NETWORKS = {name: network_of(model) for name, model in MODELS.items()}
#: Examples whose samples go through them together; and those of them with samples innermost.
APART = [name for name, network in NETWORKS.items() if keeps_apart(network, LANES)]
INNERMOST = [name for name in APART if lanes_of(NETWORKS[name], LANES, LANES) > 1]
#: Where training is random.
RANDOM = [name for name in APART if "dropout" in name or "noise" in name]


def test_examples_reach_both_layouts():
    assert {"winners of max pooling", "few filters", "two heads"} <= set(INNERMOST)
    rows = {"regularised", "frozen layer", "positions", "residual", "several outputs"}
    assert rows <= set(APART) - set(INNERMOST)
    assert not {"shared layer", "images one by one"} & set(APART)


#: Examples whose loss is not the mean over all rows: it is that of a mini-batch as a whole.
OF_MINI_BATCHES = [
    name
    for name, model in MODELS.items()
    if any(
        loss.ignored is not None or loss.reduction != "sum_over_batch_size"
        for loss in model._losses
    )
]


@pytest.mark.parametrize("name", OF_MINI_BATCHES)
def test_a_sample_is_a_mini_batch_of_its_own(name):
    one, *data = program_of(name, SampleDifferentiator, 1, "float64")
    losses, gradients = one.differentiate(*data)
    alone, *_ = program_of(name, Differentiator, 1, "float64")
    for k in range(4):
        some = [[None if a is None else a[k : k + 1] for a in arrays] for arrays in data]
        loss, gradient = alone.differentiate(*some)
        assert losses[k] == pytest.approx(loss, rel=1e-12, abs=1e-15)
        np.testing.assert_allclose(gradients[k], gradient, rtol=1e-10, atol=1e-13)


@pytest.mark.parametrize(
    "name",
    sorted({*APART, "shared layer", "images one by one"} - {*RANDOM, *OF_MINI_BATCHES}),
)
def test_the_mean_is_the_gradient_of_the_mean(name):
    one, *data = program_of(name, SampleDifferentiator, 1, "float64")
    losses, gradients = one.differentiate(*data)
    whole, *data = program_of(name, Differentiator, len(losses), "float64")
    loss, gradient = whole.differentiate(*data)
    # A rounding for each of at most 10000 terms of a sum.
    bound = 1e4 * 2.0**-53
    assert abs(gradients.mean(axis=0) - gradient).max() <= bound * abs(gradient).max()
    if not any(placed.weight.regularizer for placed in NETWORKS[name].placed()):
        assert losses.mean() == pytest.approx(loss, rel=bound)


@pytest.mark.parametrize("name", ["winners of max pooling", "overlapping maxima", "two heads"])
def test_the_bits_of_a_sample_do_not_depend_on_the_others(name):
    program, *data = program_of(name, SampleDifferentiator, 1, "float32")
    losses, gradients = program.differentiate(*data)
    for part in (slice(3, 4), slice(5, None)):  # another place in another mini-batch
        some = [[None if a is None else a[part] for a in arrays] for arrays in data]
        some_losses, some_gradients = program.differentiate(*some)
        assert np.array_equal(some_losses, losses[part])
        assert np.array_equal(some_gradients, gradients[part])


# --- large results --------------------------------------------------------------------------------


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("past_caches", [False, True])
def test_numbers_are_stored_at_any_place(dtype, past_caches):
    of = np.random.default_rng(0).random(200).astype(dtype)
    for begin in range(20):
        for size in (0, 1, 7, 15, 16, 17, 100):
            to = np.full(200, np.nan, dtype)
            stores.store(to[begin : begin + size], of[3 : 3 + size], past_caches)
            assert np.array_equal(to[begin : begin + size], of[3 : 3 + size])
            assert np.isnan(to).sum() == 200 - size


def wide_model():
    """A model of a number of weights that leaves rows of results unaligned."""
    model = fs.Sequential([fs.Input((301,)), layers.Dense(67, "relu"), layers.Dense(5)])
    model.compile("sgd", "mean_squared_error")
    return model


def test_a_result_larger_than_the_caches():
    model, rng = wide_model(), np.random.default_rng(1)
    x, y = rng.standard_normal((65, 301)), rng.standard_normal((65, 5))
    losses, gradients = model.per_sample_gradients(x, y)
    assert sum(g.nbytes for g in gradients) >= samples.TOO_LARGE
    for n in range(65):
        few_losses, few = model.per_sample_gradients(x[n : n + 1], y[n : n + 1])
        assert few_losses[0] == losses[n]
        assert all(np.array_equal(a[0], b[n]) for a, b in zip(few, gradients, strict=True))


# --- memory ---------------------------------------------------------------------------------------


def address(array):
    return array.ctypes.data


def test_memory_is_used_again_when_nobody_holds_it():
    recycled = Recycled()
    first = recycled.empty((3, 4), np.float32)
    place, part = address(first), first[:, 1:3].reshape(3, 2, 1)[1]
    del first
    second = recycled.empty((3, 4), np.float32)
    assert address(second) != place  # a part is still held
    del part
    gc.collect()
    third = recycled.empty((3, 4), np.float32)
    assert address(third) == place
    assert third.flags.writeable
    assert third.flags.c_contiguous


def test_memory_of_another_size_is_not_used():
    recycled = Recycled()
    for shape in ((3, 4), (5, 4), (1, 2), (0, 4)):
        assert recycled.empty(shape, np.float64).shape == shape
        assert all(memory.size == 8 * np.prod(shape) for memory in recycled._idle)


def test_too_much_memory_is_given_back(monkeypatch):
    monkeypatch.setattr(recycling, "MOST_KEPT", 40)
    recycled = Recycled()
    recycled.empty((11,), np.float32)
    assert not recycled._idle
    recycled.empty((10,), np.float32)
    assert len(recycled._idle) == 1


def test_results_do_not_change_when_others_are_made():
    model, rng = wide_model(), np.random.default_rng(2)
    x, y = rng.standard_normal((20, 301)), rng.standard_normal((20, 5))
    kept = model.per_sample_gradients(x, y)[1]
    before = [gradient.copy() for gradient in kept]
    for _ in range(3):
        model.per_sample_gradients(-x, y)
    assert all(np.array_equal(a, b) for a, b in zip(kept, before, strict=True))


def test_gradients_of_weights_that_are_not_trained_are_zeros_in_used_memory():
    model, rng = wide_model(), np.random.default_rng(3)
    x, y = rng.standard_normal((20, 301)), rng.standard_normal((20, 5))
    model.layers[0].trainable = False
    program = SampleDifferentiator(network_of(model), model._objectives([0]), 1)
    program._results.empty((20, model._network.n_parameters), np.float32).fill(7)
    arrays = [np.ascontiguousarray(a, np.float32) for a in (x, y)]
    _, gradients = program.differentiate(arrays[:1], arrays[1:], [None])
    n_frozen = 302 * 67
    assert not gradients[:, :n_frozen].any()
    assert (gradients[:, n_frozen:] != 7).all()
