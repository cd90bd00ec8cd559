"""MLPClassifier and MLPRegressor beside scikit-learn's own, and by what they promise.

The first weights are scikit-learn's for the same random state, so that a fit without shuffled
mini-batches goes the same way, but for the order of sums: a rounding of 1e-16, which a few dozen
steps multiply. The Poisson loss here has 1e-7 added to what it takes the logarithm of.
"""

import pickle

import joblib
import numpy as np
import pytest

pytest.importorskip("sklearn")

import pandas as pd
import sklearn
import sklearn.neural_network as peer
from recorder import Recorder
from scipy import sparse
from scipy.special import expit, softmax
from sklearn.base import clone
from sklearn.datasets import load_diabetes, load_iris
from sklearn.exceptions import ConvergenceWarning, DataConversionWarning, NotFittedError
from sklearn.metrics import accuracy_score, r2_score
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler, scale

from fastscratch.estimators import random_of
from fastscratch.neural_network import MLPClassifier, MLPRegressor

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

SMALL = {"hidden_layer_sizes": (12, 7), "max_iter": 40, "random_state": 3}


def iris():
    X, y = load_iris(return_X_y=True)
    return scale(X), np.array(["setosa", "versicolor", "virginica"])[y]


def two():
    X, y = iris()
    return X[50:], y[50:]


def three_labels():
    X, y = load_iris(return_X_y=True)
    return scale(X)[:, 1:3], np.column_stack([y == 2, X[:, 0] > 5.8, X[:, 3] > 1.3]).astype(int)


def diabetes():
    X, y = load_diabetes(return_X_y=True)
    return scale(X)[:150], (y / 100)[:150]


def three_targets():
    X, y = diabetes()
    return X, np.column_stack([y, -y, y**2])


def counts():
    X, y = diabetes()
    return X, np.round(3 * y)


PROBLEMS = {
    "two classes": (MLPClassifier, peer.MLPClassifier, two, {}),
    "three classes": (MLPClassifier, peer.MLPClassifier, iris, {}),
    "three labels": (MLPClassifier, peer.MLPClassifier, three_labels, {}),
    "a target": (MLPRegressor, peer.MLPRegressor, diabetes, {}),
    "three targets": (MLPRegressor, peer.MLPRegressor, three_targets, {}),
    "counts": (MLPRegressor, peer.MLPRegressor, counts, {"loss": "poisson"}),
}
SOLVERS = {
    "adam": {"solver": "adam", "learning_rate_init": 0.01, "beta_1": 0.8, "epsilon": 1e-6},
    "sgd": {"solver": "sgd", "learning_rate_init": 0.01},
    "plain": {"solver": "sgd", "learning_rate_init": 0.02, "momentum": 0.0},
    "heavy": {"solver": "sgd", "learning_rate_init": 0.01, "nesterovs_momentum": False},
    "scaling": {"solver": "sgd", "learning_rate_init": 0.05, "learning_rate": "invscaling"},
}


def rounding(problem):
    """By how much weights may differ."""
    return 1e-6 if problem == "counts" else 1e-9


def weights(n):
    return np.random.default_rng(n).integers(0, 4, n).astype(float)


def assert_same_weights(ours, theirs, atol):
    for a, b in zip(
        ours.coefs_ + ours.intercepts_, theirs.coefs_ + theirs.intercepts_, strict=True
    ):
        np.testing.assert_allclose(a, b, rtol=0, atol=atol)


# --- beside scikit-learn --------------------------------------------------------------------------


@pytest.mark.parametrize("solver", SOLVERS)
@pytest.mark.parametrize("problem", PROBLEMS)
def test_fits_equal_those_of_scikit_learn(problem, solver):
    Ours, Theirs, data, own = PROBLEMS[problem]
    X, y = data()
    for batch_size, shuffle in ((50, False), ("auto", True)):
        options = SMALL | SOLVERS[solver] | own | {"batch_size": batch_size, "shuffle": shuffle}
        options |= {"alpha": 0.2, "activation": "tanh", "tol": 0}
        ours, theirs = Ours(**options).fit(X, y), Theirs(**options).fit(X, y)
        assert_same_weights(ours, theirs, rounding(problem))
        for name in ("n_iter_", "n_layers_", "n_outputs_", "t_", "out_activation_"):
            assert getattr(ours, name) == getattr(theirs, name)
        method = "predict_proba" if Ours is MLPClassifier else "predict"
        found, expected = getattr(ours, method)(X), getattr(theirs, method)(X)
        np.testing.assert_allclose(found, expected, rtol=0, atol=100 * rounding(problem))
        assert ours.score(X, y) == pytest.approx(theirs.score(X, y), abs=1e-5)


@pytest.mark.parametrize("solver", SOLVERS)
@pytest.mark.parametrize("problem", PROBLEMS)
def test_the_penalty_is_divided_by_the_samples_of_a_smaller_batch(problem, solver):
    """101 rows in batches of 50: in the last one, of a single sample, the penalty has 50 times the
    weight."""
    Ours, Theirs, data, own = PROBLEMS[problem]
    X, y = data()
    X, y = np.concatenate([X, X])[-101:], np.concatenate([y, y])[-101:]
    options = SMALL | SOLVERS[solver] | own | {"batch_size": 50, "shuffle": False, "alpha": 1.0}
    options |= {"activation": "tanh", "n_iter_no_change": np.inf}
    ours, theirs = Ours(**options).fit(X, y), Theirs(**options).fit(X, y)
    assert_same_weights(ours, theirs, rounding(problem))
    plain = Ours(**options | {"alpha": 0.0}).fit(X, y)
    assert np.abs(ours.coefs_[0] - plain.coefs_[0]).max() > 0.01


@pytest.mark.parametrize("activation", ["identity", "logistic", "relu"])
@pytest.mark.parametrize("problem", PROBLEMS)
def test_losses_equal_those_of_scikit_learn(problem, activation):
    Ours, Theirs, data, own = PROBLEMS[problem]
    X, y = data()
    options = SMALL | own | {"activation": activation, "alpha": 0.0}
    ours, theirs = Ours(**options).fit(X, y), Theirs(**options).fit(X, y)
    targets = y.shape[1] if problem == "three targets" else 1  # of whose losses it takes the mean
    expected = targets * np.array(theirs.loss_curve_)
    np.testing.assert_allclose(ours.loss_curve_, expected, rtol=10 * rounding(problem))
    assert ours.loss_ == ours.loss_curve_[-1]
    assert ours.best_loss_ == min(ours.loss_curve_)
    assert ours.validation_scores_ is ours.best_validation_score_ is None


@pytest.mark.parametrize("problem", ["three classes", "a target", "counts"])
def test_the_penalty_is_in_the_loss(problem):
    """To first order: it is that of after the step, scikit-learn's of before."""
    Ours, Theirs, data, own = PROBLEMS[problem]
    X, y = data()
    options = SMALL | own | {"alpha": 10.0, "learning_rate_init": 1e-6}
    ours, theirs = Ours(**options).fit(X, y), Theirs(**options).fit(X, y)
    np.testing.assert_allclose(ours.loss_curve_, theirs.loss_curve_, rtol=1e-5)


@pytest.mark.parametrize("problem", PROBLEMS)
def test_lbfgs_equals_scikit_learn(problem):
    Ours, Theirs, data, own = PROBLEMS[problem]
    X, y = data()
    options = SMALL | own | {"solver": "lbfgs", "alpha": 5.0, "activation": "tanh"}
    options |= {"max_iter": 5}
    ours, theirs = Ours(**options).fit(X, y), Theirs(**options).fit(X, y)
    assert_same_weights(ours, theirs, 10 * rounding(problem))
    targets = y.shape[1] if problem == "three targets" else 1
    if targets == 1:
        assert ours.loss_ == pytest.approx(theirs.loss_, rel=10 * rounding(problem))
    assert ours.n_iter_ == theirs.n_iter_ == 5
    assert not hasattr(ours, "loss_curve_")
    weight = weights(len(y))
    ours, theirs = Ours(**options).fit(X, y, weight), Theirs(**options).fit(X, y, weight)
    assert_same_weights(ours, theirs, 10 * rounding(problem))


def test_sample_weights_are_divided_by_their_mean_over_all_samples():
    """Two steps by hand, in a network without a hidden bend. scikit-learn divides in each step."""
    rng = np.random.default_rng(0)
    X, y, weight = rng.standard_normal((6, 2)), rng.standard_normal(6), np.array([1, 1, 1, 3, 4, 5])
    model = MLPRegressor(
        hidden_layer_sizes=(3,),
        activation="identity",
        solver="sgd",
        momentum=0,
        alpha=0,
        learning_rate_init=0.1,
        batch_size=3,
        shuffle=False,
        max_iter=1,
        random_state=0,
    )
    model.fit(X, y, weight)
    (first, second), (bias, last_bias) = model.coefs_, model.intercepts_
    model.partial_fit(X, y, weight)
    for batch in (slice(0, 3), slice(3, 6)):
        hidden = X[batch] @ first + bias
        residual = hidden @ second + last_bias - y[batch, None]
        residual *= weight[batch, None] / weight.mean() / 3
        dhidden = residual @ second.T
        first, bias = first - 0.1 * X[batch].T @ dhidden, bias - 0.1 * dhidden.sum(axis=0)
        second = second - 0.1 * hidden.T @ residual
        last_bias = last_bias - 0.1 * residual.sum(axis=0)
    expected = (first, second, bias, last_bias)
    for found, wanted in zip((*model.coefs_, *model.intercepts_), expected, strict=True):
        assert found == pytest.approx(wanted, abs=1e-14)


@pytest.mark.parametrize("problem", PROBLEMS)
def test_sample_weights_equal_those_of_scikit_learn(problem):
    Ours, Theirs, data, own = PROBLEMS[problem]
    X, y = data()
    options = SMALL | own | {"alpha": 0.2, "learning_rate_init": 0.01}
    weight = weights(len(y))
    ours, theirs = Ours(**options).fit(X, y, weight), Theirs(**options).fit(X, y, weight)
    assert_same_weights(ours, theirs, rounding(problem))


@pytest.mark.parametrize("problem", PROBLEMS)
def test_early_stopping_equals_scikit_learn(problem):
    Ours, Theirs, data, own = PROBLEMS[problem]
    X, y = data()
    options = SMALL | own | {"early_stopping": True, "max_iter": 500, "learning_rate_init": 0.01}
    options |= {"validation_fraction": 0.3, "n_iter_no_change": 4}
    for weight in (None, weights(len(y)) + 1):
        ours, theirs = Ours(**options).fit(X, y, weight), Theirs(**options).fit(X, y, weight)
        np.testing.assert_allclose(ours.validation_scores_, theirs.validation_scores_, atol=1e-5)
        assert ours.n_iter_ == theirs.n_iter_ < 500
        assert ours.best_validation_score_ == pytest.approx(theirs.best_validation_score_)
        assert ours.best_loss_ is theirs.best_loss_ is None
        assert_same_weights(ours, theirs, 10 * rounding(problem))


@pytest.mark.parametrize("learning_rate", ["constant", "adaptive"])
def test_the_loss_ends_a_fit_as_in_scikit_learn(learning_rate):
    X, y = iris()
    options = SMALL | {"solver": "sgd", "learning_rate": learning_rate, "learning_rate_init": 0.2}
    options |= {"max_iter": 2000, "tol": 1e-3, "n_iter_no_change": 3, "alpha": 0.0}
    ours, theirs = MLPClassifier(**options).fit(X, y), peer.MLPClassifier(**options).fit(X, y)
    assert ours.n_iter_ == theirs.n_iter_ < 2000
    np.testing.assert_allclose(ours.loss_curve_, theirs.loss_curve_, rtol=1e-6)


def test_partial_fit_equals_scikit_learn():
    X, y = iris()
    ours, theirs = MLPClassifier(**SMALL), peer.MLPClassifier(**SMALL)
    for rows, weight in ((slice(0, 120), None), (slice(10, 150), weights(140)), (slice(5), None)):
        for model in (ours, theirs):
            model.partial_fit(X[rows], y[rows], weight, classes=np.unique(y))
    assert_same_weights(ours, theirs, 1e-12)
    assert ours.t_ == theirs.t_ == 265
    assert ours.n_iter_ == theirs.n_iter_ == 1
    assert len(ours.loss_curve_) == 3


def test_warm_start_equals_scikit_learn():
    X, y = diabetes()
    options = SMALL | {"warm_start": True, "max_iter": 15}
    ours, theirs = MLPRegressor(**options), peer.MLPRegressor(**options)
    for _ in range(3):
        ours.fit(X, y)
        theirs.fit(X, y)
    assert_same_weights(ours, theirs, 1e-9)
    assert ours.t_ == theirs.t_ == 3 * 15 * 150
    assert len(ours.loss_curve_) == 45
    with pytest.raises(
        ValueError, match=r"warm_start needs the same layers and columns as before.*\(12, 7\)"
    ):
        ours.set_params(hidden_layer_sizes=(12, 8)).fit(X, y)
    ours.set_params(hidden_layer_sizes=(12, 7), solver="lbfgs").fit(X, y)
    before = ours.loss_
    ours.set_params(solver="adam").partial_fit(X, y)
    assert ours.loss_ < before * 1.1


# --- what scikit-learn's have not -----------------------------------------------------------------


def test_an_activation_for_each_layer():
    X, y = iris()
    formulas = {
        "softplus": lambda z: np.log1p(np.exp(z)),
        "leaky_relu": lambda z: np.where(z > 0, z, 0.2 * z),
        "logistic": expit,
    }
    model = MLPClassifier((6, 5, 4), tuple(formulas), random_state=0, max_iter=20).fit(X, y)
    a = X
    for W, b, f in zip(model.coefs_, model.intercepts_, [*formulas.values(), None], strict=True):
        a = a @ W + b if f is None else f(a @ W + b)
    np.testing.assert_allclose(model.predict_proba(X), softmax(a, axis=1), rtol=0, atol=1e-12)
    np.testing.assert_allclose(
        model.predict_log_proba(X), np.log(softmax(a, axis=1)), rtol=0, atol=1e-12
    )
    assert model.loss_curve_[-1] < model.loss_curve_[0]
    one, each = (
        MLPClassifier((6, 5), f, random_state=0, max_iter=20) for f in ("tanh", ["tanh"] * 2)
    )
    assert (one.fit(X, y).predict_proba(X) == each.fit(X, y).predict_proba(X)).all()


def test_dropout_is_for_training_only():
    X, y = iris()
    options = SMALL | {"max_iter": 200, "learning_rate_init": 0.01}
    model = MLPClassifier(dropout=(0.3, 0.1), **options).fit(X, y)
    assert (model.predict_proba(X) == model.predict_proba(X)).all()
    plain = MLPClassifier(**options).fit(X, y)
    assert model.loss_curve_[-1] > plain.loss_curve_[-1]
    ups, downs = ((np.diff(m.loss_curve_[-50:]) > 0).sum() for m in (model, plain))
    assert ups > 10 > downs  # other units are left out at every step
    assert model.score(X, y) > 0.9
    again = MLPClassifier(dropout=[0.3, 0.1], **options).fit(X, y)
    assert (again.coefs_[0] == model.coefs_[0]).all()


@pytest.mark.parametrize("class_weight", ["balanced", {"setosa": 2.0, "virginica": 5.0}])
def test_class_weights_are_sample_weights(class_weight):
    X, y = (part[20:] for part in iris())  # 30 of the first kind, 50 of the others
    of_class = {"setosa": 130 / 90, "versicolor": 130 / 150, "virginica": 130 / 150}
    if class_weight != "balanced":
        of_class = class_weight | {"versicolor": 1.0}
    factors = np.array([of_class[label] for label in y])
    ours = MLPClassifier(class_weight=class_weight, **SMALL).fit(X, y)
    assert_same_weights(ours, MLPClassifier(**SMALL).fit(X, y, factors), 1e-10)
    weight = np.where(y == "setosa", 1.0, 0.0)  # only one class counts
    MLPClassifier(class_weight=class_weight, **SMALL).fit(X, y, weight)


def test_weights_of_unknown_classes_are_refused():
    X, y = load_iris(return_X_y=True)
    for class_weight in ({3: 2.0}, {"0": 2.0}):
        with pytest.raises(ValueError, match=r"keys among the classes \[0 1 2\], got '?[03]'?"):
            MLPClassifier(class_weight=class_weight).fit(X, y)


def test_class_weights_are_for_training_only():
    """A model that never moves predicts one class: its validation score is the share of that."""
    X, y = (part[20:] for part in iris())
    options = SMALL | {"early_stopping": True, "learning_rate_init": 1e-12, "max_iter": 2}
    scores = [
        MLPClassifier(class_weight=of_class, **options).fit(X, y).validation_scores_
        for of_class in (None, {"setosa": 9.0, "virginica": 0.1})
    ]
    assert scores[0] == scores[1]


def test_class_weights_of_labels_are_multiplied():
    X, Y = three_labels()
    ours = MLPClassifier(class_weight={1: 3.0}, **SMALL).fit(X, Y)
    assert_same_weights(ours, MLPClassifier(**SMALL).fit(X, Y, 3.0 ** Y.sum(axis=1)), 1e-10)
    assert (ours.fit(X, sparse.csr_array(Y)).predict(X) == ours.fit(X, Y).predict(X)).all()


@pytest.mark.parametrize("problem", PROBLEMS)
def test_validation_data_of_the_user(problem):
    Ours, _, data, own = PROBLEMS[problem]
    X, y = data()
    training, held_out = slice(0, None, 2), slice(1, None, 2)
    options = SMALL | own | {"learning_rate_init": 0.02, "n_iter_no_change": 5, "max_iter": 300}
    given = (sparse.csr_array(X[held_out]), y[held_out], weights(len(y) // 2) + 1)
    model = Ours(early_stopping=True, **options)
    model.fit(X[training], y[training], validation_data=given)
    assert len(model.validation_scores_) == model.n_iter_ < 300
    assert model.best_validation_score_ == max(model.validation_scores_)
    assert model.t_ == model.n_iter_ * len(X[training])  # nothing else is held out
    score = model.score(X[held_out], y[held_out], given[2])
    assert model.best_validation_score_ == pytest.approx(score, abs=1e-12)
    measure = r2_score if Ours is MLPRegressor else accuracy_score
    predicted = model.predict(X[held_out])
    assert score == pytest.approx(measure(y[held_out], predicted, sample_weight=given[2]))
    watched = Ours(**options).fit(X[training], y[training], validation_data=given[:2])
    alone = Ours(**options).fit(X[training], y[training])
    assert_same_weights(watched, alone, 0)  # it is looked at, and changes nothing
    last = watched.score(X[held_out], y[held_out])
    assert watched.validation_scores_[-1] == pytest.approx(last, abs=1e-12)


def test_single_precision_stays_single():
    X, y = iris()
    double = MLPClassifier(**SMALL).fit(X, y)
    single = MLPClassifier(**SMALL).fit(X.astype(np.float32), y)
    assert {w.dtype.name for w in single.coefs_} == {"float32"}
    assert {w.dtype.name for w in double.coefs_} == {"float64"}
    assert single.predict_proba(X).dtype == np.float32
    assert double.predict_proba(X.astype(np.float32)).dtype == np.float64
    # 40 steps of Adam at rate 0.001, each with gradients of about 1e-6 relative error.
    assert_same_weights(single, double, 1e-4)


# --- data, tools, reports -------------------------------------------------------------------------


@pytest.mark.parametrize("Model", [MLPClassifier, MLPRegressor])
@pytest.mark.parametrize("solver", ["adam", "lbfgs"])
def test_sparse_equals_dense(Model, solver):
    X, y = iris()
    X = np.where(np.random.default_rng(1).random(X.shape) < 0.4, X, 0)
    if Model is MLPRegressor:
        y = X[:, 0]
    X, y = np.tile(X, (8, 1)), np.tile(y, 8)  # more rows than are predicted at once
    options = SMALL | {"solver": solver, "max_iter": 5, "early_stopping": True}
    dense = Model(**options).fit(X, y)
    for form in (sparse.csr_array, sparse.csr_matrix, sparse.csc_array, sparse.coo_array):
        found = Model(**options).fit(form(X), y)
        assert_same_weights(found, dense, 0)
        assert (found.predict(form(X)) == dense.predict(X)).all()
    options["early_stopping"] = False
    if solver == "adam":
        dense, found = Model(**options), Model(**options)
        classes = {"classes": np.unique(y)} if Model is MLPClassifier else {}
        assert_same_weights(
            found.partial_fit(sparse.csr_array(X), y, **classes),
            dense.partial_fit(X, y, **classes),
            0,
        )


@pytest.mark.parametrize("Model", [MLPClassifier, MLPRegressor])
@pytest.mark.parametrize(
    "sizes", [(3, 2), [3, 2], np.array([3, 2])], ids=["tuple", "list", "array"]
)
def test_clones_share_nothing_that_can_change(Model, sizes):
    model = Model(hidden_layer_sizes=sizes, alpha=0.5, random_state=1)
    other = clone(model)
    assert type(other) is Model
    assert other is not model
    assert list(other.hidden_layer_sizes) == [3, 2]
    assert (other.hidden_layer_sizes is sizes) == isinstance(sizes, tuple)
    assert other.set_params(alpha=2.0).alpha == 2
    assert model.alpha == 0.5


def test_clones_keep_what_is_asked_for_in_a_fit():
    with sklearn.config_context(enable_metadata_routing=True):
        model = MLPRegressor().set_fit_request(sample_weight=True)
        assert clone(model)._metadata_request.fit.requests["sample_weight"] is True


@pytest.mark.parametrize(("Model", "data"), [(MLPClassifier, iris), (MLPRegressor, diabetes)])
def test_data_frames_clones_and_dumps(Model, data, tmp_path):
    X, y = data()
    frame = pd.DataFrame(X, columns=[f"x{i}" for i in range(X.shape[1])])
    model = clone(Model(**SMALL)).fit(frame, pd.Series(y), validation_data=(frame, pd.Series(y)))
    assert list(model.feature_names_in_) == list(frame.columns)
    assert model.n_features_in_ == X.shape[1]
    joblib.dump(model, tmp_path / "model")
    for again in (joblib.load(tmp_path / "model"), pickle.loads(pickle.dumps(model))):
        assert (again.predict(frame) == model.predict(frame)).all()
        again.partial_fit(frame, y)  # the optimiser has been dumped too
        copy = pickle.loads(pickle.dumps(model)).partial_fit(frame, y)
        assert_same_weights(again, copy, 0)
    other = clone(model)
    assert other.get_params() == model.get_params()
    with pytest.raises(NotFittedError):
        other.predict(frame)
    with pytest.raises(AttributeError, match=f"this {Model.__name__} is not fitted yet"):
        other.coefs_  # noqa: B018
    with pytest.warns(UserWarning, match="does not have valid feature names"):
        model.predict(X)


@pytest.mark.parametrize("backend", [pytest.param("loky", marks=pytest.mark.slow), "threading"])
def test_grid_search(backend):
    X, y = load_iris(return_X_y=True)
    pipeline = make_pipeline(
        StandardScaler(), MLPClassifier(random_state=0, max_iter=60, learning_rate_init=0.01)
    )
    grid = {"mlpclassifier__hidden_layer_sizes": [5, (20,)], "mlpclassifier__alpha": [1e-4, 1e-2]}
    with joblib.parallel_backend(backend):
        search = GridSearchCV(pipeline, grid, n_jobs=2, cv=3).fit(X, y)
    alone = GridSearchCV(pipeline, grid, cv=3).fit(X, y)
    assert (search.cv_results_["mean_test_score"] == alone.cv_results_["mean_test_score"]).all()
    assert search.best_params_["mlpclassifier__hidden_layer_sizes"] == (20,)
    assert search.best_score_ > 0.85
    model = MLPRegressor("squared_error", 20, "tanh", solver="lbfgs", alpha=5.0, random_state=0)
    assert cross_val_score(model, *diabetes(), cv=3).mean() > 0


def test_random_states():
    X, y = iris()
    options = SMALL | {"batch_size": 20, "dropout": 0.2}
    first, same = (MLPClassifier(**options).fit(X, y) for _ in range(2))
    assert_same_weights(first, same, 0)
    other = MLPClassifier(**options | {"random_state": 4}).fit(X, y)
    assert (other.coefs_[0] != first.coefs_[0]).all()
    state = np.random.RandomState(3)
    assert_same_weights(MLPClassifier(**options | {"random_state": state}).fit(X, y), first, 0)
    assert state.randint(10**6) != np.random.RandomState(3).randint(10**6)
    # Epochs of partial_fit and of fit are the same.
    pieces = MLPClassifier(**options)
    for _ in range(40):
        pieces.partial_fit(X, y, classes=np.unique(y))
    assert_same_weights(pieces, first, 0)


def test_weights_can_be_set_but_not_written_to():
    X, y = iris()
    model = MLPClassifier(**SMALL).fit(X, y)
    other = MLPClassifier(**SMALL | {"max_iter": 1}).fit(X, y)
    other.coefs_, other.intercepts_ = model.coefs_, model.intercepts_
    assert (other.predict_proba(X) == model.predict_proba(X)).all()
    with pytest.raises(ValueError, match="read-only"):
        model.coefs_[0][0, 0] = 1
    with pytest.raises(ValueError, match=r"weights\[0\] must have shape \(4, 12\), got \(3, 12\)"):
        model.coefs_ = [model.coefs_[0][:3], *model.coefs_[1:]]


@pytest.mark.parametrize("solver", ["adam", "sgd", "lbfgs"])
@pytest.mark.parametrize(("Model", "data"), [(MLPClassifier, iris), (MLPRegressor, diabetes)])
def test_callbacks_see_every_epoch(Model, data, solver):
    X, y = data()
    options = SMALL | {"solver": solver, "max_iter": 6}
    recorder = Recorder()
    model = Model(**options).set_callbacks(recorder).fit(X, y)
    assert_same_weights(model, Model(**options).fit(X, y), 0)
    middle = [f"begin {solver}-iter", f"end {solver}-iter"] * 6
    assert recorder.calls == ["setup", "begin fit", *middle, "end fit", "teardown"]
    assert recorder.scores[-1] == recorder.scores[-2] == model.score(X, y)
    shorter = Model(**options | {"max_iter": 3}).fit(X, y)
    assert recorder.scores[2] == shorter.score(X, y)
    model = Model(**options).set_callbacks(Recorder(stop_after=2)).fit(X, y)
    assert model.n_iter_ == 2


class Interrupt(Recorder):
    def on_fit_task_end(self, estimator, context, *, X, y, fitted_estimator):
        if estimator.n_iter_ == 3:
            raise KeyboardInterrupt


def test_ctrl_c_keeps_what_was_learned():
    X, y = iris()
    model = MLPClassifier(**SMALL).set_callbacks(Interrupt())
    with (
        pytest.raises(KeyboardInterrupt),  # of the end of the fit
        pytest.warns(UserWarning, match="fit was interrupted after 3 epochs"),
    ):
        model.fit(X, y)
    assert_same_weights(model, MLPClassifier(**SMALL | {"max_iter": 3}).fit(X, y), 0)


def test_verbose(capsys):
    X, y = iris()
    options = {"verbose": True, "hidden_layer_sizes": 4, "random_state": 0, "n_iter_no_change": 1}
    model = MLPClassifier(
        solver="sgd", learning_rate="adaptive", tol=10, early_stopping=True, max_iter=4, **options
    ).fit(X, y)
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == f"Epoch 1, loss = {model.loss_curve_[0]:.8f}"
    assert lines[1] == f"Validation score: {model.validation_scores_[0]:.6f}"
    assert (
        "Learning rate 0.0002: the validation score did not improve by tol=10 for 1 epoch" in lines
    )
    MLPClassifier(tol=10, **options).fit(X, y)
    assert capsys.readouterr().out.splitlines()[-1] == (
        "Stopped: the loss did not improve by tol=10 for 1 epoch"
    )
    MLPClassifier(solver="lbfgs", **options).fit(X, y)
    assert capsys.readouterr().out.startswith("lbfgs: ")


def test_warnings():
    X, y = iris()
    with pytest.warns(ConvergenceWarning, match="adam did not converge within max_iter=2 epochs"):
        MLPClassifier(max_iter=2).fit(X, y)
    with pytest.warns(ConvergenceWarning, match="lbfgs did not converge within 2 iterations: "):
        MLPClassifier(max_iter=2, solver="lbfgs").fit(X, y)
    with pytest.warns(
        UserWarning, match="batch_size=151 is more than there are samples; it is set to 150"
    ):
        MLPClassifier(batch_size=151, **SMALL).fit(X, y)
    with pytest.warns(DataConversionWarning):
        MLPRegressor(**SMALL).fit(X, X[:, :1])


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"hidden_layer_sizes": (3, 0)}, r"hidden_layer_sizes must be ints above 0, got \[3, 0\]"),
        ({"hidden_layer_sizes": (3, 2.5)}, "hidden_layer_sizes must be ints above 0"),
        ({"activation": "softmax"}, "The 'activation' parameter of MLP"),
        ({"activation": ("tanh", "tan")}, r"activation must hold names .* got \['tanh', 'tan'\]"),
        ({"activation": ("tanh",)}, "one for each of the 2 hidden layers, got 1"),
        ({"dropout": (0.1, 1.0)}, r"dropout must be from 0 to below 1, got \[0.1, 1.0\]"),
        (
            {"dropout": (0.1, 0.1, 0.1)},
            "dropout must be one value for all, or one for each of the 2",
        ),
        ({"dropout": 0.1, "solver": "lbfgs"}, "solver='lbfgs' needs dropout=0, because"),
        ({"momentum": 1.0}, "The 'momentum' parameter of MLP"),
    ],
)
@pytest.mark.parametrize("Model", [MLPClassifier, MLPRegressor])
def test_wrong_parameters(Model, options, message):
    with pytest.raises(ValueError, match=message):
        Model(**SMALL | options).fit(*two() if Model is MLPClassifier else diabetes())


def test_wrong_data():
    X, y = iris()
    model = MLPClassifier(**SMALL)
    with pytest.raises(ValueError, match="y must hold at least two classes, got only one class"):
        model.fit(X[:50], y[:50])
    with pytest.raises(ValueError, match="the first call of partial_fit must be given all classes"):
        clone(model).partial_fit(X, y)
    model.partial_fit(X, y, classes=np.unique(y))
    with pytest.raises(ValueError, match=r"y must hold the classes .* got rose"):
        model.partial_fit(X[:2], ["rose", "setosa"])
    with pytest.raises(ValueError, match="classes must be those of the first call"):
        model.set_params(warm_start=True).fit(X[:90], y[:90])
    with pytest.raises(ValueError, match="partial_fit trains for one epoch, which early_stopping"):
        model.set_params(early_stopping=True).partial_fit(X, y)
    with pytest.raises(ValueError, match=r"validation_fraction=0\.001 holds out 1 samples"):
        MLPRegressor(early_stopping=True, validation_fraction=0.001).fit(X, X[:, 0])
    weight = np.zeros(150)
    weight[7] = 1
    with pytest.raises(ValueError, match="all weights of the training or validation samples are"):
        MLPRegressor(early_stopping=True).fit(X, X[:, 0], weight)
    with pytest.raises(AttributeError, match="has no attribute 'partial_fit'"):
        MLPClassifier(solver="lbfgs").partial_fit(X, y)
    for data, message in (
        ((X,), r"validation_data must be \(X, y\) or \(X, y, sample_weight\)"),
        ((X, y[:-1]), "validation_data must have a target for each sample, got 150 and 149"),
        ((X, ["rose"] * 150), "y must hold the classes .* got rose"),
        ((X[:, 1:], y), "X has 3 features, but MLPClassifier is expecting 4"),
    ):
        with pytest.raises(ValueError, match=message):
            MLPClassifier(**SMALL).fit(X, y, validation_data=data)
    with pytest.raises(ValueError, match="solver='lbfgs' takes no validation_data"):
        MLPClassifier(solver="lbfgs").fit(X, y, validation_data=(X, y))
    with pytest.raises(ValueError, match="loss='poisson' needs y of 0 or above, got -"):
        MLPRegressor("poisson").fit(X, X[:, 0])
    with pytest.raises(ValueError, match="y must have 2 targets, got 1"):
        MLPRegressor(**SMALL).fit(X, X[:, :2], validation_data=(X, X[:, 0]))
    with pytest.raises(ValueError, match="y must have 1 targets, got 2"):
        MLPRegressor(**SMALL).fit(X, X[:, 0]).partial_fit(X, X[:, :2])
    for model in (MLPClassifier(**SMALL), MLPRegressor(**SMALL)):
        with pytest.raises(ValueError, match="sample_weight must be finite, got inf"):
            model.fit(X, y == y[0], sample_weight=np.inf)


def test_true_is_one_iteration():
    X, y = iris()
    with pytest.warns(ConvergenceWarning):
        assert MLPClassifier(**SMALL | {"max_iter": True}).fit(X, y).n_iter_ == 1


def test_divergence_is_said():
    X, y = diabetes()
    with pytest.raises(FloatingPointError, match="training diverged in step 1 of epoch"):
        MLPRegressor(solver="sgd", learning_rate_init=1e6, random_state=0).fit(X, y)
    with pytest.raises(FloatingPointError, match="the loss is nan after 0 iterations of lbfgs"):
        MLPRegressor(solver="lbfgs", random_state=0).fit(X, y * 1e200)


def test_a_network_without_hidden_layers_is_a_softmax_regression():
    X, y = iris()
    options = {"hidden_layer_sizes": (), "random_state": 0, "solver": "lbfgs", "alpha": 1.0}
    ours, theirs = MLPClassifier(**options).fit(X, y), peer.MLPClassifier(**options).fit(X, y)
    # Convex: tol=1e-4 over a curvature of alpha / n.
    np.testing.assert_allclose(ours.predict_proba(X), theirs.predict_proba(X), atol=0.02)
    assert len(ours.coefs_) == 1


def test_a_constant_target_is_scored_as_in_scikit_learn():
    X, _ = diabetes()
    Y = np.column_stack([np.zeros(150), X[:, 0]])
    model = MLPRegressor(**SMALL | {"max_iter": 2})
    model.fit(X, Y, validation_data=(X, Y))
    assert model.validation_scores_[-1] == pytest.approx(r2_score(Y, model.predict(X)), abs=1e-12)


@pytest.mark.parametrize("kind", ["int", "text", "bool", "list", "float", "other ints"])
def test_score_is_that_of_scikit_learn(kind):
    rng = np.random.default_rng(0)
    X, numbers = rng.normal(size=(37, 3)), rng.integers(0, 2, 37)
    y = {
        "int": numbers,
        "text": np.array(["no", "yes"])[numbers],
        "bool": numbers == 1,
        "list": numbers.tolist(),
        "float": numbers.astype(float),
        "other ints": numbers.astype(np.int8),
    }[kind]
    model = MLPClassifier(hidden_layer_sizes=(3,), max_iter=3, random_state=0)
    model.fit(X, numbers if kind == "other ints" else y)
    weight = rng.random(37)
    assert model.score(X, y) == accuracy_score(y, model.predict(X))
    assert model.score(X, y, weight) == accuracy_score(y, model.predict(X), sample_weight=weight)
    with pytest.raises(ValueError, match="inconsistent numbers of samples"):
        model.score(X, np.asarray(y)[:-1])


def test_a_value_that_was_accepted_is_not_taken_for_an_equal_one_of_another_type():
    X, y = np.eye(4), [0, 1, 0, 1]
    options = {"hidden_layer_sizes": 2, "max_iter": 1, "n_iter_no_change": np.inf, "tol": 0}
    MLPClassifier(**options, shuffle=True).fit(X, y)
    with pytest.raises(ValueError, match="'shuffle' parameter of MLPClassifier must be"):
        MLPClassifier(**options, shuffle=1).fit(X, y)
    with pytest.raises(ValueError, match="'alpha' parameter of MLPRegressor must be"):
        MLPRegressor(alpha=-1.0).fit(X, y)


def test_random_numbers_of_a_seed_are_those_of_numpy():
    for seed in (0, 7, 2**32 - 1):
        one, other = random_of(seed), np.random.RandomState(seed)
        for draw in ("random_sample", "standard_normal"):
            np.testing.assert_array_equal(getattr(one, draw)(700), getattr(other, draw)(700))
    with pytest.raises(ValueError, match="Seed must be between 0"):
        random_of(-1)
    assert random_of(other) is other
