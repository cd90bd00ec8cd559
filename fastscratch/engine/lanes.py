"""Which models can be trained with the models innermost, and where their numbers are then."""

import dataclasses
import functools
import itertools
from typing import Any

import numpy as np

from ..kernels import optimizers
from ..kernels.call import address
from ..kernels.machine import ARM, DOT_ROWS, FEATURES, VECTOR_BYTES
from ..kernels.matmul import DEPTH, LONG
from ..kernels.program import columns as col
from ..kernels.program import data, dense, lane_activations, lane_losses, loss
from ..kernels.program import lane_columns as op
from .evaluation import Evaluator
from .plan import Record
from .program import Factor, Phase
from .training import Trainer

#: How weights are updated, and losses that are computed for all models together.
RULES = {
    optimizers.sgd_update: op.SGD,
    optimizers.momentum_update: op.MOMENTUM,
    optimizers.adam_update: op.ADAM,
    optimizers.adamw_update: op.ADAM,
}
LOSSES = {
    loss.LOSSES_OF_ROWS_BY_NAME[name]: place
    for name, place in {
        "categorical_crossentropy": lane_losses.CATEGORICAL,
        "binary_crossentropy": lane_losses.BINARY,
        "multilabel_crossentropy": lane_losses.MULTILABEL,
        "mean_squared_error": lane_losses.SQUARED,
    }.items()
}

# Bytes that the weights of the models of a worker, and what the optimiser remembers of them, may
# need together, and those of the largest kernel. The layers come one after the other, and so do the
# samples of a mini-batch: how much memory the activations need does not matter. How many times as
# fast as alone all lanes were, with Adam, in mini-batches of 32, 100 and 200 samples, on one thread
# of a busy machine:
#
#             weights  kernel  float32          float64
# 30-100-1     0.6 MB  0.2 MB  1.8   1.3   1.2  1.4   1.1   1.0
# 30-50-50-1   0.8     0.2     1.7   1.5   1.4  1.4   1.25  1.3
# 30-80-80-1   1.7     0.4     1.2   1.05  1.0  1.0   0.9   0.9
# 64-128-10    1.8     0.5     0.9   0.8   0.8  0.8   0.7   0.65
# 100-200-1    3.7     1.3     0.9   0.7   0.6  0.7   0.6   0.5
MOST_BYTES, MOST_KERNEL_BYTES = 5 << 19, 7 << 16

_FORWARD = (dense.dense_forward_item, dense.dense_forward_block_item)
_LOSSES = (loss.loss_item, loss.totals_item)
_BACKWARD = (dense.dense_backward_item, dense.dense_hand_down_block_item, dense.dense_arrange_item)
_KNOWN = (data.epoch_item, data.gather_item, loss.penalty_item, *_FORWARD, *_LOSSES, *_BACKWARD)


class NotPossibleError(Exception):
    """A network has something that cannot be done for several models at once."""


@dataclasses.dataclass(frozen=True, eq=False)
class Kind:
    """What models have in common that are trained together.

    Attributes
    ----------
    kind, hyper, layers : ndarray
        As `train_lanes` takes those of several kinds.
    size : int
        Numbers of each model in the memory of a worker.
    penalties : (4,) array
        Those of this model, which others of the kind need not have.
    """

    kind: np.ndarray
    hyper: np.ndarray
    layers: np.ndarray
    size: int
    penalties: np.ndarray

    @functools.cached_property
    def key(self) -> tuple[bytes, ...]:
        """The same for all models of the kind."""
        return self.kind.tobytes(), self.hyper.tobytes(), self.layers.tobytes()


def kind_of(trainer: Trainer, evaluator: Evaluator | None, penalties: np.ndarray) -> Kind | None:
    """What models with these programs have in common, or None if one must be trained alone.

    The penalties are those of a network, as :attr:`Network.penalties` has them.
    """
    begin = [*trainer.program.initial, *(evaluator.program.initial if evaluator else ())]
    if begin or not (ARM or "+fma" in FEATURES):
        return None
    try:
        return _Layout(trainer).kind(evaluator, penalties)
    except NotPossibleError:
        return None


class _Layout:
    """Places in the memory of a worker, which count vectors."""

    def __init__(self, trainer: Trainer):
        self._trainer, self._dtype = trainer, trainer.memory.dtype
        self._lanes = VECTOR_BYTES // self._dtype.itemsize
        self._end = self._lanes  # the memory begins with zeros
        self._places: dict[int, int] = {}
        self._length = self._padded(trainer.network.n_parameters)
        self._weights = self._take((1 + len(trainer.slots)) * self._length)
        _demand(self._end * VECTOR_BYTES <= MOST_BYTES)

    def _padded(self, size: int) -> int:
        """A size, up to whole squares of a transpose."""
        return -(-size // self._lanes) * self._lanes

    def _take(self, size: int) -> int:
        place, self._end = self._end, self._end + self._padded(size)
        return place

    def _place(self, own: int, size: int) -> int:
        """The place of what has another one in the memory of a model."""
        if own not in self._places:
            self._places[own] = self._take(size)
        return self._places[own]

    def _weight(self, own: int) -> int:
        return self._weights + own - self._trainer.parameters_at

    def kind(self, evaluator: Evaluator | None, penalties: np.ndarray) -> Kind:
        """All of it, or NotPossibleError."""
        trainer, program = self._trainer, self._trainer.program
        phases = list(enumerate(program.lines))
        _demand(all(phase.operation in _KNOWN for _, phase in phases))
        forward = [phase for _, phase in phases if phase.operation in _FORWARD]
        backward = [phase for _, phase in phases if phase.operation is dense.dense_backward_item]
        end = next(phase for _, phase in phases if phase.operation is loss.loss_item)
        _demand(bool(forward) and len(forward) == len(backward) and len(trainer.loss_weights) == 1)
        batch = trainer.batch_size
        # Where blocks of samples go through the network, the two gradients are phases of their own.
        apart = {
            phase.record[col.DOUTPUT]: phase.record
            for _, phase in phases
            if phase.operation is dense.dense_hand_down_block_item
        }
        layers = [
            self._layer(f.record, b.record | apart.get(b.record[col.DOUTPUT], {}))
            for f, b in zip(forward[::-1], backward, strict=True)
        ][::-1]
        largest = max(int(layer[op.N_IN] * layer[op.N_OUT]) for layer in layers)
        _demand(largest * VECTOR_BYTES <= MOST_KERNEL_BYTES)
        for lower, upper in itertools.pairwise(layers):
            _demand(lower[op.A] == upper[op.INPUT] and lower[op.DOUTPUT] == upper[op.DZ])
        out, gradient = end.record[col.A], end.record[col.DA]
        _demand(self._places.get(out) == layers[-1][op.A])
        _demand(self._places.get(gradient) == layers[-1][op.DOUTPUT])
        learning = [b.record for b in backward if b.record[col.STOP] != col.NONE]
        hyper, rule = self._hyper(learning, end.record)
        kind = np.full(op.KIND_COLUMNS, col.NONE)
        self._takes_sources(kind, phases, layers[0])
        if self._takes_loss(kind, end.record):
            layers[-1][op.IS_BY_UNIT] = 1
        self._take_penalties(layers, phases)
        kind[op.GATHER_ROW : op.VALIDATION_GATHER_ROW] = _rows_of_losses(trainer)
        kind[op.N_LAYERS] = len(layers)
        kind[op.BATCH], kind[op.N_OUTPUTS] = batch, batch * layers[-1][op.N_OUT]
        kind[op.OUTPUTS_AT], kind[op.OUTPUTS] = out, layers[-1][op.A]
        kind[op.GRADIENT_AT], kind[op.GRADIENT] = gradient, layers[-1][op.DOUTPUT]
        kind[op.WEIGHTS], kind[op.DISTANCE] = self._weights, self._length
        kind[op.WEIGHTS_AT], kind[op.OWN_DISTANCE] = trainer.parameters_at, trainer.length
        widest = max(int(layer[op.N_OUT]) for layer in layers)
        block = max(op.AT_ONCE, DOT_ROWS * widest)
        kind[op.BLOCK] = self._take(block if batch <= op.SAMPLES_AT_ONCE else max(block, largest))
        kind[op.RULE_OF_ALL] = rule
        kind[op.HAS_PENALTIES] = any(layer[op.PENALTY] != col.NONE for layer in layers)
        kind[op.PENALTY_OF_SUM] = any(record[col.PENALTY_OF_SUM] > 0 for record in learning)
        if evaluator is not None:
            self._take_validation(kind, evaluator)
        table = np.array(layers, np.int64)
        return Kind(kind, hyper, table, self._end, self._common_penalties(learning, penalties))

    def _layer(self, f: Record, b: Record) -> np.ndarray:
        """The row of a layer, from the fields of its forward and its backward phase."""
        batch = self._trainer.batch_size
        n_in, n_out = f[dense.OTHER_UNITS], f[col.UNITS]
        _demand(dense.FEW_STRIP not in b)
        _demand(f[dense.POSITIONS] == 1 and n_in <= LONG and max(n_out, batch) <= DEPTH)
        row = np.full(op.LAYER_COLUMNS, col.NONE)
        row[op.N_IN], row[op.N_OUT] = n_in, n_out
        row[op.INPUT] = self._place(f[col.INPUT], batch * n_in)
        row[op.KERNEL] = self._weight(f[col.KERNEL])
        if f[col.BIAS] < f[col.STOP]:
            row[op.BIAS] = self._weight(f[col.BIAS])
        row[op.A] = self._place(f[col.A], batch * n_out)
        row[op.FUNCTION] = self._address(f[col.FUNCTION])
        row[op.DOUTPUT] = self._place(b[col.DOUTPUT], batch * n_out)
        if b[col.DA] != col.NONE:
            if n_in <= n_out:  # nothing reads the outputs any more
                self._places[b[col.DZ]] = row[op.A]
            row[op.DZ] = self._place(b[col.DZ], batch * n_in)
            row[op.DERIVATIVE] = self._address(b[col.FUNCTION])
        row[op.IS_BY_UNIT], row[op.LEARNS] = 0, b[col.STOP] != col.NONE
        if row[op.LEARNS]:
            _demand(b[col.UPDATE] != col.NONE and b[col.CLIPVALUE] == np.inf)
            row[op.RULE] = self._rule(b)
        return row

    def _take_penalties(self, layers: list[np.ndarray], phases: list[tuple[int, Phase]]) -> None:
        """Note which rows add the penalties of the layers' weights to the loss."""
        place_of = {int(layer[op.KERNEL]): layer for layer in layers}
        before = -1
        for number, phase in phases:
            if phase.operation is loss.penalty_item:
                layer = place_of[self._weight(phase.record[col.KERNEL])]
                layer[op.PENALTY] = self._trainer.program.place(number)
                _demand(layer[op.KERNEL] > before)  # they are added up in the order of the layers
                before = layer[op.KERNEL]

    def _takes_sources(
        self, kind: np.ndarray, phases: list[tuple[int, Phase]], first: np.ndarray
    ) -> None:
        """Note what is gathered, and where: inputs, targets and weights of the samples."""
        gathers = [phase for phase in phases if phase[1].operation is data.gather_item]
        _demand(len(gathers) == 1)
        _, gather = gathers[0]
        for k, (_, width, place) in enumerate(data.SOURCE_FIELDS):
            own = gather.record.get(place, col.NONE)
            if own != col.NONE:
                size = gather.record[width]
                kind[op.WIDTHS + k], kind[op.SOURCES_AT + k] = size, own
                kind[op.SOURCES + k] = self._place(own, self._trainer.batch_size * size)
        _demand(kind[op.SOURCES] == first[op.INPUT])
        kind[op.SOURCES_AT] = col.NONE

    def _takes_loss(self, kind: np.ndarray, record: dict[col.Field, Any]) -> bool:
        """Note how the loss is computed for all models together, if it can be."""
        batch, units = self._trainer.batch_size, record[col.UNITS]
        code = LOSSES.get(record[loss.LOSS].kernel)
        if code is None or units > lane_losses.MOST_UNITS or record[loss.SMOOTHING]:
            return False
        kind[op.LOSS] = code
        labels = record.get(loss.LABELS, col.NONE)
        kind[op.TAKES_LABELS] = labels != col.NONE
        kind[op.SOURCES_AT : op.LOSS] = col.NONE
        kind[op.Y] = self._take(batch * units)
        kind[op.LOSSES_AT], kind[op.LOSSES] = record[loss.LOSSES_AT], self._take(batch)
        kind[op.RIGHT_AT], kind[op.RIGHT] = record[loss.CORRECT], self._take(batch)
        kind[op.SHARES], kind[op.LOSS_SCRATCH] = self._take(batch), self._take(3 * batch)
        kind[op.METRIC] = record[loss.METRIC]
        return True

    def _take_validation(self, kind: np.ndarray, evaluator: Evaluator) -> None:
        """Note how validation samples go through all models together, if they can."""
        others = [one for one in evaluator.program.lines if one.operation not in _FORWARD]
        if [one.operation for one in others] != [data.epoch_item, data.gather_item, *_LOSSES]:
            return
        end = others[2].record
        kind[op.VALIDATION_GATHER_ROW : op.MEASURED_AT] = _rows_of_losses(evaluator)
        kind[op.MEASURED_AT] = end[col.A]
        kind[op.MEASURED] = self._take(evaluator.batch_size * end[col.UNITS])

    @staticmethod
    def _rule(record: dict[col.Field, Any]) -> int:
        """How the weights of a layer are updated."""
        rule = RULES.get(record[col.UPDATE].kernel)
        _demand(rule is not None)
        return op.DESCENT if record[dense.STRIP] == col.NONE else int(rule or 0)

    def _hyper(
        self, learning: list[dict[col.Field, Any]], end: dict[col.Field, Any]
    ) -> tuple[np.ndarray, int]:
        """Numbers of the optimiser and of the loss; and the rule of all layers."""
        _demand(bool(learning))
        first = learning[0]
        numbers = [first[field] for field in col.HYPERS] + [end[loss.LOSS_WEIGHT], end[loss.LEVEL]]
        numbers[0] = 0.0  # the learning rate, which each model has for itself
        return np.array(numbers, float), self._rule(first)

    @staticmethod
    def _common_penalties(
        learning: list[dict[col.Field, Any]], penalties: np.ndarray
    ) -> np.ndarray:
        """The penalties of kernels and biases, the same in every layer that has any."""
        row_of = {int(row[0]): row for row in penalties}
        found = set()
        for record in learning:
            fields = [record[field] for field in col.PENALTIES]
            if any(isinstance(one, Factor) for one in fields):
                own = (
                    row_of[f.offset][1 + f.power] if isinstance(f, Factor) else f for f in fields
                )
                found.add(tuple(own))
        _demand(len(found) <= 1)
        return np.array((found or {(0.0,) * 5}).pop()[:4])

    def _address(self, function: Any) -> int:
        """Where an activation or its derivative is, in place, if each lane gets the same bits."""
        if function == col.NONE:
            return col.NONE
        in_place = lane_activations.IN_PLACE.get(function.kernel)
        _demand(in_place is not None)
        return address(in_place, *function.kinds[::2])  # half of the arrays


def _rows_of_losses(evaluator: Evaluator) -> list[int]:
    """Rows that gather samples, compute their losses and add these up; and blocks of samples."""
    program, wanted = evaluator.program, (data.gather_item, *_LOSSES)
    numbers = [k for k, phase in enumerate(program.lines) if phase.operation in wanted]
    losses = program.lines[numbers[1]]
    is_by_block = losses.when == "chained"
    size = losses.record[loss.SAMPLES_AN_ITEM]
    blocks = -(-evaluator.batch_size // size) if is_by_block else 1
    return [*map(program.place, numbers), blocks]


def _demand(is_possible: bool) -> None:
    """Raise NotPossibleError unless this is true."""
    if not is_possible:
        raise NotPossibleError
