"""Candidates that are fitted and scored the short way have what scikit-learn's search has."""

import contextlib
import io
import warnings

import numpy as np
import pandas as pd
import pytest
from scipy import sparse
from sklearn import config_context
from sklearn import model_selection as theirs
from sklearn.datasets import load_breast_cancer, load_diabetes, load_iris
from sklearn.exceptions import ConvergenceWarning, FitFailedWarning
from sklearn.metrics import make_scorer

from fastscratch import model_selection as ours
from fastscratch.neural_network import MLPClassifier, MLPRegressor, together
from fastscratch.neural_network.shared import Same, Shared

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

IRIS = load_iris(return_X_y=True)
GRID = {"learning_rate_init": [0.001, 0.01], "alpha": [1e-4, 0.1]}


def classifier(**options):
    return MLPClassifier(
        **{"hidden_layer_sizes": (7,), "max_iter": 12, "random_state": 3} | options
    )


@pytest.fixture
def usual(monkeypatch):
    """Whether the fits of a search all went the short way."""
    seen = []
    is_usual = together.is_usual

    def telling(task):
        seen.append(is_usual(task))
        return seen[-1]

    monkeypatch.setattr(together, "is_usual", telling)
    return lambda: bool(seen) and all(seen)


def assert_same(a, b):
    """All results of two searches, but the times."""
    assert a.cv_results_.keys() == b.cv_results_.keys()
    for key, values in a.cv_results_.items():
        if not key.endswith("_time"):
            np.testing.assert_array_equal(values, b.cv_results_[key], err_msg=key)


def both(estimator, grid, X, y, **options):
    """The same search by scikit-learn and here, after a comparison of their results."""
    a, b = (m.GridSearchCV(estimator, grid, **options).fit(X, y) for m in (theirs, ours))
    assert_same(a, b)
    return a, b


def in_words(y):
    return np.array(["setosa", "versicolor", "virginica"])[y]


@pytest.mark.parametrize(
    ("X", "y"),
    [
        (IRIS[0], in_words(IRIS[1])),
        (IRIS[0].astype(np.float32), IRIS[1]),
        (pd.DataFrame(IRIS[0], columns=list("abcd")), pd.Series(in_words(IRIS[1]))),
        (IRIS[0].tolist(), IRIS[1].tolist()),
        (sparse.csr_array(IRIS[0]), IRIS[1]),
        (IRIS[0], np.eye(3, dtype=int)[IRIS[1]]),
    ],
    ids=["words", "float32", "frame", "lists", "sparse", "labels"],
)
def test_kinds_of_data(X, y, usual):
    a, b = both(classifier(), GRID, X, y, cv=3, return_train_score=True)
    assert usual()
    one, other = a.best_estimator_, b.best_estimator_
    np.testing.assert_array_equal(one.predict_proba(X), other.predict_proba(X))


def test_several_architectures_solvers_and_batch_sizes(usual):
    X, y = load_breast_cancer(return_X_y=True)
    grid = [
        {"hidden_layer_sizes": [(4,), (3, 5)], "solver": ["sgd", "adam"], "batch_size": [50, 64]},
        {"solver": ["lbfgs"], "alpha": [1e-3, 1.0]},
        {"learning_rate": ["adaptive", "invscaling"], "solver": ["sgd"]},
        {"activation": ["tanh"], "dropout": [0.0, 0.3], "early_stopping": [False, True]},
        {"class_weight": [None, "balanced", {0: 2.0}]},
    ]
    both(classifier(), grid, X / X.max(axis=0), y, cv=3)
    assert usual()


def test_losses_of_a_regression(usual):
    X, y = load_diabetes(return_X_y=True)
    network = MLPRegressor(hidden_layer_sizes=(6,), max_iter=8, random_state=0)
    grid = {"loss": ["squared_error", "poisson"], "early_stopping": [False, True]}
    both(network, grid, X, y, cv=3, return_train_score=True)
    both(network, {"alpha": [0.1, 1.0]}, X, np.column_stack([y, -y]), cv=3)
    assert usual()


@pytest.mark.parametrize("solver", ["adam", "lbfgs"])
def test_a_loss_that_does_not_take_the_targets_fails_alone(solver, usual):
    X, y = load_diabetes(return_X_y=True)
    network = MLPRegressor(hidden_layer_sizes=(6,), max_iter=8, random_state=0, solver=solver)
    grid = {"loss": ["squared_error", "poisson"]}
    with pytest.warns(FitFailedWarning, match="poisson"):
        _, b = both(network, grid, X, y - y.mean(), cv=3, error_score=-99.0)
    assert usual()
    assert b.cv_results_["mean_test_score"][1] == -99 < b.cv_results_["mean_test_score"][0]


@pytest.mark.parametrize("kind", ["global", "instance"])
def test_states_that_fits_draw_from(kind, usual):
    found = []
    for module in (theirs, ours):
        np.random.seed(5)  # noqa: NPY002, the state that fits without another one draw from
        state = None if kind == "global" else np.random.RandomState(7)
        search = module.GridSearchCV(classifier(random_state=state), GRID, cv=3, refit=False)
        found.append(search.fit(*IRIS))
        found[-1].after = np.random.random()  # noqa: NPY002
    assert usual()
    assert_same(*found)
    assert found[0].after == found[1].after


def test_several_scores_and_a_choice_of_ones_own(usual):
    def smallest(results):
        return int(np.argmin(results["mean_test_f1_macro"]))

    options = {"scoring": ["accuracy", "f1_macro", "neg_log_loss"], "refit": smallest}
    a, b = both(classifier(), GRID, *IRIS, **options)
    assert usual()
    assert a.best_index_ == b.best_index_
    both(classifier(), GRID, *IRIS, scoring=make_scorer(lambda y, p: np.mean(y == p) / 2))


def failing_sometimes(estimator, X, y):
    if estimator.alpha > 0.01:
        raise RuntimeError("too flat")
    return estimator.score(X, y)


def test_a_score_that_fails(usual):
    with pytest.warns(UserWarning, match="too flat"):
        _, b = both(classifier(), GRID, *IRIS, scoring=failing_sometimes, error_score=-3.0)
    assert -3.0 in b.cv_results_["mean_test_score"]
    for module in (theirs, ours):
        search = module.GridSearchCV(
            classifier(), GRID, scoring=failing_sometimes, error_score="raise"
        )
        with pytest.raises(RuntimeError, match="too flat"):
            search.fit(*IRIS)
    assert usual()


@pytest.mark.parametrize(
    ("grid", "message"),
    [
        ({"alpha": [1e-4, -1.0]}, "'alpha' parameter of MLPClassifier must be a float"),
        ({"hidden_layer_sizes": [(3,), (0,)]}, "must be ints above 0"),
        ({"validation_fraction": [0.1, 0.005], "early_stopping": [True]}, "at least two"),
    ],
)
def test_a_fit_that_fails(grid, message, usual):
    with pytest.warns(FitFailedWarning, match=message):
        both(classifier(), grid, *IRIS, error_score=-1.0)
    with pytest.raises(ValueError, match=message):
        ours.GridSearchCV(classifier(), grid, error_score="raise").fit(*IRIS)
    assert usual()


def test_an_estimator_whose_fit_failed_can_be_fitted_again():
    y = np.repeat([0, 1], 75)
    folds = [(np.arange(50), np.arange(100, 150)), (np.arange(50, 100), np.arange(50))]
    with pytest.warns(FitFailedWarning, match="two classes"):
        found = ours.cross_validate(
            classifier(), IRIS[0], y, cv=folds, return_estimator=True, error_score=0.0
        )
    assert found["test_score"][0] == 0
    failed, _ = found["estimator"]
    assert failed.fit(*IRIS).score(*IRIS) == classifier().fit(*IRIS).score(*IRIS)


def test_all_fits_that_fail_are_an_error():
    for module in (theirs, ours):
        with pytest.raises(ValueError, match="All the 10 fits failed"):
            module.GridSearchCV(classifier(), {"alpha": [-1.0, -2.0]}).fit(*IRIS)


def test_a_parameter_that_does_not_exist_is_an_error_of_the_search():
    with pytest.raises(ValueError, match="Invalid parameter 'beta'"):
        ours.GridSearchCV(classifier(), {"beta": [1.0, 2.0]}, error_score=0.0).fit(*IRIS)


def test_parameters_are_not_checked_if_scikit_learn_is_told_so():
    with config_context(skip_parameter_validation=True):
        both(classifier(), {"power_t": [0.5, -1.0]}, *IRIS)


def recorded(search):
    """Each warning of a search, by its text."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("default")
        search.fit(*IRIS)
    return sorted(str(one.message) for one in caught)


@pytest.mark.filterwarnings("default")
def test_each_fit_warns():
    network = classifier(batch_size=140)  # larger than the samples of a fold
    a, b = (recorded(m.GridSearchCV(network, GRID)) for m in (theirs, ours))
    assert a == b
    assert len(a) == 2 * (4 * 5) + 1  # that of the size, and of max_iter; and the refit


def test_a_warning_that_is_an_error_fails_the_fit():
    grid = {"tol": [1e-9, 10.0], "n_iter_no_change": [3]}
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", FitFailedWarning)
        warnings.simplefilter("error", ConvergenceWarning)
        _, b = both(classifier(), grid, *IRIS, refit=False, error_score=-1.0)
    assert [one.category for one in caught] == 2 * [FitFailedWarning]
    assert b.cv_results_["mean_test_score"][0] == -1
    assert b.cv_results_["mean_test_score"][1] > 0


def test_what_is_printed_is_that_of_scikit_learn(usual):
    said = []
    for module in (theirs, ours):
        with contextlib.redirect_stdout(io.StringIO()) as out:
            module.GridSearchCV(classifier(), GRID, cv=2, verbose=3).fit(*IRIS)
        lines = (line.partition(" total time")[0] for line in out.getvalue().splitlines())
        said.append([line.replace(".", "") for line in lines])
    assert said[0] == said[1]
    assert not usual()


def test_sample_weights_take_the_long_way(usual):
    weights = np.linspace(0.5, 2.0, 150)
    a, b = (
        m.GridSearchCV(classifier(), GRID).fit(*IRIS, sample_weight=weights) for m in (theirs, ours)
    )
    assert_same(a, b)
    assert not usual()


def test_fitted_estimators_are_those_of_a_fit(usual):
    network = classifier(early_stopping=True, n_iter_no_change=3, tol=0.01)
    options = {"cv": 3, "return_estimator": True, "return_train_score": True}
    a, b = (m.cross_validate(network, *IRIS, **options) for m in (theirs, ours))
    assert usual()
    np.testing.assert_array_equal(a["train_score"], b["train_score"])
    for one, other in zip(a["estimator"], b["estimator"], strict=True):
        assert vars(one).keys() == vars(other).keys()
        for name in ("loss_curve_", "validation_scores_", "n_iter_", "t_", "n_features_in_"):
            assert getattr(one, name) == getattr(other, name), name
        for left, right in zip(one.coefs_, other.coefs_, strict=True):
            np.testing.assert_array_equal(left, right)
        left, right = (
            fitted.set_params(early_stopping=False).partial_fit(*IRIS).predict_proba(IRIS[0])
            for fitted in (one, other)
        )
        np.testing.assert_array_equal(left, right)


def test_curves(usual):
    for name, options in {
        "learning_curve": {"train_sizes": [40, 80], "shuffle": True, "random_state": 0},
        "validation_curve": {"param_name": "alpha", "param_range": [1e-3, 1.0]},
    }.items():
        a, b = (getattr(m, name)(classifier(), *IRIS, cv=3, **options) for m in (theirs, ours))
        for one, other in zip(a, b, strict=True):
            np.testing.assert_array_equal(one, other, err_msg=name)
    assert usual()


def test_a_splitter_that_gives_flags(usual):
    even = np.arange(150) % 2 == 0
    both(classifier(), GRID, *IRIS, cv=[(np.flatnonzero(even), np.flatnonzero(~even))])
    both(classifier(), GRID, *IRIS, cv=[(even, ~even), (~even, even)])
    assert usual()


class Half(MLPClassifier):
    """A subclass whose predictions are its own."""

    def score(self, X, y, sample_weight=None):
        return super().score(X, y, sample_weight) / 2


def test_a_subclass_takes_the_long_way(usual):
    both(Half(**classifier().get_params()), GRID, *IRIS)
    assert not usual()


def test_things_that_are_made_once():
    make, one, other = Shared(), np.zeros(3), np.zeros(3)
    made = [make(("mean", Same(array)), object) for array in (one, other, one)]
    assert made[0] is made[2]
    assert made[0] is not made[1]
    assert make(("sum", Same(one)), object) is not made[0]
