"""Losses, last activations and metrics that can be combined, but from which nothing is learned."""

from collections.abc import Sequence

import numpy as np

from .. import metrics
from ..activations import Custom
from ..kernels.activations import ACTIVATIONS
from ..losses import Loss
from ..optimizers import Optimizer
from .head import READ_OUTS, kind_of

# The loss that belongs to each of READ_OUTS: the derivative of both together is ``a - y``.
_OWN_LOSS = {
    "sigmoid": "binary_crossentropy",
    "softmax": "categorical_crossentropy, or sparse_categorical_crossentropy for labels",
}


def doubts_about(
    loss: Loss, activation: str | Custom | None, width: int | None, names: Sequence[str]
) -> list[str]:
    """Sentences about what is probably a mistake, for an output of a model.

    Parameters
    ----------
    loss : Loss
    activation : str, Custom or None
        The last one; None if the last layer has none. Nothing is known of one of the user's own.
    width : int or None
        Number of outputs along the last axis; None if it is not known.
    names : sequence of str
        Of the metrics.
    """
    activation = None if isinstance(activation, Custom) else activation
    return [*_of_learning(loss, activation, width), *_of_metrics(loss, activation, width, names)]


def doubts_about_decay(optimizer: Optimizer, dtype: str) -> list[str]:
    """A sentence, if the weights are larger than what their decay takes from them can change."""
    decay = optimizer.schedule(0) * (optimizer.weight_decay or 0.0)
    least = float(np.finfo(dtype).eps) / 4  # half of the step from a number below 2 to the next
    if not 0 < decay < least:
        return []
    return [
        f"learning_rate * weight_decay = {decay:.2g} changes no weight, because the next number "
        f"in {dtype} differs by more; use a larger weight_decay"
        + (", or dtype='float64'" if dtype == "float32" else "")
    ]


def _of_learning(loss: Loss, activation: str | None, width: int | None) -> list[str]:
    """What keeps the model from learning, or makes it learn something else."""
    name = loss.name
    if width == 1 and activation in ("softmax", "log_softmax"):
        return [
            f"the {activation} of one output is always {int(activation == 'softmax')}, so that "
            "nothing can be learned; for two classes use Dense(1, 'sigmoid') with "
            "binary_crossentropy, or Dense(2, 'softmax')"
        ]
    if width == 1 and loss.read_out == "softmax":
        return [
            f"{name} compares classes, and the share of a single output is always 1, so that "
            "nothing can be learned; for two classes use binary_crossentropy with a sigmoid "
            "activation"
        ]
    if name == "poisson" and activation and ACTIVATIONS[activation].is_signed:
        return [
            f"{name} takes the logarithm of the outputs, which after {activation} may be negative; "
            "use an exponential or softplus activation in the last layer"
        ]
    if loss.read_out is None or loss.from_logits or activation in (None, loss.read_out):
        return []
    if activation in READ_OUTS:
        return [
            f"{name} needs a {loss.read_out} activation in the last layer, got {activation}: what "
            f"is minimised, and so each gradient, differs from that of {activation} with its own "
            f"loss, {_OWN_LOSS[activation]}"
        ]
    if loss.read_out == "softmax" and activation in ("exponential", "softplus"):
        return []  # shares of positive numbers are probabilities
    return [
        f"{name} takes the outputs for probabilities, and after {activation} they may be outside "
        "of 0 to 1, where they are cut off and have no gradient; use a "
        f"{loss.read_out} activation in the last layer, or from_logits=True"
    ]


def _of_metrics(
    loss: Loss, activation: str | None, width: int | None, names: Sequence[str]
) -> list[str]:
    """Metrics that do not measure what they say."""
    doubts = []
    for name in names:
        kind = kind_of(name, loss, width or 0)
        is_general = metrics.get(name) is metrics.accuracy
        if width == 1 and "categorical" in kind:
            doubts.append(f"{name} of a single output is always 1; use binary_accuracy")
        elif "top_k" in kind and width is not None and width <= 5:
            doubts.append(f"{name} with its k=5 is always 1 for {width} classes")
        elif width == 1 and is_general and loss.read_out is None and activation not in READ_OUTS:
            doubts.append(
                f"{name} counts how often outputs and targets are on the same side of 0.5, which "
                f"says nothing about the real numbers that {loss.name} is for; use "
                "mean_absolute_error or r2_score, or, if the targets are 0 and 1, binary_accuracy"
            )
    return doubts
