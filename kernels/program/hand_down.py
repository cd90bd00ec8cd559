"""The end of a backward phase: the derivative of the activation of the tensor that it reaches."""

from ..call import call
from ..jit import njit
from .columns import DZ, FUNCTION, NONE, A, Z


@njit
def hand_down(memory, row, start, gradient):
    """Multiply some of the gradient with the derivative of the activation there, if it has one.

    `start` is where in the tensor that part begins; the product goes to the same place of DZ.
    """
    if row[FUNCTION] != NONE:
        size = gradient.size
        call(
            row[FUNCTION],
            memory[row[DZ] + start :][:size],
            memory[row[Z] + start :][:size],
            memory[row[A] + start :][:size],
            gradient,
        )
