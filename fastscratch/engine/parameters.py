"""How the parameters of a layer are learned: fields that its phases share."""

import dataclasses
from collections.abc import Callable, Sequence
from typing import Any, Self

import numpy as np

from ..kernels.call import INTEGER, NUMBER, NUMBERS, values
from ..kernels.optimizers import sgd_update
from ..kernels.program import columns as col
from ..kernels.program import update as op
from ..layers import Layer
from .network import Placed
from .plan import Plan, Record
from .program import Factor, Function
from .registry import LayerCall

# Parameters of an item of a phase that only updates.
PARAMETERS_AN_ITEM = 8192


@dataclasses.dataclass(frozen=True)
class Learning:
    """An optimiser, as phases need it.

    Attributes
    ----------
    update : function
        One of ``kernels.optimizers.UPDATES``.
    hyper : ndarray of float64
        As it takes them.
    clipvalue, clipnorm, global_clipnorm : float
        Bounds of an element of the gradient, of the norm of that of a weight array, and of the norm
        of all; infinity for none. At most one is finite.
    every : int
        How many steps have their gradients averaged before an update.
    ema_momentum : float or None
        Part of the moving average of the parameters that each step keeps; None for no average.
    ema_overwrite_frequency : int or None
        How many updates there are from one replacement of the parameters by it to the next.
    """

    update: Callable[..., None]
    hyper: np.ndarray
    clipvalue: float = np.inf
    clipnorm: float = np.inf
    global_clipnorm: float = np.inf
    every: int = 1
    ema_momentum: float | None = None
    ema_overwrite_frequency: int | None = None

    @property
    def clips_norm(self) -> bool:
        """Whether the norm of a gradient is bounded."""
        return bool(np.isfinite([self.clipnorm, self.global_clipnorm]).any())

    @property
    def is_deferred(self) -> bool:
        """Whether no weight may move before the whole gradient is known."""
        return self.clips_norm or self.every > 1

    @property
    def is_plain_descent(self) -> bool:
        """Whether it only subtracts the gradient times the learning rate."""
        is_clipped = self.is_deferred or np.isfinite(self.clipvalue)
        return self.update is sgd_update and self.hyper[1] == 0 and not is_clipped

    def record(self, plan: Plan) -> dict[col.Field, Any]:
        """Fields of the optimiser, the same in each phase that updates."""
        array = values(plan.dtype)
        kinds = (*(array,) * 5, NUMBER, NUMBERS, INTEGER)
        hyper = np.zeros(col.N_HYPER)
        hyper[: self.hyper.size] = self.hyper
        return {
            col.UPDATE: Function(self.update, kinds),
            col.CLIPVALUE: float(self.clipvalue),
            col.EVERY: self.every,
            **{field: float(value) for field, value in zip(col.HYPERS, hyper, strict=True)},
        }


class Parameters:
    """The learned weights of a layer in a plan: a kernel, and perhaps a bias after it.

    Parameters
    ----------
    plan : Plan
    weights : sequence of Placed
        One or two that are learned, side by side; those that are not learned are left out.
    trainable : bool
        Whether the layer learns at all.
    gradient : int, optional
        Where the gradient goes if the layer is used more than once: one of several, which are added
        up before the update.

    Attributes
    ----------
    kernel, bias, stop : int
        Places; `bias` is `stop` if there is none.
    learns : bool
        Whether their gradient is needed.
    """

    def __init__(
        self, plan: Plan, weights: Sequence[Placed], trainable: bool, gradient: int | None = None
    ):
        self._plan, self._gradient = plan, gradient
        self._learned = [placed for placed in weights if placed.weight.trainable]
        self.learns = plan.learns and trainable and bool(self._learned)
        self.kernel = self.bias = self.stop = col.NONE
        if self._learned:
            first, last = self._learned[0], self._learned[-1]
            self.kernel = plan.parameters + first.offset
            self.stop = plan.parameters + last.stop
            self.bias = plan.parameters + first.stop  # which is the stop, if there is no bias

    @classmethod
    def of(
        cls, plan: Plan, call: LayerCall[Layer], first: int = 0, stop: int | None = None
    ) -> Self:
        """Those of a layer, or some of them."""
        weights = call.weights[first:stop]
        gradient = call.gradient
        if gradient is not None and weights:
            gradient += weights[0].offset - call.weights[0].offset
        return cls(plan, weights, call.layer.trainable, gradient)

    @property
    def size(self) -> int:
        """How many parameters they are."""
        return self.stop - self.kernel

    @property
    def place(self) -> Record:
        """Fields of their places."""
        return {col.KERNEL: self.kernel, col.BIAS: self.bias, col.STOP: self.stop}

    @property
    def is_updated_at_once(self) -> bool:
        """Whether the phase that computes their gradient also updates them."""
        return self.learns and self._plan.optimizer is not None and self._gradient is None

    @property
    def is_penalised(self) -> bool:
        """Whether a weight has a regulariser."""
        return any(placed.weight.regularizer for placed in self._learned)

    @property
    def penalties(self) -> Record:
        """Fields of the regularisers; zeros if the gradient is one of several."""
        factors: list[float | Factor] = [0.0] * 4
        of_sum = False
        if self._gradient is None:
            for i, placed in enumerate(self._learned):
                penalty = placed.weight.regularizer
                if penalty:
                    factors[2 * i] = Factor(placed.offset, 1, penalty.l1)
                    factors[2 * i + 1] = Factor(placed.offset, 2, penalty.l2)
                    of_sum = penalty._is_of_sum
        return dict(zip(col.PENALTIES, [*factors, int(of_sum)], strict=True))

    @property
    def learning(self) -> Record:
        """Fields of a phase that computes their gradient."""
        if not self.learns:
            return {}
        length = self._plan.length if self._gradient is None else self._gradient - self.kernel
        optimizer = self._plan.optimizer if self.is_updated_at_once else None
        return {col.LENGTH: length, **self.penalties, **(optimizer or {col.UPDATE: col.NONE})}

    def add_sum(self, partials: int, partial: int, size: int, when: str = "late") -> None:
        """Add the phase that adds up partial gradients, and goes on as `learning` says.

        Parameters
        ----------
        partials : int
            Their number.
        partial : int
            Place of the first.
        size : int
            How far apart they are.
        """
        self._add_update(self.learning, partials, partial, size, when)

    def add_update(self, optimizer: Record) -> None:
        """Add the phase that updates them by the gradient, which is complete in its place."""
        done = dict.fromkeys(col.PENALTIES, 0)  # they are in the gradient already
        self._add_update({col.LENGTH: self._plan.length, **done, **optimizer}, 0, 0, 0, "late")

    def add_average(self, average: int, learning: Learning) -> None:
        """Add the phase that averages them over the steps, after they have been updated.

        Parameters
        ----------
        average : int
            Place of the average of the first of them.
        learning : Learning
        """
        overwrite = learning.ema_overwrite_frequency
        self._plan.add(
            op.average_item,
            -(-self.size // PARAMETERS_AN_ITEM),
            {
                col.KERNEL: self.kernel,
                col.STOP: self.stop,
                col.EVERY: learning.every,
                op.PARAMETERS_AN_ITEM: PARAMETERS_AN_ITEM,
                op.AVERAGE: average,
                op.MOMENTUM: float(learning.ema_momentum or 0.0),
                op.OVERWRITE: col.NONE if overwrite is None else overwrite,
            },
            flops=3 * self.size,
        )

    def _add_update(
        self, learning: Record, partials: int, partial: int, size: int, when: str
    ) -> None:
        self._plan.add(
            op.update_item,
            -(-self.size // PARAMETERS_AN_ITEM),
            self.place,
            learning,
            {
                op.PARAMETERS_AN_ITEM: PARAMETERS_AN_ITEM,
                op.PARTIALS: partials,
                op.PARTIAL: partial if partials else col.NONE,
                op.PARTIAL_SIZE: size,
            },
            when=when,
            flops=self.size * max(partials, 1),
        )


def parameters_of(
    plan: Plan, weights: Sequence[Placed], trainable: bool
) -> list[tuple[Parameters, int]]:
    """The learned weights of a layer in pairs, and how far after the first each pair is.

    A phase that updates takes a kernel and a bias, and some layers have more weights.
    """
    learned = [placed for placed in weights if placed.weight.trainable]
    pairs = [learned[i : i + 2] for i in range(0, len(learned), 2)]
    return [
        (Parameters(plan, pair, trainable), pair[0].offset - learned[0].offset) for pair in pairs
    ]
