"""What the two estimators have in common."""

import copy
import functools
import warnings
from abc import abstractmethod
from collections.abc import Callable, Iterator, Sequence
from numbers import Integral, Real
from typing import Any, NamedTuple

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.callback import CallbackSupportMixin
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import ShuffleSplit, StratifiedShuffleSplit
from sklearn.utils import check_array
from sklearn.utils._param_validation import (
    Interval,
    Options,
    StrOptions,
    validate_parameter_constraints,
)
from sklearn.utils.validation import check_is_fitted

from .. import layers, optimizers
from ..conversion import check_masks
from ..estimators import FitTask, checked_data, checked_weights, random_of
from ..models import Sequential
from ..output import say
from ..wording import quantity
from .company import Fit, fit
from .epochs import Epochs
from .full_batch import minimize
from .networks import Architecture, L2OfSum, new_network
from .shared import Make, Same, anew

ACTIVATIONS = (
    "identity",
    "logistic",
    "tanh",
    "relu",
    "leaky_relu",
    "elu",
    "selu",
    "exponential",
    "softplus",
    "silu",
    "gelu",
    "gelu_tanh",
)
#: Types of values that cannot be changed.
PLAIN = (bool, int, float, str, type(None))
#: Samples, targets, and the weights of the samples.
Data = tuple[Any, np.ndarray, np.ndarray | None]


class Learned(NamedTuple):
    """Checked data, of which an estimator knows what it needs for other data.

    Attributes
    ----------
    X : (n, k) array or sparse matrix
    y : ndarray
    targets : ndarray
        `y` as the network learns them.
    weight : (n,) array, optional
    """

    X: Any
    y: np.ndarray
    targets: np.ndarray
    weight: np.ndarray | None


class Start(NamedTuple):
    """What a fit begins with.

    Attributes
    ----------
    weights : (p,) array
    training, validation : (X, targets, weight)
        `validation` is None if no samples are held out.
    seed : int
        Of the network.
    """

    weights: np.ndarray
    training: Data
    validation: Data | None
    seed: int


def _is_stochastic(estimator: "BaseMLP") -> bool:
    if estimator.solver == "lbfgs":
        raise AttributeError("partial_fit needs solver='adam' or 'sgd', got 'lbfgs'")
    return True


def _check_parameter(estimator: Any, name: str, kind: type, value: Any) -> None:
    """Check a parameter; `kind` tells True from 1 where results are remembered."""
    validate_parameter_constraints(
        estimator._parameter_constraints, {name: value}, caller_name=estimator.__name__
    )


_check_plain: Callable[..., None] = functools.lru_cache(maxsize=1024)(_check_parameter)


def _is_plain(value: Any) -> bool:
    """Whether nobody can change a value, such as a number or a tuple of numbers."""
    return type(value) in PLAIN or (type(value) is tuple and all(map(_is_plain, value)))


class BaseMLP(CallbackSupportMixin, BaseEstimator):
    """Base of the two estimators: their parameters, the network, and how it is fitted."""

    _parameter_constraints: dict[str, list[Any]] = {  # noqa: RUF012, as scikit-learn has it
        "hidden_layer_sizes": ["array-like", Interval(Integral, 1, None, closed="left")],
        "activation": [StrOptions(set(ACTIVATIONS)), "array-like"],
        "solver": [StrOptions({"adam", "sgd", "lbfgs"})],
        "alpha": [Interval(Real, 0, None, closed="left")],
        "dropout": [Interval(Real, 0, 1, closed="left"), "array-like"],
        "batch_size": [StrOptions({"auto"}), Interval(Integral, 1, None, closed="left")],
        "learning_rate": [StrOptions({"constant", "invscaling", "adaptive"})],
        "learning_rate_init": [Interval(Real, 0, None, closed="neither")],
        "power_t": [Interval(Real, 0, None, closed="left")],
        "max_iter": [Interval(Integral, 1, None, closed="left")],
        "shuffle": ["boolean"],
        "random_state": ["random_state"],
        "tol": [Interval(Real, 0, None, closed="left")],
        "verbose": ["verbose"],
        "warm_start": ["boolean"],
        "momentum": [Interval(Real, 0, 1, closed="left")],
        "nesterovs_momentum": ["boolean"],
        "early_stopping": ["boolean"],
        "validation_fraction": [Interval(Real, 0, 1, closed="left")],
        "beta_1": [Interval(Real, 0, 1, closed="left")],
        "beta_2": [Interval(Real, 0, 1, closed="left")],
        "epsilon": [Interval(Real, 0, None, closed="neither")],
        "n_iter_no_change": [Interval(Integral, 1, None, closed="left"), Options(Real, {np.inf})],
        "max_fun": [Interval(Integral, 1, None, closed="left")],
    }

    #: Parameters that decide how data are checked.
    _learned_by: Sequence[str] = ("solver",)

    _param_names: list[str]
    _model: Sequential
    loss_curve_: list[float]
    best_loss_: float | None
    validation_scores_: list[float] | None
    best_validation_score_: float | None
    _best_weights: np.ndarray | None

    @classmethod
    def _get_param_names(cls) -> list[str]:
        """Names of the parameters; scikit-learn reads the signature for each clone anew."""
        if "_param_names" not in vars(cls):
            cls._param_names = super()._get_param_names()
        return list(cls._param_names)

    def _validate_params(self) -> None:
        """Check the parameters as scikit-learn does it, plain values once."""
        for name, value in self.get_params(deep=False).items():
            is_plain = type(value) in PLAIN
            check = _check_plain if is_plain else _check_parameter
            check(type(self), name, type(value), value)

    def __sklearn_clone__(self) -> "BaseMLP":
        """A clone; that of new estimators with plain parameters is made without a look at each."""
        own = vars(self)
        if own.keys() != set(self._get_param_names()) or not all(map(_is_plain, own.values())):
            return super().__sklearn_clone__()
        new: BaseMLP = object.__new__(type(self))
        new.__dict__.update(own)
        return new

    def _keep(self, parameters: dict[str, Any]) -> None:
        """Set the parameters from the ``locals()`` of ``__init__``."""
        for name in self._get_param_names():
            setattr(self, name, parameters[name])

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        return tags

    # --- what a subclass defines ------------------------------------------------------------------

    @abstractmethod
    def _learned(self, X: Any, y: Any, sample_weight: Any = None) -> Learned:
        """Check the data of a fit; learn the columns, and the classes if there are any."""

    @property
    def _read_out(self) -> str:
        """Activation of the last layer."""
        return "linear"

    @abstractmethod
    def _n_outputs(self, y: np.ndarray) -> int:
        """Number of outputs of the network."""

    def _weighted_by_class(
        self, targets: np.ndarray, weight: np.ndarray | None
    ) -> np.ndarray | None:
        """Weights of the training data; a regression has no classes."""
        return weight

    @abstractmethod
    def _objective(self, y: np.ndarray, weight: np.ndarray | None) -> tuple[Any, float, float]:
        """The loss; a factor, and a constant to add, that make it the loss of scikit-learn."""

    @abstractmethod
    def _score_outputs(self, outputs: np.ndarray, y: np.ndarray, weight: Any) -> float:
        """Score of outputs of the network."""

    def _splits_by(self, y: np.ndarray) -> np.ndarray | None:
        """Classes that get the same share of the validation data as of all data, or None."""
        return None

    # --- the network ------------------------------------------------------------------------------

    @property
    def coefs_(self) -> list[np.ndarray]:
        """Copies of the weights of each layer, (n_in, n_out); a new list can be assigned."""
        return self._copies(0)

    @coefs_.setter
    def coefs_(self, coefs: Sequence[Any]) -> None:
        self._replace(0, coefs)

    @property
    def intercepts_(self) -> list[np.ndarray]:
        """Copies of the biases of each layer, (n_out,); a new list can be assigned."""
        return self._copies(1)

    @intercepts_.setter
    def intercepts_(self, intercepts: Sequence[Any]) -> None:
        self._replace(1, intercepts)

    def _copies(self, place: int) -> list[np.ndarray]:
        if "_model" not in vars(self):
            raise AttributeError(f"this {type(self).__name__} is not fitted yet")
        copies = self._model.get_weights()[place::2]
        for array in copies:  # writing to a copy would not change the model
            array.flags.writeable = False
        return copies

    def _replace(self, place: int, arrays: Sequence[Any]) -> None:
        weights = self._model.get_weights()
        weights[place::2] = arrays
        self._model.set_weights(weights)

    def _attributes(self) -> dict[str, Any]:
        """The fitted attributes if the fit ended now."""
        return {"_model": copy.deepcopy(self._model)}

    def _of_layers(self, name: str, value: Any, n_layers: int) -> list[Any]:
        """A value for each hidden layer, from one value for all or a sequence."""
        if isinstance(value, (str, Real)):
            return [value] * n_layers
        values = list(value)
        if len(values) != n_layers:
            raise ValueError(
                f"{name} must be one value for all, or one for each of the {n_layers} hidden "
                f"layers, got {len(values)}"
            )
        return values

    def _hidden_layers(self) -> list[tuple[int, str, float]]:
        """Units, activation and dropout of each hidden layer."""
        sizes = self.hidden_layer_sizes
        sizes = [sizes] if isinstance(sizes, Integral) else list(sizes)
        if any(not isinstance(units, Integral) or units < 1 for units in sizes):
            raise ValueError(f"hidden_layer_sizes must be ints above 0, got {sizes}")
        activations = self._of_layers("activation", self.activation, len(sizes))
        if not set(activations) <= set(ACTIVATIONS):
            raise ValueError(f"activation must hold names of {ACTIVATIONS}, got {activations}")
        rates = self._of_layers("dropout", self.dropout, len(sizes))
        if not all(isinstance(rate, Real) and 0 <= float(rate) < 1 for rate in rates):
            raise ValueError(f"dropout must be from 0 to below 1, got {rates}")
        if self.solver == "lbfgs" and any(rates):
            raise ValueError("solver='lbfgs' needs dropout=0, because its loss must not be random")
        return list(zip(map(int, sizes), activations, map(float, rates), strict=True))

    def _architecture(self, n_in: int, n_out: int, dtype: str) -> Architecture:
        layers = (*self._hidden_layers(), (n_out, self._read_out, 0.0))
        return Architecture(n_in, layers, dtype)

    @staticmethod
    def _first_weights(architecture: Architecture, random: Any) -> list[np.ndarray]:
        """The first weights that scikit-learn draws from a random state."""
        n_in, kind, weights = architecture.n_in, "relu", list[np.ndarray]()
        for place, (units, activation, _) in enumerate(architecture.layers, 1):
            if place < len(architecture.layers):
                kind = activation  # the last layer is drawn like the one before it
            # Glorot and Bengio (2010), and scikit-learn's factor for the sigmoid.
            bound = np.sqrt((2 if kind == "logistic" else 6) / (n_in + units))
            weights += [random.uniform(-bound, bound, (n_in, units))]
            weights += [random.uniform(-bound, bound, units)]
            n_in = units
        return weights

    # --- fitting ----------------------------------------------------------------------------------

    def _checked(self, X: Any, y: Any, sample_weight: Any, reset: bool, **checks: Any) -> Data:
        X, y = checked_data(
            self,
            X,
            y,
            reset=reset,
            accept_sparse="csr",
            dtype=np.float64 if self.solver == "lbfgs" else (np.float64, np.float32),
            order="C",
            multi_output=True,
            **checks,
        )
        if sample_weight is not None:
            sample_weight = checked_weights(sample_weight, X)
        return X, y, sample_weight

    def _checked_validation(self, data: Any, check_y: Any) -> Data | None:
        """Checked validation data from the user; `check_y` checks the targets."""
        if data is None:
            return None
        if self.solver == "lbfgs":
            raise ValueError("solver='lbfgs' takes no validation_data, because it has no epochs")
        if not isinstance(data, (tuple, list)) or len(data) not in (2, 3):
            raise ValueError("validation_data must be (X, y) or (X, y, sample_weight)")
        X, y, weight = (*data, None)[:3]
        X = checked_data(self, X, reset=False, accept_sparse="csr", dtype=(np.float64, np.float32))
        check_masks("y", y)
        y = check_y(check_array(y, ensure_2d=False, dtype=None, input_name="y"))
        if len(y) != X.shape[0]:
            raise ValueError(
                f"validation_data must have a target for each sample, got {X.shape[0]} and {len(y)}"
            )
        if weight is not None:
            weight = checked_weights(weight, X)
        return X, y, weight

    def _fit(self, learned: Learned, **how: Any) -> "BaseMLP":
        """Fit checked data, with arguments of :meth:`_fitting`."""
        for wanted in self._fitting(learned, **how):
            try:
                fit(wanted)
            except KeyboardInterrupt:
                warnings.warn(
                    f"fit was interrupted after {quantity(self.n_iter_, 'epoch')}", stacklevel=4
                )
                wanted.epochs.ended = True
        return self

    def _fitting(
        self,
        learned: Learned,
        validation: Data | None = None,
        incremental: bool = False,
        make: Make = anew,
    ) -> Iterator[Fit]:
        """Fit checked data; the caller trains the network for each fit that is yielded.

        Parameters
        ----------
        learned : Learned
        validation : (X, targets, weight), optional
        incremental : bool
            Whether it is trained for one more epoch.
        make : callable
            Makes what other estimators may share.
        """
        X, y, targets, weight = learned
        if incremental and self.early_stopping:
            raise ValueError(
                "partial_fit trains for one epoch, which early_stopping=True cannot stop early"
            )
        begins = not hasattr(self, "_model") or not (incremental or self.warm_start)
        builds = begins or not incremental
        data = X, targets, weight
        if builds:
            architecture = self._architecture(X.shape[1], self._n_outputs(targets), X.dtype.name)
            if not begins:
                self._check_shapes(architecture)
            splits = validation is None and self.early_stopping and self.solver != "lbfgs"
            start = self._started(architecture, data, splits, begins, make)
            data, validation = start.training, start.validation or validation
        task = FitTask(self, 1 if incremental else self.max_iter, X, y, weight)
        X, targets, weight = data
        weight = self._weighted_by_class(targets, weight)
        n = len(targets)
        total = float(n) if weight is None else weight.sum()
        loss, factor, offset = self._objective(targets, weight)
        l2 = 0.0 if self.solver == "lbfgs" else float(self.alpha / 2 / (total / n))
        if builds:
            weights = start.weights if begins else self._model._state.parameters
            model = new_network(architecture, l2, loss, weights)
            if begins:
                model.seed = start.seed
            else:
                model.seed, model.trained_epochs = self._model.seed, self._model.trained_epochs
            self._model = model
        else:
            self._set_penalty(l2)
        if begins or (self.solver != "lbfgs" and not hasattr(self, "loss_curve_")):
            self._begin_records()
        if weight is not None or factor != 1:
            weight = (1.0 if weight is None else weight) * np.full(n, factor * n / total)
        if self.solver == "lbfgs":
            l2 = self.alpha / 2 / total
            self._fit_full_batch(X, targets, weight, loss, offset, l2, task)
        else:
            score, counted = self._score_of(validation), self._counted(validation)
            epochs = Epochs(self, n, offset, score, task, counted)
            yield from self._fit_epochs(X, targets, weight, epochs, incremental, make)
        task.end()

    def _started(
        self, architecture: Architecture, data: Data, splits: bool, begins: bool, make: Make
    ) -> Start:
        """What is drawn from the random state: for the same seed the same."""

        def draw() -> Start:
            random = random_of(self.random_state)
            weights = self._first_weights(architecture, random)
            training, validation = self._split(*data, random) if splits else (data, None)
            flat = np.concatenate([array.reshape(-1) for array in weights])
            seed = int(random.randint(2**31)) if begins else 0
            return Start(flat.astype(architecture.dtype, copy=False), training, validation, seed)

        if type(self.random_state) is not int:
            return draw()
        drawn_from = self.random_state, architecture, splits and self.validation_fraction, begins
        return make((*drawn_from, *map(Same, data)), draw)

    def _check_shapes(self, architecture: Architecture) -> None:
        """Check that a new network can go on with the weights of the one before."""
        shapes, given = [w.shape for w in self._model.get_weights()], architecture.shapes
        if shapes != given:
            raise ValueError(
                "warm_start needs the same layers and columns as before, with weights of shapes "
                f"{shapes}, got {given}"
            )

    def _set_penalty(self, l2: float) -> None:
        for layer in self._model.layers:
            if isinstance(layer, layers.Dense) and l2 != getattr(layer.kernel_regularizer, "l2", 0):
                layer.kernel_regularizer = L2OfSum(l2) if l2 else None

    def _begin_records(self) -> None:
        units = [layer.units for layer in self._model.layers if isinstance(layer, layers.Dense)]
        self.n_layers_, self.n_outputs_ = len(units) + 1, units[-1]
        self.n_iter_, self.t_, self._no_improvement_count = 0, 0, 0
        if self.solver != "lbfgs":
            self.loss_curve_, self.best_loss_, self._lowest_loss = [], None, np.inf
            self.validation_scores_ = self.best_validation_score_ = self._best_weights = None

    def _split(
        self, X: Any, y: np.ndarray, weight: np.ndarray | None, random: Any
    ) -> tuple[Data, Data]:
        """Training data, and validation data that are held out."""
        # As train_test_split, which takes long to check the targets and index what may be frames.
        classes = self._splits_by(y)
        kind = ShuffleSplit if classes is None else StratifiedShuffleSplit
        splitter = kind(1, test_size=self.validation_fraction, random_state=random)
        training, validation = (
            (X[rows], y[rows], None if weight is None else weight[rows])
            for rows in next(splitter._iter_indices(y, classes))
        )
        if len(validation[1]) < 2:
            raise ValueError(
                f"validation_fraction={self.validation_fraction:g} holds out {len(validation[1])} "
                "samples; validation needs at least two"
            )
        for part in (training[2], validation[2]):
            if part is not None and not part.any():
                raise ValueError("all weights of the training or validation samples are zero")
        return training, validation

    def _score_of(self, validation: Data | None) -> Any:
        """A function that scores a model on validation data, or None without such data."""
        if validation is None:
            return None
        X, y, weight = validation
        if self.validation_scores_ is None:
            self.validation_scores_, self.best_validation_score_ = [], -np.inf
        return lambda model: self._score_outputs(model.predict(X), y, weight)

    def _counted(self, validation: Data | None) -> tuple[np.ndarray, np.ndarray] | None:
        """Validation data whose score is the share that is predicted right, each the same."""
        return None

    def _fit_epochs(
        self,
        X: np.ndarray,
        y: np.ndarray,
        weight: np.ndarray | None,
        epochs: Epochs,
        incremental: bool,
        make: Make,
    ) -> Iterator[Fit]:
        model, n = self._model, len(y)
        batch_size = 200 if self.batch_size == "auto" else int(self.batch_size)
        if self.batch_size != "auto" and batch_size > n:
            warnings.warn(
                f"batch_size={batch_size} is more than there are samples; it is set to {n}",
                stacklevel=4,
            )
        batch_size = min(batch_size, n)
        if not incremental or model.optimizer is None:
            model._take_optimizer(self._optimizer())
        self.n_iter_ = 0
        max_iter = 1 if incremental else int(self.max_iter)
        yield Fit(model, X, y, weight, batch_size, max_iter, bool(self.shuffle), epochs, make)
        if self.early_stopping and self._best_weights is not None:
            model._state = model._state.replaced(parameters=self._best_weights)
        if not epochs.ended and not incremental:
            warnings.warn(
                f"{self.solver} did not converge within max_iter={quantity(max_iter, 'epoch')}",
                ConvergenceWarning,
                stacklevel=4,
            )

    def _optimizer(self) -> optimizers.Optimizer:
        if self.solver == "adam":
            return optimizers.Adam(
                self.learning_rate_init, self.beta_1, self.beta_2, epsilon=self.epsilon
            )
        nesterov = self.nesterovs_momentum and self.momentum > 0
        return optimizers.SGD(self.learning_rate_init, self.momentum, bool(nesterov))

    def _fit_full_batch(
        self,
        X: np.ndarray,
        y: np.ndarray,
        weight: np.ndarray | None,
        loss: Any,
        offset: float,
        l2: float,
        task: FitTask,
    ) -> None:
        options = {"maxfun": self.max_fun, "maxiter": self.max_iter, "gtol": self.tol}
        after = (lambda: task.iteration(self._attributes)) if task.is_heard else None
        found = minimize(self._model, loss, X, y, weight, l2, options, after)
        self.n_iter_, self.loss_ = found.nit, float(found.fun) + offset
        iterations = quantity(found.nit, "iteration")
        if self.verbose:
            say(f"lbfgs: {iterations}, loss = {self.loss_:.8f}: {found.message}")
        if not found.success:
            warnings.warn(
                f"lbfgs did not converge within {iterations}: {found.message}",
                ConvergenceWarning,
                stacklevel=4,
            )

    def _outputs(self, X: Any) -> np.ndarray:
        """Outputs of the network for unchecked samples."""
        check_is_fitted(self)
        X = checked_data(self, X, accept_sparse="csr", dtype=(np.float64, np.float32), reset=False)
        return self._model.predict(X)
