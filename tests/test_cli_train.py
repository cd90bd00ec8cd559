"""``fastscratch train`` and ``predict``: what they learn, write and refuse."""

import bz2
import csv
import gzip
import io
import lzma
import os
import re
import subprocess
import sys
import zipfile

import numpy as np
import pytest

from fastscratch import Sequential, cli, layers, load_model
from fastscratch.cli.columns import encode
from fastscratch.cli.experiment import Experiment
from fastscratch.cli.metadata import Saved
from fastscratch.cli.reading import read_table
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


def zipped(content):
    """A zip archive with one file, which is how a spreadsheet begins too."""
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as file:
        file.writestr("data.csv", content)
    return archive.getvalue()


def measure(out, name):
    """A number that `train` printed."""
    return float(re.search(rf"^  {name} +(\S+)$", out, re.MULTILINE)[1])


# --- classification -------------------------------------------------------------------------------


def test_iris(capsys):
    out = run(capsys, "train", IRIS, "--target", "species")
    assert "150 rows, 5 columns; separated by commas" in out
    assert "  petal width (cm)   numeric\n" in out
    assert "target: classification, 3 classes: setosa, versicolor, virginica" in out
    assert re.search(r"network 4-32-3, \d+ epochs on 102 rows", out)
    assert "of 18 rows\n30 rows held out:" in out
    assert measure(out, "share of largest class") == pytest.approx(1 / 3, abs=1e-4)
    assert measure(out, "accuracy") > 0.85
    matrix = re.search(r"predicted class:\n.*\n((?:  \w+ +\d+ +\d+ +\d+\n)+)saved", out)[1]
    counts = np.array([line.split()[1:] for line in matrix.splitlines()], int)
    assert counts.sum(axis=1).tolist() == [10, 10, 10]
    assert counts.trace() / 30 == pytest.approx(measure(out, "accuracy"), abs=1e-4)
    assert out.endswith("saved as model.safetensors\n")

    header, rows = read(run(capsys, "predict", "model.safetensors", IRIS))
    assert header == ["species", "p(setosa)", "p(versicolor)", "p(virginica)"]
    iris = load_iris()
    predicted = np.array([row[0] for row in rows])
    assert (predicted == iris.target_names[iris.target]).mean() > 0.93
    shares = np.array([row[1:] for row in rows], float)
    np.testing.assert_allclose(shares.sum(axis=1), 1, atol=3e-7)  # one rounding each
    assert (iris.target_names[shares.argmax(axis=1)] == predicted).all()


def test_probabilities_are_those_of_the_network_on_standardised_rows(capsys):
    run(capsys, "train", IRIS, "--target", "species", "--epochs", 2, "--hidden", "5,4")
    _, rows = read(run(capsys, "predict", "model.safetensors", IRIS))
    model = load_model("model.safetensors")
    assert [layer.units for layer in model.layers] == [5, 4, 3]
    data = load_iris().data
    mean = np.array([column["mean"] for column in model.metadata["inputs"]])
    scale = np.array([column["scale"] for column in model.metadata["inputs"]])
    # Of 102 of the 150 rows, so near to those of all.
    np.testing.assert_allclose(mean, data.mean(axis=0), rtol=0.15)
    np.testing.assert_allclose(scale, data.std(axis=0), rtol=0.15)
    wanted = model.predict((data - mean) / scale)
    shown = np.array([r[1:] for r in rows], np.float32)
    np.testing.assert_allclose(shown, wanted, rtol=1e-5)


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
    assert "  noise   numeric\n  kind    category of 3\n" in out
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
    assert "1 epoch on 64 rows" in out
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
    arguments = ("--target", "y", "--hidden", 0, "--epochs", 300, "--learning-rate", 0.01)
    out = run(capsys, "train", linear(), *arguments, "--output", "plane.safetensors")
    assert "target: regression" in out
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
    saved = Saved.from_metadata(model.metadata)
    target = saved.target
    # Systematic sampling of a random order: every fifth row.
    held_out = np.random.default_rng(3).permutation(50)[4::5]
    y = table.numbers("y")
    learned = np.delete(y, held_out)
    assert (target.mean, target.scale) == pytest.approx((learned.mean(), learned.std()))
    (x,) = encode(saved.inputs, table)
    error = target.decode(model.predict(x)[:, 0].astype(float)) - y
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


def test_the_largest_and_the_smallest_differences_are_printed(capsys):
    """Six digits of 1.7e9 would be one number; what is printed is what the model says."""
    rng = np.random.default_rng(0)
    x = rng.normal(size=300)
    rows = list(zip(x.tolist(), (1.7e9 + 3000 * x).tolist(), strict=True))
    write("data.csv", ["x", "y"], rows)
    out = run(capsys, "train", "data.csv", "--target", "y", "--hidden", 0, "--learning-rate", 0.02)
    assert measure(out, "R squared") > 0.999
    _, predicted = read(run(capsys, "predict", "model.safetensors", "data.csv"))
    shown = np.array(predicted, float)[:, 0]
    truth = np.array(rows)[:, 1]
    assert 1 - ((shown - truth) ** 2).sum() / ((truth - truth.mean()) ** 2).sum() > 0.999
    model = load_model("model.safetensors")
    saved = Saved.from_metadata(model.metadata)
    (inputs,) = encode(saved.inputs, read_table("data.csv"))
    np.testing.assert_array_equal(
        shown, saved.target.decode(model.predict(inputs)[:, 0].astype(float))
    )


def test_probabilities_are_printed_in_full(capsys):
    run(capsys, "train", IRIS, "--target", "species", "--epochs", 3)
    _, rows = read(run(capsys, "predict", "model.safetensors", IRIS))
    model = load_model("model.safetensors")
    (x,) = encode(Saved.from_metadata(model.metadata).inputs, read_table(IRIS))
    shown = np.array([row[1:] for row in rows], np.float32)
    np.testing.assert_array_equal(shown, model.predict(x))


# --- the target -----------------------------------------------------------------------------------


def test_0_and_0_point_0_are_one_class(capsys):
    write("data.csv", ["x", "y"], [(i, ("0", "0.0", "1", "1.00")[i % 4]) for i in range(40)])
    out = run(capsys, "train", "data.csv", "--target", "y", "--epochs", 1)
    assert "classification, 2 classes: 0, 1\n" in out


def test_percentages_are_predicted_as_such(capsys):
    write("data.csv", ["x", "y"], [(i, f"{i / 2}%") for i in range(40)])
    assert "target: regression" in run(capsys, "train", "data.csv", "--target", "y")
    _, rows = read(run(capsys, "predict", "model.safetensors", "data.csv"))
    assert all(re.fullmatch(r"-?[0-9.]+%", row[0]) for row in rows)


@pytest.mark.parametrize(
    ("values", "wanted"),
    [
        (["2024-01-02", "2024-01-03"], "column 'y': looks like dates or times ('2024-01-02'); to"),
        (
            ["1,234", "999"],
            "'y': looks like numbers ('1,234'); to use them, read the table with --th",
        ),
        (
            ["1", "2", "3", "many"],
            "'y': not numeric, because 'many' in line 5 is no number, nor are",
        ),
    ],
)
def test_targets_that_need_a_decision(capsys, values, wanted):
    write("data.csv", ["x", "y"], [(i * 1.5, values[i % len(values)]) for i in range(40)])
    assert wanted in refused(capsys, "train", "data.csv", "--target", "y")
    arguments = ("--target", "y", "--task", "classification", "--epochs", 1)
    assert f"{len(values)} classes" in run(capsys, "train", "data.csv", *arguments)


def test_rows_without_a_target_are_left_out_on_request(capsys):
    write("data.csv", ["x", "y"], [(i * 1.5, "" if i % 4 == 3 else i % 4) for i in range(40)])
    wanted = "line 5: column 'y' has no value, nor in 9 other rows"
    assert wanted in refused(capsys, "train", "data.csv", "--target", "y")
    out = run(capsys, "train", "data.csv", "--target", "y", "--impute", "--epochs", 1)
    assert "3 classes: 0, 1, 2; 10 rows without it left out" in out
    assert "on 24 rows" in out
    assert "6 rows held out" in out


# --- when to stop, and tests ----------------------------------------------------------------------


def noisy(n=300):
    """Rows (eight numbers, y): the first number decides, but one in five classes is wrong."""
    rng = np.random.default_rng(0)
    x = rng.normal(size=(n, 8)).round(3)
    y = (x[:, 0] > 0) ^ (rng.random(n) < 0.2)
    return write(
        "data.csv", [*"abcdefgh", "y"], [(*u, int(v)) for u, v in zip(x.tolist(), y, strict=True)]
    )


def test_training_stops_early_and_keeps_the_best_epoch(capsys):
    arguments = ("train", noisy(), "--target", "y", "--hidden", "64,64", "--learning-rate", 0.01)
    out = run(capsys, *arguments)
    stopped, best = re.search(r"(\d+) epochs on 204 rows, the best after (\d+):", out).groups()
    assert int(stopped) == int(best) + 10  # the default patience
    assert load_model("model.safetensors").trained_epochs == int(stopped)
    overfitted = run(capsys, *arguments, "--validation-split", 0)
    assert "100 epochs on 240 rows: loss" in overfitted
    assert measure(out, "cross-entropy") < measure(overfitted, "cross-entropy") / 2


def test_cross_validation(capsys, monkeypatch):
    """Each row is tested once, by a model that has not seen it; the last model sees all of them."""
    seen = []
    monkeypatch.setattr(
        "fastscratch.cli.experiment.Experiment.prepare",
        lambda self, rows, prepare=Experiment.prepare: seen.append(rows) or prepare(self, rows),
    )
    out = run(capsys, "train", noisy(), "--target", "y", "--cv", 3, "--epochs", 2)
    assert "cross-validation in 3 folds, mean and standard deviation:" in out
    assert "held out" not in out
    assert seen[0].tolist() == list(range(300))
    tested = [np.setdiff1d(range(300), rows) for rows in seen[1:]]
    assert np.sort(np.concatenate(tested)).tolist() == list(range(300))
    counts = np.array([line.split()[1:] for line in out.splitlines()[-4:-2]], int)
    assert counts.sum() == 300
    accuracy = counts.trace() / 300  # folds of one size: their mean is that of all rows
    shown = re.search(r"^  accuracy +(\S+) ", out, re.MULTILINE)[1]
    assert float(shown) == pytest.approx(accuracy, abs=1e-3)


def test_cross_validation_of_a_regression(capsys):
    out = run(capsys, "train", linear(90), "--target", "y", "--cv", 3, "--epochs", 2)
    deviation = re.search(r"^  mean absolute error +\S+ +(\S+)$", out, re.MULTILINE)[1]
    assert float(deviation) > 0


def test_many_classes_list_the_most_frequent_confusions(capsys):
    write("data.csv", ["x", "y"], [(i % 20, f"class {i % 20}") for i in range(200)])
    out = run(capsys, "train", "data.csv", "--target", "y", "--epochs", 1)
    first, *others = re.findall(r"^  class \d+ taken for class \d+: (\d+)$", out, re.MULTILINE)
    assert len(others) == 9
    assert int(first) == max(map(int, [first, *others]))


# --- options --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "options",
    [
        *(["--ignore", "k"], ["--id", "k"], ["--hidden", "4"], ["--categorical", "k"]),
        *(["--na-values", "-9"], ["--impute"], ["--ignore", "k", "--ignore", "x2"]),
    ],
)
def test_an_option_before_the_file_does_not_take_its_name(capsys, options):
    write("data.csv", ["x", "x2", "k", "y"], [(x, x % 7, k, y) for x, k, y in GOOD])
    out = run(capsys, "train", "--target", "y", "--epochs", 1, *options, "data.csv")
    assert out.startswith("data.csv: 20 rows")
    assert ("  k   ignored\n" in out) == ("--ignore" in options)


def test_identifiers_are_carried_to_the_predictions(capsys):
    rows = [(f"00{i}", f"name, {i}", x, y) for i, (x, _, y) in enumerate(GOOD)]
    write("data.csv", ["nr", "name", "x", "y"], rows)
    arguments = ("--target", "y", "--id", "nr", "--id", "name", "--epochs", 1)
    out = run(capsys, "train", "data.csv", *arguments)
    assert "  nr    left out, and carried to the predictions\n" in out
    header, predicted = read(run(capsys, "predict", "model.safetensors", "data.csv"))
    assert header == ["nr", "name", "y", "p(a)", "p(b)"]
    assert [tuple(row[:2]) for row in predicted] == [row[:2] for row in rows]
    other = run(capsys, "predict", "model.safetensors", "data.csv", "--id", "x")
    assert read(other)[0] == ["x", "y", "p(a)", "p(b)"]
    write("few.csv", ["x", "name"], [(1, "n"), (2, "")])  # those that are there
    header, predicted = read(run(capsys, "predict", "model.safetensors", "few.csv"))
    assert header == ["name", "y", "p(a)", "p(b)"]
    assert [row[0] for row in predicted] == ["n", ""]
    wanted = "few.csv has no column 'nr'; it has x, name"
    assert wanted in refused(capsys, "predict", "model.safetensors", "few.csv", "--id", "nr")


def test_what_means_missing_is_remembered(capsys):
    write("data.csv", ["x", "y"], [(-99 if i % 5 == 0 else i, i % 2) for i in range(40)])
    arguments = ("--target", "y", "--epochs", 1, "--impute", "--na-values", "-99")
    assert "8 missing values" in run(capsys, "train", "data.csv", *arguments)
    write("new.csv", ["x"], [(-99,), ("",)])
    _, rows = read(run(capsys, "predict", "model.safetensors", "new.csv"))
    assert rows[0] == rows[1]


def test_the_standard_input(capsys, monkeypatch):
    def stdin(path):
        with open(path, "rb") as file:
            monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(file.read())))

    stdin(IRIS)
    out = run(capsys, "train", "-", "--target", "species", "--epochs", 1)
    assert out.startswith("the standard input: 150 rows, 5 columns")
    stdin(IRIS)
    shown = run(capsys, "predict", "model.safetensors", "-")
    assert shown == run(capsys, "predict", "model.safetensors", IRIS)


# --- files ----------------------------------------------------------------------------------------


def test_predictions_into_a_file(capsys, folder):
    run(capsys, "train", IRIS, "--target", "species", "--epochs", 1)
    screen = run(capsys, "predict", "model.safetensors", IRIS)
    assert run(capsys, "predict", "model.safetensors", IRIS, "--output", "out.csv") == ""
    assert (folder / "out.csv").read_text() == screen


@pytest.mark.slow
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
    assert "data.csv: 20 rows, 2 columns" in out


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
        ([(x, k, "") for x, k, _ in GOOD], "line 2: column 'y' has no value, nor in 19 other rows"),
        ([(x, 0, f"{x % 1001}c") for x in range(2002)], "holds 1001 different values, too many c"),
        (GOOD[:9], "data.csv has 9 rows, too few to learn from some and test with others"),
        ([(*row[:2], "a") for row in GOOD], "column 'y' holds only 'a': there is nothing to pred"),
        (changed(0, 2, "c"), "class 'c' of column 'y' has one row; it needs at least two"),
        ([*GOOD, (1, 2)], "data.csv, line 22: 2 values, but the first line names 3 columns"),
        ([], "data.csv has no rows below its first line; it needs names of columns"),
        (
            [(1, 2, "1e400" if i == 3 else i) for i in range(20)],
            "data.csv, line 5: column 'y' must hold finite numbers, got 'inf'",
        ),
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
        (b"a,b\n1,2\n3\n" + b"1,2\n" * 9999, "data.csv, line 3: 1 value, but the first line"),
        (b"a,b\n1,2\n" + b"1,2,3\n" * 9, "data.csv, line 3: 3 values, but the first line names"),
        (b"a,b\n" + b"1,2,3\n" * 9, "data.csv, line 2: 3 values, but the first line names 2 col"),
        (b"\xff\xfea\0", "data.csv has no rows below its first line; it needs names of columns"),
        (b"\xff\xfea\0b", "data.csv is no text in utf-16; name its --encoding: 'utf-16-le' codec"),
        (b"a,b\n1,\x81\n", "data.csv is no text in cp1252; name its --encoding: 'charmap' codec c"),
        (
            gzip.compress(b"a,b\n1,2\n", mtime=0),
            "data.csv is no table of text: gzip compressed it; unpack it",
        ),
        (bz2.compress(b"a,b\n1,2\n"), "data.csv is no table of text: bzip2 compressed it; unpack"),
        (lzma.compress(b"a,b\n1,2\n"), "data.csv is no table of text: xz compressed it; unpack"),
        (zipped(b"a,b\n1,2\n"), "data.csv is no table of text: it is a spreadsheet or a zip arch"),
        (b"PAR1\x15\0", "data.csv is no table of text: it is a Parquet file; save it as CSV"),
        (
            "a,b\n1,2\n".encode("utf-16-le"),
            "data.csv is no table of text: it holds zero bytes; if it is in UTF-16, name its --enc",
        ),
        (b"sep=;\na;b\n1;2\n", "data.csv begins with 'sep=;', which tells Excel the separator"),
        (b'"sep=,"\r\na,b\r\n1,2\r\n', "data.csv begins with '\"sep=,\"', which tells Excel"),
        (b"a" * (2**22 + 1), "data.csv is no table: a line has more than 4194304 bytes"),
        (b'a,b\n1,"2\n', "data.csv is no table: EOF inside string starting at row 1"),
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
        (["--target", "y", "--ignore", "x", "--ignore", "k"], "no column to predict 'y' from"),
        (["--target", "y", "--task", "regression"], "column 'y' must hold finite numbers, got 'a'"),
        (["--target", "y", "--hidden", "0,1"], "units must be at least 1, as in 32,16, got '0,1'"),
        (
            ["--target", "y", "--hidden", "x"],
            "argument --hidden: units must be at least 1, as in 32",
        ),
        (["--target", "y", "--id", "z"], "--id: data.csv has no column 'z'"),
        (["--target", "y", "--categorical", "z"], "--categorical: data.csv has no column 'z'"),
        (["--target", "y", "--numeric", "y"], "--numeric: column 'y' is the target; use --task"),
        (["--target", "x", "--id", "x"], "--id: column 'x' is the target"),
        (["--target", "y", "--cv", "1"], "--cv must be at least 2, got 1"),
        (
            ["--target", "y", "--cv", "11"],
            "--cv 11 needs at least two rows in each fold, and there a",
        ),
        (["--target", "y", "--patience", "0"], "--patience must be at least 1, got 0"),
        (
            ["--target", "y", "--validation-split", "1"],
            "--validation-split must be at least 0 and b",
        ),
        (["--target", "y", "--encoding", "klingon"], "--encoding: there is no encoding 'klingon'"),
        (["--target", "y", "--sep", "ab"], "--sep must be one character, got 'ab'"),
        (["--target", "y", "--decimal", ",", "--thousands", ","], "must differ, got ',' twice"),
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
    assert "it holds zero bytes" in refused(capsys, "train", "/dev/zero", "--target", "a")


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
        ([{"name": "x", "categories": [7]}], NUMBER, "the model does not say what columns it is"),
        (
            [NUMBER, {"kind": "embedding", "name": "x", "categories": ["1"]}],
            {"name": "y", "categories": ["a", "b"]},
            "x must ",
        ),
        ([{**NUMBER, "kind": "magic"}], NUMBER, "the model does not say what columns it is for"),
        ([{**NUMBER, "fill": "x"}], NUMBER, "the model does not say what columns it is for"),
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


def test_a_name_may_be_written_with_accents_of_their_own(capsys):
    """The two ways of Unicode look the same; macOS writes the one, keyboards the other."""
    write(
        "data.csv",
        ["e\u0301", "cle\u0301", "o\u0308"],
        [(x, i, y) for i, (x, _, y) in enumerate(GOOD)],
    )
    out = run(capsys, "train", "data.csv", "--target", "\xf6", "--id", "cl\xe9", "--epochs", "1")
    assert "  \xe9  " in out
    write("other.csv", ["\xe9", "cl\xe9"], [(x, i) for i, (x, _, _) in enumerate(GOOD)])
    header, rows = read(run(capsys, "predict", "model.safetensors", "other.csv"))
    assert header[0] == "cl\xe9"
    assert [row[0] for row in rows] == [str(i) for i in range(len(GOOD))]


def test_classes_that_differ_in_their_last_digit(capsys):
    """Identifiers have more digits than the 15 that every float64 has."""
    big = ["9007199254740992", "9007199254740993"]
    write("data.csv", ["x", "y"], [(i % 2, big[i % 2]) for i in range(40)])
    out = run(capsys, "train", "data.csv", "--target", "y", "--epochs", "1")
    assert f"classification, 2 classes: {', '.join(big)}" in out
    header, _ = read(run(capsys, "predict", "model.safetensors", "data.csv"))
    assert header[-2:] == [f"p({number})" for number in big]
