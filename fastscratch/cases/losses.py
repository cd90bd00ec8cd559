"""Losses and their derivatives."""

from collections.abc import Iterator

import numpy as np

from ..kernels.losses import LOSSES
from .case import FUNCTION, Arguments, Case, Rng, Shape, unset

#: Losses of real numbers.
REAL = (
    *("mean_squared_error", "mean_absolute_error", "mean_absolute_percentage_error", "huber"),
    *("log_cosh", "cosine_similarity"),
)
#: Losses of probabilities, beside the log losses.
PROBABILITIES = ("kl_divergence", "categorical_generalized_cross_entropy")


def targets(rng: Rng, loss: str, shape: Shape) -> np.ndarray:
    """Targets that suit the loss: real, counts, zero or one, or one-hot."""
    if loss in REAL:
        return rng.standard_normal(shape)
    if loss.endswith("hinge") and not loss.startswith("categorical"):
        return rng.choice([-1.0, 1.0], shape)
    if loss in ("kl_divergence", "mean_squared_logarithmic_error"):
        return rng.uniform(0, 1, shape)
    if loss == "poisson":
        return rng.integers(5, size=shape).astype(float)
    if loss.startswith("categorical"):
        return np.eye(shape[-1])[rng.integers(shape[-1], size=shape[:-1])]
    return rng.integers(2, size=shape).astype(float)


def predictions(rng: Rng, loss: str, shape: Shape, spread: float) -> np.ndarray:
    """Logits, or predictions that suit the loss; with a huge spread, probabilities of 0 and 1."""
    if loss in ("poisson", "mean_squared_logarithmic_error"):
        return spread * rng.uniform(0.01, 1, shape)
    if loss.endswith("log_loss") or loss in PROBABILITIES:
        p = rng.uniform(0.01, 0.99, shape)
        return p if spread < 10 else np.round(p)
    return spread * rng.standard_normal(shape)


def scores_name(loss: str) -> str:
    """What the kernels of a loss call the scores that they take."""
    return "logits" if LOSSES[loss].takes_logits else "prediction"


def one_sample(rng: Rng, loss: str, size: int, spread: float) -> Arguments:
    """One sample of `size` outputs; for the elementwise kernels, one output of as many samples."""
    scores = scores_name(loss)
    return {
        scores: predictions(rng, loss, (size,), spread),
        "y": targets(rng, loss, (size,)),
        # Not the defaults.
        "delta": 1.5,
        "alpha": 0.4,
        "gamma": 1.5,
        "of_ones": 0.3,
        "of_zeros": 0.7,
        "q": 0.7,
        f"d{scores}": unset(size),
        "terms": unset(size),
    }


def batch(rng: Rng, loss: str, shape: Shape) -> Arguments:
    """Scores of ordinary size for many samples."""
    return {
        "logits": predictions(rng, loss, shape, 3),
        "y": targets(rng, loss, shape),
        "loss": loss,
        "losses": unset(shape[0]),
        "dlogits": unset(*shape),
    }


def cases() -> Iterator[Case]:
    for loss in LOSSES:
        yield from one_loss(loss)
        yield from batches(loss)


def one_loss(loss: str) -> Iterator[Case]:
    """The kernels of a loss."""
    squared = loss == "mean_squared_error"
    written = (f"d{scores_name(loss)}",)
    for label, size, spread in (
        ("one", 1, 3),
        ("odd", 7, 3),
        ("extreme", 5, 1e4),
        ("typical", 1000, 3),
    ):
        inputs, reduction = (loss, size, spread), FUNCTION + size
        scale = spread**2 if squared else spread * size
        if loss == "categorical_crossentropy":
            scale = 1.0
        yield Case(f"{loss}_forward", label, one_sample, inputs, (), reduction, scale)
        scale = spread if squared else 1
        yield Case(f"{loss}_backward", label, one_sample, inputs, written, reduction, scale)
        if loss in ("binary_crossentropy", "binary_log_loss"):
            size = 100_000 if label == "typical" else size
            inputs = loss, size, spread
            yield Case(f"{loss}_terms", label, one_sample, inputs, ("terms",), FUNCTION, spread)


def batches(loss: str) -> Iterator[Case]:
    """The kernels that take the address of a loss."""
    shapes = {"one": (1, 1), "chunks": (1500, 5)}
    if loss == "categorical_crossentropy":
        shapes["typical"] = (10_000, 10)
    for size, shape in shapes.items():
        label, inputs, reduction = f"{loss}-{size}", (loss, shape), FUNCTION + shape[1]
        yield Case("loss_forward", label, batch, inputs, ("losses",), reduction, 10)
        yield Case("loss_backward", label, batch, inputs, ("dlogits",), reduction, 3)
