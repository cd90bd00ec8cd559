"""Pictures: a right answer is a set of Axes, or a sheet of images with the given pixels on it."""

import numpy as np
from calls import calls, labels, numbers, real, some_of, whole
from hostile import SCALARS
from hypothesis import strategies as st
from matplotlib.axes import Axes
from surface import resolve

from fastscratch import Sequential, callbacks, layers

FEW = [value for value in SCALARS if not (isinstance(value, int) and 100 < value < 2**39)]
SUBJECTS = ("x", "model", "layer", "layers", "names", "history")


def is_drawn(result, **arguments):
    assert isinstance(result, Axes)


def network():
    """A trained model has no other weights than one that is not."""
    stack = [
        layers.Conv2D(2, 2, input_shape=(5, 5, 1), name="conv"),
        layers.MaxPooling2D(name="pool"),
        layers.Flatten(name="flat"),
        layers.Dense(3, "softmax", name="out"),
    ]
    model = Sequential(stack)
    model.compile("sgd", "sparse_categorical_crossentropy")
    model.count_params()
    return model


def classifier():
    model = Sequential([layers.Dense(3, "softmax", input_shape=(2,))])
    model.compile("sgd", "sparse_categorical_crossentropy")
    model.count_params()
    return model


NETWORK, CLASSIFIER = network(), classifier()
layer = st.sampled_from(["conv", "pool", "flat", "out", 0, 1, -1])


def good_panels(draw):
    sizes = {"n": st.integers(1, 3), "width": st.floats(1, 5), "height": st.floats(1, 5)}
    return some_of(draw, sizes)


def check_panels(result, n=1, width=5.0, height=4.2):
    assert len(result) == whole(n)
    assert all(isinstance(ax, Axes) for ax in result)
    expected = float(width) * whole(n), float(height)
    np.testing.assert_allclose(result[0].figure.get_size_inches(), expected)


def good_groups(draw):
    n = draw(st.integers(1, 6))
    names = ["a", "b", "c"]
    return {"points": numbers(draw, n, 2), "labels": labels(draw, n, 3), "names": names}


def good_mosaic(draw):
    images = numbers(draw, *(draw(st.integers(1, 3)) for _ in range(3)))
    captions = [str(i) for i in range(len(images))]
    options = {"captions": st.just(captions), "columns": st.integers(1, 4)}
    return {"images": images, **some_of(draw, options)}


def check_mosaic(result, images, captions=(), columns=None):
    is_drawn(result)
    sheet = np.ma.filled(result.images[-1].get_array().astype(float), np.nan)
    pixels = np.sort(real(images).astype(np.float32).ravel())
    np.testing.assert_array_equal(np.sort(sheet[~np.isnan(sheet)].astype(np.float32)), pixels)


def good_boundary(draw):
    n = draw(st.integers(1, 6))
    options = {"names": st.just(["a", "b", "c"]), "resolution": st.integers(2, 9)}
    data = {"model": CLASSIFIER, "X": numbers(draw, n, 2), "y": labels(draw, n, 3)}
    return data | {"resolution": 5} | some_of(draw, options)


def good_confusion(draw):
    n = draw(st.integers(1, 6))
    y_true, y_pred = labels(draw, n, 3), labels(draw, n, 3)
    if draw(st.booleans()):
        y_true, y_pred = (np.array(["a", "b", "c"])[y] for y in (y_true, y_pred))
        return {"y_true": y_true, "y_pred": y_pred}
    names = {"names": st.just(["a", "b", "c"])}
    return {"y_true": y_true, "y_pred": y_pred, **some_of(draw, names)}


def good_misclassified(draw):
    n = draw(st.integers(1, 6))
    shape = draw(st.sampled_from([(3, 2), (3, 2, 1), (4,)]))
    y_pred = labels(draw, n, 3) if draw(st.booleans()) else abs(numbers(draw, n, 3))
    options = {"names": st.just(["a", "b", "c"]), "n": st.integers(1, 4)}
    data = {"x": numbers(draw, n, *shape), "y_true": labels(draw, n, 3), "y_pred": y_pred}
    return data | some_of(draw, options)


def good_maps(draw):
    shape = draw(st.sampled_from([(5, 5), (5, 5, 1)]))
    return {"model": NETWORK, "image": numbers(draw, *shape), "layer": draw(layer)}


def good_filters(draw):
    return {"model": NETWORK, "layer": draw(layer)}


def good_history(draw):
    epochs = draw(st.integers(1, 4))
    curves = {name: list(numbers(draw, epochs)) for name in ("loss", "val_loss", "mse")}
    history = callbacks.History()
    for epoch in range(epochs):
        history.on_epoch_end(epoch, {name: curve[epoch] for name, curve in curves.items()})
    metrics = {"metrics": st.sampled_from(["loss", ["loss", "mse"]])}
    return {"history": curves if draw(st.booleans()) else history, **some_of(draw, metrics)}


def good_norms(draw):
    n = draw(st.integers(1, 6))
    data = {"x": numbers(draw, n, 2), "y": labels(draw, n, 3)}
    return {"model": draw(st.sampled_from([CLASSIFIER, {"a": CLASSIFIER}])), **data}


class Search:
    """The results of a search, made up."""

    resource, factor, n_candidates_ = "b", 2, [2]

    def __init__(self, scores):
        n = len(scores)
        self.cv_results_ = {
            **{"params": [{"a": k % 3, "b": str(k % 2)} for k in range(n)]},
            **{"mean_test_score": scores, "std_test_score": np.zeros(n)},
            "n_resources": np.arange(1, n + 1),
        }


def good_search(draw):
    names = {"by": st.sampled_from(["a", "b"])}
    search = Search(numbers(draw, draw(st.integers(1, 6))))
    return {"search": search, "parameter": draw(names["by"]), **some_of(draw, names)}


def good_halving(draw):
    return {"search": Search(numbers(draw, draw(st.integers(1, 6))))}


class Intervals:
    """A regression that knows how wrong it is."""

    def predict(self, X):
        return np.asarray(X, float)[:, 0]

    def predict_interval(self, X, level):
        return self.predict(X) - level, self.predict(X) + level


def good_intervals(draw):
    n = draw(st.integers(1, 6))
    options = {"y": st.just(numbers(draw, n)), "column": st.just(1), "level": st.just(0.5)}
    return {"model": Intervals(), "X": numbers(draw, n, 2), **some_of(draw, options)}


def good_input_gradients(draw):
    n = draw(st.integers(1, 4))
    if draw(st.booleans()):
        data = {"model": NETWORK, "x": numbers(draw, n, 5, 5, 1)}
        options = {"n": st.integers(1, 4)}
    else:
        data = {"model": CLASSIFIER, "x": numbers(draw, n, 2)}
        options = {"names": st.just(["a", "b"]), "shape": st.just((1, 2))}
    return data | {"y": labels(draw, n, 3)} | some_of(draw, options)


def target(name, good, check=is_drawn, **how):
    return calls(f"plot.{name}", resolve(f"plot.{name}"), good, check, subjects=SUBJECTS, **how)


TARGETS = {
    "plot.panels": target("panels", good_panels, check_panels, scalars={"n": FEW}),
    "plot.groups": target("groups", good_groups),
    "plot.mosaic": target("mosaic", good_mosaic, check_mosaic, scalars={"columns": FEW}),
    "plot.plot_decision_boundary": target("plot_decision_boundary", good_boundary),
    "plot.plot_confusion_matrix": target("plot_confusion_matrix", good_confusion),
    "plot.plot_misclassified": target("plot_misclassified", good_misclassified),
    "plot.plot_feature_maps": target("plot_feature_maps", good_maps),
    "plot.plot_filters": target("plot_filters", good_filters),
    "plot.plot_gradient_norms": target("plot_gradient_norms", good_norms),
    "plot.plot_input_gradients": target("plot_input_gradients", good_input_gradients),
    "plot.plot_halving": target("plot_halving", good_halving),
    "plot.plot_search_results": target("plot_search_results", good_search),
    "plot.plot_prediction_interval": target("plot_prediction_interval", good_intervals),
    "plot.plot_history": target("plot_history", good_history),
}
