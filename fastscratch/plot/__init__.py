"""Pictures of fits and of what networks have learned, with matplotlib: the extra ``plot``.

Each function draws on the Axes it is given as `ax`, or on new ones, and returns them;
``ax.figure.savefig("picture.png")`` writes a file. New Axes sit in a ``Figure`` of their own:
neither pyplot nor the user's backend is touched. Without matplotlib, a call raises an ImportError
that says what to install.

Models are those of fastscratch and those with the interface of scikit-learn.
"""

from .axes import COLORS, groups, mosaic, panels
from .classification import plot_confusion_matrix, plot_decision_boundary, plot_misclassified
from .convolution import plot_feature_maps, plot_filters
from .training import plot_history

__all__ = [
    "COLORS",
    "groups",
    "mosaic",
    "panels",
    "plot_confusion_matrix",
    "plot_decision_boundary",
    "plot_feature_maps",
    "plot_filters",
    "plot_history",
    "plot_misclassified",
]
