"""The model: what a person calls."""

import sys
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from .. import losses, optimizers
from ..callbacks import Callback, History
from ..callbacks.callback_list import CallbackList
from ..engine import (
    Differentiator,
    Evaluator,
    InputDifferentiator,
    Network,
    Objective,
    Predictor,
    SampleDifferentiator,
    Trainer,
)
from ..engine.network import Placed
from ..engine.program import Program
from ..layers import Layer, SymbolicTensor
from ..output import encodable
from ..utils import derived_seed, next_seed
from ..validation import as_array, as_flag, as_integer, as_positive, as_text, one_of, same_length
from .doubts import doubts_about
from .fitting import Fit, fit
from .graph import as_inputs, as_tensors, copied_network, network_of
from .head import Head, as_metrics, check_logits, directions, logs_of, prefixes
from .names import all_named, different, name_layers, name_of
from .programs import Programs, new_trainer
from .state import Holder, State
from .summary import summary
from .training_data import (
    TrainingData,
    as_several,
    check_samples,
    check_targets,
    class_weights,
    sample_weights,
)

__all__ = ["Model"]

# Samples that go through a network at once when it predicts: enough for full speed, few enough to
# stay in the cache.
PREDICTED_AT_ONCE = 128


class Model:
    """Layers that read each other's outputs, as ``keras.Model``.

    Parameters
    ----------
    inputs : Input or list of Input
    outputs : SymbolicTensor or list of SymbolicTensor
        What layers return that are called on the inputs, or on what other layers return.
    name : str
    dtype : {"float32", "float64"}
        Of the weights and of everything that is computed with them.

    Attributes
    ----------
    layers : list of Layer
    dtype : str
    optimizer : Optimizer or None
    loss : Loss, list of Loss, or None
        One for each output.
    iterations, trained_epochs : int
        Steps and epochs of all fits so far.
    seed : int
        Of the first weights, the shuffles and dropout.
    metadata : dict
        Anything else that belongs to the model, such as names of classes; saved with it as JSON.
    stop_training : bool
        Set to True, by a callback, a signal handler or another thread, it ends the fit.

    Raises
    ------
    ValueError
        If an output needs an Input that is not given, or two layers or inputs have one name.
    TypeError
        If a layer is of a kind that cannot be computed.

    Examples
    --------
    >>> import fastscratch as fs
    >>> x = fs.Input((4,))
    >>> h = fs.layers.Dense(4, activation="relu")(x)
    >>> y = fs.layers.Dense(3, activation="softmax")(fs.layers.Add()([x, h]))
    >>> fs.Model(x, y).count_params()
    35
    """

    def __init__(
        self,
        inputs: SymbolicTensor | Sequence[SymbolicTensor],
        outputs: SymbolicTensor | Sequence[SymbolicTensor],
        name: str = "model",
        dtype: str = "float32",
    ):
        self._start(name, dtype)
        given = as_inputs(inputs)
        network = network_of(given, as_tensors("outputs", outputs))
        self.input_names = all_named("input", ["Input"] * len(given), [x.name for x in given])
        name_layers(network.layers)
        self._take_network(network)

    def _start(self, name: str, dtype: str) -> None:
        """Set the attributes of a model without layers."""
        self.name = as_text("name", name)
        self.dtype = one_of("dtype", dtype, ("float32", "float64"))
        self.optimizer: optimizers.Optimizer | None = None
        self.metadata: dict[str, Any] = {}
        self.seed = next_seed()
        self.stop_training = False
        self.input_names = ["x"]
        self._losses: list[losses.Loss] = []
        self._loss_weights: list[float] = []
        self._metrics: list[tuple[str, ...]] = []
        self._heads_of: Network | None = None
        self._known_heads: list[Head] = []
        self._programs: Programs | None = None
        self._holder = Holder()

    # --- layers -----------------------------------------------------------------------------------

    def _known_programs(self) -> Programs:
        if self._programs is None:
            raise RuntimeError("the model has no network before it knows its input shape")
        return self._programs

    @property
    def _network(self) -> Network:
        return self._known_programs().network

    @property
    def layers(self) -> list[Layer]:
        return self._network.layers

    @property
    def output_names(self) -> list[str]:
        """Names of the layers whose outputs the model returns, numbered if one returns several."""
        network = self._network
        names: list[str] = []
        for tensor in network.outputs:
            layer = network.nodes[tensor - network.n_inputs].layer
            names.append(different(name_of(layer), names))
        return names

    def get_layer(self, name: str | None = None, index: int | None = None) -> Layer:
        """The layer of a name, or at a place.

        Raises
        ------
        ValueError
            If there is none, or not exactly one of the two is given.
        """
        if (name is None) == (index is None):
            raise ValueError("get_layer needs either a name or an index")
        if name is not None:
            return self.layers[self._place_of(as_text("name", name))]
        return self.layers[self._place_of(as_integer("index", index, -(2**63)))]

    def _place_of(self, layer: str | int) -> int:
        if isinstance(layer, str):
            names = [name_of(other) for other in self.layers]
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

    def submodel(self, layer: str | int) -> "Model":
        """A model of the layers up to one of them, with copies of their weights.

        What its ``predict`` returns are the features that the network has learned there.

        Parameters
        ----------
        layer : str or int
            Name or place of the last layer that is taken.

        Raises
        ------
        ValueError
            If there is no such layer.
        """
        self._build(None)
        network, last = self._network, self.layers[self._place_of(layer)]
        place = max(i for i, node in enumerate(network.nodes) if node.layer is last)
        body = Model.__new__(Model)
        body._start(f"{self.name}_body", self.dtype)
        copied, inputs = copied_network(network, network.n_inputs + place)
        body._take_network(copied)
        body.input_names = [self.input_names[k] for k in inputs]
        body._take_weights(self._weights_by_name())
        return body

    def summary(self) -> None:
        """Print the layers, what shape of sample each returns, and its number of weights."""
        self._build(None)
        print(encodable(summary(self.name, self._network), sys.stdout))

    # --- weights ----------------------------------------------------------------------------------

    @property
    def _state(self) -> State:
        state = self._holder.state
        if state is None:
            raise RuntimeError("the model has no weights before it is built")
        return state

    @_state.setter
    def _state(self, state: State) -> None:
        self._holder.state = state

    @property
    def iterations(self) -> int:
        every = getattr(self.optimizer, "gradient_accumulation_steps", None) or 1
        return 0 if self._holder.state is None else self._holder.state.iterations // every

    @property
    def trained_epochs(self) -> int:
        return 0 if self._holder.state is None else self._holder.state.epochs

    @trained_epochs.setter
    def trained_epochs(self, epochs: int) -> None:
        self._check_not_training()
        self._build(None)
        epochs = as_integer("trained_epochs", epochs, 0)
        self._state = self._state.replaced(epochs=epochs)

    @property
    def weights(self) -> list[np.ndarray]:
        """Copies of the weights, as :meth:`get_weights` returns them."""
        return self.get_weights()

    def get_weights(self) -> list[np.ndarray]:
        """Copies of the weights: kernel and bias of each layer in turn."""
        self._build(None)
        parameters = self._state.parameters
        return [placed.view(parameters).copy() for placed in self._network.placed()]

    def set_weights(self, weights: Sequence[Any]) -> None:
        """Replace the weights by arrays of the shapes that :meth:`get_weights` returns.

        Raises
        ------
        ValueError, TypeError
            If their number or a shape differs; nothing has changed then.
        RuntimeError
            If another thread is training the model.
        """
        self._build(None)
        self._replace_weights(self._network.placed(), weights)

    def _replace_weights(self, all_placed: Sequence[Placed], weights: Sequence[Any]) -> None:
        if not isinstance(weights, Sequence):
            raise TypeError(f"weights must be a list of arrays, got {type(weights).__name__}")
        if self._holder.is_running:
            raise RuntimeError("weights cannot be set while another thread trains the model")
        if len(weights) != len(all_placed):
            raise ValueError(f"weights must be {len(all_placed)} arrays, got {len(weights)}")
        arrays = [as_array(f"weights[{i}]", w, self.dtype) for i, w in enumerate(weights)]
        parameters = self._state.parameters.copy()
        for i, (placed, array) in enumerate(zip(all_placed, arrays, strict=True)):
            if array.shape != placed.weight.shape:
                raise ValueError(
                    f"weights[{i}] must have shape {placed.weight.shape}, got {array.shape}"
                )
            placed.view(parameters)[...] = array
        self._state = self._state.replaced(parameters=parameters)

    def _placed_in(self, layer: Layer) -> list[Placed]:
        return next(w for other, w in self._network.weights_by_layer() if other is layer)

    def _layer_weights(self, layer: Layer) -> list[np.ndarray]:
        """Copies of the weights of a layer."""
        parameters = self._state.parameters
        return [placed.view(parameters).copy() for placed in self._placed_in(layer)]

    def _set_layer_weights(self, layer: Layer, weights: Sequence[Any]) -> None:
        self._replace_weights(self._placed_in(layer), weights)

    def count_params(self) -> int:
        """Number of all weights."""
        self._build(None)
        return self._network.n_parameters

    def _named_weights(self) -> Iterator[tuple[Layer, Placed]]:
        """Every weight with its layer, in order."""
        for layer, weights in self._network.weights_by_layer():
            for placed in weights:
                yield layer, placed

    def _weights_by_name(self) -> dict[tuple[str, str], np.ndarray]:
        return {
            (name_of(layer), placed.weight.name): placed.view(self._state.parameters)
            for layer, placed in self._named_weights()
        }

    def _take_weights(self, known: Mapping[tuple[str, str], np.ndarray]) -> None:
        """Build the model with those of its weights that are known, by layer and name."""
        self._build(None)
        parameters = self._state.parameters.copy()
        for layer, placed in self._named_weights():
            name = name_of(layer), placed.weight.name
            if name in known:
                placed.view(parameters)[...] = known[name]
        self._state = self._state.replaced(parameters=parameters)

    def _build(self, shape: tuple[int, ...] | None) -> None:
        """Make the first weights, if there are none."""
        if self._holder.state is None:
            self._begin(self._network)

    def _begin(self, network: Network) -> None:
        """Make the first weights of a network, and take both."""
        parameters = np.empty(network.n_parameters, self.dtype)
        for i, placed in enumerate(network.placed()):
            seed = derived_seed(self.seed, 0) + i
            placed.view(parameters)[...] = placed.weight.initializer(placed.weight.shape, seed)
        if self._programs is None or network is not self._programs.network:
            self._take_network(network)
        if self._holder.state is None:  # else another thread was faster, with the same numbers
            self._state = State(parameters)
            for layer in network.layers:
                layer._belongs_to(self)

    # --- training ---------------------------------------------------------------------------------

    def compile(
        self,
        optimizer: str | optimizers.Optimizer = "rmsprop",
        loss: Any = None,
        metrics: Any = (),
        loss_weights: Any = None,
    ) -> None:
        """Choose how the model is trained.

        Parameters
        ----------
        optimizer : str or optimizers.Optimizer
            What it remembers of earlier steps is forgotten by the next ``compile``.
        loss : str or losses.Loss; a list or dict of them for several outputs
            "mean_squared_error", "mean_absolute_error", "huber", "poisson",
            "binary_crossentropy", "multilabel_crossentropy", "categorical_crossentropy" or
            "sparse_categorical_crossentropy".
        metrics : sequence of str; a list or dict of sequences for several outputs
            Names of functions in :mod:`fastscratch.metrics`; "accuracy" is the one that suits the
            targets. Accuracies are counted while the epoch runs, as the loss is; the others are
            computed from a prediction at its end.
        loss_weights : list or dict of float, optional
            For each output, the factor of its loss in the sum that is minimised; by default 1.

        Raises
        ------
        TypeError, ValueError
            If one of them is not known, or a cross-entropy expects logits and the last activation
            is a sigmoid or softmax, or an output has no loss.
        RuntimeError
            If the model is being trained.

        Warns
        -----
        UserWarning
            If a loss, the last activation and the metrics can be combined, but the model cannot
            learn or a metric means nothing: as with a cross-entropy after the activation of another
            one, the softmax of a single output, or the accuracy of real numbers.

        Notes
        -----
        A cross-entropy and its own activation, sigmoid or softmax, are computed in one step from
        the scores before the activation, without overflow. After any other activation the outputs
        are taken as probabilities, and cut off at 1e-7 and 1 - 1e-7, as Keras does.
        """
        for doubt in self._compile(optimizer, loss, metrics, loss_weights):
            warnings.warn(doubt, stacklevel=2)

    def _compile(self, optimizer: Any, loss: Any, metrics: Any, loss_weights: Any) -> list[str]:
        """Check and keep what the model is trained with; return doubts about it, as sentences."""
        self._check_not_training()
        self._check_layers()
        optimizer = optimizers.get(optimizer)
        names = self.output_names
        of_each = [losses.get(one) for one in as_several("loss", loss, names)]
        if len(names) == 1 and not isinstance(metrics, Mapping):
            counted = [as_metrics(metrics)]
        else:
            given = [()] * len(names) if not metrics else as_several("metrics", metrics, names)
            counted = [as_metrics(one) for one in given]
        weights = [1.0] * len(names)
        if loss_weights is not None:
            listed = loss_weights
            if len(names) == 1 and isinstance(listed, (list, tuple)) and len(listed) == 1:
                listed = listed[0]
            weights = [
                as_positive("loss_weights", one)
                for one in as_several("loss_weights", listed, names)
            ]
        doubts = []
        for one, own, (layer, width) in zip(of_each, counted, self._outputs(), strict=True):
            check_logits(one, layer.activation)
            # After a layer that only moves numbers the activation is not known.
            is_known = layer.activation != "linear" or hasattr(layer, "use_bias")
            doubts += doubts_about(one, layer.activation if is_known else None, width, own)
        self.optimizer, self._losses = optimizer, of_each
        self._metrics, self._loss_weights = counted, weights
        self._heads_of = None
        if self._holder.state is not None:
            self._state = self._state.replaced(slots=None, iterations=0)
        return doubts

    @property
    def loss(self) -> Any:
        if len(self._losses) > 1:
            return list(self._losses)
        return self._losses[0] if self._losses else None

    @property
    def metrics(self) -> list[Any]:
        if len(self._metrics) > 1:
            return [list(names) for names in self._metrics]
        return list(self._metrics[0]) if self._metrics else []

    def _check_layers(self) -> None:
        """Check that there are layers."""

    def _outputs(self) -> list[tuple[Layer, int | None]]:
        """Of each output, the layer that makes it, and its size along the last axis if known."""
        network = self._network
        return [
            (network.nodes[tensor - network.n_inputs].layer, shape[-1])
            for tensor, shape in zip(network.outputs, network.output_shapes, strict=True)
        ]

    def _read_outs(self) -> list[str]:
        """The last activation of each output."""
        return [layer.activation for layer, _ in self._outputs()]

    @property
    def directions(self) -> dict[str, str]:
        """Of each loss and metric in the logs of a fit, whether "min" or "max" is better."""
        return directions(self._metrics, self.output_names)

    def _objectives(self, is_weighted: Sequence[bool]) -> tuple[Objective, ...]:
        """What is minimised at each output; whether its samples have weights."""
        pairs = zip(self._heads(self._current_programs().network), is_weighted, strict=True)
        return tuple(head.objective(weighted) for head, weighted in pairs)

    def _heads(self, network: Network) -> list[Head]:
        """What is minimised and measured at each output."""
        if self._heads_of is network:
            return self._known_heads
        self._known_heads = [
            Head(loss, metrics, weight, activation, network.readers[tensor] == 1, shape)
            for loss, metrics, weight, activation, tensor, shape in zip(
                self._losses,
                self._metrics,
                self._loss_weights,
                self._read_outs(),
                network.outputs,
                network.output_shapes,
                strict=True,
            )
        ]
        self._heads_of = network
        return self._known_heads

    def fit(
        self,
        x: Any,
        y: Any,
        batch_size: int | None = None,
        epochs: int = 1,
        verbose: int | str = "auto",
        callbacks: Sequence[Callback] = (),
        validation_split: float = 0.0,
        validation_data: tuple[Any, ...] | None = None,
        shuffle: bool = True,
        class_weight: Mapping[int, float] | None = None,
        sample_weight: Any = None,
        initial_epoch: int = 0,
        terminate_on_nan: bool = True,
        gradient_accumulation_steps: int | None = None,
    ) -> History:
        """Train by mini-batch stochastic gradient descent.

        All steps run in compiled code, in slices of about 0.1 s: Ctrl-C takes effect between them,
        and the model stays as it was after the last slice; the next fit begins a new epoch. Other
        threads may predict or save meanwhile, with the weights after a slice.

        Parameters
        ----------
        x : array_like, shape (n, ...); a list or dict of them for several inputs
            Samples; not copied if they are of the model's dtype and C-contiguous.
        y : array_like, shape (n, ...), or (n,) for one output; a list or dict for several
            Targets: one-hot for the categorical cross-entropy (``utils.to_categorical``), labels
            of shape (n,) for the sparse one.
        batch_size : int, optional
            Samples in a mini-batch, by default 32; the last of an epoch may have fewer.
        epochs : int
            Number of the last epoch.
        verbose : {"auto", 0, 1, 2}
            0 shows nothing. 2 prints a line for each epoch: its number, its time, its losses and
            metrics. 1, as "auto" is, also shows a bar within epochs of more than a second, if the
            output is a terminal or a notebook.
        callbacks : sequence of Callback
        validation_split : float
            This large a share of the samples, the last ones, is held out as validation data.
        validation_data : tuple (x, y) or (x, y, sample_weight), optional
            Measured after each epoch.
        shuffle : bool
            Shuffle the rows before each epoch.
        class_weight : dict, optional
            Weight of the samples of each class; 1 for classes that are not named. Validation data
            do not have them.
        sample_weight : array_like, shape (n,), optional
            Weights of the samples in the loss; the gradient is still divided by their number.
        initial_epoch : int
            Number of the epoch before the first.
        terminate_on_nan : bool
            Whether a loss or a weight that is no longer finite ends the fit; else it goes on, as
            Keras does, and the losses are NaN.
        gradient_accumulation_steps : int, optional
            Sets the attribute of this name of the optimiser: the weights are updated only once in
            this many mini-batches, by the mean of their gradients.

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
        batch_size = 32 if batch_size is None else as_integer("batch_size", batch_size, 1)
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
            x_val, y_val, weights = (*validation_data, None)[:3]
            validation = self._data(x_val, y_val, weights, prefix="validation ")
        elif validation_split:
            data, validation = data.split(validation_split)
        data = data.weighted_by_class()
        self._check_metrics(data, "")
        if validation is not None:
            self._check_metrics(validation, "validation ")
        if gradient_accumulation_steps is not None:
            self._compiled_optimizer().gradient_accumulation_steps = gradient_accumulation_steps
        remaining = max(0, epochs - initial_epoch)
        level = 1 if verbose == "auto" else int(verbose)

        def train() -> History:
            run = Fit(self, data, batch_size, remaining, shuffle, terminate_on_nan)
            return fit(run, validation, callbacks, level, initial_epoch)

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
        data = self._data(x, y, sample_weight, class_weight).weighted_by_class()

        def train() -> dict[str, float]:
            run = Fit(self, data, len(data), 1, False, terminate_on_nan)
            run.run(0, 1)
            return run.logs(0)

        return _as_result(self._train(train))

    def _train(self, train: Callable[[], Any]) -> Any:
        """Call what trains the model, unless something else does already."""
        self._check_not_training()
        try:
            self._holder.is_training = True
            return train()
        finally:  # without a call, in which Ctrl-C would take effect
            self._holder.is_training = False

    def _to_train(self, data: TrainingData, batch_size: int) -> tuple[list[Head], Trainer, Holder]:
        """What a fit needs: heads, the program that trains, and the holder of the state."""
        programs = self._current_programs()
        heads = self._heads(programs.network)
        objectives = self._objectives(data.is_weighted)
        trainer = programs.trainer(objectives, self._compiled_optimizer(), batch_size)
        return heads, trainer, self._holder

    def _check_not_training(self) -> None:
        if self._holder.is_training:
            raise RuntimeError(
                "the model is being trained, by another thread or by the fit that this is a "
                "callback of; wait until that has ended"
            )

    def _take_network(self, network: Network) -> None:
        self._programs = Programs(network, self.dtype)

    def _current_programs(self) -> Programs:
        """The network and its programs; new ones if an attribute of a layer has been set since.

        Raises
        ------
        ValueError
            If the weights would have other shapes.
        """
        programs = self._known_programs()
        if not programs.network.is_current:
            old = programs.network
            network = Network(old.nodes, old.input_shapes, old.outputs)
            for layer, before, after in zip(
                *(old.layers, _weight_shapes(old), _weight_shapes(network)), strict=True
            ):
                if self._holder.state is not None and before != after:
                    raise ValueError(
                        f"{layer!r} has been changed since the model was built: its weights must "
                        f"keep the shapes {before}, got {after}"
                    )
            self._programs = programs = Programs(network, self.dtype)
        return programs

    def _compiled_optimizer(self) -> optimizers.Optimizer:
        """The optimiser of a model that is compiled."""
        if self.optimizer is None:
            raise RuntimeError("the model is not compiled; call its compile first")
        return self.optimizer

    def _data(
        self,
        x: Any,
        y: Any,
        sample_weight: Any = None,
        class_weight: Mapping[int, float] | None = None,
        prefix: str = "",
    ) -> TrainingData:
        """Check samples and targets; build the model if it is not yet."""
        self._compiled_optimizer()
        for loss, activation in zip(self._losses, self._read_outs(), strict=True):
            check_logits(loss, activation)  # layers may have been added or removed
        samples = self._samples(prefix + "x", x)
        network = self._network_for(samples[0].shape[1:])
        network.check_inputs(prefix + "x", samples)
        names = [""] if len(network.outputs) == 1 else self.output_names
        given = [y] if len(names) == 1 else as_several(prefix + "y", y, names)
        targets = tuple(
            check_targets(f"{prefix}y{f' of {name}' if name else ''}", one, loss, shape, self.dtype)
            for name, one, loss, shape in zip(
                names, given, self._losses, network.output_shapes, strict=True
            )
        )
        for target in targets:
            same_length(x=samples[0], y=target)
        if class_weight is not None and len(targets) > 1:
            raise ValueError("class_weight needs a model with one output, got several")
        weights = tuple(sample_weights(t, sample_weight) for t in targets)
        of_class = class_weights(targets[0], class_weight)
        self._build(samples[0].shape[1:])
        return TrainingData(samples, targets, weights, of_class)

    def _samples(self, name: str, x: Any) -> tuple[np.ndarray, ...]:
        """Checked samples of each input."""
        shapes = self._network.input_shapes
        if len(shapes) == 1 and not isinstance(x, Mapping):
            return (check_samples(name, x, shapes[0], self.dtype),)
        arrays = tuple(
            check_samples(f"{name} of {input_name}", one, shape, self.dtype)
            for input_name, one, shape in zip(
                self.input_names, as_several(name, x, self.input_names), shapes, strict=True
            )
        )
        for array in arrays[1:]:
            if len(array) != len(arrays[0]):
                raise ValueError(
                    f"{name} must have as many samples for every input, got {len(arrays[0])} and "
                    f"{len(array)}"
                )
        return arrays

    def _network_for(self, shape: tuple[int, ...] | None) -> Network:
        """The network, on samples of a shape if that is not known yet."""
        return self._network

    def program(self, batch_size: int = 32) -> Program:
        """What compiled code does in a training step: ``print`` shows it, a line for each phase.

        The phases are listed in the order in which they are run, each with its operation in
        ``fastscratch.kernels.program``, the layer that it belongs to, the number of parts that
        threads share out (items), and about how many thousand floating-point operations and bytes
        of memory a mini-batch takes. The guide's chapter "How a network trains" explains them.

        Parameters
        ----------
        batch_size : int
            Samples in a mini-batch.

        Returns
        -------
        Program
            Its ``lines`` hold the same numbers. It is made anew, and shares nothing with the model.

        Raises
        ------
        RuntimeError
            If the model is not compiled.
        ValueError, TypeError
            If it does not know its input shape yet, or `batch_size` is not an integer above 0.

        Examples
        --------
        >>> import fastscratch as fs
        >>> model = fs.Sequential([fs.Input((4,)), fs.layers.Dense(3)])
        >>> model.compile("sgd", loss="mse")
        >>> print(model.program(batch_size=10))  # doctest: +SKIP
        phase  operation                   layer       items  kflop   kB
            0  epoch                                       1
            1  gather                                      1         0.3
            2  dense_forward_block         dense (3,)      1    0.2  0.3
            3  loss, mean_squared_error    loss            1    0.0  0.4
            4  totals                      loss            1         0.1
            5  dense_backward, sgd_update  dense (3,)      1    0.2  0.3
               total                                            0.5  1.5
        memory: 12.4 kB
        """
        batch_size = as_integer("batch_size", batch_size, 1)
        optimizer = self._compiled_optimizer()
        self._build(None)
        network = self._current_programs().network
        objectives = self._objectives([False] * len(self._losses))
        return new_trainer(network, objectives, optimizer, batch_size, self.dtype).program

    # --- gradients --------------------------------------------------------------------------------

    def gradients(
        self, x: Any, y: Any, sample_weight: Any = None
    ) -> tuple[float, list[np.ndarray]]:
        """The mean loss of some samples, and its gradient with respect to each weight.

        What the next step of :meth:`fit` would be based on, if the samples were its mini-batch:
        dropout drops, batch normalisation looks at the samples, and the penalties of regularisers
        are in both.

        Parameters
        ----------
        x, y, sample_weight
            As in :meth:`fit`.

        Returns
        -------
        loss : float
        gradients : list of ndarray
            In the order and shapes of :meth:`get_weights`; zeros for weights that are not trained.

        Raises
        ------
        ValueError, TypeError, RuntimeError
            As :meth:`fit`.
        """
        data = self._data(x, y, sample_weight)
        state, programs = self._state, self._current_programs()
        objectives = self._objectives(data.is_weighted)
        reader, idle = programs.borrow(state, Differentiator, objectives, len(data))
        seed, step = derived_seed(self.seed, 1), state.iterations
        loss, flat = reader.differentiate(data.x, data.y, data.weights, seed, step)
        gradients = [placed.view(flat).copy() for placed in programs.network.placed()]
        idle.append((reader, None if programs.network.moves_averages else state))
        return loss, gradients

    def _to_differentiate(
        self, n_samples: int, is_weighted: bool
    ) -> tuple[Differentiator, np.ndarray]:
        """A program for the gradient of this many samples at once, and the flat weights."""
        network = self._current_programs().network
        objectives = self._objectives([is_weighted])
        differentiator = Differentiator(network, objectives, n_samples, self.dtype)
        return differentiator, self._state.parameters.copy()

    def per_sample_gradients(self, x: Any, y: Any) -> tuple[np.ndarray, list[np.ndarray]]:
        """The loss of each sample, and its gradient with respect to each weight.

        As in prediction, nothing is dropped, and batch normalisation uses its moving averages: no
        sample depends on another. Their mean is the gradient of the mean loss, with its penalties.

        Parameters
        ----------
        x, y
            As in :meth:`fit`.

        Returns
        -------
        losses : ndarray of float64, shape (n,)
        gradients : list of ndarray, each of shape (n, ...)
            In the order and shapes of :meth:`get_weights`; zeros for weights that are not trained.

        Raises
        ------
        ValueError, TypeError, RuntimeError
            As :meth:`fit`.
        """
        data = self._data(x, y)
        state, network = self._state, self._current_programs().network
        objectives = self._objectives(data.is_weighted)
        reader = SampleDifferentiator(network, objectives, self.dtype)
        reader.parameters[:] = state.parameters
        losses, flat = reader.differentiate(data.x, data.y, data.weights, 0, len(data))
        losses += self._penalty(state)
        return losses, [
            flat[:, placed.offset : placed.stop].reshape(len(data), *placed.weight.shape)
            for placed in network.placed()
        ]

    def input_gradients(self, x: Any, y: Any) -> Any:
        """The gradient of each sample's loss with respect to what the model is given.

        It shows which inputs matter. As in prediction, nothing is dropped, and batch normalisation
        uses its moving averages.

        Parameters
        ----------
        x, y
            As in :meth:`fit`.

        Returns
        -------
        ndarray of the shape of `x`, or a list of them for several inputs

        Raises
        ------
        ValueError, TypeError, RuntimeError
            As :meth:`fit`.
        """
        data = self._data(x, y)
        size = _at_once(len(data), None)
        state, programs = self._state, self._current_programs()
        objectives = self._objectives(data.is_weighted)
        reader, idle = programs.borrow(state, InputDifferentiator, objectives, size)
        gradients = reader.differentiate(data.x, data.y, data.weights)
        idle.append((reader, state))
        return gradients[0] if len(gradients) == 1 else gradients

    def gradient_norms(self, x: Any, y: Any) -> dict[str, float]:
        """How large the gradient of each layer's weights is: whether it vanishes or explodes.

        Parameters
        ----------
        x, y
            As in :meth:`fit`.

        Returns
        -------
        dict
            From the names of the layers with weights that are trained, in order, to the Euclidean
            norm of the mean gradient of these weights.
        """
        _, gradients = self.gradients(x, y)
        of_layer: dict[str, list[np.ndarray]] = {}
        for (layer, placed), gradient in zip(self._named_weights(), gradients, strict=True):
            if layer.trainable and placed.weight.trainable:
                of_layer.setdefault(name_of(layer), []).append(gradient.reshape(-1))
        return {name: _norm(np.concatenate(flat)) for name, flat in of_layer.items()}

    # --- use --------------------------------------------------------------------------------------

    def __call__(self, x: Any) -> Any:
        """Outputs for arrays, as :meth:`predict`.

        Raises
        ------
        TypeError
            If it is called on a symbolic tensor: a model is no layer.
        """
        if isinstance(x, SymbolicTensor):
            raise TypeError(
                f"{self.name!r} is a model and no layer: it can be called on arrays only; call its "
                "layers one by one"
            )
        return self.predict(x)

    def predict(self, x: Any, batch_size: int | None = None, verbose: int = 0) -> Any:
        """Outputs of the last layer.

        Parameters
        ----------
        x : array_like, shape (n, ...); a list or dict of them for several inputs
        batch_size : int, optional
            At most this many samples go through the network at once; the outputs are the same.
        verbose : int
            Ignored; Keras has it.

        Returns
        -------
        ndarray, shape (n, ...), or a list of them for several outputs

        Raises
        ------
        ValueError, TypeError
            If `x` has another shape than the model's inputs or is not finite.
        """
        state, programs = self._holder.state, self._programs
        if state is None or programs is None:
            self._build_for(x)
            state, programs = self._state, self._current_programs()
        if programs.network.checked_at != Layer.changes_of_all:  # spares a call
            programs = self._current_programs()
        network = programs.network
        if not network.is_plain or isinstance(x, dict):
            several = self._samples("x", x)
            network.check_inputs("x", several)
            outs, _ = self._predict(several, batch_size)
            return outs if len(outs) > 1 else outs[0]
        # As fast as possible, for single samples: what follows does the same as `_predict`.
        samples = as_array("x", x, self.dtype, writeable=False, finite=False)
        if samples.shape[1:] != network.input_shapes[0]:
            self._samples("x", x)  # raises
        if network.checked_inputs:
            network.check_inputs("x", (samples,))
        out = np.empty((len(samples), *network.output_shapes[0]), self.dtype)
        reader, idle = programs.borrow(state, Predictor, _at_once(len(samples), batch_size))
        is_finite = reader.run((out,), (samples,))
        idle.append((reader, state))
        if not is_finite:
            self._samples("x", x)  # raises, and says where
        return out

    def _build_for(self, x: Any) -> None:
        """Make the first weights, before samples are predicted."""
        self._build(None)

    def _predict(
        self, samples: tuple[np.ndarray, ...], batch_size: int | None
    ) -> tuple[list[np.ndarray], bool]:
        """Each output for checked samples, and whether all of these are finite."""
        n, state, programs = len(samples[0]), self._state, self._current_programs()
        outs = [np.empty((n, *shape), self.dtype) for shape in programs.network.output_shapes]
        reader, idle = programs.borrow(state, Predictor, _at_once(n, batch_size))
        is_finite = reader.run(outs, samples)
        idle.append((reader, state))
        return outs, is_finite

    def predict_on_batch(self, x: Any) -> Any:
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
            At most this many samples go through the network at once.
        verbose : int
            Ignored; Keras has it.
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
        self._check_metrics(data, "")
        logs = self._evaluate(data, batch_size)
        return logs if return_dict else _as_result(logs)

    def _check_metrics(self, data: TrainingData, prefix: str) -> None:
        """Check that the metrics can be computed for checked data, whatever is predicted."""
        heads = self._heads(self._current_programs().network)
        for head, y, name in zip(heads, data.y, self.output_names, strict=True):
            of_output = f" of {name}" if len(heads) > 1 else ""
            head.check_metrics(f"{prefix}y{of_output}", y)

    def _evaluate(
        self, data: TrainingData, batch_size: int | None, callbacks: CallbackList | None = None
    ) -> dict[str, float]:
        """Loss and metrics of checked data; callbacks, if any, hear of each mini-batch."""
        size = _at_once(len(data), batch_size)
        if callbacks is not None and batch_size is not None:
            size = batch_size
        programs = self._current_programs()
        heads = self._heads(programs.network)
        totals, order = np.zeros((1, len(heads) + 1, 2)), np.empty(len(data), np.int64)
        state = self._state
        objectives = self._objectives(data.is_weighted)
        reader, idle = programs.borrow(state, Evaluator, objectives, size)
        reader.bind(data.x, data.y, data.weights, order, totals)
        names, n, n_steps = self.output_names, len(data), -(-len(data) // size)
        penalty = self._penalty(state)
        if callbacks is not None:
            for step in range(n_steps):
                callbacks.test_batch_begin(step)
                reader.run(step, 1)
                n_seen = min((step + 1) * size, n)
                totals[0, -1, 0] = penalty * n_seen / n
                callbacks.test_batch_end(step, logs_of(heads, names, totals[0], n, n_seen))
        else:
            reader.run(0, n_steps)
        idle.append((reader, state))
        totals[0, -1, 0] = penalty
        return logs_of(heads, names, totals[0], n, n) | self._measure(data)

    def _penalty(self, state: State) -> float:
        """Regularisation of all weights."""
        total = 0.0
        for layer, placed in self._named_weights():
            regularizer = placed.weight.regularizer
            if regularizer is not None and layer.trainable:
                total += regularizer(placed.view(state.parameters))
        return total

    def _measure(self, data: TrainingData) -> dict[str, float]:
        """Metrics that are computed from predictions."""
        heads = self._heads(self._network)
        if not any(head.measured for head in heads):
            return {}
        predicted, _ = self._predict(data.x, None)
        logs: dict[str, float] = {}
        for prefix, head, y, out in zip(
            prefixes(self.output_names), heads, data.y, predicted, strict=True
        ):
            logs |= {prefix + name: value for name, value in head.measure(y, out).items()}
        return logs

    # --- copies -----------------------------------------------------------------------------------

    def save(self, filepath: str | Path, overwrite: bool = True) -> None:
        """Save the model; see :func:`fastscratch.load_model`.

        One safetensors file: the weights, what the optimiser remembers, and in its header the
        layers, the loss, the optimiser, the seed and the metadata. It is written under
        another name and renamed, so that at every moment the old file or the new one is there. A
        model that is being trained is saved as it was after the last slice of steps.

        Parameters
        ----------
        filepath : path
            Without a suffix, or with one that is not of another format; ``.safetensors`` is right.
            A file that is there is replaced, and keeps its mode; a symbolic link is followed.
        overwrite : bool
            Whether a file may be replaced.

        Raises
        ------
        FileExistsError
            If there is a file and it may not be replaced.
        OSError
            If the path is a folder, a device or a pipe, or cannot be written.
        TypeError
            If the metadata is no dict, or JSON cannot hold it.
        ValueError
            If ``load_model`` would refuse the file, because a weight is not finite or a layer, the
            loss or the optimiser is of a class of your own. Nothing has been written then.
        """
        from .saving import save_model

        save_model(self, filepath, overwrite)

    def __getstate__(self) -> dict[str, Any]:
        """Everything, the state as one that is not being trained."""
        return self.__dict__ | {"_holder": Holder(self._holder.state)}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        if self._holder.state is not None:
            for layer in self.layers:
                layer._belongs_to(self)


def _at_once(n_samples: int, batch_size: int | None) -> int:
    """Samples that go through a program at once that only reads the weights.

    Only powers of two, because for each size a program with copies of the weights is kept.
    """
    wanted = PREDICTED_AT_ONCE if batch_size is None else as_integer("batch_size", batch_size, 1)
    return min(1 << wanted.bit_length() - 1, 1 << (n_samples - 1).bit_length())


def _weight_shapes(network: Network) -> list[list[tuple[int, ...]]]:
    """Shapes of the weights of each layer."""
    return [
        [placed.weight.shape for placed in weights] for _, weights in network.weights_by_layer()
    ]


def _norm(vector: np.ndarray) -> float:
    """Euclidean norm of a vector whose squares may be too large, or too small, for their type."""
    largest = float(np.abs(vector).max(initial=0))
    if largest == 0:
        return 0.0
    return largest * float(np.sqrt(np.sum(np.square(vector / largest, dtype=np.float64))))


def _as_result(logs: dict[str, float]) -> float | list[float]:
    """The loss alone, or a list of loss and metrics."""
    values = list(logs.values())
    return values if len(values) > 1 else values[0]
