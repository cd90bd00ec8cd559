"""L-BFGS: the loss of all samples at once, and its gradient, for scipy."""

import copy
from collections.abc import Callable
from typing import Any

import numpy as np
from scipy import optimize

from ..models import Sequential
from ..models.training_data import check_targets
from ..wording import quantity

__all__ = ["minimize"]


class FullBatch:
    """Penalised mean loss as a function of the flat weights.

    Parameters
    ----------
    model : Sequential
        Without regularizers.
    loss : Loss
    x, y, weights : ndarray
    l2 : float
        Factor of the squares of the kernels.
    """

    def __init__(self, model: Sequential, loss: Any, x: Any, y: Any, weights: Any, l2: float):
        # A copy: the memory of its programs, for a batch of all samples, is freed with it.
        model = copy.deepcopy(model)
        model.compile("sgd", loss)
        y = check_targets("y", y, model.loss, model._network.output_shapes[0], model.dtype)
        samples = model._samples("x", x)
        self._data = samples, (y,), (weights,)
        self._differentiator, self.start = model._to_differentiate(
            samples[0], int(weights is not None)
        )
        self.l2 = np.zeros(self.start.size)
        for _, placed in model._named_weights():
            if placed.weight.name == "kernel":
                self.l2[placed.offset : placed.stop] = l2

    def __call__(self, flat: np.ndarray) -> tuple[float, np.ndarray]:
        self._differentiator.parameters[:] = flat
        loss, gradient = self._differentiator.differentiate(*self._data)
        penalty = self.l2 * flat
        return loss + penalty @ flat, 2 * penalty + gradient

    def split(self, flat: np.ndarray, like: list[np.ndarray]) -> list[np.ndarray]:
        """The weights of a model from the flat ones."""
        stops = np.cumsum([weight.size for weight in like])[:-1]
        pieces = np.split(flat, stops)
        return [piece.reshape(w.shape) for piece, w in zip(pieces, like, strict=True)]


def minimize(
    model: Sequential,
    loss: Any,
    x: np.ndarray,
    y: np.ndarray,
    weights: np.ndarray | None,
    l2: float,
    options: dict[str, Any],
    after: Callable[[], bool] | None,
) -> optimize.OptimizeResult:
    """Give a model the weights that scipy's L-BFGS-B finds.

    Parameters
    ----------
    model : Sequential
        Its weights are the start, and are replaced.
    loss, x, y, weights, l2
        See :class:`FullBatch`.
    options : dict
        Of ``scipy.optimize.minimize``.
    after : callable, optional
        Called after each iteration, when the model has its weights; True ends the fit.

    Returns
    -------
    OptimizeResult
        ``success`` is also true where `after` ended the fit.

    Raises
    ------
    FloatingPointError
        If the loss is not finite where it ends.
    """
    function, like = FullBatch(model, loss, x, y, weights, l2), model.get_weights()
    stopped = False

    def callback(flat: np.ndarray) -> None:
        nonlocal stopped
        model.set_weights(function.split(flat, like))
        if after is not None and after():
            stopped = True
            raise StopIteration

    found = optimize.minimize(
        function,
        function.start,
        jac=True,
        method="L-BFGS-B",
        callback=callback if after else None,
        options=options,
    )
    if not np.isfinite(found.fun):
        raise FloatingPointError(
            f"the loss is {found.fun} after {quantity(found.nit, 'iteration')} of lbfgs; scale "
            "inputs and targets to about 0 to 1"
        )
    model.set_weights(function.split(found.x, like))
    found.success = found.success or stopped
    return found
