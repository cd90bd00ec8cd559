"""Optimisers: one step over the flat vector of all parameters, or over a range of it.

Formulas and order are those of Keras 3: clip the gradient, decay the weights, take the step. All
loops are serial. Except for the two sums (norm and penalty) they work element by element and round
each operation as it is written (``exact``), so that any division into ranges gives the same bits;
callers on several threads give each thread its own range.

Scalars are computed in float64 and rounded once to the type of the arrays. Per element and step the
loops read and write 12 bytes (SGD) to 28 bytes (Adam) of float32. On one Zen 4 core SGD takes
0.09 ns an element, momentum 0.14, RMSprop, Adagrad and Adam 0.28: in the last three a square root
and a division cost more than memory (Adam without the two takes 0.20). Tried and left out: a
refined estimate of ``1 / sqrt`` (the ``arcp`` flag), with which RMSprop takes 0.20. The body of a
loop then rounds differently from its tail, so the bits depend on the division into ranges.
"""

import math

import numpy as np

from .jit import njit

__all__ = [
    "adadelta_step",
    "adagrad_step",
    "adam_step",
    "adamax_step",
    "adamw_step",
    "add_penalty_gradient",
    "amsgrad_step",
    "average_step",
    "clip_by_norm",
    "clip_by_value",
    "lion_step",
    "momentum_step",
    "nadam_step",
    "penalty",
    "rmsprop_momentum_step",
    "rmsprop_step",
    "sgd_step",
    "squared_norm",
    "weight_decay_step",
]

# A smaller sum of squares may have lost digits, because some of them were denormal or 0.
SMALLEST_SQUARES = 1e-290

# Partial sums of a penalty, as many as numbers of a vector.
POWERS = 8

# A smaller factor may be denormal in float32.
SMALLEST_FACTOR = 1e-30

# Nadam's momentum is beta_1 * (1 - 0.5 * NADAM_DECAY**t) in step t, counted from 1.
NADAM_DECAY = 0.96
# A number this small is lost when it is subtracted from 1.
LOST_IN_ONE = 1e-17


@njit(exact=True)
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


@njit(exact=True)
def momentum_step(parameters, velocity, gradient, learning_rate, momentum, nesterov):
    """Gradient descent step with momentum.

    ``velocity = momentum * velocity - learning_rate * gradient``, and the parameters move by
    ``velocity``; Nesterov's variant moves them by
    ``momentum * velocity - learning_rate * gradient``, with the new velocity.

    Parameters
    ----------
    parameters : (p,) array
        Updated in place.
    velocity : (p,) array
        Updated in place; starts at 0.
    gradient : (p,) array
        Mean gradient over the mini-batch.
    learning_rate : float
    momentum : float
        Part of the velocity that is kept.
    nesterov : bool

    References
    ----------
    Sutskever, Martens, Dahl and Hinton (2013), On the importance of initialization and momentum
    in deep learning.
    """
    rate = parameters.dtype.type(learning_rate)
    keep = parameters.dtype.type(momentum)
    if nesterov:
        for p in range(parameters.size):
            push = rate * gradient[p]
            velocity[p] = keep * velocity[p] - push
            parameters[p] += keep * velocity[p] - push
    else:
        for p in range(parameters.size):
            velocity[p] = keep * velocity[p] - rate * gradient[p]
            parameters[p] += velocity[p]


@njit(exact=True)
def rmsprop_step(parameters, mean_square, gradient, learning_rate, rho, epsilon):
    """RMSprop step: the gradient over the root of its mean square.

    ``mean_square = rho * mean_square + (1 - rho) * gradient**2`` and
    ``parameters -= learning_rate * gradient / sqrt(mean_square + epsilon)``.

    Parameters
    ----------
    parameters : (p,) array
        Updated in place.
    mean_square : (p,) array
        Updated in place; starts at 0.
    gradient : (p,) array
        Mean gradient over the mini-batch.
    learning_rate : float
    rho : float
        Part of the mean square that is kept.
    epsilon : float
        Keeps the division from zero; under the root, as in Keras.

    References
    ----------
    Tieleman and Hinton (2012), Neural networks for machine learning, lecture 6.5.
    """
    rate = parameters.dtype.type(learning_rate)
    keep, renew = parameters.dtype.type(rho), parameters.dtype.type(1 - rho)
    floor = parameters.dtype.type(epsilon)
    for p in range(parameters.size):
        g = gradient[p]
        square = keep * mean_square[p] + renew * (g * g)
        mean_square[p] = square
        parameters[p] -= rate * g / np.sqrt(square + floor)


@njit(exact=True)
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
    """RMSprop step with momentum, and with the variance in place of the mean square.

    As :func:`rmsprop_step`, but ``mean = rho * mean + (1 - rho) * gradient`` is kept as well; if
    `centered`, its square is subtracted from the mean square. The steps are then accumulated:
    ``velocity = momentum * velocity + step`` and ``parameters -= velocity``.

    Parameters
    ----------
    parameters : (p,) array
        Updated in place.
    mean_square, mean, velocity : (p,) array
        Updated in place; start at 0.
    gradient : (p,) array
        Mean gradient over the mini-batch.
    learning_rate : float
    rho : float
        Part of the two means that is kept.
    epsilon : float
        Keeps the division from zero; under the root.
    momentum : float
        Part of the velocity that is kept.
    centered : bool

    References
    ----------
    Graves (2013), Generating sequences with recurrent neural networks, section 4.2.
    """
    rate = parameters.dtype.type(learning_rate)
    keep, renew = parameters.dtype.type(rho), parameters.dtype.type(1 - rho)
    floor = parameters.dtype.type(epsilon)
    roll = parameters.dtype.type(momentum)
    center = parameters.dtype.type(1 if centered else 0)
    for p in range(parameters.size):
        g = gradient[p]
        square = keep * mean_square[p] + renew * (g * g)
        average = keep * mean[p] + renew * g
        mean_square[p], mean[p] = square, average
        step = rate * g / np.sqrt(square - center * (average * average) + floor)
        velocity[p] = roll * velocity[p] + step
        parameters[p] -= velocity[p]


@njit(exact=True)
def adagrad_step(parameters, accumulator, gradient, learning_rate, epsilon):
    """Adagrad step: the gradient over the root of the sum of all its squares so far.

    ``accumulator += gradient**2`` and
    ``parameters -= learning_rate * gradient / sqrt(accumulator + epsilon)``.

    Parameters
    ----------
    parameters : (p,) array
        Updated in place.
    accumulator : (p,) array
        Updated in place; starts at 0.1 in Keras.
    gradient : (p,) array
        Mean gradient over the mini-batch.
    learning_rate : float
    epsilon : float
        Keeps the division from zero; under the root.

    References
    ----------
    Duchi, Hazan and Singer (2011), Adaptive subgradient methods for online learning and stochastic
    optimization.
    """
    rate = parameters.dtype.type(learning_rate)
    floor = parameters.dtype.type(epsilon)
    for p in range(parameters.size):
        g = gradient[p]
        total = accumulator[p] + g * g
        accumulator[p] = total
        parameters[p] -= rate * g / np.sqrt(total + floor)


@njit(exact=True)
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
    """Adam step: the mean gradient over the root of the mean square.

    ``first_moment += (1 - beta_1) * (gradient - first_moment)``,
    ``second_moment += (1 - beta_2) * (gradient**2 - second_moment)`` and
    ``parameters -= rate * first_moment / (sqrt(second_moment) + epsilon)``. Both moments start at
    0 and so are too small at first; `rate` corrects both: with ``t = step + 1``, it is
    ``learning_rate * sqrt(1 - beta_2**t) / (1 - beta_1**t)``.

    Parameters
    ----------
    parameters : (p,) array
        Updated in place.
    first_moment, second_moment : (p,) array
        Updated in place; start at 0.
    gradient : (p,) array
        Mean gradient over the mini-batch.
    learning_rate : float
    beta_1, beta_2 : float
        Part of either moment that is kept.
    epsilon : float
        Keeps the division from zero; outside the root, and not bias-corrected.
    step : int
        Number of the step, the first is 0.

    References
    ----------
    Kingma and Ba (2015), Adam: a method for stochastic optimization, the faster form at the end
    of section 2.
    """
    adamw_step(
        parameters,
        first_moment,
        second_moment,
        gradient,
        learning_rate,
        0.0,
        beta_1,
        beta_2,
        epsilon,
        step,
    )


@njit(exact=True)
def adam_rate(learning_rate, beta_1, beta_2, step):
    """The learning rate, corrected for the two moments that start at 0."""
    t = step + 1
    return learning_rate * math.sqrt(1 - beta_2**t) / (1 - beta_1**t)


@njit(exact=True)
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
    """Adam step with decoupled weight decay.

    :func:`weight_decay_step` and then :func:`adam_step`, in one pass over memory.

    Parameters
    ----------
    parameters : (p,) array
        Updated in place.
    first_moment, second_moment : (p,) array
        Updated in place; start at 0.
    gradient : (p,) array
        Mean gradient over the mini-batch.
    learning_rate : float
    weight_decay : float
        The parameters lose this part of themselves, times the learning rate.
    beta_1, beta_2 : float
        Part of either moment that is kept.
    epsilon : float
        Keeps the division from zero; outside the root, and not bias-corrected.
    step : int
        Number of the step, the first is 0.

    References
    ----------
    Loshchilov and Hutter (2019), Decoupled weight decay regularization, algorithm 2.
    """
    rate = parameters.dtype.type(adam_rate(learning_rate, beta_1, beta_2, step))
    decay = parameters.dtype.type(learning_rate * weight_decay)
    renew_1, renew_2 = parameters.dtype.type(1 - beta_1), parameters.dtype.type(1 - beta_2)
    floor = parameters.dtype.type(epsilon)
    for p in range(parameters.size):
        g = gradient[p]
        first = first_moment[p] + renew_1 * (g - first_moment[p])
        second = second_moment[p] + renew_2 * (g * g - second_moment[p])
        first_moment[p], second_moment[p] = first, second
        kept = parameters[p] - decay * parameters[p]
        parameters[p] = kept - rate * first / (np.sqrt(second) + floor)


@njit(exact=True)
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
    """Adam step whose denominator never becomes smaller.

    As :func:`adam_step`, but the root is that of the largest mean square so far,
    ``largest = max(largest, second_moment)``.

    Parameters
    ----------
    parameters : (p,) array
        Updated in place.
    first_moment, second_moment, largest : (p,) array
        Updated in place; start at 0.
    gradient : (p,) array
        Mean gradient over the mini-batch.
    learning_rate : float
    beta_1, beta_2 : float
        Part of either moment that is kept.
    epsilon : float
        Keeps the division from zero; outside the root, and not bias-corrected.
    step : int
        Number of the step, the first is 0.

    References
    ----------
    Reddi, Kale and Kumar (2018), On the convergence of Adam and beyond, algorithm 2.
    """
    rate = parameters.dtype.type(adam_rate(learning_rate, beta_1, beta_2, step))
    renew_1, renew_2 = parameters.dtype.type(1 - beta_1), parameters.dtype.type(1 - beta_2)
    floor = parameters.dtype.type(epsilon)
    for p in range(parameters.size):
        g = gradient[p]
        first = first_moment[p] + renew_1 * (g - first_moment[p])
        second = second_moment[p] + renew_2 * (g * g - second_moment[p])
        high = largest[p] if largest[p] > second else second
        first_moment[p], second_moment[p], largest[p] = first, second, high
        parameters[p] -= rate * first / (np.sqrt(high) + floor)


@njit(exact=True)
def _nadam_momentum(beta_1, t):
    """Momentum of a step, counted from 1."""
    return beta_1 * (1 - 0.5 * NADAM_DECAY**t)


@njit(exact=True)
def _nadam_product(beta_1, t):
    """Product of the momenta of the first t steps; 0 when it no longer changes ``1 - product``."""
    product, decay = 1.0, 1.0
    for _ in range(t):
        decay *= NADAM_DECAY
        product *= beta_1 * (1 - 0.5 * decay)
        if product < LOST_IN_ONE:
            return 0.0
    return product


@njit(exact=True)
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
    """Adam step with Nesterov's momentum.

    The moments are those of :func:`adam_step`. With ``t = step + 1``, the momentum
    ``u(t) = beta_1 * (1 - 0.5 * 0.96**t)`` and the product ``U(t) = u(1) * ... * u(t)``, the
    parameters move by
    ``-learning_rate * ahead / (sqrt(second_moment / (1 - beta_2**t)) + epsilon)``, where ``ahead =
    u(t + 1) * first_moment / (1 - U(t + 1)) + (1 - u(t)) * gradient / (1 - U(t))``.

    Parameters
    ----------
    parameters : (p,) array
        Updated in place.
    first_moment, second_moment : (p,) array
        Updated in place; start at 0.
    gradient : (p,) array
        Mean gradient over the mini-batch.
    learning_rate : float
    beta_1, beta_2 : float
        Part of either moment that is kept.
    epsilon : float
        Keeps the division from zero; outside the root.
    step : int
        Number of the step, the first is 0.

    References
    ----------
    Dozat (2016), Incorporating Nesterov momentum into Adam.
    """
    t = step + 1
    now, following = _nadam_momentum(beta_1, t), _nadam_momentum(beta_1, t + 1)
    product = _nadam_product(beta_1, t)
    of_mean = learning_rate * following / (1 - product * following)
    of_gradient = learning_rate * (1 - now) / (1 - product)
    mean_rate, push_rate = parameters.dtype.type(of_mean), parameters.dtype.type(of_gradient)
    correction = parameters.dtype.type(1 / (1 - beta_2**t))
    renew_1, renew_2 = parameters.dtype.type(1 - beta_1), parameters.dtype.type(1 - beta_2)
    floor = parameters.dtype.type(epsilon)
    for p in range(parameters.size):
        g = gradient[p]
        first = first_moment[p] + renew_1 * (g - first_moment[p])
        second = second_moment[p] + renew_2 * (g * g - second_moment[p])
        first_moment[p], second_moment[p] = first, second
        ahead = mean_rate * first + push_rate * g
        parameters[p] -= ahead / (np.sqrt(correction * second) + floor)


@njit(exact=True)
def adamax_step(
    parameters, first_moment, largest, gradient, learning_rate, beta_1, beta_2, epsilon, step
):
    """Adam step with the largest gradient of late in place of the root of the mean square.

    ``first_moment += (1 - beta_1) * (gradient - first_moment)``,
    ``largest = max(beta_2 * largest, abs(gradient))`` and
    ``parameters -= rate * first_moment / (largest + epsilon)``, where, with ``t = step + 1``,
    ``rate = learning_rate / (1 - beta_1**t)``.

    Parameters
    ----------
    parameters : (p,) array
        Updated in place.
    first_moment, largest : (p,) array
        Updated in place; start at 0.
    gradient : (p,) array
        Mean gradient over the mini-batch.
    learning_rate : float
    beta_1, beta_2 : float
        Part of the moment that is kept, and of the largest gradient.
    epsilon : float
        Keeps the division from zero.
    step : int
        Number of the step, the first is 0.

    References
    ----------
    Kingma and Ba (2015), Adam: a method for stochastic optimization, algorithm 2.
    """
    rate = parameters.dtype.type(learning_rate / (1 - beta_1 ** (step + 1)))
    renew, keep = parameters.dtype.type(1 - beta_1), parameters.dtype.type(beta_2)
    floor = parameters.dtype.type(epsilon)
    for p in range(parameters.size):
        g = gradient[p]
        first = first_moment[p] + renew * (g - first_moment[p])
        kept, size = keep * largest[p], abs(g)
        high = kept if kept > size else size
        first_moment[p], largest[p] = first, high
        parameters[p] -= rate * first / (high + floor)


@njit(exact=True)
def adadelta_step(parameters, mean_square, mean_square_step, gradient, learning_rate, rho, epsilon):
    """Adadelta step: as long as the steps before, in the units of the parameters.

    ``mean_square = rho * mean_square + (1 - rho) * gradient**2``, ``delta = gradient *
    sqrt(mean_square_step + epsilon) / sqrt(mean_square + epsilon)``, then
    ``mean_square_step = rho * mean_square_step + (1 - rho) * delta**2`` and
    ``parameters -= learning_rate * delta``.

    Parameters
    ----------
    parameters : (p,) array
        Updated in place.
    mean_square, mean_square_step : (p,) array
        Updated in place; start at 0.
    gradient : (p,) array
        Mean gradient over the mini-batch.
    learning_rate : float
        1 in the paper.
    rho : float
        Part of the two means that is kept.
    epsilon : float
        Lets the first step begin; under both roots.

    References
    ----------
    Zeiler (2012), ADADELTA: an adaptive learning rate method.
    """
    rate = parameters.dtype.type(learning_rate)
    keep, renew = parameters.dtype.type(rho), parameters.dtype.type(1 - rho)
    floor = parameters.dtype.type(epsilon)
    for p in range(parameters.size):
        g = gradient[p]
        square = keep * mean_square[p] + renew * (g * g)
        delta = g * np.sqrt(mean_square_step[p] + floor) / np.sqrt(square + floor)
        mean_square[p] = square
        mean_square_step[p] = keep * mean_square_step[p] + renew * (delta * delta)
        parameters[p] -= rate * delta


@njit(exact=True)
def lion_step(parameters, mean, gradient, learning_rate, beta_1, beta_2):
    """Lion step: one learning rate up or down, whatever the size of the gradient.

    ``parameters -= learning_rate * sign(beta_1 * mean + (1 - beta_1) * gradient)``, where sign(0)
    is 0, and then ``mean = beta_2 * mean + (1 - beta_2) * gradient``.

    Parameters
    ----------
    parameters : (p,) array
        Updated in place.
    mean : (p,) array
        Updated in place; starts at 0.
    gradient : (p,) array
        Mean gradient over the mini-batch.
    learning_rate : float
    beta_1 : float
        Weight of the mean in the sign of a step.
    beta_2 : float
        Part of the mean that is kept.

    References
    ----------
    Chen et al. (2023), Symbolic discovery of optimization algorithms, algorithm 2.
    """
    rate, zero = parameters.dtype.type(learning_rate), parameters.dtype.type(0)
    old, new = parameters.dtype.type(beta_1), parameters.dtype.type(1 - beta_1)
    keep, renew = parameters.dtype.type(beta_2), parameters.dtype.type(1 - beta_2)
    for p in range(parameters.size):
        g = gradient[p]
        mixed = old * mean[p] + new * g
        # A number that is neither above nor below 0 is 0 or NaN: the step is that number.
        parameters[p] -= rate if mixed > zero else -rate if mixed < zero else mixed
        mean[p] = keep * mean[p] + renew * g


@njit(exact=True)
def average_step(average, parameters, momentum):
    """Moving average: ``average = momentum * average + (1 - momentum) * parameters``.

    Parameters
    ----------
    average : (p,) array
        Updated in place.
    parameters : (p,) array
    momentum : float
        Part of the average that is kept; 0 in the first step.

    References
    ----------
    Polyak and Juditsky (1992), Acceleration of stochastic approximation by averaging.
    """
    keep, renew = parameters.dtype.type(momentum), parameters.dtype.type(1 - momentum)
    for p in range(parameters.size):
        average[p] = keep * average[p] + renew * parameters[p]


@njit(exact=True)
def weight_decay_step(parameters, learning_rate, weight_decay):
    """Decoupled weight decay, ``parameters -= learning_rate * weight_decay * parameters``.

    Parameters
    ----------
    parameters : (p,) array
        Updated in place.
    learning_rate : float
    weight_decay : float
        The parameters lose this part of themselves, times the learning rate.
    """
    decay = parameters.dtype.type(learning_rate * weight_decay)
    for p in range(parameters.size):
        parameters[p] -= decay * parameters[p]


@njit(exact=True)
def decay_weights(weights, rate, hyper):
    """Weight decay before a step, if there is any."""
    if hyper[1] != 0:
        weight_decay_step(weights, rate, hyper[1])


@njit(exact=True)
def sgd_update(weights, slot_0, slot_1, slot_2, push, rate, hyper, step):
    decay_weights(weights, rate, hyper)
    sgd_step(weights, push, rate)


@njit(exact=True)
def momentum_update(weights, velocity, slot_1, slot_2, push, rate, hyper, step):
    decay_weights(weights, rate, hyper)
    momentum_step(weights, velocity, push, rate, hyper[2], hyper[3] != 0)


@njit(exact=True)
def rmsprop_update(weights, square, slot_1, slot_2, push, rate, hyper, step):
    decay_weights(weights, rate, hyper)
    rmsprop_step(weights, square, push, rate, hyper[2], hyper[3])


@njit(exact=True)
def rmsprop_momentum_update(weights, square, mean, velocity, push, rate, hyper, step):
    decay_weights(weights, rate, hyper)
    rho, epsilon, momentum, centered = hyper[2], hyper[3], hyper[4], hyper[5] != 0
    rmsprop_momentum_step(
        weights, square, mean, velocity, push, rate, rho, epsilon, momentum, centered
    )


@njit(exact=True)
def adagrad_update(weights, accumulator, slot_1, slot_2, push, rate, hyper, step):
    decay_weights(weights, rate, hyper)
    adagrad_step(weights, accumulator, push, rate, hyper[2])


@njit(exact=True)
def adam_update(weights, first, second, slot_2, push, rate, hyper, step):
    decay_weights(weights, rate, hyper)
    adam_step(weights, first, second, push, rate, hyper[2], hyper[3], hyper[4], step)


@njit(exact=True)
def adamw_update(weights, first, second, slot_2, push, rate, hyper, step):
    decay, beta_1, beta_2, epsilon = hyper[1], hyper[2], hyper[3], hyper[4]
    adamw_step(weights, first, second, push, rate, decay, beta_1, beta_2, epsilon, step)


@njit(exact=True)
def amsgrad_update(weights, first, second, largest, push, rate, hyper, step):
    decay_weights(weights, rate, hyper)
    amsgrad_step(weights, first, second, largest, push, rate, hyper[2], hyper[3], hyper[4], step)


@njit(exact=True)
def nadam_update(weights, first, second, slot_2, push, rate, hyper, step):
    decay_weights(weights, rate, hyper)
    nadam_step(weights, first, second, push, rate, hyper[2], hyper[3], hyper[4], step)


@njit(exact=True)
def adamax_update(weights, first, largest, slot_2, push, rate, hyper, step):
    decay_weights(weights, rate, hyper)
    adamax_step(weights, first, largest, push, rate, hyper[2], hyper[3], hyper[4], step)


@njit(exact=True)
def adadelta_update(weights, square, square_step, slot_2, push, rate, hyper, step):
    decay_weights(weights, rate, hyper)
    adadelta_step(weights, square, square_step, push, rate, hyper[2], hyper[3])


@njit(exact=True)
def lion_update(weights, mean, slot_1, slot_2, push, rate, hyper, step):
    decay_weights(weights, rate, hyper)
    lion_step(weights, mean, push, rate, hyper[2], hyper[3])


#: One step of each optimiser, in the order of ``codes.OPTIMIZERS``, all of one signature: weights,
#: three slots (it uses the first of them, as many as it has), gradient, learning rate,
#: hyper-parameters, number of the step. The hyper-parameters are the learning rate (which is not
#: read there), the weight decay (0 for none), and then what the step function takes, in the order
#: of its arguments: momentum, nesterov; rho, epsilon; rho, epsilon, momentum, centered; epsilon;
#: beta_1, beta_2, epsilon; beta_1, beta_2.
UPDATES = (
    sgd_update,
    momentum_update,
    rmsprop_update,
    rmsprop_momentum_update,
    adagrad_update,
    adam_update,
    adamw_update,
    amsgrad_update,
    nadam_update,
    adamax_update,
    adadelta_update,
    lion_update,
)


@njit(exact=True)
def clip_by_value(gradient, clipvalue):
    """Limit every element to between ``-clipvalue`` and ``clipvalue``; NaN stays NaN.

    Parameters
    ----------
    gradient : (p,) array
        Updated in place.
    clipvalue : float
    """
    high = gradient.dtype.type(clipvalue)
    for p in range(gradient.size):
        g = gradient[p]
        gradient[p] = high if g > high else -high if g < -high else g


@njit
def squared_norm(gradient):
    """Sum of squares, in float64: of float32 numbers it neither overflows nor loses digits.

    The order of the sum depends on the compiled code, never on the number of threads.

    Parameters
    ----------
    gradient : (p,) array

    Returns
    -------
    float
    """
    total = 0.0
    for p in range(gradient.size):
        g = np.float64(gradient[p])
        total += g * g
    return total


@njit
def _norm(gradient):
    """The Euclidean norm, also of float64 numbers whose squares are too large or too small."""
    squares = squared_norm(gradient)
    if squares != squares or SMALLEST_SQUARES < squares < np.inf:
        return math.sqrt(squares)
    largest, squares = 0.0, 0.0
    for p in range(gradient.size):
        largest = max(largest, abs(np.float64(gradient[p])))
    if largest == 0 or largest == np.inf:
        return largest
    for p in range(gradient.size):
        share = gradient[p] / largest
        squares += share * share
    return largest * math.sqrt(squares)


@njit(exact=True)
def clip_by_norm(gradient, clipnorm):
    """Shorten the gradient to the length `clipnorm` if it is longer; Keras' ``global_clipnorm``.

    Parameters
    ----------
    gradient : (p,) array
        Updated in place: the gradient of all parameters, so that its direction is kept.
    clipnorm : float
        Largest Euclidean norm.

    References
    ----------
    Pascanu, Mikolov and Bengio (2013), On the difficulty of training recurrent neural networks.
    """
    norm = _norm(gradient)
    if norm > clipnorm:
        scale = clipnorm / norm
        factor = gradient.dtype.type(scale)
        if factor > SMALLEST_FACTOR:
            for p in range(gradient.size):
                gradient[p] *= factor
        else:
            for p in range(gradient.size):
                gradient[p] = np.float64(gradient[p]) * scale


@njit(exact=True, inline=True)
def to_power(weight, power):
    """The first or second power of a weight's size, in float64."""
    w = np.float64(weight)
    return abs(w) if power == 1 else w * w


@njit(exact=True, inline=True)
def _sum_of_powers(w, power):
    """Sum over weights, of every eighth by itself, in which order a vector adds them up."""
    a = b = c = d = e = f = g = h = rest = 0.0
    whole = w.size - w.size % POWERS
    for p in range(0, whole, POWERS):
        a += to_power(w[p], power)
        b += to_power(w[p + 1], power)
        c += to_power(w[p + 2], power)
        d += to_power(w[p + 3], power)
        e += to_power(w[p + 4], power)
        f += to_power(w[p + 5], power)
        g += to_power(w[p + 6], power)
        h += to_power(w[p + 7], power)
    for p in range(whole, w.size):
        rest += to_power(w[p], power)
    return a + b + c + d + e + f + g + h + rest


@njit(exact=True)
def penalty(parameters, l1, l2):
    """Regularisation added to the loss, ``l1 * sum(abs(w)) + l2 * sum(w**2)``, in float64.

    Parameters
    ----------
    parameters : (p,) array
        Those that are regularised: a kernel, say.
    l1, l2 : float

    Returns
    -------
    float
    """
    total = 0.0
    if l1 != 0:
        total += l1 * _sum_of_powers(parameters, 1)
    if l2 != 0:
        total += l2 * _sum_of_powers(parameters, 2)
    return total


@njit(exact=True)
def add_penalty_gradient(gradient, parameters, l1, l2):
    """Add the derivative of :func:`penalty`, ``l1 * sign(w) + 2 * l2 * w``; sign(0) is 0.

    Parameters
    ----------
    gradient : (p,) array
        The derivative is added to it.
    parameters : (p,) array
        Those that are regularised: a kernel, say.
    l1, l2 : float
    """
    zero, slope = gradient.dtype.type(0), gradient.dtype.type(2 * l2)
    push = gradient.dtype.type(l1)
    for p in range(parameters.size):
        w = parameters[p]
        sign = push if w > zero else -push if w < zero else zero
        gradient[p] += sign + slope * w
