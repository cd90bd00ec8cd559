"""Losses of classes and labels."""

import dataclasses
from collections.abc import Sequence
from typing import Any

from .base import CHECKS, Loss, as_factors


@dataclasses.dataclass(frozen=True)
class BinaryCrossentropy(Loss):
    """``-mean(y log(p) + (1 - y) log(1 - p))`` over the outputs, which are sigmoids.

    Parameters
    ----------
    from_logits : bool
        Whether the last layer returns scores, of which the loss takes the sigmoid.
    label_smoothing : float
        The fraction of the way that targets are moved towards one half.
    axis : int
        Along which the mean is taken; in training over all outputs.
    reduction : str or None
        As in :class:`Loss`.

    Examples
    --------
    >>> from fastscratch import losses
    >>> round(losses.BinaryCrossentropy()([[0.0, 1.0]], [[0.2, 0.9]]), 4)
    0.1643
    """

    kind = kernel = "binary_crossentropy"
    log_loss = "binary_log_loss"
    read_out = "sigmoid"
    from_logits: bool = False
    label_smoothing: float = 0.0
    axis: int = -1


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
    reduction : str or None
        As in :class:`Loss`.

    Examples
    --------
    >>> from fastscratch import losses
    >>> round(losses.MultilabelCrossentropy()([[0.0, 1.0]], [[0.2, 0.9]]), 4)
    0.3285
    """

    kind = kernel = "multilabel_crossentropy"
    can_weight_rows = False
    log_loss = "multilabel_log_loss"
    read_out = "sigmoid"
    from_logits: bool = False
    label_smoothing: float = 0.0


@dataclasses.dataclass(frozen=True)
class BinaryFocalCrossentropy(Loss):
    """:class:`BinaryCrossentropy` that counts labels less that are predicted well.

    Each label's cross-entropy is multiplied with ``(1 - p)**gamma``, where ``p`` is the probability
    that was predicted for what it is.

    Parameters
    ----------
    apply_class_balancing : bool
        Whether it is also multiplied with `alpha` for the label 1, and ``1 - alpha`` for 0.
    alpha, gamma : float
        Not negative.
    from_logits, label_smoothing, axis
        As of :class:`BinaryCrossentropy`.
    reduction : str or None
        As in :class:`Loss`.

    Examples
    --------
    >>> from fastscratch import losses
    >>> round(losses.BinaryFocalCrossentropy()([[0.0, 1.0]], [[0.2, 0.9]]), 4)
    0.005
    """

    kind = kernel = "binary_focal_crossentropy"
    log_loss = "binary_focal_log_loss"
    read_out = "sigmoid"
    apply_class_balancing: bool = False
    alpha: float = 0.25
    gamma: float = 2.0
    from_logits: bool = False
    label_smoothing: float = 0.0
    axis: int = -1

    @property
    def constants(self) -> tuple[float, ...]:
        """What the kernels take: gamma, and the weights of the labels 1 and 0."""
        balanced = self.apply_class_balancing
        return (self.gamma, *((self.alpha, 1 - self.alpha) if balanced else (1.0, 1.0)))


@dataclasses.dataclass(frozen=True)
class CategoricalCrossentropy(Loss):
    """``-sum(y log(p))`` over the classes, which are a softmax; targets are one-hot.

    If samples have more axes than that of the classes, each place has a loss, and a sample their
    mean.

    Parameters
    ----------
    from_logits : bool
        Whether the last layer returns scores, of which the loss takes the softmax.
    label_smoothing : float
        The fraction of the way that targets are moved towards equal probabilities.
    axis : int
        That of the classes; in training only the last one.
    reduction : str or None
        As in :class:`Loss`.

    Examples
    --------
    >>> from fastscratch import losses
    >>> round(losses.CategoricalCrossentropy()([[0.0, 1.0]], [[0.75, 0.25]]), 4)
    1.3863
    """

    kind = kernel = "categorical_crossentropy"
    log_loss = "categorical_log_loss"
    read_out = "softmax"
    accuracy = "categorical_accuracy"
    from_logits: bool = False
    label_smoothing: float = 0.0
    axis: int = -1


@dataclasses.dataclass(frozen=True)
class CategoricalFocalCrossentropy(Loss):
    """:class:`CategoricalCrossentropy` times ``alpha (1 - p)**gamma``: less for what is known.

    Parameters
    ----------
    alpha : float, or sequence of float
        Not negative: of all classes, or of each.
    gamma : float
        Not negative.
    from_logits, label_smoothing, axis
        As of :class:`CategoricalCrossentropy`.
    reduction : str or None
        As in :class:`Loss`.

    Examples
    --------
    >>> from fastscratch import losses
    >>> round(losses.CategoricalFocalCrossentropy()([[0.0, 1.0]], [[0.75, 0.25]]), 4)
    0.1949
    """

    kind = kernel = "categorical_focal_crossentropy"
    checks = CHECKS | {"alpha": as_factors}
    log_loss = "categorical_focal_log_loss"
    read_out = "softmax"
    accuracy = "categorical_accuracy"
    alpha: float | Sequence[float] = 0.25
    gamma: float = 2.0
    from_logits: bool = False
    label_smoothing: float = 0.0
    axis: int = -1

    @property
    def constants(self) -> tuple[float, ...]:
        """What the kernels take."""
        return (self.alpha if isinstance(self.alpha, float) else 1.0, self.gamma)

    @property
    def factors(self) -> tuple[float, ...]:
        """The loss is linear in the targets, so a factor of each class is one of its target."""
        return () if isinstance(self.alpha, float) else tuple(self.alpha)


@dataclasses.dataclass(frozen=True)
class SparseCategoricalCrossentropy(Loss):
    """``-log(p)`` of the right class; targets are labels ``0, 1, 2, ...``.

    If samples have more axes than that of the classes, as the pixels of an image, each place has a
    label and a loss, and a sample their mean.

    Parameters
    ----------
    from_logits : bool
        Whether the last layer returns scores, of which the loss takes the softmax.
    ignore_class : int, optional
        Places with this label have no loss and do not count in the mean, which is taken over the
        others of a mini-batch.
    axis : int
        That of the classes; in training only the last one.
    reduction : str or None
        As in :class:`Loss`.

    Examples
    --------
    >>> from fastscratch import losses
    >>> round(losses.SparseCategoricalCrossentropy()([1], [[0.75, 0.25]]), 4)
    1.3863
    """

    kind = "sparse_categorical_crossentropy"
    kernel, log_loss = "categorical_crossentropy", "categorical_log_loss"
    read_out = "softmax"
    accuracy = "sparse_categorical_accuracy"
    takes_labels = True
    from_logits: bool = False
    ignore_class: int | None = None
    axis: int = -1

    @property
    def ignored(self) -> int | None:
        """The label of places that do not count."""
        return self.ignore_class


@dataclasses.dataclass(frozen=True)
class CategoricalGeneralizedCrossEntropy(Loss):
    """``(1 - p**q) / q`` for the probability of the right class; targets are labels.

    Between the cross-entropy, to which it tends for small q, and the absolute error at q = 1: wrong
    labels pull at it less.

    Parameters
    ----------
    q : float
        Above 0 and below 1.
    reduction : str or None
        As in :class:`Loss`.

    Examples
    --------
    >>> from fastscratch import losses
    >>> round(losses.CategoricalGeneralizedCrossEntropy()([1], [[0.75, 0.25]]), 4)
    1.0
    """

    kind = kernel = "categorical_generalized_cross_entropy"
    accuracy = "sparse_categorical_accuracy"
    takes_labels = True
    q: float = 0.5

    def __post_init__(self, dtype: Any) -> None:
        super().__post_init__(dtype)
        if self.q >= 1:
            raise ValueError(f"q must be below 1, got {self.q}")

    @property
    def constants(self) -> tuple[float, ...]:
        """What the kernel takes."""
        return (self.q,)


class CategoricalHinge(Loss):
    """``max(1 + wrong - right, 0)``: the score of the right class, and the largest of the others.

    The largest is at least 0, because the right class itself counts as 0. Targets are one-hot.

    Examples
    --------
    >>> from fastscratch import losses
    >>> losses.CategoricalHinge()([[0.0, 1.0]], [[0.75, 0.25]])
    1.5
    """

    kind = kernel = "categorical_hinge"
    accuracy = "categorical_accuracy"
