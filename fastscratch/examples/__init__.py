"""Small networks that together reach everything a training step can do.

One registry serves :func:`fastscratch.verify`, :func:`fastscratch.warmup`, the tests and the
benchmarks. Each network is trained for an epoch by the engine and by the naive network of
:mod:`fastscratch.reference`, and the two are compared: the loss, the gradient of every weight,
every updated weight, what the optimiser remembers, and what the network returns in use.

=============== ==================================================================================
file            examples of
=============== ==================================================================================
`dense`         dense layers of different sizes, activations, losses, regularisers
`images`        convolutions and poolings, in each of the layouts and shortcuts of the engine
`normalizing`   batch and layer normalisation, dropout
`graphs`        layers that are called twice, tensors that are read twice, several in- and outputs
`learning`      optimisers, clipping
=============== ==================================================================================

`example` says what an example is, `comparison` compares.
"""

from . import dense, graphs, images, learning, normalizing
from .example import Example

__all__ = ["EXAMPLES", "FILES", "Example"]

#: The examples of each file.
FILES: dict[str, tuple[Example, ...]] = {
    module.__name__.rpartition(".")[2]: tuple(module.examples())
    for module in (dense, images, normalizing, graphs, learning)
}

#: Every example by its name.
EXAMPLES: dict[str, Example] = {
    example.name: example for examples in FILES.values() for example in examples
}
