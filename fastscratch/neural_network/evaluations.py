"""Candidates in folds: fitted and scored together, as scikit-learn does it one by one.

For each candidate in each fold scikit-learn calls a function that takes the rows of the fold, fits
an estimator to some of them, and scores it on the others. Where candidates are networks, most of
that takes longer than their training, and much of it is the same for all candidates of a fold. Here
it is done once. What a network cannot do, scikit-learn's own function is told, and reports it.
"""

import contextlib
import copy
import functools
import time
import warnings
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple, NoReturn

from sklearn import get_config
from sklearn.base import clone
from sklearn.model_selection._validation import _fit_and_score, _score
from sklearn.utils.metaestimators import _safe_split
from sklearn.utils.validation import _num_samples

from ..workers import Outcome, Task
from .base import Learned
from .classifier import MLPClassifier
from .company import Fit, fit_all
from .continued import Continued
from .regressor import MLPRegressor
from .shared import Make, Same, Shared

__all__ = ["evaluate", "is_usual"]


def is_usual(task: Task) -> bool:
    """Whether a task fits and scores a new network, and does nothing else meanwhile."""
    (function, arguments, options), *more = task.items
    if more or getattr(function, "function", None) is not _fit_and_score:
        return False
    estimator, _, y = arguments
    listeners = estimator, options.get("caller")
    return (
        type(estimator) in (MLPClassifier, MLPRegressor)
        and y is not None
        and not (options["fit_params"] or options["score_params"] or options["verbose"] > 1)
        and not any(hasattr(one, "_skl_callbacks") for one in listeners)
    )


def evaluate(tasks: Sequence[Task]) -> None:
    """Do usual tasks of one search, and end them."""
    ((function, _, _),) = tasks[0].items
    # It is called under the configuration and the filters of warnings that tasks have.
    function = copy.copy(function)
    function.function = _evaluate
    function(tasks)


def _evaluate(tasks: Sequence[Task]) -> None:
    make = Shared()
    evaluations = [_Evaluation(task, make) for task in tasks]
    for one in evaluations:
        one.begin()
    fit_all([one.wanted for one in evaluations if one.wanted and one.wanted.assignment])
    for one in evaluations:
        one.end()


class _Fold(NamedTuple):
    """Samples and targets to fit to, and those to score on."""

    X: Any
    y: Any
    X_test: Any
    y_test: Any


class _Evaluation:
    """A network that is fitted to some of the rows, and scored on others.

    Parameters
    ----------
    task : Task
        That would do it.
    make : callable
        Makes what others share.
    """

    def __init__(self, task: Task, make: Make):
        self._task, self._make = task, make
        ((_, (self._estimator, self._X, self._y), self._options),) = task.items
        self._seconds = 0.0
        self._error: Exception | None = None
        self.wanted: Fit | None = None

    def begin(self) -> None:
        """Do what comes before the training."""
        with self._step():
            estimator, parameters = self._estimator, self._options["parameters"]
            if parameters is not None:
                estimator.set_params(**clone(parameters, safe=False))
            train, test = self._options["train"], self._options["test"]
            keys = [Same(one) for one in (self._X, self._y, train, test)]
            self._fold = self._make(tuple(keys), self._indexed)
            if not get_config()["skip_parameter_validation"]:  # a candidate's are one dict
                self._make(("checked", Same(parameters)), estimator._validate_params)
            self._fitting = estimator._fitting(self._learned(), make=self._make)
            self.wanted = next(self._fitting, None)
            if self.wanted is not None:
                if self._task.memory is not None:
                    self.wanted.earlier = Continued(self._task.memory)
                self.wanted.prepare()

    def end(self) -> None:
        """Do what comes after the training."""
        if self.wanted is not None and self._error is None:
            self._seconds += self.wanted.seconds
            with self._step():
                self.wanted.conclude()
                next(self._fitting, None)
        if self._error is None:
            try:
                outcome = Outcome([self._scored()], None)
            except Exception as error:
                outcome = Outcome(None, error)
        else:  # scikit-learn's own function does with it what it should
            self._estimator.fit = functools.partial(_refuse, self._error)
            outcome = self._task.attempt()
            del self._estimator.fit
        self._task.end(outcome)

    @contextlib.contextmanager
    def _step(self) -> Iterator[None]:
        """A context that keeps an error and counts the seconds."""
        began = time.perf_counter()
        try:
            with warnings.catch_warnings():  # so that each fit can warn of the same
                yield
        except Exception as error:
            self._error = error
        self._seconds += time.perf_counter() - began

    def _indexed(self) -> _Fold:
        X, y, train, test = self._X, self._y, self._options["train"], self._options["test"]
        training = _safe_split(self._estimator, X, y, train)
        return _Fold(*training, *_safe_split(self._estimator, X, y, test, train))

    def _learned(self) -> Learned:
        """The checked data; what the estimator learns of them is that of the first one."""
        estimator = self._estimator
        before = set(vars(estimator))

        def learn() -> tuple[Learned, dict[str, Any]]:
            learned = estimator._learned(self._fold.X, self._fold.y)
            return learned, {k: v for k, v in vars(estimator).items() if k not in before}

        how = [getattr(estimator, name) for name in estimator._learned_by]
        learned, attributes = self._make((type(estimator), *how, Same(self._fold)), learn)
        vars(estimator).update(attributes)
        return learned

    def _scored(self) -> dict[str, Any]:
        """What scikit-learn's function returns."""
        options, fold, estimator = self._options, self._fold, self._estimator
        how = options["scorer"], None, options["error_score"]
        result: dict[str, Any] = {"fit_error": None}
        began = time.perf_counter()
        result["test_scores"] = _score(estimator, fold.X_test, fold.y_test, *how)
        seconds = time.perf_counter() - began
        if options.get("return_train_score"):
            result["train_scores"] = _score(estimator, fold.X, fold.y, *how)
        if options.get("return_n_test_samples"):
            result["n_test_samples"] = _num_samples(fold.X_test)
        if options.get("return_times"):
            result |= {"fit_time": self._seconds, "score_time": seconds}
        if options.get("return_parameters"):
            result["parameters"] = options["parameters"]
        if options.get("return_estimator"):
            result["estimator"] = estimator
        return result


def _refuse(error: Exception, *arguments: Any) -> NoReturn:
    """A fit that fails."""
    raise error
