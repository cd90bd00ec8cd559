"""Arguments of layers that Keras has: those that count, and those that are refused with advice."""

import inspect

import numpy as np
import pytest

import fastscratch as fs
from fastscratch import layers
from fastscratch.layers.arguments import FIXED

# Keras' variables hand themselves out to NumPy in a way that is going out of use.
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")

#: Arguments that a layer cannot do without.
NEEDED = {
    "activation": "relu",
    "dims": (1,),
    "filters": 2,
    "input_dim": 5,
    "kernel_size": 2,
    "n": 2,
    "output_dim": 2,
    "pool_size": 2,
    "rate": 0.5,
    "scale": 2.0,
    "stddev": 0.1,
    "target_shape": (4,),
    "units": 3,
}
KINDS = [
    name
    for name in layers.__all__
    if inspect.isclass(kind := getattr(layers, name))
    and issubclass(kind, layers.Layer)
    and kind is not layers.Layer
]


def arguments_of(kind):
    """Of the constructor of a layer of Keras, and of its bases."""
    found = {}
    for base in reversed(kind.__mro__):
        if "__init__" in vars(base) and base.__module__.startswith("keras"):
            found |= inspect.signature(base.__init__).parameters
    kinds = (inspect.Parameter.VAR_KEYWORD, inspect.Parameter.VAR_POSITIONAL)
    return {name: p for name, p in found.items() if name != "self" and p.kind not in kinds}


@pytest.mark.parametrize("name", KINDS)
def test_every_argument_of_keras_is_taken_with_its_default(keras, name):
    """Whatever a layer of Keras is given, as long as it changes nothing."""
    theirs = arguments_of(getattr(keras.layers, name))
    own = inspect.signature(getattr(keras.layers, name).__init__).parameters
    given = {
        argument: parameter.default
        for argument, parameter in theirs.items()
        if argument in own or argument in ("activity_regularizer", "autocast", "dtype", "name")
        if parameter.default is not parameter.empty
    }
    needed = {
        argument: NEEDED[argument]
        for argument, parameter in own.items()
        if argument != "self"
        and parameter.default is parameter.empty
        and parameter.kind is parameter.POSITIONAL_OR_KEYWORD
    }
    made = getattr(layers, name)(**needed, **given)
    plain = getattr(layers, name)(**needed)
    assert str(made.get_config()) == str(plain.get_config())


@pytest.mark.parametrize("name", KINDS)
def test_arguments_are_in_the_order_of_keras(keras, name):
    theirs = list(inspect.signature(getattr(keras.layers, name).__init__).parameters)
    ours = list(inspect.signature(getattr(layers, name).__init__).parameters)
    common = [argument for argument in ours if argument in theirs]
    assert common == [argument for argument in theirs if argument in common]
    assert {a for a in ours if a not in theirs} <= {"kwargs"}


@pytest.mark.parametrize("name", FIXED)
def test_other_values_are_refused_with_advice(name):
    values, advice = FIXED[name]
    with pytest.raises(ValueError, match=f"^{name} of Dense must be {values[0]!r}") as raised:
        layers.Dense(3, **{name: "l2"})
    assert str(raised.value).endswith(f"got 'l2'; {advice}")


def test_what_the_advice_says_is_taken():
    """Channels first, brought last by a Permute, are the same numbers."""
    x = np.random.default_rng(0).standard_normal((3, 2, 5, 4))
    fs.utils.set_random_seed(0)
    first = fs.Sequential([fs.Input((2, 5, 4)), layers.Permute((2, 3, 1)), layers.Conv2D(3, 2)])
    last = fs.Sequential([fs.Input((5, 4, 2)), layers.Conv2D(3, 2, data_format="channels_last")])
    last.set_weights(first.get_weights())
    np.testing.assert_array_equal(first.predict(x), last.predict(np.moveaxis(x, 1, -1)))


def test_unknown_arguments_are_named():
    with pytest.raises(TypeError, match="Dense has no argument 'unitz'"):
        layers.Dense(3, unitz=4)
    with pytest.raises(TypeError, match="Input has no argument 'tensor'"):
        fs.Input((3,), tensor=None)


def test_aliases_are_those_of_keras(keras):
    """A second name of a layer that is here is here as well."""
    for name in dir(keras.layers):
        kind = getattr(keras.layers, name)
        if inspect.isclass(kind) and kind.__name__ != name and hasattr(layers, kind.__name__):
            assert getattr(layers, name) is getattr(layers, kind.__name__), name


@pytest.mark.parametrize(
    "name", ["add", "average", "concatenate", "maximum", "minimum", "multiply", "subtract"]
)
def test_functions_that_merge(keras, name):
    draws = np.random.default_rng(0).standard_normal((2, 3, 4)).astype(np.float32)

    def merged(module, function):
        tensors = [module.Input((4,)), module.Input((4,))]
        return module.Model(tensors, function(tensors, name="m")).predict(list(draws), verbose=0)

    found = merged(fs, getattr(layers, name))
    np.testing.assert_array_equal(found, merged(keras, getattr(keras.layers, name)))


def test_input_dim_is_the_shape_of_vectors():
    model = fs.Sequential([layers.Dense(3, input_dim=4)])
    assert model.count_params() == 15
    assert model.layers[0].input_shape == (4,)
    with pytest.raises(ValueError, match="an input_shape or an input_dim, got both"):
        layers.Dense(3, input_dim=4, input_shape=(4,))
    with pytest.raises(TypeError, match="input_dim must be an integer, got str"):
        layers.Dense(3, input_dim="4")


def test_inputs():
    assert fs.Input(batch_shape=(None, 28, 28, 1)).shape == (None, 28, 28, 1)
    assert fs.Input((4,), 32, "int32", name="ids", sparse=False).name == "ids"
    assert fs.Sequential([layers.InputLayer((4,)), layers.Dense(1)]).count_params() == 5


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({}, "either a shape or a batch_shape"),
        ({"shape": (4,), "batch_shape": (None, 4)}, "either a shape or a batch_shape"),
        ({"batch_shape": (4,)}, r"batch_shape must be as \(None, 784\), got \(4,\)"),
        ({"batch_shape": (0, 4)}, "batch_size must be at least 1, got 0"),
        ({"shape": (4,), "batch_size": 0}, "batch_size must be at least 1, got 0"),
        ({"shape": (4,), "dtype": "string"}, "dtype must be one of 'bool', .* got 'string'"),
        ({"shape": (4,), "sparse": True}, "sparse of Input must be None or False, got True; there"),
        ({"shape": (4,), "ragged": True}, "ragged of Input must be None or False, got True; samp"),
    ],
)
def test_inputs_are_checked(arguments, words):
    with pytest.raises(ValueError, match=words):
        fs.Input(**arguments)


def test_a_layer_has_the_dtype_of_its_model():
    double = layers.Dense(3, dtype="float64")
    words = r"cannot be part of a model of float32: .* make the model with dtype='float64'"
    with pytest.raises(ValueError, match=words):
        fs.Sequential([fs.Input((4,)), double])
    x = fs.Input((4,))
    with pytest.raises(ValueError, match=words):
        fs.Model(x, double(x))
    assert fs.Model(x, double(x), dtype="float64").predict(np.ones((2, 4))).dtype == np.float64
    model = fs.Sequential([fs.Input((4,)), layers.Dense(3, dtype="float32")])
    model.layers[0].dtype = "float64"
    with pytest.raises(ValueError, match=words):
        model.predict(np.ones((2, 4)))
    with pytest.raises(ValueError, match="dtype must be one of 'float32', 'float64', got 'mixed_f"):
        layers.Dense(3, dtype="mixed_float16")


def dropped(layer, seed):
    """What a layer makes of ones in the first step of a model of a seed."""
    model = fs.Sequential([fs.Input((4, 4, 50)), layer, layers.Flatten(), layers.Dense(1)])
    model.seed = seed
    model.compile("sgd", "mse")
    model.set_weights([np.ones((800, 1)), np.zeros(1)])
    # With a weight of one each the gradient of the weights shows what was dropped.
    return model.gradients(np.ones((1, 4, 4, 50)), np.zeros(1))[1][0]


@pytest.mark.parametrize("kind", ["Dropout", "GaussianNoise", "SpatialDropout2D"])
def test_the_seed_of_a_layer(kind):
    """With it the seed of the model does not matter."""
    make = getattr(layers, kind)
    np.testing.assert_array_equal(dropped(make(0.5, seed=3), 1), dropped(make(0.5, seed=3), 2))
    assert (dropped(make(0.5, seed=3), 1) != dropped(make(0.5, seed=4), 1)).any()
    assert (dropped(make(0.5), 1) != dropped(make(0.5), 2)).any()


@pytest.mark.parametrize("axis", [-1, 3, [-1], [2, 3], [-3, -2, -1], [1, 2, 3]], ids=str)
def test_layer_normalization_over_axes(keras, axis):
    """Means of at most 60 numbers, and a few roundings."""
    x = np.random.default_rng(0).standard_normal((3, 5, 4, 3)).astype(np.float32)
    weights = None
    found = []
    for module in (fs, keras):
        layer = module.layers.LayerNormalization(axis)
        model = module.Sequential([module.Input((5, 4, 3)), layer])
        if weights is None:
            draws = np.random.default_rng(1)
            weights = [draws.standard_normal(w.shape) for w in model.get_weights()]
        model.set_weights(weights)
        found.append(model.predict(x, verbose=0))
    np.testing.assert_allclose(*found, rtol=0, atol=100 * 2.0**-23)


@pytest.mark.parametrize(
    ("layer", "words"),
    [
        (layers.BatchNormalization(axis=1), "takes samples of which its axis is the last"),
        (layers.LayerNormalization(axis=[1, 3]), "takes samples of which its axis is the last"),
        (layers.LayerNormalization(axis=[3, 2]), "takes samples of which its axis is the last"),
        (layers.LayerNormalization(axis=4), "takes samples that have an axis 4"),
    ],
)
def test_other_axes_are_refused(layer, words):
    with pytest.raises(ValueError, match=words):
        fs.Sequential([fs.Input((5, 4, 3)), layer])


def test_axes_are_checked():
    with pytest.raises(TypeError, match="axis must be an integer, got list"):
        layers.BatchNormalization(axis=[3])
    with pytest.raises(ValueError, match="axis must be at least one axis, got none"):
        layers.LayerNormalization(axis=[])
