"""The Sequential model: layers in a row, trained by one compiled loop."""

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from . import losses, optimizers
from .engine import Learning, Network, Objective, Predictor, Trainer, progress_bar, run_in_slices
from .kernels.losses import loss_forward
from .kernels.optimizers import UPDATES
from .kernels.program.columns import NONE
from .kernels.program.loss import ARGMAX, THRESHOLD
from .kernels.schedules import scheduled_rates
from .layers import Input, Layer
from .utils import derived_seed, next_seed
from .validation import as_array, as_integer, same_length

__all__ = ["History", "Sequential"]

# Samples that go through a network at once when it predicts: enough for full speed, few enough to
# stay in the cache.
PREDICTED_AT_ONCE = 128


class History:
    """What :meth:`Sequential.fit` saw.

    Attributes
    ----------
    history : dict
        ``"loss"``: mean loss of each epoch, each mini-batch's taken before its update; and a list
        for each metric.
    """

    def __init__(self, history: dict[str, list[float]]):
        self.history = history


class Sequential:
    """Layers in a row, as ``keras.Sequential``; float32.

    Parameters
    ----------
    layers : iterable of layers, optional
        More can be added with :meth:`add`.

    Examples
    --------
    >>> from fastscratch import Sequential, layers, optimizers
    >>> model = Sequential([layers.Input((4,)), layers.Dense(3, activation="softmax")])
    >>> model.compile(optimizers.SGD(0.5), loss="categorical_crossentropy")
    >>> model.count_params()
    15
    """

    def __init__(self, layers: Iterable[Input | Layer] = ()):
        self.layers: list[Layer] = []
        self._seed = next_seed()
        self._fits = 0
        self._input_shape: tuple[int, ...] | None = None
        self._network: Network | None = None
        self._parameters: np.ndarray | None = None
        self._loss: losses.Loss | None = None
        self._optimizer: optimizers.Optimizer | None = None
        self._slots: list[np.ndarray] | None = None
        self._iterations = 0
        self._metrics: list[str] = []
        self._version = 0  # of the weights: predictors have copies of them
        self._predictors: dict[tuple, list] = {}
        for layer in layers:
            self.add(layer)

    def add(self, layer: Input | Layer) -> None:
        """Add a layer behind the others.

        Raises
        ------
        TypeError
            If it is no layer.
        ValueError
            If it is an Input, or names an input shape, and is not the first; or does not take what
            the layer before it gives.
        """
        if not isinstance(layer, (Input, Layer)):
            raise TypeError(f"layer must be a layer, got {type(layer).__name__}")
        if self._loss is not None:
            raise ValueError("layers cannot be added to a compiled model")
        shape = layer.shape if isinstance(layer, Input) else layer.input_shape
        if shape is not None:
            if self.layers or self._input_shape not in (None, shape):
                raise ValueError(f"only the first layer takes an input shape, got {layer!r} later")
            self._input_shape = shape
        if isinstance(layer, Layer):
            if self._input_shape is not None:
                Network([*self.layers, layer], self._input_shape)
            self.layers.append(layer)
        self._network = self._parameters = None

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
            "accuracy".

        Raises
        ------
        TypeError, ValueError
            If one of them is not known, or the last layer has the wrong activation for the loss.
        """
        optimizer = optimizers.get(optimizer)
        loss = losses.get(loss)
        if not self.layers:
            raise ValueError("a model needs at least one layer before it is compiled, got none")
        read_out = self._read_out()
        wanted = "linear" if loss.from_logits else loss.read_out
        if loss.read_out and read_out != wanted:
            raise ValueError(
                f"{loss.name} wants a {wanted} activation in the last layer, got {read_out}: the "
                "wrong pair would report a loss that is none"
            )
        self._optimizer, self._loss, self._metrics = optimizer, loss, list(metrics)
        self._slots, self._iterations = None, 0

    def _read_out(self) -> str:
        """The last activation."""
        for layer in reversed(self.layers):
            if layer.activation != "linear" or self._has_weights(layer):
                return layer.activation
        return "linear"

    def _has_weights(self, layer: Layer) -> bool:
        return bool(layer.weights((1, 1, getattr(layer, "groups", 1))))

    def fit(
        self,
        x: Any,
        y: Any,
        *,
        batch_size: int = 32,
        epochs: int = 1,
        shuffle: bool = True,
        verbose: int = 1,
    ) -> History:
        """Train by mini-batch stochastic gradient descent.

        All steps run in compiled code, in slices of about 0.1 s: Ctrl-C is heard in between, and
        leaves the model as the last slice left it.

        Parameters
        ----------
        x : array_like, shape (n, ...)
            Samples; taken without a copy if float32 and C-contiguous.
        y : array_like, shape (n, ...), or (n,) for one output
            Targets: one-hot for the categorical cross-entropy (``utils.to_categorical``), labels
            of shape (n,) for the sparse one.
        batch_size : int
            Samples in a mini-batch; the last of an epoch may have fewer.
        epochs : int
        shuffle : bool
            Shuffle the rows before each epoch.
        verbose : {0, 1}
            1 shows a progress bar on a fit of more than a second.

        Returns
        -------
        History

        Raises
        ------
        ValueError, TypeError
            If shapes do not fit, numbers are not finite or out of range; nothing has changed then.
        FloatingPointError
            If the loss or a weight is no longer finite; the model keeps the weights from before
            that slice.
        RuntimeError
            If the model is not compiled.
        """
        batch_size = as_integer("batch_size", batch_size, 1)
        epochs = as_integer("epochs", epochs, 0)
        samples, targets = self._check_training_data(x, y)
        batch_size = min(batch_size, len(samples))
        steps = epochs * -(-len(samples) // batch_size)
        totals = np.zeros((epochs, 2))
        order = np.arange(len(samples))
        self._fits += 1
        optimizer = self._optimizer
        trainer = self._trainer(batch_size)
        iterations = self._iterations
        seed = derived_seed(self._seed, self._fits)
        trainer.bind(samples, targets, None, order, totals, bool(shuffle), seed, iterations)
        schedule, numbers = optimizer.schedule, optimizer.schedule.numbers()
        state = (self._parameters, *self._slots)

        def run(first: int, count: int) -> None:
            before = [array.copy() for array in state]
            learning_rates = np.empty(count)
            scheduled_rates(learning_rates, schedule.code, numbers, iterations + first)
            trainer.run(first, learning_rates)
            self._version += 1
            if not (np.isfinite(totals).all() and np.isfinite(self._parameters).all()):
                for array, old in zip(state, before, strict=True):
                    array[:] = old
                epoch = (first + count - 1) // (steps // epochs) + 1
                raise FloatingPointError(
                    f"training diverged by epoch {epoch} at learning_rate={learning_rates[-1]:g}; "
                    "wanted: a smaller one, or inputs scaled to about 0 to 1"
                )
            self._iterations = iterations + first + count

        run_in_slices(steps, run, progress_bar(steps, "fit", "step") if verbose else None)
        history = {"loss": totals[:, 0].tolist()}
        if "accuracy" in self._metrics:
            history["accuracy"] = totals[:, 1].tolist()
        return History(history)

    def _trainer(self, batch_size: int) -> Trainer:
        """The compiled program of the model with its loss and its optimiser.

        The parameters, and what the optimiser remembers, live in its memory from now on.
        """
        optimizer, loss = self._optimizer, self._loss
        accuracy = THRESHOLD if loss.accuracy == "binary_accuracy" else ARGMAX
        logits = loss.read_out is not None
        objective = Objective(
            loss.code,
            logits,
            loss.takes_labels,
            loss.delta,
            loss.label_smoothing,
            accuracy if "accuracy" in self._metrics else NONE,
            0.0 if logits and not loss.from_logits else 0.5,
        )
        learning = Learning(
            UPDATES[optimizer.code],
            optimizer.hyper(),
            optimizer.clipvalue or np.inf,
            optimizer.global_clipnorm or np.inf,
        )
        trainer = Trainer(self._network, objective, learning, optimizer.n_slots, batch_size)
        trainer.parameters[:] = self._parameters
        for k, slot in enumerate(trainer.slots):
            slot[:] = optimizer.slot_start if self._slots is None else self._slots[k]
        self._parameters, self._slots = trainer.parameters, trainer.slots
        return trainer

    def predict(self, x: Any) -> np.ndarray:
        """Outputs of the last layer.

        Parameters
        ----------
        x : array_like, shape (n, ...)

        Returns
        -------
        ndarray of float32, shape (n, ...)

        Raises
        ------
        ValueError, TypeError
            If `x` has another shape than the model's inputs or is not finite.
        """
        samples = as_array("x", x, np.float32)
        self._build(samples.shape[1:])
        return self._forward(samples, False)

    def _forward(self, samples: np.ndarray, read_out_is_fused: bool) -> np.ndarray:
        """Outputs, or the scores before the last activation."""
        out = np.empty((len(samples), *self._network.shapes[-1]), np.float32)
        size = min(PREDICTED_AT_ONCE, 1 << (len(samples) - 1).bit_length())
        key = (size, read_out_is_fused)
        idle = self._predictors.setdefault(key, [])
        try:
            version, predictor = idle.pop()
        except IndexError:
            version, predictor = None, Predictor(self._network, size, read_out_is_fused)
        if version != self._version:
            version = self._version
            predictor.parameters[:] = self._parameters
        predictor.run(out, samples)
        idle.append((version, predictor))
        return out

    def evaluate(self, x: Any, y: Any) -> float:
        """Mean loss over the samples.

        Parameters
        ----------
        x, y : array_like
            As in :meth:`fit`.

        Returns
        -------
        float

        Raises
        ------
        ValueError, TypeError, RuntimeError
            As :meth:`fit`.
        """
        samples, targets = self._check_training_data(x, y)
        out = self._forward(samples, self._loss.read_out is not None)
        if self._loss.takes_labels:
            targets = np.eye(out.shape[-1], dtype=np.float32)[targets.astype(np.int64)]
        losses = np.empty(len(out), np.float32)
        loss_forward(losses, out, targets, self._loss.code)
        return float(losses.mean(dtype=np.float64))

    def get_weights(self) -> list[np.ndarray]:
        """Copies of the weights: kernel and bias of each layer in turn."""
        return [view.copy() for view in self._views()]

    def set_weights(self, weights: Sequence[Any]) -> None:
        """Replace the weights by arrays of the shapes that :meth:`get_weights` returns.

        Raises
        ------
        ValueError, TypeError
            If their number or a shape differs; nothing has changed then.
        """
        views = self._views()
        if len(weights) != len(views):
            raise ValueError(f"weights must be {len(views)} arrays, got {len(weights)}")
        arrays = [as_array(f"weights[{i}]", w, np.float32) for i, w in enumerate(weights)]
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
            raise ValueError("x must have samples of at least one axis, got a 1-D array")
        network = Network(self.layers, shape)
        parameters = np.empty(network.n_parameters, np.float32)
        for i, placed in enumerate(network.placed()):
            seed = derived_seed(self._seed, 0) + i
            placed.view(parameters)[:] = placed.weight.initializer(placed.weight.shape, seed)
        self._input_shape, self._network, self._parameters = shape, network, parameters
        self._predictors = {}

    def _views(self) -> list[np.ndarray]:
        """Every weight, as a view of the flat parameters."""
        self._build(None)
        return [placed.view(self._parameters) for placed in self._network.placed()]

    def _check_training_data(self, x: Any, y: Any) -> tuple[np.ndarray, np.ndarray]:
        if self._loss is None:
            raise RuntimeError("the model must be compiled before it is fitted or evaluated")
        samples = as_array("x", x, np.float32)
        targets = as_array("y", y, np.float32)
        self._build(samples.shape[1:])
        shape = self._network.shapes[-1]
        if self._loss.takes_labels:
            shape = ()
            if targets.ndim == 2 and targets.shape[1] == 1:
                targets = targets.reshape(-1)
        if targets.ndim == 1 and shape == (1,):
            targets = targets.reshape(-1, 1)
        if targets.shape[1:] != shape:
            raise ValueError(
                f"y must have shape {('samples', *shape)}, as the last layer has units, got "
                f"{targets.shape}" + _hint(self._loss, targets)
            )
        same_length(x=samples, y=targets)
        if self._loss.takes_labels:
            classes = self._network.shapes[-1][-1]
            wrong = (targets < 0) | (targets >= classes) | (targets != np.floor(targets))
            if wrong.any():
                raise ValueError(
                    f"y must hold labels 0 ... {classes - 1}, got {targets[wrong][0]:g}"
                )
        elif self._loss.read_out and (targets.min() < 0 or targets.max() > 1):
            wrong = targets[(targets < 0) | (targets > 1)][0]
            raise ValueError(f"y of {self._loss.name} must be from 0 to 1, got {wrong}")
        return samples, targets


def _hint(loss: losses.Loss, targets: np.ndarray) -> str:
    if loss.name == "categorical_crossentropy" and targets.ndim == 1:
        return "; utils.to_categorical makes one-hot rows from labels"
    return ""
