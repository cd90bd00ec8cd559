"""How the parameters of a layer are learned: columns that its phases share."""

import dataclasses

import numpy as np

from ..kernels.optimizers import sgd_update
from ..kernels.program import columns as col
from ..kernels.program import update as op
from ..kernels.program.call import INTEGER, NUMBER, NUMBERS, address, values
from .plan import Plan, float_bits

# Parameters of an item of an update that stands alone.
PARAMETERS_AN_ITEM = 8192


@dataclasses.dataclass(frozen=True)
class Learning:
    """What an optimiser does, as phases want it.

    Attributes
    ----------
    update : function
        One of ``kernels.optimizers.UPDATES``.
    hyper : ndarray of float64
        As it takes them.
    clipvalue, clipnorm, global_clipnorm : float
        Bounds of an element of the gradient, of the norm of that of a weight array, and of the norm
        of all; infinity for none. At most one is finite.
    """

    update: object
    hyper: np.ndarray
    clipvalue: float = np.inf
    clipnorm: float = np.inf
    global_clipnorm: float = np.inf

    @property
    def clips_norm(self) -> bool:
        """Whether no weight may move before the norm of a gradient is known."""
        return bool(np.isfinite([self.clipnorm, self.global_clipnorm]).any())

    @property
    def is_plain_descent(self) -> bool:
        """Whether it only subtracts the gradient times the learning rate."""
        is_clipped = self.clips_norm or np.isfinite(self.clipvalue)
        return self.update is sgd_update and self.hyper[1] == 0 and not is_clipped


def update_columns(plan: Plan, learning: Learning) -> dict:
    """Columns of the optimiser, the same in each phase that updates."""
    array = values(plan.dtype)
    at = address(learning.update, array, array, array, array, array, NUMBER, NUMBERS, INTEGER)
    hyper = np.zeros(col.N_HYPER)
    hyper[: learning.hyper.size] = learning.hyper
    numbers = {col.HYPER + i: float_bits(value) for i, value in enumerate(hyper)}
    return {
        col.UPDATE: at,
        col.LENGTH: plan.length,
        col.CLIPVALUE: float(learning.clipvalue),
        col.CLIPNORM: float(min(learning.clipnorm, learning.global_clipnorm)),
        **numbers,
    }


def parameters_of(plan: Plan, layer, weights) -> dict:
    """Columns of a layer's own parameters: where they stand, and how they are learned."""
    learned = [placed for placed in weights if placed.weight.trainable]
    if not learned:
        return {}
    kernel = learned[0]
    bias = learned[1].offset if len(learned) > 1 else kernel.stop
    columns = {
        col.KERNEL: plan.parameters + kernel.offset,
        col.BIAS: plan.parameters + bias,
        col.STOP: plan.parameters + learned[-1].stop,
    }
    if plan.training and layer.trainable:
        columns |= plan.learning_columns
        for placed, l1, l2 in zip(
            learned, (col.L1, col.BIAS_L1), (col.L2, col.BIAS_L2), strict=False
        ):
            penalty = placed.weight.regularizer
            columns |= {l1: penalty.l1 if penalty else 0.0, l2: penalty.l2 if penalty else 0.0}
        columns.setdefault(col.BIAS_L1, 0.0)
        columns.setdefault(col.BIAS_L2, 0.0)
    return columns


def add_update(plan: Plan, own: dict, partials: int = 0, partial: int = 0, size: int = 0) -> None:
    """Add the phase that adds up a layer's partial gradients and updates its parameters."""
    plan.add(
        op.update_item,
        -(-(own[col.STOP] - own[col.KERNEL]) // PARAMETERS_AN_ITEM),
        own
        | {
            op.PARAMETERS_AN_ITEM: PARAMETERS_AN_ITEM,
            op.PARTIALS: partials,
            op.PARTIAL: partial,
            op.PARTIAL_SIZE: size,
        },
        when="late",
    )
