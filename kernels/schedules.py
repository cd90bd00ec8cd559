"""Learning-rate schedules: the rate of a step, from a code and a few numbers."""

import math

from .codes import (
    COSINE_DECAY,
    COSINE_DECAY_RESTARTS,
    EXPONENTIAL_DECAY,
    INVERSE_TIME_DECAY,
    PIECEWISE_CONSTANT_DECAY,
    POLYNOMIAL_DECAY,
)
from .jit import njit

__all__ = ["scheduled_rate", "scheduled_rates"]


@njit
def _start_of_period(number, longer):
    """When a period begins, if the first is 1 long and each one `longer` times that before it."""
    return number if longer == 1 else (longer**number - 1) / (longer - 1)


@njit
def _restarts(time, longer):
    """How many of these periods have ended at a time."""
    if longer == 1:
        return math.floor(time)
    number = math.floor(math.log(1 + time * (longer - 1)) / math.log(longer))
    if time >= _start_of_period(number + 1, longer):  # the logarithms are rounded
        return number + 1
    return number - 1 if time < _start_of_period(number, longer) else number


@njit
def scheduled_rate(schedule, numbers, step):
    """Learning rate of a step, by the formulas of ``keras.optimizers.schedules``.

    Parameters
    ----------
    schedule : int
        Place of the schedule's name in ``codes.SCHEDULES``.
    numbers : (k,) float64 array
        The arguments of the schedule, in their order in Keras, with 0 and 1 for flags: the rate
        (``Constant``); initial_learning_rate, decay_steps, decay_rate, staircase
        (``ExponentialDecay``, ``InverseTimeDecay``); the boundaries, then the values, one more
        (``PiecewiseConstantDecay``); initial_learning_rate, decay_steps, end_learning_rate,
        power, cycle (``PolynomialDecay``); initial_learning_rate, decay_steps, alpha,
        warmup_target, warmup_steps (``CosineDecay``; without a warm-up the target is the initial
        rate); initial_learning_rate, first_decay_steps, t_mul, m_mul, alpha
        (``CosineDecayRestarts``).
    step : int
        Number of the step, the first is 0.

    Returns
    -------
    float
    """
    if schedule == PIECEWISE_CONSTANT_DECAY:
        boundaries = numbers.size // 2
        piece = 0
        while piece < boundaries and step > numbers[piece]:
            piece += 1
        return numbers[boundaries + piece]

    rate = numbers[0]
    if schedule in (EXPONENTIAL_DECAY, INVERSE_TIME_DECAY):
        time = step / numbers[1]
        if numbers[3] != 0:
            time = math.floor(time)
        if schedule == EXPONENTIAL_DECAY:
            return rate * numbers[2] ** time
        return rate / (1 + numbers[2] * time)
    if schedule == POLYNOMIAL_DECAY:
        duration, end, power = numbers[1], numbers[2], numbers[3]
        if numbers[4] != 0:
            duration *= max(1, math.ceil(step / duration))
        return (rate - end) * (1 - min(step / duration, 1.0)) ** power + end
    if schedule == COSINE_DECAY:
        duration, alpha, target, warmup_steps = numbers[1], numbers[2], numbers[3], numbers[4]
        if step < warmup_steps:
            return rate + (target - rate) * step / warmup_steps
        time = min((step - warmup_steps) / duration, 1.0)
        return target * (alpha + (1 - alpha) * 0.5 * (1 + math.cos(math.pi * time)))
    if schedule == COSINE_DECAY_RESTARTS:
        longer, lower, alpha = numbers[2], numbers[3], numbers[4]
        time = step / numbers[1]
        restarts = _restarts(time, longer)
        time = (time - _start_of_period(restarts, longer)) / longer**restarts
        high = lower**restarts
        return rate * (alpha + (1 - alpha) * high * 0.5 * (1 + math.cos(math.pi * time)))
    return rate


@njit
def scheduled_rates(learning_rates, schedule, numbers, first_step):
    """Learning rates of consecutive steps.

    Parameters
    ----------
    learning_rates : (n_steps,) float64 array
        Output.
    schedule : int
        As :func:`scheduled_rate` takes it.
    numbers : (k,) float64 array
        As :func:`scheduled_rate` takes it.
    first_step : int
        Number of the first of the steps.
    """
    for step in range(learning_rates.size):
        learning_rates[step] = scheduled_rate(schedule, numbers, first_step + step)
