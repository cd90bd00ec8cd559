"""What training has changed, copied out of the memory of its program."""

from ..finite import is_finite
from ..jit import njit


@njit
def keep(numbers, memory, place, distance, totals):
    """Copy the weights and the optimiser's slots; return whether weights and totals are finite.

    Parameters
    ----------
    numbers : (1 + slots, parameters) array
        Output: the weights, and below them the slots.
    memory : (m,) array
        Of the program.
    place, distance : int
        Where the weights are in it, and how far apart the slots; the gradient is between them.
    totals : (t,) float64 array
        Losses.
    """
    are_finite = is_finite(totals)
    for number in range(numbers.shape[0]):
        to = numbers[number]
        of = memory[place + (number + (number > 0)) * distance :][: to.size]
        for i in range(to.size):
            to[i] = of[i]
        if number == 0:
            are_finite &= is_finite(to)
    return are_finite
