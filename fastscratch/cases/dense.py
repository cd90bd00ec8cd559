"""A dense layer."""

from collections.abc import Iterator

from .case import Arguments, Case, Rng, unset

#: Samples, inputs, outputs.
SIZES = {
    "one": (1, 1, 1),
    "one-sample": (1, 13, 5),
    "one-output": (33, 17, 1),
    "odd": (7, 13, 19),
    "chunks": (71, 67, 33),
    "typical": (32, 784, 100),
}


def layer(rng: Rng, n: int, n_in: int, n_out: int) -> Arguments:
    return {
        "x": rng.standard_normal((n, n_in)),
        "kernel": rng.standard_normal((n_in, n_out)),
        "bias": rng.standard_normal(n_out),
        "z": unset(n, n_out),
    }


def cases() -> Iterator[Case]:
    for label, sizes in SIZES.items():
        yield Case("dense_forward", label, layer, sizes, ("z",), sizes[1] + 1)
