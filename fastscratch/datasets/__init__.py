"""Data that ship with the package, a reader for the full MNIST files, and spirals.

Nothing is downloaded. ``data/LICENSE.md`` lists the files, their sources and their licences.
"""

from .idx import read_idx
from .iris import Iris, load_iris
from .mnist import load_mnist
from .photograph import load_photograph
from .spirals import make_spirals

__all__ = ["Iris", "load_iris", "load_mnist", "load_photograph", "make_spirals", "read_idx"]
