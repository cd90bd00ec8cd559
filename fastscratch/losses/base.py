"""What all losses have in common."""

import dataclasses
import math
from collections.abc import Callable
from typing import Any, ClassVar

import numpy as np

from ..addresses import is_of_labels
from ..kernels.call import address
from ..kernels.losses import LOSSES
from ..kernels.program.loss import (
    LOSSES_OF_ROWS_BY_NAME,
    REDUCTIONS,
    kinds_of_losses,
    losses_of_rows,
)
from ..validation import (
    as_array,
    as_flag,
    as_floating,
    as_fraction,
    as_integer,
    as_not_negative,
    as_positive,
    as_text,
)

#: What the losses of a mini-batch become; the last two leave them as they are.
NAMES_OF_REDUCTIONS = (*REDUCTIONS, "none", None)

#: Numbers that a kernel takes beside predictions and targets.
MOST_CONSTANTS = 3


def as_reduction(name: str, value: Any) -> str | None:
    """A name of what becomes of the losses of the samples."""
    if not (value is None or isinstance(value, str)) or value not in NAMES_OF_REDUCTIONS:
        known = ", ".join(repr(known) for known in NAMES_OF_REDUCTIONS)
        raise ValueError(f"{name} must be one of {known}, got {value!r}")
    return value


def _as_axis(name: str, value: Any) -> int:
    return as_integer(name, value, -(2**31))


def _as_class(name: str, value: Any) -> int | None:
    return None if value is None else as_integer(name, value, -(2**31))


def as_factors(name: str, value: Any) -> float | tuple[float, ...]:
    """A factor, or one for each class."""
    if isinstance(value, (list, tuple, np.ndarray)) and np.ndim(value) == 1 and len(value):
        return tuple(as_not_negative(f"{name}[{i}]", one) for i, one in enumerate(value))
    return as_not_negative(name, value)


def check_dtype(dtype: Any) -> None:
    """Refuse a dtype of a loss's own.

    Raises
    ------
    ValueError
        If it is not None.
    """
    if dtype is not None:
        raise ValueError(
            "dtype of a loss must be None, because it has that of the model, or of y_pred; got "
            f"{dtype!r}"
        )


#: How each argument of a loss is checked.
CHECKS: dict[str, Callable[[str, Any], Any]] = {
    "from_logits": as_flag,
    "apply_class_balancing": as_flag,
    "label_smoothing": as_fraction,
    "delta": as_positive,
    "alpha": as_not_negative,
    "gamma": as_not_negative,
    "q": as_positive,
    "axis": _as_axis,
    "ignore_class": _as_class,
    "reduction": as_reduction,
    "name": as_text,
}


@dataclasses.dataclass(frozen=True)
class Loss:
    """Base of all losses.

    A loss is what ``compile`` of a model takes; called with arrays, it returns its value.

    Parameters
    ----------
    reduction : str or None
        What becomes of the losses of the samples: "sum_over_batch_size", also called "mean";
        "sum"; "mean_with_sample_weight", their weighted sum divided by the sum of the weights; or
        "none" or None, which leave them as they are and are no use in training.
    name : str, optional
        What messages call the loss; by default the name that :func:`get` knows.
    dtype : None
        A loss has that of the model.

    Examples
    --------
    >>> from fastscratch import losses
    >>> loss = losses.MeanSquaredError(reduction="sum")
    >>> loss([[0.0], [0.0]], [[1.0], [2.0]])
    5.0
    """

    #: Name of the kernel.
    kernel: ClassVar[str]
    #: Activation that a cross-entropy expects in the last layer: the loss is then computed from the
    #: scores, the numbers that the activation is applied to.
    read_out: ClassVar[str | None] = None
    #: Name of the kernel that is taken after any other activation: the outputs are probabilities.
    log_loss: ClassVar[str]
    #: Whether targets are class labels.
    takes_labels: ClassVar[bool] = False
    #: The metric that "accuracy" is short for.
    accuracy: ClassVar[str] = "binary_accuracy"
    #: The name that :func:`get` knows.
    kind: ClassVar[str] = "loss"
    #: What a loss is called if it is given no name, unless it is that name.
    usual_name: ClassVar[str | None] = None
    #: Whether each row of the outputs along the last axis can have a weight of its own in training.
    can_weight_rows: ClassVar[bool] = True
    #: How its arguments are checked.
    checks: ClassVar[dict[str, Callable[[str, Any], Any]]] = CHECKS

    # What a loss has if it is no argument of its own.
    from_logits = False
    label_smoothing = 0.0
    axis = -1

    reduction: str | None = dataclasses.field(default="sum_over_batch_size", kw_only=True)
    name: str | None = dataclasses.field(default=None, kw_only=True, compare=False, repr=False)
    dtype: dataclasses.InitVar[Any] = dataclasses.field(default=None, kw_only=True)

    def __post_init__(self, dtype: Any) -> None:
        check_dtype(dtype)
        if self.name is None:
            object.__setattr__(self, "name", self.usual_name or self.kind)
        for field in dataclasses.fields(self):
            checked = self.checks[field.name](field.name, getattr(self, field.name))
            object.__setattr__(self, field.name, checked)

    def get_config(self) -> dict[str, Any]:
        """The kind and the arguments, in types that JSON has."""
        return {"kind": self.kind, **dataclasses.asdict(self)}

    @property
    def ignored(self) -> int | None:
        """The label of places that do not count."""
        return None

    @property
    def constants(self) -> tuple[float, ...]:
        """Numbers that the kernel takes beside predictions and targets."""
        return ()

    @property
    def factors(self) -> tuple[float, ...]:
        """What the targets of each class are multiplied with, after smoothing; empty for 1."""
        return ()

    def _kernel(self, fused: bool) -> str:
        takes_outputs = self.read_out is None or self.from_logits
        return self.kernel if takes_outputs or fused else self.log_loss

    def function(self, fused: bool) -> Any:
        """The compiled function of losses and gradients.

        Parameters
        ----------
        fused : bool
            Whether it is given the scores before the activation in `read_out`.
        """
        return LOSSES_OF_ROWS_BY_NAME[self._kernel(fused)]

    @property
    def is_of_rows(self) -> bool:
        """Whether the outputs along the last axis belong together, as those of classes do."""
        return LOSSES[self.kernel].of_rows

    def prepared(self, targets: np.ndarray) -> np.ndarray:
        """Targets as the formula takes them."""
        return targets

    def __call__(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> Any:
        """The loss of some predictions.

        Parameters
        ----------
        y_true : array_like
            Targets: of the shape of `y_pred`, or labels, which have one axis less.
        y_pred : array_like, shape (n, ...)
            Predictions. If they are float64 everything is computed in float64, else in float32.
        sample_weight : array_like, optional
            What the loss of each sample, or of each row along the last axis, is multiplied with.

        Returns
        -------
        float; or an array of the losses, if nothing becomes of them

        Raises
        ------
        ValueError, TypeError
            If shapes differ, or numbers are not finite.
        """
        predicted = as_floating("y_pred", y_pred)
        predicted = predicted.reshape(1) if predicted.ndim == 0 else predicted
        if not -predicted.ndim <= self.axis < predicted.ndim:
            raise ValueError(f"axis={self.axis} is none of y_pred of shape {predicted.shape}")
        y = as_array("y_true", y_true, predicted.dtype)
        counts = None
        if self.takes_labels:
            y, counts = self._one_hot(y, predicted)
        else:
            y, predicted = same_rank(y, predicted)
            if y.shape != predicted.shape:
                raise ValueError(
                    f"y_true and y_pred must have the same shape, got {y.shape} and "
                    f"{predicted.shape}"
                )
            y = np.moveaxis(self.prepared(y), self.axis, -1)
        predicted = np.moveaxis(predicted, self.axis, -1)
        outputs = predicted.shape[-1]
        self.check_outputs(outputs)
        if self.label_smoothing:
            shares = outputs if self.is_of_rows else 2
            y = (1 - self.label_smoothing) * y + self.label_smoothing / shares
        if self.factors:
            y = y * np.array(self.factors, y.dtype)
        losses, _ = self.losses_and_gradients(
            y.reshape(-1, outputs), predicted.reshape(-1, outputs)
        )
        return self._reduced(losses.reshape(predicted.shape[:-1]), sample_weight, counts)

    def check_outputs(self, outputs: int) -> None:
        """Check that the arguments fit this many outputs along the last axis.

        Raises
        ------
        ValueError
            If they do not.
        """
        if self.factors and len(self.factors) != outputs:
            raise ValueError(
                f"alpha of {self.name} must have a number for each of the {outputs} classes, got "
                f"{len(self.factors)}"
            )

    def _one_hot(self, y: np.ndarray, predicted: np.ndarray) -> tuple[np.ndarray, Any]:
        """Targets from labels, the classes along the last axis; and which of them count."""
        shape = list(predicted.shape)
        classes = shape.pop(self.axis)
        if y.ndim == predicted.ndim and y.shape[self.axis] == 1:
            y = y.squeeze(self.axis)
        if list(y.shape) != shape:
            raise ValueError(
                f"y_true must have shape {tuple(shape)}, a label for each row of y_pred, got "
                f"{y.shape}"
            )
        check_labels("y_true", y, classes, self.ignored)
        return (y[..., None] == np.arange(classes)).astype(predicted.dtype), (
            None if self.ignored is None else y != self.ignored
        )

    def losses_and_gradients(
        self, y: np.ndarray, predicted: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray]:
        """The loss of each row, and its gradient with respect to the prediction."""
        dtype = predicted.dtype
        y, predicted = (np.require(array, dtype, ["C", "W"]) for array in (y, predicted))
        losses, gradient = np.empty(len(y), dtype), np.empty_like(predicted)
        numbers = np.zeros(MOST_CONSTANTS)
        numbers[: len(self.constants)] = self.constants
        losses_of_rows(losses, gradient, predicted, y.copy(), numbers, self.address(dtype))
        return losses, gradient

    def address(self, dtype: Any) -> int:
        """Where the compiled function of losses and gradients of outputs is."""
        return address(self.function(fused=False), *kinds_of_losses(dtype))

    def _reduced(self, losses: np.ndarray, sample_weight: Any, counts: Any) -> Any:
        """What becomes of the losses."""
        weights = np.ones(losses.shape) if counts is None else counts.astype(float)
        divisor = weights.sum()
        if sample_weight is not None:
            given = as_array("sample_weight", sample_weight, np.float64)
            weights = weights * aligned_weights(given, losses.shape)
        if self.reduction in ("none", None):
            return losses * weights.astype(losses.dtype)
        total = float((losses * weights).sum())
        if self.reduction == "sum":
            return total
        if self.reduction == "mean_with_sample_weight":
            divisor = weights.sum()
        return total / float(divisor) if divisor else 0.0


def check_labels(name: str, labels: np.ndarray, classes: int, ignored: int | None) -> None:
    """Check that labels are those of classes, or the one that is ignored.

    Raises
    ------
    ValueError
        If one is not.
    """
    if is_of_labels(labels, classes, math.nan if ignored is None else float(ignored)):
        return
    wrong = (labels < 0) | (labels >= classes) | (labels != np.floor(labels))
    if ignored is not None:
        wrong &= labels != ignored
    also = "" if ignored is None else f" or {ignored}"
    raise ValueError(f"{name} must hold labels 0 ... {classes - 1}{also}, got {labels[wrong][0]:g}")


def same_rank(a: np.ndarray, b: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Two arrays with as many axes, as Keras makes them: a last axis of 1 is added or removed."""
    if a.ndim == b.ndim + 1 and a.shape[-1] == 1:
        return (a, b[:, None]) if b.ndim == 1 else (a[..., 0], b)
    if b.ndim == a.ndim + 1 and b.shape[-1] == 1:
        return (a[:, None], b) if a.ndim == 1 else (a, b[..., 0])
    return a, b


def aligned_weights(weights: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    """Weights of losses of a shape, from those of samples, of each row, or of some of the axes.

    Raises
    ------
    ValueError
        If the weights have another shape.
    """
    if weights.ndim == len(shape) + 1 and weights.shape[-1] == 1:
        weights = weights[..., 0]
    if weights.ndim < len(shape):
        weights = weights.reshape(*weights.shape, *(1,) * (len(shape) - weights.ndim))
    if weights.ndim != len(shape) or any(
        own not in (1, size) for own, size in zip(weights.shape, shape, strict=True)
    ):
        raise ValueError(
            f"sample_weight must have a weight for each of the losses of shape {shape}, or for "
            f"each sample, got {weights.shape}"
        )
    return np.broadcast_to(weights, shape)
