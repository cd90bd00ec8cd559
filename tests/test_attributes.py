"""Attributes of models, optimisers and layers that are set between fits, or by callbacks."""

import json

import numpy as np
import pytest
from safetensors import safe_open
from test_damaged_models import signed

from fastscratch import Sequential, layers, load_model, optimizers
from fastscratch.callbacks import LambdaCallback

RATE = 0.125  # a power of two: sums of it are exact in float32


def constant_gradient(optimizer, start=0.0):
    """A model of one weight, whose gradient is -1 in every step."""
    model = Sequential([layers.Input((1,)), layers.Dense(1, use_bias=False)])
    model.compile(optimizer, "mean_absolute_error")
    model.set_weights([[[start]]])
    return model


def fit(model, steps, **options):
    model.fit(np.ones((steps, 1)), np.full(steps, 1e3), batch_size=1, verbose=0, **options)


def weight(model):
    return model.get_weights()[0].item()


def test_accumulation_may_change_between_fits():
    """Adam's step is the learning rate if the gradient is constant and its steps are counted right.

    20 updates, then 8 mini-batches that make 2, then 3 that make 3; with a sum that was begun and
    dropped in between.
    """
    model = constant_gradient(optimizers.Adam(RATE, epsilon=1e-12))
    parts = [(20, None, 20), (8, 4, 22), (3, 4, 22), (3, None, 25), (4, 2, 27)]
    for steps, every, updates in parts:
        model.optimizer.gradient_accumulation_steps = every
        fit(model, steps)
        assert model.iterations == updates
        # 27 steps of Adam in float32, with a few roundings each.
        assert weight(model) == pytest.approx(updates * RATE, rel=1e-5)


def test_schedules_count_mini_batches_however_many_make_an_update():
    rate = optimizers.schedules.PiecewiseConstantDecay([20], [RATE, 2 * RATE])
    model = constant_gradient(optimizers.SGD(rate))
    fit(model, 20)
    assert weight(model) == 20 * RATE
    fit(model, 8, gradient_accumulation_steps=4)
    assert weight(model) == 20 * RATE + 2 * 2 * RATE


def test_what_is_remembered_is_known_by_its_name():
    """RMSprop of a gradient of -1, without momentum, with the sum of two gradients, then with it.

    If the sum of gradients were taken for the mean, or for the velocity, the steps would differ.
    """
    model = constant_gradient(optimizers.RMSprop(RATE, rho=0.5, epsilon=1e-12))
    square = velocity = mean = expected = 0.0
    for steps, changes in (
        (2, {}),
        (6, {"gradient_accumulation_steps": 2}),
        (3, {"gradient_accumulation_steps": None, "momentum": 0.5}),
        (3, {"centered": True}),
    ):
        for name, value in changes.items():
            setattr(model.optimizer, name, value)
        fit(model, steps)
        optimizer = model.optimizer
        for _ in range(steps // (optimizer.gradient_accumulation_steps or 1)):
            square = 0.5 * square + 0.5
            if optimizer.momentum:
                mean = 0.5 * mean + 0.5
            spread = square - mean**2 if optimizer.centered else square
            step = RATE / np.sqrt(spread)
            if optimizer.momentum:
                step = velocity = optimizer.momentum * velocity + step
            expected += step
        assert weight(model) == pytest.approx(expected, rel=1e-4), changes


def test_a_model_is_saved_with_attributes_that_were_set_since_its_fit(tmp_path):
    model = constant_gradient(optimizers.SGD(RATE, momentum=0.5))
    fit(model, 4)
    model.optimizer.gradient_accumulation_steps = 3
    model.save(tmp_path / "model")
    again = load_model(tmp_path / "model")
    for one in (model, again):
        fit(one, 5)
        assert one.iterations == 5
    assert weight(again) == weight(model)
    again.save(tmp_path / "model")  # with two gradients in the sum
    last = load_model(tmp_path / "model")
    for one in (model, last):
        fit(one, 1)
        assert one.iterations == 6
    assert weight(last) == weight(model)


def test_files_from_before_updates_were_counted_are_read(tmp_path):
    path = tmp_path / "model"
    model = constant_gradient(optimizers.SGD(RATE, gradient_accumulation_steps=4))
    fit(model, 11)
    model.save(path)
    with safe_open(path, framework="numpy") as file:
        arrays = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
        header = json.loads(file.metadata()["fastscratch"])
    assert (header.pop("updates"), header.pop("pending")) == (2, 3)
    del header["sha256"]
    path.write_bytes(signed(header, arrays))
    again = load_model(path)
    fit(again, 1)
    assert again.iterations == 3
    assert weight(again) == 3 * RATE
    path.write_bytes(signed({**header, "pending": 4}, arrays))
    with pytest.raises(ValueError, match="pending must be below 4, got 4"):
        load_model(path)


def test_layers_that_are_added_leave_the_count_of_updates():
    model = constant_gradient(optimizers.SGD(RATE, gradient_accumulation_steps=2))
    fit(model, 8)
    model.add(layers.Dense(1))
    assert model.iterations == 4
    model.pop()
    fit(model, 2)
    assert model.iterations == 5


def test_callbacks_may_set_attributes_for_the_next_epoch():
    """An epoch of one step each: gradient descent of a constant gradient, then with momentum."""
    model = constant_gradient(optimizers.SGD(RATE))
    passed = []

    def change(epoch, logs):
        passed.append(weight(model))
        if epoch == 1:
            model.optimizer.momentum = 0.5
        if epoch == 3:
            model.layers[0].trainable = False

    fit(model, 1, epochs=6, callbacks=[LambdaCallback(on_epoch_end=change)])
    assert passed == [RATE * w for w in (1, 2, 3, 4.5, 4.5, 4.5)]


def test_a_regularizer_that_a_callback_sets_is_in_the_next_loss():
    model = constant_gradient(optimizers.SGD(0.0), start=2.0)

    def penalise(epoch, logs):
        model.layers[0].kernel_regularizer = "l2"

    options = {"epochs": 2, "callbacks": [LambdaCallback(on_epoch_end=penalise)]}
    history = model.fit(np.ones((1, 1)), np.ones(1), verbose=0, **options)
    assert history.history["loss"] == pytest.approx([1.0, 1.0 + 0.01 * 2**2])


def test_a_model_is_frozen_as_a_whole():
    model = constant_gradient(optimizers.SGD(RATE))
    assert model.trainable
    model.trainable = False
    fit(model, 3)
    assert weight(model) == 0
    assert not model.trainable
    model.layers[0].trainable = True
    assert model.trainable
    with pytest.raises(TypeError, match="trainable must be True or False, got 'no'"):
        model.trainable = "no"


@pytest.mark.parametrize("name", ["optimizer", "loss", "metrics", "dtype"])
def test_what_compile_and_init_decide_cannot_be_set(name):
    model = constant_gradient(optimizers.SGD(RATE))
    with pytest.raises(AttributeError, match=name):
        setattr(model, name, getattr(model, name))


def test_a_seed_is_checked_when_it_is_set():
    model = constant_gradient(optimizers.SGD(RATE))
    model.seed = 3
    with pytest.raises(TypeError, match="seed must be an integer, got str"):
        model.seed = "3"
    with pytest.raises(ValueError, match="seed must be at least 0, got -1"):
        model.seed = -1
    assert model.seed == 3


@pytest.mark.parametrize(
    ("layer", "name", "value", "message"),
    [
        (layers.Dense(3), "activation", "rel", "activation must be one of"),
        (layers.Dense(3), "units", 0, "units must be at least 1, got 0"),
        (layers.Dense(3), "kernel_regularizer", "l3", "kernel_regularizer must be a regularizer"),
        (layers.Dense(3), "trainable", 1, "trainable must be True or False, got 1"),
        (layers.Dropout(0.5), "rate", 5, "rate must be at least 0 and below 1, got 5.0"),
        (layers.Conv2D(2, 3), "padding", "full", "padding must be one of"),
        (layers.BatchNormalization(), "momentum", "no", "momentum must be a number, got str"),
        (layers.Normalization(), "mean", 3.0, "mean and variance must be given both"),
    ],
)
def test_attributes_of_layers_are_checked_when_they_are_set(layer, name, value, message):
    before = layer.get_config()
    with pytest.raises((ValueError, TypeError), match=message):
        setattr(layer, name, value)
    assert layer.get_config() == before


def test_an_attribute_that_is_set_is_what_the_argument_would_be():
    layer = layers.Conv2D(2, 3)
    layer.kernel_size, layer.kernel_regularizer, layer.bias_initializer = 5, "l1", "ones"
    made = layers.Conv2D(2, 5, kernel_regularizer="l1", bias_initializer="ones")
    assert layer.get_config() == made.get_config()
