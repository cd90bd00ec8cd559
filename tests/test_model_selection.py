"""Searches whose fits are done together have the results of scikit-learn's, bit for bit."""

import time
import warnings

import numpy as np
import pytest
from sklearn import model_selection as theirs
from sklearn.datasets import load_breast_cancer, load_diabetes, load_iris
from sklearn.decomposition import PCA
from sklearn.exceptions import ConvergenceWarning, FitFailedWarning
from sklearn.linear_model import Ridge
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler

import fastscratch as fs
from fastscratch import coroutines, workers
from fastscratch import model_selection as ours
from fastscratch.neural_network import MLPClassifier, MLPRegressor, company, together
from fastscratch.workers import Workers

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

IRIS = load_iris(return_X_y=True)
RATES = {"learning_rate_init": [0.001, 0.01], "alpha": [1e-4, 0.1]}


def classifier(**options):
    return MLPClassifier(
        **{"hidden_layer_sizes": (7,), "max_iter": 12, "random_state": 3} | options
    )


@pytest.fixture
def fitted_at_once(monkeypatch):
    """How many fits each compiled call did."""
    counts = []
    train = company.train

    def counting(trainings, bar):
        counts.append(len(trainings))
        train(trainings, bar)

    monkeypatch.setattr(company, "train", counting)
    return counts


def same_results(one, other):
    """All that a search reports, but the times."""
    assert one.cv_results_.keys() == other.cv_results_.keys()
    for key, values in one.cv_results_.items():
        if not key.endswith("_time"):
            np.testing.assert_array_equal(values, other.cv_results_[key], err_msg=key)
    assert one.best_params_ == other.best_params_


def same_networks(one, other):
    for a, b in zip(one.coefs_ + one.intercepts_, other.coefs_ + other.intercepts_, strict=True):
        np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize(
    "estimator",
    [
        classifier(),
        classifier(early_stopping=True, max_iter=60, n_iter_no_change=3, tol=0.01),
        classifier(solver="sgd", tol=0.01, n_iter_no_change=2, max_iter=200, batch_size=20),
        classifier(solver="sgd", learning_rate="adaptive", tol=0.1, n_iter_no_change=1),
        classifier(solver="lbfgs"),
    ],
    ids=["adam", "early stopping", "tolerance", "rate that changes", "lbfgs"],
)
def test_grid_search(estimator):
    a = theirs.GridSearchCV(estimator, RATES, return_train_score=True).fit(*IRIS)
    b = ours.GridSearchCV(estimator, RATES, return_train_score=True).fit(*IRIS)
    same_results(a, b)
    same_networks(a.best_estimator_, b.best_estimator_)


def test_all_fits_of_a_search_are_one_call(fitted_at_once):
    ours.GridSearchCV(classifier(), RATES, cv=3, refit=False).fit(*IRIS)
    assert fitted_at_once == [12]


def test_records_of_a_fit_are_those_of_a_fit_alone():
    X, y = load_breast_cancer(return_X_y=True)
    X = StandardScaler().fit_transform(X)
    estimator = classifier(early_stopping=True, max_iter=80, n_iter_no_change=4, tol=1e-3)
    found = ours.cross_validate(estimator, X, y, cv=3, return_estimator=True, return_indices=True)
    for k, fitted in enumerate(found["estimator"]):
        rows = found["indices"]["train"][k]
        alone = classifier(**estimator.get_params()).fit(X[rows], y[rows])
        same_networks(alone, fitted)
        for name in ("loss_curve_", "validation_scores_", "n_iter_", "t_", "best_loss_", "loss_"):
            assert getattr(alone, name) == getattr(fitted, name), name
        assert alone.best_validation_score_ == fitted.best_validation_score_
        assert fitted.n_iter_ < 80


@pytest.mark.parametrize("threads", [1, 2])
def test_any_number_of_threads(threads):
    most = fs.get_num_threads()
    fs.set_num_threads(min(threads, most))
    try:
        found = ours.cross_val_predict(classifier(), *IRIS, method="predict_proba")
    finally:
        fs.set_num_threads(most)
    np.testing.assert_array_equal(
        found, theirs.cross_val_predict(classifier(), *IRIS, method="predict_proba")
    )


def test_functions_of_cross_validation():
    X, y = load_diabetes(return_X_y=True)
    network = MLPRegressor(hidden_layer_sizes=(6,), max_iter=8, random_state=0)
    for name, options in {
        "cross_val_score": {"cv": 3},
        "cross_val_predict": {"cv": 3},
        "learning_curve": {"train_sizes": [50, 150], "cv": 3},
        "validation_curve": {"param_name": "alpha", "param_range": [1e-3, 1.0], "cv": 3},
    }.items():
        a, b = (getattr(module, name)(network, X, y, **options) for module in (theirs, ours))
        if not isinstance(a, tuple):
            a, b = (a,), (b,)
        for one, other in zip(a, b, strict=True):
            np.testing.assert_array_equal(one, other, err_msg=name)


@pytest.mark.parametrize("name", ["RandomizedSearchCV", "HalvingRandomSearchCV"])
def test_random_searches(name):
    count = "n_iter" if name == "RandomizedSearchCV" else "n_candidates"
    options = {"random_state": 1, count: 4}
    a, b = (getattr(m, name)(classifier(), RATES, **options).fit(*IRIS) for m in (theirs, ours))
    same_results(a, b)


HALVING = {"resource": "max_iter", "min_resources": 3, "max_resources": 12, "factor": 2}


@pytest.fixture
def epochs_trained(monkeypatch):
    """The epochs that compiled calls were asked for, fit by fit."""
    counts = []
    train = company.train

    def counting(trainings, bar):
        counts.extend(len(one.totals) for one in trainings)
        train(trainings, bar)

    monkeypatch.setattr(company, "train", counting)
    return counts


@pytest.mark.parametrize("solver", ["adam", "sgd"])
def test_halving_over_epochs_goes_on_and_ends_with_the_same_bits(solver, epochs_trained):
    network = classifier(solver=solver)
    a, b = (
        m.HalvingGridSearchCV(network, RATES, random_state=0, **HALVING).fit(*IRIS)
        for m in (theirs, ours)
    )
    same_results(a, b)
    same_networks(a.best_estimator_, b.best_estimator_)
    # Four candidates in five folds for 3 epochs, two for 3 more, one for 6 more.
    assert epochs_trained == 20 * [3] + 10 * [3] + 5 * [6]


def test_halving_over_epochs_of_a_pipeline(epochs_trained):
    pipe = make_pipeline(StandardScaler(), classifier())
    grid = {f"mlpclassifier__{name}": values for name, values in RATES.items()}
    options = HALVING | {"resource": "mlpclassifier__max_iter", "random_state": 0}
    a, b = (m.HalvingGridSearchCV(pipe, grid, **options).fit(*IRIS) for m in (theirs, ours))
    same_results(a, b)
    assert sum(epochs_trained) == 20 * 3 + 10 * 3 + 5 * 6


@pytest.mark.parametrize(
    "copies",
    [
        pytest.param(1, id="a model an item"),
        pytest.param(60, id="models innermost", marks=pytest.mark.slow),
    ],
)
def test_halving_over_epochs_with_early_stopping(copies, epochs_trained):
    """Fits have the weights of their best epoch, and go on from their last."""
    X, y = load_breast_cancer(return_X_y=True)
    X = StandardScaler().fit_transform(X)
    network = classifier(early_stopping=True, n_iter_no_change=6, tol=0.02, max_iter=5)
    grid = {"learning_rate_init": np.geomspace(1e-3, 0.1, 4 * copies)}
    options = HALVING | {"cv": 3, "random_state": 0, "return_train_score": True}
    a, b = (m.HalvingGridSearchCV(network, grid, **options).fit(X, y) for m in (theirs, ours))
    same_results(a, b)
    same_networks(a.best_estimator_, b.best_estimator_)
    one, other = a.best_estimator_, b.best_estimator_
    assert one.validation_scores_ == other.validation_scores_
    assert np.argmax(one.validation_scores_) < one.n_iter_ - 1  # not the last epoch
    assert epochs_trained.count(3) == 3 * (4 + 2) * copies  # the first, and as many more
    assert set(epochs_trained) == {3, 6}


@pytest.mark.parametrize(
    "network",
    [
        classifier(),
        classifier(early_stopping=True, n_iter_no_change=20),
        make_pipeline(StandardScaler(), classifier()),
    ],
    ids=["network", "early stopping", "pipeline"],
)
def test_halving_over_epochs_goes_on_in_workers(network, epochs_trained, monkeypatch):
    """What fits go on from is pickled with each chunk, and so is what they leave."""
    path = "mlpclassifier__" if isinstance(network, Pipeline) else ""
    options = HALVING | {"resource": f"{path}max_iter", "random_state": 0}
    grid = {f"{path}{name}": values for name, values in RATES.items()}
    here = ours.HalvingGridSearchCV(network, grid, **options).fit(*IRIS)
    expected = sum(epochs_trained)
    epochs_trained.clear()
    monkeypatch.setattr(workers, "MOMENT", 0.0)
    monkeypatch.setattr(workers, "SHORTEST", 1e-9)
    monkeypatch.setattr(together, "workers_for", lambda n_jobs, run: Workers(1, 1, run))
    there = ours.HalvingGridSearchCV(network, grid, **options).fit(*IRIS)
    same_results(here, there)
    assert sum(epochs_trained) == expected


def test_halving_over_epochs_with_fits_that_have_ended(epochs_trained):
    network = classifier(early_stopping=True, n_iter_no_change=1, tol=0.5, max_iter=5)
    options = HALVING | {"random_state": 0, "return_train_score": True}
    a, b = (m.HalvingGridSearchCV(network, RATES, **options).fit(*IRIS) for m in (theirs, ours))
    same_results(a, b)
    same_networks(a.best_estimator_, b.best_estimator_)
    assert epochs_trained == 20 * [3]  # all have ended


def test_halving_over_epochs_draws_one_seed_if_there_is_none(epochs_trained):
    network = classifier(random_state=None)
    b, c = (
        ours.HalvingGridSearchCV(network, RATES, random_state=5, **HALVING).fit(*IRIS)
        for _ in range(2)
    )
    same_results(b, c)
    assert network.random_state is b.best_estimator_.random_state is None
    assert epochs_trained == 2 * (20 * [3] + 10 * [3] + 5 * [6])


def largest_weight(estimator, X, y):
    return np.abs(estimator.coefs_[0]).max()


def test_a_candidate_that_goes_on_and_diverges():
    grid = {"learning_rate_init": [1e-3, 1e-2, 0.05, 30.0]}
    network = classifier(hidden_layer_sizes=(30, 30), activation="identity", solver="sgd")
    options = HALVING | {"min_resources": 4, "max_resources": 16, "error_score": -2.0}
    with np.errstate(all="ignore"), pytest.warns(FitFailedWarning, match="diverged"):
        a, b = (
            m.HalvingGridSearchCV(
                network, grid, refit=False, random_state=0, scoring=largest_weight, **options
            ).fit(*IRIS)
            for m in (theirs, ours)
        )
    for key in ("mean_test_score", "params", "iter", "n_resources"):
        np.testing.assert_array_equal(a.cv_results_[key], b.cv_results_[key])
    assert b.cv_results_["mean_test_score"][3] > 0
    assert -2.0 in b.cv_results_["mean_test_score"][4:6]


def test_networks_of_a_search_are_copies_that_share_how_they_predict():
    network = classifier(hidden_layer_sizes=(7, 5), dropout=0.2, activation=("tanh", "relu"))
    X, y = IRIS
    found = ours.cross_validate(network, X, y, cv=3, return_estimator=True, return_indices=True)
    one, *others = found["estimator"]
    for k, rows in enumerate(found["indices"]["train"]):
        alone = classifier(**network.get_params()).fit(X[rows], y[rows])
        same_networks(alone, found["estimator"][k])
        np.testing.assert_array_equal(
            alone.predict_proba(X), found["estimator"][k].predict_proba(X)
        )
    for other in others:
        assert other._model._programs.idle is one._model._programs.idle
        for a, b in zip(one._model.layers, other._model.layers, strict=True):
            assert a is not b
    before = [other.predict_proba(X) for other in others]
    one.partial_fit(X[:50], y[:50])  # changes the penalty, and so begins with new programs
    one.predict_proba(X)
    for other, expected in zip(others, before, strict=True):
        np.testing.assert_array_equal(other.predict_proba(X), expected)
    np.testing.assert_array_equal(one._model.layers[0].get_weights()[0], one.coefs_[0])


def test_transformers_are_fitted_once_a_fold_and_setting(monkeypatch):
    fits = []
    fit = PCA.fit_transform
    monkeypatch.setattr(PCA, "fit_transform", lambda *a, **k: fits.append(1) or fit(*a, **k))
    pipe = make_pipeline(StandardScaler(), PCA(), classifier())
    grid = {"pca__n_components": [2, 3], "mlpclassifier__alpha": [1e-4, 1e-2, 1.0]}
    a = theirs.GridSearchCV(pipe, grid, cv=4).fit(*IRIS)
    fits.clear()
    b = ours.GridSearchCV(pipe, grid, cv=4).fit(*IRIS)
    assert len(fits) == 4 * 2 + 1  # and the refit
    same_results(a, b)
    assert b.best_estimator_.memory is None
    assert b.estimator is pipe


def test_a_transformer_that_cannot_be_hashed_is_fitted_each_time():
    pipe = make_pipeline(FunctionTransformer(lambda X: X / 10), classifier())
    grid = {"mlpclassifier__alpha": [1e-4, 1.0]}
    a, b = (m.GridSearchCV(pipe, grid, cv=3).fit(*IRIS) for m in (theirs, ours))
    same_results(a, b)


def test_a_candidate_that_fails_gets_its_error_score():
    grid = {"alpha": [1e-4], "learning_rate_init": [1e-3, 1e30], "solver": ["sgd"]}
    network = classifier(hidden_layer_sizes=(30, 30), activation="identity")
    with pytest.warns(FitFailedWarning, match="diverged"), np.errstate(all="ignore"):
        b = ours.GridSearchCV(network, grid, cv=3, error_score=-1.0).fit(*IRIS)
    assert b.cv_results_["mean_test_score"][1] == -1.0
    assert b.cv_results_["mean_test_score"][0] > 0
    with pytest.raises(FloatingPointError, match="diverged"):
        ours.GridSearchCV(network, grid, cv=3, error_score="raise").fit(*IRIS)


def test_an_error_before_the_training_is_that_of_one_candidate(monkeypatch):
    prepare = company.Fit.prepare

    def failing(wanted):
        if wanted.model.layers[0].units == 2:
            raise ValueError("two are too few")
        prepare(wanted)

    monkeypatch.setattr(company.Fit, "prepare", failing)
    grid = {"hidden_layer_sizes": [(2,), (5,)]}
    with pytest.warns(FitFailedWarning, match="two are too few"):
        found = ours.GridSearchCV(classifier(), grid, cv=3, error_score=-1.0).fit(*IRIS)
    assert found.cv_results_["mean_test_score"][0] == -1.0
    assert found.cv_results_["mean_test_score"][1] > 0


def test_each_fit_has_its_own_time():
    began = time.perf_counter()
    grid = {"hidden_layer_sizes": [(2,), (400, 400)]}
    found = ours.GridSearchCV(classifier(max_iter=30), grid, cv=3, refit=False).fit(*IRIS)
    elapsed = time.perf_counter() - began
    small, large = found.cv_results_["mean_fit_time"]
    assert 0 < small < large
    # The tasks take turns, so that their times add up; in each, all would be those of all.
    assert 3 * (small + large) <= elapsed


def test_nothing_runs_on_after_an_error(fitted_at_once):
    def wrong(estimator, X, y):
        raise RuntimeError("a scorer of one's own")

    with pytest.raises(RuntimeError, match="one's own"):
        ours.cross_val_score(classifier(), *IRIS, scoring=wrong, error_score="raise")
    assert ours.cross_val_score(classifier(), *IRIS).size == 5


def test_other_estimators_are_fitted_as_scikit_learn_does_it(fitted_at_once):
    X, y = load_diabetes(return_X_y=True)
    a, b = (m.GridSearchCV(Ridge(), {"alpha": [0.1, 1.0]}).fit(X, y) for m in (theirs, ours))
    same_results(a, b)
    assert fitted_at_once == []


def test_few_at_once_give_the_same(monkeypatch, fitted_at_once):
    a = ours.cross_val_score(classifier(), *IRIS, cv=7)
    monkeypatch.setattr(together, "MOST_BYTES", 1)
    b = ours.cross_val_score(classifier(), *IRIS, cv=7)
    assert fitted_at_once == [7, 2, 2, 2, 1] or sum(fitted_at_once[1:]) == 7
    np.testing.assert_array_equal(a, b)


def test_warnings_and_their_filters_are_as_before():
    before = list(warnings.filters)
    with pytest.warns(ConvergenceWarning):
        ours.cross_val_score(classifier(), *IRIS)
    assert warnings.filters[-len(before) :] == before


def test_a_coroutine_that_is_cancelled_ends():
    steps = []

    def function():
        steps.append("begun")
        try:
            coroutines.current().ask("something")
        finally:
            steps.append("ended")

    coroutine = coroutines.Coroutine(function)
    coroutine.resume()
    assert (coroutine.request, steps) == ("something", ["begun"])
    coroutine.cancel()
    assert coroutine.has_ended
    assert steps == ["begun", "ended"]
    assert coroutines.current() is None
