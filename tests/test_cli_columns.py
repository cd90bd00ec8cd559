"""What `fastscratch train` makes of columns, and says of them."""

import re

import numpy as np
import pytest

from fastscratch import Sequential, cli, layers, load_model
from fastscratch.cli.columns import Classes, Embedded, Indicator, Numeric, OneHot, encode
from fastscratch.cli.judging import Wishes, judge
from fastscratch.cli.metadata import Saved
from fastscratch.cli.reading import read_table


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    """Run in a folder of one's own."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def column(values, name="x"):
    """A table of one column, and one that is of no interest."""
    with open("data.csv", "w", encoding="utf-8") as file:
        file.write(f"{name};other\n" + "".join(f"{value};o\n" for value in values))
    return read_table("data.csv")


def judged(values, name="x", learned=None, **wishes):
    """The inputs that a column becomes, and the words about it."""
    rows = np.arange(len(values)) if learned is None else np.array(learned)
    verdict = judge(column(values, name), name, rows, Wishes(**wishes))
    return verdict.inputs, verdict.words


# --- what is used ---------------------------------------------------------------------------------


def test_numbers():
    assert judged([1, 3, 2, 2]) == ([Numeric("x", 2, 0.5**0.5)], "numeric")


def test_only_learned_rows_are_measured():
    assert judged([1, 3, 999], learned=[0, 1])[0] == [Numeric("x", 2, 1)]


def test_percentages():
    assert judged(["1%", "3 %"]) == ([Numeric("x", 2, 1, are_percentages=True)], "percentages")


def test_texts():
    assert judged(["b", "a", "b", "a"]) == ([OneHot("x", ["a", "b"])], "category of 2")


def test_codes_are_texts():
    """With digits of other scripts too; 1_11 and 11_1 are the same to Python."""
    values = ["1_11", "11_1", "007", "7", "7x"] * 2
    assert judged(values)[0] == [OneHot("x", ["007", "11_1", "1_11", "7", "7x"])]
    assert judged(["007", "012"] * 3)[0] == [OneHot("x", ["007", "012"])]


def test_rare_texts_are_one_category():
    inputs, words = judged(["a"] * 3 + ["b"] * 2 + ["c", "d"])
    assert inputs == [OneHot("x", ["a", "b"], has_others=True)]
    assert words == "category of 2, and one for 2 rarer texts"


def test_texts_that_no_learned_row_has_get_no_weight():
    inputs, _ = judged(["a", "a", "b", "b", "c", "c"], learned=[0, 1, 2, 3])
    assert inputs == [OneHot("x", ["a", "b"])]
    encoded = inputs[0].encode(column(["b", "c", "new"]))
    np.testing.assert_array_equal(encoded, [[0, 1], [0, 0], [0, 0]])


def test_many_categories_are_embedded():
    inputs, words = judged([f"t{i}" for i in range(100)] * 3 + ["once"])
    assert isinstance(inputs[0], Embedded)
    assert sorted(inputs[0].categories) == sorted(f"t{i}" for i in range(100))
    assert (inputs[0].n_vectors, inputs[0].length) == (101, 6)  # 2 * 100 ** 0.25 = 6.3
    assert words == "category of 100, and one for 1 rarer text; each is embedded as 6 numbers"
    places = encode(inputs, column(["t0", "once", "never"]))[0]
    assert places.shape == (3, 1)
    assert places[:, 0].tolist() == [inputs[0].categories.index("t0"), 100, 100]


def test_the_number_of_categories_is_capped(monkeypatch):
    monkeypatch.setattr("fastscratch.cli.judging.MOST_CATEGORIES", 40)
    inputs, words = judged([f"t{i}" for i in range(50)] * 2 + [f"t{i}" for i in range(10, 50)])
    assert sorted(inputs[0].categories) == sorted(f"t{i}" for i in range(10, 50))
    assert words.startswith("category of 40, and one for 10 rarer texts")


def test_29_000_categories_are_no_matter_of_memory():
    values = [f"t{i}" for i in range(29_000)] * 2
    inputs, words = judged(values)
    assert words.startswith("category of 10000, and one for 19000 rarer texts; each is embedded")
    assert encode(inputs, column(values))[0].nbytes == 4 * 58_000


# --- what is left out -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("values", "name", "words"),
    [
        ([7] * 4, "x", "left out: constant, always 7 in the learned rows"),
        (["a"] * 4, "x", "left out: constant, always 'a' in the learned rows"),
        (["", "NA"], "x", "left out: no values"),
        (
            ["2024-01-02", "2024-01-03"] * 9,
            "x",
            "left out: looks like dates or times ('2024-01-02'); to use them, add columns of numb",
        ),
        (
            ["1,234", "999", "0"],
            "x",
            "left out: looks like numbers ('1,234'); to use them, read the table with --thousands "
            ", or --decimal ,",
        ),
        (
            ["1 234", "1 234,5"],
            "x",
            "left out: looks like numbers ('1 234'); to use them, read the table with --decimal , "
            "--thousands ' '",
        ),
        (
            [f"n{i}" for i in range(30)],
            "my name",
            "left out: looks like an identifier, with 30 different texts in 30 rows; --categorical "
            "'my name' uses it, and --id 'my name' carries it to the predictions",
        ),
        (
            [*(f"{i}.5" for i in range(30)), "much"],
            "x",
            "left out: not numeric, because 'much' in line 32 is no number; if it means a missing "
            "value, add --na-values much --impute",
        ),
        ([9, 2, 5], "id", "left out: looks like an identifier; --numeric id uses it, and --id id"),
        ([9, 2, 5], "user_id", "left out: looks like an identifier"),
        ([9, 2, 5], "userId", "left out: looks like an identifier"),
        ([1, 2, 3], "index", "left out: looks like an identifier"),
        ([0, 1, 2], "", "left out: looks like an identifier"),
    ],
)
def test_columns_that_are_left_out(values, name, words):
    read = column(values, name)
    verdict = judge(read, name or "Unnamed: 0", np.arange(len(values)), Wishes())
    assert verdict.inputs == []
    assert verdict.words.startswith(words)


@pytest.mark.parametrize(
    ("values", "name"),
    [([9, 2, 9], "id"), ([9, 2.5, 5], "id"), ([9, 2, 5], "paid"), ([1, 2, 4], "index")],
)
def test_numbers_that_are_no_identifiers(values, name):
    assert judged(values, name)[1] == "numeric"


def test_numbers_that_count_the_rows_are_used_with_a_warning():
    inputs, words = judged([2001, 2002, 2003], "my year")
    assert len(inputs) == 1
    assert words.startswith("numeric; counts upwards by one: if it only numbers the rows, leave it")
    assert words.endswith("--ignore 'my year'")


def test_one_stray_text_is_named_with_its_line():
    values = [20 + i % 40 for i in range(400)]
    values[7], values[9] = "young", "old"
    inputs, words = judged(values)
    assert len(inputs[0].categories) == 40
    assert words == (
        "category of 40, and one for 2 rarer texts; each is embedded as 5 numbers; not numeric, "
        "because 'young' in line 9 is no number, nor is 1 other value; if it means a missing "
        "value, add --na-values young --impute"
    )


def test_what_is_found_can_be_overruled():
    assert judged([9, 2, 5], "id", numeric=["id"])[1] == "numeric"
    assert judged(["007", "010"] * 3, numeric=["x"])[0] == [Numeric("x", 8.5, 1.5)]
    assert judged(["1%", "3%"], numeric=["x"])[1] == "percentages"
    dates = ["2024-01-02", "2024-01-03"] * 3
    assert judged(dates, categorical=["x"])[0] == [OneHot("x", sorted(set(dates)))]
    assert judged([1, 2] * 2, categorical=["x"]) == ([OneHot("x", ["1", "2"])], "category of 2")
    read = read_table("data.csv", as_texts=["x"])
    assert judge(read, "x", np.arange(4), Wishes(categorical=["x"])).words == "category of 2"
    with pytest.raises(
        ValueError, match=r"^data.csv, line 2: column 'x' must hold finite numbers, g"
    ):
        judged(["a", "b"], numeric=["x"])


# --- missing values -------------------------------------------------------------------------------


def test_missing_values_are_refused():
    wanted = (
        r"^data.csv, line 3: column 'x' has no value, nor in 1 other row; fill in missing values, "
        "leave out the rows, or train with --impute$"
    )
    with pytest.raises(ValueError, match=wanted):
        judged([1, "", "NA", 4])


def test_the_median_stands_for_missing_numbers():
    inputs, words = judged([1, 2, 9, "", "NA"], impute=True)
    assert inputs == [Numeric("x", 16 / 5, inputs[0].scale, fill=2), Indicator("x")]
    assert inputs[0].scale == pytest.approx(np.std([1, 2, 9, 2, 2]))
    assert words == "numeric; 2 missing values, for which the median 2 stands, marked"
    x = encode(inputs, column(["", 9]))[0]
    assert x[:, 1].tolist() == [1, 0]
    assert x[0, 0] == pytest.approx((2 - 3.2) / inputs[0].scale)


def test_the_most_frequent_text_stands_for_missing_ones():
    inputs, words = judged(["a", "b", "b", "", "a", "b"], impute=True)
    assert inputs == [OneHot("x", ["a", "b"], fill="b"), Indicator("x")]
    assert words == "category of 2; 1 missing value, for which 'b' stands, marked"
    np.testing.assert_array_equal(encode(inputs, column(["", "a"]))[0], [[0, 1, 1], [1, 0, 0]])


def test_values_that_are_missing_in_no_learned_row_have_no_indicator():
    inputs, _ = judged([1, 2, ""], learned=[0, 1], impute=True)
    assert inputs == [Numeric("x", 1.5, 0.5, fill=1.5)]


def test_whether_a_constant_is_missing_may_tell_something():
    assert judged([5, 5, ""], impute=True) == (
        [Indicator("x")],
        "always 5 in the learned rows; 1 missing value, marked",
    )
    assert judged(["a", "a", ""], impute=True)[0] == [Indicator("x")]


# --- in the model's file --------------------------------------------------------------------------


def test_metadata_make_the_same_columns_again():
    inputs = [
        *(Numeric("a", 1.0, 2.0, True, 3.0), Numeric("b", 0.0, 1.0), Indicator("a")),
        *(OneHot("c", ["x", "y"], "x", True), Embedded("d", ["z"], None)),
    ]
    for target in (Classes("t", ["0", "1"]), Numeric("t", 5.0, 2.0, True)):
        saved = Saved(inputs, target, ["id"], column([1]).dialect)
        assert Saved.from_metadata(saved.to_metadata()) == saved


def test_files_of_version_0_1(capsys):
    """They had no kinds of columns, and named every text."""
    model = Sequential([layers.Input((3,)), layers.Dense(2, "softmax", kernel_initializer="zeros")])
    model.metadata = {
        "inputs": [
            {"name": "x", "mean": 1.0, "scale": 2.0},
            {"name": "k", "categories": ["p", "q"]},
        ],
        "target": {"name": "y", "categories": ["no", "yes"]},
    }
    model.count_params()
    weights = [np.array([[0, 1], [0, 2], [0, 4]]), np.zeros(2)]
    model.set_weights(weights)
    model.save("old.safetensors")
    with open("new.csv", "w") as file:
        file.write("k,x\np,1\nq,1\nr,3\n")
    assert cli.main(["predict", "old.safetensors", "new.csv"]) == 0
    out, err = capsys.readouterr()
    shown = np.array([line.split(",")[2] for line in out.splitlines()[1:]], np.float32)
    np.testing.assert_allclose(shown, 1 / (1 + np.exp(-np.array([2.0, 4, 1]))), rtol=1e-6)
    assert err.endswith(  # after what the compiler may say
        "fastscratch: column 'k': 'r' in line 4 is none of the 2 categories that the model tells "
        "apart\n"
    )


def test_constant_inputs_have_no_weight(capsys):
    """Whatever they are later: a first weight of theirs would stay as random as it was."""
    rng = np.random.default_rng(0)
    with open("data.csv", "w") as file:
        file.write("extra,x,y\n")
        file.writelines(f"0,{x!r},{1 + 2 * x!r}\n" for x in rng.normal(size=200).tolist())
    assert cli.main(["train", "data.csv", "--target", "y", "--hidden", "0", "--seed", "1"]) == 0
    assert re.search("^  extra +left out: constant, always 0 in", capsys.readouterr().out, re.M)
    assert [c["name"] for c in load_model("model.safetensors").metadata["inputs"]] == ["x"]
    predicted = []
    for extra in ("0", "1000"):
        with open("new.csv", "w") as file:
            file.write(f"extra,x\n{extra},0.25\n")
        assert cli.main(["predict", "model.safetensors", "new.csv"]) == 0
        predicted.append(float(capsys.readouterr().out.split()[1]))
    assert predicted[0] == predicted[1] == pytest.approx(1.5, abs=0.3)
