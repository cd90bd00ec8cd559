"""The Sequential model: layers in a row."""

import copy
import warnings
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from .. import losses, metrics, optimizers
from ..callbacks import Callback, History
from ..engine import Evaluator, Learning, Network, Objective, Predictor, Trainer, team_size
from ..engine.network import Placed
from ..kernels.optimizers import UPDATES
from ..kernels.program.columns import NONE
from ..kernels.program.loss import ARGMAX, THRESHOLD
from ..kernels.threads import get_num_threads
from ..layers import Input, Layer
from ..utils import derived_seed, next_seed
from ..validation import as_array, as_flag, as_integer, as_text, is_finite, one_of, same_length
from .fitting import Fit, fit
from .summary import summary
from .training_data import TrainingData, check_targets, sample_weights

__all__ = ["Sequential"]

# Samples that go through a network at once when it predicts: enough for full speed, few enough to
# stay in the cache.
PREDICTED_AT_ONCE = 128

# Activations that make probabilities.
READ_OUTS = ("sigmoid", "softmax")

# Metrics that the engine counts while it trains.
_COUNTED = {
    "binary_accuracy": THRESHOLD,
    "categorical_accuracy": ARGMAX,
    "sparse_categorical_accuracy": ARGMAX,
}


class Sequential:
    """Layers in a row, as ``keras.Sequential``.

    Parameters
    ----------
    layers : iterable of layers, optional
        More can be added with :meth:`add`.
    name : str
    dtype : {"float32", "float64"}
        Of the weights and of all that is computed with them.

    Attributes
    ----------
    layers : list of Layer
    dtype : str
    optimizer : Optimizer or None
    loss : Loss or None
    iterations, trained_epochs : int
        Steps and epochs of all fits so far.
    seed : int
        Of the first weights, the shuffles and dropout.
    metadata : dict
        Whatever else belongs to the model, such as the names of its inputs; saved with it as JSON.
    stop_training : bool
        True, set by a callback, ends the fit after the epoch.

    Examples
    --------
    >>> from fastscratch import Sequential, layers, optimizers
    >>> model = Sequential([layers.Input((4,)), layers.Dense(3, activation="softmax")])
    >>> model.compile(optimizers.SGD(0.5), loss="categorical_crossentropy")
    >>> model.count_params()
    15
    """

    def __init__(
        self,
        layers: Iterable[Input | Layer] = (),
        name: str = "sequential",
        dtype: str = "float32",
    ):
        self.name = as_text("name", name)
        self.dtype = one_of("dtype", dtype, ("float32", "float64"))
        self.layers: list[Layer] = []
        self.optimizer: optimizers.Optimizer | None = None
        self.loss: losses.Loss | None = None
        self.metrics: list[str] = []
        self.metadata: dict[str, Any] = {}
        self.seed = next_seed()
        self.iterations = self.trained_epochs = 0
        self.stop_training = False
        self._input_shape: tuple[int, ...] | None = None
        self._network: Network | None = None
        self._parameters: np.ndarray | None = None
        self._slots: list[np.ndarray] | None = None
        self._version = 0  # of the weights: programs that only read have copies of them
        self._is_training = False
        self._trainer: tuple[Any, Trainer] | None = None
        self._readers: dict[Any, list] = {}
        try:
            layers = list(layers)
        except TypeError:
            kind = type(layers).__name__
            raise TypeError(f"layers must be a sequence of layers, got {kind}") from None
        for layer in layers:
            self.add(layer)

    # --- layers -----------------------------------------------------------------------------------

    def add(self, layer: Input | Layer) -> None:
        """Add a layer behind the others; the weights of those stay.

        Raises
        ------
        TypeError
            If it is no layer.
        ValueError
            If it is an Input, or names an input shape, and is not the first; if it does not take
            what the layer before it gives; or if another layer has its name.
        """
        if not isinstance(layer, (Input, Layer)):
            raise TypeError(f"layer must be a layer, got {type(layer).__name__}")
        shape = layer.shape if isinstance(layer, Input) else layer.input_shape
        if shape is not None and (self.layers or self._input_shape not in (None, shape)):
            raise ValueError(f"only the first layer takes an input shape, got {layer!r} later")
        if isinstance(layer, Input):
            self._input_shape = shape
            return
        known = shape or self._input_shape
        if known is not None:
            Network([*self.layers, layer], known)
        names = [other.name for other in self.layers]
        if layer.name is None:
            layer.name = _numbered(type(layer).__name__, names)
        elif layer.name in names or any(layer is other for other in self.layers):
            raise ValueError(f"every layer of a model has its own name, got {layer.name!r} again")
        self._input_shape = known
        self._change_layers([*self.layers, layer])

    def pop(self) -> Layer:
        """Remove the last layer and return it; the weights of the others stay.

        Raises
        ------
        ValueError
            If there is none.
        """
        if not self.layers:
            raise ValueError("the model has no layers to remove")
        last = self.layers[-1]
        self._change_layers(self.layers[:-1])
        return last

    def _change_layers(self, layers: list[Layer]) -> None:
        """Take other layers; weights of layers that stay are kept, and training starts anew."""
        self._check_not_training()
        kept = {} if self._parameters is None else self._weights_by_name()
        was_built = self._parameters is not None
        self.layers = layers
        self._network = self._parameters = self._slots = self._trainer = None
        self._readers = {}
        if was_built and layers:
            self._build(None)
            for layer, placed in self.named_weights():
                if (layer.name, placed.weight.name) in kept:
                    placed.view(self._parameters)[:] = kept[layer.name, placed.weight.name]
            self._version += 1

    def _weights_by_name(self) -> dict[tuple[str, str], np.ndarray]:
        return {
            (layer.name, placed.weight.name): placed.view(self._parameters).copy()
            for layer, placed in self.named_weights()
        }

    def get_layer(self, name: str | None = None, index: int | None = None) -> Layer:
        """The layer of a name, or at a place.

        Raises
        ------
        ValueError
            If there is none, or not exactly one of the two is given.
        """
        if (name is None) == (index is None):
            raise ValueError("get_layer wants either a name or an index")
        if name is not None:
            return self.layers[self._place_of(as_text("name", name))]
        return self.layers[self._place_of(as_integer("index", index, -(2**63)))]

    def _place_of(self, layer: str | int) -> int:
        if isinstance(layer, str):
            names = [other.name for other in self.layers]
            if layer not in names:
                raise ValueError(f"no layer is named {layer!r}; there are {', '.join(names)}")
            return names.index(layer)
        place = as_integer("layer", layer, -(2**63))
        try:
            return range(len(self.layers))[place]
        except IndexError:
            raise ValueError(
                f"the model has {len(self.layers)} layers, got index {layer}"
            ) from None

    def submodel(self, layer: str | int) -> "Sequential":
        """A model of the layers up to one of them, with copies of their weights.

        What its ``predict`` returns are the features that the network has learned there; with
        layers added, it is a trained body with a fresh head.

        Parameters
        ----------
        layer : str or int
            Name or place of the last layer that is taken.

        Raises
        ------
        ValueError
            If there is no such layer.
        """
        layers = self.layers[: self._place_of(layer) + 1]
        body = Sequential(copy.deepcopy(layers), f"{self.name}_body", self.dtype)
        if self._input_shape is not None:
            body._input_shape = self._input_shape
        if self._parameters is not None:
            body._build(None)
            body._parameters[:] = self._parameters[: body._parameters.size]
        return body

    def summary(self) -> None:
        """Print the layers, what shape of sample each returns, and its number of weights."""
        self._build(None)
        print(summary(self.name, self._network))

    # --- weights ----------------------------------------------------------------------------------

    def named_weights(self) -> Iterator[tuple[Layer, Placed]]:
        """Every weight with its layer, in order."""
        for layer, weights in zip(self.layers, self._network.weights, strict=True):
            for placed in weights:
                yield layer, placed

    def get_weights(self) -> list[np.ndarray]:
        """Copies of the weights: kernel and bias of each layer in turn."""
        return [view.copy() for view in self._views()]

    def set_weights(self, weights: Sequence[Any]) -> None:
        """Replace the weights by arrays of the shapes that :meth:`get_weights` returns.

        Raises
        ------
        ValueError, TypeError
            If their number or a shape differs; nothing has changed then.
        RuntimeError
            If another thread is training the model.
        """
        views = self._views()
        if not isinstance(weights, Sequence):
            raise TypeError(f"weights must be a list of arrays, got {type(weights).__name__}")
        if not self._parameters.flags.writeable:
            raise RuntimeError("weights cannot be set while another thread trains the model")
        if len(weights) != len(views):
            raise ValueError(f"weights must be {len(views)} arrays, got {len(weights)}")
        arrays = [as_array(f"weights[{i}]", w, self.dtype) for i, w in enumerate(weights)]
        for i, (view, array) in enumerate(zip(views, arrays, strict=True)):
            if array.shape != view.shape:
                raise ValueError(f"weights[{i}] must have shape {view.shape}, got {array.shape}")
        for view, array in zip(views, arrays, strict=True):
            view[:] = array
        self._version += 1

    def count_params(self) -> int:
        """Number of all weights."""
        self._build(None)
        return self._network.n_parameters

    def _views(self) -> list[np.ndarray]:
        """Every weight, as a view of the flat parameters."""
        self._build(None)
        return [placed.view(self._parameters) for placed in self._network.placed()]

    def _build(self, shape: tuple[int, ...] | None) -> None:
        """Make the flat parameters, or check that the model was built for samples of a shape."""
        if not self.layers:
            raise ValueError("the model has no layers; add one first")
        wanted = self._input_shape
        if wanted is None and shape is None:
            raise ValueError("the model does not know its input shape; begin it with an Input")
        if shape is not None and (wanted or shape) != shape:
            raise ValueError(
                f"x must have samples of shape {wanted}, as the model has inputs, got {shape}"
            )
        if self._parameters is not None:
            return
        shape = wanted or shape
        if not shape:
            raise ValueError("x must hold samples of at least one number, got a 1-D array")
        network = Network(self.layers, shape)
        parameters = np.empty(network.n_parameters, self.dtype)
        for i, placed in enumerate(network.placed()):
            seed = derived_seed(self.seed, 0) + i
            placed.view(parameters)[:] = placed.weight.initializer(placed.weight.shape, seed)
        if self._parameters is None:  # else another thread was faster, with the same numbers
            self._input_shape, self._network, self._parameters = shape, network, parameters
            self._version += 1

    # --- training ---------------------------------------------------------------------------------

    def compile(
        self,
        optimizer: str | optimizers.Optimizer = "rmsprop",
        loss: str | losses.Loss | None = None,
        metrics: Sequence[str] = (),
    ) -> None:
        """Choose how the model is trained.

        Parameters
        ----------
        optimizer : str or optimizers.Optimizer
            What it remembers of earlier steps is forgotten by the next ``compile``.
        loss : str or losses.Loss
            "mean_squared_error", "mean_absolute_error", "huber", "poisson",
            "binary_crossentropy", "multilabel_crossentropy", "categorical_crossentropy" or
            "sparse_categorical_crossentropy".
        metrics : sequence of str
            Names of functions in :mod:`fastscratch.metrics`; "accuracy" is the one that suits the
            targets. Accuracies are counted while the epoch runs, as the loss is; the others are
            taken of a prediction at its end.

        Raises
        ------
        TypeError, ValueError
            If one of them is not known, or a cross-entropy is to take logits from a sigmoid or
            softmax.
        RuntimeError
            If the model is being trained.

        Warns
        -----
        UserWarning
            If a softmax has a binary or multi-label cross-entropy, or a sigmoid a categorical one.

        Notes
        -----
        A cross-entropy and its own activation, sigmoid or softmax, are computed in one from the
        scores before it, which are finite. Behind any other activation the outputs are taken as
        probabilities, and cut off at 1e-7 and 1 - 1e-7, as Keras does.
        """
        self._check_not_training()
        optimizer = optimizers.get(optimizer)
        loss = losses.get(loss)
        if not self.layers:
            raise ValueError("a model needs at least one layer before it is compiled, got none")
        _check_logits(loss, self.layers)
        read_out = self.layers[-1].activation
        if loss.read_out is not None and read_out in READ_OUTS and read_out != loss.read_out:
            warnings.warn(
                f"{loss.name} wants a {loss.read_out} activation in the last layer, got "
                f"{read_out}: the model will learn, but the loss that it reports is not that of "
                "the right pair",
                stacklevel=2,
            )
        self.optimizer, self.loss, self.metrics = optimizer, loss, _check_metrics(metrics)
        self._slots, self.iterations, self._trainer = None, 0, None

    @property
    def counts_right(self) -> str | None:
        """Name of the metric that the engine counts, as it was given."""
        for name in self.metrics:
            if (name == "accuracy" or name in _COUNTED) and not self._wants_probabilities(name):
                return name
        return None

    def _wants_probabilities(self, name: str) -> bool:
        """Whether a metric cannot be counted on the scores that the loss is computed from.

        Behind a softmax no single score says whether its probability is above one half.
        """
        is_softmax = self._is_fused and self.loss.read_out == "softmax"
        return is_softmax and self._accuracy(name) == "binary_accuracy"

    @property
    def _is_fused(self) -> bool:
        """Whether the loss is computed in one with the last activation, from the scores."""
        loss = self.loss
        return not loss.from_logits and loss.read_out == self.layers[-1].activation

    @property
    def slow_metrics(self) -> list[str]:
        """Metrics that are taken of predictions."""
        return [name for name in self.metrics if name != self.counts_right]

    def fit(
        self,
        x: Any,
        y: Any,
        batch_size: int = 32,
        epochs: int = 1,
        verbose: int | str = "auto",
        callbacks: Sequence[Callback] = (),
        validation_split: float = 0.0,
        validation_data: tuple | None = None,
        shuffle: bool = True,
        class_weight: Mapping[int, float] | None = None,
        sample_weight: Any = None,
        initial_epoch: int = 0,
        terminate_on_nan: bool = True,
    ) -> History:
        """Train by mini-batch stochastic gradient descent.

        All steps run in compiled code, in slices of about 0.1 s: Ctrl-C is heard in between, and
        leaves the model as the last slice left it; the next fit begins a new epoch. Other threads
        may predict meanwhile, with the weights as a slice left them.

        Parameters
        ----------
        x : array_like, shape (n, ...)
            Samples; read where they are if of the model's dtype and C-contiguous.
        y : array_like, shape (n, ...), or (n,) for one output
            Targets: one-hot for the categorical cross-entropy (``utils.to_categorical``), labels
            of shape (n,) for the sparse one.
        batch_size : int
            Samples in a mini-batch; the last of an epoch may have fewer.
        epochs : int
            Number of the last epoch.
        verbose : {"auto", 0, 1, 2}
            1, as "auto" is, shows a progress bar on a fit of more than a second; 2 prints a line
            for each epoch.
        callbacks : sequence of Callback
        validation_split : float
            So large a share of the samples, the last ones, is held out as validation data.
        validation_data : tuple (x, y) or (x, y, sample_weight), optional
            Measured after each epoch.
        shuffle : bool
            Shuffle the rows before each epoch.
        class_weight : dict, optional
            Weights of the samples of each class; 1 where it is not named.
        sample_weight : array_like, shape (n,), optional
            Weights of the samples in the loss; the gradient is still divided by their number.
        initial_epoch : int
            Number of the epoch before the first.
        terminate_on_nan : bool
            Whether a loss or a weight that is no longer finite ends the fit; else it goes on, as
            Keras does, and the losses are NaN.

        Returns
        -------
        History

        Raises
        ------
        ValueError, TypeError
            If shapes do not fit, numbers are not finite or out of range; nothing has changed then.
        FloatingPointError
            If the loss or a weight is no longer finite, unless `terminate_on_nan` is False; the
            model keeps the weights from before that step.
        RuntimeError
            If the model is not compiled, or is being trained already.
        """
        batch_size = as_integer("batch_size", batch_size, 1)
        epochs = as_integer("epochs", epochs, 0)
        initial_epoch = as_integer("initial_epoch", initial_epoch, 0)
        shuffle = as_flag("shuffle", shuffle)
        terminate_on_nan = as_flag("terminate_on_nan", terminate_on_nan)
        if verbose not in ("auto", 0, 1, 2):
            raise ValueError(f"verbose must be 'auto', 0, 1 or 2, got {verbose!r}")
        callbacks = [callbacks] if isinstance(callbacks, Callback) else list(callbacks or ())
        for callback in callbacks:
            if not isinstance(callback, Callback):
                raise TypeError(f"callbacks must be Callbacks, got {type(callback).__name__}")
        data = self._data(x, y, sample_weight, class_weight)
        validation = None
        if validation_data is not None:
            if not isinstance(validation_data, (tuple, list)) or len(validation_data) not in (2, 3):
                raise ValueError("validation_data must be (x, y) or (x, y, sample_weight)")
            validation = self._data(*validation_data, prefix="validation ")
        elif validation_split:
            data, validation = data.split(validation_split)
        remaining = max(0, epochs - initial_epoch)
        verbose = 1 if verbose == "auto" else verbose

        def train() -> History:
            run = Fit(self, data, batch_size, remaining, shuffle, terminate_on_nan)
            return fit(run, validation, callbacks, verbose, initial_epoch)

        return self._train(train)

    def train_on_batch(
        self,
        x: Any,
        y: Any,
        sample_weight: Any = None,
        class_weight: Any = None,
        terminate_on_nan: bool = True,
    ) -> float | list[float]:
        """Take one step on the given samples.

        Parameters
        ----------
        x, y, sample_weight, class_weight, terminate_on_nan
            As in :meth:`fit`.

        Returns
        -------
        float or list of float
            The loss before the step, and the accuracy if it is a metric.

        Raises
        ------
        ValueError, TypeError, FloatingPointError, RuntimeError
            As :meth:`fit`.
        """
        terminate_on_nan = as_flag("terminate_on_nan", terminate_on_nan)
        data = self._data(x, y, sample_weight, class_weight)

        def train() -> dict[str, float]:
            run = Fit(self, data, len(data), 1, False, terminate_on_nan)
            run.run(0, 1)
            return run.logs(0)

        return _as_result(self._train(train))

    def _train(self, train: Callable[[], Any]) -> Any:
        """Call what trains the model, unless something else does already."""
        self._check_not_training()
        try:
            self._is_training = True
            return train()
        finally:  # without a call, at which Ctrl-C would be heard
            self._is_training = False

    def _check_not_training(self) -> None:
        if self._is_training:
            raise RuntimeError(
                "the model is being trained, by another thread or by the fit that this is a "
                "callback of; wanted: one after the other"
            )

    def trainer(self, batch_size: int, weighted: bool) -> Trainer:
        """The program that trains the model.

        The parameters, and what the optimiser remembers, live in its memory from then on.
        """
        optimizer = self.optimizer
        learning = Learning(
            UPDATES[optimizer.code],
            optimizer.hyper(),
            optimizer.clipvalue or np.inf,
            optimizer.clipnorm or np.inf,
            optimizer.global_clipnorm or np.inf,
        )
        objective = self._objective(weighted)
        # What may have changed since the layers were built.
        trainable = tuple(layer.trainable for layer in self.layers)
        self._network = Network(self.layers, self._input_shape)
        penalties = tuple(placed.weight.regularizer for placed in self._network.placed())
        hyper = tuple(learning.hyper[1:])
        bounds = learning.clipvalue, learning.clipnorm, learning.global_clipnorm
        threads = get_num_threads()
        key = batch_size, objective, optimizer.code, hyper, bounds, trainable, penalties, threads
        if self._trainer is not None and self._trainer[0] == key:
            return self._trainer[1]
        trainer = Trainer(
            self._network, objective, learning, optimizer.n_slots, batch_size, self.dtype
        )
        trainer.parameters[:] = self._parameters
        kept = self._slots
        if kept is None or len(kept) != len(trainer.slots):
            kept = [optimizer.slot_start] * len(trainer.slots)
        for slot, old in zip(trainer.slots, kept, strict=True):
            slot[:] = old
        self._parameters, self._slots = trainer.parameters, trainer.slots
        self._trainer = key, trainer
        return trainer

    def _objective(self, weighted: bool) -> Objective:
        loss = self.loss
        fused = self._is_fused
        takes_outputs = loss.read_out is None or loss.from_logits
        counted = NONE
        if self.counts_right is not None:
            counted = _COUNTED[self._accuracy(self.counts_right)]
        return Objective(
            loss.code if takes_outputs or fused else loss.log_loss,
            fused,
            loss.takes_labels,
            loss.delta,
            loss.label_smoothing,
            counted,
            0.0 if fused else 0.5,
            weighted,
        )

    def _accuracy(self, name: str) -> str:
        """The kind of accuracy that suits the targets, as Keras chooses it."""
        if name != "accuracy":
            return name
        if self.loss.takes_labels:
            return "sparse_categorical_accuracy"
        one = self._network.shapes[-1][-1] == 1
        return "binary_accuracy" if one else "categorical_accuracy"

    def _data(
        self,
        x: Any,
        y: Any,
        sample_weight: Any = None,
        class_weight: Mapping[int, float] | None = None,
        prefix: str = "",
    ) -> TrainingData:
        """Check samples and targets; build the model if it is not yet."""
        if self.loss is None:
            raise RuntimeError("the model must be compiled before it is fitted or evaluated")
        _check_logits(self.loss, self.layers)  # layers may have come or gone
        samples = as_array(prefix + "x", x, self.dtype, writeable=False)
        shape = self._input_shape or samples.shape[1:]
        if not shape:
            raise ValueError(f"{prefix}x must be at least 2-D, got shape {samples.shape}")
        if samples.shape[1:] != shape:
            raise ValueError(
                f"{prefix}x must have samples of shape {shape}, as the model has inputs, got "
                f"{samples.shape[1:]}"
            )
        network = self._network or Network(self.layers, shape)
        targets = check_targets(prefix + "y", y, self.loss, network.shapes[-1], self.dtype)
        same_length(x=samples, y=targets)
        weights = sample_weights(targets, sample_weight, class_weight)
        self._build(shape)
        return TrainingData(samples, targets, weights)

    # --- use --------------------------------------------------------------------------------------

    def predict(self, x: Any, batch_size: int | None = None, verbose: int = 0) -> np.ndarray:
        """Outputs of the last layer.

        Parameters
        ----------
        x : array_like, shape (n, ...)
        batch_size : int, optional
            At most so many samples go through the network at once; the outputs are the same.
        verbose : int
            Not looked at; Keras has it.

        Returns
        -------
        ndarray, shape (n, ...)

        Raises
        ------
        ValueError, TypeError
            If `x` has another shape than the model's inputs or is not finite.
        """
        is_new = self._parameters is None  # a refused sample must not settle the shape
        samples = as_array("x", x, self.dtype, writeable=False, finite=is_new)
        self._build(samples.shape[1:])
        size = _at_once(len(samples), batch_size)
        out = np.empty((len(samples), *self._network.shapes[-1]), self.dtype)
        idle, version, predictor = self._borrow(Predictor, size)
        is_finite = predictor.run(out, samples)
        idle.append((version, predictor))
        if not is_finite:
            as_array("x", x, self.dtype)  # says where
        return out

    def _borrow(self, kind: type, *arguments: Any) -> tuple[list, int, Any]:
        """A program that only reads the weights, the version of those it has, and its place.

        Programs hold copies of the weights and the numbers on their way, so that each is lent to
        one thread at a time: the caller puts it back among the idle ones. The last of the
        arguments is the batch size.
        """
        workers = team_size(arguments[-1] * self._network.work)
        idle = self._readers.setdefault((workers, *arguments), [])
        try:
            version, reader = idle.pop()
        except IndexError:
            version, reader = None, kind(self._network, *arguments, dtype=self.dtype)
        while version != self._version:  # again if training went on during the copy
            version = self._version
            reader.parameters[:] = self._parameters
        return idle, version, reader

    def predict_on_batch(self, x: Any) -> np.ndarray:
        """Outputs of the last layer, as :meth:`predict`."""
        return self.predict(x)

    def evaluate(
        self,
        x: Any,
        y: Any,
        batch_size: int | None = None,
        verbose: int = 0,
        sample_weight: Any = None,
        return_dict: bool = False,
    ) -> float | list[float] | dict[str, float]:
        """Mean loss over the samples, and the metrics.

        Parameters
        ----------
        x, y, sample_weight : array_like
            As in :meth:`fit`.
        batch_size : int, optional
            At most so many samples go through the network at once.
        verbose : int
            Not looked at; Keras has it.
        return_dict : bool

        Returns
        -------
        float, or list of float if there are metrics, or dict

        Raises
        ------
        ValueError, TypeError, RuntimeError
            As :meth:`fit`.
        """
        return_dict = as_flag("return_dict", return_dict)
        data = self._data(x, y, sample_weight)
        logs = self.evaluate_data(data, batch_size)
        return logs if return_dict else _as_result(logs)

    def evaluate_data(self, data: TrainingData, batch_size: int | None = None) -> dict[str, float]:
        """Loss and metrics of checked data."""
        size = _at_once(len(data), batch_size)
        objective = self._objective(data.weights is not None)
        totals, order = np.zeros((1, 2)), np.empty(len(data), np.int64)
        idle, version, evaluator = self._borrow(Evaluator, objective, size)
        evaluator.bind(data.x, data.y, data.weights, order, totals)
        evaluator.run(0, -(-len(data) // size))
        idle.append((version, evaluator))
        logs = {"loss": float(totals[0, 0]) + self._penalty()}
        if self.counts_right:
            logs[self.counts_right] = float(totals[0, 1])
        return logs | self.measure(data, self.slow_metrics)

    def _penalty(self) -> float:
        """Regularisation of all weights."""
        total = 0.0
        for layer, placed in self.named_weights():
            regularizer = placed.weight.regularizer
            if regularizer is not None and layer.trainable:
                total += regularizer(placed.view(self._parameters))
        return total

    def measure(self, data: TrainingData, names: Sequence[str]) -> dict[str, float]:
        """Metrics that are taken of predictions."""
        if not names:
            return {}
        predicted = self.predict(data.x)
        if not is_finite(predicted):  # a fit that diverged and goes on
            return dict.fromkeys(names, np.nan)
        return {name: float(metrics.get(self._accuracy(name))(data.y, predicted)) for name in names}

    # --- copies -----------------------------------------------------------------------------------

    def save(self, filepath: str | Path, overwrite: bool = True) -> None:
        """Save the model; see :func:`fastscratch.load_model`.

        One safetensors file: the weights, what the optimiser remembers, and in its header the
        layers, the loss, the optimiser, the seed and the metadata. It is written aside and
        renamed, so that at every moment the old file or the new one is there.

        Parameters
        ----------
        filepath : path
        overwrite : bool
            Whether a file may be replaced.

        Raises
        ------
        FileExistsError
            If there is a file and it may not be replaced.
        TypeError
            If JSON cannot hold the metadata.
        """
        from .saving import save_model

        save_model(self, filepath, overwrite)

    def __getstate__(self) -> dict[str, Any]:
        """Everything but the programs, which hold addresses of this process."""
        state = self.__dict__.copy()
        state["_is_training"], state["_trainer"], state["_readers"] = False, None, {}
        for name in ("_parameters", "_slots"):
            if state[name] is not None:
                state[name] = copy.deepcopy(state[name])
        return state


def _at_once(n_samples: int, batch_size: int | None) -> int:
    """Samples that go through a program at once that only reads the weights.

    Powers of two only: each size has a program, with copies of the weights, that is kept for the
    next time.
    """
    wanted = PREDICTED_AT_ONCE if batch_size is None else as_integer("batch_size", batch_size, 1)
    return min(1 << wanted.bit_length() - 1, 1 << (n_samples - 1).bit_length())


def _check_logits(loss: losses.Loss, layers: list[Layer]) -> None:
    """Check that a loss of scores is not given what a sigmoid or softmax has made of them."""
    if loss.from_logits and layers[-1].activation in READ_OUTS:
        raise ValueError(
            f"{loss.name} with from_logits=True wants a linear activation in the last layer, got "
            f"{layers[-1].activation}"
        )


def _check_metrics(names: Sequence[str]) -> list[str]:
    names = [names] if isinstance(names, str) else names
    if not isinstance(names, Sequence):
        raise TypeError(f"metrics must be names of metrics, got {names!r}")
    for name in names:
        if not isinstance(name, str):
            raise TypeError(f"metrics must be names of metrics, got {name!r}")
        if name != "accuracy":
            metrics.get(name)
    return list(names)


def _numbered(kind: str, names: list[str]) -> str:
    """The class in small letters, with a number if the name is taken."""
    snake = "".join(f"_{c.lower()}" if c.isupper() and i else c.lower() for i, c in enumerate(kind))
    snake = snake.replace("1_d", "1d").replace("2_d", "2d")
    taken = Counter(names)
    name, number = snake, 0
    while name in taken:
        number += 1
        name = f"{snake}_{number}"
    return name


def _as_result(logs: dict[str, float]) -> float | list[float]:
    """The loss alone, or a list of loss and metrics."""
    values = list(logs.values())
    return values if len(values) > 1 else values[0]
