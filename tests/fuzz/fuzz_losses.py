"""Losses as functions of arrays, beside the class of the same name, and within its range."""

import math

import numpy as np
from calls import calls, real, some_of
from fuzz_metrics import binary, classes, of_labels, regression
from hypothesis import strategies as st

from fastscratch import losses

flags, parts = st.booleans(), st.floats(0, 0.99)
smooth = {"from_logits": flags, "label_smoothing": parts}
focal = {"alpha": parts, "gamma": parts}

#: For each function: good arrays, and its other arguments.
FUNCTIONS = {
    **{
        name: (regression, {})
        for name in (
            *("mean_squared_error", "mean_absolute_error", "mean_absolute_percentage_error"),
            *("mean_squared_logarithmic_error", "log_cosh"),
        )
    },
    "poisson": (binary, {}),
    "hinge": (binary, {}),
    "squared_hinge": (binary, {}),
    "kl_divergence": (classes, {}),
    "categorical_hinge": (classes, {}),
    "huber": (regression, {"delta": st.floats(0.1, 2)}),
    "cosine_similarity": (regression, {"axis": st.just(-1)}),
    "binary_crossentropy": (binary, smooth),
    "multilabel_crossentropy": (binary, smooth),
    "binary_focal_crossentropy": (binary, smooth | focal | {"apply_class_balancing": flags}),
    "categorical_crossentropy": (classes, smooth),
    "categorical_focal_crossentropy": (classes, smooth | focal),
    "sparse_categorical_crossentropy": (of_labels, {"from_logits": flags}),
    "categorical_generalized_cross_entropy": (of_labels, {"q": st.floats(0.01, 0.99)}),
}


def function_target(name):
    arrays, options = FUNCTIONS[name]

    def good(draw):
        needed = {"q": draw(options["q"])} if "q" in options else {}
        return arrays(draw) | needed | some_of(draw, options)

    def check(result, y_true, y_pred, **arguments):
        """One for each row, whose mean is the value of the class."""
        predicted = np.asarray(y_pred)
        assert result.shape == predicted.shape[:-1]
        if abs(real(y_pred)).max() > 1e6 or abs(real(y_true)).max() > 1e6:
            return
        if "categorical" in name and (real(y_pred).sum(axis=-1) <= 0).any():
            return  # no shares of classes
        assert np.isfinite(result).all()
        whole = type(losses.get(name))(**arguments)(y_true, y_pred)
        assert math.isclose(result.mean(dtype=float), whole, rel_tol=1e-6, abs_tol=1e-6)

    return calls(f"losses.{name}", getattr(losses, name), good, check)


TARGETS = {f"losses.{name}": function_target(name) for name in FUNCTIONS}
