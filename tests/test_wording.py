"""Words of messages, and how objects show themselves."""

import inspect

import numpy as np
import pytest

from fastscratch import Model, Sequential, initializers, layers, regularizers
from fastscratch.wording import quantity


def test_quantity():
    assert quantity(1, "column") == "1 column"
    assert quantity(2, "column") == quantity(2, "column", "columns") == "2 columns"
    assert [quantity(n, "axis", "axes") for n in (0, 1, 2)] == ["0 axes", "1 axis", "2 axes"]


ARGUMENTS = {
    "activation": "relu",
    "dims": (2, 1),
    "filters": 3,
    "input_dim": 5,
    "kernel_size": 3,
    "n": 2,
    "output_dim": 3,
    "rate": 0.5,
    "scale": 2.0,
    "stddev": 0.1,
    "target_shape": (4,),
    "units": 3,
}
LAYERS = [
    name
    for name in layers.__all__
    if inspect.isclass(getattr(layers, name)) and issubclass(getattr(layers, name), layers.Layer)
]


@pytest.mark.parametrize("name", LAYERS)
def test_a_layer_shows_the_call_that_makes_it(name):
    """Evaluated, it is the same layer; and no argument that follows from others stands in it."""
    kind = getattr(layers, name)
    needed = {
        argument: ARGUMENTS[argument]
        for argument, parameter in inspect.signature(kind.__init__).parameters.items()
        if argument in ARGUMENTS and parameter.default is parameter.empty
    }
    layer = kind(**needed)
    shown = repr(layer)
    assert "=" not in shown
    again = eval(shown, vars(layers))
    assert str(again.get_config()) == str(layer.get_config())


@pytest.mark.parametrize(
    ("layer", "shown"),
    [
        (layers.MaxPooling2D(2), "MaxPooling2D((2, 2))"),
        (layers.MaxPooling2D(3, 2), "MaxPooling2D((3, 3), strides=(2, 2))"),
        (layers.AveragePooling1D(4, padding="same"), "AveragePooling1D((4,), padding='same')"),
        (layers.ZeroPadding2D(), "ZeroPadding2D()"),
        (layers.ZeroPadding2D(2), "ZeroPadding2D(padding=((2, 2), (2, 2)))"),
        (layers.Conv2D(4, 3, activation="relu"), "Conv2D(4, (3, 3), activation='relu')"),
        (regularizers.L2(0.1), "L2(l2=0.1)"),
        (regularizers.L1(), "L1(l1=0.01)"),
        (regularizers.L1L2(0.1), "L1L2(l1=0.1, l2=0.0)"),
        (initializers.GlorotUniform(), "GlorotUniform()"),
    ],
)
def test_arguments_that_differ_are_shown(layer, shown):
    assert repr(layer) == shown
    assert repr(eval(shown, vars(layers) | vars(regularizers) | vars(initializers))) == shown


def test_a_model_shows_its_size():
    assert repr(Sequential(name="empty")) == "<Sequential 'empty': 0 layers, not built yet>"
    model = Sequential([layers.Dense(1, use_bias=False)])
    assert repr(model) == "<Sequential 'sequential': 1 layer, not built yet>"
    model.predict(np.zeros((1, 1)))
    assert repr(model) == "<Sequential 'sequential': 1 layer, 1 weight>"
    x = layers.Input((4,))
    graph = Model(x, layers.Add()([x, layers.Dense(4)(x)]))
    assert repr(graph) == "<Model 'model': 2 layers, not built yet>"
    graph.count_params()
    assert repr(graph) == "<Model 'model': 2 layers, 20 weights>"
