"""A copy that is taken during a fit has weights, slots and numbers of one and the same step.

Copies are taken at every line of Python that a fit runs, where a signal handler may be called, and
by other threads. Each is what a fit that nothing disturbs has at that step, and goes on like it.
"""

import ast
import copy
import itertools
import pickle
import sys
import threading
from pathlib import Path

import numpy as np
import pytest

from fastscratch import Sequential, layers, load_model, optimizers
from fastscratch.callbacks import LambdaCallback
from fastscratch.engine import slices
from fastscratch.models import fitting
from fastscratch.utils import set_random_seed

RNG = np.random.default_rng(0)
X, Y = RNG.random((50, 6), np.float32), RNG.integers(3, size=50)
EPOCHS, STEPS = 3, 7
OPTIMIZERS = {
    "sgd": lambda: optimizers.SGD(0.1),
    "adam": lambda: optimizers.Adam(0.02),
    "accumulated": lambda: optimizers.Adam(0.02, gradient_accumulation_steps=3),
}


def network(optimizer):
    set_random_seed(8)
    stack = [layers.Input((6,)), layers.Dense(8, "relu"), layers.BatchNormalization()]
    model = Sequential([*stack, layers.Dropout(0.2), layers.Dense(3, "softmax")])
    model.compile(OPTIMIZERS[optimizer](), "sparse_categorical_crossentropy")
    model.count_params()  # builds it
    return model


def fit(model, **options):
    model.fit(X, Y, batch_size=8, verbose=0, **({"epochs": EPOCHS} | options))


def bits(model):
    """What a step changes; before the first the optimiser remembers nothing."""
    state = model._state
    arrays = [array.tobytes() for array in (state.parameters, *(state.slots or ()))]
    return arrays, state.iterations, state.epochs


class StopFit(Exception):  # noqa: N818
    """Raised by a callback."""


def stopped_after(optimizer, steps):
    """A model that has taken some steps of a fit and no more."""

    def stop(batch, logs=None):
        if model._state.iterations == steps:
            raise StopFit

    model = network(optimizer)
    if steps:
        with pytest.raises(StopFit):
            fit(model, callbacks=[LambdaCallback(on_train_batch_end=stop)])
    return model


@pytest.fixture(scope="module")
def undisturbed():
    """Of each optimiser what a model has before each step, and after the last."""
    return {optimizer: states_of_a_fit(network(optimizer)) for optimizer in OPTIMIZERS}


def states_of_a_fit(model):
    states = [bits(model)]
    by_batch = LambdaCallback(on_train_batch_end=lambda *_, **__: states.append(bits(model)))
    fit(model, callbacks=[by_batch])
    assert len(states) == EPOCHS * STEPS + 1
    return states


def save_and_load(model, path):
    model.save(path / "model")
    return load_model(path / "model")


COPIES = {
    "saved": save_and_load,
    "pickled": lambda model, _: pickle.loads(pickle.dumps(model)),
    "copied": lambda model, _: copy.deepcopy(model),
}


def check(optimizer, copies, steps):
    """Each copy is as the model was before a step, and goes on as that does."""
    found = {}
    for one in copies:
        number = one._state.iterations
        found.setdefault(number, one)
        assert bits(one) == steps[number]
    for taken in {min(found), sorted(found)[len(found) // 2], max(found)}:
        same = stopped_after(optimizer, taken)
        for model in (found[taken], same):
            fit(model, epochs=2)
        assert bits(found[taken]) == bits(same)
    return len(found)


# Slices of one step, and of as many as there may be.
@pytest.mark.parametrize("seconds", [pytest.param(0, marks=pytest.mark.slow), 1e9])
@pytest.mark.parametrize("how", COPIES)
@pytest.mark.parametrize(
    "optimizer",
    [
        pytest.param(name, marks=pytest.mark.slow if name != "accumulated" else ())
        for name in OPTIMIZERS
    ],
)
def test_at_every_line_of_a_fit(optimizer, how, seconds, undisturbed, monkeypatch, tmp_path):
    monkeypatch.setattr(slices, "SLICE_SECONDS", seconds)
    model, copies = network(optimizer), []

    def take(frame, event, argument):
        if event == "line":
            copies.append(COPIES[how](model, tmp_path))
        return take

    def of_the_fit(frame, event, argument):
        return take if frame.f_code.co_filename == fitting.__file__ else None

    tracing = sys.gettrace()
    sys.settrace(of_the_fit)
    try:
        fit(model)
    finally:
        sys.settrace(tracing)
    assert bits(model) == undisturbed[optimizer][-1]
    assert len(copies) > 50
    taken = check(optimizer, copies, undisturbed[optimizer])
    assert taken == EPOCHS * STEPS + 1 if seconds == 0 else taken > 1


def lines_with_calls():
    """Where Ctrl-C may be heard: Python looks for it when it calls something."""
    tree = ast.parse(Path(fitting.__file__).read_text(encoding="utf-8"))
    return {node.lineno for node in ast.walk(tree) if isinstance(node, ast.Call)}


@pytest.mark.parametrize("seconds", [pytest.param(0, marks=pytest.mark.slow), 1e9])
def test_ctrl_c_at_every_line_of_a_fit(seconds, undisturbed, monkeypatch):
    """The model is as it was before some step, and can be fitted again."""
    monkeypatch.setattr(slices, "SLICE_SECONDS", seconds)
    heard, seen = lines_with_calls(), set()

    def interrupted(model, number):
        """Fit, and press Ctrl-C at a line; whether there are that many."""
        left = number

        def press(frame, event, argument):
            nonlocal left
            if event == "line" and frame.f_lineno in heard:
                left -= 1
                if left < 0:
                    raise KeyboardInterrupt
            return press

        def of_the_fit(frame, event, argument):
            return press if frame.f_code.co_filename == fitting.__file__ else None

        tracing = sys.gettrace()
        sys.settrace(of_the_fit)
        try:
            fit(model, epochs=2)
        except KeyboardInterrupt:
            return True
        finally:
            sys.settrace(tracing)
        return False

    for number in itertools.count():
        model = network("adam")
        if not interrupted(model, number):
            break
        state = bits(model)
        seen.add(state[1])
        assert state == undisturbed["adam"][state[1]]
        model.train_on_batch(X, Y)
    assert number > 50
    assert seen == set(range(2 * STEPS + 1)) if seconds == 0 else seen >= {0, 2 * STEPS}


@pytest.mark.parametrize("how", COPIES)
@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_by_other_threads(optimizer, how, undisturbed, monkeypatch, tmp_path):
    monkeypatch.setattr(slices, "SLICE_SECONDS", 1e-4)
    model, copies, ended = network(optimizer), [], threading.Event()

    def take(number):
        folder = tmp_path / str(number)
        folder.mkdir()
        while not ended.is_set():
            copies.append(COPIES[how](model, folder))

    copies.append(COPIES[how](model, tmp_path))  # a fit may end before a thread's first
    threads = [threading.Thread(target=take, args=(number,)) for number in range(2)]
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-5)
    try:
        for thread in threads:
            thread.start()
        fit(model)
    finally:
        ended.set()
        for thread in threads:
            thread.join()
        sys.setswitchinterval(interval)
    assert bits(model) == undisturbed[optimizer][-1]
    check(optimizer, copies, undisturbed[optimizer])
