"""An example trained by the engine."""

import dataclasses
from typing import Any

import numpy as np

from ..engine import Differentiator, Predictor, SparseRows, Trainer
from ..models import Model
from ..models.programs import learning_of
from ..utils import derived_seed
from .example import Example, network_of


@dataclasses.dataclass(frozen=True)
class Trained:
    """What training an example for an epoch gives; arrays in the order of the weights.

    Attributes
    ----------
    loss : list of float
        Of all samples before the first step, and the mean over the epoch.
    outputs : list of array
        What the network returns in use, before the first step.
    gradients, weights : list of array
        The gradient of the mean over all samples at the start; the weights in the end.
    slots : list of array
        What the optimiser remembers in the end, and the average of the weights if it has one.
    """

    loss: list[float]
    outputs: list[np.ndarray]
    gradients: list[np.ndarray]
    weights: list[np.ndarray]
    slots: list[np.ndarray]


class Training:
    """A program that trains a model of an example, bound to its data.

    Attributes
    ----------
    trainer : Trainer
    totals : (1, outputs + 1, 2) float64 array
        Of the epoch, as :meth:`Evaluator.bind` takes them.
    """

    def __init__(self, example: Example, model: Model, threads: int):
        network, optimizer = network_of(model), model._compiled_optimizer()
        xs, ys, sample_weights = example.data(model)
        xs, ys = ([np.ascontiguousarray(a, model.dtype) for a in arrays] for arrays in (xs, ys))
        given = None if sample_weights is None else sample_weights.astype(model.dtype)
        inputs: list[Any] = [SparseRows.of(x) for x in xs] if example.sparse else xs
        self.data = inputs, ys, [given] * len(ys)
        self.objectives = model._objectives([0 if given is None else given.ndim] * len(ys))
        self.seed = derived_seed(model.seed, 1)
        self.trainer = Trainer(
            *(network, self.objectives, learning_of(optimizer), optimizer.n_remembered),
            *(example.batch_size, model.dtype, threads),
            **example.kind_of_inputs,
        )
        self.trainer.load(model._state.numbers(optimizer))
        self.totals = np.zeros((1, len(ys) + 1, 2))
        self._order = np.arange(example.samples)
        self._rate, self._steps = optimizer.learning_rate, -(-example.samples // example.batch_size)
        self.trainer.bind(*self.data, self._order, self.totals, shuffle=True, seed=self.seed)

    def run(self, steps: int | None = None) -> None:
        """Take the first steps of an epoch, by default all."""
        trainer, rates = self.trainer, np.full(steps or self._steps, self._rate)
        trainer.train(0, rates, 0, self.totals, trainer.new_numbers())


def train(example: Example, model: Model, threads: int) -> Trained:
    """Train an example by the engine."""
    network, state = network_of(model), model._state
    training = Training(example, model, threads)
    xs, _, _ = training.data

    kind = example.kind_of_inputs
    predictor = Predictor(network, example.batch_size, model.dtype, threads, **kind)
    predictor.parameters[:] = state.parameters
    outputs = [np.empty((example.samples, *s), model.dtype) for s in network.output_shapes]
    predictor.run(outputs, xs)

    whole = Differentiator(
        *(network, training.objectives, example.samples, model.dtype, threads), **kind
    )
    whole.parameters[:] = state.parameters
    loss, gradient = whole.differentiate(*training.data, training.seed)

    training.run()
    trainer = training.trainer
    mean = training.totals[0, :, 0] @ [*trainer.loss_weights, 1.0]

    def split(vector: np.ndarray) -> list[np.ndarray]:
        return [placed.view(vector).copy() for placed in network.placed()]

    optimizer = model._compiled_optimizer()
    # All but the sum of gradients, which is the last.
    remembered = trainer.slots[: optimizer.n_slots + optimizer.use_ema]
    slots = [array for slot in remembered for array in split(slot)]
    losses = [loss, float(mean)]
    return Trained(losses, outputs, split(gradient), split(trainer.parameters), slots)
