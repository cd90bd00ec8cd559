"""``fastscratch train``: a network that predicts one column of a CSV file from the others."""

import argparse
from collections.abc import Sequence

import numpy as np

from .. import metrics
from ..callbacks import Callback
from ..layers import Dense, Input
from ..models import Sequential
from ..models.replacing import replaceable
from ..optimizers import Adam
from ..output import progress_bar, say
from ..utils import set_random_seed
from ..validation import as_integer, as_model_path, as_number, as_positive
from ..wording import quantity
from .columns import Categorical, Column, Numeric, encode, to_metadata
from .refusal import refuse
from .table import Table, read_table

__all__ = ["add_to", "run"]

#: A table with fewer rows is refused.
FEWEST_ROWS = 10
#: A target of whole numbers with this many different values or fewer is taken for classes.
MOST_CLASSES = 10


def add_to(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command to a parser."""
    train = commands.add_parser(
        "train",
        help="train a network that predicts a column of a CSV file",
        description="Train a network that predicts one column of a CSV file from the others, save "
        "it, and print how well it predicts rows that were held out. Columns of numbers are "
        "standardised; a column of texts becomes a column of zeros and ones for each category. Two "
        "runs with the same arguments give the same model.",
    )
    train.add_argument("data", metavar="DATA.csv", help="its first line names the columns")
    train.add_argument("--target", metavar="COLUMN", required=True, help="column to predict")
    train.add_argument(
        "--ignore", metavar="COLUMN", nargs="+", default=(), help="columns to leave out"
    )
    train.add_argument(
        "--task",
        choices=("auto", "classification", "regression"),
        default="auto",
        help=f"auto is classification if the target holds texts, or at most {MOST_CLASSES} "
        "different whole numbers (default: %(default)s)",
    )
    train.add_argument(
        "--hidden",
        metavar="UNITS",
        type=int,
        nargs="*",
        default=[32],
        help="units of each hidden layer; without a number, a linear model (default: 32)",
    )
    train.add_argument(
        "--epochs",
        metavar="N",
        type=int,
        default=100,
        help="passes over the rows (default: %(default)s)",
    )
    train.add_argument(
        "--batch-size",
        metavar="N",
        type=int,
        default=32,
        help="rows in a step (default: %(default)s)",
    )
    train.add_argument(
        "--learning-rate",
        metavar="RATE",
        type=float,
        default=0.003,
        help="learning rate of the optimiser Adam (default: %(default)s)",
    )
    train.add_argument(
        "--hold-out",
        metavar="SHARE",
        type=float,
        default=0.2,
        help="share of the rows to test with (default: %(default)s)",
    )
    train.add_argument(
        "--seed",
        metavar="N",
        type=int,
        default=0,
        help="seed of all random numbers (default: %(default)s)",
    )
    train.add_argument(
        "--output",
        metavar="MODEL",
        default="model.safetensors",
        help="file to save the model in (default: %(default)s)",
    )
    train.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Train, test and save."""
    try:
        _check(arguments)
        table = read_table(arguments.data)
        classes = _classes(table, arguments.target, arguments.task)
        learned, held_out = _split(table, classes, arguments.hold_out, arguments.seed)
        target = classes or Numeric.fit(arguments.target, table.numbers(arguments.target)[learned])
        inputs = _inputs(table, target.name, arguments.ignore, learned)
        x = encode(inputs, table)
        y = classes.labels(table) if classes else target.encode(table)
        _describe(table, inputs, target)

        set_random_seed(arguments.seed)
        model = _network(x.shape[1], arguments.hidden, target)
        model.compile(Adam(arguments.learning_rate), _loss(target))
        fitted = model.fit(
            x[learned],
            y[learned],
            batch_size=arguments.batch_size,
            epochs=arguments.epochs,
            verbose=0,
            callbacks=[_Bar()],
        )
        widths = [layer.units for layer in model.layers if isinstance(layer, Dense)]
        say(
            f"network {'-'.join(map(str, [x.shape[1], *widths]))}, "
            f"{quantity(arguments.epochs, 'epoch')} on {quantity(len(learned), 'row')}: loss "
            f"{fitted.history['loss'][-1]:.4g}"
        )
        say(f"{len(held_out)} rows held out:")
        for name, value in _test(model, x[held_out], y[held_out], target):
            say(f"  {name:<24}{value:>10.4g}")
        model.metadata = to_metadata(inputs, target)
        model.save(arguments.output)
    except (OSError, ValueError, FloatingPointError) as error:
        return refuse(error)
    say(f"saved as {arguments.output}")
    return 0


class _Bar(Callback):
    """A progress bar that counts epochs."""

    def on_train_begin(self, logs: dict[str, float] | None = None) -> None:
        self._bar = progress_bar(self.params["epochs"], "train", "epoch")

    def on_epoch_end(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        self._bar.update()

    def on_train_end(self, logs: dict[str, float] | None = None) -> None:
        self._bar.close()


def _check(arguments: argparse.Namespace) -> None:
    """Refuse impossible arguments before any work is done."""
    for units in arguments.hidden:
        as_integer("--hidden", units, 1)
    as_integer("--epochs", arguments.epochs, 1)
    as_integer("--batch-size", arguments.batch_size, 1)
    as_positive("--learning-rate", arguments.learning_rate)
    as_integer("--seed", arguments.seed, 0)
    if not 0 < as_number("--hold-out", arguments.hold_out) < 1:
        raise ValueError(f"--hold-out must be between 0 and 1, got {arguments.hold_out:g}")
    replaceable(as_model_path("--output", arguments.output))


def _classes(table: Table, name: str, task: str) -> Categorical | None:
    """The target as a column of classes, or None for a regression."""
    texts = table.texts(name)
    if len(table) < FEWEST_ROWS:
        raise ValueError(
            f"{table.path} has {quantity(len(table), 'row')}, too few to learn from some and test "
            f"with others; it needs at least {FEWEST_ROWS}"
        )
    if len(set(texts)) == 1:
        raise ValueError(f"column {name!r} holds only {texts[0]!r}: there is nothing to predict")
    if task == "auto":
        is_text = not table.holds_numbers(name)
        few = is_text or len(set(texts)) <= MOST_CLASSES
        whole = is_text or bool((table.numbers(name) % 1 == 0).all())
        task = "classification" if few and whole else "regression"
    if task == "regression":
        return None
    classes = Categorical.fit(name, texts)
    for category in classes.categories:
        if texts.count(category) < 2:
            raise ValueError(
                f"class {category!r} of column {name!r} has one row; it needs at least two, one to "
                "learn from and one to test with"
            )
    return classes


def _split(
    table: Table, classes: Categorical | None, share: float, seed: int
) -> tuple[np.ndarray, np.ndarray]:
    """Rows to learn from and rows to test with; of each class the same share is held out."""
    order = np.random.default_rng(seed).permutation(len(table))
    if classes:
        labels = classes.labels(table)
        order = order[np.argsort(labels[order], kind="stable")]
    is_held_out = np.diff(np.floor(np.arange(len(table) + 1) * share)) > 0
    learned, held_out = np.sort(order[~is_held_out]), np.sort(order[is_held_out])
    if len(held_out) < 2 or len(learned) < 2:
        raise ValueError(
            f"--hold-out {share:g} of {len(table)} rows leaves {len(learned)} to learn from and "
            f"{len(held_out)} to test with; both need at least two"
        )
    if classes:
        for label, category in enumerate(classes.categories):
            if label not in labels[learned]:
                raise ValueError(
                    f"--hold-out {share:g} leaves no row of class {category!r} to learn from"
                )
    return learned, held_out


def _inputs(table: Table, target: str, ignored: Sequence[str], learned: np.ndarray) -> list[Column]:
    """The columns to predict from; means and scales are those of the rows to learn from."""
    for name in ignored:
        if name not in table.columns:
            raise ValueError(f"--ignore: {table.path} has no column {name!r}")
    inputs: list[Column] = []
    for name in table.columns:
        if name == target or name in ignored:
            continue
        if table.holds_numbers(name):
            inputs.append(Numeric.fit(name, table.numbers(name)[learned]))
            continue
        column = Categorical.fit(name, table.texts(name))
        if len(column.categories) > max(10, len(table) / 2):
            raise ValueError(
                f"column {name!r} holds {len(column.categories)} different texts in {len(table)} "
                f"rows, too many to learn from; leave it out with --ignore {name!r}"
            )
        inputs.append(column)
    if not inputs:
        raise ValueError(f"{table.path} has no column to predict {target!r} from")
    return inputs


def _describe(table: Table, inputs: Sequence[Column], target: Column) -> None:
    n = sum(isinstance(column, Numeric) for column in inputs)
    columns = f"{quantity(n, 'column')} of numbers, {len(inputs) - n} of texts"
    say(f"{table.path}: {len(table)} rows; {columns}")
    if isinstance(target, Categorical):
        classes = ", ".join(target.categories[:6]) + ", ..." * (len(target.categories) > 6)
        kind = f"classification, {quantity(len(target.categories), 'class', 'classes')}: {classes}"
    else:
        kind = "regression"
    say(f"target {target.name!r}: {kind}")


def _network(n_inputs: int, hidden: Sequence[int], target: Column) -> Sequential:
    model = Sequential([Input((n_inputs,))])
    for units in hidden:
        model.add(Dense(units, "relu", kernel_initializer="he_uniform"))
    if isinstance(target, Categorical):
        model.add(Dense(len(target.categories), "softmax"))
    else:
        model.add(Dense(1))
    return model


def _loss(target: Column) -> str:
    if isinstance(target, Categorical):
        return "sparse_categorical_crossentropy"
    return "mean_squared_error"


def _test(
    model: Sequential, x: np.ndarray, y: np.ndarray, target: Column
) -> list[tuple[str, float]]:
    """Measures of the predictions of held-out rows."""
    outputs = model.predict(x)
    if isinstance(target, Numeric):
        truth, guess = target.decode(y), target.decode(outputs)
        return [
            ("R squared", metrics.r2_score(truth, guess)),
            ("root mean squared error", metrics.mean_squared_error(truth, guess) ** 0.5),
            ("mean absolute error", metrics.mean_absolute_error(truth, guess)),
        ]
    counts = np.bincount(y)
    measures = [
        ("accuracy", metrics.sparse_categorical_accuracy(y, outputs)),
        ("share of largest class", counts.max() / len(y)),
        ("cross-entropy", model.evaluate(x, y)),
    ]
    if len(target.categories) == 2 and counts.size == 2 and counts.min() > 0:
        measures.append(("area under the ROC curve", metrics.auc(y, outputs[:, 1])))
    return measures
