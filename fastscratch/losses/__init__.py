"""Losses, under the names and defaults of ``keras.losses``.

``compile`` of a model takes them, and they can be called with arrays. They are computed in
:mod:`fastscratch.kernels.losses`, which has the formulas and the derivatives.
"""

from typing import Any

from ..keras_names import full_name
from ..validation import one_of
from .base import Loss
from .classification import (
    BinaryCrossentropy,
    BinaryFocalCrossentropy,
    CategoricalCrossentropy,
    CategoricalFocalCrossentropy,
    CategoricalGeneralizedCrossEntropy,
    CategoricalHinge,
    MultilabelCrossentropy,
    SparseCategoricalCrossentropy,
)
from .custom import Custom
from .regression import (
    CosineSimilarity,
    Hinge,
    Huber,
    KLDivergence,
    LogCosh,
    MeanAbsoluteError,
    MeanAbsolutePercentageError,
    MeanSquaredError,
    MeanSquaredLogarithmicError,
    Poisson,
    SquaredHinge,
)

__all__ = [
    "BinaryCrossentropy",
    "BinaryFocalCrossentropy",
    "CategoricalCrossentropy",
    "CategoricalFocalCrossentropy",
    "CategoricalGeneralizedCrossEntropy",
    "CategoricalHinge",
    "CosineSimilarity",
    "Custom",
    "Hinge",
    "Huber",
    "KLDivergence",
    "LogCosh",
    "Loss",
    "MeanAbsoluteError",
    "MeanAbsolutePercentageError",
    "MeanSquaredError",
    "MeanSquaredLogarithmicError",
    "MultilabelCrossentropy",
    "Poisson",
    "SparseCategoricalCrossentropy",
    "SquaredHinge",
    "get",
]

_KINDS: tuple[type[Loss], ...] = (
    MeanSquaredError,
    MeanAbsoluteError,
    MeanAbsolutePercentageError,
    MeanSquaredLogarithmicError,
    LogCosh,
    Huber,
    Poisson,
    KLDivergence,
    CosineSimilarity,
    Hinge,
    SquaredHinge,
    CategoricalHinge,
    BinaryCrossentropy,
    BinaryFocalCrossentropy,
    MultilabelCrossentropy,
    CategoricalCrossentropy,
    CategoricalFocalCrossentropy,
    CategoricalGeneralizedCrossEntropy,
    SparseCategoricalCrossentropy,
)
_BY_NAME = {kind.kind: kind for kind in _KINDS}

# Keras' other names, those of earlier versions among them.
_SHORT = {
    "bce": "binary_crossentropy",
    "kld": "kl_divergence",
    "KLDivergence": "kl_divergence",
    "kullback_leibler_divergence": "kl_divergence",
    "logcosh": "log_cosh",
    "mae": "mean_absolute_error",
    "mape": "mean_absolute_percentage_error",
    "mse": "mean_squared_error",
    "msle": "mean_squared_logarithmic_error",
}


def get(identifier: Any) -> Loss:
    """The loss for a name, a class, an instance, or what `get_config` returned.

    Keras' spellings are all known: "mean_squared_error", "MeanSquaredError", "mse" and "MSE".

    Returns
    -------
    Loss

    Raises
    ------
    ValueError, TypeError
        If it is none of them, or of a class with a formula of its own, which would not be computed.

    Examples
    --------
    >>> from fastscratch import losses
    >>> losses.get("mean_squared_error")
    MeanSquaredError(reduction='sum_over_batch_size')
    """
    if isinstance(identifier, Loss):
        if type(identifier) not in (*_KINDS, Custom):
            raise ValueError(
                "loss must be a loss of fastscratch.losses, got one with a formula of its own, "
                f"{type(identifier).__name__}; losses.Custom takes formulas"
            )
        return identifier
    if isinstance(identifier, type) and identifier in _KINDS:
        return identifier()
    if isinstance(identifier, dict):
        arguments = dict(identifier)
        name = arguments.pop("name", None)
        if name == "custom":
            return Custom.from_config(arguments)
        return get(name).__class__(**arguments)
    if callable(identifier):
        raise TypeError(
            "loss must be a name or a loss of fastscratch.losses, got a function; "
            "losses.Custom(value, gradient) makes a loss of two"
        )
    return _BY_NAME[one_of("loss", full_name(identifier, _BY_NAME, _SHORT), tuple(_BY_NAME))]()
