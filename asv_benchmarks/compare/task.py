"""What a library offers for a workload, and what several of them need to make it."""

import functools
import math
import warnings
from collections.abc import Callable
from typing import NamedTuple

import numpy as np


class Task(NamedTuple):
    """One way (variant) of one library to do a workload.

    Attributes
    ----------
    check : callable
        Called once and first: does the work, and returns a number that is the same for all
        libraries. The mean loss of epoch `check_epochs` in training, else `spread` of the result.
    run : callable
        Takes a number of epochs, or of calls, and does them. This is timed.
    """

    check: Callable[[], float]
    run: Callable[[int], None]


def training(workload, fit):
    """The task of a trainer: `fit` takes epochs and returns the mean loss of the last one."""
    check = functools.partial(fit, workload.check_epochs)
    return Task(check, lambda repeats: fit(repeats * workload.epochs))


def calling(function, *results):
    """The task of a function without arguments.

    Parameters
    ----------
    function : callable
    *results : callables, optional
        Turn what the function returned into the arrays that are compared: the result itself.
    """

    def run(calls):
        for _ in range(calls):
            function()

    def check():
        returned = function()
        return spread(*[result(returned) for result in results] or [returned])

    return Task(check, run)


def fitting(workload, data, module):
    """The task of an estimator of a module: a fit, checked by the predictions."""
    from sklearn.exceptions import ConvergenceWarning

    name, *units = workload.call
    x, y = data.get("x"), data["y"]
    if x is None:
        from scipy.sparse import csr_matrix

        x = csr_matrix((data["values"], data["columns"], data["starts"]), workload.shape)
        x.sum_duplicates()
    how = {"max_iter": 5, "tol": 0, "n_iter_no_change": math.inf, "random_state": 0}
    how = {"hidden_layer_sizes": units} | how if units else {}
    model = getattr(module, name)(**how)

    def fit():
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)
            return model.fit(x, y)

    first = min(len(y), 1000)
    predict = "decision_function" if name == "LogisticRegression" else "predict"
    return {name: calling(fit, lambda model: getattr(model, predict)(x[:first]))}


def searching(workload, data, search, estimator, n_jobs=None):
    """The task of a grid search, checked by the best score."""
    from sklearn.exceptions import ConvergenceWarning

    parameters, grid = map(dict, workload.call)
    made = search(estimator(**parameters), grid, cv=5, n_jobs=n_jobs)

    def run(searches):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)
            for _ in range(searches):
                made.fit(data["x"], data["y"])
        return float(made.best_score_)

    return Task(lambda: run(1), run)


def spread(*arrays):
    """One number for some arrays: the sum of their standard deviations."""
    return float(sum(np.asarray(array).std(dtype=np.float64) for array in arrays))


def weights_of(data):
    """The first weights of a network, in the order of Keras."""
    count = sum(name.startswith("weight") for name in data)
    return [data[f"weight{i}"] for i in range(count)]


def channels_first(network, weights):
    """Per layer, its weights for images whose channels come first.

    Convolution kernels become (filters, channels, height, width), dense ones (units, inputs); the
    inputs of the dense layer after a flatten are sorted anew.
    """
    weights, image = iter(weights), None
    for layer, before, shapes, _ in network.walk():
        own = [next(weights) for _ in shapes]
        if layer[0] == "conv":
            own[0] = own[0].transpose(3, 2, 0, 1)
        elif layer[0] == "depthwise":
            own[0] = own[0].transpose(2, 3, 0, 1)
        elif layer[0] == "flatten":
            image = before
        elif layer[0] == "dense":
            if image:
                units = own[0].shape[1]
                own[0] = own[0].reshape(*image, units).transpose(2, 0, 1, 3).reshape(-1, units)
                image = None
            own[0] = own[0].T
        yield layer, [np.ascontiguousarray(array) for array in own]
