"""The estimators of `linear_model` and `neural_network`.

Checks of arrays are left to scikit-learn, and a refusal in its words counts.
"""

import inspect

import numpy as np
from calls import calls, labels, numbers, some_of
from hostile import SCALARS
from hypothesis import strategies as st
from scipy import sparse
from sklearn.exceptions import ConvergenceWarning, DataConversionWarning
from sklearn.metrics import accuracy_score

from fastscratch.estimators import LabelsMixin
from fastscratch.linear_model import (
    ElasticNet,
    ElasticNetCV,
    Lasso,
    LassoCV,
    LinearRegression,
    LogisticRegression,
    LogisticRegressionCV,
    Ridge,
    RidgeClassifier,
    RidgeClassifierCV,
    RidgeCV,
)
from fastscratch.neural_network import MLPClassifier, MLPRegressor

SUBJECTS = ("sklearn", "samples", "weights", "classes", "columns", "solver", "validation_fraction")
WARNS = (ConvergenceWarning, DataConversionWarning)
#: Of scikit-learn, of unusual targets; of NumPy, where scikit-learn and SciPy overflow around the
#: kernels.
WARNS += (UserWarning, RuntimeWarning)
#: The second by scikit-learn, of an int that is too large for a float.
RAISES = (FloatingPointError, OverflowError)
FEW = [value for value in SCALARS if not (isinstance(value, (int, float)) and value > 100)]

rates = st.sampled_from([1e-3, 0.1])
flags = st.booleans()
OPTIONS = {
    LinearRegression: {
        "fit_intercept": flags,
        "tol": st.just(1e-6),
        "positive": flags,
        "solver": st.sampled_from(["qr", "gradient-descent"]),
        "learning_rate": rates | st.just("auto"),
        "max_iter": st.integers(1, 20),
        "warm_start": flags,
    },
    LogisticRegression: {
        "C": st.sampled_from([0.1, 1.0, float("inf")]),
        "l1_ratio": st.sampled_from([0.0, 0.5, 1.0]),
        "tol": st.just(1e-4),
        "fit_intercept": flags,
        "class_weight": st.sampled_from([None, "balanced", {0: 2.0}]),
        "solver": st.sampled_from(
            ["lbfgs", "newton-cholesky", "fista", "gradient-descent", "liblinear", "saga"]
        ),
        "learning_rate": rates | st.just("auto"),
        "max_iter": st.integers(1, 20),
        "warm_start": flags,
    },
}
penalised = {
    "alpha": st.sampled_from([0.01, 1.0]),
    "fit_intercept": flags,
    "tol": st.just(1e-4),
    "max_iter": st.integers(1, 20),
    "positive": flags,
}
OPTIONS[Ridge] = penalised
OPTIONS[Lasso] = penalised | {"warm_start": flags}
OPTIONS[ElasticNet] = OPTIONS[Lasso] | {"l1_ratio": st.sampled_from([0.0, 0.5, 1.0])}
OPTIONS[RidgeCV] = {
    "alphas": st.sampled_from([(0.1, 1.0), [2.0]]),
    "fit_intercept": flags,
    "alpha_per_target": flags,
}
OPTIONS[RidgeClassifier] = penalised | {"class_weight": st.sampled_from([None, "balanced"])}
OPTIONS[RidgeClassifierCV] = {
    "alphas": st.sampled_from([(0.1, 1.0), [2.0]]),
    "fit_intercept": flags,
    "scoring": st.sampled_from([None, "accuracy"]),
    "class_weight": st.sampled_from([None, "balanced"]),
}
OPTIONS[LogisticRegressionCV] = {
    "Cs": st.sampled_from([2, [0.1, 1.0]]),
    "fit_intercept": flags,
    "cv": st.just(2),
    "scoring": st.sampled_from([None, "neg_brier_score"]),
    "refit": flags,
    "max_iter": st.integers(1, 20),
}
OPTIONS[LassoCV] = {
    "alphas": st.sampled_from([3, [0.1, 1.0]]),
    "fit_intercept": flags,
    "cv": st.just(2),
    "positive": flags,
}
OPTIONS[ElasticNetCV] = OPTIONS[LassoCV] | {"l1_ratio": st.sampled_from([0.5, [0.1, 1.0]])}
networks = {
    "hidden_layer_sizes": st.sampled_from([3, (2,), (3, 2), ()]),
    "activation": st.sampled_from(["relu", "tanh", "logistic"]),
    "solver": st.sampled_from(["adam", "sgd", "lbfgs"]),
    "alpha": rates,
    "dropout": st.sampled_from([0.0, 0.5]),
    "batch_size": st.sampled_from(["auto", 1, 3]),
    "learning_rate": st.sampled_from(["constant", "invscaling", "adaptive"]),
    "learning_rate_init": rates,
    "max_iter": st.integers(1, 5),
    "shuffle": flags,
    "random_state": st.integers(0, 9),
    "tol": rates,
    "warm_start": flags,
    "momentum": st.sampled_from([0.0, 0.9]),
    "early_stopping": flags,
    "validation_fraction": st.sampled_from([0.1, 0.5]),
    "max_fun": st.integers(1, 20),
}
OPTIONS[MLPClassifier] = networks | {"class_weight": st.sampled_from([None, "balanced"])}
OPTIONS[MLPRegressor] = networks | {"loss": st.sampled_from(["squared_error", "poisson"])}
ENDLESS = dict.fromkeys(["max_iter", "max_fun", "hidden_layer_sizes"], FEW)
#: scikit-learn takes an int for a real number, however large.
ENDLESS |= dict.fromkeys(["tol", "alpha", "learning_rate_init", "C", "learning_rate"], FEW)
#: The defaults would run long.
SHORT = {"max_iter": 5}


def real(value):
    """What was taken, as scikit-learn reads it: objects and strings that are numbers, too."""
    array = np.asarray(value).astype(np.float64)
    assert np.isfinite(array).all(), "took numbers that are not finite"
    assert array.size, "took an empty array"
    return array


def data_for(draw, kind):
    """Samples and targets; classes are numbers or strings, or there are several labels."""
    n, k = draw(st.integers(4, 12)), draw(st.integers(1, 3))
    X = numbers(draw, n, k)
    if kind in (LassoCV, ElasticNetCV):
        return X, numbers(draw, n)
    if kind is LogisticRegressionCV:
        return X, np.arange(n) % 2  # both classes in every fold
    if kind not in (LogisticRegression, MLPClassifier, RidgeClassifier, RidgeClassifierCV):
        y = numbers(draw, *((n,) if draw(flags) else (n, 2)))
        return X, abs(y)
    y = labels(draw, n, draw(st.integers(2, 3)))
    form = draw(st.sampled_from(["numbers", "strings", "labels"]))
    if form == "strings":
        y = np.array(["a", "b", "c"])[y]
    if form == "labels":
        y = np.column_stack([y % 2, (y + 1) % 2])
    return X, y


def few(kind, options):
    names = inspect.signature(kind).parameters
    short = SHORT | ({"cv": 2} if kind in (LassoCV, ElasticNetCV, LogisticRegressionCV) else {})
    return {name: value for name, value in short.items() if name in names} | options


def fitted(draw, kind):
    X, y = data_for(draw, kind)
    return kind(**few(kind, {})).fit(X, y), X, y


def made(kind):
    """Parameters are kept as they are, whatever they are, and looked at by `fit`."""

    def check(result, **parameters):
        for name, value in parameters.items():
            assert getattr(result, name) is value

    return calls(
        place_of(kind),
        kind,
        lambda draw: some_of(draw, OPTIONS[kind]),
        check,
        subjects=SUBJECTS,
    )


def place_of(kind):
    return f"{kind.__module__.split('.')[1]}.{kind.__name__}"


def check_outputs(estimator, X):
    """A fitted estimator's own predictions fit together; those of least squares are SciPy's."""
    outputs = estimator.predict(X)
    n = X.shape[0] if sparse.issparse(X) else len(X)
    assert len(outputs) == n
    if hasattr(estimator, "predict_proba"):
        shares = estimator.predict_proba(X)
        assert np.isfinite(shares).all()
        assert shares.min() >= 0
        assert shares.max() <= 1 + 1e-6
        if outputs.ndim == 1:
            np.testing.assert_allclose(shares.sum(axis=1), 1, rtol=1e-5)
            assert np.isin(outputs, estimator.classes_).all()
    elif outputs.dtype.kind == "f":
        assert np.isfinite(outputs).all()


def check_least_squares(estimator, X, y, sample_weight):
    """The gradient of the squares vanishes."""
    A, b = real(X), real(y)
    if estimator.fit_intercept:
        A = np.column_stack([np.ones(len(A)), A])
    size = max(abs(A).max(), abs(b).max(), 1e-300)
    if sample_weight is not None or estimator.tol > 1e-6 or not 1e-3 < abs(A).max() <= size < 1e3:
        return
    if np.linalg.matrix_rank(A) < A.shape[1] or np.linalg.cond(A) > 1e4:
        return
    expected = A @ np.linalg.lstsq(A, b, rcond=None)[0]
    np.testing.assert_allclose(estimator.predict(real(X)), expected, rtol=0, atol=1e-6 * size)


@st.composite
def fitting(draw, kind, method):
    X, y = data_for(draw, kind)
    parameters = some_of(draw, OPTIONS[kind])
    estimator = kind()
    if not hasattr(kind(**parameters), method):
        parameters.pop("solver", None)
        if kind is LogisticRegression:
            parameters["solver"] = "gradient-descent"
    if method == "partial_fit":
        parameters.pop("early_stopping", None)
    weight = {"sample_weight": st.just(abs(numbers(draw, len(X))))}
    data = {"X": X, "y": y, **some_of(draw, weight)}
    if method == "partial_fit" and kind in (LogisticRegression, MLPClassifier) and y.ndim == 1:
        data["classes"] = np.unique(y)
    names = [*data]

    def function(**arguments):
        nonlocal estimator
        given = {name: arguments.pop(name) for name in names if name in arguments}
        estimator = kind(**few(kind, arguments))
        return getattr(estimator, method)(**given)

    def check(result, X, y, **arguments):
        assert result is estimator
        # what was learned of huge numbers may be huge, and the outputs of others infinite
        huge = np.asarray(y).dtype.kind == "f" and abs(real(y)).max() > 1e6
        if abs(real(X)).max() < 1e6 and not huge:
            check_outputs(result, real(X))
        is_least_squares = kind is LinearRegression and not result.positive
        if method == "fit" and is_least_squares and result.solver == "qr":
            check_least_squares(result, X, y, arguments.get("sample_weight"))

    def good(draw):
        return data | parameters

    name = f"{place_of(kind)}.{method}"
    # some solvers have no partial_fit, which scikit-learn says by an AttributeError
    raises = (*RAISES, AttributeError) if method == "partial_fit" else RAISES
    how = {"raises": raises, "warns": WARNS, "scalars": ENDLESS}
    subjects = (*SUBJECTS, *inspect.signature(kind).parameters)
    return draw(calls(name, function, good, check, subjects=subjects, **how))


@st.composite
def using(draw, kind, method):
    estimator, X, _ = fitted(draw, kind)
    expected = getattr(estimator, method)(X)

    def check(result, X):
        taken = real(X)
        assert result.shape == (len(taken), *expected.shape[1:])
        if result.dtype.kind == "f" and abs(taken).max() < 1e6:
            assert not np.isnan(result).any()
            alone = np.concatenate([getattr(estimator, method)(row[None]) for row in taken])
            room = 1e-9 if taken.dtype == np.asarray(X).dtype else 1e-3
            size = max(1, abs(alone[np.isfinite(alone)]).max(initial=0))
            np.testing.assert_allclose(result, alone, rtol=room, atol=room * size)

    name = f"{place_of(kind)}.{method}"
    function = getattr(estimator, method)
    how = {"subjects": SUBJECTS, "raises": RAISES, "warns": WARNS}
    return draw(calls(name, function, lambda draw: {"X": X}, check, **how))


@st.composite
def scoring(draw, kind):
    estimator, X, y = fitted(draw, kind)

    def check(result, X, y, sample_weight=None):
        assert result == accuracy_score(y, estimator.predict(X), sample_weight=sample_weight)

    def good(draw):
        weight = {"sample_weight": st.just(1 + abs(numbers(draw, len(X))))}
        return {"X": X, "y": y, **some_of(draw, weight)}

    how = {"subjects": SUBJECTS, "raises": RAISES, "warns": WARNS}
    return draw(calls(f"{place_of(kind)}.score", estimator.score, good, check, **how))


#: Besides `fit`, which all have.
METHODS = {
    LinearRegression: ("predict",),
    Ridge: ("predict",),
    RidgeCV: ("predict",),
    Lasso: ("predict",),
    LassoCV: ("predict",),
    ElasticNet: ("predict",),
    ElasticNetCV: ("predict",),
    LogisticRegression: ("predict", "predict_proba", "predict_log_proba", "decision_function"),
    LogisticRegressionCV: ("predict", "predict_proba", "predict_log_proba", "decision_function"),
    RidgeClassifier: ("predict", "decision_function"),
    RidgeClassifierCV: ("predict", "decision_function"),
    MLPClassifier: ("predict", "predict_proba", "predict_log_proba"),
    MLPRegressor: ("predict",),
}

TARGETS = {}
for kind, methods in METHODS.items():
    TARGETS[place_of(kind)] = made(kind)
    for method in ("fit", "partial_fit") if hasattr(kind, "partial_fit") else ("fit",):
        TARGETS[f"{place_of(kind)}.{method}"] = fitting(kind, method)
    for method in methods:
        TARGETS[f"{place_of(kind)}.{method}"] = using(kind, method)
    if issubclass(kind, LabelsMixin):
        TARGETS[f"{place_of(kind)}.score"] = scoring(kind)
