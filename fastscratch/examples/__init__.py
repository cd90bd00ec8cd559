"""Small networks that together reach everything that a training step can do.

One registry serves :func:`fastscratch.verify`, :func:`fastscratch.warmup`, the tests and the
benchmarks. Each network is trained for an epoch by the engine and by the naive network of
:mod:`fastscratch.reference`, and the two are compared: the loss, the gradient of every weight,
every updated weight, what the optimiser remembers, and what the network returns in use.

=============== ==================================================================================
file            examples of
=============== ==================================================================================
`dense`         dense layers of different sizes, activations, losses, regularisers
`images`        convolutions and poolings, in each of the layouts and shortcuts of the engine
`convolutions`  the other convolutions, and convolution and pooling of sequences
`normalizing`   batch and layer normalisation, dropout
`moving`        layers that move numbers, resize images and add noise
`preparing`     scales of the inputs, embeddings
`merging`       layers that merge several tensors
`graphs`        layers that are called twice, tensors that are read twice, several in- and outputs
`learning`      optimisers, clipping
`constraining`  constraints of weights
`activating`    activations with arguments, or weights, of their own
`reducing`      losses of each place of a sample, what becomes of losses, functions of a user
`sparse`        samples that are rows of a sparse matrix
`mostly_zeros`  samples of which most numbers are zero
=============== ==================================================================================

`example` says what an example is; `training` trains it by the engine and `naive` by the naive
network; `comparison` compares the two.
"""

from . import (
    activating,
    constraining,
    convolutions,
    dense,
    graphs,
    images,
    learning,
    merging,
    mostly_zeros,
    moving,
    normalizing,
    preparing,
    reducing,
    sparse,
)
from .example import Example

__all__ = ["EXAMPLES", "FILES", "Example"]

_MODULES = (
    dense,
    images,
    convolutions,
    normalizing,
    moving,
    preparing,
    graphs,
    merging,
    learning,
    constraining,
    activating,
    reducing,
    sparse,
    mostly_zeros,
)

#: The examples of each file.
FILES: dict[str, tuple[Example, ...]] = {
    module.__name__.rpartition(".")[2]: tuple(module.examples()) for module in _MODULES
}

#: Every example by its name.
EXAMPLES: dict[str, Example] = {
    example.name: example for examples in FILES.values() for example in examples
}
