"""How well the rows that were held out are predicted."""

from collections.abc import Sequence

import numpy as np

from .. import metrics
from .columns import Classes, Numeric
from .experiment import Predicted

__all__ = ["confusion_matrix", "confusions", "measures"]

#: With more classes, the most frequent confusions are listed instead of all.
MOST_CLASSES = 12
#: Longer names are cut.
WIDTH = 16


def measures(predicted: Predicted) -> dict[str, float]:
    """Measures of predictions; those of a regression are in units of the target."""
    y, outputs, target = predicted.y, predicted.outputs, predicted.target
    if isinstance(target, Numeric):
        truth, guess = target.decode(y), target.decode(outputs[:, 0].astype(float))
        return {
            "R squared": metrics.r2_score(truth, guess),
            "root mean squared error": metrics.mean_squared_error(truth, guess) ** 0.5,
            "mean absolute error": metrics.mean_absolute_error(truth, guess),
        }
    counts = np.bincount(y)
    found = {
        "accuracy": metrics.sparse_categorical_accuracy(y, outputs),
        "share of largest class": counts.max() / len(y),
        "cross-entropy": predicted.loss,
    }
    if len(target.categories) == 2 and counts.size == 2 and counts.min() > 0:
        found["area under the ROC curve"] = metrics.auc(y, outputs[:, 1])
    return found


def confusion_matrix(predicted: Predicted, classes: Classes) -> np.ndarray:
    """How often each class was taken for each."""
    guess = predicted.outputs.argmax(axis=1)
    return metrics.confusion_matrix(predicted.y, guess, len(classes.categories))


def confusions(counts: np.ndarray, classes: Classes) -> list[str]:
    """Lines that show a confusion matrix."""
    names = [_cut(name) for name in classes.categories]
    if len(names) > MOST_CLASSES:
        return _most_frequent(counts, names)
    width = max(len(str(counts.max())), *map(len, names)) + 2
    margin = max(*map(len, names), len("true class")) + 2
    rows = [
        f"  {name:<{margin}}" + "".join(f"{count:>{width}}" for count in row)
        for name, row in zip(names, counts.tolist(), strict=True)
    ]
    head = f"  {'true class':<{margin}}" + "".join(f"{name:>{width}}" for name in names)
    return ["confusion matrix, with a column for each predicted class:", head, *rows]


def _most_frequent(counts: np.ndarray, names: Sequence[str]) -> list[str]:
    wrong = np.where(np.eye(len(names), dtype=bool), 0, counts)
    places = np.argsort(-wrong, axis=None, kind="stable")[:10]
    pairs = [divmod(int(place), len(names)) for place in places if wrong.flat[place]]
    lines = [
        f"  {names[true]} taken for {names[guess]}: {wrong[true, guess]}" for true, guess in pairs
    ]
    return ["most frequent confusions:", *lines] if lines else []


def _cut(name: str) -> str:
    return name if len(name) <= WIDTH else name[: WIDTH - 3] + "..."
