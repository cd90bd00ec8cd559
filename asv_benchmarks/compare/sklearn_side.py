"""scikit-learn's side: MLPClassifier, where it has the activation and the optimiser; searches."""

import warnings

import numpy as np
import sklearn
from sklearn import linear_model
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import GridSearchCV
from sklearn.neural_network import MLPClassifier

from .task import fitting, searching, training, weights_of

VERSION = sklearn.__version__
ACTIVATIONS = {"relu": "relu", "tanh": "tanh", "sigmoid": "logistic", "softmax": "relu"}


def start(threads):
    """Nothing to do: its threads are those of BLAS, which the environment sets."""


def prepare(workload, data, threads):
    """The variants of a workload: a dict of `Task` by name."""
    if workload.kind == "estimator":
        is_network = workload.call[0].startswith("MLP")
        return fitting(workload, data, sklearn.neural_network if is_network else linear_model)
    if workload.kind == "search":
        return search(workload, data, threads)
    layers = workload.network.layers
    activations = {layer[-1] for layer in layers[:-1]}
    if {kind for kind, *_ in layers} != {"dense"} or not activations <= set(ACTIVATIONS):
        raise NotImplementedError("MLPClassifier has dense layers of a few activations only")
    if workload.optimizer not in ("SGD", "Adam"):
        raise NotImplementedError(f"MLPClassifier has no {workload.optimizer}")
    outputs = 1
    if workload.network.read_out == "sigmoid":
        # Several labels at once. It takes the sum over them where the others take the mean.
        y, outputs = data["y"].astype(int), layers[-1][1]
    else:
        y = data["y"].argmax(axis=1)
    model = MLPClassifier(
        [units for _, units, _ in layers[:-1]],
        activation=ACTIVATIONS[layers[0][2]],
        solver=workload.optimizer.lower(),
        alpha=0,
        batch_size=workload.batch_size,
        learning_rate_init=workload.learning_rate / outputs,
        max_iter=1,
        random_state=0,
        tol=0,
        n_iter_no_change=np.inf,  # all epochs that are asked for
        momentum=0,
        epsilon=1e-7,
        warm_start=True,
    )
    weights = weights_of(data)
    is_first = True

    def fit(epochs):
        nonlocal is_first
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)
            if is_first:
                model.fit(data["x"], y)
                for own, first in zip(model.coefs_, weights[::2], strict=True):
                    own[:] = first
                for own, first in zip(model.intercepts_, weights[1::2], strict=True):
                    own[:] = first
                is_first = False
            model.set_params(max_iter=epochs).fit(data["x"], y)
        return model.loss_ / outputs

    return {"MLPClassifier": training(workload, fit)}


def search(workload, data, threads):
    """A process for each thread; and in one process the networks of fastscratch."""
    from fastscratch.neural_network import MLPClassifier as Fast  # only where it is wanted

    return {
        "MLPClassifier": searching(workload, data, GridSearchCV, MLPClassifier, n_jobs=threads),
        "networks of fastscratch": searching(workload, data, GridSearchCV, Fast),
    }
