"""A classifier of dense layers as an estimator of scikit-learn."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from scipy import sparse
from sklearn.base import _fit_context
from sklearn.utils._param_validation import StrOptions
from sklearn.utils.metaestimators import available_if

from ..estimators import ProbabilitiesMixin
from ..losses import MultilabelCrossentropy, SparseCategoricalCrossentropy
from .base import BaseMLP, Data, Learned, _is_stochastic
from .epochs import accuracy

__all__ = ["MLPClassifier"]


class MLPClassifier(ProbabilitiesMixin, BaseMLP):
    """A network of dense layers for two or more classes, or for several labels.

    Minimises the mean cross-entropy plus an l2 penalty on the weights.

    Parameters
    ----------
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
        Hold out validation data, let their score (accuracy) decide when the fit ends, and keep the
        weights of the best epoch.
    validation_fraction : float, default=0.1
        Share of the samples that are held out.
    beta_1, beta_2, epsilon : float, default=0.9, 0.999, 1e-8
        For ``"adam"``.
    n_iter_no_change : int or np.inf, default=10
    max_fun : int, default=15000
        Most evaluations of the loss by ``"lbfgs"``.
    class_weight : dict or "balanced", default=None
        Weight of each class; ``"balanced"`` is inversely proportional to how often the class
        occurs. With several labels the weight of a sample is the product of their weights. For
        training only: validation scores do not have them.

    Attributes
    ----------
    classes_ : ndarray, shape (n_classes,)
        With several labels: their column numbers.
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
    Float64 samples are trained and predicted in float64; float32 samples in float32, which is up
    to twice as fast. Sparse samples are made dense: in `fit` all at once.

    The weights of the samples are scaled to a mean of 1 over all samples; scikit-learn scales them
    in each mini-batch. The penalty in `loss_` is that of the weights after the update of a step; in
    scikit-learn it is that before the update.

    scikit-learn's callbacks are called after each epoch, or iteration of ``"lbfgs"``; one that
    returns True ends the fit. Ctrl-C ends it with a warning.

    Examples
    --------
    >>> from fastscratch.neural_network import MLPClassifier
    >>> X, y = [[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]], ["even", "odd", "odd", "even"]
    >>> model = MLPClassifier(8, "tanh", solver="lbfgs", random_state=0).fit(X, y)
    >>> model.predict(X)
    array(['even', 'odd', 'odd', 'even'], dtype='<U4')
    """

    _parameter_constraints: dict[str, list[Any]] = {  # noqa: RUF012, as scikit-learn has it
        **BaseMLP._parameter_constraints,
        "class_weight": [dict, StrOptions({"balanced"}), None],
    }

    def __init__(
        self,
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
        class_weight: Any = None,
    ):
        self._keep(locals())

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.classifier_tags.multi_label = True
        return tags

    @_fit_context(prefer_skip_nested_validation=True)
    def fit(
        self,
        X: Any,
        y: Any,
        sample_weight: Any = None,
        validation_data: tuple[Any, ...] | None = None,
    ) -> "MLPClassifier":
        """Fit the network.

        Parameters
        ----------
        X : {array-like, sparse matrix}, shape (n, k)
        y : array-like, shape (n,) or (n, n_labels)
            Classes; or a column of 0 and 1 for each label.
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
            If the data are not as described, there is only one class, or a parameter is out of
            range.
        FloatingPointError
            If the loss or a weight is no longer finite.

        Warns
        -----
        ConvergenceWarning
            If the fit did not end within `max_iter` epochs.
        """
        learned = self._learned(X, y, sample_weight)
        validation = self._checked_validation(validation_data, self._known)
        return self._fit(learned, validation=validation)

    def _learned(self, X: Any, y: Any, sample_weight: Any = None) -> Learned:
        goes_on = self.warm_start and hasattr(self, "_model")
        X, y, weight = self._checked(X, y, sample_weight, reset=not goes_on)
        y = self._checked_classes(y)
        if goes_on:
            self._check_known(y, None if y.ndim == 2 else np.unique(y))
        else:
            self._learn_classes(y)
        return Learned(X, y, self._targets(y), weight)

    @available_if(_is_stochastic)
    @_fit_context(prefer_skip_nested_validation=True)
    def partial_fit(
        self, X: Any, y: Any, sample_weight: Any = None, classes: Any = None
    ) -> "MLPClassifier":
        """Train for one epoch on these samples; the optimiser goes on from where it was.

        Parameters
        ----------
        X : {array-like, sparse matrix}, shape (n, k)
        y : array-like, shape (n,) or (n, n_labels)
        sample_weight : array-like, shape (n,), optional
        classes : array-like, shape (n_classes,)
            All classes, also those that come later. The first call needs them, unless `y` has a
            column for each label.

        Returns
        -------
        self

        Raises
        ------
        ValueError
            If the first call is not given the classes, a later one is given others, or `y` holds a
            class that is not one of them.
        """
        first_call = not hasattr(self, "_model")
        X, y, weight = self._checked(X, y, sample_weight, reset=first_call)
        y = self._checked_classes(y)
        if first_call:
            if y.ndim == 1 and classes is None:
                raise ValueError("the first call of partial_fit must be given all classes")
            self._learn_classes(y, classes)
        self._check_known(y, classes)
        return self._fit(Learned(X, y, self._targets(y), weight), incremental=True)

    @property
    def out_activation_(self) -> str:
        """Name of the activation of the last layer."""
        return "softmax" if not self._multilabel and self.classes_.size > 2 else "logistic"

    def _known(self, y: Any) -> np.ndarray:
        """Targets of the validation data, checked."""
        y = self._checked_classes(y)
        self._check_known(y)
        return self._targets(y)

    def _targets(self, y: np.ndarray) -> np.ndarray:
        """Numbers of the classes, or the columns of the labels."""
        return y if self._multilabel else np.searchsorted(self.classes_, y)

    def _weighted_by_class(
        self, targets: np.ndarray, weight: np.ndarray | None
    ) -> np.ndarray | None:
        if self.class_weight is None:
            return weight
        y = targets if self._multilabel else self.classes_[targets]
        weight = np.ones(len(y)) if weight is None else weight
        product = weight.copy()
        for column in y.T if self._multilabel else [y]:
            product *= self._class_factors(self.class_weight, column, weight)
        return product

    def _n_outputs(self, y: np.ndarray) -> int:
        return self.classes_.size if self._multilabel or self.classes_.size > 2 else 1

    def _splits_by(self, y: np.ndarray) -> np.ndarray | None:
        return y if self._n_outputs(y) == 1 else None

    def _objective(self, y: np.ndarray, weight: np.ndarray | None) -> tuple[Any, float, float]:
        if self.out_activation_ == "softmax":
            return SparseCategoricalCrossentropy(from_logits=True), 1.0, 0.0
        return MultilabelCrossentropy(from_logits=True), 1.0, 0.0

    def _score_outputs(self, outputs: np.ndarray, y: np.ndarray, weight: Any) -> float:
        return accuracy(y, self._decide(self._as_scores(outputs)), weight)

    def _counted(self, validation: Data | None) -> tuple[np.ndarray, np.ndarray] | None:
        if validation is None or self._multilabel or validation[2] is not None:
            return None
        X, y, _ = validation
        return (X.toarray() if sparse.issparse(X) else X), y

    def _as_scores(self, outputs: np.ndarray) -> np.ndarray:
        return outputs[:, 0] if outputs.shape[1] == 1 and not self._multilabel else outputs

    def _scores(self, X: Any) -> np.ndarray:
        return self._as_scores(self._outputs(X))
