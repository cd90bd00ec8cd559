"""Optimisers: how a gradient moves the parameters."""

import math


def sgd_step(parameters, gradient, learning_rate):
    """Move against the gradient: parameters -= learning_rate * gradient.

    Parameters
    ----------
    parameters : list of float
        Updated in place.
    gradient : list of float, like `parameters`
        Mean gradient over the mini-batch.
    learning_rate : float
        Length of the step.

    Notes
    -----
    Essay, step 4: the end of `update_mini_batch`.
    """
    for p in range(len(parameters)):
        parameters[p] -= learning_rate * gradient[p]


def momentum_step(parameters, velocity, gradient, learning_rate, momentum, nesterov):
    """Roll on: the gradient changes a velocity, and the velocity moves the parameters.

    Nesterov's variant moves by what the velocity would be one push of the same gradient later.

    Parameters
    ----------
    parameters : list of float
        Updated in place.
    velocity : list of float, like `parameters`
        Updated in place; starts at 0.
    gradient : list of float, like `parameters`
        Mean gradient over the mini-batch.
    learning_rate : float
        Length of a push.
    momentum : float
        Part of the velocity that is kept, below 1.
    nesterov : bool
        Whether to use Nesterov's variant.
    """
    for p in range(len(parameters)):
        velocity[p] = momentum * velocity[p] - learning_rate * gradient[p]
        if nesterov:
            parameters[p] += momentum * velocity[p] - learning_rate * gradient[p]
        else:
            parameters[p] += velocity[p]


def rmsprop_step(parameters, mean_square, gradient, learning_rate, rho, epsilon):
    """Move by the gradient over the root of its mean square: all parameters move at one pace.

    Parameters
    ----------
    parameters : list of float
        Updated in place.
    mean_square : list of float, like `parameters`
        Updated in place: a running mean of the squared gradient; starts at 0.
    gradient : list of float, like `parameters`
        Mean gradient over the mini-batch.
    learning_rate : float
        Length of the step where the gradient is as large as it usually is.
    rho : float
        Part of the running mean that is kept.
    epsilon : float
        Keeps the division from zero.
    """
    for p in range(len(parameters)):
        mean_square[p] = rho * mean_square[p] + (1 - rho) * gradient[p] ** 2
        parameters[p] -= learning_rate * gradient[p] / math.sqrt(mean_square[p] + epsilon)


def rmsprop_momentum_step(
    parameters,
    mean_square,
    mean,
    velocity,
    gradient,
    learning_rate,
    rho,
    epsilon,
    momentum,
    centered,
):
    """Take RMSprop's step with momentum, and (if `centered`) the variance for the mean square.

    Parameters
    ----------
    parameters : list of float
        Updated in place.
    mean_square, mean, velocity : list of float, like `parameters`
        Updated in place: running means of the squared gradient and of the gradient, and the
        gathered steps; start at 0.
    gradient : list of float, like `parameters`
        Mean gradient over the mini-batch.
    learning_rate : float
        Length of the step where the gradient is as large as it usually is.
    rho : float
        Part of the running means that is kept.
    epsilon : float
        Keeps the division from zero.
    momentum : float
        Part of the velocity that is kept.
    centered : bool
        Whether to take the square of the mean off the mean square.
    """
    for p in range(len(parameters)):
        mean_square[p] = rho * mean_square[p] + (1 - rho) * gradient[p] ** 2
        mean[p] = rho * mean[p] + (1 - rho) * gradient[p]
        spread = mean_square[p]
        if centered:
            spread -= mean[p] ** 2
        step = learning_rate * gradient[p] / math.sqrt(spread + epsilon)
        velocity[p] = momentum * velocity[p] + step
        parameters[p] -= velocity[p]


def adagrad_step(parameters, accumulator, gradient, learning_rate, epsilon):
    """Move by the gradient over the root of the sum of its squares: steps that only get shorter.

    Parameters
    ----------
    parameters : list of float
        Updated in place.
    accumulator : list of float, like `parameters`
        Updated in place: the sum of the squared gradients; starts at 0.1 in Keras.
    gradient : list of float, like `parameters`
        Mean gradient over the mini-batch.
    learning_rate : float
        Length of the first step.
    epsilon : float
        Keeps the division from zero.
    """
    for p in range(len(parameters)):
        accumulator[p] += gradient[p] ** 2
        parameters[p] -= learning_rate * gradient[p] / math.sqrt(accumulator[p] + epsilon)


def adam_step(
    parameters,
    first_moment,
    second_moment,
    gradient,
    learning_rate,
    beta_1,
    beta_2,
    epsilon,
    step,
):
    """Move by the mean gradient over the root of the mean squared gradient.

    After t steps a running mean that started at 0 has only the weight 1 - beta**t: both means are
    too small by that factor, and the learning rate makes up for it.

    Parameters
    ----------
    parameters : list of float
        Updated in place.
    first_moment, second_moment : list of float, like `parameters`
        Updated in place: running means of the gradient and of its square; start at 0.
    gradient : list of float, like `parameters`
        Mean gradient over the mini-batch.
    learning_rate : float
        Length of the step where the gradient is always the same.
    beta_1, beta_2 : float
        Part of either running mean that is kept.
    epsilon : float
        Keeps the division from zero.
    step : int
        Number of the step, the first is 0.
    """
    t = step + 1
    rate = learning_rate * math.sqrt(1 - beta_2**t) / (1 - beta_1**t)
    for p in range(len(parameters)):
        first_moment[p] = beta_1 * first_moment[p] + (1 - beta_1) * gradient[p]
        second_moment[p] = beta_2 * second_moment[p] + (1 - beta_2) * gradient[p] ** 2
        parameters[p] -= rate * first_moment[p] / (math.sqrt(second_moment[p]) + epsilon)


def adamw_step(
    parameters,
    first_moment,
    second_moment,
    gradient,
    learning_rate,
    weight_decay,
    beta_1,
    beta_2,
    epsilon,
    step,
):
    """Decay the weights, then take Adam's step.

    Parameters
    ----------
    parameters : list of float
        Updated in place.
    first_moment, second_moment : list of float, like `parameters`
        Updated in place: running means of the gradient and of its square; start at 0.
    gradient : list of float, like `parameters`
        Mean gradient over the mini-batch.
    learning_rate : float
        Length of the step where the gradient is always the same.
    weight_decay : float
        The parameters lose this part of themselves, times the learning rate.
    beta_1, beta_2 : float
        Part of either running mean that is kept.
    epsilon : float
        Keeps the division from zero.
    step : int
        Number of the step, the first is 0.
    """
    weight_decay_step(parameters, learning_rate, weight_decay)
    adam_step(
        parameters,
        first_moment,
        second_moment,
        gradient,
        learning_rate,
        beta_1,
        beta_2,
        epsilon,
        step,
    )


def amsgrad_step(
    parameters,
    first_moment,
    second_moment,
    largest,
    gradient,
    learning_rate,
    beta_1,
    beta_2,
    epsilon,
    step,
):
    """Take Adam's step with the largest mean square so far: one large gradient is not forgotten.

    Parameters
    ----------
    parameters : list of float
        Updated in place.
    first_moment, second_moment, largest : list of float, like `parameters`
        Updated in place: running means of the gradient and of its square, and the largest value
        of the second; start at 0.
    gradient : list of float, like `parameters`
        Mean gradient over the mini-batch.
    learning_rate : float
        Length of the step where the gradient is always the same.
    beta_1, beta_2 : float
        Part of either running mean that is kept.
    epsilon : float
        Keeps the division from zero.
    step : int
        Number of the step, the first is 0.
    """
    t = step + 1
    rate = learning_rate * math.sqrt(1 - beta_2**t) / (1 - beta_1**t)
    for p in range(len(parameters)):
        first_moment[p] = beta_1 * first_moment[p] + (1 - beta_1) * gradient[p]
        second_moment[p] = beta_2 * second_moment[p] + (1 - beta_2) * gradient[p] ** 2
        largest[p] = max(largest[p], second_moment[p])
        parameters[p] -= rate * first_moment[p] / (math.sqrt(largest[p]) + epsilon)


def nadam_step(
    parameters,
    first_moment,
    second_moment,
    gradient,
    learning_rate,
    beta_1,
    beta_2,
    epsilon,
    step,
):
    """Take Adam's step with the mean gradient as it will be one step later: Nesterov's momentum.

    What is kept of the mean grows from step to step, up to beta_1; the product over all steps is
    the weight that the start at 0 still has.

    Parameters
    ----------
    parameters : list of float
        Updated in place.
    first_moment, second_moment : list of float, like `parameters`
        Updated in place: running means of the gradient and of its square; start at 0.
    gradient : list of float, like `parameters`
        Mean gradient over the mini-batch.
    learning_rate : float
        Length of the step where the gradient is always the same.
    beta_1, beta_2 : float
        Part of either running mean that is kept.
    epsilon : float
        Keeps the division from zero.
    step : int
        Number of the step, the first is 0.
    """
    t = step + 1
    momenta = [beta_1 * (1 - 0.5 * 0.96**k) for k in range(1, t + 2)]
    now, following = momenta[-2], momenta[-1]
    product = math.prod(momenta[:-1])
    for p in range(len(parameters)):
        first_moment[p] = beta_1 * first_moment[p] + (1 - beta_1) * gradient[p]
        second_moment[p] = beta_2 * second_moment[p] + (1 - beta_2) * gradient[p] ** 2
        mean = following * first_moment[p] / (1 - product * following)
        mean += (1 - now) * gradient[p] / (1 - product)
        square = second_moment[p] / (1 - beta_2**t)
        parameters[p] -= learning_rate * mean / (math.sqrt(square) + epsilon)


def adamax_step(
    parameters, first_moment, largest, gradient, learning_rate, beta_1, beta_2, epsilon, step
):
    """Move by the mean gradient over the largest one of late.

    Parameters
    ----------
    parameters : list of float
        Updated in place.
    first_moment, largest : list of float, like `parameters`
        Updated in place: a running mean of the gradient, and its largest absolute value, which is
        slowly forgotten; start at 0.
    gradient : list of float, like `parameters`
        Mean gradient over the mini-batch.
    learning_rate : float
        Length of the step where the gradient is always the same.
    beta_1, beta_2 : float
        Part of the running mean that is kept, and of the largest value.
    epsilon : float
        Keeps the division from zero.
    step : int
        Number of the step, the first is 0.
    """
    rate = learning_rate / (1 - beta_1 ** (step + 1))
    for p in range(len(parameters)):
        first_moment[p] = beta_1 * first_moment[p] + (1 - beta_1) * gradient[p]
        largest[p] = max(beta_2 * largest[p], abs(gradient[p]))
        parameters[p] -= rate * first_moment[p] / (largest[p] + epsilon)


def adadelta_step(parameters, mean_square, mean_square_step, gradient, learning_rate, rho, epsilon):
    """Move as far as in the steps before: the gradient only says which way, and how unusual it is.

    Parameters
    ----------
    parameters : list of float
        Updated in place.
    mean_square, mean_square_step : list of float, like `parameters`
        Updated in place: running means of the squared gradient and of the squared step; start at 0.
    gradient : list of float, like `parameters`
        Mean gradient over the mini-batch.
    learning_rate : float
        What the step is multiplied with, 1 in the paper.
    rho : float
        Part of the running means that is kept.
    epsilon : float
        Lets the first step begin.
    """
    for p in range(len(parameters)):
        mean_square[p] = rho * mean_square[p] + (1 - rho) * gradient[p] ** 2
        usual_step = math.sqrt(mean_square_step[p] + epsilon)
        delta = gradient[p] * usual_step / math.sqrt(mean_square[p] + epsilon)
        mean_square_step[p] = rho * mean_square_step[p] + (1 - rho) * delta**2
        parameters[p] -= learning_rate * delta


def lion_step(parameters, mean, gradient, learning_rate, beta_1, beta_2):
    """Move by one learning rate, up or down.

    Parameters
    ----------
    parameters : list of float
        Updated in place.
    mean : list of float, like `parameters`
        Updated in place: a running mean of the gradient; starts at 0.
    gradient : list of float, like `parameters`
        Mean gradient over the mini-batch.
    learning_rate : float
        Length of the step.
    beta_1 : float
        Weight that the running mean has in the direction, against that of the gradient.
    beta_2 : float
        Part of the running mean that is kept.
    """
    for p in range(len(parameters)):
        direction = beta_1 * mean[p] + (1 - beta_1) * gradient[p]
        parameters[p] -= learning_rate * ((direction > 0) - (direction < 0))
        mean[p] = beta_2 * mean[p] + (1 - beta_2) * gradient[p]


def average_step(average, parameters, momentum):
    """Add the parameters to their moving average.

    Parameters
    ----------
    average : list of float
        Updated in place.
    parameters : list of float, like `average`
        What they are after the step.
    momentum : float
        Part of the average that is kept; 0 in the first step, so that it begins with these.
    """
    for p in range(len(average)):
        average[p] = momentum * average[p] + (1 - momentum) * parameters[p]


def weight_decay_step(parameters, learning_rate, weight_decay):
    """Shrink all parameters by one factor, whatever the gradient is.

    Parameters
    ----------
    parameters : list of float
        Updated in place.
    learning_rate : float
        Length of the step.
    weight_decay : float
        The parameters lose this part of themselves, times the learning rate.
    """
    for p in range(len(parameters)):
        parameters[p] -= learning_rate * weight_decay * parameters[p]


def optimizer_step(parameters, slots, gradient, start, stop, optimizer, hyper, step):
    """Take one step of the named optimiser with parameters[start:stop].

    Parameters
    ----------
    parameters : list of float
        Updated in place within the range.
    slots : list of lists of float
        What the optimiser remembers, a list like `parameters` for each slot, in the order of its
        step function's arguments; updated in place within the range.
    gradient : list of float, like `parameters`
        Mean gradient over the mini-batch.
    start, stop : int
        First parameter, and the one after the last.
    optimizer : {"sgd", "momentum", "rmsprop", "rmsprop_momentum", "adagrad", "adam", "adamw", \
"amsgrad", "nadam", "adamax", "adadelta", "lion"}
        Name of the optimiser.
    hyper : list of float
        Learning rate, weight decay, and the rest in the order of the step function's arguments.
    step : int
        Number of the step, the first is 0.
    """
    weights = parameters[start:stop]
    push = gradient[start:stop]
    state = [slot[start:stop] for slot in slots]
    learning_rate, weight_decay, *rest = hyper

    weight_decay_step(weights, learning_rate, weight_decay)
    if optimizer == "sgd":
        sgd_step(weights, push, learning_rate)
    elif optimizer == "momentum":
        momentum_step(weights, *state, push, learning_rate, *rest)
    elif optimizer == "rmsprop":
        rmsprop_step(weights, *state, push, learning_rate, *rest)
    elif optimizer == "rmsprop_momentum":
        rmsprop_momentum_step(weights, *state, push, learning_rate, *rest)
    elif optimizer == "adagrad":
        adagrad_step(weights, *state, push, learning_rate, *rest)
    elif optimizer in ("adam", "adamw"):  # the weights have decayed already
        adam_step(weights, *state, push, learning_rate, *rest, step)
    elif optimizer == "amsgrad":
        amsgrad_step(weights, *state, push, learning_rate, *rest, step)
    elif optimizer == "nadam":
        nadam_step(weights, *state, push, learning_rate, *rest, step)
    elif optimizer == "adamax":
        adamax_step(weights, *state, push, learning_rate, *rest, step)
    elif optimizer == "adadelta":
        adadelta_step(weights, *state, push, learning_rate, *rest)
    elif optimizer == "lion":
        lion_step(weights, *state, push, learning_rate, *rest)

    parameters[start:stop] = weights
    for k in range(len(slots)):
        slots[k][start:stop] = state[k]


def clip_by_value(gradient, clipvalue):
    """Bring every element to between -clipvalue and clipvalue.

    Parameters
    ----------
    gradient : list of float
        Updated in place.
    clipvalue : float
        Largest absolute value.
    """
    for p in range(len(gradient)):
        gradient[p] = min(max(gradient[p], -clipvalue), clipvalue)


def squared_norm(gradient):
    """Return the sum of squares.

    Parameters
    ----------
    gradient : list of float
        Gradient of all parameters.

    Returns
    -------
    float
        The squared Euclidean norm.
    """
    total = 0.0
    for g in gradient:
        total += g**2
    return total


def clip_by_norm(gradient, clipnorm):
    """Shorten the gradient to the length clipnorm if it is longer; keep its direction.

    Parameters
    ----------
    gradient : list of float
        Updated in place: the gradient of all parameters.
    clipnorm : float
        Largest Euclidean norm.
    """
    norm = math.sqrt(squared_norm(gradient))
    if norm > clipnorm:
        for p in range(len(gradient)):
            gradient[p] *= clipnorm / norm


def penalty(parameters, l1, l2):
    """Return what regularisation adds to the loss: ``l1 * sum(|w|) + l2 * sum(w**2)``.

    Parameters
    ----------
    parameters : list of float
        Those that are regularised.
    l1, l2 : float
        Weights of the two sums.

    Returns
    -------
    float
        The penalty.
    """
    total = 0.0
    for w in parameters:
        total += l1 * abs(w) + l2 * w**2
    return total


def add_penalty_gradient(gradient, parameters, l1, l2):
    """Add the derivative of the penalty: l1 * sign(w) + 2 * l2 * w.

    Parameters
    ----------
    gradient : list of float
        The derivative is added to it.
    parameters : list of float, like `gradient`
        Those that are regularised.
    l1, l2 : float
        Weights of the two sums.
    """
    for p in range(len(parameters)):
        w = parameters[p]
        sign = (w > 0) - (w < 0)
        gradient[p] += l1 * sign + 2 * l2 * w
