"""Samples, targets and weights as the engine takes them, checked against the model."""

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from ..losses import Loss
from ..losses.base import aligned_weights, check_labels
from ..validation import as_array, as_fraction, as_integer, as_not_negative, same_length
from .sparse_samples import check_sparse_samples


@dataclasses.dataclass(slots=True)
class TrainingData:
    """Samples with their targets and, perhaps, their weights; of one type and C-contiguous.

    Attributes
    ----------
    x : tuple of array
        For each input of the model; or one `SparseRows`.
    y : tuple of array
        For each output.
    weights : tuple of array or None
        For each output: a weight for each sample, or one for each row of its outputs along their
        last axis.
    of_class : array, optional
        Weight of each sample's class, which is for training only.
    """

    x: tuple[Any, ...]
    y: tuple[np.ndarray, ...]
    weights: tuple[np.ndarray | None, ...]
    of_class: np.ndarray | None = None

    def __len__(self) -> int:
        return len(self.x[0])

    @property
    def weight_axes(self) -> tuple[int, ...]:
        """Of each output, how many axes its weights have; 0 without weights."""
        return tuple([0 if weights is None else weights.ndim for weights in self.weights])

    def split(self, share: Any) -> tuple["TrainingData", "TrainingData"]:
        """The first samples; and the last of them, this share of all, as validation data."""
        share = as_fraction("validation_split", share)
        size = int(len(self) * (1 - share))
        if not 0 < size < len(self):
            raise ValueError(
                f"validation_split={share} leaves {size} of {len(self)} samples for training; "
                "both parts need at least one"
            )

        return self.rows(slice(size)), self.rows(slice(size, None))

    def rows(self, which: Any) -> "TrainingData":
        """Some of the samples: a slice, or an array of their numbers."""
        return TrainingData(
            tuple(x[which] for x in self.x),
            tuple(y[which] for y in self.y),
            tuple(None if weights is None else weights[which] for weights in self.weights),
            None if self.of_class is None else self.of_class[which],
        )

    @staticmethod
    def joined(parts: Sequence["TrainingData"]) -> "TrainingData":
        """Targets and weights of several parts as one; the samples are left out."""
        ys = tuple(np.concatenate(y) for y in zip(*(part.y for part in parts), strict=True))
        weights = tuple(
            np.concatenate(w) if all(one is not None for one in w) else None
            for w in zip(*(part.weights for part in parts), strict=True)
        )
        return TrainingData(ys, ys, weights)

    def weighted_by_class(self) -> "TrainingData":
        """The data that are trained on: weights of classes are weights of their samples."""
        if self.of_class is None:
            return self
        weights = tuple(self.of_class * (1 if w is None else w) for w in self.weights)
        return TrainingData(self.x, self.y, weights)


def as_several(name: str, value: Any, names: Sequence[str]) -> list[Any]:
    """One value for each input or output of a model: the value, a list, or a dict by their names.

    Raises
    ------
    ValueError
        If one is missing, or there is one too many.
    """
    if isinstance(value, Mapping):
        if set(value) != set(names):
            raise ValueError(
                f"{name} must be a dict with the keys {', '.join(names)}, got "
                f"{', '.join(map(str, value)) or 'none'}"
            )
        return [value[key] for key in names]
    if len(names) == 1:
        return [value]
    if not isinstance(value, (list, tuple)) or len(value) != len(names):
        got = f"{len(value)}" if isinstance(value, (list, tuple)) else type(value).__name__
        raise ValueError(
            f"{name} must be a list of {len(names)}, one for each of {', '.join(names)}, got {got}"
        )
    return list(value)


def check_samples(name: str, x: Any, shape: tuple[int, ...] | None, dtype: str) -> Any:
    """Samples of an input, of a shape if that is known; a last axis of one may be left out.

    Of a sparse matrix they are `SparseRows`.
    """
    if hasattr(x, "tocsr"):
        return check_sparse_samples(name, x, shape, dtype)
    samples = as_array(name, x, dtype, writeable=False)
    if shape and shape[-1] == 1 and samples.ndim and samples.shape[1:] == shape[:-1]:
        return samples[..., None]
    if samples.ndim < 2 and (shape is None or samples.ndim == 0):
        raise ValueError(f"{name} must be at least 2-D, got shape {samples.shape}")
    if shape is not None and samples.shape[1:] != shape:
        hint = "; one sample is a batch too, of shape (1, ...)" if samples.shape == shape else ""
        raise ValueError(
            f"{name} must have samples of shape {shape}, as the model has inputs, got "
            f"{samples.shape[1:]}{hint}"
        )
    return samples


def check_targets(name: str, y: Any, loss: Loss, shape: tuple[int, ...], dtype: str) -> np.ndarray:
    """Targets of a loss, for outputs of a shape."""
    targets = as_array(name, y, dtype, writeable=False)
    classes = shape[-1]
    if loss.takes_labels:
        shape = shape[:-1]
        if targets.ndim == len(shape) + 2 and targets.shape[-1] == 1:
            targets = targets.reshape(targets.shape[:-1])
    if targets.ndim == 1 and shape == (1,):
        targets = targets.reshape(-1, 1)
    if targets.ndim == 0 or targets.shape[1:] != shape:
        one_hot = loss.accuracy == "categorical_accuracy" and targets.ndim == 1
        wanted = ", ".join(["samples", *map(str, shape)])
        raise ValueError(
            f"{name} must have shape ({wanted}), as the last layer has outputs, got {targets.shape}"
            + ("; utils.to_categorical makes one-hot rows from labels" if one_hot else "")
        )
    if loss.takes_labels:
        check_labels(name, targets, classes, loss.ignored)
    elif loss.read_out and (targets.min() < 0 or targets.max() > 1):
        wrong = targets[(targets < 0) | (targets > 1)][0]
        raise ValueError(f"{name} of {loss.name} must be from 0 to 1, got {wrong}")
    return loss.prepared(targets)


def _labels(y: np.ndarray) -> np.ndarray:
    """Class of each sample: the label, or the largest of several outputs."""
    if y.ndim > 2:
        raise ValueError(f"class_weight needs a class for each sample, got y of shape {y.shape}")
    return y.argmax(axis=1) if y.ndim == 2 and y.shape[1] > 1 else y.reshape(-1)


def weights_of_outputs(sample_weight: Any, names: Sequence[str]) -> list[Any]:
    """For each output the weights of its samples: one for all, a list, or a dict by their names.

    Raises
    ------
    ValueError
        If a dict has the name of no output.
    """
    if isinstance(sample_weight, Mapping):
        unknown = [key for key in sample_weight if key not in names]
        if unknown:
            raise ValueError(
                f"sample_weight must be a dict with keys among {', '.join(names)}, got "
                f"{unknown[0]!r}"
            )
        return [sample_weight.get(name) for name in names]
    is_list = isinstance(sample_weight, (list, tuple)) and len(sample_weight) == len(names) > 1
    if is_list and any(one is None or np.ndim(one) > 0 for one in sample_weight):
        return list(sample_weight)  # else the weights of as many samples as there are outputs
    return [sample_weight] * len(names)


def sample_weights(
    y: np.ndarray, sample_weight: Any, loss: Loss, shape: tuple[int, ...]
) -> np.ndarray | None:
    """Weight of each sample, or of each row along the last axis of outputs of a shape."""
    if sample_weight is None:
        return None
    weights = as_array("sample_weight", sample_weight, y.dtype, writeable=False)
    same_length(y=y, sample_weight=np.atleast_1d(weights))
    aligned = aligned_weights(weights, (len(y), *shape[:-1]))
    if aligned.min() < 0:
        raise ValueError(f"sample_weight must not be negative, got {aligned.min():g}")
    if weights.size == len(y):
        return np.ascontiguousarray(weights.reshape(len(y)))
    if not loss.can_weight_rows:
        raise ValueError(
            f"sample_weight of {loss.name} must have a number for each sample, got shape "
            f"{weights.shape}"
        )
    return np.ascontiguousarray(aligned)


def class_weights(
    targets: Sequence[np.ndarray], class_weight: Any, loss: Loss, n_outputs: int
) -> np.ndarray:
    """Weight of each sample's class; the output of a model of two classes may be one number."""
    if len(targets) > 1:
        raise ValueError("class_weight needs a model with one output, got several")
    (y,) = targets
    if loss.takes_labels and y.ndim > 1:
        raise ValueError(f"class_weight needs a class for each sample, got y of shape {y.shape}")
    if not isinstance(class_weight, Mapping):
        raise TypeError(
            f"class_weight must be a dict from labels to weights, got {type(class_weight).__name__}"
        )
    labels = _labels(y)
    of_class = np.ones(len(y), y.dtype)
    for label, weight in class_weight.items():
        place = as_integer("a label of class_weight", label, 0)
        if place >= max(n_outputs, 2) and place not in labels:
            raise ValueError(f"class_weight must have labels of y, got {label}")
        of_class[labels == place] = as_not_negative(f"class_weight[{label}]", weight)
    return of_class
