"""Activations and losses that a user wrote, compiled like those of the package.

They are called by address as the others are, so that nothing else is compiled for them.
"""

from functools import cache

import numpy as np

from .activations import Activation
from .jit import CompileError, users
from .pointwise import slope_of_each, value_of_each

__all__ = ["CompileError", "activation", "losses_and_gradients"]


@cache
def activation(value, derivative):
    """What is known of an activation that is given as two functions of a number.

    Parameters
    ----------
    value, derivative : function
    """
    forward, backward = value_of_each(value, users), slope_of_each(derivative, users)
    return Activation(forward, backward, reads_z=True, is_signed=True)


@cache
def losses_and_gradients(value, gradient, of_value, of_gradient):
    """The function that computes the losses of some rows and their gradients.

    Parameters
    ----------
    value : function
        Called with (prediction, target) and its constants; returns a number.
    gradient : function
        Called with (out, prediction, target) and its constants; writes into `out`.
    of_value, of_gradient : tuple of float
        The constants of each.
    """
    value, gradient = users(value), users(gradient)

    def of_rows(values, dprediction, prediction, y, constants):
        for n in range(values.size):
            values[n] = np.float64(value(prediction[n], y[n], *of_value))
            gradient(dprediction[n], prediction[n], y[n], *of_gradient)

    of_rows.__name__ = of_rows.__qualname__ = f"_{value.__name__}"
    return users(of_rows)
