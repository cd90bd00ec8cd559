"""A model in one safetensors file: weights and slots as arrays, all else as JSON in its header.

A file may come from anywhere, so nothing in it is trusted: a checksum finds damage, and the
description is checked like a user's arguments, before memory of the sizes that it claims is
allocated.
"""

import copy
import hashlib
import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save

from .. import losses, optimizers
from ..addresses import is_finite
from ..metrics.registry import deserialize, serialize
from ..validation import as_flag, as_integer, as_model_path, as_path
from .configuration import UNFIT, config_of, model_of
from .foreign import what_it_is
from .replacing import replace_file, replaceable
from .state import State

if TYPE_CHECKING:
    from .model import Model

# Files of format 1, which had Sequential models only, are read too.
FORMAT = 2


def save_model(model: "Model", filepath: str | Path, overwrite: bool = True) -> None:
    """See :meth:`Model.save`."""
    overwrite, path = as_flag("overwrite", overwrite), as_model_path("filepath", filepath)
    target = replaceable(path)
    if target.exists() and not overwrite:
        raise FileExistsError(f"there is a file {path} already, and overwrite is False")
    header, arrays = described(model)
    header["sha256"] = _checksum(header, arrays)
    # In one entry, because safetensors writes several in any order: the same model gives the same
    # bytes.
    replace_file(target, save(arrays, {"fastscratch": json.dumps(header)}))


def described(model: "Model") -> tuple[dict[str, Any], dict[str, np.ndarray]]:
    """Everything of a model but its arrays, as JSON; and its arrays.

    Raises
    ------
    TypeError, ValueError
        If the model could not be loaded again.
    """
    model.count_params()  # builds it
    state = model._state
    if model.optimizer is not None:
        state = state.for_optimizer(model.optimizer)
    arrays = {
        f"{layer.name}/{placed.weight.name}": placed.view(state.parameters)
        for layer, weights in model._network.weights_by_layer()
        for placed in weights
    }
    for k, slot in enumerate(state.slots or ()):
        arrays[f"optimizer/{k}"] = slot
    header = _header(model, state)
    _check_that_it_loads(model, header, arrays)
    return header, arrays


def _header(model: "Model", state: State) -> dict[str, Any]:
    """Everything of a model but its arrays, as JSON.

    Raises
    ------
    TypeError, ValueError
        If JSON cannot hold it.
    """
    if not isinstance(model.metadata, dict):
        raise TypeError(f"metadata must be a dict, got {type(model.metadata).__name__}")
    try:
        metadata = json.loads(json.dumps(model.metadata))  # as it will be read
    except UNFIT as error:
        raise TypeError(f"metadata must be what JSON can hold: {error}") from None
    header = {
        "format": FORMAT,
        **config_of(model),
        "seed": model.seed,
        "iterations": state.iterations,
        "updates": state.updates,
        "pending": state.pending,
        "trained_epochs": state.epochs,
        "losses": [loss.get_config() for loss in model._losses],
        "loss_weights": model._loss_weights,
        "optimizer": model.optimizer and model.optimizer.get_config(),
        "metrics": [[serialize(one) for one in own] for own in model._metrics],
        "weighted_metrics": [[serialize(one) for one in own] for own in model._weighted_metrics],
        "metadata": metadata,
    }
    return json.loads(json.dumps(header))


def _check_that_it_loads(
    model: "Model", header: dict[str, Any], arrays: dict[str, np.ndarray]
) -> None:
    """Make the model again from its description, before a good file is replaced by this one.

    Raises
    ------
    ValueError
        If that cannot be done, or makes another model: one of the parts is of a class that is not
        of this package, or has an attribute that no argument can set.
    """
    wrong = "the model cannot be saved, because it could not be loaded again:"
    try:
        again, _, progress = _checked(copy.deepcopy(header), arrays)
        same = _header(again, State(np.empty(0), **progress))
    except UNFIT as error:
        raise ValueError(f"{wrong} {error}") from error
    for part, made in zip(_parts(model), _parts(again), strict=True):
        if type(part) is not type(made):
            raise ValueError(f"{wrong} {type(part).__name__} is a class of another package")
    for name, value in header.items():
        if json.dumps(value) != json.dumps(same.get(name)):  # as text, because NaN differs from NaN
            raise ValueError(f"{wrong} its {name} would not be the same")


def _parts(model: "Model") -> list[Any]:
    """The parts of a model whose classes are saved."""
    rate = getattr(model.optimizer, "learning_rate", None)
    return [*model.layers, *model._losses, model.optimizer, rate]


def _checksum(header: dict[str, Any], arrays: dict[str, np.ndarray]) -> str:
    """SHA-256 of our header, and of each array's name, type, shape and numbers."""
    digest = hashlib.sha256(json.dumps(header).encode())
    for name in sorted(arrays):
        array = arrays[name]
        digest.update(f"{name} {array.dtype} {array.shape}".encode())
        digest.update(array.data)
    return digest.hexdigest()


def load_model(filepath: str | Path) -> "Model":
    """The model that :meth:`Model.save` saved; loading runs none of the file's code.

    Training goes on where it stopped: some epochs, saving, loading and more epochs give the same
    bits as all epochs in one run.

    Parameters
    ----------
    filepath : path

    Returns
    -------
    Sequential or Model

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    IsADirectoryError
        If it is a folder.
    ValueError
        If the file is damaged, or not one of ours; the message says what it is, if that is known.

    Examples
    --------
    >>> import tempfile
    >>> from fastscratch import Sequential, layers, models
    >>> model = Sequential([layers.Input((4,)), layers.Dense(3)])
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     model.save(f"{folder}/model.safetensors")
    ...     again = models.load_model(f"{folder}/model.safetensors")
    >>> bool((again.get_weights()[0] == model.get_weights()[0]).all())
    True
    """
    path = as_path("filepath", filepath)
    if path.is_dir():
        raise IsADirectoryError(f"{path} is {what_it_is(path)}, and no model file")
    if not path.is_file():
        raise FileNotFoundError(f"there is no model file {path}")
    refused = f"{path} is not a model that fastscratch saved"
    try:
        with safe_open(path, framework="numpy") as file:
            metadata = file.metadata() or {}
            if "fastscratch" not in metadata:
                raise ValueError("it is a safetensors file that another program wrote")
            header = json.loads(metadata["fastscratch"])
            arrays = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
        if header.pop("sha256") != _checksum(header, arrays):
            raise ValueError("it is damaged: its checksum differs")
        if header["format"] not in (1, FORMAT):
            raise ValueError(f"its format is {header['format']}, expected {FORMAT}")
        model, weights, progress = _checked(header, arrays)
        model.set_weights(weights)
    except SafetensorError as error:
        what = what_it_is(path)
        raise ValueError(f"{refused}: {f'it is {what}' if what else error}") from error
    except KeyError as error:
        raise ValueError(f"{refused}: {error} is missing") from error
    except UNFIT as error:
        raise ValueError(f"{refused}: {error}") from error
    model._state = model._state.replaced(**progress)
    return model


def _checked(
    header: dict[str, Any], arrays: dict[str, np.ndarray]
) -> tuple["Model", list[np.ndarray], dict[str, Any]]:
    """The model that a file describes, not built yet; its weights; and the rest of its state.

    Everything that a file can be refused for is refused here.
    """
    model = model_of(header)
    remembered: tuple[str, ...] = ()
    names = model.output_names
    if header["format"] == 1:
        of_each = [] if header["loss"] is None else [header["loss"]]
        metrics, weights = [header["metrics"]], [1.0]
    else:
        of_each, metrics = header["losses"], header["metrics"]
        weights = header["loss_weights"]
    measured = [[deserialize(one) for one in own] for own in metrics]
    weighted = [
        [deserialize(one) for one in own]
        for own in header.get("weighted_metrics") or [[] for _ in metrics]
    ]
    if of_each:
        optimizer = optimizers.from_config(header["optimizer"])
        checked = [losses.get(config) for config in of_each]
        one = len(names) == 1
        if one and not len(checked) == len(measured) == len(weighted) == len(weights) == 1:
            raise ValueError("it has losses of other outputs")
        model._compile(
            optimizer,
            checked[0] if one else checked,
            measured[0] if one else measured,
            weights[0] if one else weights,
            weighted[0] if one else weighted,
        )
        remembered = optimizer.remembered
    model.seed = as_integer("seed", header["seed"], 0)
    model.metadata = dict(header["metadata"])
    ordered, slots = _sorted(model, arrays, len(remembered))
    slots = [_in_order_of_model(model, header["layers"], slot) for slot in slots]
    progress = {
        "slots": tuple(slots) or None,
        "remembered": remembered if slots else (),
        **_counts(header, model.optimizer),
    }
    return model, ordered, progress


def _counts(header: dict[str, Any], optimizer: optimizers.Optimizer | None) -> dict[str, int]:
    """How far training has come."""
    every = (optimizer and optimizer.gradient_accumulation_steps) or 1
    iterations = as_integer("iterations", header["iterations"], 0)
    updates, pending = divmod(iterations, every)  # of files from before the two were saved
    pending = as_integer("pending", header.get("pending", pending), 0)
    if pending >= every:
        raise ValueError(f"pending must be below {every}, got {pending}")
    return {
        "iterations": iterations,
        "updates": as_integer("updates", header.get("updates", updates), 0),
        "pending": pending,
        "epochs": as_integer("trained_epochs", header["trained_epochs"], 0),
    }


def _in_order_of_model(
    model: "Model", configs: Sequence[dict[str, Any]], slot: np.ndarray
) -> np.ndarray:
    """What an optimiser remembers of all weights, from the order of the layers in a file.

    A file may have been written when the layers of a graph were ordered by their calls.
    """
    placed = {layer.name: own for layer, own in model._network_for(None).weights_by_layer()}
    ordered, start = np.empty_like(slot), 0
    for config in configs:
        for weight in placed.get(config.get("name"), ()):
            size = weight.stop - weight.offset
            ordered[weight.offset : weight.stop] = slot[start : start + size]
            start += size
    return ordered


def _sorted(
    model: "Model", arrays: dict[str, np.ndarray], n_slots: int
) -> tuple[list[np.ndarray], list[np.ndarray]]:
    """The weights of a model that is not built yet, and what its optimiser remembers, if anything.

    Raises
    ------
    ValueError
        If they are not all there, and of the model's shapes and type, or there are others.
    """
    network = model._network_for(None)
    wanted = {
        f"{layer.name}/{placed.weight.name}": placed.weight.shape
        for layer, weights in network.weights_by_layer()
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
