"""``fastscratch train`` and ``predict``: what they learn, write and refuse."""

import csv
import gzip
import os
import re
import subprocess
import sys

import numpy as np
import pytest

from fastscratch import Sequential, cli, layers, load_model
from fastscratch.cli.columns import Categorical, Numeric, encode
from fastscratch.cli.table import read_table
from fastscratch.datasets import iris as iris_module
from fastscratch.datasets import load_iris

IRIS = str(iris_module.FILE)


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    """Run in a folder of one's own."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def write(name, header, rows):
    with open(name, "w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([header, *rows])
    return name


def read(text):
    header, *rows = csv.reader(text.splitlines())
    return header, rows


def run(capsys, *arguments):
    """What a command that succeeds prints."""
    assert cli.main([str(argument) for argument in arguments]) == 0
    return capsys.readouterr().out


def refused(capsys, *arguments):
    """The sentence with which a command is refused."""
    assert cli.main([str(argument) for argument in arguments]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith("fastscratch: error: ")
    assert err.count("\n") == 1
    return err


def measure(out, name):
    """A number that `train` printed."""
    return float(re.search(rf"^  {name} +(\S+)$", out, re.MULTILINE)[1])


# --- classification -------------------------------------------------------------------------------


def test_iris(capsys):
    out = run(capsys, "train", IRIS, "--target", "species")
    assert "150 rows; 4 columns of numbers, 0 of texts" in out
    assert "classification, 3 classes: setosa, versicolor, virginica" in out
    assert "network 4-32-3, 100 epochs on 120 rows" in out
    assert "30 rows held out:" in out
    assert measure(out, "share of largest class") == pytest.approx(1 / 3, abs=1e-4)
    assert measure(out, "accuracy") > 0.85
    assert out.endswith("saved as model.safetensors\n")

    header, rows = read(run(capsys, "predict", "model.safetensors", IRIS))
    assert header == ["species", "p(setosa)", "p(versicolor)", "p(virginica)"]
    iris = load_iris()
    predicted = np.array([row[0] for row in rows])
    assert (predicted == iris.target_names[iris.target]).mean() > 0.93
    shares = np.array([row[1:] for row in rows], float)
    np.testing.assert_allclose(shares.sum(axis=1), 1, atol=3e-6)  # six digits of each
    assert (iris.target_names[shares.argmax(axis=1)] == predicted).all()


def test_probabilities_are_those_of_the_network_on_standardised_rows(capsys):
    run(capsys, "train", IRIS, "--target", "species", "--epochs", 2, "--hidden", 5, 4)
    _, rows = read(run(capsys, "predict", "model.safetensors", IRIS))
    model = load_model("model.safetensors")
    assert [layer.units for layer in model.layers] == [5, 4, 3]
    data = load_iris().data
    mean = np.array([column["mean"] for column in model.metadata["inputs"]])
    scale = np.array([column["scale"] for column in model.metadata["inputs"]])
    # Of 120 of the 150 rows, so near to those of all.
    np.testing.assert_allclose(mean, data.mean(axis=0), rtol=0.1)
    np.testing.assert_allclose(scale, data.std(axis=0), rtol=0.1)
    wanted = model.predict((data - mean) / scale)
    np.testing.assert_allclose(np.array([r[1:] for r in rows], float), wanted, rtol=1e-5)


def test_the_same_arguments_give_the_same_model(capsys, folder):
    def train(seed):
        arguments = ("--target", "species", "--epochs", 3, "--seed", seed)
        out = run(capsys, "train", IRIS, *arguments)
        return out, (folder / "model.safetensors").read_bytes()

    first = train(1)
    assert first == train(1)
    assert first != train(2)


def test_texts_and_whole_numbers_as_classes(capsys):
    rng = np.random.default_rng(0)
    kinds = rng.choice(["red", "green", "blue, dark"], 200)
    noise = rng.standard_normal(200)
    rows = [(f"{e:.3f}", kind, int(kind == "red")) for kind, e in zip(kinds, noise, strict=True)]
    write("data.csv", ["noise", "kind", "bought"], rows)
    out = run(capsys, "train", "data.csv", "--target", "bought", "--learning-rate", 0.02)
    assert "1 column of numbers, 1 of texts" in out
    assert "classification, 2 classes: 0, 1" in out
    assert measure(out, "accuracy") == 1
    assert measure(out, "area under the ROC curve") == 1
    # Columns in another order, columns that are not used, and no target.
    write("new.csv", ["kind", "id", "noise"], [("red", "x", "0"), ("blue, dark", "y", "0")])
    header, predicted = read(run(capsys, "predict", "model.safetensors", "new.csv"))
    assert header == ["bought", "p(0)", "p(1)"]
    assert [row[0] for row in predicted] == ["1", "0"]


def test_each_class_gives_its_share_of_held_out_rows(capsys):
    rows = [(i, "a" if i < 80 else "b") for i in range(100)]
    write("data.csv", ["x", "y"], rows)
    out = run(capsys, "train", "data.csv", "--target", "y", "--epochs", 1, "--hold-out", 0.25)
    assert "1 epoch on 75 rows" in out
    assert measure(out, "share of largest class") == 0.8  # 20 of 25


# --- regression -----------------------------------------------------------------------------------


def linear(n=300):
    """Rows (kind, x, y): y is 100 + 10 x, and 50 more for kind b."""
    rng = np.random.default_rng(0)
    x, is_b = rng.uniform(-3, 3, n), rng.integers(0, 2, n)
    y = 100 + 10 * x + 50 * is_b
    rows = [
        ("ab"[b], repr(u), repr(v)) for b, u, v in zip(is_b, x.tolist(), y.tolist(), strict=True)
    ]
    return write("data.csv", ["kind", "x", "y"], rows)


def test_a_linear_model_learns_a_plane(capsys):
    arguments = ("--target", "y", "--hidden", "--epochs", 300, "--learning-rate", 0.01)
    out = run(capsys, "train", linear(), *arguments, "--output", "plane.safetensors")
    assert "target 'y': regression" in out
    assert "network 3-1," in out
    assert measure(out, "R squared") > 0.999
    assert measure(out, "root mean squared error") < 1
    write("new.csv", ["x", "kind"], [(0, "a"), (1, "b")])
    header, rows = read(run(capsys, "predict", "plane.safetensors", "new.csv"))
    assert header == ["y"]
    np.testing.assert_allclose(np.array(rows, float)[:, 0], [100, 160], atol=2)


def test_the_measures_are_of_held_out_rows_in_units_of_the_target(capsys):
    out = run(capsys, "train", linear(50), "--target", "y", "--epochs", 1, "--seed", 3)
    model, table = load_model("model.safetensors"), read_table("data.csv")
    target = Numeric(**model.metadata["target"])
    inputs = [Categorical(**model.metadata["inputs"][0]), Numeric(**model.metadata["inputs"][1])]
    # Systematic sampling of a random order: every fifth row.
    held_out = np.random.default_rng(3).permutation(50)[4::5]
    y = table.numbers("y")
    learned = np.delete(y, held_out)
    assert (target.mean, target.scale) == pytest.approx((learned.mean(), learned.std()))
    error = target.decode(model.predict(encode(inputs, table))[:, 0].astype(float)) - y
    assert measure(out, "mean absolute error") == pytest.approx(abs(error[held_out]).mean(), 1e-3)
    squares = (error[held_out] ** 2).mean()
    assert measure(out, "root mean squared error") == pytest.approx(squares**0.5, 1e-3)
    assert measure(out, "R squared") == pytest.approx(1 - squares / y[held_out].var(), 1e-3)


@pytest.mark.parametrize(
    ("values", "task", "found"),
    [
        (range(10), "auto", "classification, 10 classes"),
        (range(11), "auto", "regression"),
        ((1.5, 2), "auto", "regression"),
        (range(3), "regression", "regression"),
        ((1.5, 2), "classification", "2 classes: 1.5, 2"),
        ((10, 9), "auto", "2 classes: 9, 10"),
    ],
)
def test_task(capsys, values, task, found):
    values = list(values)
    rows = [(i, values[i % len(values)]) for i in range(40)]
    write("data.csv", ["x", "y"], rows)
    out = run(capsys, "train", "data.csv", "--target", "y", "--epochs", 1, "--task", task)
    assert found in out


def test_a_column_that_does_not_vary_does_no_harm(capsys):
    write("data.csv", ["c", "x", "y"], [(7, i, i / 3) for i in range(40)])
    run(capsys, "train", "data.csv", "--target", "y", "--epochs", 1)
    assert load_model("model.safetensors").metadata["inputs"][0] == {
        "name": "c",
        "mean": 7.0,
        "scale": 1.0,
    }


# --- files ----------------------------------------------------------------------------------------


def test_predictions_into_a_file(capsys, folder):
    run(capsys, "train", IRIS, "--target", "species", "--epochs", 1)
    screen = run(capsys, "predict", "model.safetensors", IRIS)
    assert run(capsys, "predict", "model.safetensors", IRIS, "--output", "out.csv") == ""
    assert (folder / "out.csv").read_text() == screen


def test_a_reader_that_stops_is_no_error(capsys):
    run(capsys, "train", IRIS, "--target", "species", "--epochs", 1)
    iris = load_iris()
    write("long.csv", iris.feature_names, iris.data.tolist() * 200)  # more than a pipe holds
    code = "import sys; from fastscratch.cli import main; sys.exit(main())"
    command = [sys.executable, "-c", code, "predict", "model.safetensors", "long.csv"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as child:
        assert child.stdout.readline().startswith(b"species,")
        child.stdout.close()
        assert child.stderr.read() == b""
    assert child.returncode == 1


def test_spreadsheets_write_a_byte_order_mark_and_blank_lines(capsys, folder):
    text = "x,y\r\n" + "\r\n".join(f" {i} ,{i / 7:.3f}" for i in range(20)) + "\r\n\r\n"
    (folder / "data.csv").write_bytes(b"\xef\xbb\xbf" + text.encode())
    out = run(capsys, "train", "data.csv", "--target", "y", "--epochs", 1)
    assert "20 rows; 1 column of numbers" in out


# --- refusals -------------------------------------------------------------------------------------

GOOD = [(i, i % 3, "ab"[i % 2]) for i in range(20)]


def changed(row, column, value):
    """The good rows, with one value changed."""
    rows = [list(values) for values in GOOD]
    rows[row][column] = value
    return rows


@pytest.mark.parametrize(
    ("rows", "wanted"),
    [
        (changed(3, 1, ""), "data.csv, line 5: column 'k' has no value; fill in missing values"),
        (changed(3, 0, "NaN"), "data.csv, line 5: column 'x' has no value"),
        (changed(3, 2, "?"), "data.csv, line 5: column 'y' has no value"),
        (changed(3, 0, "inf"), "line 5: column 'x' must hold finite numbers, got 'inf'"),
        ([(x, "", y) for x, _, y in GOOD], "line 2: column 'k' has no value, nor in 19 other rows"),
        (GOOD[:9], "data.csv has 9 rows, too few to learn from some and test with others"),
        ([(*row[:2], "a") for row in GOOD], "column 'y' holds only 'a': there is nothing to pred"),
        (changed(0, 2, "c"), "class 'c' of column 'y' has one row; it needs at least two"),
        ([*GOOD, (1, 2)], "data.csv, line 22: 2 values, but the first line names 3 columns"),
        ([(f"id{i}", *row[1:]) for i, row in enumerate(GOOD)], "leave it out with --ignore 'x'"),
        ([], "data.csv has no rows below its first line; it needs names of columns"),
        (changed(3, 0, "1e200"), "column 'x' holds numbers up to 1e+200, too large to be standard"),
    ],
)
def test_bad_tables(capsys, folder, rows, wanted):
    write("data.csv", ["x", "k", "y"], rows)
    assert wanted in refused(capsys, "train", "data.csv", "--target", "y")
    assert not (folder / "model.safetensors").exists()


@pytest.mark.parametrize(
    ("content", "wanted"),
    [
        (b"", "data.csv has no lines; it needs names of columns, and rows of values"),
        (b"a,a\n1,2\n", "data.csv has the name 'a' twice in its first line"),
        (b"a,,b\n1,2,3\n", "data.csv has a column without a name in its first line"),
        (b"a,b\n1,\xff\n", "data.csv is not a CSV file in UTF-8: 'utf-8' codec can't decode"),
        (
            b"a,b\n1,2\n3\n" + b"1,2\n" * 9999 + b"\xff",
            "data.csv, line 3: 1 value, but the first line names 2 columns",
        ),
        (b"\xff\xfea\0", "data.csv is not a CSV file in UTF-8: 'utf-8' codec can't decode"),
        (
            gzip.compress(b"a,b\n1,2\n", mtime=0),
            "data.csv is not a CSV file in UTF-8: 'utf-8' codec can't",
        ),
        (b"a,b\n" + b"1" * 2**17 + b"1,2\n", "not a CSV file in UTF-8: field larger than field li"),
        (b"a" * (2**22 + 1), "not a CSV file in UTF-8: a line has more than 4194304 characters"),
        (b'a,b\n1,"2\n', "data.csv is not a CSV file in UTF-8: unexpected end of data"),
    ],
)
def test_bad_files(capsys, folder, content, wanted):
    (folder / "data.csv").write_bytes(content)
    assert wanted in refused(capsys, "train", "data.csv", "--target", "a")


@pytest.mark.parametrize(
    ("arguments", "wanted"),
    [
        (["--target", "z"], "data.csv has no column 'z'; it has x, k, y"),
        ([], "the following arguments are required: --target; see fastscratch train --help"),
        (["--target", "y", "--ignore", "z"], "--ignore: data.csv has no column 'z'"),
        (["--target", "y", "--ignore", "x", "k"], "data.csv has no column to predict 'y' from"),
        (["--target", "y", "--task", "regression"], "column 'y' must hold finite numbers, got 'a'"),
        (["--target", "y", "--hidden", "0"], "--hidden must be at least 1, got 0"),
        (["--target", "y", "--hidden", "x"], "argument --hidden: invalid int value: 'x'"),
        (["--target", "y", "--epochs", "0"], "--epochs must be at least 1, got 0"),
        (["--target", "y", "--batch-size", "0"], "--batch-size must be at least 1, got 0"),
        (["--target", "y", "--learning-rate", "0"], "--learning-rate must be positive, got 0"),
        (["--target", "y", "--seed", "-1"], "--seed must be at least 0, got -1"),
        (["--target", "y", "--hold-out", "1"], "--hold-out must be between 0 and 1, got 1"),
        (["--target", "y", "--hold-out", "0.01"], "leaves 20 to learn from and 0 to test with"),
        (["--target", "k", "--hold-out", "0.9"], "leaves no row of class '2' to learn from"),
        (["--target", "y", "--output", "no/such"], "there is no folder no to save such in"),
        (["--target", "y", "--output", "."], "--output must be the name of a file, got '.'"),
        (["--target", "y", "--output", "data.csv"], "--output must end in .safetensors, the for"),
    ],
)
def test_bad_arguments(capsys, arguments, wanted):
    write("data.csv", ["x", "k", "y"], GOOD)
    assert wanted in refused(capsys, "train", "data.csv", *arguments)


@pytest.mark.skipif(not os.path.exists("/dev/zero"), reason="no file without an end")
def test_a_file_without_an_end(capsys):
    assert "a line has more than" in refused(capsys, "train", "/dev/zero", "--target", "a")


def test_very_many_columns(capsys):
    """Their names are compared in one pass."""
    names = [f"c{i}" for i in range(50_000)]
    write("wide.csv", [*names, "c7"], [range(50_001)])
    wanted = "wide.csv has the name 'c7' twice in its first line"
    assert wanted in refused(capsys, "train", "wide.csv", "--target", "c7")


NUMBER = {"name": "x", "mean": 0, "scale": 1}


@pytest.mark.parametrize(
    ("inputs", "target", "wanted"),
    [
        ([NUMBER], {"name": "y", "categories": ["a"]}, "has outputs of shape (2,); its column"),
        ([NUMBER], NUMBER, "model has outputs of shape (2,); its column 'x' needs (1,)"),
        ([NUMBER] * 2, NUMBER, "x must have samples of shape (1,)"),
        ([{**NUMBER, "mean": 10**400}], NUMBER, "the model does not say what columns it is for"),
        ([{**NUMBER, "mean": float("nan")}], NUMBER, "the model does not say what columns it"),
        ([{**NUMBER, "scale": 0}], NUMBER, "the model does not say what columns it is for"),
        (["x"], NUMBER, "the model does not say what columns it is for"),
        (7, NUMBER, "the model does not say what columns it is for"),
        ([], NUMBER, "the model does not say what columns it is for"),
        ([{"name": "x", "categories": 7}], NUMBER, "the model does not say what columns it is"),
    ],
)
def test_forged_columns(capsys, inputs, target, wanted):
    model = Sequential([layers.Input((1,)), layers.Dense(2)])
    model.metadata = {"inputs": inputs, "target": target}
    model.save("model")
    assert wanted in refused(capsys, "predict", "model", write("new.csv", ["x"], [(1,)]))


def test_bad_predictions(capsys, folder):
    write("data.csv", ["x", "k", "y"], [(x, "pq"[k % 2], y) for x, k, y in GOOD])
    run(capsys, "train", "data.csv", "--target", "y", "--epochs", 1)

    def refusal(header, rows, model="model.safetensors"):
        return refused(capsys, "predict", model, write("new.csv", header, rows))

    assert "new.csv has no column 'k'; it has x" in refusal(["x"], [(1,)])
    assert "line 2: column 'x' has no value" in refusal(["x", "k"], [("", "p")])
    wanted = "line 3: column 'x' must hold finite numbers, got 'many'"
    assert wanted in refusal(["x", "k"], [(1, "p"), ("many", "p")])
    wanted = "line 2: column 'k' holds 'r', which the model does not know; it knows p, q"
    assert wanted in refusal(["x", "k"], [(1, "r")])
    assert "there is no model file none" in refusal(["x"], [(1,)], "none")
    assert "data.csv is not a model that fastscratch saved" in refusal(["x"], [(1,)], "data.csv")
    assert "none.csv cannot be read: No such" in refused(
        capsys, "predict", "model.safetensors", "none.csv"
    )
    model = Sequential([layers.Input((2,)), layers.Dense(1)])
    model.save("other.safetensors")
    wanted = "does not say what columns it is for; predict needs a model that `fastscratch train`"
    assert wanted in refusal(["x"], [(1,)], "other.safetensors")
    wanted = "line 2: column 'x' holds 1e+300, too far from what the model was trained on, ab"
    assert wanted in refusal(["x", "k"], [("1e300", "p")])
    wanted = "no/out.csv cannot be written: No such file or directory"
    arguments = ("model.safetensors", "data.csv", "--output", "no/out.csv")
    assert wanted in refused(capsys, "predict", *arguments)
