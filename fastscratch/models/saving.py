"""A model in one safetensors file: weights and slots as arrays, all else as JSON in its header.

A file may come from anywhere, so nothing it says is believed: a checksum finds what was damaged on
the way, and what was written in bad faith is checked like a user's arguments, before any memory of
a size that the header claims is asked for.
"""

import hashlib
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save

from .. import layers as layer_kinds
from .. import losses, optimizers
from ..engine import Network
from ..layers.base import as_shape
from ..validation import as_integer, is_finite
from .replacing import replace_file

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
        header = json.loads(json.dumps(header))  # as it will be read
    except (TypeError, ValueError, RecursionError) as error:
        raise TypeError(f"metadata must be what JSON can hold: {error}") from None
    header["sha256"] = _checksum(header, arrays)
    # In one entry, for safetensors writes several in any order: the same model is the same bytes.
    replace_file(path, save(arrays, {"fastscratch": json.dumps(header)}))


def _checksum(header: dict[str, Any], arrays: dict[str, np.ndarray]) -> str:
    """SHA-256 of our header, and of each array's name, type, shape and numbers."""
    digest = hashlib.sha256(json.dumps(header).encode())
    for name in sorted(arrays):
        array = arrays[name]
        digest.update(f"{name} {array.dtype} {array.shape}".encode())
        digest.update(array)
    return digest.hexdigest()


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
            arrays = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
        if header.pop("sha256") != _checksum(header, arrays):
            raise ValueError("it is damaged, for its checksum differs")
        if header["format"] != FORMAT:
            raise ValueError(f"its format is {header['format']}, wanted {FORMAT}")
        return _model(header, arrays)
    except (
        SafetensorError,
        ValueError,
        TypeError,
        LookupError,
        AttributeError,
        ArithmeticError,
        RecursionError,
    ) as error:
        what = f"{error} is missing" if isinstance(error, KeyError) else error
        raise ValueError(f"{path} is not a model that fastscratch saved: {what}") from error


def _model(header: dict[str, Any], arrays: dict[str, np.ndarray]) -> "Sequential":
    from .sequential import Sequential

    model = Sequential(name=str(header["name"]), dtype=header["dtype"])
    model._input_shape = as_shape("input_shape", header["input_shape"])
    for config in header["layers"]:
        kind = config.pop("class")
        if kind not in layer_kinds.__all__ or not issubclass(
            getattr(layer_kinds, kind), layer_kinds.Layer
        ):
            raise ValueError(f"there is no layer {kind!r}")
        model.add(getattr(layer_kinds, kind)(**config))
    n_slots = 0
    if header["loss"] is not None:
        optimizer = optimizers.from_config(header["optimizer"])
        model.compile(optimizer, losses.get(header["loss"]), header["metrics"])
        n_slots = optimizer.n_slots
    model.seed = as_integer("seed", header["seed"], 0)
    model.metadata = dict(header["metadata"])
    weights, slots = _sorted(model, arrays, n_slots)
    model.set_weights(weights)
    model.iterations = as_integer("iterations", header["iterations"], 0)
    model.trained_epochs = as_integer("trained_epochs", header["trained_epochs"], 0)
    model._slots = slots or None
    return model


def _sorted(
    model: "Sequential", arrays: dict[str, np.ndarray], n_slots: int
) -> tuple[list[np.ndarray], list[np.ndarray]]:
    """The weights of a model that is not built yet, and what its optimiser remembers, if it does.

    Raises
    ------
    ValueError
        If they are not all there, and of the model's shapes and type, or there are others.
    """
    network = Network(model.layers, model._input_shape)
    wanted = {
        f"{layer.name}/{placed.weight.name}": placed.weight.shape
        for layer, weights in zip(network.layers, network.weights, strict=True)
        for placed in weights
    }
    n_weights = len(wanted)
    if "optimizer/0" in arrays:
        wanted |= {f"optimizer/{k}": (network.n_parameters,) for k in range(n_slots)}
    for name in sorted(wanted.keys() | arrays.keys()):
        if name not in arrays or name not in wanted:
            raise ValueError(f"the array {name!r} is {'missing' if name in wanted else 'unknown'}")
        array = arrays[name]
        if array.shape != wanted[name] or array.dtype != model.dtype or not is_finite(array):
            raise ValueError(
                f"the array {name!r} must hold finite numbers of type {model.dtype} and shape "
                f"{wanted[name]}, got {array.dtype} and {array.shape}"
            )
    ordered = [arrays[name] for name in wanted]
    return ordered[:n_weights], ordered[n_weights:]
