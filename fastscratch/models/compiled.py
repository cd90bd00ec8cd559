"""What a model is trained by, and the data it is given."""

import warnings
import weakref
from collections.abc import Hashable, Mapping, Sequence
from typing import Any

import numpy as np

from .. import losses, optimizers
from ..activations import Custom
from ..engine import Network, Objective
from ..layers import Layer
from ..optimizers.optimizer import AVERAGE
from ..validation import as_positive, same_length
from .doubts import doubts_about, doubts_about_decay
from .head import Head, Heads, check_logits, check_loss
from .measures import as_metrics, directions, measures_of, prefixes
from .training_data import (
    TrainingData,
    as_several,
    check_samples,
    check_targets,
    class_weights,
    sample_weights,
    weights_of_outputs,
)
from .weighted import Weighted

#: The model that was compiled last with an optimiser, by the id of that.
_COMPILED: "weakref.WeakValueDictionary[int, Compiled]" = weakref.WeakValueDictionary()


class Compiled(Weighted):
    """The losses, the optimiser and the metrics of a model, and checks of its data."""

    def compile(
        self,
        optimizer: str | optimizers.Optimizer = "rmsprop",
        loss: Any = None,
        metrics: Any = (),
        loss_weights: Any = None,
        weighted_metrics: Any = None,
    ) -> None:
        """Choose how the model is trained.

        Parameters
        ----------
        optimizer : str or optimizers.Optimizer
            What it remembers of earlier steps is forgotten by the next ``compile``. It is not
            copied, and belongs to one model: callbacks may change its learning rate.
        loss : str or losses.Loss; for several outputs one for all, or a list or dict of them
            The name of a class of :mod:`fastscratch.losses`, such as "mean_squared_error", or one
            of them with arguments; ``losses.Custom`` is a formula of one's own.
        metrics : sequence of str, callable or Metric; a list or dict of them for several outputs
            Names, functions or objects of :mod:`fastscratch.metrics`; "accuracy" is the one that
            suits the targets. A function of your own is called with all targets and predictions,
            as NumPy arrays, and returns a number, or one for each sample. Accuracies are counted
            while the epoch runs, as the loss is; the others are computed from a prediction at its
            end.
        loss_weights : list or dict of float, optional
            For each output, the factor of its loss in the sum that is minimised; by default 1.
        weighted_metrics : as `metrics`, optional
            Metrics that take the weights of the samples, which those of `metrics` do not.

        Raises
        ------
        TypeError, ValueError
            If one of them is not known, or a cross-entropy expects logits and the last activation
            is a sigmoid or softmax, an output has no loss, or another model has the optimiser.
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
        for doubt in self._compile(optimizer, loss, metrics, loss_weights, weighted_metrics):
            warnings.warn(doubt, stacklevel=2)

    def _compile(
        self,
        optimizer: Any,
        loss: Any,
        metrics: Any,
        loss_weights: Any,
        weighted_metrics: Any = None,
    ) -> list[str]:
        """Check and keep what the model is trained with; return doubts about it, as sentences."""
        self._check_not_training()
        self._check_layers()
        optimizer = optimizers.get(optimizer)
        other = _COMPILED.get(id(optimizer))
        if other is not None and other is not self and other.optimizer is optimizer:
            raise ValueError(
                f"optimizer must be one of its own for each model, got that of {other.name!r}; "
                "make another with copy.deepcopy"
            )
        names = self.output_names
        if len(names) > 1 and isinstance(loss, (str, losses.Loss)):
            loss = [loss] * len(names)
        of_each = [losses.get(one) for one in as_several("loss", loss, names)]
        measured = _of_outputs("metrics", metrics, names)
        weighted = _of_outputs("weighted_metrics", weighted_metrics, names)
        weights = [1.0] * len(names)
        if loss_weights is not None:
            listed = loss_weights
            if len(names) == 1 and isinstance(listed, (list, tuple)) and len(listed) == 1:
                listed = listed[0]
            weights = [
                as_positive("loss_weights", one)
                for one in as_several("loss_weights", listed, names)
            ]
        for layer in self.layers:
            if isinstance(layer.activation, Custom):
                layer.activation.check()
        doubts = doubts_about_decay(optimizer, self.dtype)
        for one, own, also, (layer, width) in zip(
            of_each, measured, weighted, self._outputs(), strict=True
        ):
            check_logits(one, layer.activation)
            check_loss(one, width)
            # After a layer that only moves numbers the activation is not known.
            is_known = layer.activation != "linear" or hasattr(layer, "use_bias")
            activation = layer.activation if is_known else None
            doubts += doubts_about(one, activation, width, measures_of(own, also, one, width or 0))
        self._optimizer, self._losses = optimizer, of_each
        _COMPILED[id(optimizer)] = self
        self._metrics, self._weighted_metrics, self._loss_weights = measured, weighted, weights
        self._heads_of = None
        if self._holder.state is not None:
            self._state = self._state.without_slots(iterations=0, updates=0)
        return doubts

    def _take_optimizer(self, optimizer: optimizers.Optimizer) -> None:
        """Compile a model again that is new, with this and otherwise as it is."""
        self._optimizer = optimizer
        _COMPILED[id(optimizer)] = self

    @property
    def optimizer(self) -> optimizers.Optimizer | None:
        """What :meth:`compile` was given; its attributes can be set."""
        return self._optimizer

    def _swap_average(self) -> None:
        """Let the weights that are learned and their moving average, if any, change places."""
        state = self._state
        if AVERAGE not in state.remembered:
            return
        slots, place = list(state.slots or ()), state.remembered.index(AVERAGE)
        weights, average = state.parameters.copy(), slots[place].copy()
        for layer, own in self._network.weights_by_layer():
            for placed in own:
                if layer.trainable and placed.weight.trainable:
                    part = slice(placed.offset, placed.stop)
                    weights[part], average[part] = slots[place][part], state.parameters[part]
        slots[place] = average
        self._state = state.replaced(
            parameters=weights, slots=tuple(slots), is_swapped=not state.is_swapped
        )

    def _take_average(self) -> None:
        """Replace the weights by their moving average, if there is one, at the end of a fit."""
        if not self._state.is_swapped:
            self._swap_average()
        state = self._state
        if state.is_swapped:  # there is one
            averaged = (
                state.parameters if name == AVERAGE else slot
                for name, slot in zip(state.remembered, state.slots or (), strict=True)
            )
            self._state = state.replaced(slots=tuple(averaged), is_swapped=False)

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

    def _read_outs(self) -> list[str | Custom]:
        """The last activation of each output."""
        return [layer.activation for layer, _ in self._outputs()]

    @property
    def directions(self) -> dict[str, str | None]:
        """Of each loss and metric in the logs, whether "min" or "max" is better; None: unknown."""
        of_each = list(zip(self._metrics, self._weighted_metrics, strict=True))
        return directions(of_each, self.output_names)

    def _objectives(self, weight_axes: Sequence[int]) -> tuple[Objective, ...]:
        """What is minimised at each output, with weights of this many axes."""
        return self._heads(self._current_programs().network).objectives(tuple(weight_axes))

    def _heads(self, network: Network) -> Heads:
        """What is minimised and measured at each output."""
        if self._heads_of is network:
            return self._known_heads
        names, read_outs = self.output_names, self._read_outs()
        for loss, activation, shape in zip(
            self._losses, read_outs, network.output_shapes, strict=True
        ):
            check_logits(loss, activation)  # layers may have been added or removed
            loss.check_outputs(shape[-1])
        self._known_heads = Heads(
            Head(
                *(loss, measures_of(metrics, weighted, loss, shape[-1]), weight, activation),
                *(network.readers[tensor] == 1, shape, name, prefix),
            )
            for name, prefix, loss, metrics, weighted, weight, activation, tensor, shape in zip(
                names,
                prefixes(names),
                self._losses,
                self._metrics,
                self._weighted_metrics,
                self._loss_weights,
                read_outs,
                network.outputs,
                network.output_shapes,
                strict=True,
            )
        )
        self._heads_of = network
        return self._known_heads

    @property
    def _likeness(self) -> Hashable:
        """What the checks of data and the objectives depend on, and that other models may share."""
        network = self._current_programs().network
        names = tuple(self.input_names), tuple(self.output_names)
        metrics = tuple(
            tuple(one if isinstance(one, str) else id(one) for one in of_output)
            for of_output in (*self._metrics, *self._weighted_metrics)
        )
        losses = tuple(self._losses), tuple(self._loss_weights)
        return network.kind, self.dtype, names, metrics, losses

    def _take_heads(self, other: "Compiled") -> None:
        """Take over what is minimised and measured from a model of the same likeness."""
        self._heads_of, self._known_heads = self._network, other._known_heads

    def _compiled_optimizer(self) -> optimizers.Optimizer:
        """The optimiser of a model that is compiled."""
        optimizer = self._optimizer
        if optimizer is None:
            raise RuntimeError("the model is not compiled; call its compile first")
        return optimizer

    def _data(
        self,
        x: Any,
        y: Any,
        sample_weight: Any = None,
        class_weight: Mapping[int, float] | None = None,
        prefix: str = "",
    ) -> TrainingData:
        """Check samples and targets; build the model if it is not yet."""
        data = self._checked_data(x, y, sample_weight, class_weight, prefix)
        if self._holder.state is None:
            self._build(data.x[0].shape[1:])
        return data

    def _checked_data(
        self,
        x: Any,
        y: Any,
        sample_weight: Any = None,
        class_weight: Mapping[int, float] | None = None,
        prefix: str = "",
    ) -> TrainingData:
        """Check samples and targets."""
        self._compiled_optimizer()
        samples = self._samples(prefix + "x", x)
        if self._programs is None:
            network = self._network_for(samples[0].shape[1:])
        else:
            network = self._current_programs().network
        heads = self._heads(network)
        network.check_inputs(prefix + "x", samples)
        if len(heads) == 1:
            targets = [check_targets(prefix + "y", y, heads[0].loss, heads[0].shape, self._dtype)]
        else:
            given = as_several(prefix + "y", y, self.output_names)
            targets = [
                check_targets(f"{prefix}y of {head.name}", one, head.loss, head.shape, self._dtype)
                for head, one in zip(heads, given, strict=True)
            ]
        for target in targets:
            if len(target) != len(samples[0]):
                same_length(x=samples[0], y=target)  # raises
        weights: list[np.ndarray | None] = [None] * len(targets)
        if sample_weight is not None:
            of_each = weights_of_outputs(sample_weight, self.output_names)
            weights = [
                sample_weights(target, given, head.loss, head.shape)
                for target, given, head in zip(targets, of_each, heads, strict=True)
            ]
        data = TrainingData(samples, tuple(targets), tuple(weights))
        if class_weight is not None:
            data.of_class = class_weights(targets, class_weight, heads[0].loss, heads[0].shape[-1])
        return data

    def _samples(self, name: str, x: Any) -> tuple[np.ndarray, ...]:
        """Checked samples of each input."""
        shapes = self._network.input_shapes
        if len(shapes) == 1 and not isinstance(x, Mapping):
            return (check_samples(name, x, shapes[0], self._dtype),)
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


def _of_outputs(name: str, given: Any, names: Sequence[str]) -> list[tuple[Any, ...]]:
    """The metrics of each output, as they were given."""
    if len(names) == 1 and not isinstance(given, Mapping):
        return [as_metrics(given, name)]
    of_each = as_several(name, given, names) if given else [()] * len(names)
    return [as_metrics(one, name) for one in of_each]
