"""``fastscratch predict``: predictions of a model for the rows of a CSV file."""

import argparse
import csv
import sys
from collections.abc import Iterable, Sequence
from typing import Any

from ..models import load_model
from .columns import Categorical, encode, from_metadata
from .refusal import refuse
from .table import read_table

__all__ = ["add_to", "run"]


def add_to(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command to a parser."""
    predict = commands.add_parser(
        "predict",
        help="predict a column with a model that `train` saved",
        description="Predict a column of a CSV file with a model that `fastscratch train` saved. "
        "The output is CSV too, with a row for each row: the class and the probabilities of all "
        "classes, or the value. Columns that the model does not use are ignored.",
    )
    predict.add_argument("model", metavar="MODEL", help="file that `fastscratch train` wrote")
    predict.add_argument("data", metavar="DATA.csv", help="its first line names the columns")
    predict.add_argument("--output", metavar="FILE", help="where to write, if not to the screen")
    predict.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Predict, and write the predictions."""
    try:
        model = load_model(arguments.model)
        inputs, target = from_metadata(model.metadata)
        outputs = model.predict(encode(inputs, read_table(arguments.data)))
        n_outputs = len(target.categories) if isinstance(target, Categorical) else 1
        if outputs.shape[1:] != (n_outputs,):
            raise ValueError(
                f"{arguments.model} has outputs of shape {outputs.shape[1:]}; its column "
                f"{target.name!r} needs ({n_outputs},)"
            )
    except (OSError, ValueError) as error:
        return refuse(error)
    if isinstance(target, Categorical):
        header = [target.name, *(f"p({category})" for category in target.categories)]
        rows = (
            [target.categories[row.argmax()], *(f"{share:.6g}" for share in row)] for row in outputs
        )
    else:
        header = [target.name]
        rows = ([f"{value:.6g}"] for value in target.decode(outputs[:, 0].astype(float)))
    if arguments.output is None:
        if sys.stdout is None:
            return refuse(OSError("there is no output to write to; use --output"))
        _write(sys.stdout, header, rows)
        return 0
    try:
        with open(arguments.output, "w", newline="", encoding="utf-8") as file:
            _write(file, header, rows)
    except OSError as error:
        return refuse(OSError(f"{arguments.output} cannot be written: {error.strerror}"))
    return 0


def _write(file: Any, header: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow(header)
    writer.writerows(rows)
