"""Normalisation: numbers are shifted to mean 0 and scaled to variance 1, and then to taste.

Batch normalisation does it for each channel over all rows (of images, a row is one pixel of one
sample), layer normalisation for each row over its units.  In both,
out = gamma * xhat + beta with xhat = (x - mean) / sqrt(variance + epsilon), where `gamma` and
`beta` are learned and `variance` is the mean squared deviation.
"""

import math


def _mean(numbers):
    """Return the mean of some numbers."""
    return sum(numbers) / len(numbers)


def _variance(numbers):
    """Return the biased variance of some numbers: their mean squared deviation from the mean."""
    mean = _mean(numbers)
    return _mean([(number - mean) ** 2 for number in numbers])


def _normalise(numbers, mean, variance, epsilon):
    """Return (number - mean) / sqrt(variance + epsilon) for each number."""
    return [(number - mean) / math.sqrt(variance + epsilon) for number in numbers]


def _normalise_backward(dnormal, normal, variance, epsilon):
    """Take a gradient back through `_normalise` where mean and variance are those of the numbers.

    With s = sqrt(variance + epsilon), moving one number by 1 moves its own result by 1 / s; but it
    moves the mean too, and with it all results by -1 / (m s), and the variance, and with it each
    result by -(that result) * (the number's own result) / (m s).
    """
    m = len(normal)
    s = math.sqrt(variance + epsilon)
    total = sum(dnormal)
    total_normal = 0.0
    for i in range(m):
        total_normal += dnormal[i] * normal[i]
    return [(dnormal[i] - total / m - normal[i] * total_normal / m) / s for i in range(m)]


def batch_norm_inference(out, x, mean, variance, gamma, beta, epsilon):
    """Normalise every channel by a given mean and variance.

    Parameters
    ----------
    out : list of lists of float, (n, c)
        Written: the normalised rows.
    x : list of lists of float, (n, c)
        Rows.
    mean, variance : list of float, (c,)
        Of every channel: the moving averages that training has left.
    gamma, beta : list of float, (c,)
        Scale and offset of every channel.
    epsilon : float
        Added to the variance, so that a constant channel is no division by zero.

    Notes
    -----
    Ioffe & Szegedy (2015), "Batch normalization", algorithm 2.
    """
    for c in range(len(gamma)):
        normal = _normalise([row[c] for row in x], mean[c], variance[c], epsilon)
        for n in range(len(x)):
            out[n][c] = gamma[c] * normal[n] + beta[c]


def batch_norm_forward(out, mean, variance, x, gamma, beta, epsilon):
    """Normalise every channel by its own mean and variance over the rows.

    Parameters
    ----------
    out : list of lists of float, (n, c)
        Written: the normalised rows.
    mean, variance : list of float, (c,)
        Written: mean and biased variance of every channel.
    x : list of lists of float, (n, c)
        Rows.
    gamma, beta : list of float, (c,)
        Scale and offset of every channel.
    epsilon : float
        Added to the variance, so that a constant channel is no division by zero.

    Notes
    -----
    Ioffe & Szegedy (2015), "Batch normalization", algorithm 1.
    """
    for c in range(len(gamma)):
        channel = [row[c] for row in x]
        mean[c] = _mean(channel)
        variance[c] = _variance(channel)
    batch_norm_inference(out, x, mean, variance, gamma, beta, epsilon)


def batch_norm_backward(dx, dgamma, dbeta, dout, x, mean, variance, gamma, epsilon):
    """Take a gradient back through `batch_norm_forward`; sums over the rows, nothing is averaged.

    Parameters
    ----------
    dx : list of lists of float, (n, c)
        Written: gradient with respect to the rows.
    dgamma, dbeta : list of float, (c,)
        Written: gradients with respect to scale and offset.
    dout : list of lists of float, (n, c)
        Gradient with respect to the output.
    x : list of lists of float, (n, c)
        Rows.
    mean, variance : list of float, (c,)
        Of every channel, from `batch_norm_forward`.
    gamma : list of float, (c,)
        Scale of every channel.
    epsilon : float
        Added to the variance.

    Notes
    -----
    Ioffe & Szegedy (2015), "Batch normalization", section 3.
    """
    for c in range(len(gamma)):
        normal = _normalise([row[c] for row in x], mean[c], variance[c], epsilon)
        dgamma[c] = 0.0
        dbeta[c] = 0.0
        for n in range(len(x)):
            dgamma[c] += dout[n][c] * normal[n]
            dbeta[c] += dout[n][c]
        dnormal = [row[c] * gamma[c] for row in dout]
        dchannel = _normalise_backward(dnormal, normal, variance[c], epsilon)
        for n in range(len(x)):
            dx[n][c] = dchannel[n]


def moving_average_update(moving, batch, momentum):
    """Move the moving averages towards this batch: momentum * moving + (1 - momentum) * batch.

    Parameters
    ----------
    moving : list of float, (c,)
        Written: the averages, updated.
    batch : list of float, (c,)
        The means or variances of this mini-batch.
    momentum : float
        Weight of the past.
    """
    for c in range(len(moving)):
        moving[c] = momentum * moving[c] + (1 - momentum) * batch[c]


def layer_norm_forward(out, mean, variance, x, gamma, beta, epsilon):
    """Normalise every row by its own mean and variance.

    Parameters
    ----------
    out : list of lists of float, (n, o)
        Written: the normalised rows.
    mean, variance : list of float, (n,)
        Written: mean and biased variance of every row.
    x : list of lists of float, (n, o)
        Rows.
    gamma, beta : list of float, (o,)
        Scale and offset of every unit.
    epsilon : float
        Added to the variance, so that a constant row is no division by zero.

    Notes
    -----
    Ba, Kiros & Hinton (2016), "Layer normalization", section 3.
    """
    for n in range(len(x)):
        mean[n] = _mean(x[n])
        variance[n] = _variance(x[n])
        normal = _normalise(x[n], mean[n], variance[n], epsilon)
        for o in range(len(gamma)):
            out[n][o] = gamma[o] * normal[o] + beta[o]


def layer_norm_backward(dx, dgamma, dbeta, dout, x, mean, variance, gamma, epsilon):
    """Take a gradient back through `layer_norm_forward`; dgamma and dbeta are sums over the rows.

    Parameters
    ----------
    dx : list of lists of float, (n, o)
        Written: gradient with respect to the rows.
    dgamma, dbeta : list of float, (o,)
        Written: gradients with respect to scale and offset.
    dout : list of lists of float, (n, o)
        Gradient with respect to the output.
    x : list of lists of float, (n, o)
        Rows.
    mean, variance : list of float, (n,)
        Of every row, from `layer_norm_forward`.
    gamma : list of float, (o,)
        Scale of every unit.
    epsilon : float
        Added to the variance.
    """
    units = len(gamma)
    dgamma[:] = [0.0] * units
    dbeta[:] = [0.0] * units
    for n in range(len(x)):
        normal = _normalise(x[n], mean[n], variance[n], epsilon)
        for o in range(units):
            dgamma[o] += dout[n][o] * normal[o]
            dbeta[o] += dout[n][o]
        dnormal = [dout[n][o] * gamma[o] for o in range(units)]
        dx[n][:] = _normalise_backward(dnormal, normal, variance[n], epsilon)
