"""Many models fitted in one compiled call."""

import contextlib
import copy
import os
import sys
import warnings
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from ..callbacks import EarlyStopping, History
from ..engine import Training, train_many
from ..kernels.interrupts import ctrl_c_later
from ..output import progress_bar
from ..utils import derived_seed
from ..validation import as_flag, memory_for
from ..wording import quantity
from .assignments import Assignment, SharedData, assigned, part_of
from .fitting import Fit, fit
from .model import Model
from .shared_programs import SharedPrograms
from .state import Holder
from .validating import Validation

__all__ = ["fit_many"]


def fit_many(
    models: Sequence[Model],
    x: Any,
    y: Any = None,
    *,
    rows: Sequence[Any] | None = None,
    epochs: int | Sequence[int] = 1,
    batch_size: int | Sequence[int] | None = None,
    sample_weight: Any = None,
    validation_rows: Sequence[Any] | None = None,
    validation_data: tuple[Any, ...] | None = None,
    early_stopping: EarlyStopping | Sequence[EarlyStopping | None] | None = None,
    shuffle: bool = True,
    verbose: int | str = "auto",
) -> list[History]:
    """Fit many models on one data set, in one compiled call.

    Each model ends as after a ``fit`` of its own, bit for bit: weights, what the optimiser
    remembers, counts and history. The models may have any layers, losses, optimisers, learning
    rates and seeds. Each thread trains one model after the other, those that take longest first.

    Parameters
    ----------
    models : sequence of Model
        Compiled; each once.
    x, y : array_like, or a list or dict of them
        Samples and targets, as ``fit`` takes them, that fit all models.
    rows : sequence of array_like of int or bool, optional
        For each model, the samples that it is fitted on: their numbers, which may be repeated, or
        a flag for each sample; None for all. As ``fit`` with ``x[rows]`` and ``y[rows]``, but
        nothing is copied.
    epochs, batch_size : int, or a sequence of int with one for each model
        The batch size is 32 by default.
    sample_weight : array_like, optional
        A weight for each sample of `x`; or a sequence with such an array, or None, for each model.
    validation_rows : sequence of array_like of int or bool, optional
        For each model, the samples that it is measured on after each epoch; None for none.
    validation_data : tuple (x, y) or (x, y, sample_weight), optional
        What all models are measured on after each epoch, instead of rows.
    early_stopping : EarlyStopping, or a sequence with one or None for each model, optional
        When a model ends before its last epoch. The callback is not changed.
    shuffle : bool
        Shuffle the rows before each epoch.
    verbose : {"auto", 0, 1}
        0 shows nothing. 1, as "auto" is, shows a bar of the models that have ended, if they take
        more than a second and the output is a terminal or a notebook.

    Returns
    -------
    list of History
        If a model has diverged, its history has that as its `error`, and the epochs before.

    Raises
    ------
    ValueError, TypeError
        If data do not fit a model or an argument is out of range: its place in the list is named,
        and no model has been trained.
    RuntimeError
        If a model is not compiled, or is being trained already.

    Warns
    -----
    RuntimeWarning
        If models have diverged. They keep the weights from before that step, and the others are
        not disturbed.

    Notes
    -----
    Ctrl-C takes effect about every 0.1 s: models that have ended keep what they have learned, one
    that is being trained keeps that of its steps so far, and the others are as before.

    Metrics other than the loss and an accuracy need a prediction after each epoch: models that have
    such metrics are fitted one after the other, as ``fit`` does it.

    Examples
    --------
    >>> import numpy as np
    >>> import fastscratch as fs
    >>> x, y = np.eye(6), np.arange(6.0)
    >>> models = []
    >>> for rate in (0.1, 0.2):
    ...     model = fs.Sequential([fs.Input((6,)), fs.layers.Dense(1)])
    ...     model.compile(fs.optimizers.SGD(rate), "mean_squared_error")
    ...     models.append(model)
    >>> histories = fs.fit_many(models, x, y, rows=[[0, 1, 2, 3], [2, 3, 4, 5]], epochs=50)
    >>> [len(history.epoch) for history in histories]
    [50, 50]
    """
    shuffle = as_flag("shuffle", shuffle)
    if verbose not in ("auto", 0, 1):
        raise ValueError(f"verbose must be 'auto', 0 or 1, got {verbose!r}")
    assignments = assigned(
        models,
        SharedData(x, y, sample_weight, validation_data),
        rows=rows,
        validation_rows=validation_rows,
        epochs=epochs,
        batch_size=32 if batch_size is None else batch_size,
        early_stopping=early_stopping,
    )
    with _all_in_training([one.model._holder for one in assignments]):
        return _fit_all(assignments, shuffle, verbose != 0)


@contextlib.contextmanager
def _all_in_training(holders: Sequence[Holder]) -> Iterator[None]:
    """A context in which no one else may train the models or set their weights."""
    here = os.getpid()
    try:
        for holder in holders:
            holder.trained_in = holder.run_in = here
        yield
    finally:
        with ctrl_c_later():
            for holder in holders:
                holder.trained_in = holder.run_in = None


def _fit_all(assignments: Sequence[Assignment], shuffle: bool, shows_bar: bool) -> list[History]:
    """Fit all models: those that compiled code can fit together, then the others."""
    histories = [History() for _ in assignments]
    together: list[int] = []
    apart: list[int] = []
    for k, one in enumerate(assignments):
        (apart if one.needs_predictions else together).append(k)
    programs = SharedPrograms()
    trainings = [training_of(assignments[k], programs, shuffle) for k in together]
    del programs  # the trainings have what they need of them
    bar = progress_bar(len(assignments), "fit_many", "model", sys.stdout, disable=not shows_bar)
    try:
        train(trainings, bar)
    finally:
        with ctrl_c_later():
            bar.close()
            for k, training in zip(together, trainings, strict=True):
                if training.has_diverged:
                    apart.append(k)
                elif training.done:
                    take(assignments[k], training, histories[k])
    for k in apart:
        _fit_alone(assignments[k], shuffle, histories[k])
    _warn_of_errors(histories)
    return histories


def train(trainings: Sequence[Training], bar: Any) -> None:
    """Train models of any dtypes, with a bar of those that have ended."""
    for dtype in dict.fromkeys(one.state.dtype for one in trainings):
        alike = [one for one in trainings if one.state.dtype == dtype and one.steps]
        before = bar.n

        def watch(ended: int, before: int = before) -> None:
            bar.update(before + ended - bar.n)

        if alike:
            train_many(alike, watch)


def training_of(one: Assignment, programs: SharedPrograms, shuffle: bool) -> Training:
    """The training of a model, as the engine takes it."""
    model, optimizer = one.model, one.model._compiled_optimizer()
    state = model._state.for_optimizer(optimizer)
    trainer = programs.trainer(one)
    evaluator = validation = None
    if one.validation is not None:
        evaluator = programs.evaluator(one)
        validation = programs.samples(one.validation, one.validation_rows)
    penalties = model._current_programs().network.penalties
    schedule, numbers = optimizer.scheduled()
    origins = state.origins(optimizer)
    with memory_for("epochs", one.epochs):
        return Training(
            trainer,
            programs.samples(one.data, one.rows),
            epochs=one.epochs,
            first_epoch=state.epochs,
            iterations=state.iterations,
            taken=state.taken(optimizer),
            schedule=schedule,
            numbers=numbers,
            origins=origins,
            state=np.empty((len(origins), origins[0].size), origins[0].dtype),
            shuffle=shuffle,
            seed=derived_seed(model.seed, 1),
            penalties=penalties,
            evaluator=evaluator,
            validation=validation,
            stopping=one.stopping(),
            kind=programs.kind(trainer, evaluator, penalties),
        )


def take(one: Assignment, training: Training, history: History) -> None:
    """Give a model what it has learned, and its history the epochs that are complete."""
    model, optimizer = one.model, one.model._compiled_optimizer()
    before, steps = model._state.for_optimizer(optimizer), training.steps // one.epochs
    epochs = before.epochs + -(-training.done // steps)
    model._state = before.after(training.done, epochs, optimizer, training.state)
    if optimizer.use_ema:
        model._take_average()
    complete = training.done // steps
    history.epoch = list(range(complete))
    logs = one.logs(training.totals[:complete], len(one.rows))
    if one.validation is not None:
        measured = one.logs(training.validation_totals[:complete], len(one.validation_rows))
        logs |= {f"val_{name}": values for name, values in measured.items()}
    history.history = {name: values.tolist() for name, values in logs.items()}


def _fit_alone(one: Assignment, shuffle: bool, history: History) -> None:
    """Fit a model as its `fit` does it, and keep the error if it diverges."""
    validation = None
    if one.validation is not None:
        measured = part_of(one.validation, one.validation_rows)
        validation = Validation(one.model, measured, one.batch_size, 1)
    callbacks = [] if one.early_stopping is None else [copy.copy(one.early_stopping)]
    run = Fit(one.model, part_of(one.data, one.rows), one.batch_size, one.epochs, shuffle, True)
    try:
        fit(run, validation, [*callbacks, history], 0, 0)
    except FloatingPointError as error:
        history.error = error


def _warn_of_errors(histories: Sequence[History]) -> None:
    """Say how many models have diverged, and how the first of them has."""
    wrong = [k for k, history in enumerate(histories) if history.error is not None]
    if wrong:
        warnings.warn(
            f"{len(wrong)} of {quantity(len(histories), 'model')} diverged, the first is "
            f"models[{wrong[0]}]: {histories[wrong[0]].error}",
            RuntimeWarning,
            stacklevel=4,
        )
