"""Dropout: in training, each number is set to zero with probability `rate`.

A network that cannot rely on any single unit overfits less.  The numbers that are kept are divided
by 1 - rate, so that the expectation stays what it was and nothing is dropped when predicting.
"""

from fastscratch.reference.random import random_uniform


def dropout_forward(out, x, rate, seed, stream):
    """Write x / (1 - rate) where the number is kept, and 0 where it is dropped.

    Number i is kept if the i-th uniform number of the stream is at least `rate`.

    Parameters
    ----------
    out : list of float
        Written.
    x : list of float
        Numbers of all samples, one after the other.
    rate : float
        Probability of being dropped, from 0 to 1.
    seed, stream : int
        Which random numbers.

    Notes
    -----
    Srivastava, Hinton, Krizhevsky, Sutskever & Salakhutdinov (2014), "Dropout: a simple way to
    prevent neural networks from overfitting".
    """
    uniform = [0.0] * len(x)
    random_uniform(uniform, seed, stream)
    for i in range(len(x)):
        out[i] = x[i] / (1 - rate) if uniform[i] >= rate else 0.0


def dropout_backward(dx, dout, rate, seed, stream):
    """Take a gradient back through dropout: what was dropped has none, the rest is scaled alike.

    Parameters
    ----------
    dx : list of float
        Written: gradient with respect to the input.
    dout : list of float
        Gradient with respect to the output.
    rate : float
        Probability of being dropped.
    seed, stream : int
        Which random numbers: those of `dropout_forward`.
    """
    uniform = [0.0] * len(dout)
    random_uniform(uniform, seed, stream)
    for i in range(len(dout)):
        dx[i] = dout[i] / (1 - rate) if uniform[i] >= rate else 0.0
