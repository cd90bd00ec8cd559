"""Models from formulas and data frames, beside the same columns made by hand."""

import pickle
import sys

import numpy as np
import pytest

pytest.importorskip("sklearn")
pytest.importorskip("formulaic")

import pandas as pd
from sklearn.base import clone

from fastscratch.linear_model import LinearRegression, LogisticRegression

EXACT = {"C": np.inf, "solver": "newton-cholesky", "tol": 1e-10}


def towns(n=120):
    rng = np.random.default_rng(n)
    frame = pd.DataFrame(
        {
            "x": rng.standard_normal(n),
            "z": rng.standard_normal(n),
            "town": rng.choice(["Basel", "Chur", "Genf"], n),
        }
    )
    frame["y"] = 1 + 2 * frame.x + (frame.town == "Chur") + rng.standard_normal(n)
    frame["kind"] = np.where(frame.y + rng.standard_normal(n) > 1, "yes", "no")
    return frame


def columns(frame):
    """x, the dummies of two towns against the first, and the product of x and z."""
    dummies = [frame.town == town for town in ("Chur", "Genf")]
    return np.column_stack([frame.x, *dummies, frame.x * frame.z]).astype(float)


def test_a_formula_makes_the_columns():
    frame = towns()
    model = LinearRegression.from_formula("y ~ x + C(town) + x:z", frame)
    plain = LinearRegression().fit(columns(frame), frame.y)
    assert dict(zip(model.feature_names_in_, model.coef_, strict=True)) == pytest.approx(
        dict(
            zip(
                ["x", "C(town)[T.Chur]", "C(town)[T.Genf]", "x:z"],
                plain.coef_,
                strict=True,
            )
        )
    )
    assert model.intercept_ == pytest.approx(plain.intercept_)
    assert model.summary().names[0] == "(Intercept)"
    assert model.wald_test("x:z").p_value == pytest.approx(plain.wald_test("x3").p_value)
    # The categories are those of the fit, also where new data have fewer.
    new = towns(7)[["x", "z", "town"]]
    new["town"] = "Genf"
    np.testing.assert_allclose(model.predict(new), plain.predict(columns(new)), rtol=1e-10)
    again = pickle.loads(pickle.dumps(model))
    np.testing.assert_array_equal(again.predict(new), model.predict(new))
    assert model.score(frame, frame.y) == pytest.approx(plain.score(columns(frame), frame.y))


def test_a_formula_of_classes_without_an_intercept():
    frame = towns()
    model = LogisticRegression.from_formula("kind ~ x + z - 1", frame, **EXACT)
    plain = LogisticRegression(fit_intercept=False, **EXACT).fit(frame[["x", "z"]], frame.kind)
    np.testing.assert_allclose(model.coef_, plain.coef_, rtol=1e-8)
    assert list(model.classes_) == ["no", "yes"]
    assert (model.predict(frame) == plain.predict(frame[["x", "z"]])).all()
    np.testing.assert_allclose(
        model.predict_proba(frame), plain.predict_proba(frame[["x", "z"]]), rtol=1e-8
    )
    effects = model.marginal_effects()
    assert effects.names == ["x", "z"]


def test_functions_weights_and_missing_values():
    frame = towns()
    weight = np.arange(len(frame)) % 3 + 1.0
    frame.loc[[3, 50], "x"] = np.nan
    frame.loc[7, "y"] = np.nan
    frame.index = frame.index[::-1]  # which is not the order
    kept = frame.notna().all(axis=1).to_numpy()
    model = LinearRegression.from_formula("np.exp(y / 4) ~ x", frame, sample_weight=weight)
    rows = frame[kept]
    plain = LinearRegression().fit(rows[["x"]], np.exp(rows.y / 4), weight[kept])
    np.testing.assert_allclose(model.coef_, plain.coef_, rtol=1e-10)
    plain = LinearRegression().fit(rows[["x"]], rows.y, weight[kept])
    model = LinearRegression.from_formula("y ~ x", frame, sample_weight=weight)
    np.testing.assert_allclose(model.coef_, plain.coef_, rtol=1e-10)


def test_a_later_fit_forgets_the_formula():
    frame = towns()
    model = LinearRegression.from_formula("y ~ x + z", frame)
    assert clone(model).get_params() == model.get_params()
    model.fit(frame[["z"]], frame.y)
    assert len(model.predict(frame[["z"]])) == len(frame)


def test_errors_of_new_data():
    frame = towns()
    model = LinearRegression.from_formula("y ~ x + C(town)", frame)
    new = frame.head()
    with pytest.raises(
        ValueError, match=r"X must hold categories of the fit only, got {'Bern'} too"
    ):
        model.predict(new.assign(town="Bern"))
    with pytest.raises(ValueError, match=r"X must have no missing values, got .* columns \['x'\]"):
        model.predict(new.assign(x=np.nan))
    with pytest.raises(ValueError, match=r"columns of the formula, got none called \['x'\]"):
        model.predict(new.drop(columns="x"))
    with pytest.raises(TypeError, match=r"X must be a data frame, .* got ndarray"):
        model.predict(np.zeros((3, 2)))


def test_errors(monkeypatch):
    frame = towns()
    with pytest.raises(ValueError, match="formula must have a response before '~', got 'x'"):
        LinearRegression.from_formula("x", frame)
    with pytest.raises(ValueError, match="fit_intercept is said by the formula"):
        LinearRegression.from_formula("y ~ x", frame, fit_intercept=False)
    with pytest.raises(ValueError, match="must have one entry for each of 120 rows, got shape"):
        LinearRegression.from_formula("y ~ x", frame, sample_weight=[1.0])
    frame["x"] = np.nan
    with pytest.raises(ValueError, match="data must have a row without missing values, got none"):
        LinearRegression.from_formula("y ~ x", frame)
    monkeypatch.setitem(sys.modules, "formulaic", None)
    with pytest.raises(ImportError, match=r"needs formulaic: pip install 'fastscratch\[formula\]'"):
        LinearRegression.from_formula("y ~ x", frame)
