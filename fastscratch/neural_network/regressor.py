"""A regressor of dense layers as an estimator of scikit-learn."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from scipy.special import xlogy
from sklearn.base import MultiOutputMixin, RegressorMixin, _fit_context
from sklearn.utils._param_validation import StrOptions
from sklearn.utils.metaestimators import available_if
from sklearn.utils.validation import column_or_1d

from ..losses import MeanSquaredError, Poisson
from ..validation import as_array
from .base import BaseMLP, Learned, _is_stochastic
from .epochs import r2_score

__all__ = ["MLPRegressor"]


class MLPRegressor(MultiOutputMixin, RegressorMixin, BaseMLP):
    """A network of dense layers for one target or several.

    Minimises half the mean squared residual, or half the mean Poisson deviance, summed over the
    targets, plus an l2 penalty on the weights.

    Parameters
    ----------
    loss : {"squared_error", "poisson"}, default="squared_error"
        ``"poisson"`` is for counts and rates, which are not negative; the last activation is then
        the exponential.
    hidden_layer_sizes : int or array-like of int, default=(100,)
        Units of each hidden layer.
    activation : str or sequence of str, default="relu"
        Of the hidden layers: one for all, or one for each. "identity", "logistic", "tanh", "relu",
        as scikit-learn has them, and "leaky_relu", "elu", "selu", "exponential", "softplus",
        "silu", "gelu", "gelu_tanh".
    solver : {"adam", "sgd", "lbfgs"}, default="adam"
        Adam, or stochastic gradient descent with momentum, on mini-batches; or, for small data,
        scipy's L-BFGS-B on all samples at once.
    alpha : float, default=0.0001
        Strength of the l2 penalty, ``alpha / 2 ||coefs||**2``. It is divided by the number of
        samples in the mini-batch (times their mean weight over all samples), as the losses are.
    dropout : float or sequence of float, default=0.0
        Fraction of the units of each hidden layer that a training step sets to zero; not with
        ``"lbfgs"``.
    batch_size : int or "auto", default="auto"
        Samples in a mini-batch; ``"auto"`` is 200, or all samples if there are fewer.
    learning_rate : {"constant", "invscaling", "adaptive"}, default="constant"
        For ``"sgd"``. ``"invscaling"`` divides the rate after each epoch by
        ``(t_ + 1)**power_t``; ``"adaptive"`` divides it by 5 each time that the fit would have
        ended, until it is below 1e-6.
    learning_rate_init : float, default=0.001
    power_t : float, default=0.5
    max_iter : int, default=200
        Epochs, or iterations of ``"lbfgs"``.
    shuffle : bool, default=True
        Shuffle the samples for each epoch.
    random_state : int, RandomState instance or None, default=None
        Decides the first weights and the validation split, which are those of scikit-learn for the
        same state, and shuffles and dropout, which are not.
    tol : float, default=1e-4
        The fit ends when for more than `n_iter_no_change` epochs the loss (with `early_stopping`
        the validation score) has not improved on its best by `tol`. With ``"lbfgs"`` it ends when
        no element of the gradient is larger than `tol`.
    verbose : bool or int, default=False
        Print a line for each epoch.
    warm_start : bool, default=False
        Start from the weights of the fit before.
    momentum : float, default=0.9
        For ``"sgd"``, from 0 to below 1.
    nesterovs_momentum : bool, default=True
    early_stopping : bool, default=False
        Hold out validation data, let their score (R squared) decide when the fit ends, and keep the
        weights of the best epoch.
    validation_fraction : float, default=0.1
        Share of the samples that are held out.
    beta_1, beta_2, epsilon : float, default=0.9, 0.999, 1e-8
        For ``"adam"``.
    n_iter_no_change : int or np.inf, default=10
    max_fun : int, default=15000
        Most evaluations of the loss by ``"lbfgs"``.

    Attributes
    ----------
    loss_ : float
        Of the last epoch, the mean over its mini-batches.
    best_loss_ : float or None
        The smallest loss of an epoch; None with `early_stopping`.
    loss_curve_ : list of float
        Of every epoch. This and the next two are not set by ``"lbfgs"``.
    validation_scores_ : list of float or None
        On the validation data, after every epoch; None if there are none.
    best_validation_score_ : float or None
    t_ : int
        Samples seen: epochs times samples.
    coefs_, intercepts_ : list of ndarray, (n_in, n_out) and (n_out,)
        Of each layer. They are read-only copies; a new list can be assigned.
    n_iter_ : int
        Epochs, or iterations, of the last fit.
    n_layers_, n_outputs_ : int
    out_activation_ : str
    n_features_in_ : int
    feature_names_in_ : ndarray of str

    Notes
    -----
    See also those of :class:`MLPClassifier`. With several targets scikit-learn also minimises the
    sum of their squared errors, but reports the mean: its `loss_` is smaller by the number of
    targets.

    Examples
    --------
    >>> import numpy as np
    >>> from fastscratch.neural_network import MLPRegressor
    >>> X = np.linspace(-3, 3, 100)[:, None]
    >>> model = MLPRegressor(hidden_layer_sizes=20, activation="tanh", solver="lbfgs",
    ...                      max_iter=1000, random_state=0).fit(X, np.sin(X[:, 0]))
    >>> bool(model.score(X, np.sin(X[:, 0])) > 0.999)
    True
    """

    _parameter_constraints: dict[str, list[Any]] = {  # noqa: RUF012, as scikit-learn has it
        **BaseMLP._parameter_constraints,
        "loss": [StrOptions({"squared_error", "poisson"})],
    }
    _learned_by = "solver", "loss"

    def __init__(
        self,
        loss: str = "squared_error",
        hidden_layer_sizes: int | Sequence[int] = (100,),
        activation: str | Sequence[str] = "relu",
        *,
        solver: str = "adam",
        alpha: float = 0.0001,
        dropout: float | Sequence[float] = 0.0,
        batch_size: int | str = "auto",
        learning_rate: str = "constant",
        learning_rate_init: float = 0.001,
        power_t: float = 0.5,
        max_iter: int = 200,
        shuffle: bool = True,
        random_state: Any = None,
        tol: float = 1e-4,
        verbose: bool | int = False,
        warm_start: bool = False,
        momentum: float = 0.9,
        nesterovs_momentum: bool = True,
        early_stopping: bool = False,
        validation_fraction: float = 0.1,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float = 1e-8,
        n_iter_no_change: int | float = 10,
        max_fun: int = 15000,
    ):
        self._keep(locals())

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.target_tags.positive_only = self.loss == "poisson"
        return tags

    @_fit_context(prefer_skip_nested_validation=True)
    def fit(
        self,
        X: Any,
        y: Any,
        sample_weight: Any = None,
        validation_data: tuple[Any, ...] | None = None,
    ) -> "MLPRegressor":
        """Fit the network.

        Parameters
        ----------
        X : {array-like, sparse matrix}, shape (n, k)
        y : array-like, shape (n,) or (n, n_targets)
        sample_weight : array-like, shape (n,), optional
            Factors of the losses, of which only the ratios matter: they are divided by their mean
            over all samples. scikit-learn divides those of each mini-batch by their own mean, so
            that what a sample counts depends on the others in its mini-batch.
        validation_data : tuple (X, y) or (X, y, sample_weight), optional
            Scored after each epoch. With `early_stopping` they take the place of data that would
            be held out; they have then chosen the epoch, and their best score is too good.

        Returns
        -------
        self

        Raises
        ------
        ValueError, TypeError
            If the data are not as described, or a parameter is out of range.
        FloatingPointError
            If the loss or a weight is no longer finite.

        Warns
        -----
        ConvergenceWarning
            If the fit did not end within `max_iter` epochs.
        """
        learned = self._learned(X, y, sample_weight)
        n_targets = learned.targets.shape[1]
        validation = self._checked_validation(
            validation_data, lambda other: self._same_targets(n_targets, other)
        )
        return self._fit(learned, validation=validation)

    def _learned(self, X: Any, y: Any, sample_weight: Any = None) -> Learned:
        goes_on = self.warm_start and hasattr(self, "_model")
        X, y, weight = self._checked(X, y, sample_weight, reset=not goes_on, y_numeric=True)
        return Learned(X, y, self._targets(y), weight)

    @available_if(_is_stochastic)
    @_fit_context(prefer_skip_nested_validation=True)
    def partial_fit(self, X: Any, y: Any, sample_weight: Any = None) -> "MLPRegressor":
        """Train for one epoch on these samples; the optimiser goes on from where it was.

        Parameters
        ----------
        X : {array-like, sparse matrix}, shape (n, k)
        y : array-like, shape (n,) or (n, n_targets)
        sample_weight : array-like, shape (n,), optional

        Returns
        -------
        self

        Raises
        ------
        ValueError
            If `y` has more or fewer targets than in the first call.
        """
        first_call = not hasattr(self, "_model")
        X, y, weight = self._checked(X, y, sample_weight, reset=first_call, y_numeric=True)
        targets = self._targets(y) if first_call else self._same_targets(self.n_outputs_, y)
        return self._fit(Learned(X, y, targets, weight), incremental=True)

    def predict(self, X: Any) -> np.ndarray:
        """Predict the targets.

        Parameters
        ----------
        X : {array-like, sparse matrix}, shape (n, k)

        Returns
        -------
        ndarray, shape (n,) or (n, n_targets)
        """
        outputs = self._outputs(X)
        return outputs[:, 0] if outputs.shape[1] == 1 else outputs

    @property
    def out_activation_(self) -> str:
        """Name of the activation of the last layer."""
        return "exp" if self._model.layers[-1].activation == "exponential" else "identity"

    @property
    def _read_out(self) -> str:
        return "exponential" if self.loss == "poisson" else "linear"

    def _targets(self, y: Any) -> np.ndarray:
        """Targets as columns."""
        if y.ndim == 2 and y.shape[1] == 1:
            y = column_or_1d(y, warn=True)
        y = as_array("y", y).reshape(len(y), -1)
        if self.loss == "poisson" and (y < 0).any():
            raise ValueError(f"loss='poisson' needs y of 0 or above, got {y.min():g}")
        return y

    def _same_targets(self, n_targets: int, y: Any) -> np.ndarray:
        """Targets as columns; raise ValueError if their number is not `n_targets`."""
        y = self._targets(y)
        if y.shape[1] != n_targets:
            raise ValueError(f"y must have {n_targets} targets, got {y.shape[1]}")
        return y

    def _n_outputs(self, y: np.ndarray) -> int:
        return y.shape[1]

    def _objective(self, y: np.ndarray, weight: np.ndarray | None) -> tuple[Any, float, float]:
        # The losses here are means over the targets.
        if self.loss == "squared_error":
            return MeanSquaredError(), y.shape[1] / 2, 0.0
        saturated = (xlogy(y, y) - y).sum(axis=1)
        return Poisson(), float(y.shape[1]), float(np.average(saturated, weights=weight))

    def _score_outputs(self, outputs: np.ndarray, y: np.ndarray, weight: Any) -> float:
        return r2_score(y, outputs, weight)
