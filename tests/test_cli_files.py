"""Ten files as programs and people write them, from `train` to `predict`."""

import csv

import numpy as np
import pytest

from fastscratch import cli

N = 600
RNG = np.random.default_rng(0)
AGE = RNG.integers(18, 80, N)
INCOME = RNG.normal(3000, 800, N).round(2)
CITY = RNG.choice(["Köln", "Brüssel", "Århus"], N)
#: In classes, to the point; and a number, but for a little noise.
BUYS = np.where(AGE + INCOME / 50 > 110, "ja", "nein")
PRICE = 1000 * AGE + 5000 * (CITY == "Köln") + RNG.normal(0, 500, N).round()


def european(number):
    return f"{number:,.2f}".translate(str.maketrans(",.", ".,"))


def lines(header, *columns, sep=",", end="\n"):
    rows = [header.split(sep), *zip(*columns, strict=True)]
    return "".join(sep.join(map(str, row)) + end for row in rows)


def marked(values, marker, place):
    """The values, with a marker in every seventeenth row."""
    return [marker if i % 17 == place else value for i, value in enumerate(values)]


SHOP = RNG.integers(0, 5000, 40_000)
TRAFFIC = RNG.normal(size=40_000).round(3)
SALES = RNG.normal(size=5000)[SHOP] + TRAFFIC
ROWS = np.arange(N)

#: Content, target, further arguments of `train`, what it says, and how good it is at least:
#: accuracy, or R squared.
FILES = {
    "european": (
        lines(
            "Alter;Einkommen;Stadt;Kauf", AGE, map(european, INCOME), CITY, BUYS, sep=";"
        ).encode(),
        "Kauf",
        [],
        [
            "separated by semicolons, with decimal commas, with '.' between thousands",
            "category of 3",
        ],
        0.9,
    ),
    "tab-separated": (
        lines(
            "age\tincome\tcity\tbuys", AGE, INCOME, [f"{c}, EU" for c in CITY], BUYS, sep="\t"
        ).encode(),
        "buys",
        [],
        ["separated by tabs", "city    category of 3"],
        0.9,
    ),
    "byte order mark": (
        lines("age,income,buys", AGE, INCOME, BUYS, end="\r\n").encode("utf-8-sig"),
        "buys",
        [],
        ["separated by commas", "  age     numeric"],
        0.9,
    ),
    "cp1252": (
        lines("Größe;Stadt;Preis", AGE, CITY, PRICE, sep=";").encode("cp1252"),
        "Preis",
        [],
        ["in cp1252", "  Größe  numeric", "  Stadt  category of 3"],
        0.98,
    ),
    "thousands": (
        lines("age,city,price", AGE, CITY, [f'"{int(p):,}"' for p in PRICE]).encode(),
        "price",
        ["--thousands", ","],
        ["with ',' between thousands", "target: regression"],
        0.98,
    ),
    "dates": (
        lines(
            "day,time,age,city,price",
            [f"{1 + i % 28}.{1 + i % 12}.2024" for i in ROWS],
            [f"{i % 24}:{i % 60:02}" for i in ROWS],
            *(AGE, CITY, PRICE),
        ).encode(),
        "price",
        [],
        ["day    left out: looks like dates or times ('1.1.2024')", "time   left out: looks like"],
        0.98,
    ),
    "percentages": (
        lines("share,city,price", [f"{a / 2} %" for a in AGE], CITY, PRICE).encode(),
        "price",
        [],
        ["share  percentages"],
        0.98,
    ),
    "identifiers": (
        lines(
            ",customer_id,mail,age,income,buys",
            ROWS,
            90_000 - 37 * ROWS,
            [f"{i}@x" for i in ROWS],
            AGE,
            INCOME,
            BUYS,
        ).encode(),
        "buys",
        ["--id", "mail"],
        [
            "Unnamed: 0   left out: looks like an identifier",
            "customer_id  left out: looks like",
            "mail         left out, and carried to the predictions",
        ],
        0.9,
    ),
    "5,000 categories": (
        lines("shop,traffic,sales", SHOP, TRAFFIC, SALES).encode(),
        "sales",
        ["--categorical", "shop"],
        ["each is embedded as 17 numbers", "rarer texts"],
        0.95,
    ),
    "missing markers": (
        lines(
            "age,city,income,buys",
            marked(AGE, "-99", 3),
            marked(CITY, "unknown", 5),
            marked(INCOME, "", 7),
            BUYS,
        ).encode(),
        "buys",
        ["--impute", "--na-values", "-99", "--na-values", "unknown"],
        ["36 missing values, for which the median 49 stands", "35 missing values, for which"],
        0.85,
    ),
}


@pytest.mark.parametrize(
    "name",
    [
        pytest.param(name, marks=pytest.mark.slow if name == "5,000 categories" else ())
        for name in FILES
    ],
)
def test_from_train_to_predict(name, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    content, target, arguments, said, enough = FILES[name]
    (tmp_path / "data.csv").write_bytes(content)
    assert cli.main(["train", *arguments, "--target", target, "data.csv"]) == 0
    out = capsys.readouterr().out
    for words in said:
        assert words in out
    assert cli.main(["predict", "model.safetensors", "data.csv", "--output", "out.csv"]) == 0
    with open("out.csv", encoding="utf-8", newline="") as file:
        predicted = [row[target] for row in csv.DictReader(file)]
    truth = {"sales": SALES, "price": PRICE, "Preis": PRICE}.get(target, BUYS)
    if truth is BUYS:
        assert np.mean(np.array(predicted) == BUYS) > enough
    else:
        residuals = np.array(predicted, float) - truth
        assert 1 - residuals.var() / truth.var() > enough
