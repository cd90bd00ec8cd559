"""A model as a dict, without its weights; and the model that such a dict makes."""

import json
from typing import TYPE_CHECKING, Any

from .. import layers as layer_kinds
from ..layers.base import as_shape
from ..validation import as_integer, as_text

if TYPE_CHECKING:
    from .model import Model
    from .weighted import Weighted

# What the checks of a description may raise.
UNFIT = (ValueError, TypeError, LookupError, AttributeError, ArithmeticError, RecursionError)


def config_of(model: "Weighted") -> dict[str, Any]:
    """The layers of a model and how they read each other, in types that JSON has."""
    config = {
        "name": model.name,
        "dtype": model.dtype,
        "layers": [{"class": type(layer).__name__, **layer.get_config()} for layer in model.layers],
        **_structure(model),
    }
    return json.loads(json.dumps(config))


def model_of(config: dict[str, Any]) -> "Model":
    """The model that :func:`config_of` has described, without weights.

    Raises
    ------
    ValueError, TypeError, LookupError
        If it describes none.
    """
    layers = [_layer(dict(one)) for one in config["layers"]]
    return _graph(config, layers) if "nodes" in config else _row(config, layers)


def model_from_json(json_string: str) -> "Model":
    """The model that :meth:`Model.to_json` has described, without weights, and not compiled.

    Parameters
    ----------
    json_string : str

    Returns
    -------
    Sequential or Model

    Raises
    ------
    ValueError
        If it describes no model.

    Examples
    --------
    >>> from fastscratch import Sequential, layers, models
    >>> model = Sequential([layers.Input((4,)), layers.Dense(3)])
    >>> models.model_from_json(model.to_json()).output_shape
    (None, 3)
    """
    try:
        described = json.loads(as_text("json_string", json_string))
        return model_of(described["config"])
    except UNFIT as error:
        raise ValueError(f"json_string must be what to_json returned: {error!r}") from None


def clone_model(model: "Model") -> "Model":
    """A model of the same layers with first weights of its own, not compiled.

    Parameters
    ----------
    model : Model

    Returns
    -------
    Sequential or Model

    Examples
    --------
    >>> from fastscratch import Sequential, layers, models
    >>> model = Sequential([layers.Input((4,)), layers.Dense(3)])
    >>> twin = models.clone_model(model)
    >>> twin.count_params()
    15
    """
    from .model import Model

    if not isinstance(model, Model):
        raise TypeError(f"model must be a model, got {type(model).__name__}")
    return model_of(config_of(model))


def _structure(model: "Weighted") -> dict[str, Any]:
    """How the layers of a model read each other; those of a Sequential are in a row."""
    from .sequential import Sequential

    if isinstance(model, Sequential):
        return {"input_shape": model._input_shape}
    network = model._network
    place = {id(layer): k for k, layer in enumerate(network.layers)}
    return {
        "input_shapes": network.input_shapes,
        "input_names": model.input_names,
        "nodes": [[place[id(node.layer)], node.inputs] for node in network.nodes],
        "outputs": network.outputs,
    }


def _layer(config: dict[str, Any]) -> layer_kinds.Layer:
    """The layer that a description was made of."""
    kind = config.pop("class")
    known = kind in layer_kinds.__all__ and isinstance(getattr(layer_kinds, kind), type)
    if not known or not issubclass(getattr(layer_kinds, kind), layer_kinds.Layer):
        raise ValueError(f"there is no layer {kind!r}")
    return getattr(layer_kinds, kind)(**config)


def _row(config: dict[str, Any], layers: list[layer_kinds.Layer]) -> "Model":
    """The layers in a row."""
    from .sequential import Sequential

    model = Sequential(name=str(config["name"]), dtype=config["dtype"])
    if config["input_shape"] is not None:
        model._input_shape = as_shape("input_shape", config["input_shape"])
    for layer in layers:
        model.add(layer)
    return model


def _graph(config: dict[str, Any], layers: list[layer_kinds.Layer]) -> "Model":
    """The layers, called again in the same way."""
    from .model import Model

    inputs = [
        layer_kinds.Input(as_shape("input_shapes", shape), name=str(name))
        for shape, name in zip(config["input_shapes"], config["input_names"], strict=True)
    ]
    tensors: list[layer_kinds.SymbolicTensor] = list(inputs)

    def tensor(number: Any) -> layer_kinds.SymbolicTensor:
        place = as_integer("a tensor's number", number, 0)
        if place >= len(tensors):
            raise ValueError(f"there is no tensor {place} that could be read")
        return tensors[place]

    for place, read in config["nodes"]:
        k = as_integer("a layer's number", place, 0)
        if k >= len(layers):
            raise ValueError(f"there is no layer {k}")
        tensors.append(layers[k]([tensor(number) for number in read]))
    outputs = [tensor(number) for number in config["outputs"]]
    return Model(inputs, outputs, name=str(config["name"]), dtype=config["dtype"])
