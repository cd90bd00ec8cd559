"""Metrics by their names, and as what JSON has."""

import dataclasses
from collections.abc import Callable
from typing import Any

from ..keras_names import full_name
from ..validation import one_of
from . import accuracies, confusion, curves, decisions, probabilities, regression
from .metric import FunctionOfArrays, Metric, OfFunction, snake_case

#: All metrics of the package, those with a function of their own before others with the same.
_CLASSES: tuple[type[FunctionOfArrays], ...] = tuple(
    kind
    for module in (accuracies, confusion, curves, decisions, probabilities, regression)
    for kind in vars(module).values()
    if isinstance(kind, type) and issubclass(kind, FunctionOfArrays) and hasattr(kind, "function")
)
_BY_NAME: dict[str, type[FunctionOfArrays]] = {}
for _kind in _CLASSES:
    _BY_NAME.setdefault(_kind.function.__name__, _kind)
_SHORT = {
    "acc": "accuracy",
    "auc": "auc",
    "bce": "binary_crossentropy",
    "cosine": "cosine_similarity",
    "f1": "f1_score",
    "mae": "mean_absolute_error",
    "mape": "mean_absolute_percentage_error",
    "mse": "mean_squared_error",
    "msle": "mean_squared_logarithmic_error",
    "rmse": "root_mean_squared_error",
}


def get(identifier: str | Callable[..., Any] | Metric) -> Any:
    """The metric of a name; a function or an object is returned as it is.

    Parameters
    ----------
    identifier : str, callable or Metric
        Name of a function of this package that returns a number, as ``"mean_squared_error"``; that
        of its class in Keras, ``"MeanSquaredError"``; or a short one, ``"mse"`` or ``"MSE"``.

    Returns
    -------
    callable or Metric

    Raises
    ------
    ValueError
        If there is no such metric.

    Examples
    --------
    >>> from fastscratch import metrics
    >>> metrics.get("accuracy")([0, 1], [0, 0])
    0.5
    """
    return identifier if callable(identifier) else _class_of(identifier).function


def _class_of(name: Any) -> type[FunctionOfArrays]:
    """The class of the metric of a name."""
    for kind in _CLASSES:
        if name in (kind.__name__, snake_case(kind.__name__)):
            return kind
    return _BY_NAME[one_of("metric", full_name(name, _BY_NAME, _SHORT), tuple(_BY_NAME))]


def as_metric(identifier: Any) -> Metric:
    """A metric as an object, for ``compile``.

    Parameters
    ----------
    identifier : str, callable or Metric
        As :func:`get` takes it. A name is also that of the object; a function may be one's own.

    Raises
    ------
    TypeError, ValueError
        If it is none of them, or a metric that needs arguments.
    """
    if isinstance(identifier, Metric):
        return identifier
    if isinstance(identifier, str):
        kind, name = _class_of(identifier), identifier
    elif callable(identifier) and not isinstance(identifier, type):
        known = _BY_NAME.get(getattr(identifier, "__name__", ""))
        if known is None or known.function is not identifier:
            return OfFunction(identifier)
        kind, name = known, identifier.__name__
    else:
        raise TypeError(
            f"metrics must be names, functions or objects of metrics, got {identifier!r}"
        )
    needed = [
        field.name
        for field in dataclasses.fields(kind)
        if field.default is dataclasses.MISSING and field.default_factory is dataclasses.MISSING
    ]
    if needed:
        raise ValueError(
            f"metric {name!r} needs arguments: give an object, "
            f"metrics.{kind.__name__}({', '.join(f'{n}=...' for n in needed)})"
        )
    return kind(name=name)


def serialize(identifier: Any) -> str | dict[str, Any]:
    """A name or a description of a metric, in types that JSON has.

    Raises
    ------
    TypeError
        If it is a function or an object of one's own.
    """
    metric = as_metric(identifier)
    if type(metric) not in _CLASSES:
        raise TypeError(f"metric {metric.name!r} is of your own, and cannot be saved")
    assert isinstance(metric, FunctionOfArrays)
    return metric.get_config() if isinstance(identifier, Metric) else str(metric.name)


def deserialize(config: Any) -> Any:
    """A name, or the metric of a description, from what :func:`serialize` returned.

    Raises
    ------
    TypeError, ValueError
        If it is neither.
    """
    if not isinstance(config, dict):
        return config
    arguments = dict(config)
    names = tuple(kind.__name__ for kind in _CLASSES)
    name = one_of("class", arguments.pop("class", None), names)
    return _CLASSES[names.index(name)](**arguments)


def direction(identifier: Any) -> str | None:
    """Which values of a metric are better: "min", the lower ones, or "max", the higher ones.

    None for a metric of one's own that does not say it.

    Returns
    -------
    str or None

    Raises
    ------
    TypeError, ValueError
        If there is no such metric.

    Examples
    --------
    >>> from fastscratch import metrics
    >>> metrics.direction("accuracy"), metrics.direction("mean_squared_error")
    ('max', 'min')
    """
    return as_metric(identifier).direction
