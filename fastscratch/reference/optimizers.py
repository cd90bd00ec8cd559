"""Optimisers: how a gradient moves the parameters."""


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
