"""Optimisers, under the names and defaults of ``keras.optimizers``.

They only hold numbers. The steps are computed in :mod:`fastscratch.kernels.optimizers`; the engine
asks an optimiser which of the ``UPDATES`` there it uses, and for its hyper-parameters.
"""

from typing import Any

from ..absent import ABSENT
from ..validation import one_of
from . import schedules
from .adam import Adam, Adamax, AdamW, Nadam
from .optimizer import Optimizer
from .rmsprop import Adadelta, Adagrad, RMSprop
from .sgd import SGD, Lion

__all__ = [
    "SGD",
    "Adadelta",
    "Adagrad",
    "Adam",
    "AdamW",
    "Adamax",
    "Lion",
    "Nadam",
    "Optimizer",
    "RMSprop",
    "from_config",
    "get",
    "schedules",
]

_BY_NAME = {
    kind.__name__.lower(): kind
    for kind in (SGD, RMSprop, Adagrad, Adadelta, Adam, AdamW, Nadam, Adamax, Lion)
}


def get(identifier: str | Optimizer) -> Optimizer:
    """The optimiser of a name, with its defaults; an instance is returned as it is.

    Parameters
    ----------
    identifier : str or Optimizer
        "sgd", "rmsprop", "adagrad", "adadelta", "adam", "adamw", "nadam", "adamax" or "lion", in
        small letters or capitals.

    Returns
    -------
    Optimizer

    Raises
    ------
    ValueError
        If it is neither a known name nor an Optimizer.

    Examples
    --------
    >>> from fastscratch import optimizers
    >>> optimizers.get("adam").learning_rate
    0.001
    """
    if isinstance(identifier, Optimizer):
        if not isinstance(identifier, tuple(_BY_NAME.values())):
            known = ", ".join(kind.__name__ for kind in _BY_NAME.values())
            raise ValueError(
                f"optimizer must be one of {known}, got one with a formula of its own, "
                f"{type(identifier).__name__}"
            )
        return identifier
    name = identifier.lower() if isinstance(identifier, str) else identifier
    for absent, sentence in ABSENT["optimizers"].items():
        if name == absent.lower():
            raise ValueError(f"optimizer {identifier!r} is not here: {sentence}")
    return _BY_NAME[one_of("optimizer", name, tuple(_BY_NAME))]()


def from_config(config: dict[str, Any]) -> Optimizer:
    """The optimiser whose `get_config` returned a config.

    Returns
    -------
    Optimizer

    Raises
    ------
    TypeError, ValueError
        If `config` is not from an optimiser.

    Examples
    --------
    >>> from fastscratch import optimizers
    >>> optimizers.from_config(optimizers.Adam(0.01).get_config())
    Adam(learning_rate=0.01)
    """
    if not isinstance(config, dict):
        raise TypeError(f"config must be a dict, got {type(config).__name__}")
    arguments = dict(config)
    kind = one_of(
        "class", arguments.pop("class", None), tuple(k.__name__ for k in _BY_NAME.values())
    )
    if isinstance(arguments.get("learning_rate"), dict):
        arguments["learning_rate"] = schedules.from_config(arguments["learning_rate"])
    return _BY_NAME[kind.lower()](**arguments)
