"""Each example trains as the naive network does, and together they reach all there is."""

import numpy as np
import pytest
from programs import OPERATIONS, WIDE, programs_of

from fastscratch import get_num_threads
from fastscratch.engine.registry import lowered_kinds
from fastscratch.examples import EXAMPLES, FILES, comparison
from fastscratch.examples.comparison import KINDS, Trained, compare_training, training_table
from fastscratch.examples.example import network_of
from fastscratch.kernels.activations import ACTIVATIONS
from fastscratch.kernels.optimizers import UPDATES
from fastscratch.kernels.program import dense
from fastscratch.kernels.program.loss import LOSSES_OF_ROWS_BY_NAME

slow = pytest.mark.slow
#: The naive network takes half a second or more for these; others reach the same operations.
LARGE = {
    "Adam by blocks",
    "PReLU of channels",
    "Winograd, same",
    "Winograd, valid",
    "average pooling by blocks",
    "bilinear, one by one",
    "bilinear, samples innermost",
    "large head",
    "many inputs",
    "maxima one by one",
    "nearest, one by one",
    "nearest, samples innermost",
    "two heads",
    "wide layers",
    "winners of max pooling",
}


@pytest.mark.parametrize("dtype", ["float32", pytest.param("float64", marks=slow)])
@pytest.mark.parametrize(
    "name", [pytest.param(n, marks=slow if n in LARGE else ()) for n in EXAMPLES]
)
def test_an_example_trains_as_the_naive_network_does(name, dtype):
    compared = compare_training(EXAMPLES[name], dtype)
    assert not compared.trouble, str(compared)
    assert set(compared.errors) == set(KINDS)


# --- what they reach ------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def reached_by():
    """Of each example the operations of all its programs, and what these call."""
    return {
        name: set().union(*(one.program.operations() for one in programs_of(example)))
        for name, example in EXAMPLES.items()
    }


@pytest.fixture(scope="module")
def reached(reached_by):
    return set().union(*reached_by.values())


def names(functions):
    return {function.__name__.lstrip("_") for function in functions}


def test_every_operation_is_reached(reached):
    assert len(OPERATIONS) > 45
    assert set(OPERATIONS) - reached == WIDE


@pytest.mark.parametrize(
    ("name", "operations"),
    {
        "Adam by blocks": {"chain", "dense_forward_block", "update"},
        "average pooling by blocks": {"dense_hand_down_block", "average_pool2d_backward"},
        "few outputs of many inputs": {"dense_forward_outside_few"},
        "images one by one": {"conv2d_forward", "max_pool2d_forward", "average_pool2d_forward"},
        "large mini-batch": {"chain", "dense_hand_down_block", "block_in_turn"},
        "many classes": {"activation_forward", "softmax_forward"},
        "many inputs": {"dense_forward_part", "dense_sum_parts"},
        "many outputs": {"dense_pack", "dense_forward_few"},
        "maxima one by one": {"conv2d_maxima", "max_pool2d_backward"},
        "overlapping maxima": {"max_pool2d_forward", "to_lanes"},
        "shared layer": {"update"},
        "several outputs": {"sum_gradients"},
        "shared layer, clipped": {"clip_norm", "update"},
        "transposed Winograd": {"conv2d_transform", "bias_gradient"},
        "winners of few channels, 3 x 3": {"conv2d_winner_pixels", "conv2d_maxima"},
        "winners of max pooling": {"conv2d_winners", "winners_pack", "conv2d_maxima"},
        "Winograd, same": {"conv2d_transform"},
        "Winograd, valid": {"conv2d_transform"},
    }.items(),
)
def test_an_example_reaches_what_it_is_about(reached_by, name, operations):
    assert operations - reached_by[name] == set()


@pytest.mark.parametrize("name", ["few samples", "one sample"])
def test_few_samples_take_the_weights_in_strips(name):
    trainer, *_ = programs_of(EXAMPLES[name])
    lines = [line for line in trainer.program.lines if line.operation is dense.dense_backward_item]
    assert [dense.FEW_STRIP in line.record for line in lines] == [True, False]


def test_samples_innermost_that_do_not_go_by_blocks():
    trainer, *_ = programs_of(EXAMPLES["large head"])
    operations = trainer.program.operations()
    assert "to_lanes" in operations
    assert "dense_hand_down_block" not in operations


def test_every_activation_loss_and_optimizer_is_reached(reached):
    known = [activation for name, activation in ACTIVATIONS.items() if name != "linear"]
    forward = [activation.forward for activation in known]
    backward = [activation.backward for activation in known]
    for functions in (forward, backward, LOSSES_OF_ROWS_BY_NAME.values(), UPDATES):
        assert names(functions) - reached == set()


def test_every_kind_of_layer_is_reached():
    found = {
        type(layer) for example in EXAMPLES.values() for layer in network_of(example.model()).layers
    }
    assert {kind.__name__ for kind in set(lowered_kinds()) - found} == set()


def test_small_examples_take_a_thread_and_large_ones_a_team():
    workers = {one.workers for example in EXAMPLES.values() for one in programs_of(example)}
    assert workers == {1, get_num_threads()}


def test_names_are_unique():
    assert sum(map(len, FILES.values())) == len(EXAMPLES)


# --- the comparison itself ------------------------------------------------------------------------

SMALL = EXAMPLES["mean_squared_error after linear"]


def trained(loss=1.0, weight=4.0):
    """One number of each kind; the gradients are zero."""
    arrays = [np.array([0.5])], [np.array([0.0])], [np.array([weight, 1.0])], []
    return Trained([loss], *arrays)


def errors(monkeypatch, found, expected):
    """Errors in units of roundoff of float32, 2**-23."""
    monkeypatch.setattr(comparison, "train", lambda *_: found)
    monkeypatch.setattr(comparison, "_same_together", lambda *_: True)
    monkeypatch.setattr(comparison, "train_naively", lambda _: expected)
    return compare_training(SMALL, "float32")


def test_errors_by_hand(monkeypatch):
    # A unit of the largest weight is 4 times 2**-23.
    compared = errors(monkeypatch, trained(1 + 3 * 2.0**-23, 4 + 8 * 2.0**-23), trained())
    expected = {"loss": 3, "outputs": 0, "gradients": 0, "weights": 2, "slots": 0}
    assert compared.errors == expected
    assert not compared.trouble
    assert compared.share == 3 / compared.bound


@pytest.mark.parametrize("loss", [1.001, np.nan, np.inf])
def test_what_is_wrong_is_said(monkeypatch, loss):
    compared = errors(monkeypatch, trained(loss), trained())
    assert compared.trouble.startswith("loss off by ")
    assert compared.trouble.endswith(f" units of roundoff, bound {compared.bound}")
    assert compared.share > 1


def test_a_number_that_should_be_zero_is_wrong(monkeypatch):
    other = trained()
    other.gradients[0][0] = 1e-20
    assert errors(monkeypatch, other, trained()).errors["gradients"] == np.inf


def test_what_is_raised_is_reported(monkeypatch):
    def raising(*_):
        raise ZeroDivisionError("by zero")

    monkeypatch.setattr(comparison, "train", raising)
    compared = compare_training(SMALL, "float32")
    assert compared.trouble == "raises ZeroDivisionError: by zero"
    assert compared.share == np.inf
    assert str(compared) == f"{SMALL.name} float32: raises ZeroDivisionError: by zero"


def test_other_bits_on_one_thread_are_reported(monkeypatch):
    monkeypatch.setattr(comparison, "get_num_threads", lambda: 2)
    monkeypatch.setattr(comparison, "_same_together", lambda *_: True)
    monkeypatch.setattr(
        comparison, "train", lambda example, model, threads: trained(1 + threads * 2.0**-23)
    )
    monkeypatch.setattr(comparison, "train_naively", lambda _: trained())
    compared = compare_training(SMALL, "float32")
    assert compared.trouble == "other bits on one thread than on all"


def test_table_shows_the_worst(monkeypatch):
    right = errors(monkeypatch, trained(1 + 3 * 2.0**-23), trained())
    worse = errors(monkeypatch, trained(1 + 2.0**-10), trained())
    lines = training_table({"one": [right, right], "two": [right, worse]}).splitlines()
    assert lines[0].split() == ["examples", "of", "type", "number", *KINDS, "bound"]
    assert lines[1].split()[:5] == ["one", "float32", "2", "3", "0"]
    assert lines[2].split()[:4] == ["two", "float32", "2", "8.2e+03"]
    assert lines[2].endswith(" WRONG")
    assert not lines[1].endswith(" WRONG")
