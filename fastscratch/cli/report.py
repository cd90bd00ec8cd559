"""What `train` prints."""

from collections.abc import Collection, Sequence

import numpy as np

from ..layers import Dense
from ..models import Model
from ..output import say
from ..wording import quantity
from .columns import Classes, width
from .experiment import Experiment, Lesson, Predicted
from .measures import confusion_matrix, confusions, measures

__all__ = ["columns", "folds", "test", "training"]

#: If there are more columns, those that are just numeric are not listed one by one.
MOST_LISTED = 100


def columns(experiment: Experiment, lesson: Lesson, ids: Collection[str]) -> None:
    """Print what became of each column."""
    table, goal = experiment.table, experiment.goal
    is_usual = table.source.encoding in ("utf-8", "utf-8-sig")
    encoding = "" if is_usual else f", in {table.source.encoding}"
    say(
        f"{table.source.name}: {quantity(len(table), 'row')}, "
        f"{quantity(len(table.columns), 'column')}; {table.dialect}{encoding}"
    )
    margin = min(24, max(map(len, table.columns)))
    n_unlisted = 0
    for name in table.columns:
        words = lesson.words.get(name, "ignored")
        if name == goal.name:
            words = f"target: {goal}"
            if len(goal.rows) < len(table):
                words += f"; {quantity(len(table) - len(goal.rows), 'row')} without it left out"
        elif name in ids:
            words = "left out, and carried to the predictions"
        elif words == "numeric" and len(table.columns) > MOST_LISTED:
            n_unlisted += 1
            continue
        say(f"  {name:<{margin}}  {words}")
    if n_unlisted:
        say(f"  and {quantity(n_unlisted, 'numeric column')}")


def training(model: Model, lesson: Lesson, history: dict[str, list[float]]) -> None:
    """Print the network, and how it was trained."""
    widths = [layer.units for layer in model.layers if isinstance(layer, Dense)]
    sizes = "-".join(map(str, [width(lesson.inputs), *widths]))
    losses = history["loss"]
    words = (
        f"network {sizes}, {quantity(len(losses), 'epoch')} on "
        f"{quantity(len(lesson.learned), 'row')}"
    )
    if "val_loss" in history:
        best = int(np.argmin(history["val_loss"]))
        say(
            f"{words}, the best after {best + 1}: loss {losses[best]:.4g}, validation loss "
            f"{history['val_loss'][best]:.4g} of {quantity(len(lesson.validation), 'row')}"
        )
    else:
        say(f"{words}: loss {losses[-1]:.4g}; no other rows say when to stop")


def test(predicted: Predicted) -> None:
    """Print measures of held-out rows."""
    say(f"{quantity(len(predicted.y), 'row')} held out:")
    for name, value in measures(predicted).items():
        say(f"  {name:<24}{value:>10.4g}")
    _confusions([predicted])


def folds(predicted: Sequence[Predicted]) -> None:
    """Print measures of cross-validation."""
    say(f"cross-validation in {len(predicted)} folds, mean and standard deviation:")
    found = [measures(part) for part in predicted]
    for name in found[0]:
        if all(name in measured for measured in found):
            values = [measured[name] for measured in found]
            say(f"  {name:<24}{np.mean(values):>10.4g}{np.std(values, ddof=1):>12.2g}")
    _confusions(predicted)


def _confusions(predicted: Sequence[Predicted]) -> None:
    classes = predicted[0].target
    if isinstance(classes, Classes):
        counts = np.sum([confusion_matrix(part, classes) for part in predicted], axis=0)
        for line in confusions(counts, classes):
            say(line)
