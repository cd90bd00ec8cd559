"""Activations: the functions a layer puts its scores `z` through, and their derivatives.

The backward functions take the activations `a`, not the scores `z`, because every derivative here
is simplest when written in terms of `a`.
"""

import math


def sigmoid_forward(a, z):
    """Squash every score to a probability: a = 1 / (1 + exp(-z)).

    For z < 0 the same number is computed as exp(z) / (1 + exp(z)), since exp(-z) could overflow.

    Parameters
    ----------
    a : list of float, (o,)
        Written: the activations.
    z : list of float, (o,)
        Scores.

    Notes
    -----
    Essay, step 2: `sigmoid`.
    """
    for o in range(len(z)):
        if z[o] >= 0:
            a[o] = 1 / (1 + math.exp(-z[o]))
        else:
            a[o] = math.exp(z[o]) / (1 + math.exp(z[o]))


def sigmoid_backward(dz, a, da):
    """Take a gradient back through the sigmoid: dz = da * a * (1 - a).

    Parameters
    ----------
    dz : list of float, (o,)
        Written: gradient with respect to the scores.
    a : list of float, (o,)
        Activations, from `sigmoid_forward`.
    da : list of float, (o,)
        Gradient with respect to the activations.

    Notes
    -----
    Essay, step 4: `sigmoid_prime`.
    """
    for o in range(len(a)):
        dz[o] = da[o] * a[o] * (1 - a[o])


def tanh_forward(a, z):
    """Squash every score to between -1 and 1: a = tanh(z) = 2 sigmoid(2z) - 1.

    Parameters
    ----------
    a : list of float, (o,)
        Written: the activations.
    z : list of float, (o,)
        Scores.

    Notes
    -----
    LeCun, Bottou, Orr & Müller (1998), "Efficient BackProp", section 4.4.
    """
    for o in range(len(z)):
        a[o] = math.tanh(z[o])


def tanh_backward(dz, a, da):
    """Take a gradient back through tanh: dz = da * (1 - a**2).

    Parameters
    ----------
    dz : list of float, (o,)
        Written: gradient with respect to the scores.
    a : list of float, (o,)
        Activations, from `tanh_forward`.
    da : list of float, (o,)
        Gradient with respect to the activations.
    """
    for o in range(len(a)):
        dz[o] = da[o] * (1 - a[o] * a[o])


def relu_forward(a, z):
    """Flatten negative scores to zero: a = max(z, 0).

    Parameters
    ----------
    a : list of float, (o,)
        Written: the activations.
    z : list of float, (o,)
        Scores.

    Notes
    -----
    Essay, step 4: ReLU "is just the max function".
    """
    for o in range(len(z)):
        a[o] = max(z[o], 0.0)


def relu_backward(dz, a, da):
    """Take a gradient back through ReLU: dz = da where a > 0, else 0.

    Parameters
    ----------
    dz : list of float, (o,)
        Written: gradient with respect to the scores.
    a : list of float, (o,)
        Activations, from `relu_forward`.
    da : list of float, (o,)
        Gradient with respect to the activations.
    """
    for o in range(len(a)):
        dz[o] = da[o] if a[o] > 0 else 0.0


def softmax_forward(a, z):
    """Turn the scores of one sample into class probabilities: a[o] = exp(z[o]) / sum(exp(z)).

    The largest score is subtracted first.  The ratio stays the same and exp cannot overflow.

    Parameters
    ----------
    a : list of float, (o,)
        Written: the activations; they sum to 1.
    z : list of float, (o,)
        Scores, one per class.

    Notes
    -----
    Essay, step 3.
    """
    largest = max(z)
    total = 0.0
    for o in range(len(z)):
        a[o] = math.exp(z[o] - largest)
        total += a[o]
    for o in range(len(z)):
        a[o] /= total


def softmax_backward(dz, a, da):
    """Take a gradient back through softmax: dz[o] = a[o] * (da[o] - sum(a * da)).

    The sum is there because raising one score lowers the probability of every other class.

    Parameters
    ----------
    dz : list of float, (o,)
        Written: gradient with respect to the scores.
    a : list of float, (o,)
        Activations, from `softmax_forward`.
    da : list of float, (o,)
        Gradient with respect to the activations.
    """
    mean = 0.0
    for o in range(len(a)):
        mean += a[o] * da[o]
    for o in range(len(a)):
        dz[o] = a[o] * (da[o] - mean)


def activation_forward(a, z, activation):
    """Apply an activation to each sample (row): a[n] = f(z[n]).

    Parameters
    ----------
    a : list of lists of float, (n, o)
        Written: the activations.
    z : list of lists of float, (n, o)
        Scores.
    activation : {"linear", "sigmoid", "tanh", "relu", "softmax"}
        Name of f.
    """
    for n in range(len(z)):
        if activation == "linear":
            a[n][:] = z[n]
        elif activation == "sigmoid":
            sigmoid_forward(a[n], z[n])
        elif activation == "tanh":
            tanh_forward(a[n], z[n])
        elif activation == "relu":
            relu_forward(a[n], z[n])
        elif activation == "softmax":
            softmax_forward(a[n], z[n])


def activation_backward(dz, a, da, activation):
    """Take a gradient back through an activation, for each sample (row).

    Parameters
    ----------
    dz : list of lists of float, (n, o)
        Written: gradient with respect to the scores.
    a : list of lists of float, (n, o)
        Activations, from `activation_forward`.
    da : list of lists of float, (n, o)
        Gradient with respect to the activations.
    activation : {"linear", "sigmoid", "tanh", "relu", "softmax"}
        Name of the activation.
    """
    for n in range(len(a)):
        if activation == "linear":
            dz[n][:] = da[n]
        elif activation == "sigmoid":
            sigmoid_backward(dz[n], a[n], da[n])
        elif activation == "tanh":
            tanh_backward(dz[n], a[n], da[n])
        elif activation == "relu":
            relu_backward(dz[n], a[n], da[n])
        elif activation == "softmax":
            softmax_backward(dz[n], a[n], da[n])
