"""The network that `train` fits, with its columns."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from .. import layers
from ..callbacks import Callback, EarlyStopping
from ..models import Model, Sequential
from ..optimizers import Adam
from ..output import progress_bar
from .columns import Classes, Input, Target, parted, width

__all__ = ["Settings", "fit", "network"]


@dataclass(frozen=True)
class Settings:
    """How a network is trained.

    Attributes
    ----------
    hidden : sequence of int
        Units of each hidden layer.
    epochs, batch_size : int
    learning_rate : float
    validation_split : float
        Share of the rows that say when to stop.
    patience : int
        The fit ends after this many epochs without a lower loss of these rows.
    seed : int
    """

    hidden: Sequence[int]
    epochs: int
    batch_size: int
    learning_rate: float
    validation_split: float
    patience: int
    seed: int


def network(inputs: Sequence[Input], target: Target, hidden: Sequence[int]) -> Model:
    """A network of dense layers; texts with many categories go through embeddings first."""
    plain, embedded = parted(inputs)
    dense = [layers.Dense(units, "relu", kernel_initializer="he_uniform") for units in hidden]
    if isinstance(target, Classes):
        dense.append(layers.Dense(len(target.categories), "softmax"))
    else:
        dense.append(layers.Dense(1))
    if not embedded:
        return Sequential([layers.Input((width(plain),)), *dense])
    given = [layers.Input((width(plain),))] if plain else []
    parts: list[layers.SymbolicTensor] = [*given]
    for column in embedded:
        given.append(layers.Input((1,)))
        # Texts that no learned row holds keep these zeros, which say nothing.
        vectors = layers.Embedding(column.n_vectors, column.length, "zeros")(given[-1])
        parts.append(layers.Flatten()(vectors))
    tensor = layers.Concatenate()(parts) if len(parts) > 1 else parts[0]
    for layer in dense:
        tensor = layer(tensor)
    return Model(given, tensor)


def fit(
    model: Model,
    target: Target,
    settings: Settings,
    learned: tuple[Any, np.ndarray],
    validation: tuple[Any, np.ndarray] | None,
) -> dict[str, list[float]]:
    """Train a network; return its losses.

    With validation rows, training ends early, and the weights of the best epoch are kept.
    """
    is_classes = isinstance(target, Classes)
    loss = "sparse_categorical_crossentropy" if is_classes else "mean_squared_error"
    model.compile(Adam(settings.learning_rate), loss)
    callbacks: list[Callback] = [_Bar()]
    if validation:
        callbacks.append(EarlyStopping(patience=settings.patience, restore_best_weights=True))
    return model.fit(
        *learned,
        batch_size=settings.batch_size,
        epochs=settings.epochs,
        verbose=0,
        callbacks=callbacks,
        validation_data=validation,
    ).history


class _Bar(Callback):
    """A progress bar that counts epochs."""

    def on_train_begin(self, logs: dict[str, float] | None = None) -> None:
        self._bar = progress_bar(self.params["epochs"], "train", "epoch")

    def on_epoch_end(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        self._bar.update()

    def on_train_end(self, logs: dict[str, float] | None = None) -> None:
        self._bar.close()
