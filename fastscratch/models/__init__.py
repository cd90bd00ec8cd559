"""Models: layers in a row or as a graph, how they are fitted, and how they are saved."""

from .configuration import clone_model, model_from_json
from .many import fit_many
from .model import Model
from .saving import load_model
from .sequential import Sequential

__all__ = [
    "Model",
    "Sequential",
    "clone_model",
    "fit_many",
    "load_model",
    "model_from_json",
]
