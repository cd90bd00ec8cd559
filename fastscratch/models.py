"""The Sequential model: layers in a row, trained by one compiled loop."""

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from . import optimizers
from .engine import progress_bar, run_in_slices
from .kernels.codes import ACTIVATIONS, CATEGORICAL_CROSSENTROPY, CROSSENTROPIES, LOSSES
from .kernels.losses import loss_forward
from .kernels.network import n_parameters, predict
from .kernels.schedules import scheduled_rates
from .kernels.train import optimize_steps
from .layers import Dense, Input
from .utils import derived_seed, next_seed
from .validation import as_array, as_integer, one_of, same_length

__all__ = ["History", "Sequential"]


class History:
    """What :meth:`Sequential.fit` saw.

    Attributes
    ----------
    history : dict
        ``"loss"``: mean loss of each epoch, each mini-batch's taken before its update.
    """

    def __init__(self, loss: list[float]):
        self.history = {"loss": loss}


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

    def __init__(self, layers: Iterable[Input | Dense] = ()):
        self.layers: list[Dense] = []
        self._seed = next_seed()
        self._fits = 0
        self._n_in: int | None = None
        self._parameters: np.ndarray | None = None
        self._loss: str | None = None
        self._optimizer: optimizers.Optimizer | None = None
        self._slots: np.ndarray | None = None
        self._iterations = 0
        for layer in layers:
            self.add(layer)

    def add(self, layer: Input | Dense) -> None:
        """Add a layer behind the others.

        Raises
        ------
        TypeError
            If it is no layer.
        ValueError
            If it is an Input, or names an input shape, and is not the first.
        """
        if not isinstance(layer, (Input, Dense)):
            raise TypeError(f"layer must be a layer, got {type(layer).__name__}")
        if self._loss is not None:
            raise ValueError("layers cannot be added to a compiled model")
        shape = layer.shape if isinstance(layer, Input) else layer.input_shape
        if shape is not None:
            if self.layers or self._n_in not in (None, shape[0]):
                raise ValueError(f"only the first layer takes an input shape, got {layer!r} later")
            self._n_in = shape[0]
        if isinstance(layer, Dense):
            self.layers.append(layer)
        self._parameters = None

    def compile(
        self, optimizer: str | optimizers.Optimizer = "rmsprop", loss: str | None = None
    ) -> None:
        """Choose how the model is trained.

        Parameters
        ----------
        optimizer : str or optimizers.Optimizer
            What it remembers of earlier steps is forgotten by the next ``compile``.
        loss : str
            "mean_squared_error", "mean_absolute_error", "huber" (with ``delta = 1``) or "poisson"
            (predictions that are not negative) behind any read-out; "binary_crossentropy"
            (sigmoid read-out, mean over the labels);
            "multilabel_crossentropy" (sigmoid read-out, sum over the labels: the essay's
            ``a - y``; not in Keras); "categorical_crossentropy" (softmax read-out).

        Raises
        ------
        TypeError, ValueError
            If one of them is not known, or the last layer has the wrong activation for the loss.
        """
        optimizer = optimizers.get(optimizer)
        code = LOSSES.index(one_of("loss", loss, LOSSES))
        if not self.layers:
            raise ValueError("a model needs at least one layer before it is compiled, got none")
        read_out = self.layers[-1].activation
        wanted = "softmax" if code == CATEGORICAL_CROSSENTROPY else "sigmoid"
        if code in CROSSENTROPIES and read_out != wanted:
            raise ValueError(
                f"{loss} wants a {wanted} activation in the last layer, got {read_out}: the wrong "
                "pair would report a loss that is none"
            )
        self._optimizer, self._loss = optimizer, loss
        self._slots, self._iterations = None, 0

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
        x : array_like, shape (n, n_in)
            Samples; taken without a copy if float32 and C-contiguous.
        y : array_like, shape (n, n_out) or (n,) for one output
            Targets; one-hot for the categorical cross-entropy (``utils.to_categorical``).
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
        samples, targets, code = self._check_training_data(x, y)
        batch_size = min(batch_size, len(samples))
        steps = epochs * -(-len(samples) // batch_size)
        sizes, activations = self._architecture()
        losses = np.zeros(epochs)
        order = np.arange(len(samples))
        self._fits += 1
        seed = derived_seed(self._seed, self._fits)
        optimizer = self._optimizer
        if self._slots is None:
            shape = (optimizer.n_slots, self._parameters.size)
            self._slots = np.full(shape, optimizer.slot_start, np.float32)
        schedule, numbers = optimizer.schedule, optimizer.schedule.numbers()
        iterations = self._iterations
        state = (self._parameters, self._slots)

        def run(first: int, count: int) -> None:
            before = [array.copy() for array in state]
            learning_rates = np.empty(count)
            scheduled_rates(learning_rates, schedule.code, numbers, iterations + first)
            optimize_steps(
                *state,
                losses,
                order,
                samples,
                targets,
                sizes,
                activations,
                code,
                optimizer.code,
                optimizer.hyper(),
                optimizer.clipvalue or np.inf,
                optimizer.global_clipnorm or np.inf,
                batch_size,
                learning_rates,
                iterations,
                bool(shuffle),
                seed,
                first,
            )
            if not (np.isfinite(losses).all() and np.isfinite(self._parameters).all()):
                for array, old in zip(state, before, strict=True):
                    array[:] = old
                epoch = (first + count - 1) // (steps // epochs) + 1
                raise FloatingPointError(
                    f"training diverged by epoch {epoch} at learning_rate={learning_rates[-1]:g}; "
                    "wanted: a smaller one, or inputs scaled to about 0 to 1"
                )
            self._iterations = iterations + first + count

        run_in_slices(steps, run, progress_bar(steps, "fit", "step") if verbose else None)
        return History(losses.tolist())

    def predict(self, x: Any) -> np.ndarray:
        """Outputs of the last layer.

        Parameters
        ----------
        x : array_like, shape (n, n_in)

        Returns
        -------
        ndarray of float32, shape (n, n_out)

        Raises
        ------
        ValueError, TypeError
            If `x` has another number of columns or is not finite.
        """
        samples = as_array("x", x, np.float32, 2)
        self._build(samples.shape[1])
        out = np.empty((len(samples), self.layers[-1].units), np.float32)
        predict(out, samples, self._parameters, *self._architecture())
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
        samples, targets, code = self._check_training_data(x, y)
        sizes, activations = self._architecture()
        if code in CROSSENTROPIES:  # they take logits
            activations[-1] = ACTIVATIONS.index("linear")
        out = np.empty(targets.shape, np.float32)
        predict(out, samples, self._parameters, sizes, activations)
        losses = np.empty(len(out), np.float32)
        loss_forward(losses, out, targets, code)
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

    def count_params(self) -> int:
        """Number of weights and biases."""
        self._build(None)
        return self._parameters.size

    def _architecture(self) -> tuple[np.ndarray, np.ndarray]:
        """Sizes and activation codes, as the kernels take them."""
        sizes = np.array([self._n_in, *(layer.units for layer in self.layers)])
        return sizes, np.array([ACTIVATIONS.index(layer.activation) for layer in self.layers])

    def _build(self, n_in: int | None) -> None:
        """Make the flat parameters, or check that the model was built for so many inputs."""
        if not self.layers:
            raise ValueError("the model has no layers; add one first")
        wanted = self._n_in
        if wanted is None and n_in is None:
            raise ValueError("the model does not know its input shape; begin it with an Input")
        if wanted is not None and n_in not in (None, wanted):
            raise ValueError(f"x must have {wanted} columns, as the model has inputs, got {n_in}")
        if self._parameters is not None:
            return
        self._n_in = wanted or n_in
        self._parameters = np.empty(n_parameters(self._architecture()[0]), np.float32)
        try:
            for i, (layer, kernel, bias) in enumerate(
                zip(self.layers, self._views()[::2], self._views()[1::2], strict=True)
            ):
                seed = derived_seed(self._seed, 0) + 2 * i
                kernel[:] = layer.kernel_initializer(kernel.shape, seed)
                bias[:] = layer.bias_initializer(bias.shape, seed + 1)
        except BaseException:  # of an initializer that is not ours: nothing was built
            self._n_in, self._parameters = wanted, None
            raise

    def _views(self) -> list[np.ndarray]:
        """Kernel and bias of each layer, as views of the flat parameters."""
        if self._parameters is None:
            self._build(None)
        views, offset, n_in = [], 0, self._n_in
        for layer in self.layers:
            end = offset + n_in * layer.units
            views.append(self._parameters[offset:end].reshape(n_in, layer.units))
            views.append(self._parameters[end : end + layer.units])
            offset = end + layer.units
            n_in = layer.units
        return views

    def _check_training_data(self, x: Any, y: Any) -> tuple[np.ndarray, np.ndarray, int]:
        if self._loss is None:
            raise RuntimeError("the model must be compiled before it is fitted or evaluated")
        samples = as_array("x", x, np.float32, 2)
        targets = as_array("y", y, np.float32)
        n_out = self.layers[-1].units
        if targets.ndim == 1 and n_out == 1:
            targets = targets.reshape(-1, 1)
        if targets.ndim != 2 or targets.shape[1] != n_out:
            raise ValueError(
                f"y must have shape (samples, {n_out}), as the last layer has units, got "
                f"{targets.shape}" + _hint(self._loss, targets)
            )
        same_length(x=samples, y=targets)
        code = LOSSES.index(self._loss)
        if code in CROSSENTROPIES and (targets.min() < 0 or targets.max() > 1):
            wrong = targets[(targets < 0) | (targets > 1)][0]
            raise ValueError(f"y of {self._loss} must be from 0 to 1, got {wrong}")
        self._build(samples.shape[1])
        return samples, targets, code


def _hint(loss: str, targets: np.ndarray) -> str:
    if loss == "categorical_crossentropy" and targets.ndim == 1:
        return "; utils.to_categorical makes one-hot rows from labels"
    return ""
