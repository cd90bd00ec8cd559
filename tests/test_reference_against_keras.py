"""The layers of the naive network beside Keras', which computes in float32.

At most 40 products of numbers of size about 1 are added up, after two exponentials at most.
"""

from random import Random

import numpy as np
import pytest
from test_reference_gradients import draws
from test_reference_network import LAYERS, TRAINING, USE, new

from fastscratch.reference import layers

# Keras' variables hand themselves out to NumPy in a way that is going out of use.
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")

CLOSE = {"rtol": 0, "atol": (40 + 2 * 16) * 10 * 2.0**-23}


@pytest.mark.parametrize(("name", "config", "shapes"), LAYERS)
def test_forward_equals_keras(keras, name, config, shapes):
    rng, layer = Random(9), getattr(layers, name)(**config)
    inputs = [draws(rng, *shape) for shape in shapes]
    weights = new(layer, inputs, rng)
    theirs = getattr(keras.layers, name)(**config)
    tensors = [np.array(x) for x in inputs]
    tensors = tensors if len(tensors) > 1 else tensors[0]
    theirs(tensors)
    theirs.set_weights([np.array(weight) for weight in weights])
    output, _ = layer.forward(inputs, weights, USE)
    np.testing.assert_allclose(output, keras.ops.convert_to_numpy(theirs(tensors)), **CLOSE)
    if name == "BatchNormalization":
        output, kept = layer.forward(inputs, weights, TRAINING)
        expected = keras.ops.convert_to_numpy(theirs(tensors, training=True))
        np.testing.assert_allclose(output, expected, **CLOSE)
        moved = zip(layer.moved(kept, weights), theirs.get_weights(), strict=True)
        for weight, expected in moved:
            np.testing.assert_allclose(weight, expected, **CLOSE)


def test_embedding_equals_keras(keras):
    theirs = keras.layers.Embedding(5, 3)
    indices = np.array([[1, 4, 0], [2, 2, 1]])
    expected = keras.ops.convert_to_numpy(theirs(indices))
    table = [weight.tolist() for weight in theirs.get_weights()]
    output, _ = layers.Embedding(5, 3).forward([indices.tolist()], table, USE)
    assert output == expected.tolist()
