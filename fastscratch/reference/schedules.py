"""Learning-rate schedules: the rate of a step, from a name and a few numbers."""

import math


def scheduled_rate(schedule, numbers, step):
    """Return the learning rate of a step.

    Parameters
    ----------
    schedule : {"Constant", "ExponentialDecay", "PiecewiseConstantDecay", "PolynomialDecay", \
"InverseTimeDecay", "CosineDecay", "CosineDecayRestarts"}
        Name of the schedule.
    numbers : list of float
        The arguments of the schedule, in the order of Keras, flags as 0 and 1; for the piecewise
        constant, all boundaries and then all values.
    step : int
        Number of the step, the first is 0.

    Returns
    -------
    float
        The learning rate.
    """
    if schedule == "Constant":
        (rate,) = numbers
        return rate

    if schedule == "ExponentialDecay":
        initial, decay_steps, decay_rate, staircase = numbers
        time = step / decay_steps
        if staircase:
            time = math.floor(time)
        return initial * decay_rate**time

    if schedule == "InverseTimeDecay":
        initial, decay_steps, decay_rate, staircase = numbers
        time = step / decay_steps
        if staircase:
            time = math.floor(time)
        return initial / (1 + decay_rate * time)

    if schedule == "PiecewiseConstantDecay":
        boundaries = numbers[: len(numbers) // 2]
        values = numbers[len(numbers) // 2 :]
        for k in range(len(boundaries)):
            if step <= boundaries[k]:
                return values[k]
        return values[-1]

    if schedule == "PolynomialDecay":
        initial, decay_steps, end, power, cycle = numbers
        if cycle:  # up again at the end: stretch the decay to the next multiple of its length
            decay_steps *= max(1, math.ceil(step / decay_steps))
        time = min(step / decay_steps, 1.0)
        return (initial - end) * (1 - time) ** power + end

    if schedule == "CosineDecay":
        initial, decay_steps, alpha, warmup_target, warmup_steps = numbers
        if step < warmup_steps:
            return initial + (warmup_target - initial) * step / warmup_steps
        time = min((step - warmup_steps) / decay_steps, 1.0)
        cosine = (1 + math.cos(math.pi * time)) / 2
        return warmup_target * ((1 - alpha) * cosine + alpha)

    if schedule == "CosineDecayRestarts":
        initial, decay_steps, longer, lower, alpha = numbers
        height = 1.0
        begun = step
        while begun >= decay_steps:  # one period after the other
            begun -= decay_steps
            decay_steps *= longer
            height *= lower
        cosine = (1 + math.cos(math.pi * begun / decay_steps)) / 2
        return initial * ((1 - alpha) * height * cosine + alpha)


def scheduled_rates(learning_rates, schedule, numbers, first_step):
    """Write the learning rates of consecutive steps.

    Parameters
    ----------
    learning_rates : list of float, (n_steps,)
        Written.
    schedule : str
        Name of the schedule.
    numbers : list of float
        As `scheduled_rate` takes them.
    first_step : int
        Number of the first of the steps.
    """
    for step in range(len(learning_rates)):
        learning_rates[step] = scheduled_rate(schedule, numbers, first_step + step)
