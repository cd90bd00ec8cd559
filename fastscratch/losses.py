"""Losses, under the names and defaults of ``keras.losses``: descriptions for ``compile``.

They are computed in :mod:`fastscratch.kernels.losses`, which has the formulas and the derivatives.
All are means over the mini-batch.
"""

import dataclasses
from typing import Any, ClassVar

from .keras_names import full_name
from .kernels import codes
from .validation import as_flag, as_fraction, as_positive, one_of

__all__ = [
    "BinaryCrossentropy",
    "CategoricalCrossentropy",
    "Huber",
    "Loss",
    "MeanAbsoluteError",
    "MeanSquaredError",
    "MultilabelCrossentropy",
    "Poisson",
    "SparseCategoricalCrossentropy",
    "get",
]


@dataclasses.dataclass(frozen=True)
class Loss:
    """Base of all losses."""

    #: Place in ``codes.LOSSES``.
    code: ClassVar[int]
    #: Activation that a cross-entropy expects in the last layer: the loss is then computed from the
    #: scores, the numbers that the activation is applied to.
    read_out: ClassVar[str | None] = None
    #: Code of the loss that is taken after any other activation: the outputs are probabilities.
    log_loss: ClassVar[int]
    #: Whether targets are class labels.
    takes_labels: ClassVar[bool] = False
    #: The metric that "accuracy" is short for.
    accuracy: ClassVar[str] = "binary_accuracy"

    from_logits = False
    label_smoothing = 0.0
    delta = 1.0

    def __post_init__(self) -> None:
        checks = {"from_logits": as_flag, "label_smoothing": as_fraction, "delta": as_positive}
        for field in dataclasses.fields(self):
            checked = checks[field.name](field.name, getattr(self, field.name))
            object.__setattr__(self, field.name, checked)

    @property
    def name(self) -> str:
        """The name that :func:`get` knows."""
        return next(name for name, kind in _BY_NAME.items() if isinstance(self, kind))

    def get_config(self) -> dict[str, Any]:
        """The name and the arguments, in types that JSON has."""
        return {"name": self.name, **dataclasses.asdict(self)}


class MeanSquaredError(Loss):
    """``mean((prediction - y)**2)`` over the outputs."""

    code = codes.MEAN_SQUARED_ERROR


class MeanAbsoluteError(Loss):
    """``mean(abs(prediction - y))`` over the outputs."""

    code = codes.MEAN_ABSOLUTE_ERROR


@dataclasses.dataclass(frozen=True)
class Huber(Loss):
    """Squared for residuals up to `delta`, linear beyond.

    Parameters
    ----------
    delta : float
        Positive.
    """

    code = codes.HUBER
    delta: float = 1.0


class Poisson(Loss):
    """``mean(prediction - y log(prediction))`` over the outputs, which must not be negative."""

    code = codes.POISSON


@dataclasses.dataclass(frozen=True)
class BinaryCrossentropy(Loss):
    """``-mean(y log(p) + (1 - y) log(1 - p))`` over the outputs, which are sigmoids.

    Parameters
    ----------
    from_logits : bool
        Whether the last layer returns scores, of which the loss takes the sigmoid.
    label_smoothing : float
        The fraction of the way that targets are moved towards one half.
    """

    code, log_loss = codes.BINARY_CROSSENTROPY, codes.BINARY_LOG_LOSS
    read_out = "sigmoid"
    from_logits: bool = False
    label_smoothing: float = 0.0


@dataclasses.dataclass(frozen=True)
class MultilabelCrossentropy(Loss):
    """:class:`BinaryCrossentropy`, but the sum over the outputs. Not in Keras.

    Its gradient in the scores is the essay's ``a - y``.

    Parameters
    ----------
    from_logits : bool
        Whether the last layer returns scores, of which the loss takes the sigmoid.
    label_smoothing : float
        The fraction of the way that targets are moved towards one half.
    """

    code, log_loss = codes.MULTILABEL_CROSSENTROPY, codes.MULTILABEL_LOG_LOSS
    read_out = "sigmoid"
    from_logits: bool = False
    label_smoothing: float = 0.0


@dataclasses.dataclass(frozen=True)
class CategoricalCrossentropy(Loss):
    """``-sum(y log(p))`` over the classes, which are a softmax; targets are one-hot.

    Parameters
    ----------
    from_logits : bool
        Whether the last layer returns scores, of which the loss takes the softmax.
    label_smoothing : float
        The fraction of the way that targets are moved towards equal probabilities.
    """

    code, log_loss = codes.CATEGORICAL_CROSSENTROPY, codes.CATEGORICAL_LOG_LOSS
    read_out = "softmax"
    accuracy = "categorical_accuracy"
    from_logits: bool = False
    label_smoothing: float = 0.0


@dataclasses.dataclass(frozen=True)
class SparseCategoricalCrossentropy(Loss):
    """``-log(p)`` of the right class; targets are labels ``0, 1, 2, ...``.

    Parameters
    ----------
    from_logits : bool
        Whether the last layer returns scores, of which the loss takes the softmax.
    """

    code, log_loss = codes.CATEGORICAL_CROSSENTROPY, codes.CATEGORICAL_LOG_LOSS
    read_out = "softmax"
    accuracy = "sparse_categorical_accuracy"
    takes_labels = True
    from_logits: bool = False


_BY_NAME = {
    "mean_squared_error": MeanSquaredError,
    "mean_absolute_error": MeanAbsoluteError,
    "huber": Huber,
    "poisson": Poisson,
    "binary_crossentropy": BinaryCrossentropy,
    "multilabel_crossentropy": MultilabelCrossentropy,
    "categorical_crossentropy": CategoricalCrossentropy,
    "sparse_categorical_crossentropy": SparseCategoricalCrossentropy,
}
_SHORT = {
    "bce": "binary_crossentropy",
    "mae": "mean_absolute_error",
    "mse": "mean_squared_error",
}


def get(identifier: Any) -> Loss:
    """The loss for a name, an instance, or what `get_config` returned.

    Keras' spellings are all known: "mean_squared_error", "MeanSquaredError", "mse" and "MSE".

    Raises
    ------
    ValueError
        If it is none of them, or of a class with a formula of its own, which would not be computed.
    """
    if isinstance(identifier, Loss):
        is_known = isinstance(identifier, tuple(_BY_NAME.values()))
        if not is_known or callable(identifier) or hasattr(identifier, "call"):
            raise ValueError(
                "loss must be a loss of fastscratch.losses, got one with a formula of its own, "
                f"{type(identifier).__name__}"
            )
        return identifier
    if isinstance(identifier, dict):
        arguments = dict(identifier)
        return get(arguments.pop("name", None)).__class__(**arguments)
    return _BY_NAME[one_of("loss", full_name(identifier, _BY_NAME, _SHORT), tuple(_BY_NAME))]()
