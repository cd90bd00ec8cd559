"""The weights of a model alone, in a safetensors file, by the names of layers and weights."""

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save

from ..addresses import is_finite
from ..validation import as_flag, as_model_path
from .foreign import what_it_is
from .names import name_of
from .replacing import replace_file, replaceable

if TYPE_CHECKING:
    from .weighted import Weighted


def save_weights(model: "Weighted", filepath: str | Path, overwrite: bool) -> None:
    """See :meth:`Model.save_weights`."""
    overwrite, path = as_flag("overwrite", overwrite), as_model_path("filepath", filepath)
    target = replaceable(path)
    if target.exists() and not overwrite:
        raise FileExistsError(f"there is a file {path} already, and overwrite is False")
    arrays = _named(model)
    for name, array in arrays.items():
        if not is_finite(array):
            raise ValueError(f"the weights cannot be saved: {name} is not finite")
    replace_file(target, save(arrays))


def load_weights(model: "Weighted", filepath: str | Path, skip_mismatch: bool) -> None:
    """See :meth:`Model.load_weights`."""
    skip_mismatch, path = (
        as_flag("skip_mismatch", skip_mismatch),
        as_model_path("filepath", filepath),
    )
    if not path.is_file():
        what = f"{path} is a folder" if path.is_dir() else f"there is no file {path}"
        raise FileNotFoundError(f"{what}, so no weights can be loaded from it")
    try:
        with safe_open(path, framework="numpy") as file:
            arrays = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    except SafetensorError as error:
        what = what_it_is(path) or f"no safetensors file ({error})"
        raise ValueError(f"no weights can be loaded from {path}: it is {what}") from None
    own = _named(model)
    wrong = {name: trouble for name in own if (trouble := _trouble(name, own[name], arrays))}
    unknown = [name for name in arrays if name not in own and not name.startswith("optimizer/")]
    if not skip_mismatch:
        wrong |= {name: f"{name} is no weight of the model" for name in unknown}
        if wrong:
            raise ValueError(
                f"the weights in {path} are those of another model: {next(iter(wrong.values()))}; "
                "skip_mismatch=True takes the others"
            )
    model.set_weights([own[name] if name in wrong else arrays[name] for name in own])


def _named(model: "Weighted") -> dict[str, np.ndarray]:
    """The weights by their names in a file, as those of :func:`fastscratch.load_model`."""
    model.count_params()  # builds it
    return {
        f"{name_of(layer)}/{placed.weight.name}": placed.view(model._state.parameters)
        for layer, placed in model._named_weights()
    }


def _trouble(name: str, own: np.ndarray, arrays: dict[str, np.ndarray]) -> str:
    """Why a weight cannot be taken from a file; nothing if it can."""
    if name not in arrays:
        return f"{name} is missing"
    array = arrays[name]
    if array.dtype.kind != "f" or array.shape != own.shape or not is_finite(array):
        return (
            f"{name} must hold finite numbers of shape {own.shape}, got {array.dtype} of shape "
            f"{array.shape}"
        )
    return ""
