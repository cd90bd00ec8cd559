"""Functions on arrays: regressions, metrics, one-hot rows, seeds, spirals, threads."""

import math

import numpy as np
import sklearn.metrics
from calls import calls, labels, numbers, real, sizes, some_of, whole
from hostile import SCALARS
from hypothesis import strategies as st
from scipy import special
from surface import resolve

import fastscratch
from fastscratch import metrics

# --- regressions ----------------------------------------------------------------------------------

FEW_ITERATIONS = [value for value in SCALARS if not (isinstance(value, int) and value > 2**30)]


def design(X, fit_intercept):
    X = real(X)
    return np.column_stack([np.ones(len(X)), X]) if fit_intercept else X


def good_regression(draw, family):
    n, k = draw(st.integers(1, 8)), draw(st.integers(1, 3))
    several = draw(st.booleans()) and family != "softmax"
    shape = (n, draw(st.integers(1, 2))) if several else (n,)
    y = numbers(draw, *shape)
    if family == "logistic":
        y = (y > 0).astype(float)
    if family == "softmax":
        y = labels(draw, n, draw(st.integers(2, 3)))
    return {
        "X": numbers(draw, n, k, scale=1.0),
        "y": y,
        **some_of(draw, {"fit_intercept": st.booleans()}),
    }


def good_least_squares(draw):
    arguments = good_regression(draw, "linear")
    return arguments | some_of(draw, {"minimum_norm": st.booleans()})


def check_least_squares(result, X, y, fit_intercept=True, minimum_norm=False):
    assert isinstance(fit_intercept, bool)
    assert isinstance(minimum_norm, bool)
    A, b = design(X, fit_intercept), real(y)
    assert result.shape == (A.shape[1], *b.shape[1:])
    condition = np.linalg.cond(A)
    size = max(abs(A).max(), abs(b).max())
    if condition > 1e6 or size > 1e100 or abs(A).max() < 1e-100:
        return  # the rank is a matter of rounding, or squares overflow
    expected = np.linalg.lstsq(A, b, rcond=None)[0]
    room = 1e-15 * 64 * condition**2 * (abs(expected).max() + abs(b).max() / abs(A).max())
    assert abs(result - expected).max() <= room + 1e-300


FAMILIES = st.sampled_from(["linear", "logistic", "softmax"])


def good_gradient_descent(draw):
    family = draw(FAMILIES)
    return {
        **good_regression(draw, family),
        "family": family,
        "learning_rate": draw(st.floats(1e-3, 0.5)),
        "n_iterations": draw(st.integers(0, 20)),
        **some_of(draw, {"initial": st.floats(-1, 1)}),
    }


INVERSE_LINKS = {
    "linear": lambda z: z,
    "logistic": special.expit,
    "softmax": lambda z: special.softmax(z, axis=1),
}


def responses(y, family, classes=None):
    """Targets as columns, and the trailing shape of the coefficients."""
    y = real(y)
    if family == "softmax":
        classes = classes or int(y.max()) + 1
        rows = (y[:, None] == np.arange(classes)).astype(float)
        assert (rows.sum(axis=1) == 1).all(), "took a label that is none"
        return rows, (classes,)
    assert family == "linear" or np.isin(y, (0, 1)).all()
    return y.reshape(len(y), -1), y.shape[1:]


def check_gradient_descent(
    result, X, y, family, learning_rate, n_iterations, initial=0.0, fit_intercept=True
):
    assert isinstance(fit_intercept, bool)
    A, (targets, shape) = design(X, fit_intercept), responses(y, family)
    b = np.full((A.shape[1], targets.shape[1]), float(initial))
    rate, growth = float(learning_rate), 1.0
    largest = max(1.0, abs(b).max())
    for _ in range(whole(n_iterations)):
        slope = A.T @ (INVERSE_LINKS[str(family)](A @ b) - targets) / len(A)
        b = b - rate * slope
        growth *= 1 + rate * (A**2).sum() / len(A)  # how far a rounding can have come
        largest = max(largest, abs(b).max(), rate * abs(A).max() * abs(A @ b).max())
    assert result.shape == (A.shape[1], *shape)
    if np.isfinite(largest) and largest < 1e150 and growth < 1e6:
        room = 1e-14 * growth * (whole(n_iterations) + 1) * largest * A.size
        np.testing.assert_allclose(result, b.reshape(result.shape), rtol=0, atol=room)


def good_log_likelihood(draw):
    family = draw(st.sampled_from(["logistic", "softmax"]))
    arguments = good_regression(draw, family)
    columns = arguments["X"].shape[1] + arguments.get("fit_intercept", True)
    y = arguments["y"]
    shape = (int(y.max()) + 1,) if family == "softmax" else y.shape[1:]
    return {**arguments, "coefficients": numbers(draw, columns, *shape), "family": family}


def check_log_likelihood(result, X, y, coefficients, family, fit_intercept=True):
    A, beta = design(X, fit_intercept), real(coefficients)
    targets, _ = responses(y, family, beta.shape[-1] if family == "softmax" else None)
    with np.errstate(all="ignore"):
        scores = A @ beta.reshape(A.shape[1], -1)
        if family == "softmax":
            terms = targets * special.log_softmax(scores, axis=1)
        else:
            terms = targets * special.log_expit(scores) + (1 - targets) * special.log_expit(-scores)
    size = A.size * abs(A).max() * abs(beta).max() + targets.size
    if size < 1e300:
        assert abs(result - terms.sum()) <= 1e-14 * (size * targets.size + 1)


# --- metrics --------------------------------------------------------------------------------------


def pairs(kind, threshold="threshold"):
    """Truth and prediction of one kind."""

    def good(draw):
        n = draw(st.integers(1, 8))
        shape = (n, draw(sizes)) if draw(st.booleans()) and kind != "column" else (n,)
        if kind == "binary":
            rng = np.random.default_rng(draw(st.integers(0, 999)))
            pair = {"y_true": rng.integers(0, 2, shape), "y_pred": rng.random(shape).round(1)}
            return {**pair, **some_of(draw, {threshold: st.floats(0, 1)})}
        if kind == "labels":
            return {"y_true": labels(draw, n, 3), "y_pred": labels(draw, n, 3)}
        return {"y_true": numbers(draw, *shape), "y_pred": numbers(draw, *shape)}

    return good


def both(y_true, y_pred):
    a, b = np.atleast_1d(real(y_true)), np.atleast_1d(real(y_pred))
    if (1, *a.shape[::-1]) == b.shape[::-1] or (1, *b.shape[::-1]) == a.shape[::-1]:
        a = a.reshape(b.shape)  # a last axis of one
    assert a.shape == b.shape
    return a, b


def expect(result, expected, size=1.0):
    """Equal but for the rounding of sums of numbers of a size; nothing where squares overflow."""
    assert isinstance(result, float)
    if size < 1e150:
        close = math.isclose(result, expected, rel_tol=1e-12, abs_tol=1e-12 * max(size, 1e-290))
        assert close, f"got {result}, wanted {expected}"


def check_accuracy(result, y_true, y_pred):
    a, b = both(y_true, y_pred)
    expect(result, np.mean(a == b))


def decided(y_true, y_pred, threshold):
    a, b = both(y_true, y_pred)
    assert np.isin(a, (0, 1)).all()
    assert math.isfinite(float(threshold))
    return a.ravel() == 1, b.ravel() > float(threshold)


def check_binary_accuracy(result, y_true, y_pred, threshold=0.5):
    truth, guess = decided(y_true, y_pred, threshold)
    expect(result, np.mean(truth == guess))


def check_precision(result, y_true, y_pred, thresholds=0.5):
    truth, guess = decided(y_true, y_pred, thresholds)
    expect(result, sklearn.metrics.precision_score(truth, guess, zero_division=0))


def check_recall(result, y_true, y_pred, thresholds=0.5):
    truth, guess = decided(y_true, y_pred, thresholds)
    expect(result, sklearn.metrics.recall_score(truth, guess, zero_division=0))


def good_categorical(draw):
    shape = draw(st.integers(1, 6)), draw(sizes)
    rng = np.random.default_rng(draw(st.integers(0, 999)))
    truth = np.eye(shape[1])[rng.integers(0, shape[1], shape[0])]
    return {"y_true": truth, "y_pred": rng.random(shape).round(1)}


def good_sparse(draw):
    arguments = good_categorical(draw)
    return arguments | {"y_true": arguments["y_true"].argmax(axis=1)}


def with_k(good):
    return lambda draw: good(draw) | some_of(draw, {"k": st.integers(1, 6)})


def check_categorical(result, y_true, y_pred):
    a, b = both(y_true, y_pred)
    expect(result, np.mean(a.argmax(axis=1) == b.argmax(axis=1)))


def check_sparse(result, y_true, y_pred):
    a, b = real(y_true), real(y_pred)
    a = a[:, 0] if a.shape == (len(b), 1) else a
    assert a.shape == b.shape[:1]
    assert np.isin(a, range(b.shape[1])).all()
    expect(result, np.mean(a == b.argmax(axis=1)))


def check_top_k(result, y_true, y_pred, k=5):
    b = real(y_pred)
    a = real(y_true)
    one_hot = a.size == b.size  # of one class all are right
    own = a.reshape(b.shape).argmax(axis=1) if one_hot else a.reshape(-1).astype(int)
    assert own.shape == b.shape[:1]
    above = [sum(row > row[c]) for row, c in zip(b, own, strict=True)]
    expect(result, np.mean(np.array(above) < whole(k)))


def good_confusion_matrix(draw):
    return pairs("labels")(draw) | some_of(draw, {"num_classes": st.integers(3, 4)})


def check_confusion_matrix(result, y_true, y_pred, num_classes=None):
    a, b = both(y_true, y_pred)
    n = int(max(a.max(), b.max())) + 1 if num_classes is None else whole(num_classes)
    expected = sklearn.metrics.confusion_matrix(a, b, labels=np.arange(n))
    np.testing.assert_array_equal(result, expected)


def check_mean_squared_error(result, y_true, y_pred):
    a, b = both(y_true, y_pred)
    expect(result, np.mean((a - b) ** 2), max(abs(a).max(), abs(b).max()) ** 2)


def check_mean_absolute_error(result, y_true, y_pred):
    a, b = both(y_true, y_pred)
    expect(result, np.mean(abs(a - b)), max(abs(a).max(), abs(b).max()))


def check_r2_score(result, y_true, y_pred):
    a, b = both(y_true, y_pred)
    a, b = (v.reshape(len(v), -1) for v in (a, b))
    spread, size = np.ptp(a, axis=0), max(abs(a).max(), abs(b).max())
    if (spread > 1e-3 * size).all() and 1e-100 < size < 1e100:  # else it is all rounding
        expected = sklearn.metrics.r2_score(a, b)
        expect(result, expected, max(1.0, abs(expected)))


def check_get(result, identifier):
    assert result is identifier or result.__name__ in metrics.__all__


def check_direction(result, identifier):
    assert result == ("min" if identifier == "mse" else "max")


# --- the rest -------------------------------------------------------------------------------------


def good_to_categorical(draw):
    x = labels(draw, draw(st.integers(1, 6)), draw(sizes))
    return {"x": x, **some_of(draw, {"num_classes": st.integers(4, 6)})}


def check_to_categorical(result, x, num_classes=None):
    x = real(x)
    n = int(x.max()) + 1 if num_classes is None else whole(num_classes)
    assert np.isin(x, range(n)).all()
    np.testing.assert_array_equal(result, x[:, None] == np.arange(n))


def check_set_random_seed(result, seed):
    assert 0 <= whole(seed) < 2**63


def good_spirals(draw):
    return {
        "n_samples": draw(st.integers(4, 20)),
        **some_of(
            draw,
            {
                "n_classes": st.integers(1, 4),
                "noise": st.floats(0, 1),
                "seed": st.integers(0, 2**63 - 1),
            },
        ),
    }


def check_spirals(result, n_samples, n_classes=2, noise=0.1, seed=0):
    X, y = result
    assert X.shape == (whole(n_samples), 2)
    assert np.isfinite(X).all()
    counts = np.bincount(y, minlength=whole(n_classes))
    assert counts.min() >= 1
    assert np.ptp(counts) <= 1
    if float(noise) == 0:
        ends = np.linalg.norm(X, axis=1)
        assert ends.max() <= 2 + 1e-12


def check_set_num_threads(result, n):
    assert fastscratch.get_num_threads() == whole(n)


def target(name, good, check, *fixed, **how):
    return calls(name, resolve(name), good, check, fixed=fixed, **how)


METRICS = {
    "accuracy": (pairs("any"), check_accuracy),
    "binary_accuracy": (pairs("binary"), check_binary_accuracy),
    "categorical_accuracy": (good_categorical, check_categorical),
    "confusion_matrix": (good_confusion_matrix, check_confusion_matrix),
    "direction": (
        lambda draw: {"identifier": draw(st.sampled_from(["mse", "auc"]))},
        check_direction,
    ),
    "get": (lambda draw: {"identifier": draw(st.sampled_from(["mse", "auc"]))}, check_get),
    "mean_absolute_error": (pairs("any"), check_mean_absolute_error),
    "mean_squared_error": (pairs("any"), check_mean_squared_error),
    "precision": (pairs("binary", "thresholds"), check_precision),
    "r2_score": (pairs("any"), check_r2_score),
    "recall": (pairs("binary", "thresholds"), check_recall),
    "sparse_categorical_accuracy": (good_sparse, check_sparse),
    "sparse_top_k_categorical_accuracy": (with_k(good_sparse), check_top_k),
    "top_k_categorical_accuracy": (with_k(good_categorical), check_top_k),
}

TARGETS = {
    f"metrics.{name}": target(f"metrics.{name}", *how, subjects=("metric", "metrics"))
    for name, how in METRICS.items()
} | {
    "regression.least_squares": target(
        "regression.least_squares", good_least_squares, check_least_squares
    ),
    "regression.gradient_descent": target(
        "regression.gradient_descent",
        good_gradient_descent,
        check_gradient_descent,
        scalars={"n_iterations": FEW_ITERATIONS},
        raises=(FloatingPointError,),
    ),
    "regression.log_likelihood": target(
        "regression.log_likelihood", good_log_likelihood, check_log_likelihood
    ),
    "utils.to_categorical": target(
        "utils.to_categorical", good_to_categorical, check_to_categorical
    ),
    "utils.set_random_seed": target(
        "utils.set_random_seed",
        lambda draw: {"seed": draw(st.integers(0, 2**63 - 1))},
        check_set_random_seed,
    ),
    "datasets.make_spirals": target("datasets.make_spirals", good_spirals, check_spirals),
    "set_num_threads": target(
        "set_num_threads", lambda draw: {"n": draw(st.integers(1, 2))}, check_set_num_threads
    ),
}
