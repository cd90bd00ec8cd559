"""Losses, under the names and defaults of ``keras.losses``.

``compile`` of a model takes them, and they can be called with arrays. The function of the same name
returns the loss of each row. They are computed in :mod:`fastscratch.kernels.losses`, which has the
formulas and the derivatives.
"""

from typing import Any

from ..keras_names import full_name
from ..validation import one_of
from . import functions
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
from .functions import (
    binary_crossentropy,
    binary_focal_crossentropy,
    categorical_crossentropy,
    categorical_focal_crossentropy,
    categorical_generalized_cross_entropy,
    categorical_hinge,
    cosine_similarity,
    hinge,
    huber,
    kl_divergence,
    log_cosh,
    mean_absolute_error,
    mean_absolute_percentage_error,
    mean_squared_error,
    mean_squared_logarithmic_error,
    multilabel_crossentropy,
    poisson,
    sparse_categorical_crossentropy,
    squared_hinge,
)
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
    "binary_crossentropy",
    "binary_focal_crossentropy",
    "categorical_crossentropy",
    "categorical_focal_crossentropy",
    "categorical_generalized_cross_entropy",
    "categorical_hinge",
    "cosine_similarity",
    "get",
    "hinge",
    "huber",
    "kl_divergence",
    "log_cosh",
    "mean_absolute_error",
    "mean_absolute_percentage_error",
    "mean_squared_error",
    "mean_squared_logarithmic_error",
    "multilabel_crossentropy",
    "poisson",
    "sparse_categorical_crossentropy",
    "squared_hinge",
]

mse = MSE = mean_squared_error
mae = MAE = mean_absolute_error
mape = MAPE = mean_absolute_percentage_error
msle = MSLE = mean_squared_logarithmic_error
bce = BCE = binary_crossentropy
kld = KLD = kl_divergence

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
    "huber_loss": "huber",
    "KLDivergence": "kl_divergence",
    "kullback_leibler_divergence": "kl_divergence",
    "logcosh": "log_cosh",
    "mae": "mean_absolute_error",
    "mape": "mean_absolute_percentage_error",
    "mse": "mean_squared_error",
    "msle": "mean_squared_logarithmic_error",
}


def get(identifier: Any) -> Loss:
    """The loss for a name, a class, a function, an instance, or what `get_config` returned.

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
        if "kind" not in arguments:  # in a file written when losses had no names of their own
            arguments["kind"] = arguments.pop("name", None)
        kind = arguments.pop("kind")
        if kind == Custom.kind:
            return Custom.from_config(arguments)
        return get(kind).__class__(**arguments)
    if callable(identifier) and identifier in vars(functions).values():
        return get(getattr(identifier, "__name__", None))
    if callable(identifier):
        raise TypeError(
            "loss must be a name or a loss of fastscratch.losses, got a function; "
            "losses.Custom(value, gradient) makes a loss of two"
        )
    return _BY_NAME[one_of("loss", full_name(identifier, _BY_NAME, _SHORT), tuple(_BY_NAME))]()
