"""Logistic and softmax regression that choose their penalty, as an estimator of scikit-learn."""

import warnings
from numbers import Integral
from typing import Any

import numpy as np
from sklearn.base import BaseEstimator, _fit_context
from sklearn.metrics import get_scorer, get_scorer_names
from sklearn.model_selection import check_cv
from sklearn.utils import compute_class_weight
from sklearn.utils._param_validation import Hidden, Interval, StrOptions
from sklearn.utils.validation import check_is_fitted

from ..estimators import ProbabilitiesMixin, checked_data, checked_weights
from ..validation import as_array
from .logistic_regression import DEPRECATED, LogisticRegression

__all__ = ["LogisticRegressionCV"]


class LogisticRegressionCV(ProbabilitiesMixin, BaseEstimator):
    """A :class:`LogisticRegression` that chooses its penalty by cross-validation.

    Parameters
    ----------
    Cs : int or array-like, default=10
        Inverse strengths of the penalty to choose from; an integer is this many from 1e-4 to 1e4,
        in equal ratios.
    l1_ratios : array-like, default=None
        Shares of the l1 penalty to choose from; None is 0 alone.
    fit_intercept : bool, default=True
    cv : int, splitter or None, default=None
        Of the folds; None is five, with the same shares of the classes.
    dual : bool, default=False
    penalty : {"l1", "l2", "elasticnet"}
        Deprecated, as in scikit-learn: "l1" is ``l1_ratios=(1,)``, "l2" is ``l1_ratios=(0,)``.
    scoring : str, callable or None, default=None
        Of the samples that are left out; None is the accuracy.
    solver, tol, max_iter, class_weight, n_jobs, verbose
        See :class:`LogisticRegression`.
    refit : bool, default=True
        Fit to all samples with the penalty that is the best on average; False takes the means of
        the coefficients and penalties that are the best in each fold.
    intercept_scaling, random_state
        See :class:`LogisticRegression`.
    use_legacy_attributes : bool, default=False
        Whether attributes have the forms of scikit-learn 1.9: `C_` and `l1_ratio_` are arrays with
        a number for each class, `scores_` and `coefs_paths_` dicts from classes to arrays, without
        an axis for `l1_ratios` if they are None.

    Attributes
    ----------
    classes_ : ndarray, shape (n_classes,)
    coef_ : ndarray, shape (1, n_features) or (n_classes, n_features)
    intercept_ : ndarray, shape (1,) or (n_classes,)
    Cs_ : ndarray, shape (n_cs,)
    l1_ratios_ : ndarray, shape (n_l1_ratios,)
    C_, l1_ratio_ : float
        Those that were chosen.
    coefs_paths_ : ndarray, shape (n_folds, n_l1_ratios, n_cs, n_rows, n_features + 1)
        Of each fit; the intercept, if there is one, is the last.
    scores_ : ndarray, shape (n_folds, n_l1_ratios, n_cs)
    n_iter_ : ndarray of int, shape (n_folds, n_l1_ratios, n_cs)
    n_features_in_ : int
    feature_names_in_ : ndarray of str

    Notes
    -----
    Each fit of a fold begins with the coefficients of the one before, whose penalty is stronger.
    The kernels are those of :class:`LogisticRegression`.

    Examples
    --------
    >>> from fastscratch.datasets import load_iris
    >>> from fastscratch.linear_model import LogisticRegressionCV
    >>> iris = load_iris()
    >>> model = LogisticRegressionCV(Cs=[0.01, 1.0], scoring="neg_log_loss")
    >>> model.fit(iris.data, iris.target).C_
    1.0
    """

    coef_: np.ndarray
    intercept_: np.ndarray
    # Arrays, numbers or dicts, see `use_legacy_attributes`.
    C_: Any
    l1_ratio_: Any
    coefs_paths_: Any
    scores_: Any

    _parameter_constraints: dict[str, list[Any]] = {
        name: constraint
        for name, constraint in LogisticRegression._parameter_constraints.items()
        if name not in ("C", "l1_ratio", "learning_rate", "warm_start")
    } | {
        "penalty": [StrOptions({"l1", "l2", "elasticnet"}), Hidden(StrOptions({DEPRECATED}))],
        "Cs": [Interval(Integral, 1, None, closed="left"), "array-like"],
        "l1_ratios": ["array-like", None],
        "cv": ["cv_object"],
        "scoring": [StrOptions(set(get_scorer_names())), callable, None],
        "refit": ["boolean"],
        "use_legacy_attributes": ["boolean"],
    }

    def __init__(
        self,
        *,
        Cs: Any = 10,
        l1_ratios: Any = None,
        fit_intercept: bool = True,
        cv: Any = None,
        dual: bool = False,
        penalty: str = DEPRECATED,
        scoring: Any = None,
        solver: str = "lbfgs",
        tol: float = 1e-4,
        max_iter: int = 100,
        class_weight: Any = None,
        n_jobs: int | None = None,
        verbose: int = 0,
        refit: bool = True,
        intercept_scaling: float = 1.0,
        random_state: Any = None,
        use_legacy_attributes: bool = False,
    ):
        self.Cs = Cs
        self.l1_ratios = l1_ratios
        self.fit_intercept = fit_intercept
        self.cv = cv
        self.dual = dual
        self.penalty = penalty
        self.scoring = scoring
        self.solver = solver
        self.tol = tol
        self.max_iter = max_iter
        self.class_weight = class_weight
        self.n_jobs = n_jobs
        self.verbose = verbose
        self.refit = refit
        self.intercept_scaling = intercept_scaling
        self.random_state = random_state
        self.use_legacy_attributes = use_legacy_attributes

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        tags.classifier_tags.multi_class = self.solver != "liblinear"
        return tags

    @_fit_context(prefer_skip_nested_validation=True)
    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> "LogisticRegressionCV":
        """Choose the penalty, and fit to all samples with it.

        Parameters
        ----------
        X : {array-like, sparse matrix}, shape (n, k)
        y : array-like, shape (n,)
        sample_weight : array-like, shape (n,), optional

        Returns
        -------
        self

        Raises
        ------
        ValueError
            If the data or the penalties are not as described, there is only one class, or a class
            is missing in the samples of a fold.
        """
        Cs, ratios = self._checked_penalties()
        X, y = checked_data(self, X, y, accept_sparse="csr", dtype=np.float64, order="C")
        y = self._checked_classes(y)
        self._learn_classes(y)
        weight = None if sample_weight is None else checked_weights(sample_weight, X)
        folds = list(check_cv(self.cv, y, classifier=True).split(X, y))
        of_class = self.class_weight
        if of_class == "balanced":  # by all samples, as in scikit-learn
            known = compute_class_weight(of_class, classes=self.classes_, y=y, sample_weight=weight)
            of_class = dict(zip(self.classes_.tolist(), known, strict=True))
        self._of_class = of_class
        found = [[self._path(X, y, weight, fold, ratio, Cs) for ratio in ratios] for fold in folds]
        parts = [np.array([[path[k] for path in own] for own in found]) for k in range(3)]
        self.coefs_paths_, self.scores_, self.n_iter_ = parts
        self.Cs_, self.l1_ratios_ = Cs, ratios
        if self.refit:
            means = self.scores_.mean(axis=0)
            r, c = np.unravel_index(means.argmax(), means.shape)
            self.C_, self.l1_ratio_ = float(Cs[c]), float(ratios[r])
            rows = self._model(self.l1_ratio_).set_params(C=self.C_).fit(X, y, weight)
            self.coef_, self.intercept_ = rows.coef_, rows.intercept_
        else:
            self._mean_of_folds()
        if self.use_legacy_attributes:
            self._take_legacy_forms()
        return self

    def _mean_of_folds(self) -> None:
        """Keep the means of what is the best in each fold."""
        folds = len(self.scores_)
        of_folds = self.scores_.reshape(folds, -1).argmax(axis=1)
        r, c = np.unravel_index(of_folds, self.scores_.shape[1:])
        self.C_, self.l1_ratio_ = float(self.Cs_[c].mean()), float(self.l1_ratios_[r].mean())
        mean, k = self.coefs_paths_[np.arange(folds), r, c].mean(axis=0), self.n_features_in_
        self.coef_ = np.ascontiguousarray(mean[:, :k])
        self.intercept_ = mean[:, k] if self.fit_intercept else np.zeros(len(mean))

    def _take_legacy_forms(self) -> None:
        """Give the attributes the forms that scikit-learn 1.9 has by default."""
        shown = self.classes_[1:] if self.classes_.size == 2 else self.classes_
        self.C_, self.l1_ratio_ = (np.full(shown.size, v) for v in (self.C_, self.l1_ratio_))
        paths, scores, counts = (
            np.moveaxis(array, 1, 2) for array in (self.coefs_paths_, self.scores_, self.n_iter_)
        )
        if self.l1_ratios is None:
            paths, scores, counts = paths[:, :, 0], scores[:, :, 0], counts[:, :, 0]
        self.coefs_paths_ = {label: paths[..., k, :] for k, label in enumerate(shown)}
        self.scores_, self.n_iter_ = dict.fromkeys(shown, scores), counts[None]

    def _checked_penalties(self) -> tuple[np.ndarray, np.ndarray]:
        """Inverse strengths, the strongest penalty first, and shares of the l1 penalty."""
        if isinstance(self.Cs, Integral):
            Cs = np.logspace(-4, 4, self.Cs)
        else:
            Cs = np.array(self.Cs, float)
            if Cs.ndim != 1 or not Cs.size or not (Cs > 0).all():
                raise ValueError(f"Cs must be an integer, or numbers above 0, got {self.Cs}")
        given = (0.0,) if self.l1_ratios is None else self.l1_ratios
        if self.penalty != DEPRECATED:
            warnings.warn(
                "penalty is deprecated, as in scikit-learn 1.8: use l1_ratios=(0,) for 'l2', "
                "l1_ratios=(1,) for 'l1', and others for 'elasticnet'",
                FutureWarning,
                stacklevel=3,
            )
            given = {"l1": (1.0,), "l2": (0.0,)}.get(self.penalty, given)
        ratios = as_array("l1_ratios", given)
        if ratios.ndim != 1 or (ratios < 0).any() or (ratios > 1).any():
            raise ValueError(f"l1_ratios must be numbers from 0 to 1, got {self.l1_ratios}")
        return Cs, ratios

    def _model(self, ratio: float) -> LogisticRegression:
        """What is fitted."""
        own = {
            name: getattr(self, name)
            for name in ("fit_intercept", "dual", "solver", "tol", "max_iter")
        }
        scaling = self.intercept_scaling
        return LogisticRegression(
            l1_ratio=ratio,
            intercept_scaling=scaling,
            class_weight=self._of_class,
            verbose=self.verbose,
            **own,
        )

    def _path(
        self,
        X: Any,
        y: np.ndarray,
        weight: np.ndarray | None,
        fold: tuple[np.ndarray, np.ndarray],
        ratio: float,
        Cs: np.ndarray,
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Coefficients, scores and iterations in a fold, for each penalty."""
        learn, test = fold
        of = {} if weight is None else {"sample_weight": weight[learn]}
        by = {} if weight is None else {"sample_weight": weight[test]}
        missing = np.setdiff1d(self.classes_, y[learn])
        if missing.size:
            raise ValueError(
                f"cv must leave samples of every class in a fold, got none of {missing[0]}"
            )
        scorer: Any = get_scorer(self.scoring or "accuracy")
        model = self._model(ratio).set_params(warm_start=True)
        paths, scores, counts = [], [], []
        for place in np.argsort(Cs, kind="stable"):
            model.set_params(C=Cs[place]).fit(X[learn], y[learn], **of)
            parts = [model.coef_, model.intercept_[:, None]][: 1 + self.fit_intercept]
            paths.append(np.hstack(parts))
            scores.append(scorer(model, X[test], y[test], **by))
            counts.append(model.n_iter_.max())
        order = np.argsort(np.argsort(Cs, kind="stable"))
        return np.array(paths)[order], np.array(scores)[order], np.array(counts)[order]

    def decision_function(self, X: Any) -> np.ndarray:
        """Scores, as of :meth:`LogisticRegression.decision_function`.

        Parameters
        ----------
        X : {array-like, sparse matrix}, shape (n, k)

        Returns
        -------
        ndarray, shape (n,) or (n, n_classes)
        """
        check_is_fitted(self)
        X = checked_data(self, X, accept_sparse="csr", dtype=np.float64, reset=False)
        scores = X @ self.coef_.T + self.intercept_
        return scores[:, 0] if len(self.coef_) == 1 else scores

    _scores = decision_function

    def score(self, X: Any, y: Any, sample_weight: Any = None) -> float:
        """The score by `scoring`.

        Parameters
        ----------
        X : {array-like, sparse matrix}, shape (n, k)
        y : array-like, shape (n,)
        sample_weight : array-like, shape (n,), optional

        Returns
        -------
        float
        """
        given = {} if sample_weight is None else {"sample_weight": sample_weight}
        scorer: Any = get_scorer(self.scoring or "accuracy")
        return float(scorer(self, X, y, **given))
