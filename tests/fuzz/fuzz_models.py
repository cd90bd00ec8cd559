"""Models: random architectures, also impossible ones, and what is done with them.

Predictions and losses are compared with the naive twins, layer by layer (`tests/naive.py`).
"""

import contextlib
import copy
import itertools
import math
import sys
from pathlib import Path

import numpy as np
from calls import calls, labels, numbers, real, some_of, whole
from hostile import SCALARS
from hypothesis import strategies as st

from fastscratch import Input, Model, Sequential, fit_many, layers, optimizers
from fastscratch.callbacks import EarlyStopping
from fastscratch.engine import chain
from fastscratch.examples.example import network_of

sys.path.append(str(Path(__file__).parents[1]))
import naive

FEW_EPOCHS = [value for value in SCALARS if not (isinstance(value, int) and 10 < value < 2**39)]
SUBJECTS = ("model", "metric", "layer", "layers", "loss", "samples", "Dense", "Conv2D", "Reshape")
SUBJECTS += ("MaxPooling2D", "AveragePooling2D", "GlobalAveragePooling2D", "clipvalue")

activations = st.sampled_from(["linear", "relu", "tanh", "sigmoid", "softplus", "elu"])
small = st.integers(1, 4)
padding = st.sampled_from(["valid", "same"])
any_layer = st.one_of(
    st.builds(layers.Dense, small, activations, use_bias=st.booleans()),
    st.builds(layers.Conv2D, small, small, padding=padding, activation=activations),
    st.builds(layers.Conv2D, st.just(4), small, small, groups=st.sampled_from([1, 2, 4])),
    st.builds(layers.MaxPooling2D, small, padding=padding),
    st.builds(layers.AveragePooling2D, small, small, padding=padding),
    st.builds(layers.GlobalAveragePooling2D),
    st.builds(layers.BatchNormalization, trainable=st.booleans()),
    st.builds(layers.LayerNormalization),
    st.builds(layers.Activation, activations),
    st.builds(layers.Dropout, st.sampled_from([0.0, 0.5])),
    st.builds(layers.Flatten),
    st.builds(layers.Reshape, st.sampled_from([(-1,), (2, -1), (2, 2, -1), (4,)])),
)
input_shapes = st.sampled_from([(1,), (3,), (8,), (4, 4, 1), (5, 3, 2), (2, 3), (1, 1, 4)])
losses = {
    "mean_squared_error": "linear",
    "mean_absolute_error": "linear",
    "huber": "linear",
    "poisson": "softplus",
    "binary_crossentropy": "sigmoid",
    "multilabel_crossentropy": "sigmoid",
    "categorical_crossentropy": "softmax",
    "sparse_categorical_crossentropy": "softmax",
}
any_optimizer = st.one_of(
    st.builds(optimizers.SGD, st.sampled_from([0.01, 1.0]), momentum=st.sampled_from([0, 0.9])),
    st.builds(optimizers.RMSprop, momentum=st.sampled_from([0, 0.5])),
    st.builds(optimizers.Adagrad),
    st.builds(optimizers.Adam, global_clipnorm=st.sampled_from([None, 1.0])),
    st.builds(optimizers.AdamW, clipvalue=st.sampled_from([None, 0.1])),
)


def drawn_model(draw):
    """A model of layers that fit each other; those that do not are left out."""
    shape = draw(input_shapes)
    model = Sequential([layers.Input(shape)], dtype=draw(st.sampled_from(["float32", "float64"])))
    model.seed = draw(st.integers(0, 99))
    for layer in draw(st.lists(any_layer, max_size=4)):
        with contextlib.suppress(ValueError):  # Sequential.add looks at the words
            model.add(layer)
    return model


def drawn_task(draw):
    """A compiled model with samples and targets for it."""
    model = drawn_model(draw)
    loss = draw(st.sampled_from(sorted(losses)))
    units = draw(small)
    if len(chain(model.layers, model._input_shape).shapes[-1]) > 1:
        model.add(layers.Flatten())
    model.add(layers.Dense(units, losses[loss]))
    metrics = draw(st.sampled_from([[], ["accuracy"], ["mse", "mae"]]))
    if loss[:6] == "sparse":
        metrics = metrics[:1] if metrics == ["accuracy"] else []
    model.compile(draw(any_optimizer), loss, metrics)
    model.count_params()
    n = draw(st.integers(1, 9))
    x = numbers(draw, n, *model._input_shape)
    y = labels(draw, n, units)
    if loss[:6] != "sparse":
        y = np.eye(units)[y]
    return model, {"x": x, "y": y}


def state_of(model):
    def state():
        if model._holder.state is None:
            return None
        return [*model.get_weights(), model.iterations, model.trained_epochs]

    return state


def close(a, b, dtype, scale=1.0):
    """Within some thousand units of roundoff: the layers amplify those of the ones before."""
    a, b = np.asarray(a, np.float64), np.asarray(b, np.float64)
    assert a.shape == b.shape
    room = 4096 * np.finfo(dtype).eps * max(1.0, abs(b).max(initial=0), scale)
    assert (abs(a - b) <= room).all(), f"got {a.ravel()[:3]}, wanted {b.ravel()[:3]}"


def expected_outputs(model, x):
    """Outputs by the twins, or None where numbers are so large that rounding is all there is."""
    x = real(x, model.dtype)
    if abs(x).max() > 1e3:
        return None
    parameters = np.concatenate([w.ravel() for w in model.get_weights()] or [np.zeros(0)])
    (outputs,) = naive.forward(network_of(model), parameters.astype(float), [x])
    return outputs


def has_layer_norm_of_few(model):
    """Layer normalisation of constants divides rounding by epsilon: no truth to compare with."""
    return any(isinstance(layer, layers.LayerNormalization) for layer in model.layers)


# --- methods --------------------------------------------------------------------------------------


@st.composite
def of_model(draw, method, make, fixed=(), scalars=None, raises=(), warns=()):
    """Calls of a method; `make` takes `draw`, returns a model, arguments and the check."""
    model, arguments, check = make(draw)
    loss = model.loss and model.loss.name
    name = f"Sequential({model.layers}, {model._input_shape}, {model.dtype}, {loss}).{method}"
    how = {"scalars": scalars, "fixed": fixed, "raises": raises, "warns": warns}
    how |= {"subjects": SUBJECTS, "state": state_of(model)}
    return draw(calls(name, getattr(model, method), lambda draw: arguments, check, **how))


def sequential(layers=(), name="sequential", dtype="float32"):
    return Sequential(layers, name, dtype)


def good_sequential(draw):
    stack = [layers.Input(draw(input_shapes)), *draw(st.lists(any_layer, max_size=3))]
    return {"layers": stack, **some_of(draw, {"dtype": st.sampled_from(["float32", "float64"])})}


def check_sequential(result, layers=(), name="sequential", dtype="float32"):
    assert dtype in ("float32", "float64")
    assert isinstance(name, str)
    if result._input_shape and result.layers:
        x = np.ones((2, *result._input_shape))
        out = result.predict(x)
        assert out.dtype == dtype
        assert out.shape == (2, *chain(result.layers, result._input_shape).shapes[-1])
        assert np.isfinite(out).all()


def adding(draw):
    model = drawn_model(draw)
    before = len(model.layers)

    def check(result, layer):
        assert isinstance(layer, layers.Layer)
        assert len(model.layers) == before + 1
        check_sequential(model, dtype=model.dtype)

    return model, {"layer": draw(any_layer)}, check


def finding(method):
    def make(draw):
        model, _ = drawn_task(draw)

        def check(result, **place):
            (where,) = (value for value in place.values() if value is not None)
            names = [layer.name for layer in model.layers]
            index = names.index(where) if isinstance(where, str) else whole(where)
            wanted = range(len(names))[index]
            if method == "get_layer":
                assert result is model.layers[wanted]
            else:
                assert len(result.layers) == wanted + 1
                for a, b in zip(result.get_weights(), model.get_weights(), strict=False):
                    np.testing.assert_array_equal(a, b)

        place = draw(st.integers(-len(model.layers), len(model.layers) - 1))
        names = {"get_layer": draw(st.sampled_from(["index", "name"])), "submodel": "layer"}
        name = names[method]
        by_name = name == "name" or (name == "layer" and draw(st.booleans()))
        return model, {name: model.layers[place].name if by_name else place}, check

    return make


def setting(draw):
    model, _ = drawn_task(draw)
    weights = [numbers(draw, *w.shape) for w in model.get_weights()]
    if weights and draw(st.booleans()):  # what `calls` cannot spoil: one of several
        i = draw(st.integers(0, len(weights) - 1))
        ways = [
            weights[i][..., None],
            weights[i][:0],
            weights[i] * np.nan,
            None,
            "x",
            [[1], [2, 3]],
        ]
        weights[i] = draw(st.sampled_from(range(len(ways))).map(ways.__getitem__))

    def check(result, weights):
        for kept, given in zip(model.get_weights(), weights, strict=True):
            np.testing.assert_array_equal(kept, np.asarray(given).astype(model.dtype))
            real(given, model.dtype)

    return model, {"weights": weights}, check


def compiling(draw):
    model = drawn_model(draw)
    arguments = {
        "optimizer": draw(any_optimizer | st.sampled_from(["sgd", "adam"])),
        "loss": draw(st.sampled_from(sorted(losses))),
        "metrics": draw(st.sampled_from([[], "accuracy", ["accuracy", "mse"]])),
    }

    def check(result, optimizer, loss, metrics):
        assert model.loss.name == str(loss)
        assert isinstance(model.optimizer, optimizers.Optimizer)

    return model, arguments, check


def predicting(method):
    def make(draw):
        model, task = drawn_task(draw)
        if draw(st.booleans()):
            names = [placed.weight.name for placed in network_of(model).placed()]
            model.set_weights(
                [
                    1.0 + np.arange(w.size)
                    if name == "moving_variance"
                    else numbers(draw, *w.shape, scale=0.5)
                    for name, w in zip(names, model.get_weights(), strict=True)
                ]
            )
        arguments = {"x": task["x"]}
        if method == "predict":
            arguments |= some_of(draw, {"batch_size": st.integers(1, 10), "verbose": st.just(0)})

        def check(result, x, batch_size=None, verbose=0):
            assert batch_size is None or whole(batch_size) >= 1
            assert result.dtype == model.dtype
            expected = expected_outputs(model, x)
            if expected is not None and not has_layer_norm_of_few(model):
                close(result, expected, model.dtype, abs(real(x)).max())

        return model, arguments, check

    return make


def learning(method):
    def make(draw):
        model, arguments = drawn_task(draw)
        n = len(arguments["x"])
        before = model.get_weights()
        weight = {"sample_weight": st.just(abs(numbers(draw, n)))}
        options = {"class_weight": st.just({0: 2.0})}
        if method == "fit":
            options |= {
                "batch_size": st.integers(1, 12),
                "epochs": st.integers(0, 3),
                "verbose": st.sampled_from([0, "auto"]),
                "shuffle": st.booleans(),
                "validation_split": st.sampled_from([0.0, 0.5]),
                "initial_epoch": st.integers(0, 1),
                "steps_per_epoch": st.integers(1, 3),
                "validation_steps": st.integers(1, 3),
                "validation_freq": st.integers(1, 3) | st.just([1]),
            }
        if method == "evaluate":
            options = {"batch_size": st.integers(1, 12), "return_dict": st.booleans()}
        if method == "test_on_batch":
            options = {"return_dict": st.booleans()}
        arguments |= some_of(draw, options | weight)

        def check(result, x, y, **given):
            assert all(np.isfinite(w).all() for w in model.get_weights())
            real(x, model.dtype)
            real(y, model.dtype)
            if method == "fit":
                epochs = max(
                    0, whole(given.get("epochs", 1)) - whole(given.get("initial_epoch", 0))
                )
                assert len(result.epoch) == epochs
                assert all(map(math.isfinite, itertools.chain(*result.history.values())))
                if not epochs:
                    assert all(map(np.array_equal, before, model.get_weights()))
                return
            values = list(result.values()) if isinstance(result, dict) else result
            values = values if isinstance(values, list) else [values]
            # squares of huge numbers are infinite
            huge = max(abs(real(x)).max(), abs(real(y)).max()) > np.finfo(model.dtype).max ** 0.25
            assert huge or all(map(math.isfinite, values))
            if set(given) <= {"batch_size", "return_dict"} and method in (
                "evaluate",
                "test_on_batch",
            ):
                outputs = expected_outputs(model, x)
                if outputs is not None and not has_layer_norm_of_few(model):
                    wanted = loss_of(model.loss.name, outputs, real(y))
                    close(values[0], wanted, model.dtype, 100 * max(1, abs(outputs).max()))

        return model, arguments, check

    return make


def loss_of(name, outputs, y):
    """Mean loss by its formula."""
    outputs = outputs.reshape(len(outputs), -1)
    if name[:6] == "sparse":
        y = y.reshape(-1, 1) == np.arange(outputs.shape[1])
    y = np.asarray(y, float).reshape(outputs.shape)
    if name == "mean_squared_error":
        return ((outputs - y) ** 2).mean()
    if name == "mean_absolute_error":
        return abs(outputs - y).mean()
    if name == "huber":
        error = abs(outputs - y)
        return np.where(error <= 1, error**2 / 2, error - 0.5).mean()
    if name == "poisson":
        return (outputs - y * np.log(outputs + 1e-7)).mean()
    p = outputs.clip(1e-15, 1 - 1e-15)
    if name[-24:] == "categorical_crossentropy":
        return -(y * np.log(p)).sum(axis=1).mean()
    terms = -(y * np.log(p) + (1 - y) * np.log1p(-p))
    return terms.mean() if name[:6] == "binary" else terms.sum(axis=1).mean()


def graph(inputs, outputs, name="model", dtype="float32"):
    return Model(inputs, outputs, name, dtype)


def good_graph(draw):
    """Two ways from one input or two, that meet again; one output or two."""
    x = Input((draw(small),))
    other = draw(st.sampled_from([x, Input((draw(small),))]))
    units = draw(small)
    ends = [layers.Dense(units, draw(activations))(t) for t in (x, other)]
    merge = draw(st.sampled_from([layers.Add, layers.Multiply, layers.Concatenate]))
    outputs = [merge()(ends), *(ends[:1] if draw(st.booleans()) else [])]
    return {
        "inputs": [x] if other is x else [x, other],
        "outputs": outputs,
        **some_of(draw, {"dtype": st.sampled_from(["float32", "float64"])}),
    }


def check_graph(result, inputs, outputs, name="model", dtype="float32"):
    inputs, outputs = (
        [t] if isinstance(t, layers.SymbolicTensor) else t for t in (inputs, outputs)
    )
    found = result.predict(
        [np.ones((2, *t.sample_shape)) for t in inputs]
        if len(inputs) > 1
        else np.ones((2, *inputs[0].sample_shape))
    )
    found = found if isinstance(found, list) else [found]
    assert [out.shape for out in found] == [(2, *t.sample_shape) for t in outputs]
    assert all(out.dtype == dtype and np.isfinite(out).all() for out in found)


def is_random(model):
    """Whether a step in training does not follow from its samples alone, or from each alone."""
    kinds = (layers.Dropout, layers.BatchNormalization)
    return any(isinstance(layer, kinds) for layer in model.layers)


def differentiating(method):
    """Gradients: of the right shapes, and their mean is the gradient of the mean."""

    def make(draw):
        model, arguments = drawn_task(draw)
        if method == "gradients":
            weight = {"sample_weight": st.just(abs(numbers(draw, len(arguments["x"]))))}
            arguments |= some_of(draw, weight)

        def check(result, x, y, sample_weight=None):
            x, y = real(x, model.dtype), real(y, model.dtype)
            if abs(x).max() > 1e3 or abs(y).max() > 1e3:
                return
            if method == "input_gradients":
                assert result.shape == x.shape
                assert np.isfinite(result).all()
                return
            if method == "gradient_norms":
                assert all(math.isfinite(norm) and norm >= 0 for norm in result.values())
                return
            loss, found = result
            shapes = [w.shape for w in model.get_weights()]
            alone = method == "per_sample_gradients"
            assert [g.shape[1:] if alone else g.shape for g in found] == shapes
            if sample_weight is None and not is_random(model) and not has_layer_norm_of_few(model):
                other = model.gradients(x, y) if alone else model.per_sample_gradients(x, y)
                for a, b in zip(found, other[1], strict=True):
                    one, mean = (b, a.mean(axis=0)) if alone else (a, b.mean(axis=0))
                    close(one, mean, model.dtype, 100)
                close(np.mean(loss), np.mean(other[0]), model.dtype, 1e3)

        return model, arguments, check

    return make


def good_symbolic(draw):
    return {"shape": draw(input_shapes)}


def check_symbolic(result, shape):
    assert result.shape == (None, *map(whole, shape))


@st.composite
def of_many(draw):
    """Two copies of a model, each on rows of its own."""
    model, arguments = drawn_task(draw)
    models, n = [copy.deepcopy(model) for _ in range(2)], len(arguments["x"])
    rows = st.lists(st.lists(st.integers(0, n - 1), min_size=1), min_size=2, max_size=2)
    options = {
        "rows": rows,
        "batch_size": st.integers(1, 12),
        "epochs": st.integers(0, 3),
        "verbose": st.sampled_from([0, "auto"]),
        "shuffle": st.booleans(),
        "sample_weight": st.just(abs(numbers(draw, n))),
        "validation_rows": rows,
        "early_stopping": st.just(EarlyStopping("loss")),
    }

    def good(draw):
        return {"models": models, **arguments, **some_of(draw, options)}

    def check(result, models, x, y, **given):
        assert len(result) == len(models)
        for one, history in zip(models, result, strict=True):
            assert all(np.isfinite(w).all() for w in one.get_weights())
            most = np.asarray(given.get("epochs", 1)).max()
            assert history.error is not None or len(history.epoch) <= most

    how = {"scalars": {"epochs": FEW_EPOCHS}, "subjects": SUBJECTS, "warns": (RuntimeWarning,)}
    states = [state_of(one) for one in models]
    how |= {"state": lambda: [state() for state in states], "fixed": ("models",)}
    name = f"fit_many of {model.layers}, {model._input_shape}, {model.dtype}, {model.loss.name}"
    return draw(calls(name, fit_many, good, check, **how))


def target(method, make, **how):
    return of_model(method, make, **how)


DIVERGES = (FloatingPointError,)
TARGETS = {
    "Sequential": calls(
        "Sequential", sequential, good_sequential, check_sequential, subjects=SUBJECTS
    ),
    "Model": calls("Model", graph, good_graph, check_graph, subjects=SUBJECTS),
    "fit_many": of_many(),
    "Input": calls("Input", Input, good_symbolic, check_symbolic),
    **{
        f"Sequential.{method}": target(method, differentiating(method), raises=DIVERGES)
        for method in ("gradients", "per_sample_gradients", "input_gradients", "gradient_norms")
    },
    "Sequential.add": target("add", adding),
    "Sequential.get_layer": target("get_layer", finding("get_layer")),
    "Sequential.submodel": target("submodel", finding("submodel")),
    "Sequential.set_weights": target("set_weights", setting),
    "Sequential.compile": target("compile", compiling, warns=(UserWarning,)),
    "Sequential.predict": target("predict", predicting("predict")),
    "Sequential.predict_on_batch": target("predict_on_batch", predicting("predict_on_batch")),
    "Sequential.evaluate": target("evaluate", learning("evaluate")),
    "Sequential.test_on_batch": target("test_on_batch", learning("test_on_batch")),
    "Sequential.train_on_batch": target(
        "train_on_batch", learning("train_on_batch"), raises=DIVERGES
    ),
    "Sequential.fit": target(
        "fit", learning("fit"), scalars={"epochs": FEW_EPOCHS}, raises=DIVERGES
    ),
}
