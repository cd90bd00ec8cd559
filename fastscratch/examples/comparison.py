"""How far the training of an example is from that of the naive network, in units of roundoff.

An error is measured against the largest number of its kind: of all gradients, of all weights, of
what the optimiser remembers. Each rounding on the way to a number may add one unit of roundoff of
that size; :func:`roundings` counts them.
"""

import dataclasses
import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from ..engine import Network, kind_of
from ..engine.many import FEWEST_LANES
from ..kernels.threads import get_num_threads
from ..models import fit_many
from .example import Example, network_of
from .naive import train_naively
from .training import Trained, Training, train

KINDS = ("loss", "outputs", "gradients", "weights", "slots")

# A library function (exp, log, tanh) and the few operations around it: this many roundings.
FUNCTION = 16


@dataclasses.dataclass(frozen=True)
class TrainingComparison:
    """How far the training of an example was from that of the naive network.

    Attributes
    ----------
    example : str
    dtype : dtype
    errors : dict
        The largest error of each of `KINDS`, in units of roundoff.
    bound : int
        What the errors may be.
    trouble : str
        What is wrong; empty if nothing is.
    is_innermost : bool
        Whether `fit_many` has trained it with the models innermost.
    """

    example: str
    dtype: np.dtype
    errors: dict[str, float]
    bound: int
    trouble: str = ""
    is_innermost: bool = False

    @property
    def share(self) -> float:
        """The largest error as a share of the bound."""
        return max(self.errors.values(), default=math.inf) / self.bound

    def __str__(self) -> str:
        found = ", ".join(f"{kind} {error:.1f}" for kind, error in self.errors.items())
        return f"{self.example} {self.dtype}: {self.trouble or found}"


def compare_training(example: Example, dtype: Any) -> TrainingComparison:
    """Train an example, on one thread, on all and in `fit_many`; compare with the naive network.

    Whatever the engine raises is reported, not raised.
    """
    dtype = np.dtype(dtype)
    model = example.model(dtype.name)
    bound = roundings(network_of(model), example)
    try:
        found, same, same_together = train_in_every_way(example, dtype.name)
    except Exception as error:
        raised = f"raises {type(error).__name__}: {error}"
        return TrainingComparison(example.name, dtype, {}, bound, raised)
    expected = train_naively(example)
    unit = float(np.finfo(dtype).eps)
    errors = {kind: _error(getattr(found, kind), getattr(expected, kind)) / unit for kind in KINDS}
    trouble = ", ".join(
        f"{kind} off by {error:.3g} units of roundoff, bound {bound}"
        for kind, error in errors.items()
        if not error <= bound
    )
    if not same:
        trouble = trouble or "other bits on one thread than on all"
    if not same_together:
        trouble = trouble or "other bits in fit_many than alone"
    is_plain = not any(example.kind_of_inputs.values())
    trainer = Training(example, model, 1).trainer
    innermost = is_plain and kind_of(trainer, None, trainer.network.penalties) is not None
    return TrainingComparison(example.name, dtype, errors, bound, trouble, innermost)


def train_in_every_way(example: Example, dtype: str) -> tuple[Trained, bool, bool]:
    """Train an example on one thread, on all, and in `fit_many`.

    Returns
    -------
    found : Trained
    same, same_together : bool
        Whether all threads, and `fit_many`, give the same bits.
    """
    model, most = example.model(dtype), get_num_threads()
    found = train(example, model, 1)
    same = most == 1 or _same_bits(found, train(example, model, most))
    return found, same, _same_together(example, dtype, found)


def training_table(comparisons: Mapping[str, Sequence[TrainingComparison]]) -> str:
    """The worst errors of the examples of each file, in units of roundoff."""
    heads = "".join(f"{kind:>11}" for kind in KINDS)
    lines = [f"{'examples of':<16}{'type':<8}{'number':>7}{heads}{'bound':>8}"]
    for file, of_file in comparisons.items():
        for dtype in dict.fromkeys(comparison.dtype for comparison in of_file):
            own = [comparison for comparison in of_file if comparison.dtype == dtype]
            worst = [max(one.errors.get(kind, math.nan) for one in own) for kind in KINDS]
            cells = "".join(f"{error:11.2g}" for error in worst)
            share = max(comparison.share for comparison in own)
            mark = "  WRONG" if any(comparison.trouble for comparison in own) else ""
            lines.append(f"{file:<16}{dtype.name:<8}{len(own):7}{cells}{share:8.1%}{mark}")
    innermost = sum(one.is_innermost for some in comparisons.values() for one in some)
    lines += [
        "",
        "The worst error of small networks, trained for an epoch, against the naive network in",
        "float64: in units of roundoff of the largest number of its kind, and as a share of the",
        "bound, which is a unit for each rounding. Each ends with the same bits in fit_many, and",
        f"{innermost} of them did so in vectors of models.",
    ]
    return "\n".join(lines)


def _error(found: Any, expected: Any) -> float:
    """The largest difference, against the largest number."""
    pairs = list(zip(found, expected, strict=True))
    if not pairs:
        return 0.0
    largest = max(float(np.abs(b).max(initial=0)) for _, b in pairs)
    off = [np.abs(np.asarray(a, float) - b).max(initial=0) for a, b in pairs]
    worst = max(math.inf if np.isnan(error) else float(error) for error in off)
    return worst / largest if largest > 0 else worst * math.inf if worst else 0.0


def _same_bits(one: Trained, other: Trained) -> bool:
    pairs = [
        pair
        for kind in KINDS
        for pair in zip(getattr(one, kind), getattr(other, kind), strict=True)
    ]
    return all(np.array_equal(a, b, equal_nan=True) for a, b in pairs)


def _same_together(example: Example, dtype: str, alone: Trained) -> bool:
    """Whether `fit_many` gives the same weights, with enough models to train them together."""
    if example.sparse:  # fit_many takes arrays, whose products are rounded in another order
        return True
    models = [example.model(dtype) for _ in range(FEWEST_LANES * get_num_threads())]
    arguments = example.arguments(models[0]) | {"batch_size": example.batch_size, "verbose": 0}
    fit_many(models, **arguments)
    weights = alone.weights
    if models[0]._compiled_optimizer().use_ema:  # a fit ends with the average, a step does not
        model = example.model(dtype)
        model.fit(**arguments)
        weights = model.get_weights()
    pairs = [pair for one in models for pair in zip(one.get_weights(), weights, strict=True)]
    return all(np.array_equal(a, b, equal_nan=True) for a, b in pairs)


def roundings(network: Network, example: Example) -> int:
    """How many roundings there are on the longest path to a weight after the last step.

    One for each term of each sum on the way forward and back, of the sum over samples and places
    that the gradient of a weight is, and of what functions are made of.
    """
    on_the_way, most_places = 2 * FUNCTION, 1
    for number, (node, weights) in enumerate(zip(network.nodes, network.weights, strict=True)):
        tensors = [*node.inputs, network.n_inputs + number]
        shapes = [network.shapes[tensor] for tensor in tensors]
        places = max(math.prod(shape[:-1]) for shape in shapes)
        kernels = [w for w in (placed.weight.shape for placed in weights) if len(w) > 1]
        # By taps and channels forward, by taps and filters back.
        terms = [math.prod(kernel[:-2]) * max(kernel[-2:]) for kernel in kernels]
        if not kernels:  # pooling, normalisation, softmax
            samples = example.samples if weights else 1
            terms = [samples * places, *(shape[-1] for shape in shapes)]
        on_the_way += max(terms) + 2 * FUNCTION
        most_places = max(most_places, places)
    steps = -(-example.samples // example.batch_size)
    return steps * (2 * on_the_way + example.samples * most_places)
