"""The reader of tables: separators, numbers, encodings, missing values, and what it refuses."""

import io
import os
import sys
import threading

import numpy as np
import pytest

from fastscratch import cli
from fastscratch.cli.dialect import Dialect
from fastscratch.cli.grammar import Grammar, are_dates
from fastscratch.cli.reading import read_table
from fastscratch.cli.table import Texts


@pytest.fixture
def table(tmp_path):
    """Read a table from bytes, or from a text in UTF-8."""

    def read(content, **options):
        as_texts = options.pop("as_texts", ())
        path = tmp_path / "data.csv"
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return read_table(str(path), Dialect(**options), as_texts=as_texts)

    return read


def values(table, name):
    """The values of a column, as a list."""
    column = table[name]
    if isinstance(column, Texts):
        return list(column.each(column.values, None, object))
    return column.tolist()


# --- numbers --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "number"),
    [
        *(("0", 0), ("5", 5), ("-12", -12), ("+3", 3), ("2.50", 2.5), (".5", 0.5), ("5.", 5)),
        *(("1e5", 1e5), ("-2.5E-3", -0.0025), ("1" * 30, float("1" * 30)), ("1e-400", 0)),
    ],
)
def test_numbers(table, text, number):
    assert Grammar().is_number(text)
    assert Grammar().number(text) == number
    assert values(table(f"a,b\n{text},1\n"), "a") == [number]


@pytest.mark.parametrize(
    "text",
    [
        *("1_11", "0x1A", "infinity", "inf", "-inf", "Infinity", "\u0661\u0662", "\uff11", "\xb2"),
        *("1 2", "1,5", "1e", "1d5", "--5", "1.2.3", "", "e5", ".", "-", "5 %", "TRUE", "1e5.5"),
        *("007", "00", "-01"),
    ],
)
def test_texts(table, text):
    """What Python, C or other tables take for a number is a text here, or a code."""
    assert not Grammar().is_number(text)
    read = table(f'a,b\n"{text}",1\n"{text}x",1\n')
    assert values(read, "a") == [text or None, f"{text}x"]


@pytest.mark.parametrize(
    ("decimal", "thousands", "text", "number"),
    [
        (",", None, "1,5", 1.5),
        (",", ".", "1.234.567,25", 1234567.25),
        (",", ".", "12,5", 12.5),
        (".", ",", "1,234.5", 1234.5),
        (".", "'", "1'234", 1234),
        (".", " ", "1 234 567", 1234567),
        (".", "\u202f", "1\u202f234", 1234),
    ],
)
def test_other_marks(table, decimal, thousands, text, number):
    assert Grammar(decimal, thousands).number(text) == number
    read = table(f"a;b\n{text};1\n{text};1\n", decimal=decimal, thousands=thousands)
    assert values(read, "a") == [number, number]


@pytest.mark.parametrize("text", ["1,23", "12,34,567", "1234,567", ",123", "1,234,56", "0,123"])
def test_groups_have_three_digits(text):
    assert not Grammar(".", ",").is_number(text)


@pytest.mark.parametrize(
    ("text", "share"), [("12%", 12.0), ("12.5 %", 12.5), ("-3%", -3.0), ("007%", 7.0)]
)
def test_percentages(text, share):
    assert Grammar().percentage(text) == share
    assert Grammar().percentage(text[:-1]) is None


@pytest.mark.parametrize(
    "text",
    [
        *("2024-03-01", "1.3.2024", "01/03/24", "2024/3/1", "1 March 2024", "Mar 1, 2024"),
        *("1-Mar-24", "2024-03-01 12:30", "2024-03-01T12:30:15.25Z", "2024-03-01 12:30:00+01:00"),
        *("9:05", "9:05 pm"),
    ],
)
def test_dates(text):
    assert are_dates([text])
    assert not are_dates([text, "soon"])


@pytest.mark.parametrize(
    "text", ["2024", "1.3", "1-2", "1:2", "2024-03/01", "March", "\u0661:\u0660\u0660", "1/2/3/4"]
)
def test_no_dates(text):
    assert not are_dates([text])


def test_a_text_after_many_numbers_keeps_the_texts_of_the_numbers(table):
    """Long after the rows that are looked at, and in another block of pandas."""
    n = 300_000
    read = table("a,b\n" + "1.50,1\n" * n + "x,2\n")
    texts = read["a"]
    assert texts.values == ["1.50", "x"]
    assert texts.codes.tolist() == [0] * n + [1]
    assert read["b"].sum() == n + 2


def test_infinity_after_many_numbers_is_a_text(table):
    assert table("a\n" + "1\n" * 2000 + "Infinity\n")["a"].values == ["1", "Infinity"]


def test_equal_numbers_are_one_text(table):
    texts = table("a,b\n0,0\n0.0,0\n1,0\n,0\n1.0,0\n0.1,0\n").texts("a")
    assert texts.values == ["0", "0.1", "1"]
    assert texts.codes.tolist() == [0, 0, 2, -1, 2, 1]


def test_numbers_that_differ_are_different_texts(table):
    """In few digits, but as many as that needs."""
    written = ["0.3", "0.30000000000000004", "1e+22", "123456789012345680"]
    texts = table("a\n" + "\n".join(written) + "\n").texts("a")
    assert texts.values == ["0.3", "0.30000000000000004", "1.2345678901234568e+17", "1e+22"]
    assert texts.codes.tolist() == [0, 1, 3, 2]
    integers = table("a\n9007199254740993\n9007199254740992\n5\n")
    assert integers.texts("a").values == ["5", "9007199254740992", "9007199254740993"]
    assert integers.text("a", 0) == "9007199254740993"


# --- how a table is written -----------------------------------------------------------------------


@pytest.mark.parametrize("mark", ['"', "\n", "\r", "\0", "\xa7"])
def test_a_separator_is_refused_that_divides_no_rows(mark):
    with pytest.raises(ValueError, match="--sep must be an ASCII character that is no quotation m"):
        Dialect(sep=mark)


@pytest.mark.parametrize("name", ["decimal", "thousands"])
@pytest.mark.parametrize("mark", ["0", "e", "-", "+", "%", '"', "\n", "\u0663"])
def test_a_mark_is_refused_that_would_change_numbers(name, mark):
    """With 0 between thousands, 1500 was 15."""
    with pytest.raises(ValueError, match=f"--{name} must be a mark that a number has between its"):
        Dialect(**{name: mark})


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("a,b\n1,x\n", "separated by commas"),
        ("a;b\n1,5;x\n", "separated by semicolons, with decimal commas"),
        ("a;b\n1,234;x\n", "separated by semicolons"),  # or are these thousands?
        ("a;b\n1,5;1.5\n", "separated by semicolons"),
        (
            "a;b\n1.234,5;x\n",
            "separated by semicolons, with decimal commas, with '.' between thousands",
        ),
        ('a,b\n"1,234.50",x\n', "separated by commas, with ',' between thousands"),
        ('a,b\n"1,3",x\n', "separated by commas"),  # or is it a list?
        ("a\tb, in m\n1\tx\n", "separated by tabs"),
        ("a|b\n1|x\n", "separated by bars"),
        ("h, cm;w, kg\n1,5;2,5\n", "separated by semicolons, with decimal commas"),
        ('a,b\n"x;y",1\n', "separated by commas"),
        ("a\n1\n", "separated by commas"),
    ],
)
def test_what_is_found_out(table, text, found):
    assert str(table(text).dialect) == found


def test_what_is_given_is_not_found_out(table):
    read = table("a;b\n1,5;1\n2,5;2\n", sep=";", decimal=".")
    assert values(read, "a") == ["1,5", "2,5"]
    assert list(table("a;b,c\n1;2,3\n", sep=",").columns) == ["a;b", "c"]


def test_what_a_table_does_not_show_is_as_in_the_usual_one(tmp_path):
    path = tmp_path / "data.csv"
    usual = Dialect(decimal=",", thousands=".")
    path.write_text("a;b\n1.234;1\n")
    assert read_table(str(path), usual=usual)["a"].tolist() == [1234]
    path.write_text("a;b\n1.5;1\n")
    assert read_table(str(path), usual=usual)["a"].tolist() == [1.5]


@pytest.mark.parametrize(
    ("encoding", "written", "found"),
    [
        *((None, "utf-8", "utf-8"), (None, "utf-8-sig", "utf-8-sig"), (None, "cp1252", "cp1252")),
        *((None, "utf-16", "utf-16"), (None, "utf-32", "utf-32"), ("cp1250", "cp1250", "cp1250")),
    ],
)
def test_encodings(table, encoding, written, found):
    read = table("größe,x\nÖ,1\n".encode(written), encoding=encoding)
    assert read.source.encoding == found
    assert values(read, "größe") == ["Ö"]


def test_one_character_at_the_end_decides_the_encoding(table):
    assert table(b"a,b\n" + b"x,1\n" * 400_000 + b"\xfc,1\n").source.encoding == "cp1252"


def test_missing_values(table):
    read = table("a,b,c\n1, NA ,x\n?,n/a,y\n -9 ,1,unknown \n", na_values=["-9", "unknown"])
    np.testing.assert_array_equal(read["a"], [1, np.nan, np.nan])
    np.testing.assert_array_equal(read["b"], [np.nan, np.nan, 1])
    assert values(read, "c") == ["x", "y", None]
    assert values(table("a,b\nNone,1\n"), "a") == ["None"]  # may be a category


def test_spaces_around_texts_do_not_count(table):
    assert values(table("a , b\n x, 1\nx ,2\n"), "a") == ["x", "x"]


def test_quotes(table):
    read = table('a,b\n"x, ""y""\nz",1\n\n"u",2\n')
    assert values(read, "a") == ['x, "y"\nz', "u"]
    assert (read.line(0), read.line(1)) == (3, 5)


def test_columns_that_are_read_as_texts(table):
    assert values(table("a,b\n1.50,1\n2,1\n", as_texts=["a"]), "a") == ["1.50", "2"]


def test_a_column_without_a_name_is_numbered(table):
    assert list(table(",a,\n1,2,\n").columns) == ["Unnamed: 0", "a", "Unnamed: 2"]


def test_a_separator_at_the_end_of_each_row(table):
    assert list(table("a,b\n1,2,\n3,4,\n").columns) == ["a", "b"]


# --- other sources --------------------------------------------------------------------------------


def test_the_standard_input(monkeypatch):
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"a,b\n1,x\n,y\n")))
    read = read_table("-")
    assert values(read, "b") == ["x", "y"]
    with pytest.raises(ValueError, match=r"^the standard input, line 3: column 'a' has no value; "):
        read.check_complete("a")


@pytest.mark.parametrize("stdin", [None, io.StringIO("a\n1\n")])
def test_no_standard_input(monkeypatch, capsys, stdin):
    """As under ``pythonw``."""
    monkeypatch.setattr(sys, "stdin", stdin)
    assert cli.main(["train", "-", "--target", "a"]) == 2
    assert "the standard input cannot be read: there is none" in capsys.readouterr().err


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no such pipes")
def test_a_pipe(tmp_path):
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    writer = threading.Thread(target=pipe.write_text, args=["a,b\n1,x\n2,y\n"])
    writer.start()
    assert read_table(str(pipe))["a"].tolist() == [1, 2]
    writer.join()


def test_missing_pandas_is_said_in_a_sentence(monkeypatch, capsys):
    monkeypatch.setitem(sys.modules, "pandas", None)
    assert cli.main(["train", "data.csv", "--target", "y"]) == 2
    assert capsys.readouterr().err == (
        "fastscratch: error: tables are read with pandas, which is not installed: pip install "
        '"fastscratch[table]"\n'
    )
