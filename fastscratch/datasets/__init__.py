"""Real data that ships with the package, and a reader for the full MNIST files. No network.

The files, their sources and their licences are listed in ``data/LICENSE.md``.
"""

from .idx import read_idx
from .iris import Iris, load_iris
from .mnist import load_mnist
from .photograph import load_photograph

__all__ = ["Iris", "load_iris", "load_mnist", "load_photograph", "read_idx"]
