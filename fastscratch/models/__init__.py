"""Models: layers in a row, how they are fitted, and how they are saved."""

from .saving import load_model
from .sequential import Sequential

__all__ = ["Sequential", "load_model"]
