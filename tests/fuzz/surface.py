"""What is public, from every ``__all__``, and why some of it is not called here."""

import importlib
import inspect

PLACES = (
    "activations",
    "callbacks",
    "constraints",
    "datasets",
    "ensemble",
    "initializers",
    "layers",
    "linear_model",
    "losses",
    "metrics",
    "model_selection",
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
    "linear_model.ElasticNet",
    "linear_model.ElasticNetCV",
    "linear_model.Lasso",
    "linear_model.LassoCV",
    "linear_model.LinearRegression",
    "linear_model.LogisticRegression",
    "linear_model.LogisticRegressionCV",
    "linear_model.Ridge",
    "linear_model.RidgeClassifier",
    "linear_model.RidgeClassifierCV",
    "linear_model.RidgeCV",
    "neural_network.MLPClassifier",
    "neural_network.MLPRegressor",
)

MERGES = "returns what the layer of its name does"
READER = "reads a file, whose bytes are damaged elsewhere (test_idx, test_saving)"
THEIRS = "scikit-learn's, with its checks (test_model_selection, test_ensemble)"
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
    "ensemble.BaggingClassifier": THEIRS,
    "ensemble.BaggingRegressor": THEIRS,
    "activations.Custom": "takes functions to compile (test_activations)",
    "activations.get": "what layers call with their argument",
    "initializers.Initializer": BASE,
    "losses.Custom": "takes functions to compile (test_losses)",
    "constraints.Constraint": BASE,
    "layers.Layer": BASE,
    "utils.PyDataset": BASE,
    **{
        f"layers.{name}": MERGES
        for name in (
            *("add", "average", "concatenate", "maximum", "minimum", "multiply", "subtract"),
        )
    },
    "layers.SymbolicTensor": "what layers return",
    "layers.Weight": RECORD,
    "linear_model.Summary": RECORD,
    "linear_model.Test": RECORD,
    "losses.Loss": BASE,
    "model_selection.GridSearchCV": THEIRS,
    "model_selection.HalvingGridSearchCV": THEIRS,
    "model_selection.HalvingRandomSearchCV": THEIRS,
    "model_selection.RandomizedSearchCV": THEIRS,
    "model_selection.cross_val_predict": THEIRS,
    "model_selection.cross_val_score": THEIRS,
    "model_selection.cross_validate": THEIRS,
    "model_selection.learning_curve": THEIRS,
    "model_selection.validation_curve": THEIRS,
    "metrics.Metric": BASE,
    "optimizers.Optimizer": BASE,
    "optimizers.schedules.LearningRateSchedule": BASE,
    "regularizers.Regularizer": BASE,
    "Sequential.build": "takes a shape (test_configuration)",
    "Sequential.from_config": "takes a configuration (test_configuration)",
    "Sequential.get_config": "takes no arguments",
    "Sequential.load_weights": READER,
    "Sequential.save_weights": "writes a file (test_configuration)",
    "Sequential.to_json": "takes what json.dumps takes",
    "Sequential.count_params": "takes no arguments",
    "Sequential.get_weights": "takes no arguments",
    "Sequential.pop": "takes no arguments",
    "Sequential.summary": "takes no arguments",
    **{
        f"linear_model.{kind}.{method}": "takes a fitted model, whose data are checked by `fit`"
        for kind in ("LinearRegression", "LogisticRegression")
        for method in ("summary", "conf_int", "vcov", "wald_test", "lr_test", "from_formula")
    },
    "linear_model.LogisticRegression.densify": "takes no arguments",
    "linear_model.LogisticRegressionCV.score": "scikit-learn's scorers, with their checks",
    "linear_model.LogisticRegression.marginal_effects": "as `summary` (test_inference)",
    "linear_model.LogisticRegression.sparsify": "takes no arguments",
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
