"""A fit that goes on where one was interrupted, from a copy of the model."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from ..callbacks import BackupAndRestore
from ..optimizers.schedules import LearningRateSchedule

if TYPE_CHECKING:
    from .model import Model


def resumed(model: "Model", backups: Sequence[BackupAndRestore], initial_epoch: int) -> int:
    """The epoch that a fit begins with, after the model has taken over the latest copy, if any.

    Raises
    ------
    ValueError
        If no copy can be read, or it is of another model; nothing has changed then.
    """
    for backup in backups:
        copies = backup.copies()
        if copies:
            epochs, copy = _latest(copies)
            _take_over(model, copy, backup)
            initial_epoch = max(initial_epoch, epochs)
    return initial_epoch


def _latest(copies: Sequence[tuple[int, "object"]]) -> tuple[int, "Model"]:
    """The latest copy that can be read, and its complete epochs."""
    from .saving import load_model

    for number, (epochs, path) in enumerate(copies):
        try:
            return epochs, load_model(str(path))
        except (ValueError, OSError):
            if number == len(copies) - 1:
                raise
    raise AssertionError("there is a copy")


def _take_over(model: "Model", copy: "Model", backup: BackupAndRestore) -> None:
    """Give a model the state, the seed and the learning rate of a copy."""
    if not model.built:
        raise ValueError(
            f"BackupAndRestore found a copy in {backup.backup_dir}; build the model before fit, or "
            "give it an Input"
        )
    own, its = (
        [(name, weight.shape) for name, weight in one._weights_by_name().items()]
        for one in (model, copy)
    )
    if own != its or model.dtype != copy.dtype:
        raise ValueError(
            f"BackupAndRestore found a copy of another model in {backup.backup_dir}; name another "
            "backup_dir, or remove its files"
        )
    model.seed, model._state = copy.seed, copy._state
    ours, theirs = model.optimizer, copy.optimizer
    if ours is None or theirs is None or type(ours) is not type(theirs):
        return
    if not isinstance(ours.learning_rate, LearningRateSchedule):
        ours.learning_rate = theirs.learning_rate
