"""What all estimators share: class labels, sample weights, scikit-learn's callbacks.

This module needs scikit-learn 1.9, and ``import fastscratch`` does not load it.
"""

import importlib
from abc import abstractmethod
from collections.abc import Callable
from typing import Any

import numpy as np

try:
    importlib.import_module("sklearn.callback")  # came with 1.9
except ImportError as error:
    raise ImportError(
        "fastscratch.linear_model and fastscratch.neural_network need scikit-learn 1.9 or newer: "
        "pip install 'fastscratch[sklearn]'"
    ) from error

from scipy import sparse, special
from sklearn.base import ClassifierMixin
from sklearn.utils import check_random_state, compute_class_weight
from sklearn.utils.multiclass import check_classification_targets, type_of_target
from sklearn.utils.validation import (
    _check_n_features,
    _check_sample_weight,
    column_or_1d,
    validate_data,
)

from .conversion import check_masks, check_texts
from .validation import is_finite

__all__ = [
    "FitTask",
    "LabelsMixin",
    "ProbabilitiesMixin",
    "checked_data",
    "checked_weights",
    "random_of",
]


def checked_data(estimator: Any, X: Any, y: Any = "no_validation", **options: Any) -> Any:
    """As scikit-learn's ``validate_data``; that takes what is under a mask, and "1_0" as 10.

    Raises
    ------
    ValueError
        If a value is masked.
    TypeError
        If `X` is no array, or an element is a text; the same of `y` where that must be numeric.
    """
    check_masks("X", X)
    check_texts("X", X)
    check_masks("y", y)
    if options.get("y_numeric") and y is not None:  # scikit-learn says that it is missing
        check_texts("y", y)
    ready = _are_ready(X, y, options["dtype"])
    if ready and not hasattr(estimator, "feature_names_in_"):  # else it takes long to find no names
        _check_n_features(estimator, X, reset=options.get("reset", True))
        return X if isinstance(y, str) else (X, y)
    return validate_data(estimator, X, y, skip_check_array=ready, **options)


def _are_ready(X: Any, y: Any, dtype: Any) -> bool:
    """Whether scikit-learn would return the data as they are, after it has checked for long.

    Parameters
    ----------
    X, y
        As :func:`checked_data` takes them.
    dtype : dtype, or tuple of dtypes
        Those that `X` may have.
    """
    if type(X) is not np.ndarray or X.ndim != 2 or not X.size or not X.flags.c_contiguous:
        return False
    if X.dtype not in (dtype if isinstance(dtype, tuple) else (dtype,)) or not is_finite(X):
        return False
    if isinstance(y, str):
        return y == "no_validation"
    if type(y) is not np.ndarray or y.shape != X.shape[:1]:
        return False
    return y.dtype.kind in "biuU" or (y.dtype.kind == "f" and is_finite(y))


def checked_weights(sample_weight: Any, X: Any) -> np.ndarray:
    """Weights of the samples in a new array; None is a weight of 1 for each.

    Raises
    ------
    ValueError
        If a weight is negative or not finite, or there is not one for each sample.
    """
    check_masks("sample_weight", sample_weight)
    weights = _check_sample_weight(
        sample_weight, X, dtype=np.float64, ensure_non_negative=True, copy=True
    )
    if not np.isfinite(weights).all():  # scikit-learn does not check one number given for all
        raise ValueError(f"sample_weight must be finite, got {sample_weight}")
    return weights


class _Zeros(np.random.SeedSequence):
    """What generators begin with that are seeded again before they are used."""

    def generate_state(self, n_words: int, dtype: Any = np.uint32) -> np.ndarray:
        return np.zeros(n_words, dtype)


_ZEROS = _Zeros(0)


def random_of(random_state: Any) -> np.random.RandomState:
    """As scikit-learn's ``check_random_state``, which takes three times as long with an int.

    NumPy then collects entropy first, which the seed makes useless.
    """
    if type(random_state) is not int:
        return check_random_state(random_state)
    random = np.random.RandomState(np.random.MT19937(_ZEROS))
    random.seed(random_state)
    return random


class LabelsMixin(ClassifierMixin):
    """The targets of a classifier, and predictions from scores.

    Either each sample has one of the classes `classes_`; or, if `_multilabel` is true, each sample
    has any number of labels, and `classes_` holds the numbers of the labels.
    """

    @abstractmethod
    def _scores(self, X: Any) -> np.ndarray:
        """Scores of two classes, (n,), of labels, (n, n_labels), or of classes, (n, n_classes)."""

    @staticmethod
    def _checked_classes(y: Any) -> np.ndarray:
        """Checked targets: classes, (n,), or a column of 0 and 1 for each label, (n, n_labels)."""
        if _are_classes(y):
            return y
        check_classification_targets(y)
        if sparse.issparse(y):
            y = y.toarray()
        if y.ndim == 2 and y.shape[1] == 1:
            y = column_or_1d(y, warn=True)
        if y.ndim == 2 and type_of_target(y) != "multilabel-indicator":
            raise ValueError("y with several columns must hold 0 and 1 only, a column for a label")
        return y

    def _learn_classes(self, y: np.ndarray, classes: Any = None) -> None:
        """Set `classes_` from checked targets, or from `classes` if they are given."""
        if y.ndim == 2:
            learned = np.arange(y.shape[1])
        else:
            learned = np.unique(y if classes is None else classes)
            if learned.dtype.kind == "f" and not np.isfinite(learned).all():
                raise ValueError(f"classes must be finite, got {learned}")
            if learned.size < 2:
                raise ValueError(
                    f"y must hold at least two classes, got only one class: {learned[0]}"
                )
        self._multilabel, self.classes_ = y.ndim == 2, learned

    def _class_factors(
        self, class_weight: Any, column: np.ndarray, weight: np.ndarray
    ) -> np.ndarray:
        """The weight of each sample's class; `column` holds the classes, or one label's 0 and 1."""
        classes = np.arange(2) if self._multilabel else self.classes_
        if isinstance(class_weight, dict):
            known = set(classes.tolist())
            for label in class_weight:
                if label not in known:
                    raise ValueError(
                        f"class_weight must have keys among the classes {classes}, got {label!r}"
                    )
        return class_factors(class_weight, column, weight)

    def _check_known(self, y: np.ndarray, classes: Any = None) -> None:
        """Check that targets, and `classes` if they are given, are those of the first call."""
        if classes is not None and not np.array_equal(np.unique(classes), self.classes_):
            raise ValueError(
                f"classes must be those of the first call, {self.classes_}, got {classes}"
            )
        if (y.ndim == 2) != self._multilabel or (
            self._multilabel and y.shape[1] != self.classes_.size
        ):
            raise ValueError(f"y must be as in the first call, got shape {y.shape}")
        if y.ndim == 1 and not np.isin(y, self.classes_).all():
            wrong = y[~np.isin(y, self.classes_)][0]
            raise ValueError(f"y must hold the classes {self.classes_}, got {wrong}")

    def _decide(self, scores: np.ndarray) -> np.ndarray:
        """Number of the most probable class, or 0 or 1 for each label."""
        several = scores.ndim == 2 and not self._multilabel
        return scores.argmax(axis=1) if several else (scores > 0).astype(np.int64)

    def predict(self, X: Any) -> np.ndarray:
        """Predict classes, or 0 or 1 for each label.

        Parameters
        ----------
        X : {array-like, sparse matrix}, shape (n, k)

        Returns
        -------
        ndarray, shape (n,) or (n, n_labels)
        """
        decided = self._decide(self._scores(X))
        return decided if self._multilabel else self.classes_[decided]

    def score(self, X: Any, y: Any, sample_weight: Any = None) -> float:
        """Accuracy: the share of the samples whose class, or all of whose labels, are right.

        Parameters
        ----------
        X : {array-like, sparse matrix}, shape (n, k)
        y : array-like, shape (n,) or (n, n_labels)
        sample_weight : array-like, shape (n,), optional

        Returns
        -------
        float
        """
        if sample_weight is None and type(y) is np.ndarray and y.ndim == 1:
            predicted = self.predict(X)
            if y.shape == predicted.shape and y.dtype == predicted.dtype and y.dtype.kind in "biU":
                # As scikit-learn computes it, which first takes five times as long to check both.
                return float(np.mean(y == predicted))
        return super().score(X, y, sample_weight)


def _are_classes(y: Any) -> bool:
    """Whether targets are so plainly classes that scikit-learn, which takes long, need not look.

    Where there are many classes, it warns.
    """
    is_plain = type(y) is np.ndarray and y.ndim == 1 and y.dtype.kind in "biu" and y.size > 0
    return is_plain and 2 * np.unique(y).size <= y.size


class ProbabilitiesMixin(LabelsMixin):
    """A classifier with probabilities: the sigmoid of a score, or the softmax of several."""

    def predict_proba(self, X: Any) -> np.ndarray:
        """Probability of each class, or of each label.

        Parameters
        ----------
        X : {array-like, sparse matrix}, shape (n, k)

        Returns
        -------
        ndarray, shape (n, n_classes) or (n, n_labels)
        """
        return self._probabilities(self._scores(X), special.expit, special.softmax)

    def predict_log_proba(self, X: Any) -> np.ndarray:
        """Logarithms of the probabilities, finite also where a probability rounds to zero.

        Parameters
        ----------
        X : {array-like, sparse matrix}, shape (n, k)

        Returns
        -------
        ndarray, shape (n, n_classes) or (n, n_labels)
        """
        return self._probabilities(self._scores(X), special.log_expit, special.log_softmax)

    def _probabilities(self, scores: np.ndarray, of_two: Any, of_many: Any) -> np.ndarray:
        if self._multilabel:
            return of_two(scores)
        if scores.ndim == 1:
            return np.column_stack([of_two(-scores), of_two(scores)])
        return of_many(scores, axis=1)


def class_factors(class_weight: Any, y: np.ndarray, weight: np.ndarray) -> np.ndarray:
    """For each sample the weight of its class.

    Parameters
    ----------
    class_weight : dict, "balanced" or None
    y : ndarray, shape (n,)
    weight : ndarray, shape (n,)
        Weights of the samples; "balanced" adds them up instead of counting the samples.

    Returns
    -------
    ndarray of float64, shape (n,)
    """
    if class_weight is None:
        return np.ones(len(y))
    # scikit-learn refuses weights for classes that do not occur.
    shown = weight > 0
    seen, member = np.unique(y[shown], return_inverse=True)
    if isinstance(class_weight, dict):
        class_weight = {c: w for c, w in class_weight.items() if c in seen}
    of_class = compute_class_weight(
        class_weight, classes=seen, y=y[shown], sample_weight=weight[shown]
    )
    factors = np.ones(len(y))
    factors[shown] = of_class[member]
    return factors


class FitTask:
    """Reports a fit, and each of its iterations, to scikit-learn's callbacks.

    Parameters
    ----------
    estimator : estimator
    max_iter : int
        Largest number of iterations.
    X, y, weight
        The training data.
    """

    def __init__(self, estimator: Any, max_iter: int, X: Any, y: Any, weight: Any):
        self._estimator = estimator
        self._data = {"X": X, "y": y, "metadata": {"sample_weight": weight}}
        self._context = None
        # A search, whose callbacks may look at the tasks of its fits, is the parent of their tasks.
        if self.is_heard or hasattr(estimator, "_parent_callback_ctx"):
            self._context = estimator._init_callback_context(max_subtasks=max_iter)
            self._context.call_on_fit_task_begin(estimator=estimator, **self._data)

    @property
    def is_heard(self) -> bool:
        """Whether there are callbacks."""
        return hasattr(self._estimator, "_skl_callbacks")

    def iteration(self, attributes: Callable[[], dict[str, Any]]) -> bool:
        """Report an iteration.

        Parameters
        ----------
        attributes : callable
            Makes the fitted attributes that the estimator would have if the fit ended now.

        Returns
        -------
        bool
            Whether a callback asks for the end of the fit.
        """
        assert self._context is not None  # who listens has asked for iterations
        # The task begins only when it ends: the iteration itself ran in compiled code.
        task = self._context.subcontext(task_name=f"{self._estimator.solver}-iter")
        task.call_on_fit_task_begin(estimator=self._estimator, **self._data)
        return task.call_on_fit_task_end(
            estimator=self._estimator, reconstruction_attributes=attributes, **self._data
        )

    def end(self) -> None:
        """Report the end of the fit."""
        if self._context is not None:
            self._context.call_on_fit_task_end(
                estimator=self._estimator, reconstruction_attributes={}, **self._data
            )
