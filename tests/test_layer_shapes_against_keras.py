"""Descriptions of layers against Keras: shapes, weights, configurations, for random arguments."""

import re

import numpy as np
import pytest

from fastscratch import layers
from fastscratch.models.names import numbered

CONFIGURATIONS = 60  # of each layer


# --- random arguments: a function a kind of layer, of a generator and the rank -------------------


def one_or_several(rng, low, high, rank):
    """An int, or one for each axis."""
    sizes = [int(size) for size in rng.integers(low, high, rank)]
    return sizes[0] if rng.random() < 0.5 else tuple(sizes)


def steps_and_rates(rng, rank):
    """Strides and dilation, of which Keras takes only one above 1."""
    if rng.random() < 0.5:
        return {"strides": one_or_several(rng, 1, 4, rank)}
    return {"dilation_rate": one_or_several(rng, 1, 4, rank)}


def image(rng, rank, channels=None):
    """Shape of a sequence or an image."""
    places = (int(size) for size in rng.integers(1, 14, rank))
    return (*places, channels or int(rng.integers(1, 7)))


def convolution(rng, rank):
    groups = int(rng.integers(1, 4))
    paddings = ["valid", "same", "causal"] if rank == 1 else ["valid", "same"]
    arguments = {
        "filters": groups * int(rng.integers(1, 4)),
        "kernel_size": one_or_several(rng, 1, 6, rank),
        "padding": str(rng.choice(paddings)),
        "groups": groups,
        "activation": str(rng.choice(["linear", "relu", "gelu"])),
        "use_bias": bool(rng.random() < 0.7),
        **steps_and_rates(rng, rank),
    }
    return arguments, [image(rng, rank, groups * int(rng.integers(1, 4)))]


def depthwise(rng, rank):
    arguments = {
        "kernel_size": one_or_several(rng, 1, 6, rank),
        "padding": str(rng.choice(["valid", "same"])),
        "depth_multiplier": int(rng.integers(1, 4)),
        "use_bias": bool(rng.random() < 0.7),
        **steps_and_rates(rng, rank),
    }
    return arguments, [image(rng, rank)]


def separable(rng, rank):
    arguments, shapes = depthwise(rng, rank)
    return {"filters": int(rng.integers(1, 7)), **arguments}, shapes


def transposed(rng, rank):
    arguments = {
        "filters": int(rng.integers(1, 7)),
        "kernel_size": one_or_several(rng, 1, 6, rank),
        "padding": str(rng.choice(["valid", "same"])),
        "use_bias": bool(rng.random() < 0.7),
        **steps_and_rates(rng, rank),
    }
    if rng.random() < 0.5:
        arguments["output_padding"] = one_or_several(rng, 0, 3, rank)
    return arguments, [image(rng, rank)]


def pooling(rng, rank):
    arguments = {
        "pool_size": one_or_several(rng, 1, 5, rank),
        "padding": str(rng.choice(["valid", "same"])),
    }
    if rng.random() < 0.5:
        arguments["strides"] = one_or_several(rng, 1, 4, rank)
    return arguments, [image(rng, rank)]


def global_pooling(rng, rank):
    return ({"keepdims": True} if rng.random() < 0.5 else {}), [image(rng, rank)]


def borders(name):
    def arguments(rng, rank):
        if rng.random() < 0.1:
            return {}, [image(rng, rank)]
        if rng.random() < 0.5:
            return {name: one_or_several(rng, 0, 4, rank)}, [image(rng, rank)]
        pairs = tuple(tuple(int(size) for size in rng.integers(0, 5, 2)) for _ in range(2))
        return {name: pairs}, [image(rng, rank)]

    return arguments


def up_sampling(rng, rank):
    arguments = {"interpolation": str(rng.choice(["nearest", "bilinear"]))}
    if rng.random() < 0.8:
        arguments["size"] = one_or_several(rng, 1, 4, rank)
    return arguments, [image(rng, rank)]


def permute(rng, rank):
    axes = int(rng.integers(1, 5))
    order = tuple(int(axis) + 1 for axis in rng.permutation(axes))
    return {"dims": order}, [tuple(int(size) for size in rng.integers(1, 6, axes))]


def repeat(rng, rank):
    return {"n": int(rng.integers(1, 9))}, [(int(rng.integers(1, 9)),)]


def rescaling(rng, rank):
    shape = image(rng, int(rng.integers(0, 3)))
    arguments = {"scale": float(rng.random())}
    if rng.random() < 0.5:
        arguments["offset"] = float(rng.random())
    return arguments, [shape]


def normalization(rng, rank):
    shape = image(rng, int(rng.integers(0, 3)))
    axes = range(1, len(shape) + 1)
    kinds = [-1, None, int(rng.choice(axes)), tuple(axes), (-2, -1)[-len(axes) :]]
    arguments = {"axis": kinds[rng.integers(len(kinds))], "invert": bool(rng.random() < 0.5)}
    if rng.random() < 0.3:
        arguments |= {"mean": 1.5, "variance": 2.0}
    return arguments, [shape]


def noise(name):
    def arguments(rng, rank):
        return {name: float(rng.random())}, [image(rng, rank)]

    return arguments


def embedding(rng, rank):
    arguments = {"input_dim": int(rng.integers(1, 9)), "output_dim": int(rng.integers(1, 9))}
    return arguments, [tuple(int(size) for size in rng.integers(1, 6, rng.integers(1, 3)))]


def merge(rng, rank, tensors=None):
    """Shapes that agree, but for axes of 1 and missing first axes."""
    shape = image(rng, int(rng.integers(0, 3)))
    shapes = []
    for _ in range(tensors or int(rng.integers(2, 5))):
        sizes = tuple(1 if rng.random() < 0.2 else size for size in shape)
        shapes.append(sizes[int(rng.integers(len(sizes))) :] if rng.random() < 0.2 else sizes)
    return {}, shapes


def subtract(rng, rank):
    return merge(rng, rank, 2)


def concatenate(rng, rank):
    shape = [int(size) for size in rng.integers(2, 6, rng.integers(1, 4))]
    axis = int(rng.integers(1, len(shape) + 1))
    shapes = []
    for _ in range(rng.integers(2, 5)):
        shape[axis - 1] = int(rng.integers(2, 6))
        shapes.append(tuple(shape))
    written = axis if rng.random() < 0.5 else axis - len(shape) - 1
    return ({} if written == -1 else {"axis": written}), shapes


LAYERS = [
    ("Conv1D", convolution, 1),
    ("Conv2D", convolution, 2),
    ("DepthwiseConv2D", depthwise, 2),
    ("SeparableConv2D", separable, 2),
    ("Conv2DTranspose", transposed, 2),
    ("MaxPooling1D", pooling, 1),
    ("MaxPooling2D", pooling, 2),
    ("AveragePooling1D", pooling, 1),
    ("AveragePooling2D", pooling, 2),
    ("GlobalMaxPooling1D", global_pooling, 1),
    ("GlobalMaxPooling2D", global_pooling, 2),
    ("GlobalAveragePooling1D", global_pooling, 1),
    ("GlobalAveragePooling2D", global_pooling, 2),
    ("ZeroPadding2D", borders("padding"), 2),
    ("Cropping2D", borders("cropping"), 2),
    ("UpSampling2D", up_sampling, 2),
    ("Permute", permute, 0),
    ("RepeatVector", repeat, 0),
    ("Rescaling", rescaling, 0),
    ("Normalization", normalization, 0),
    ("GaussianNoise", noise("stddev"), 1),
    ("SpatialDropout2D", noise("rate"), 2),
    ("Embedding", embedding, 0),
    ("Add", merge, 0),
    ("Subtract", subtract, 0),
    ("Multiply", merge, 0),
    ("Average", merge, 0),
    ("Maximum", merge, 0),
    ("Minimum", merge, 0),
    ("Concatenate", concatenate, 0),
]


# --- the same layer in Keras ---------------------------------------------------------------------


def built(keras, peer, shapes):
    """The layer of Keras after it was called, and the shape of one sample of its output."""
    tensors = [keras.Input(shape) for shape in shapes]
    out = peer(tensors if "merging" in type(peer).__module__ else tensors[0])
    return tuple(int(size) for size in out.shape[1:])


NOT_HERE = {"input_axes", "output_axes"}  # arguments of initialisers in Keras only


def plain(value):
    """A value of a configuration without Keras' wrapping of initialisers."""
    if isinstance(value, dict) and "class_name" in value:
        name = re.sub(r"(?<!^)(?=[A-Z])", "_", value["class_name"]).lower()
        return {"name": name, **{k: v for k, v in value["config"].items() if k not in NOT_HERE}}
    return value


@pytest.mark.filterwarnings("ignore:You might experience inconsistencies:UserWarning")
@pytest.mark.filterwarnings("ignore:Torch backend requires:UserWarning")
@pytest.mark.parametrize(("name", "draw", "rank"), LAYERS, ids=[layer[0] for layer in LAYERS])
def test_against_keras(keras, name, draw, rank):
    rng = np.random.default_rng(7)
    kind, peers_kind = getattr(layers, name), getattr(keras.layers, name)
    accepted = 0
    for _ in range(CONFIGURATIONS):
        arguments, shapes = draw(rng, rank)
        try:
            peer = peers_kind(**arguments)
            expected = built(keras, peer, shapes)
            if 0 in expected:
                raise ValueError("nothing is left")
        except (ValueError, RuntimeError):
            with pytest.raises(ValueError, match=r"\w"):
                kind(**arguments).output_shape(*shapes)
            continue
        accepted += 1
        layer = kind(**arguments)
        assert layer.output_shape(*shapes) == expected, (arguments, shapes)
        assert [(w.name, w.shape) for w in layer.weights(*shapes)] == [
            (variable.name, tuple(variable.shape)) for variable in peer.weights
        ]
        assert [w.trainable for w in layer.weights(*shapes)] == [
            bool(variable.trainable) for variable in peer.weights
        ]
        config, peers = layer.get_config(), peer.get_config()
        for key in set(config) - {"dtype", "input_shape", "name", "trainable"}:
            assert config[key] == plain(peers[key]), (key, arguments)
        assert numbered(name, []) == re.sub(r"_\d+$", "", peer.name)
    assert accepted > CONFIGURATIONS / 2
