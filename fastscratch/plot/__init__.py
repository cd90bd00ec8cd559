"""Pictures of fits and of what networks have learned, with matplotlib.

Each function draws on the Axes that it is given as `ax`, or on new ones, and returns them;
``ax.figure.savefig("picture.png")`` writes a file. New Axes are in a new ``Figure``; pyplot and the
user's backend are not involved. Without matplotlib a call raises a ModuleNotFoundError that says
how to install it: it is in the extra ``plot``.

Models can be those of fastscratch, or any with the interface of scikit-learn.
"""

from .axes import COLORS, groups, mosaic, panels
from .classification import plot_confusion_matrix, plot_decision_boundary, plot_misclassified
from .convolution import plot_feature_maps, plot_filters
from .gradients import plot_gradient_norms, plot_input_gradients
from .intervals import plot_prediction_interval
from .searches import plot_halving, plot_search_results
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
    "plot_gradient_norms",
    "plot_halving",
    "plot_history",
    "plot_input_gradients",
    "plot_misclassified",
    "plot_prediction_interval",
    "plot_search_results",
]
