"""``fastscratch train``: a network that predicts one column of a table from the others."""

import argparse
from collections.abc import Sequence

import numpy as np

from ..models.replacing import replaceable
from ..output import say
from ..validation import as_integer, as_model_path, as_number, as_positive
from . import dialect, report
from .experiment import Experiment, Predicted
from .judging import Wishes
from .metadata import Saved
from .network import Settings
from .reading import column_name, read_table
from .refusal import refuse
from .splitting import folds, hold_out
from .table import Table
from .target import MOST_CLASSES, Goal, find_goal

__all__ = ["add_to", "run"]


def add_to(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command to a parser."""
    train = commands.add_parser(
        "train",
        help="train a network that predicts a column of a table",
        description="Train a network that predicts one column of a table from the others, save "
        "it, and print what became of each column, and how well the network predicts rows that "
        "were held out. Two runs with the same arguments give the same model.",
    )
    train.add_argument(
        "data", metavar="DATA.csv", help="its first line names the columns; - is standard input"
    )
    train.add_argument(
        "--target", metavar="COLUMN", type=column_name, required=True, help="column to predict"
    )
    columns = train.add_argument_group("columns, each of which can be given several times")
    for name, text in (
        ("--ignore", "leave the column out"),
        ("--id", "leave the column out, and write it beside the predictions"),
        ("--numeric", "the column holds numbers, whatever it looks like"),
        ("--categorical", "the column holds categories, whatever it looks like"),
    ):
        columns.add_argument(
            name, metavar="COLUMN", type=column_name, action="append", default=[], help=text
        )
    train.add_argument(
        "--impute",
        action="store_true",
        help="put the median, or the most frequent category, for missing values, and mark them in "
        "an input of its own; rows without a target are left out",
    )
    train.add_argument(
        "--task",
        choices=("auto", "classification", "regression"),
        default="auto",
        help=f"auto is classification if the target holds texts, or at most {MOST_CLASSES} "
        "different whole numbers (default: %(default)s)",
    )
    _add_settings(train)
    dialect.add_to(train)
    train.add_argument(
        "--output",
        metavar="MODEL",
        default="model.safetensors",
        help="file to save the model in (default: %(default)s)",
    )
    train.set_defaults(run=run)


def _add_settings(train: argparse.ArgumentParser) -> None:
    """How the network is trained and tested."""
    group = train.add_argument_group("training and testing")
    group.add_argument(
        "--hidden",
        metavar="UNITS",
        type=_units,
        default=(32,),
        help="units of each hidden layer, such as 32,16; 0 for a linear model (default: 32)",
    )
    for name, metavar, kind, default, text in (
        ("--epochs", "N", int, 100, "at most this many passes over the rows"),
        ("--batch-size", "N", int, 32, "rows in a step"),
        ("--learning-rate", "RATE", float, 0.003, "learning rate of the optimiser Adam"),
        ("--validation-split", "SHARE", float, 0.15, "share of the rows that say when to stop"),
        ("--patience", "N", int, 10, "stop after this many epochs without a lower loss of these"),
        ("--hold-out", "SHARE", float, 0.2, "share of the rows to test with"),
        ("--seed", "N", int, 0, "seed of all random numbers"),
    ):
        group.add_argument(
            name, metavar=metavar, type=kind, default=default, help=f"{text} (default: {default})"
        )
    group.add_argument(
        "--cv",
        metavar="K",
        type=int,
        help="test by cross-validation in K folds; the model that is saved learns from all rows",
    )


def _units(text: str) -> tuple[int, ...]:
    """Units of hidden layers; "0" means that there are none."""
    try:
        units = tuple(map(int, text.split(",")))
    except ValueError:
        units = (-1,)
    if units == (0,):
        return ()
    if min(units) < 1:
        raise argparse.ArgumentTypeError(f"units must be at least 1, as in 32,16, got {text!r}")
    return units


def run(arguments: argparse.Namespace) -> int:
    """Train, test and save."""
    try:
        settings = _settings(arguments)
        wishes = Wishes(arguments.impute, arguments.numeric, arguments.categorical)
        table = read_table(
            arguments.data, dialect.given(arguments), as_texts={*wishes.categorical, *arguments.id}
        )
        names = _input_names(table, arguments)
        goal = find_goal(table, arguments.target, arguments.task, arguments.impute)
        experiment = Experiment(table, goal, names, wishes, settings)
        if arguments.cv:
            learned, held_out = goal.rows, goal.rows[:0]
            parts = _folds(experiment, arguments.cv)
        else:
            learned, held_out = _halves(table, goal, arguments.hold_out, arguments.seed)
        lesson = experiment.prepare(learned)
        report.columns(experiment, lesson, arguments.id)
        if arguments.cv:
            report.folds(_cross_validate(experiment, parts))
        model, history = experiment.train(lesson)
        report.training(model, lesson, history)
        if not arguments.cv:
            report.test(experiment.predict(model, lesson, held_out))
        saved = Saved(lesson.inputs, lesson.target, arguments.id, table.dialect)
        model.metadata = saved.to_metadata()
        model.save(arguments.output)
    except (OSError, ValueError, FloatingPointError, ModuleNotFoundError) as error:
        return refuse(error)
    say(f"saved as {arguments.output}")
    return 0


def _settings(arguments: argparse.Namespace) -> Settings:
    """The settings; impossible arguments are refused before any work is done."""
    as_integer("--epochs", arguments.epochs, 1)
    as_integer("--batch-size", arguments.batch_size, 1)
    as_positive("--learning-rate", arguments.learning_rate)
    as_integer("--patience", arguments.patience, 1)
    as_integer("--seed", arguments.seed, 0)
    if arguments.cv is not None:
        as_integer("--cv", arguments.cv, 2)
    if not 0 < as_number("--hold-out", arguments.hold_out) < 1:
        raise ValueError(f"--hold-out must be between 0 and 1, got {arguments.hold_out:g}")
    if not 0 <= as_number("--validation-split", arguments.validation_split) < 1:
        raise ValueError(
            f"--validation-split must be at least 0 and below 1, got {arguments.validation_split:g}"
        )
    replaceable(as_model_path("--output", arguments.output))
    return Settings(
        *(arguments.hidden, arguments.epochs, arguments.batch_size, arguments.learning_rate),
        *(arguments.validation_split, arguments.patience, arguments.seed),
    )


def _input_names(table: Table, arguments: argparse.Namespace) -> list[str]:
    """The columns to predict from."""
    for option in ("ignore", "id", "numeric", "categorical"):
        for name in getattr(arguments, option):
            if name not in table.columns:
                raise ValueError(f"--{option}: {table.source.name} has no column {name!r}")
        if arguments.target in getattr(arguments, option):
            hint = "; use --task" * (option in ("numeric", "categorical"))
            raise ValueError(f"--{option}: column {arguments.target!r} is the target{hint}")
    left_out = {arguments.target, *arguments.ignore, *arguments.id}
    return [name for name in table.columns if name not in left_out]


def _halves(table: Table, goal: Goal, share: float, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Rows to learn from and rows to test with."""
    learned, held_out = hold_out(goal.rows, goal.labels(goal.rows), share, seed)
    if len(held_out) < 2 or len(learned) < 2:
        raise ValueError(
            f"--hold-out {share:g} of {len(goal.rows)} rows leaves {len(learned)} to learn from "
            f"and {len(held_out)} to test with; both need at least two"
        )
    if goal.classes:
        counts = np.bincount(goal.values[learned], minlength=len(goal.classes.categories))
        if not counts.all():
            category = goal.classes.categories[int(counts.argmin())]
            raise ValueError(
                f"--hold-out {share:g} leaves no row of class {category!r} to learn from"
            )
    return learned, held_out


def _folds(experiment: Experiment, k: int) -> list[np.ndarray]:
    """Parts of the rows, each of which is tested once."""
    rows = experiment.goal.rows
    if 2 * k > len(rows):
        raise ValueError(
            f"--cv {k} needs at least two rows in each fold, and there are {len(rows)}"
        )
    parts = folds(experiment.goal.labels(rows), len(rows), k, experiment.settings.seed)
    return [rows[part] for part in parts]


def _cross_validate(experiment: Experiment, parts: Sequence[np.ndarray]) -> list[Predicted]:
    """Predict each part of the rows by a network that has not seen it."""
    predicted = []
    for part in parts:
        lesson = experiment.prepare(np.setdiff1d(experiment.goal.rows, part))
        model, _ = experiment.train(lesson)
        predicted.append(experiment.predict(model, lesson, part))
    return predicted
