"""Operations, and the programs of examples, for the tests that look at what these reach."""

import importlib
import pkgutil

from fastscratch import get_num_threads
from fastscratch.engine import (
    Differentiator,
    Evaluator,
    InputDifferentiator,
    Predictor,
    SampleDifferentiator,
    Trainer,
)
from fastscratch.examples import EXAMPLES
from fastscratch.examples.example import network_of
from fastscratch.kernels import program
from fastscratch.models.programs import learning_of

#: All operations of programs, by the names that programs show.
OPERATIONS = {
    name.removesuffix("_item"): function
    for module in pkgutil.iter_modules(program.__path__)
    for name, function in vars(importlib.import_module(f"{program.__name__}.{module.name}")).items()
    if name.endswith("_item") and hasattr(function, "fields")
}

#: Those of weights that come from memory. Of so many, the naive network would need a minute: see
#: the tests of wide products, where a few count as many.
WIDE = {"wide_pack", "wide_forward", "wide_backward"}

#: A model of each example, to be looked at and not trained.
MODELS = {name: example.model() for name, example in EXAMPLES.items()}


def programs_of(example, dtype="float32"):
    """Every program that a model of the example can have."""
    model = example.model(dtype)
    network, optimizer = network_of(model), model.optimizer
    _, _, weights = example.data(model)
    axes = 0 if weights is None else weights.ndim
    objectives = model._objectives([axes] * len(network.outputs))
    batch_size = example.batch_size
    learning = learning_of(optimizer), optimizer.n_slots
    kind_of_inputs = example.kind_of_inputs
    yield Trainer(network, objectives, *learning, batch_size, dtype, **kind_of_inputs)
    for kind in (Differentiator, Evaluator):
        yield kind(network, objectives, batch_size, dtype, **kind_of_inputs)
    yield InputDifferentiator(network, objectives, batch_size, dtype)
    yield SampleDifferentiator(network, objectives, get_num_threads(), dtype)
    yield Predictor(network, batch_size, dtype, **kind_of_inputs)
