"""What a notebook shows of models and fits; sizes as Keras prints them."""

import math
import re
import xml.etree.ElementTree as ET

import numpy as np
import pytest

from fastscratch import Input, Model, Sequential, layers, notebook


def cells(html):
    """The texts of each row of the tables in some HTML, which must be well formed."""
    root = ET.fromstring(f"<div>{html.replace('<br>', '<br/>')}</div>")
    return [["".join(cell.itertext()) for cell in row] for row in root.iter("tr")]


@pytest.fixture
def digits():
    return Sequential([layers.Input((784,)), layers.Dense(100, "relu"), layers.Dense(10)])


def test_summary_has_sizes_as_keras_prints_them(digits, capsys):
    digits.summary()
    printed = capsys.readouterr().out
    assert "Total params: 79,510 (310.59 KB)\n" in printed
    assert "Non-trainable params: 0 (0.00 B)\n" in printed


def test_summary_in_float64_takes_twice_the_memory(capsys):
    Sequential([layers.Input((784,)), layers.Dense(100)], dtype="float64").summary()
    assert "Total params: 78,500 (613.28 KB)\n" in capsys.readouterr().out


def test_a_graph_says_what_each_layer_reads(capsys):
    inputs = Input((4,))
    branch = layers.Dense(4, name="branch")(inputs)
    model = Model(inputs, layers.Add(name="sum")([branch, inputs]))
    model.summary()
    rows = [line.split("  ") for line in capsys.readouterr().out.splitlines()]
    assert [row[-1].strip() for row in rows if row[0].startswith(("branch", "sum"))] == [
        "input",
        "branch, input",
    ]
    assert cells(model._repr_html_())[0][-1] == "Connected to"


def test_a_notebook_shows_the_same_rows(digits, capsys):
    digits.summary()
    printed = capsys.readouterr().out
    head, *rows = cells(digits._repr_html_())
    assert head == ["Layer (type)", "Output Shape", "Param #"]
    assert [row[1:] for row in rows] == [["(None, 100)", "78,500"], ["(None, 10)", "1,010"]]
    assert all(cell in printed for row in rows for cell in row)


def test_a_model_that_is_not_built_is_shown_as_text():
    assert Sequential([layers.Dense(3)])._repr_html_() is None


def test_names_cannot_smuggle_html():
    html = notebook.table(["<b>"], [["<script>"], ["<svg onload=x>"]], "<i>")
    assert "&lt;script&gt;" in html
    assert "<svg" not in html
    assert cells(html) == [["<b>"], ["<script>"], ["<svg onload=x>"]]


def test_history_shows_the_course_of_each_number(digits):
    digits.compile("sgd", "mse", metrics=["mae"])
    rng = np.random.default_rng(0)
    x, y = rng.random((20, 784)), rng.random((20, 10))
    history = digits.fit(x, y, epochs=3, verbose=0)
    head, loss, mae = cells(history._repr_html_())
    assert head[1:] == ["3 epochs", "first", "last", "lowest", "highest"]
    assert (loss[0], mae[0]) == ("loss", "mae")
    values = history.history["loss"]
    shown = [f"{v:.4g}" for v in (values[0], values[-1], min(values), max(values))]
    assert loss[2:] == shown


def test_a_sparkline_is_highest_where_the_number_is():
    line = ET.fromstring(notebook.sparkline([1.0, 3.0, math.nan, 2.0], width=34, height=14))
    assert line[0].get("points") == "2.0,12.0 12.0,2.0 32.0,7.0"


@pytest.mark.parametrize("values", [[], [math.nan], [5.0], [2.0, 2.0]])
def test_a_sparkline_of_hardly_anything(values):
    drawn = notebook.sparkline(values)
    assert (drawn == "") == (not values or math.isnan(values[0]))
    if drawn:
        ET.fromstring(drawn)


def summaries():
    sklearn = pytest.importorskip("fastscratch.linear_model")
    rng = np.random.default_rng(0)
    X, y = rng.random((30, 2)), rng.random(30)
    yield sklearn.LinearRegression().fit(X, y).summary()
    yield sklearn.LinearRegression().fit(X, np.column_stack([y, y**2])).summary(bootstrap=20)
    yield sklearn.LogisticRegression(C=math.inf).fit(X, np.arange(30) % 3).summary()


def test_a_notebook_shows_the_numbers_of_a_summary_in_tables():
    """The same words in the same order as in the text, but for its rules of dashes."""
    for summary in summaries():
        html = summary._repr_html_()
        words = " ".join(ET.fromstring(f"<div>{html.replace('<br>', ' ')}</div>").itertext())
        text = str(summary).replace("\n---\n", "\n")
        assert re.findall(r"[^\s:]+", words) == re.findall(r"[^\s:]+", text)
        assert html.count("<table>") == len(summary.equations) * (
            1 + (summary.residual_quantiles is not None)
        )


def test_names_of_columns_cannot_smuggle_html():
    sklearn, pd = pytest.importorskip("fastscratch.linear_model"), pytest.importorskip("pandas")
    X = pd.DataFrame({"<svg onload=x>": [1.0, 2.0, 4.0, 3.0]})
    html = sklearn.LinearRegression().fit(X, [1.0, 2.0, 3.0, 5.0]).summary()._repr_html_()
    assert "<svg" not in html
    assert "&lt;svg onload=x&gt;" in html
