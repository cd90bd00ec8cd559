"""Examples beside Keras' models: the same training, and gradients as PyTorch derives them.

Both sides compute in float64, from the same weights. Each may be off by a unit of roundoff of the
largest number for each rounding, as the comparison with the naive network counts them.
"""

import numpy as np
import pytest
from programs import MODELS

from fastscratch import losses
from fastscratch.activations import Custom
from fastscratch.examples import EXAMPLES
from fastscratch.examples.comparison import roundings
from fastscratch.examples.example import network_of

# Keras' variables hand themselves out to NumPy in a way that is going out of use.
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")

RANDOM = {"Dropout", "GaussianNoise", "SpatialDropout2D"}
MERGING = {"Add", "Average", "Concatenate", "Maximum", "Minimum", "Multiply", "Subtract"}


def difference(example):
    """Why Keras does not compute the same; nothing if it does."""
    model = MODELS[example.name]
    network = network_of(model)
    if any(type(loss).__name__ == "MultilabelCrossentropy" for loss in model._losses):
        return "Keras has no such loss"
    if any(isinstance(loss, losses.Custom) for loss in model._losses):
        return "the loss is a user's own"
    if any(isinstance(layer.activation, Custom) for layer in network.layers):
        return "an activation is a user's own"
    if any(layer.activation == "hard_sigmoid" for layer in network.layers):
        return "PyTorch's sixth is one of float32"
    several = any(loss.is_of_rows for loss in model._losses) and len(network.output_shapes[0]) > 1
    if example.weighted and several:
        return "it takes the weights of samples for those of places"
    for node in network.nodes:
        kind = type(node.layer).__name__
        if kind in RANDOM:
            return "it draws other random numbers"
        if kind in MERGING and len(node.inputs) == 1:
            return "it merges two tensors or more"
    return ""


SAME = [name for name, example in EXAMPLES.items() if not difference(example)]


@pytest.fixture
def double(keras, monkeypatch):
    """Keras in double precision; of its own accord it rounds many results to float32."""
    dtypes = pytest.importorskip("keras.src.backend.common.dtypes")
    monkeypatch.setitem(dtypes.BIT64_TO_BIT32_DTYPE, "float64", "float64")
    before = keras.config.floatx(), keras.config.dtype_policy()
    keras.config.set_floatx("float64")
    keras.config.set_dtype_policy("float64")
    yield keras
    keras.config.set_floatx(before[0])
    keras.config.set_dtype_policy(before[1])


def translated(keras, config):
    """The options of a layer, a loss or an optimiser as Keras takes them."""
    options = {}
    for name, value in config.items():
        if name.endswith("_initializer") or name in ("class", "kind", "input_shape"):
            continue
        if name.endswith("_regularizer") and value is not None:
            value = keras.regularizers.L1L2(**value)
        if name.endswith("_constraint") and value is not None:
            value = dict(value)
            value = getattr(keras.constraints, value.pop("class"))(**value)
        if name == "activation" and value == "gelu_tanh":  # it has no name there
            options[name] = lambda z: keras.activations.gelu(z, approximate=True)
            continue
        options[name] = value
    return options


def same_in_keras(keras, example, ours):
    """Keras' model of the same layers, with the same weights, loss and optimiser."""
    network = network_of(ours)
    layers = {
        id(layer): getattr(keras.layers, type(layer).__name__)(
            **translated(keras, layer.get_config())
        )
        for layer in network.layers
    }
    tensors = [keras.Input(shape) for shape in network.input_shapes]
    for node in network.nodes:
        inputs = [tensors[number] for number in node.inputs]
        merges = type(node.layer).__name__ in MERGING
        tensors.append(layers[id(node.layer)](inputs if merges else inputs[0]))
    theirs = keras.Model(
        tensors[: network.n_inputs], [tensors[number] for number in network.outputs]
    )
    objectives = [
        getattr(keras.losses, type(loss).__name__)(**translated(keras, loss.get_config()))
        for loss in ours._losses
    ]
    optimizer = ours.optimizer
    theirs.compile(
        getattr(keras.optimizers, type(optimizer).__name__)(
            **translated(keras, optimizer.get_config())
        ),
        objectives if len(objectives) > 1 else objectives[0],
        loss_weights=example.loss_weights,
    )
    for layer in network.layers:
        layers[id(layer)].set_weights(layer.get_weights())
    return theirs, layers


def close(found, expected, bound):
    """Compare, with the roundings of both sides."""
    largest = max(np.abs(b).max(initial=0) for b in expected)
    for a, b in zip(found, expected, strict=True):
        np.testing.assert_allclose(a, b, rtol=0, atol=2 * bound * 2.0**-52 * largest)


@pytest.mark.parametrize("name", SAME)
def test_an_example_trains_as_in_keras(double, name):
    example = EXAMPLES[name]
    ours = example.model("float64")
    theirs, layers = same_in_keras(double, example, ours)
    samples = example.arguments(ours)
    bound = roundings(network_of(ours), example)

    def outputs(model):
        predicted = model.predict(samples["x"], verbose=0)
        return predicted if isinstance(predicted, list) else [predicted]

    close(outputs(ours), outputs(theirs), bound)
    options = {"batch_size": example.batch_size, "shuffle": False, "verbose": 0}
    found = ours.fit(**samples, **options).history["loss"]
    expected = theirs.fit(**samples, **options).history["loss"]
    close(found, expected, bound)
    weights = [array for layer in ours.layers for array in layers[id(layer)].get_weights()]
    close(ours.get_weights(), weights, bound)


@pytest.mark.parametrize("name", SAME)
def test_gradients_of_an_example_are_those_of_pytorch(double, name):
    torch = pytest.importorskip("torch")
    example = EXAMPLES[name]
    ours = example.model("float64")
    theirs, layers = same_in_keras(double, example, ours)
    samples = example.arguments(ours)
    loss, gradients = ours.gradients(**samples)
    xs, _, _ = example.data(ours)
    outputs = theirs(xs, training=True)
    total = theirs.compute_loss(
        samples["x"], samples["y"], outputs, samples["sample_weight"], training=True
    )
    learned = theirs.trainable_variables
    derived = torch.autograd.grad(total, [variable.value for variable in learned])
    by_variable = {id(v): d.numpy() for v, d in zip(learned, derived, strict=True)}
    expected = [
        by_variable.get(id(variable), np.zeros(variable.shape))
        for layer in ours.layers
        for variable in layers[id(layer)].weights
    ]
    bound = roundings(network_of(ours), example)
    close([loss], [total.item()], bound)
    close(gradients, expected, bound)
