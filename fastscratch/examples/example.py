"""What an example is: a network, its loss, its optimiser and its data."""

import dataclasses
import warnings
import zlib
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from .. import losses
from ..engine import Network
from ..layers import Layer, SymbolicTensor
from ..models import Model, Sequential
from ..optimizers import SGD, Optimizer

Graph = tuple[list[SymbolicTensor], list[SymbolicTensor]]


def network_of(model: Model) -> Network:
    """The network of a model that knows the shapes of its inputs."""
    model.count_params()  # builds it
    return model._network


@dataclasses.dataclass(frozen=True, eq=False)
class Example:
    """A small network with its loss and its optimiser.

    Attributes
    ----------
    name : str
    make : callable
        Returns the layers in a row, the first with its input shape; or the inputs and outputs of a
        graph. Fresh ones at each call.
    loss : str or Loss; a list for several outputs
    optimizer : callable
        Returns a fresh one. Its rate is no larger than its epsilon, if it has one: the weights
        then are no more sensitive to the gradient than in plain descent at rate 1.
    samples, batch_size : int
        An epoch has a last mini-batch that is smaller, unless that is what an example is about.
    weighted : bool or "rows"
        Whether samples have weights, or each row of their outputs along the last axis has one.
    loss_weights : sequence of float, optional
    classes : int, optional
        Inputs are whole numbers below this, in place of real numbers.
    sparse : bool
        Whether the engine gets the inputs as a sparse matrix; most of them are zero then.
    mostly_zeros : bool
        Whether most inputs are zero in an array, and the engine leaves them out.
    """

    name: str
    make: Callable[[], Sequence[Layer] | Graph]
    loss: Any = "mean_squared_error"
    optimizer: Callable[[], Optimizer] = lambda: SGD(0.1)
    samples: int = 11
    batch_size: int = 4
    weighted: bool | str = False
    loss_weights: Sequence[float] | None = None
    classes: int | None = None
    sparse: bool = False
    mostly_zeros: bool = False

    def model(self, dtype: str = "float32") -> Model:
        """A compiled model, with weights that are the same at each call."""
        made = self.make()
        if isinstance(made, tuple):
            inputs, outputs = made
            model: Model = Model(inputs, outputs, dtype=dtype)
        else:
            model = Sequential(made, dtype=dtype)
        model.seed = self._seed
        with warnings.catch_warnings():  # some have a read-out that is not the loss's own
            warnings.simplefilter("ignore", UserWarning)
            model.compile(self.optimizer(), self.loss, loss_weights=self.loss_weights)
        rng = np.random.default_rng(self._seed)
        names = [placed.weight.name for placed in network_of(model).placed()]
        arrays = [
            _draw_weight(rng, name, weight.shape)
            for name, weight in zip(names, model.get_weights(), strict=True)
        ]
        model.set_weights(arrays)
        return model

    def data(self, model: Model) -> tuple[list[np.ndarray], list[np.ndarray], np.ndarray | None]:
        """Inputs, targets and weights of the samples, the same at each call.

        All are float32 numbers, so that every dtype begins with the same.
        """
        rng = np.random.default_rng(self._seed + 1)
        network = network_of(model)
        xs = [self._draw_inputs(rng, shape) for shape in network.input_shapes]
        ys = [
            self._draw_targets(rng, loss, shape)
            for loss, shape in zip(model._losses, network.output_shapes, strict=True)
        ]
        rows = network.output_shapes[0][:-1] if self.weighted == "rows" else ()
        drawn = _as_float32(rng.uniform(0, 2, (self.samples, *rows)))
        return xs, ys, drawn if self.weighted else None

    def arguments(self, model: Model) -> dict[str, Any]:
        """The same, as ``model.fit`` takes them."""
        xs, ys, sample_weight = self.data(model)

        def given(arrays: list[np.ndarray]) -> Any:
            return arrays[0] if len(arrays) == 1 else arrays

        return {"x": given(xs), "y": given(ys), "sample_weight": sample_weight}

    @property
    def kind_of_inputs(self) -> dict[str, Any]:
        """What a program is told about the inputs that it gets."""
        return {"sparse": self.sparse, "mostly_zeros": self.mostly_zeros}

    @property
    def _seed(self) -> int:
        return zlib.crc32(self.name.encode())

    def _draw_inputs(self, rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
        if self.classes is not None:
            return rng.integers(self.classes, size=(self.samples, *shape)).astype(float)
        drawn = rng.standard_normal((self.samples, *shape))
        if self.sparse or self.mostly_zeros:
            drawn *= rng.random(drawn.shape) < 0.1
        return _as_float32(drawn)

    def _draw_targets(
        self, rng: np.random.Generator, loss: losses.Loss, shape: tuple[int, ...]
    ) -> np.ndarray:
        rows = (self.samples, *shape[:-1])
        labels = rng.integers(shape[-1], size=rows)
        if loss.takes_labels:
            if loss.ignored is not None:
                labels[rng.random(rows) < 0.3] = loss.ignored
            return labels.astype(float)
        if loss.read_out == "softmax" or loss.kind in ("categorical_hinge", "kl_divergence"):
            return np.eye(shape[-1])[labels]
        if loss.read_out == "sigmoid":
            return rng.integers(2, size=(self.samples, *shape)).astype(float)
        if loss.kind in ("hinge", "squared_hinge"):
            return rng.choice([-1.0, 1.0], (self.samples, *shape))
        drawn = rng.standard_normal((self.samples, *shape))
        is_positive = loss.kind in ("poisson", "mean_squared_logarithmic_error")
        return _as_float32(abs(drawn) if is_positive else drawn)


def _draw_weight(rng: np.random.Generator, name: str, shape: tuple[int, ...]) -> np.ndarray:
    """Weights with which activations neither grow nor vanish from layer to layer."""
    drawn = rng.standard_normal(shape)
    if "variance" in name:
        return _as_float32(0.5 + abs(drawn))
    if name == "count":
        return np.ceil(abs(drawn))
    if name == "gamma":
        return _as_float32(1 + 0.2 * drawn)
    fan_in = max(1, int(np.prod(shape[:-1])))
    return _as_float32(drawn / np.sqrt(fan_in) if len(shape) > 1 else 0.2 * drawn)


def _as_float32(values: np.ndarray) -> np.ndarray:
    """Rounded to float32 numbers, as float64."""
    return values.astype(np.float32).astype(float)
