"""``fastscratch predict``: predictions of a model for the rows of a table."""

import argparse
import csv
import sys
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import numpy as np

from ..models import load_model
from . import dialect
from .columns import Classes, Embedded, OneHot, Target, encode, for_model
from .judging import nor_others
from .metadata import Saved
from .reading import column_name, read_table
from .refusal import complain, refuse
from .table import Table, Texts

__all__ = ["add_to", "run"]


def add_to(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command to a parser."""
    predict = commands.add_parser(
        "predict",
        help="predict a column with a model that `train` saved",
        description="Predict a column of a table with a model that `fastscratch train` saved. "
        "The output is CSV, with a row for each row: what identifies it, and the class and the "
        "probabilities of all classes, or the value. Columns that the model does not use are "
        "ignored.",
    )
    predict.add_argument("model", metavar="MODEL", help="file that `fastscratch train` wrote")
    predict.add_argument(
        "data", metavar="DATA.csv", help="its first line names the columns; - is standard input"
    )
    predict.add_argument(
        "--id",
        metavar="COLUMN",
        type=column_name,
        action="append",
        help="column to write beside the predictions, instead of those of `train`; can be given "
        "several times",
    )
    predict.add_argument("--output", metavar="FILE", help="where to write, if not to the screen")
    dialect.add_to(predict)
    predict.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Predict, and write the predictions."""
    try:
        model = load_model(arguments.model)
        saved = Saved.from_metadata(model.metadata)
        table = _table(arguments, saved)
        ids = [name for name in saved.ids if name in table.columns]
        identifiers = {name: table.texts(name) for name in arguments.id or ids}
        outputs = model.predict(for_model(encode(saved.inputs, table)))
        n_outputs = len(saved.target.categories) if isinstance(saved.target, Classes) else 1
        if outputs.shape[1:] != (n_outputs,):
            raise ValueError(
                f"{arguments.model} has outputs of shape {outputs.shape[1:]}; its column "
                f"{saved.target.name!r} needs ({n_outputs},)"
            )
    except (OSError, ValueError, ModuleNotFoundError) as error:
        return refuse(error)
    _tell_of_others(table, saved)
    header = [*identifiers, *_header(saved.target)]
    parts = (*map(_each, identifiers.values()), _rows(saved.target, outputs))
    rows = ((*texts, *predicted) for *texts, predicted in zip(*parts, strict=True))
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


def _table(arguments: argparse.Namespace, saved: Saved) -> Table:
    """The table, read as that which the model was trained on."""
    texts = {column.name for column in saved.inputs if isinstance(column, (OneHot, Embedded))}
    given = dialect.given(arguments, saved.dialect.na_values)
    return read_table(
        arguments.data, given, saved.dialect, as_texts={*texts, *saved.ids, *(arguments.id or ())}
    )


def _tell_of_others(table: Table, saved: Saved) -> None:
    """Say which texts the model does not know."""
    for column in saved.inputs:
        if isinstance(column, (OneHot, Embedded)):
            is_other = column.places(table) == len(column.categories)
            rows = np.flatnonzero(is_other & ~table.is_missing(column.name))
            if rows.size:
                complain(
                    f"column {column.name!r}: {table.text(column.name, rows[0])!r} in line "
                    f"{table.line(rows[0])} is none of the {len(column.categories)} categories "
                    f"that the model tells apart{nor_others(rows.size - 1)}"
                )


def _header(target: Target) -> list[str]:
    if isinstance(target, Classes):
        return [target.name, *(f"p({category})" for category in target.categories)]
    return [target.name]


def _rows(target: Target, outputs: np.ndarray) -> Iterator[Sequence[str]]:
    """The texts of the predictions; reading them gives the same numbers."""
    if isinstance(target, Classes):
        for label, shares in zip(outputs.argmax(axis=1).tolist(), outputs, strict=True):
            yield (target.categories[label], *map(str, shares))
    else:
        percent = "%" if target.are_percentages else ""
        for value in target.decode(outputs[:, 0].astype(float)).tolist():
            yield (f"{value!r}{percent}",)


def _each(texts: Texts) -> Iterable[str]:
    """The text of each row."""
    return (texts.values[code] if code >= 0 else "" for code in texts.codes.tolist())


def _write(file: Any, header: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow(header)
    writer.writerows(rows)
