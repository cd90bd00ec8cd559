"""Layers of a graph, and so its weights, are in the order of Keras."""

import random

import numpy as np

import fastscratch as fs
from fastscratch import layers
from fastscratch.models import graph


def ends_of(seed, make_input, dense, add):
    """Inputs and outputs of a random graph, with layers that are called several times."""
    rng = random.Random(seed)
    inputs = [make_input((4,)) for _ in range(rng.choice([1, 1, 2]))]
    tensors, called = list(inputs), []
    for k in range(rng.randint(3, 12)):
        kind = rng.choice(["new", "new", "again", "add"])
        if kind == "add":
            tensors.append(add(name=f"layer_{k}")([rng.choice(tensors), rng.choice(tensors)]))
        elif kind == "again" and called:
            tensors.append(rng.choice(called)(rng.choice(tensors)))
        else:
            called.append(dense(4, name=f"layer_{k}"))
            tensors.append(called[-1](rng.choice(tensors)))
    made = tensors[len(inputs) :]
    return inputs, rng.sample(made, rng.choice([1, 1, 2]))


def test_order_is_that_of_keras(keras):
    compared = branched = 0
    for seed in range(300):
        ends = ends_of(seed, fs.Input, layers.Dense, layers.Add)
        try:
            ours = [layer.name for layer in fs.Model(*ends).layers]
        except ValueError:  # an input that no output needs, which Keras would ignore
            continue
        theirs = keras.Model(*ends_of(seed, keras.Input, keras.layers.Dense, keras.layers.Add))
        names = [layer.name for layer in theirs.layers]
        assert ours == [name for name in names if name.startswith("layer_")], seed
        compared += 1
        branched += ours != sorted(ours, key=lambda name: int(name.removeprefix("layer_")))
    assert compared > 150
    assert branched > 10


def branched():
    """Called in the order short, long, longer, head; the long way comes first."""
    x = fs.Input((3,))
    short = layers.Dense(3, "tanh", name="short")(x)
    long = layers.Dense(3, "tanh", name="long")(x)
    longer = layers.Dense(3, "tanh", name="longer")(long)
    model = fs.Model(x, layers.Dense(1, name="head")(layers.Add(name="add")([short, longer])))
    model.seed = 0
    model.compile(fs.optimizers.Adam(0.1), "mean_squared_error")
    return model


def in_order_of_calls(outputs):
    """How layers were ordered when the first files of graphs were written."""
    needed, waiting = {}, list(outputs)
    while waiting:
        tensor = waiting.pop()
        needed[tensor.number] = tensor
        waiting.extend(tensor.inputs)
    return [needed[number] for number in sorted(needed)]


def test_the_longest_way_comes_first():
    assert [layer.name for layer in branched().layers] == ["long", "short", "longer", "add", "head"]


def test_files_with_another_order_are_read(tmp_path, monkeypatch):
    x = np.random.default_rng(0).standard_normal((20, 3))
    y = x[:, :1] * x[:, 1:2]
    monkeypatch.setattr(graph, "_ordered", in_order_of_calls)
    old = branched()
    names = ["short", "long", "longer", "add", "head"]
    assert [layer.name for layer in old.layers] == names
    old.fit(x, y, epochs=3, verbose=0)
    old.save(tmp_path / "old.safetensors")
    monkeypatch.undo()
    new = fs.load_model(tmp_path / "old.safetensors")
    assert [layer.name for layer in new.layers] == ["long", "short", "longer", "add", "head"]
    # Adam's memory goes on with the weights that it belongs to. The sum at the fork, and so the
    # rounding, may have another order.
    for _ in range(2):
        for name in names:
            for a, b in zip(
                old.get_layer(name).get_weights(), new.get_layer(name).get_weights(), strict=True
            ):
                np.testing.assert_allclose(a, b, rtol=0, atol=1e-5)
        for model in (old, new):
            model.fit(x, y, epochs=3, verbose=0)
