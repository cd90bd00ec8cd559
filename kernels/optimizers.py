"""Optimisers: one step over the flat vector of all parameters."""

from .jit import njit

__all__ = ["sgd_step"]


@njit
def sgd_step(parameters, gradient, learning_rate):
    """Gradient descent step, ``parameters -= learning_rate * gradient``.

    Parameters
    ----------
    parameters : (p,) array
        Updated in place.
    gradient : (p,) array
        Mean gradient over the mini-batch.
    learning_rate : float
    """
    rate = parameters.dtype.type(learning_rate)
    for p in range(parameters.size):
        parameters[p] -= rate * gradient[p]
