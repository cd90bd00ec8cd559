"""What a case is, and how it becomes a call of a kernel or of its naive twin."""

import dataclasses
import importlib
import inspect
import zlib
from collections.abc import Callable
from typing import Any

import numpy as np

from ..kernels import KERNELS, activations, losses
from ..kernels.codes import OPTIMIZERS, READ_OUTS, SCHEDULES

Rng = np.random.Generator
Arguments = dict[str, Any]
Shape = tuple[int, ...]
Pair = tuple[int, int]

CODES = {
    name: code for names in (READ_OUTS, OPTIMIZERS, SCHEDULES) for code, name in enumerate(names)
}

#: Kernels that take a function by its address, and what finds that for a name.
BY_ADDRESS = {
    "activation_forward": activations.forward_of,
    "activation_backward": activations.backward_of,
    "loss_forward": losses.forward_of,
    "loss_backward": losses.backward_of,
}

#: Roundings of a library function (exp, log, tanh) and the few operations around it.
FUNCTION = 16


@dataclasses.dataclass(frozen=True)
class Case:
    """One call of a kernel.

    Attributes
    ----------
    kernel : str
        Name of the kernel and of its twin.
    label : str
        What is particular about the inputs. A case called "typical" has a size as in real
        use: benchmarks take it.
    make : callable
        Called as ``make(rng, *inputs)`` with a NumPy random generator; returns arguments by name,
        in any order. Those that the kernel does not have are left out, so that the kernels of one
        operation can share a `make`.
    inputs : tuple
        What `make` needs to know: sizes, and what else is particular.
    outputs : tuple of str
        The arguments that are written.
    reduction : int
        Number of roundings on the way to one output element: the bound on its error in ulp.
    scale : float
        Magnitude of the terms that are summed, or the condition of the problem; see
        :mod:`fastscratch.comparison`.
    doubles : tuple of str
        Arrays that are float64 whatever the type of the others.
    """

    kernel: str
    label: str
    make: Callable[..., Arguments]
    inputs: tuple[Any, ...] = ()
    outputs: tuple[str, ...] = ()
    reduction: int = 0
    scale: float = 1.0
    doubles: tuple[str, ...] = ()

    def __str__(self) -> str:
        return f"{self.kernel}-{self.label}"

    @property
    def typical(self) -> bool:
        """Whether this is the case of the kernel that benchmarks take."""
        return self.label.endswith("typical")

    def arguments(self, dtype: Any) -> Arguments:
        """The kernel's arguments by name: the same at each call, arrays rounded to `dtype`."""
        rng = np.random.default_rng(zlib.crc32(str(self).encode()))
        made = self.make(rng, *self.inputs)
        return {
            name: made[name].astype(dtype) if self._is_of_dtype(name, made[name]) else made[name]
            for name in inspect.signature(KERNELS[self.kernel]).parameters
        }

    def _is_of_dtype(self, name: str, value: Any) -> bool:
        floating = isinstance(value, np.ndarray) and np.issubdtype(value.dtype, np.floating)
        return floating and name not in self.doubles


def kernel_call(case: Case, dtype: Any) -> tuple[Callable[..., Any], list[Any]]:
    """The kernel and its positional arguments: codes or addresses in the place of names."""
    chosen = BY_ADDRESS.get(case.kernel, lambda name, dtype: CODES[name])
    arguments = case.arguments(dtype).values()
    return KERNELS[case.kernel], [
        chosen(v, np.dtype(dtype)) if isinstance(v, str) else v for v in arguments
    ]


def twin_call(case: Case, dtype: Any) -> tuple[Callable[..., Any], list[Any]]:
    """The naive twin and its positional arguments: the same numbers as plain lists."""
    module = KERNELS[case.kernel].__module__.rpartition(".")[2]
    twin = getattr(importlib.import_module(f"fastscratch.reference.{module}"), case.kernel)
    arguments = case.arguments(dtype).values()
    return twin, [v.tolist() if isinstance(v, np.ndarray) else v for v in arguments]


def unset(*shape: int) -> np.ndarray:
    """An array to be written: NaN, so that an element that is not written shows."""
    return np.full(shape, np.nan)
