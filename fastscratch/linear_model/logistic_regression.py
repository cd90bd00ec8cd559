"""Logistic and softmax regression as an estimator of scikit-learn."""

import dataclasses
import warnings
from collections.abc import Callable, Iterator
from numbers import Integral, Real
from types import SimpleNamespace
from typing import Any

import numpy as np
from scipy import sparse, special
from sklearn.base import BaseEstimator, _fit_context
from sklearn.callback import CallbackSupportMixin
from sklearn.exceptions import ConvergenceWarning
from sklearn.utils._param_validation import Hidden, Interval, StrOptions
from sklearn.utils.metaestimators import available_if
from sklearn.utils.validation import (
    check_is_fitted,
)

from ..estimators import FitTask, ProbabilitiesMixin, checked_data, checked_weights
from ..kernels.codes import SIGMOID, SOFTMAX
from ..output import say
from ..wording import quantity
from .formula import FormulaMixin
from .inference import InferenceMixin, Method
from .logistic_summary import Statistics, logistic_summary, marginal_effects
from .solvers import (
    MOST_SECOND_ORDER,
    Problem,
    Scaling,
    has_maximum,
    minimize,
    pseudo_solve,
)
from .summary import Summary

__all__ = ["LogisticRegression"]

#: A fit computes standard errors only for this many coefficients or fewer: nobody reads a longer
#: table, and the time grows with the square of the number.
MOST_ERRORS = 500

SEPARATION = "a plane separates some class from the others"

#: The solvers of this package, and the other names that scikit-learn has: each of those becomes the
#: solver here that is the best for the size of the problem.
OWN_SOLVERS = ("lbfgs", "newton-cholesky", "fista", "gradient-descent")
PEER_SOLVERS = ("liblinear", "newton-cg", "sag", "saga")
#: Which of them take an absolute penalty.
WITH_L1 = ("fista", "gradient-descent", "liblinear", "saga")
#: Newton's method with an absolute penalty is used for this many coefficients or fewer.
MOST_PROXIMAL = 1000
#: The default of `penalty`, a parameter that scikit-learn 1.8 has deprecated.
DEPRECATED = "deprecated"

#: Coefficients, (o, k), and intercepts, (o,), of a model.
Found = tuple[np.ndarray, np.ndarray]


def _descends(model: "LogisticRegression") -> bool:
    if model.solver != "gradient-descent":
        raise AttributeError(f"partial_fit needs solver='gradient-descent', got {model.solver!r}")
    return True


class LogisticRegression(
    FormulaMixin, InferenceMixin, CallbackSupportMixin, ProbabilitiesMixin, BaseEstimator
):
    """Logistic regression for two classes or several labels, softmax regression for more classes.

    Minimises ``C sum(w loss) + (1 - l1_ratio) ||coef||_2**2 / 2 + l1_ratio ||coef||_1``, where the
    loss is the negative log-likelihood of a sample. The intercept is not penalised (except with
    ``solver="liblinear"``).

    Parameters
    ----------
    penalty : {"l1", "l2", "elasticnet"} or None
        Deprecated, as in scikit-learn: use `l1_ratio` and `C`.
    C : float, default=1.0
        Inverse strength of the penalty; ``np.inf`` for none.
    l1_ratio : float, default=0.0
        Share of the l1 penalty: 0 is l2, 1 is l1, and anything between is the elastic net.
    dual : bool, default=False
        Has no effect. Only with ``"liblinear"`` and l2, as in scikit-learn.
    tol : float, default=1e-4
        Stop when no element of the gradient of the mean loss is larger than this. The gradient is
        taken with the columns in units of their standard deviation (with ``"gradient-descent"``,
        as they are). ``"lbfgs"`` then takes a step of Newton's method for up to 200 coefficients;
        for more, the gradient with the columns as they are must be as small, too.
    fit_intercept : bool, default=True
    intercept_scaling : float, default=1
        With ``"liblinear"``: the intercept is the coefficient of a column of this number, times
        this number, and that coefficient is penalised.
    class_weight : dict or "balanced", default=None
        Weight of each class; ``"balanced"`` is inversely proportional to how often the class
        occurs. With several labels the weights apply to each label.
    random_state : int, RandomState or None, default=None
        Has no effect: no solver draws random numbers.
    solver : str, default="lbfgs"
        ``"lbfgs"``: scipy's L-BFGS-B with a compiled loss. ``"newton-cholesky"``: iteratively
        reweighted least squares, few iterations that cost ``n (k classes)**2`` each. These two need
        ``l1_ratio=0``. ``"fista"``: accelerated proximal gradient descent, for every penalty.
        ``"gradient-descent"``: gradient descent with a constant step, for every penalty.

        scikit-learn's other names are taken, with its rules about the penalty, and reach the same
        minimum by other ways. ``"newton-cg"``, ``"sag"``, ``"saga"`` and ``"liblinear"`` run
        ``"newton-cholesky"`` for up to 200 coefficients, and ``"lbfgs"`` for more. With an l1
        penalty ``"saga"`` and ``"liblinear"`` run Newton's method, each step of which is solved by
        coordinate descent, for up to 1000 coefficients, and ``"fista"`` for more.
    learning_rate : float or "auto", default="auto"
        For gradient descent. ``"auto"`` is one over the largest possible curvature of the loss.
    max_iter : int, default=100
    verbose : int, default=0
        Above 0: print the iterations and the loss at the end of a fit.
    warm_start : bool, default=False
        Start from the coefficients of the fit before.
    n_jobs : int, default=None
        Deprecated, as in scikit-learn; has no effect: the kernels use all threads.

    Attributes
    ----------
    classes_ : ndarray, shape (n_classes,)
        With several labels: their column numbers.
    coef_ : ndarray, shape (1, n_features), (n_classes, n_features) or (n_labels, n_features)
    intercept_ : ndarray, shape (1,), (n_classes,) or (n_labels,)
    n_iter_ : ndarray of int, shape (1,) or (n_labels,)
    n_features_in_ : int
    feature_names_in_ : ndarray of str

    Notes
    -----
    A `y` of several columns of 0 and 1 holds labels that can occur together: for each there is a
    separate logistic regression.

    All solvers except gradient descent work on columns that are divided by their standard deviation
    and, unless sparse, centred. The penalty stays that of the columns as given. So the units of the
    columns do not change the course of the fit.

    Without a penalty, and with a class that a plane separates from the others, if only with samples
    of both on the plane, the likelihood has no maximum: the coefficients stop where the gradient is
    below `tol`, with a ConvergenceWarning, and the summary has no standard errors.

    Every solver calls scikit-learn's callbacks after each iteration; one that returns True ends the
    fit.

    `fit` keeps a reference to its arrays, not a copy, from which :meth:`summary` and
    :meth:`marginal_effects` compute what needs the samples. They are not saved with the model.

    Kernels: ``linear_model_loss``, ``linear_model_hessian``, ``proximal_gradient``,
    ``proximal_gradient_accelerated``, ``coordinate_descent``, ``linear_model_refits``.

    Examples
    --------
    >>> import numpy as np
    >>> from fastscratch.linear_model import LogisticRegression
    >>> X, y = [[1.0], [2.0], [3.0], [4.0]], ["no", "yes", "no", "yes"]
    >>> model = LogisticRegression(C=np.inf, solver="newton-cholesky").fit(X, y)
    >>> model.predict([[5.0]])
    array(['yes'], dtype='<U3')
    """

    coef_: np.ndarray
    intercept_: np.ndarray

    _parameter_constraints: dict[str, list[Any]] = {  # noqa: RUF012, as scikit-learn has it
        "penalty": [StrOptions({"l1", "l2", "elasticnet"}), None, Hidden(StrOptions({DEPRECATED}))],
        "C": [Interval(Real, 0, None, closed="right")],
        "l1_ratio": [Interval(Real, 0, 1, closed="both"), None],
        "dual": ["boolean"],
        "tol": [Interval(Real, 0, None, closed="left")],
        "fit_intercept": ["boolean"],
        "intercept_scaling": [Interval(Real, 0, None, closed="neither")],
        "class_weight": [dict, StrOptions({"balanced"}), None],
        "random_state": ["random_state"],
        "solver": [StrOptions({*OWN_SOLVERS, *PEER_SOLVERS})],
        "learning_rate": [StrOptions({"auto"}), Interval(Real, 0, None, closed="neither")],
        "max_iter": [Interval(Integral, 0, None, closed="left")],
        "verbose": ["verbose"],
        "warm_start": ["boolean"],
        "n_jobs": [None, Integral],
    }

    def __init__(
        self,
        penalty: str | None = "deprecated",
        *,
        C: float = 1.0,
        l1_ratio: float | None = 0.0,
        dual: bool = False,
        tol: float = 1e-4,
        fit_intercept: bool = True,
        intercept_scaling: float = 1,
        class_weight: Any = None,
        random_state: Any = None,
        solver: str = "lbfgs",
        learning_rate: float | str = "auto",
        max_iter: int = 100,
        verbose: int = 0,
        warm_start: bool = False,
        n_jobs: int | None = None,
    ):
        self.penalty = penalty
        self.C = C
        self.l1_ratio = l1_ratio
        self.dual = dual
        self.tol = tol
        self.fit_intercept = fit_intercept
        self.intercept_scaling = intercept_scaling
        self.class_weight = class_weight
        self.random_state = random_state
        self.solver = solver
        self.learning_rate = learning_rate
        self.max_iter = max_iter
        self.verbose = verbose
        self.warm_start = warm_start
        self.n_jobs = n_jobs

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        tags.classifier_tags.multi_label = True
        tags.classifier_tags.multi_class = self.solver != "liblinear"
        return tags

    @_fit_context(prefer_skip_nested_validation=True)
    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> "LogisticRegression":
        """Fit the coefficients.

        Parameters
        ----------
        X : {array-like, sparse matrix}, shape (n, k)
        y : array-like, shape (n,) or (n, n_labels)
            Classes; or a column of 0 and 1 for each label.
        sample_weight : array-like, shape (n,), optional

        Returns
        -------
        self

        Raises
        ------
        ValueError, TypeError
            If the data are not as described, there is only one class, or a parameter is out of
            range.

        Warns
        -----
        ConvergenceWarning
            If `tol` is not met within `max_iter` iterations, or there is no minimum to find.
        """
        X, y, weight = self._checked(X, y, sample_weight, reset=True)
        self._learn_classes(y)
        if self.solver == "liblinear" and not self._multilabel and self.classes_.size > 2:
            raise ValueError(
                "Only binary classification is supported by solver='liblinear', got "
                f"{self.classes_.size} classes in y; use solver='lbfgs'"
            )
        return self._fit(X, y, weight, one_step=False)

    @available_if(_descends)
    @_fit_context(prefer_skip_nested_validation=True)
    def partial_fit(
        self, X: Any, y: Any, classes: Any = None, sample_weight: Any = None
    ) -> "LogisticRegression":
        """Take one step of gradient descent on these rows; only with that solver.

        The penalty is that of a fit to these rows alone.

        Parameters
        ----------
        X : {array-like, sparse matrix}, shape (n, k)
        y : array-like, shape (n,) or (n, n_labels)
        classes : array-like, shape (n_classes,)
            All classes, also those that come later. The first call needs them, unless `y` has a
            column for each label.
        sample_weight : array-like, shape (n,), optional

        Returns
        -------
        self

        Raises
        ------
        ValueError
            If the first call is not given the classes, a later one is given others, or `y` holds a
            class that is not one of them.
        """
        first_call = not hasattr(self, "classes_")
        X, y, weight = self._checked(X, y, sample_weight, reset=first_call)
        if first_call:
            if y.ndim == 1 and classes is None:
                raise ValueError("the first call of partial_fit must be given all classes")
            self._learn_classes(y, classes)
        self._check_known(y, classes)
        return self._fit(X, y, weight, one_step=True)

    def decision_function(self, X: Any) -> np.ndarray:
        """Scores: log-odds for two classes or for labels, else log-probabilities plus a constant.

        The constant is the same for all classes of a sample.

        Parameters
        ----------
        X : {array-like, sparse matrix}, shape (n, k)

        Returns
        -------
        ndarray, shape (n,), (n, n_classes) or (n, n_labels)
        """
        check_is_fitted(self)
        X = self._design(X)
        X = checked_data(self, X, accept_sparse="csr", dtype=np.float64, reset=False)
        scores = X @ self.coef_.T + self.intercept_
        return scores[:, 0] if self.coef_.shape[0] == 1 and not self._multilabel else scores

    _scores = decision_function

    def sparsify(self) -> "LogisticRegression":
        """Keep `coef_` as a sparse array, which takes less memory if most coefficients are zero.

        Returns
        -------
        self
        """
        check_is_fitted(self)
        self.coef_ = sparse.csr_array(self.coef_)
        return self

    def densify(self) -> "LogisticRegression":
        """Keep `coef_` as an ordinary array again.

        Returns
        -------
        self
        """
        check_is_fitted(self)
        self.coef_ = self._dense_coef()
        return self

    def _dense_coef(self) -> np.ndarray:
        coef: Any = self.coef_
        return coef.toarray() if sparse.issparse(coef) else coef

    def summary(
        self,
        *,
        bootstrap: int = 0,
        random_state: Any = None,
        cov_type: str | None = None,
        groups: Any = None,
        n_jobs: int | None = None,
    ) -> Summary:
        """Coefficients with standard errors, z and p values; log-likelihood, AIC, BIC, pseudo-R2.

        The same as R's ``summary(glm(..., family = binomial))``; for more than two classes, as that
        of ``nnet::multinom``: coefficients of each class relative to the first. Standard errors are
        from the inverse of the information matrix ``X' diag(w v) X``; a sample of weight ``w``
        counts as ``w`` samples.

        Parameters
        ----------
        bootstrap : int
            Fit to this many bootstrap samples: the standard errors are the standard deviations of
            their coefficients, and `conf_int` gives percentiles.
        random_state : int, RandomState or None
            Of the bootstrap.
        cov_type : {"nonrobust", "HC0", "HC1", "HC2", "HC3"}, optional
            The last four hold also if the variance is not that of the model, as R's
            ``sandwich::vcovHC`` has them; the last two only for one output. The default is
            "nonrobust", or with `groups` "HC1".
        groups : array-like, shape (n,), optional
            The cluster of each sample: those within one may depend on each other. With "HC0" the
            covariance is multiplied by ``g / (g - 1)`` for g clusters, with "HC1" also by ``(n - 1)
            / (n - k)``. A bootstrap then draws clusters.
        n_jobs : int, optional
            Processes, of this machine or of the cluster that joblib uses, that share a bootstrap
            which takes longer than a moment. The results are the same for any number of them.

        Returns
        -------
        Summary
            If the fit was penalised, or the likelihood has no maximum, without standard errors, and
            with a note that says why.

        Raises
        ------
        ValueError
            After `partial_fit`, which does not have all the data; if an argument is out of range;
            or if the samples are needed and not known (see Notes of the class), or the fit was
            penalised.
        """
        check_is_fitted(self)
        return logistic_summary(self, Method.of(bootstrap, random_state, cov_type, groups, n_jobs))

    def marginal_effects(self, *, cov_type: str | None = None, groups: Any = None) -> Summary:
        """Average marginal effects: how much a probability changes with each feature.

        The mean over the samples of the derivative of the probability (of the second class, of each
        of several classes, or of each label), with standard errors by the delta method.

        Parameters
        ----------
        cov_type : {"nonrobust", "HC0", "HC1", "HC2", "HC3"}, optional
        groups : array-like, shape (n,), optional
            See :meth:`summary`.

        Returns
        -------
        Summary
            With the effects in the place of coefficients.
        """
        check_is_fitted(self)
        return marginal_effects(self, Method.of(0, None, cov_type, groups))

    def _checked(
        self, X: Any, y: Any, sample_weight: Any, reset: bool
    ) -> tuple[Any, np.ndarray, np.ndarray]:
        self._penalty = self._checked_penalty()
        X, y = checked_data(
            self,
            X,
            y,
            reset=reset,
            accept_sparse="csr",
            dtype=np.float64,
            order="C",
            multi_output=True,
        )
        y = self._checked_classes(y)
        return X, y, checked_weights(sample_weight, X)

    def _checked_penalty(self) -> tuple[float, float]:
        """`C` and the share of the absolute penalty, from the parameters of both generations."""
        C, ratio = float(self.C), 0.0 if self.l1_ratio is None else float(self.l1_ratio)
        if self.l1_ratio is None:
            if self.penalty == "elasticnet":
                raise ValueError("l1_ratio must be specified when penalty is elasticnet, got None")
            warnings.warn(
                "l1_ratio=None is deprecated; use 0, which means the same",
                FutureWarning,
                stacklevel=4,
            )
        if self.penalty != DEPRECATED:
            warnings.warn(
                "penalty is deprecated, as in scikit-learn 1.8: use l1_ratio=0 for 'l2', "
                "l1_ratio=1 for 'l1', l1_ratio between 0 and 1 for 'elasticnet', and C=np.inf for "
                "None",
                FutureWarning,
                stacklevel=4,
            )
            of_penalty = {"l1": 1.0, "l2": 0.0, "elasticnet": ratio, None: 0.0}[self.penalty]
            if self.penalty is None:
                if self.C != 1 or ratio != 0:
                    warnings.warn("penalty=None ignores C and l1_ratio", stacklevel=4)
                C = np.inf
            elif of_penalty != ratio:
                warnings.warn(
                    f"penalty={self.penalty!r} and l1_ratio={ratio:g} say different things: the "
                    "penalty counts; leave it out and use l1_ratio",
                    stacklevel=4,
                )
            ratio = of_penalty
        if self.n_jobs is not None:
            warnings.warn(
                f"n_jobs is deprecated, and has no effect: the kernels use all threads; got "
                f"n_jobs={self.n_jobs}",
                FutureWarning,
                stacklevel=4,
            )
        if np.isfinite(C) and ratio > 0 and self.solver not in WITH_L1:
            raise ValueError(
                f"solver={self.solver!r} needs l1_ratio=0, got {ratio:g}; use solver='fista'"
            )
        if self.solver == "liblinear":
            if np.isinf(C):
                raise ValueError("solver='liblinear' needs a penalty, got C=inf; use 'lbfgs'")
            if 0 < ratio < 1:
                raise ValueError(
                    f"solver='liblinear' needs l1_ratio=0 or 1, got {ratio:g}; use solver='saga'"
                )
        if self.dual and (self.solver != "liblinear" or ratio > 0):
            raise ValueError(
                f"dual=True needs solver='liblinear' and l1_ratio=0, got solver={self.solver!r} "
                f"and l1_ratio={ratio:g}"
            )
        return C, ratio if np.isfinite(C) else 0.0

    def _solver_for(self, size: int) -> str:
        """The solver that is run for this many coefficients."""
        if self.solver not in PEER_SOLVERS:
            return self.solver
        if self._penalty[1] > 0:
            return "proximal-newton" if size <= MOST_PROXIMAL else "fista"
        return "newton-cholesky" if size <= MOST_SECOND_ORDER else "lbfgs"

    def _models(
        self, y: np.ndarray, weight: np.ndarray, class_weight: Any
    ) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        """For each model to fit: the responses as the kernels take them, and the weights."""
        for column in y.T if self._multilabel else [y]:
            classes = np.unique(column) if self._multilabel else self.classes_
            member = classes[:, None] == column
            if self._multilabel:
                member = column[None] == 1
            elif len(classes) == 2:
                member = member[1:]
            of_class = self._class_factors(class_weight, column, weight)
            yield member.astype(np.float64), weight * of_class

    def _fit(
        self, X: Any, y: np.ndarray, weight: np.ndarray, one_step: bool
    ) -> "LogisticRegression":
        models = list(self._models(y, weight, self.class_weight))
        rows, k = sum(len(targets) for targets, _ in models), X.shape[1]
        coef, intercept = np.zeros((rows, k)), np.zeros(rows)
        if (self.warm_start or one_step) and hasattr(self, "coef_"):
            if self.coef_.shape != coef.shape:
                raise ValueError(
                    "warm_start needs data of the same shape as before, got coefficients of shape "
                    f"{self.coef_.shape} for {coef.shape}"
                )
            coef, intercept = self._dense_coef().copy(), self.intercept_.copy()
        max_iter = 1 if one_step else self.max_iter
        task = FitTask(self, max_iter * len(models), X, y, weight)
        n_iter, statistics, first = [], [], 0
        for targets, model_weight in models:
            here = slice(first, first + len(targets))
            first += len(targets)

            def tell(found: Found, here: slice = here) -> bool:
                def attributes() -> dict[str, Any]:
                    """The fitted attributes if the fit ended now."""
                    coef[here], intercept[here] = found
                    return {"coef_": coef.copy(), "intercept_": intercept.copy()}

                return task.iteration(attributes)

            found, iterations, of_model = self._fit_one(
                X,
                targets,
                model_weight,
                coef[here],
                intercept[here],
                one_step,
                tell if task.is_heard else None,
            )
            coef[here], intercept[here] = found
            n_iter.append(iterations)
            statistics.append(of_model)
        self.coef_, self.intercept_ = coef, intercept
        self.n_iter_ = np.array(n_iter, np.int32)
        self._formula = None
        self._data = None if one_step else (X, y, weight)
        self._statistics, self._n_samples = statistics, int((weight > 0).sum())
        # Parameters may be set after the fit, and then say nothing about it.
        C, l1_ratio = self._penalty
        self._fitted_with = SimpleNamespace(**(self.get_params() | {"C": C, "l1_ratio": l1_ratio}))
        task.end()
        return self

    def _fit_one(
        self,
        X: Any,
        targets: np.ndarray,
        weight: np.ndarray,
        coef: np.ndarray,
        intercept: np.ndarray,
        one_step: bool,
        tell: Callable[[Found], bool] | None,
    ) -> tuple[Found, int, Statistics | None]:
        """Fit one model; its coefficients and intercepts, its iterations, and its statistics."""
        total = weight.sum()
        share = weight / total
        C, l1_ratio = self._penalty
        l2, l1 = (1 - l1_ratio) / (C * total), l1_ratio / (C * total)
        with_penalty = self.solver == "liblinear"  # of the intercept
        if self.solver == "gradient-descent":
            scaling = Scaling.none(X, self.fit_intercept)
        else:
            scaling = Scaling.of(X, share, l2, self.fit_intercept, centre=not with_penalty)
        # The intercept is not penalised, except by liblinear, to which it is the coefficient of one
        # more column, times that column. A column that was made zero is penalised, which changes
        # nothing but makes the Hessian regular.
        unit = np.full(int(self.fit_intercept), self.intercept_scaling if with_penalty else np.inf)
        squares = np.where(np.isinf(scaling.scale), 1.0, l2 / scaling.scale**2)
        problem = Problem(
            scaling.design,
            targets,
            share,
            np.concatenate([l2 / unit**2, squares]),
            np.concatenate([l1 / unit, l1 / scaling.scale]),
            SIGMOID if len(targets) == 1 else SOFTMAX,
        )
        start = scaling.inside(coef, intercept)
        solver = self._solver_for(start.size)
        is_large = solver == "lbfgs" and start.size > MOST_SECOND_ORDER
        found = minimize(
            solver,
            problem,
            start,
            learning_rate=self.learning_rate,
            tol=scaling.strict(self.tol) if is_large else self.tol,
            max_iter=1 if one_step else self.max_iter,
            after=None if tell is None else lambda b: tell(scaling.outside(b)),
        )
        coef, intercept = scaling.outside(found.coefficients)
        if one_step:
            return (coef, intercept), found.n_iter, None
        failure, exists = found.failure, True
        if np.isinf(C):
            if found.coefficients.size <= MOST_ERRORS:
                exists = has_maximum(problem, found.coefficients)
            else:  # for which Newton's method takes too long
                exists = not _separates(X, targets, share, coef, intercept)
        if not exists:
            failure = (
                f"found no maximum of the likelihood: {SEPARATION}, and without a penalty the "
                "coefficients grow without bound; use a finite C"
            )
        if self.verbose:
            say(
                f"{solver}: {quantity(found.n_iter, 'iteration')}, loss "
                f"{problem.value(found.coefficients):.6g}"
            )
        if failure:
            warnings.warn(f"{self.solver} {failure}", ConvergenceWarning, stacklevel=4)
        statistics = self._statistics_of(problem, scaling, found.coefficients, total, exists)
        return (coef, intercept), found.n_iter, statistics

    def _statistics_of(
        self,
        problem: Problem,
        scaling: Scaling,
        coefficients: np.ndarray,
        total: float,
        exists: bool,
    ) -> Statistics:
        free = dataclasses.replace(problem, l2=np.zeros_like(problem.l2))
        log_likelihood = -total * free.loss(coefficients)[0]
        # Not a product of BLAS, whose threads compete with those of the kernels: that took 1.6 ms.
        shares = np.einsum("on,n->o", problem.y, problem.weight)
        if len(shares) == 1:
            shares = np.array([shares[0], 1 - shares[0]])
        if not self.fit_intercept:
            null = -np.log(len(shares))
        else:
            null = special.xlogy(shares, shares).sum()
        # With several classes, only the differences from the first class are determined.
        own = slice(coefficients.shape[1] if len(coefficients) > 1 else 0, None)
        covariance, note, n_parameters = None, "", coefficients.size - (own.start or 0)
        if np.isfinite(self._penalty[0]):
            note = (
                "no standard errors, p values and AIC: they would not account for the bias of a "
                "penalised fit"
            )
        elif not exists:
            note = (
                f"no standard errors and p values: {SEPARATION}, so the likelihood has no maximum, "
                "and the coefficients are those of where the solver stopped"
            )
        elif coefficients.size > MOST_ERRORS:
            note = f"no standard errors: more than {MOST_ERRORS} coefficients"
        else:
            information = total * free.hessian(coefficients)[own, own]
            inverse, n_parameters = pseudo_solve(information, np.eye(len(information)))
            if np.isinf(scaling.scale).any():
                note = "no standard errors: a column is constant, and its coefficient is arbitrary"
            elif n_parameters == len(information):
                back = np.kron(np.eye(len(information) // coefficients.shape[1]), scaling.matrix())
                covariance = back @ inverse @ back.T
            else:
                note = (
                    "no standard errors: the columns depend on each other, and the coefficients "
                    "are one choice of many"
                )
        return Statistics(log_likelihood, total * null, covariance, note, n_parameters)


def _separates(
    X: Any, targets: np.ndarray, share: np.ndarray, coef: np.ndarray, intercept: np.ndarray
) -> bool:
    """Whether every sample with a positive weight scores highest for its own class."""
    scores = X @ coef.T + intercept
    if len(targets) == 1:
        margins = np.where(targets[0] == 1, scores[:, 0], -scores[:, 0])
    else:
        own = targets.T == 1
        margins = scores[own] - np.where(own, -np.inf, scores).max(axis=1)
    return bool((margins[share > 0] > 0).all())
