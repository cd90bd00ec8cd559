"""How far a kernel is from its naive twin, in units in the last place (ulp).

The tests and :func:`fastscratch.verify` use it. The twin computes in float64 from the numbers that
the kernel is given. So the result of a float32 kernel is compared with a far more accurate one, and
that of a float64 kernel with one that was computed in another way.

One ulp is the distance between neighbouring numbers of the kernel's type at some magnitude. Which
magnitude that is depends on the kernel:

* ``each``: that of each result by itself, for kernels in which nothing cancels;
* ``terms``: the sum of the absolute values of the terms, for results that are sums; the twin
  computes it from the absolute values of all inputs;
* ``largest``: that of the largest result, or the case's `scale` if that is larger.

The bound is one ulp for each rounding on the way to a result; ``Case.reduction`` is their number.
"""

import dataclasses
import inspect
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from .cases import Case, kernel_call, twin_call
from .kernels.threads import get_num_threads, set_num_threads

__all__ = [
    "DTYPES",
    "Comparison",
    "accuracy_table",
    "compare",
    "magnitude_kind",
    "outputs",
    "same_bits",
]

#: The types that every kernel takes.
DTYPES = (np.float32, np.float64)

_NOWHERE_CANCELS = ("sigmoid", "relu", "leaky_relu", "elu", "selu", "exponential", "softplus")
EACH = {
    *(f"{name}_forward" for name in (*_NOWHERE_CANCELS, "silu", "tanh")),
    *(f"{name}_backward" for name in _NOWHERE_CANCELS),
    "binary_crossentropy_forward",
    "binary_crossentropy_terms",
    "clip_by_value",
    "huber_backward",
    "huber_forward",
    "max_pool2d_forward",
    "mean_absolute_error_backward",
    "mean_absolute_error_forward",
    "mean_squared_error_backward",
    "mean_squared_error_forward",
    "min_max_norm",
    "multilabel_crossentropy_forward",
    "non_negative",
    "random_bits",
    "random_normal",
    "random_uniform",
    "scheduled_rate",
    "scheduled_rates",
    "shuffle",
}
TERMS = {
    "add_penalty_gradient",
    "average_pool2d_backward",
    "average_pool2d_forward",
    "conv2d_backward_input",
    "conv2d_backward_weight",
    "conv2d_forward",
    "conv2d_image_forward",
    "dense_forward",
    "matmul",
    "max_pool2d_backward",
    "penalty",
    "squared_norm",
    "weight_decay_step",
}


@dataclasses.dataclass(frozen=True)
class Comparison:
    """How a kernel and its twin compare on one case, for one type.

    Attributes
    ----------
    case : Case
    dtype : type
    ulp : float
        Largest difference; infinite if there was nothing to compare.
    trouble : str
        What is wrong; empty if nothing is.
    """

    case: Case
    dtype: Any
    ulp: float = np.inf
    trouble: str = ""

    @property
    def share(self) -> float:
        """The largest difference as a share of the bound."""
        if self.ulp == 0:
            return 0.0
        return self.ulp / self.case.reduction if self.case.reduction else np.inf

    def __str__(self) -> str:
        return f"{self.case} {np.dtype(self.dtype)}: {self.trouble or 'right'}"


def compare(case: Case, dtype: Any) -> Comparison:
    """Run a kernel and its twin on a case.

    Whatever a kernel raises is reported, not raised.
    """
    try:
        computed = outputs(case, *kernel_call(case, dtype))
    except Exception as error:
        return Comparison(case, dtype, trouble=f"raises {type(error).__name__}: {error}")
    if not all(np.isfinite(result).all() for result in computed):
        return Comparison(case, dtype, trouble="a result is not finite, or was not written")
    twin, arguments = twin_call(case, dtype)
    expected = outputs(case, twin, arguments)
    magnitudes = _magnitudes(case, expected, twin, dtype)
    ulp = 0.0
    for found, truth, magnitude in zip(computed, expected, magnitudes, strict=True):
        unit = np.spacing(np.asarray(magnitude, dtype)).astype(float)
        ulp = max(ulp, float(np.max(np.abs(found - truth) / unit, initial=0.0)))
    trouble = "" if ulp <= case.reduction else f"off by {ulp:.3g} ulp, bound {case.reduction}"
    return Comparison(case, dtype, ulp, trouble)


def same_bits(case: Case, dtype: Any) -> bool:
    """Whether a kernel gives the same bits on one thread and on all."""
    most = get_num_threads()
    on_all = outputs(case, *kernel_call(case, dtype))
    set_num_threads(1)
    try:
        alone = outputs(case, *kernel_call(case, dtype))
    finally:
        set_num_threads(most)
    return all(a.tobytes() == b.tobytes() for a, b in zip(on_all, alone, strict=True))


def outputs(case: Case, function: Callable[..., Any], arguments: list[Any]) -> list[np.ndarray]:
    """Call a kernel or a twin; its return value, if it has one, and each output, flattened."""
    value = function(*arguments)
    names = list(inspect.signature(function).parameters)
    written = [arguments[names.index(name)] for name in case.outputs]
    return [np.ravel(part) for part in ([] if value is None else [value], *written)]


def magnitude_kind(kernel: str) -> str:
    """What the error of a kernel is measured by: "each", "terms" or "largest"."""
    return "each" if kernel in EACH else "terms" if kernel in TERMS else "largest"


def accuracy_table(comparisons: Sequence[Comparison]) -> str:
    """The worst error of each kernel, in ulp and as a share of its bound."""
    lines = [
        f"{'':38}{'float32':^16}{'float64':^16}",
        f"{'kernel':<32}{'cases':>6}{'ulp':>8}{'bound':>8}{'ulp':>8}{'bound':>8}  ulp of",
    ]
    for kernel in dict.fromkeys(comparison.case.kernel for comparison in comparisons):
        own = [comparison for comparison in comparisons if comparison.case.kernel == kernel]
        cells = ""
        for dtype in DTYPES:
            of_type = [comparison for comparison in own if comparison.dtype is dtype]
            ulp = max((comparison.ulp for comparison in of_type), default=np.nan)
            share = max((comparison.share for comparison in of_type), default=np.nan)
            cells += f"{ulp:8.2g}{share:8.0%}"
        n_cases = len({str(comparison.case) for comparison in own})
        mark = "  WRONG" if any(comparison.trouble for comparison in own) else ""
        lines.append(f"{kernel:<32}{n_cases:6}{cells}  {magnitude_kind(kernel)}{mark}")
    lines += [
        "",
        "The worst error of each kernel against its naive twin in float64, in ulp and as a share",
        "of the bound, which is an ulp for each rounding. (The two can come from different cases.)",
        "An ulp is the distance between neighbouring numbers at the magnitude of each result",
        "(each), of the sum of the absolute values of its terms (terms), or of the largest result,",
        "the largest term or the condition number of the problem (largest).",
    ]
    return "\n".join(lines)


def _magnitudes(
    case: Case, expected: list[np.ndarray], twin: Callable[..., Any], dtype: Any
) -> list[Any]:
    """For each output the magnitudes at which an ulp is taken."""
    kind = magnitude_kind(case.kernel)
    if kind == "each":
        return [np.abs(truth) for truth in expected]
    if kind == "terms":
        absolute = [
            np.abs(value).tolist() if isinstance(value, list) else value
            for value in twin_call(case, dtype)[1]
        ]
        return outputs(case, twin, absolute)
    return [max(case.scale, np.max(np.abs(truth), initial=0.0)) for truth in expected]
