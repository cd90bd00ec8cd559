"""A loss that a user writes."""

import dataclasses
import functools
import inspect
from collections.abc import Callable
from typing import Any

import numpy as np

from ..functions import as_plain, explained, function_at, path_of
from ..kernels import custom
from ..validation import as_number, as_text
from .base import Loss, as_reduction

#: Of outputs whose number is not known yet, the check takes this many.
SOME_OUTPUTS = 3
#: The check compares at most this many elements of a gradient.
MOST_COMPARED = 50


@dataclasses.dataclass(frozen=True, init=False)
class Custom(Loss):
    """A loss of one's own, as two functions of the outputs of one sample.

    They are compiled, and called like the losses of the package: no Python runs in a training step.

    Parameters
    ----------
    value : function
        Called with ``(prediction, target)``, 1-D arrays of one sample, and the constants that it
        names; returns a number. Written in what Numba compiles: loops, arithmetic, functions of
        :mod:`math` and NumPy.
    gradient : function
        Called with ``(out, prediction, target)`` and the constants that it names; writes into `out`
        the derivative of the value with respect to each element of the prediction.
    reduction : str or None
        As in :class:`Loss`.
    name : str, optional
        By default that of the function `value`.
    **constants
        Numbers that the functions take by name.

    Notes
    -----
    ``compile`` of a model compares the gradient with central differences of the value. A model can
    be saved if both functions stand at the top of a module, which must be imported again before the
    model is loaded. They are compiled anew in every process, which takes some tenths of a second.

    Examples
    --------
    >>> from fastscratch import losses
    >>> def value(prediction, target, weight):
    ...     total = 0.0
    ...     for o in range(prediction.size):
    ...         total += weight * (prediction[o] - target[o]) ** 2
    ...     return total
    >>> def gradient(out, prediction, target, weight):
    ...     for o in range(prediction.size):
    ...         out[o] = 2 * weight * (prediction[o] - target[o])
    >>> loss = losses.Custom(value, gradient, weight=0.5)
    >>> loss([[1.0, 2.0]], [[1.0, 4.0]])
    2.0
    """

    kind = "custom"
    can_weight_rows = False
    value: Callable[..., float]
    gradient: Callable[..., None]
    numbers: tuple[tuple[str, float], ...]

    def __init__(
        self,
        value: Callable[..., float],
        gradient: Callable[..., None],
        *,
        reduction: str | None = "sum_over_batch_size",
        name: str | None = None,
        **constants: float,
    ):
        functions = as_plain("value", value), as_plain("gradient", gradient)
        numbers = {own: as_number(own, number) for own, number in constants.items()}
        taken = {
            own
            for function, first in zip(functions, (2, 3), strict=True)
            for own in _constants_of(function, first, numbers)
        }
        unknown = [own for own in numbers if own not in taken]
        if unknown:
            raise ValueError(
                f"{unknown[0]} must be the name of an argument of value or gradient, but neither "
                "has it"
            )
        for field, checked in (
            ("value", functions[0]),
            ("gradient", functions[1]),
            ("numbers", tuple(numbers.items())),
            ("reduction", as_reduction("reduction", reduction)),
            ("name", functions[0].__name__ if name is None else as_text("name", name)),
        ):
            object.__setattr__(self, field, checked)

    def __repr__(self) -> str:
        constants = "".join(f", {name}={number:g}" for name, number in self.numbers)
        return f"Custom({self.value.__name__}, {self.gradient.__name__}{constants})"

    def get_config(self) -> dict[str, Any]:
        """Where the functions can be imported from, and the arguments.

        Raises
        ------
        ValueError
            If one cannot be imported.
        """
        return {
            "kind": self.kind,
            "value": path_of("the value of a loss", self.value),
            "gradient": path_of("the gradient of a loss", self.gradient),
            "reduction": self.reduction,
            "name": self.name,
            **dict(self.numbers),
        }

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> "Custom":
        """The loss that :meth:`get_config` described."""
        arguments = dict(config)
        value = function_at("the value of a loss", arguments.pop("value"))
        gradient = function_at("the gradient of a loss", arguments.pop("gradient"))
        return cls(value, gradient, **arguments)

    def function(self, fused: bool) -> Any:
        """The compiled function of losses and gradients."""
        numbers = dict(self.numbers)
        return custom.losses_and_gradients(
            self.value,
            self.gradient,
            tuple(_constants_of(self.value, 2, numbers).values()),
            tuple(_constants_of(self.gradient, 3, numbers).values()),
        )

    @property
    def is_of_rows(self) -> bool:
        """All outputs of a sample are one row."""
        return False

    def address(self, dtype: Any) -> int:
        """Where the compiled function is."""
        with explained(f"the loss {self.name}"):
            return super().address(dtype)

    def check(self, outputs: int | None) -> None:
        """Compare the gradient with central differences of the value, for this many outputs.

        Raises
        ------
        ValueError
            If they differ, or a function cannot be compiled.
        """
        _check(self, SOME_OUTPUTS if outputs is None else outputs)


def _constants_of(
    function: Callable[..., Any], first: int, numbers: dict[str, float]
) -> dict[str, float]:
    """The constants that a function names after its first arguments, in its order."""
    found = {}
    for parameter in list(inspect.signature(function).parameters.values())[first:]:
        if parameter.name in numbers:
            found[parameter.name] = numbers[parameter.name]
        elif parameter.default is parameter.empty:
            raise ValueError(
                f"{function.__name__} takes {parameter.name!r}, which must be given as a constant; "
                f"got {', '.join(numbers) or 'none'}"
            )
        else:
            found[parameter.name] = as_number(parameter.name, parameter.default)
    return found


@functools.lru_cache(maxsize=100)
def _check(loss: Custom, outputs: int) -> None:
    rng = np.random.default_rng(0)
    one_hot = np.eye(outputs)[rng.integers(outputs)]
    pairs = [
        (rng.uniform(0.05, 0.95, outputs), rng.uniform(0.05, 0.95, outputs)),  # probabilities
        (rng.normal(0, 2, outputs), rng.normal(0, 2, outputs)),
        (rng.dirichlet(np.ones(outputs)) * 0.9 + 0.01, one_hot),
    ]
    compared = False
    for prediction, target in pairs:
        places = rng.permutation(outputs)[:MOST_COMPARED]
        found, slopes = _gradients(loss, prediction, target, places)
        known = np.isfinite(slopes)
        size = np.maximum(1, abs(slopes))
        with np.errstate(invalid="ignore"):
            wrong = known & ~(abs(found - slopes) <= 1e-4 * size)
        compared |= bool(known.any())
        if wrong.any():
            k = wrong.argmax()
            raise ValueError(
                f"the gradient of the loss {loss.name} must be {slopes[k]:.6g} for output "
                f"{places[k]}, as central differences of its value are, got {found[k]:.6g}"
            )
    if not compared:
        raise ValueError(f"the loss {loss.name} is not finite for any of the predictions tried")


def _gradients(
    loss: Custom, prediction: np.ndarray, target: np.ndarray, places: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """The gradient at some places, and central differences there."""
    step = 1e-5
    steps = np.zeros((places.size, prediction.size))
    steps[np.arange(places.size), places] = step
    rows = np.concatenate([prediction + steps, prediction - steps, prediction[None]])
    values, gradients = loss.losses_and_gradients(np.tile(target, (len(rows), 1)), rows)
    ahead, behind = values[: places.size], values[places.size : -1]
    with np.errstate(all="ignore"):
        return gradients[-1][places], (ahead - behind) / (2 * step)
