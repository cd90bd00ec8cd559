"""What is public, from every ``__all__``, and why some of it is not called here."""

import importlib
import inspect

PLACES = (
    "activations",
    "callbacks",
    "datasets",
    "initializers",
    "layers",
    "linear_model",
    "losses",
    "metrics",
    "neural_network",
    "ops",
    "optimizers",
    "optimizers.schedules",
    "plot",
    "regression",
    "regularizers",
    "utils",
)

#: Their public methods are called as well.
OPENED = (
    "Sequential",
    "linear_model.LinearRegression",
    "linear_model.LogisticRegression",
    "neural_network.MLPClassifier",
    "neural_network.MLPRegressor",
)

READER = "reads a file, whose bytes are damaged elsewhere (test_idx, test_saving)"
RECORD = "a record that the package fills in"
BASE = "a base class, whose kinds are called"
NOT_CALLED = {
    "load_model": READER,
    "Sequential.program": "takes no data (test_program)",
    "Sequential.save": "writes a file (test_saving)",
    "verify": "takes no data",
    "warmup": "takes no data, and minutes",
    "threading_layer": "takes no arguments",
    "get_num_threads": "takes no arguments",
    "History": RECORD,
    "callbacks.History": RECORD,
    "callbacks.Callback": BASE,
    "datasets.Iris": RECORD,
    "datasets.load_iris": "takes no arguments",
    "datasets.load_mnist": READER,
    "datasets.load_photograph": "takes no arguments",
    "datasets.read_idx": READER,
    "activations.Custom": "takes functions to compile (test_activations)",
    "activations.get": "what layers call with their argument",
    "initializers.Initializer": BASE,
    "losses.Custom": "takes functions to compile (test_losses)",
    "layers.Layer": BASE,
    "layers.SymbolicTensor": "what layers return",
    "layers.Weight": RECORD,
    "linear_model.Summary": RECORD,
    "losses.Loss": BASE,
    "optimizers.Optimizer": BASE,
    "optimizers.schedules.LearningRateSchedule": BASE,
    "regularizers.Regularizer": BASE,
    "Sequential.count_params": "takes no arguments",
    "Sequential.get_weights": "takes no arguments",
    "Sequential.pop": "takes no arguments",
    "Sequential.summary": "takes no arguments",
    "linear_model.LinearRegression.summary": "takes no arguments",
    "linear_model.LogisticRegression.summary": "takes no arguments",
}


def public_names() -> set[str]:
    """Everything public that can be called, named by what follows ``fastscratch.``."""
    names = set()
    for place in ("", *PLACES):
        module = importlib.import_module("fastscratch" + (place and f".{place}"))
        prefix = place and f"{place}."
        names |= {prefix + name for name in module.__all__ if callable(getattr(module, name))}
    for opened in OPENED:
        kind = resolve(opened)
        names |= {
            f"{opened}.{name}"
            for name, value in inspect.getmembers(kind)
            if name[0] != "_" and inspect.isroutine(value) and _is_ours(value)
        }
    return names


def resolve(name: str):
    """The object with a public name."""
    place, _, last = name.rpartition(".")
    return getattr(importlib.import_module("fastscratch" + (place and f".{place}")), last)


def _is_ours(method) -> bool:
    return (getattr(method, "__module__", None) or "").startswith("fastscratch")
