"""A model in one safetensors file: weights and slots as arrays, all else as JSON in its header."""

import json
import os
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save

from .. import layers as layer_kinds
from .. import losses, optimizers

if TYPE_CHECKING:
    from .sequential import Sequential

FORMAT = 1


def save_model(model: "Sequential", filepath: str | Path, overwrite: bool = True) -> None:
    """See :meth:`Sequential.save`."""
    path = Path(filepath)
    if path.exists() and not overwrite:
        raise FileExistsError(f"there is a file {path} already, and overwrite is False")
    model.count_params()  # builds it
    arrays = {
        f"{layer.name}/{placed.weight.name}": placed.view(model._parameters)
        for layer, placed in model.named_weights()
    }
    for k, slot in enumerate(model._slots or ()):
        arrays[f"optimizer/{k}"] = slot
    header = {
        "format": FORMAT,
        "name": model.name,
        "dtype": model.dtype,
        "seed": model.seed,
        "iterations": model.iterations,
        "trained_epochs": model.trained_epochs,
        "input_shape": model._input_shape,
        "layers": [{"class": type(layer).__name__, **layer.get_config()} for layer in model.layers],
        "loss": model.loss and model.loss.get_config(),
        "optimizer": model.optimizer and model.optimizer.get_config(),
        "metrics": model.metrics,
        "metadata": model.metadata,
    }
    try:
        text = json.dumps(header)
    except (TypeError, ValueError) as error:
        raise TypeError(f"metadata must be what JSON can hold: {error}") from None
    # Beside the target, for a rename does not cross file systems.
    with tempfile.TemporaryDirectory(prefix=f".{path.name}.", dir=path.parent) as folder:
        aside = Path(folder, path.name)
        with aside.open("wb") as file:
            file.write(save(arrays, {"fastscratch": text}))
            file.flush()
            os.fsync(file.fileno())
        os.replace(aside, path)


def load_model(filepath: str | Path) -> "Sequential":
    """The model that :meth:`Sequential.save` saved; loading runs none of the file's code.

    Training goes on where it stopped: the same epochs, fitted before and after, give the same bits
    as without the file in between.

    Parameters
    ----------
    filepath : path

    Returns
    -------
    Sequential

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    ValueError
        If the file is damaged, or not one of ours.
    """
    path = Path(filepath)
    if not path.is_file():
        raise FileNotFoundError(f"there is no model file {path}")
    try:
        with safe_open(path, framework="numpy") as file:
            header = json.loads((file.metadata() or {})["fastscratch"])
            if header["format"] != FORMAT:
                raise ValueError(f"its format is {header['format']}, wanted {FORMAT}")
            arrays = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
        return _model(header, arrays)
    except (SafetensorError, ValueError, TypeError, KeyError, AttributeError) as error:
        raise ValueError(f"{path} is not a model that fastscratch saved: {error}") from error


def _model(header: dict[str, Any], arrays: dict[str, np.ndarray]) -> "Sequential":
    from .sequential import Sequential

    model = Sequential(name=header["name"], dtype=header["dtype"])
    model._input_shape = tuple(header["input_shape"])
    for config in header["layers"]:
        kind = config.pop("class")
        if kind not in layer_kinds.__all__ or not issubclass(
            getattr(layer_kinds, kind), layer_kinds.Layer
        ):
            raise ValueError(f"there is no layer {kind!r}")
        model.add(getattr(layer_kinds, kind)(**config))
    if header["loss"] is not None:
        optimizer = optimizers.from_config(header["optimizer"])
        model.compile(optimizer, losses.get(header["loss"]), header["metrics"])
    model.seed, model.metadata = header["seed"], dict(header["metadata"])
    model._build(None)
    weights = [
        arrays[f"{layer.name}/{placed.weight.name}"] for layer, placed in model.named_weights()
    ]
    model.set_weights(weights)
    model.iterations = header["iterations"]
    model.trained_epochs = header["trained_epochs"]
    slots = [arrays[f"optimizer/{k}"] for k in range(len(arrays) - len(weights))]
    if any(slot.shape != model._parameters.shape for slot in slots):
        raise ValueError("what its optimiser remembers has another shape than its weights")
    model._slots = slots or None
    return model
