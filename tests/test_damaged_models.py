"""Model files that are cut, flipped or forged: one clear error, no memory, and no code run."""

import hashlib
import json
import random
import re
import struct
import sys

import numpy as np
import pytest
from children import run
from safetensors import safe_open
from safetensors.numpy import save

from fastscratch import Model, Sequential, layers, load_model, optimizers

REFUSED = "model is not a model that fastscratch saved: "


@pytest.fixture
def load(tmp_path):
    """Return a function that loads bytes as if they were a file."""
    path = tmp_path / "model"

    def load_bytes(content):
        path.write_bytes(content)
        return load_model(path)

    return load_bytes


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    """The bytes of a small model that Adam has trained, its header, and its arrays."""
    path = tmp_path_factory.mktemp("saved") / "model"
    model = Sequential([layers.Input((2,)), layers.Dense(3, "tanh"), layers.Dense(1)])
    rate = optimizers.schedules.ExponentialDecay(0.1, 10, 0.9)
    model.compile(optimizers.Adam(rate), "mean_squared_error", ["mean_absolute_error"])
    model.fit(np.eye(2), np.ones(2), epochs=2, verbose=0)
    return saved_as(path, model)


@pytest.fixture(scope="module")
def saved_graph(tmp_path_factory):
    """The same of two inputs, a layer that both go through, and two outputs."""
    path = tmp_path_factory.mktemp("saved") / "model"
    x = [layers.Input((2,), name=name) for name in ("a", "b")]
    shared = layers.Dense(3, "tanh")
    first, second = map(shared, x)
    model = Model(x, [layers.Dense(1)(first), layers.Dense(2)(second)])
    model.compile("adam", ["mean_squared_error"] * 2, loss_weights=[1, 2])
    model.fit([np.eye(2)] * 2, [np.ones(2), np.eye(2)], epochs=2, verbose=0)
    return saved_as(path, model)


def saved_as(path, model):
    model.save(path)
    with safe_open(path, framework="numpy") as file:
        arrays = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
        header = json.loads(file.metadata()["fastscratch"])
    del header["sha256"]
    return path.read_bytes(), header, arrays


def signed(header, arrays):
    """A file with a right checksum: what someone writes who means to deceive."""
    digest = hashlib.sha256(json.dumps(header).encode())
    for name, array in sorted(arrays.items()):
        digest.update(f"{name} {array.dtype} {array.shape}".encode() + array.tobytes())
    signed = json.dumps({**header, "sha256": digest.hexdigest()})
    return save(arrays, {"fastscratch": signed})


# --- damaged --------------------------------------------------------------------------------------


def test_truncation_at_every_byte(load, saved):
    content, _, _ = saved
    for length in range(len(content)):
        with pytest.raises(ValueError, match=REFUSED):
            load(content[:length])
    with pytest.raises(ValueError, match=REFUSED):
        load(content + b"\0")
    assert len(load(content).layers) == 2


def test_a_flipped_bit_in_any_byte_is_noticed(load, saved, tmp_path):
    """Or it is the same file in other letters, as 1E-07 for 1e-07."""
    content, _, _ = saved
    generator = random.Random(0)
    for place in range(len(content)):
        flipped = bytearray(content)
        flipped[place] ^= 1 << generator.randrange(8)
        message = None
        try:
            load(flipped).save(tmp_path / "again")
        except ValueError as error:
            message = str(error)
        if message is None:
            assert (tmp_path / "again").read_bytes() == content
        else:
            assert re.search(REFUSED, message)


def test_noise_in_many_places_is_noticed(load, saved):
    content, _, _ = saved
    generator = random.Random(1)
    for _ in range(500):
        noisy = bytearray(content)
        first = generator.randrange(len(noisy))
        size = generator.randrange(1, 64)
        noisy[first : first + size] = generator.randbytes(size)
        if noisy != content:
            with pytest.raises(ValueError, match=REFUSED):
                load(noisy)


@pytest.mark.parametrize("content", [b"", b"\x93NUMPY", b"PK\3\4", b"\x80\x04N.", bytes(100)])
def test_files_of_other_kinds(load, content):
    with pytest.raises(ValueError, match=REFUSED):
        load(content)


def test_safetensors_of_others(load):
    arrays = {"weight": np.ones(3)}
    for metadata in (None, {"format": "pt"}):
        with pytest.raises(ValueError, match=REFUSED + "it is a safetensors file that another"):
            load(save(arrays, metadata))


def test_files_that_are_not_there(tmp_path):
    with pytest.raises(FileNotFoundError, match="there is no model file"):
        load_model(tmp_path / "no")


# --- forged ---------------------------------------------------------------------------------------


def test_the_signature_of_the_tests_is_right(load, saved):
    """Else the tests below would see only the checksum refused."""
    _, header, arrays = saved
    assert load(signed(header, arrays)).iterations == 2


def layer(**changes):
    return lambda header: header["layers"][0].update(changes)


def optimizer(**changes):
    return lambda header: header["optimizer"].update(changes)


def entry(**changes):
    return lambda header: header.update(changes)


def without(name):
    return lambda header: header.pop(name)


HEADERS = {
    "format": (entry(format=99), "its format is 99, expected 2"),
    "no layers": (without("layers"), "'layers' is missing"),
    "layers no list": (entry(layers=7), "'int' object is not iterable"),
    "layers no dicts": (entry(layers=[7]), "'int' object is not iterable"),
    "layers empty": (entry(layers=[]), "a model needs at least one layer"),
    "layer without class": (lambda h: h["layers"][0].pop("class"), "'class' is missing"),
    "layer unknown": (layer(**{"class": "Wide"}), "there is no layer 'Wide'"),
    "layer no layer": (layer(**{"class": "Input"}), "there is no layer 'Input'"),
    "layer a base": (layer(**{"class": "Layer"}), "Layer has no argument .units"),
    "layer by a path": (layer(**{"class": "os.system"}), "there is no layer 'os.system'"),
    "layer no text": (layer(**{"class": ["Dense"]}), r"there is no layer \['Dense'\]"),
    "argument unknown": (layer(colour="blue"), "Dense has no argument .colour."),
    "units negative": (layer(units=-3), "units must be at least 1, got -3"),
    "units a fraction": (layer(units=3.5), "units must be an integer, got float"),
    "units other": (layer(units=6), "'dense/bias' must hold finite .* \\(6,\\), got .* \\(3,\\)"),
    "units huge": (layer(units=2**62), "'dense/bias' must hold finite .*, got .* \\(3,\\)"),
    "units absurd": (layer(units=10**400), "units must be below 2\\*\\*63"),
    "activation": (layer(activation="step"), "activation must be one of"),
    "initializer": (layer(kernel_initializer="os.system"), "must be an initializer or one of"),
    "other name": (layer(name="other"), "'dense/bias' is unknown"),
    "same name": (layer(name="dense_1"), "every layer of a model has its own name"),
    "no name": (layer(name=7), "name must be a string, got int"),
    "shape other": (entry(input_shape=[3]), "'dense/kernel' must hold .* \\(3, 3\\), got"),
    "shape empty": (entry(input_shape=[]), "input_shape must be a tuple of ints"),
    "shape none": (entry(input_shape=None), "does not know its input shape"),
    "shape no ints": (entry(input_shape=[2.0]), "input_shape\\[0\\] must be an integer"),
    "shape negative": (entry(input_shape=[-2]), "input_shape\\[0\\] must be at least 1"),
    "shape text": (entry(input_shape="2"), "input_shape must be a tuple of ints"),
    "dtype": (entry(dtype="float64"), "must hold finite numbers of type float64"),
    "dtype unknown": (entry(dtype="object"), "dtype must be one of 'float32', 'float64'"),
    "loss": (entry(losses=[{"kind": "regret"}]), "loss must be one of"),
    "loss no dict": (entry(losses=[7]), "loss must be one of"),
    "losses no list": (entry(losses=7), "'int' object is not iterable"),
    "a loss too many": (entry(losses=2 * [{"kind": "poisson"}]), "it has losses of other outputs"),
    "loss weight": (entry(loss_weights=[-1]), "loss_weights must be positive, got -1"),
    "loss weights of others": (entry(loss_weights=[1, 1]), "it has losses of other outputs"),
    "metrics": (entry(metrics=[["os.system"]]), "metric must be one of"),
    "metrics no names": (entry(metrics=[[7]]), "metrics must be names, .* of metrics, got 7"),
    "no metric": (entry(metrics=[[{"class": "F2"}]]), "class must be one of .*, got .F2"),
    "a metric of too much": (
        entry(metrics=[[{"class": "AUC", "curve": "X"}]]),
        "curve must be one of .ROC., .PR., got .X",
    ),
    "metrics of others": (entry(metrics=[]), "it has losses of other outputs"),
    "optimizer": (optimizer(**{"class": "Adamost"}), "class must be one of"),
    "optimizer other": (optimizer(**{"class": "SGD"}), "unexpected keyword argument"),
    "optimizer none": (entry(optimizer=None), "config must be a dict, got NoneType"),
    "rate": (optimizer(learning_rate=-1), "learning_rate must not be negative, got -1"),
    "rate not a number": (optimizer(learning_rate=float("nan")), "learning_rate must be finite"),
    "schedule": (optimizer(learning_rate={"class": "os"}), "class must be one of"),
    "seed": (entry(seed="1"), "seed must be an integer, got str"),
    "seed negative": (entry(seed=-1), "seed must be at least 0, got -1"),
    "iterations": (entry(iterations=0.5), "iterations must be an integer, got float"),
    "epochs": (entry(trained_epochs=-1), "trained_epochs must be at least 0, got -1"),
    "metadata": (entry(metadata=7), "'int' object is not iterable"),
    "nothing": (lambda header: header.clear(), "'format' is missing"),
}


@pytest.mark.parametrize("change", HEADERS)
def test_forged_headers(load, saved, change):
    _, header, arrays = saved
    header = json.loads(json.dumps(header))
    make, message = HEADERS[change]
    make(header)
    with pytest.raises(ValueError, match=REFUSED + ".*" + message):
        load(signed(header, arrays))


def node(number, layer, read):
    return lambda header: header["nodes"].__setitem__(number, [layer, read])


# Tensors 0 and 1 are the inputs, 2 and 3 come from layer 0, 4 and 5 from layers 1 and 2.
GRAPHS = {
    "nodes no list": (entry(nodes=7), "'int' object is not iterable"),
    "no nodes": (entry(nodes=[]), "there is no tensor 4 that could be read"),
    "node no pair": (entry(nodes=[[0]]), "not enough values to unpack"),
    "layer beyond": (node(2, 3, [2]), "there is no layer 3"),
    "layer negative": (node(2, -1, [2]), "a layer's number must be at least 0, got -1"),
    "layer no number": (node(2, "dense", [2]), "a layer's number must be an integer, got str"),
    "a tensor to come": (node(0, 0, [3]), "there is no tensor 3 that could be read"),
    "its own tensor": (node(0, 0, [2]), "there is no tensor 2 that could be read"),
    "tensor negative": (node(0, 0, [-1]), "a tensor's number must be at least 0, got -1"),
    "several tensors": (node(0, 0, [0, 1]), r"Dense\(3, .* reads one tensor, got 2"),
    "no tensor": (node(0, 0, []), r"Dense\(3, .* reads one tensor, got 0"),
    "weights shared by two shapes": (node(3, 0, [3]), "reads tensors of different shapes"),
    "output beyond": (entry(outputs=[4, 99]), "there is no tensor 99 that could be read"),
    "output an input": (entry(outputs=[4, 1]), "outputs must be what layers have returned, got In"),
    "no output": (entry(outputs=[]), "outputs must be at least one symbolic tensor, got none"),
    "an input to spare": (entry(outputs=[4]), r"the input Input\(\(2,\)\) is needed by no output"),
    "outputs of another order": (
        lambda header: header["outputs"].reverse() or header.update(losses=header["losses"][:1]),
        "loss must be a list of 2, one for each of dense_2, dense_1, got 1",
    ),
    "input unnamed": (entry(input_names=["a"]), "zip"),
    "inputs of one name": (entry(input_names=["a", "a"]), "every input of a model has its own na"),
    "input of no shape": (entry(input_shapes=[[2], []]), "input_shapes must be a tuple of ints"),
    "input of another shape": (entry(input_shapes=[[2], [3]]), "tensors of different shapes"),
    "layer other": (layer(units=4), "'dense/bias' must hold finite .* \\(4,\\), got .* \\(3,\\)"),
    "layers of one name": (layer(name="dense_1"), "every layer of a model has its own name"),
    "loss weights": (entry(loss_weights=[1, -2]), "loss_weights must be positive, got -2"),
    "metrics": (entry(metrics=[[], ["os.system"]]), "metric must be one of"),
}


@pytest.mark.parametrize("change", GRAPHS)
def test_forged_graphs(load, saved_graph, change):
    _, header, arrays = saved_graph
    assert header["nodes"] == [[0, [0]], [0, [1]], [1, [2]], [2, [3]]]
    header = json.loads(json.dumps(header))
    make, message = GRAPHS[change]
    make(header)
    with pytest.raises(ValueError, match=REFUSED + ".*" + message):
        load(signed(header, arrays))


def test_files_of_the_first_format_are_read(load, saved):
    """As version 0.1 wrote them: one loss without a name, its metrics, no weights of losses."""
    content, header, arrays = saved
    (loss,), (metrics,) = header["losses"], header["metrics"]
    assert loss.pop("name") == loss["kind"]
    loss["name"] = loss.pop("kind")
    old = {"format": 1, "loss": loss, "metrics": metrics}
    old |= {name: header[name] for name in header.keys() - {"losses", "loss_weights", *old}}
    model, same = load(signed(old, arrays)), load(content)
    for one in (model, same):
        one.fit(np.eye(2), np.ones(2), epochs=2, verbose=0)
    assert model.metrics == ["mean_absolute_error"]
    assert [w.tobytes() for w in model.get_weights()] == [w.tobytes() for w in same.get_weights()]
    del old["loss"]
    with pytest.raises(ValueError, match="'loss' is missing"):
        load(signed(old, arrays))


# As CPython says it up to 3.13, and from 3.14 on.
TOO_DEEP = "(maximum recursion depth|Stack overflow)"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "Expecting value"),
        ("{", "Expecting property name"),
        ("{}", "'sha256' is missing"),
        ("[]", "'str' object cannot be interpreted as an integer"),
        ("7", "'int' object has no attribute 'pop'"),
        ('"format"', "'str' object has no attribute 'pop'"),
        ("[" * 200_000, TOO_DEEP),
        ('{"format": ' * 200_000 + "1" + "}" * 200_000, TOO_DEEP),
        ('{"format": ' + "9" * 5000 + "}", "Exceeds the limit"),
    ],
    ids=lambda text: text[:16],
)
def test_headers_that_are_no_description(load, saved, text, message):
    with pytest.raises(ValueError, match=REFUSED + message):
        load(save(saved[2], {"fastscratch": text}))


def change_slot(arrays, value):
    arrays["optimizer/0"][0] = value


ARRAYS = {
    "no number": (lambda a: a["dense/bias"].fill(np.nan), "'dense/bias' must hold finite"),
    "infinite": (lambda a: a["dense/kernel"].fill(np.inf), "'dense/kernel' must hold finite"),
    "slot": (lambda a: change_slot(a, np.nan), "'optimizer/0' must hold finite"),
    "slot of another length": (
        lambda a: a.update({"optimizer/0": np.ones(3, np.float32)}),
        r"'optimizer/0' must hold .* shape \(13,\), got float32 and \(3,\)",
    ),
    "one slot of two": (lambda a: a.pop("optimizer/1"), "'optimizer/1' is missing"),
    "one slot more": (
        lambda a: a.update({"optimizer/2": a["optimizer/0"]}),
        "'optimizer/2' is unknown",
    ),
    "weight missing": (lambda a: a.pop("dense/kernel"), "'dense/kernel' is missing"),
    "another array": (lambda a: a.update(more=np.ones(1)), "'more' is unknown"),
    "transposed": (
        lambda a: a.update({"dense/kernel": np.ones((3, 2), np.float32)}),
        r"shape \(2, 3\), got float32 and \(3, 2\)",
    ),
    "empty": (
        lambda a: a.update({"dense/kernel": np.ones((0, 3), np.float32)}),
        r"shape \(2, 3\), got float32 and \(0, 3\)",
    ),
    "integers": (
        lambda a: a.update({"dense/kernel": np.ones((2, 3), np.int32)}),
        "got int32 and",
    ),
    "twice as wide": (
        lambda a: a.update({"dense/kernel": np.ones((2, 3))}),
        "got float64 and",
    ),
}


@pytest.mark.parametrize("change", ARRAYS)
def test_forged_arrays(load, saved, change):
    _, header, arrays = saved
    arrays = {name: array.copy() for name, array in arrays.items()}
    make, message = ARRAYS[change]
    make(arrays)
    with pytest.raises(ValueError, match=REFUSED + ".*" + message):
        load(signed(header, arrays))


def test_a_file_without_what_the_optimizer_remembers(load, saved):
    """As a model is saved that was compiled and not trained."""
    _, header, arrays = saved
    weights = {name: array for name, array in arrays.items() if "optimizer" not in name}
    model = load(signed(header, weights))
    model.fit(np.eye(2), np.ones(2), verbose=0)
    assert model.iterations == 3


@pytest.mark.skipif(sys.platform != "linux", reason="no limit of memory")
def test_claims_of_terabytes_cost_no_memory(tmp_path, saved, saved_graph):
    """In a process that may take 64 MB more than it has."""
    content, header, arrays = saved
    wide = json.loads(json.dumps(header))
    wide["layers"][0]["units"] = 2**40
    many = json.loads(json.dumps(header))
    many["input_shape"] = [2**40]
    graph = json.loads(json.dumps(saved_graph[1]))
    graph["layers"][0]["units"] = 2**40
    tensor = {"dtype": "F32", "shape": [2**38], "data_offsets": [0, 2**40]}
    claim = json.dumps({"dense/kernel": tensor}).encode()
    files = {
        "wide": signed(wide, arrays),
        "many": signed(many, arrays),
        "graph": signed(graph, saved_graph[2]),
        "long header": struct.pack("<Q", 2**62) + b"{}",
        "long array": struct.pack("<Q", len(claim)) + claim,
    }
    for name, forged in files.items():
        (tmp_path / name).write_bytes(forged)
    (tmp_path / "sound").write_bytes(content)
    code = f"""
        import pathlib, resource
        from fastscratch import load_model
        folder = pathlib.Path({str(tmp_path)!r})
        load_model(folder / "sound")  # compiles what it calls
        pages = int(pathlib.Path("/proc/self/statm").read_text().split()[0])
        limit = pages * resource.getpagesize() + 2**26
        resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
        try:
            bytearray(2**27)
            raise SystemExit("the limit is not heard")
        except MemoryError:
            pass
        for path in folder.iterdir():
            try:
                load_model(path)
            except ValueError as error:
                assert "is not a model that fastscratch saved" in str(error)
                print(path.name)
    """
    out, _ = run(code)
    assert sorted(out.splitlines()) == sorted(files)
