"""Random numbers and the shuffle."""

from collections.abc import Iterator

import numpy as np

from .case import FUNCTION, Arguments, Case, Rng, unset


def bits(rng: Rng) -> Arguments:
    return {"seed": 3, "stream": 1, "index": 5}


def numbers(rng: Rng, size: int) -> Arguments:
    return {"out": unset(size), "seed": 2**63 - 1, "stream": 4}


def permutation(rng: Rng, size: int) -> Arguments:
    return {"order": np.zeros(size, int), "seed": 42, "epoch": 3}


def cases() -> Iterator[Case]:
    yield Case("random_bits", "typical", bits)
    # The weights of a layer of 784 x 100; the images of MNIST.
    for label, size, n_samples in (("one", 1, 1), ("odd", 7, 7), ("typical", 78_400, 60_000)):
        yield Case("random_uniform", label, numbers, (size,), ("out",))
        yield Case("random_normal", label, numbers, (size,), ("out",), FUNCTION)
        yield Case("shuffle", label, permutation, (n_samples,), ("order",))
