"""Every name that users write has what it must have: an example, a twin, a row beside a peer.

Its fuzz target is held by test_fuzz, which compares them with everything that is public.
"""

import ast
import importlib
from pathlib import Path

import pytest
from test_examples_against_keras import SAME

from fastscratch import losses
from fastscratch.examples import EXAMPLES
from fastscratch.examples.example import network_of
from fastscratch.reference import objective
from fastscratch.reference.losses import LOSSES

TESTS = Path(__file__).parent

#: The tests that compare with Keras, PyTorch or scikit-learn, for each module of names.
BESIDE_PEERS = {
    "activations": ("test_against_keras", "test_activations", "test_examples_against_keras"),
    "callbacks": ("test_callbacks_against_keras", "test_tensor_board", "test_backups"),
    "constraints": ("test_constraints",),
    "initializers": ("test_initializers",),
    "layers": ("test_layers_against_keras", "test_layer_shapes_against_keras"),
    "linear_model": (
        *("test_linear_model", "test_penalised_regression", "test_solver_names"),
        *("test_linear_classifiers", "test_linear_model_checks"),
    ),
    "losses": ("test_losses", "test_loss_functions", "test_against_keras"),
    "metrics": ("test_metrics_against_peers", "test_metrics"),
    "optimizers": ("test_optimizers", "test_against_keras"),
    "regularizers": ("test_callbacks_against_keras", "test_against_keras"),
}

#: Names that no other library has, that are a base or a record, or draw other random numbers.
OWN = {
    "activations": {"Custom", "get"},
    "callbacks": {"Callback", "History"},
    "constraints": {"Constraint", "get"},
    "initializers": {"Initializer", "get"},
    "layers": {"Dropout", "Layer", "SymbolicTensor", "Weight"},
    "linear_model": {"Summary", "Test"},
    "losses": {"Custom", "Loss", "get", "MultilabelCrossentropy", "multilabel_crossentropy"},
    "metrics": {"Metric", "direction", "get"},
    "optimizers": {"Optimizer", "from_config", "get", "schedules"},
    "regularizers": {"Regularizer", "get"},
}


#: What a name is called in another library.
THERE = {"CohenKappa": "cohen_kappa_score", "MatthewsCorrelationCoefficient": "matthews_corrcoef"}


def plain(name):
    """A class and the function of the same name alike."""
    return name.replace("_", "").lower()


def words_of(place):
    """Identifiers and texts in the tests that compare with peers."""
    words = set()
    for name in BESIDE_PEERS[place]:
        source = TESTS.joinpath(f"{name}.py").read_text(encoding="utf-8")
        for node in ast.walk(ast.parse(source)):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                words.add(plain(node.value))
            words.add(plain(getattr(node, "attr", None) or getattr(node, "id", None) or ""))
    if place == "layers":  # examples that Keras trains too
        networks = (network_of(EXAMPLES[name].model()) for name in SAME)
        words |= {plain(type(layer).__name__) for network in networks for layer in network.layers}
    return words


@pytest.mark.parametrize("place", BESIDE_PEERS)
def test_names_are_compared_with_a_peer(place):
    module, words = importlib.import_module(f"fastscratch.{place}"), words_of(place)
    names = {name for name in module.__all__ if name not in OWN[place]}
    assert {name for name in names if plain(THERE.get(name, name)) not in words} == set()


def test_every_loss_is_naive_too():
    """As a part of a training step; that of each kernel is held by test_completeness."""
    for kind in losses._BY_NAME:
        name = objective.Loss(kind).name
        assert name in LOSSES, kind


def test_every_constraint_and_regularizer_is_in_an_example():
    found = set()
    for example in EXAMPLES.values():
        for layer in network_of(example.model()).layers:
            for weight in ("kernel", "bias"):
                found.add(type(getattr(layer, f"{weight}_constraint", None)).__name__)
                found.add(type(getattr(layer, f"{weight}_regularizer", None)).__name__)
    assert {"MaxNorm", "MinMaxNorm", "NonNeg", "UnitNorm"} <= found
    assert found & {"L1", "L2", "L1L2"}
