"""Pictures: what is drawn, read back from the Axes; the truth is the data that went in."""

import io

import numpy as np
import pandas as pd
import pytest
from matplotlib import colormaps
from sklearn.linear_model import LogisticRegression
from sklearn.svm import LinearSVC

import fastscratch as fs
from fastscratch import History, Sequential, layers, plot
from fastscratch.datasets import make_spirals
from fastscratch.metrics import confusion_matrix
from fastscratch.ops import conv
from fastscratch.plot.ratios import draw_ratios


@pytest.fixture
def ax():
    return plot.panels()[0]


def labels_of(ax):
    return [text.get_text() for text in ax.get_legend().get_texts()]


def ticks(axis):
    return [text.get_text() for text in axis.get_ticklabels()]


# --- what pictures are made of --------------------------------------------------------------------


def test_mosaic_lays_images_out_in_rows():
    images = np.arange(1, 4)[:, None, None] * np.ones((3, 40, 40))
    ax = plot.mosaic(images, columns=2)
    sheet = ax.images[0].get_array().filled(0)
    # Two rows and two columns of 40 pixels, with a gap of one.
    assert sheet.shape == (82, 81)
    assert (sheet[1:41, :40] == 1).all()
    assert (sheet[1:41, 41:] == 2).all()
    assert (sheet[42:, :40] == 3).all()
    assert (sheet[42:, 41:] == 0).all()


def test_groups_and_mosaic_draw_on_the_axes_they_are_given():
    left, right = plot.panels(2)
    assert plot.groups([[0, 1], [1, 0]], [0, 1], ("one", "two"), left) is left
    assert [points.get_offsets().tolist() for points in left.collections] == [[[0, 1]], [[1, 0]]]
    assert labels_of(left) == ["one", "two"]
    assert plot.mosaic(np.zeros((2, 4, 4)), ["x", "y"], ax=right) is right
    assert [text.get_text() for text in right.texts] == ["x", "y"]


@pytest.mark.parametrize(
    "draw",
    [
        plot.panels,
        lambda: plot.plot_history({"loss": [1, 2]}),
        lambda: plot.plot_filters(network(), 0),
        lambda: plot.plot_confusion_matrix([0, 1], [0, 1]),
        lambda: plot.plot_gradient_norms(linear(1.0), [[2.0]], [1.0]),
        lambda: plot.plot_input_gradients(linear(1.0), [[2.0]], [1.0]),
    ],
)
@pytest.mark.usefixtures("no_matplotlib")
def test_without_matplotlib_the_extra_is_named(draw):
    with pytest.raises(ImportError, match=r'pip install "fastscratch\[plot\]"'):
        draw()


def test_pyplot_is_left_alone(child):
    code = """
import sys
from fastscratch import plot
plot.plot_history({"loss": [2, 1]})
plot.plot_confusion_matrix([0, 1], [0, 1])
assert "matplotlib.pyplot" not in sys.modules
"""
    child(code)


# --- histories ------------------------------------------------------------------------------------


LOGS = {"loss": [3.0, 2.0, 1.0], "accuracy": [0.5, 0.6, 0.7], "val_loss": [3.5, 2.5, 2.0]}


def test_history_training_is_solid_and_validation_dashed(ax):
    assert plot.plot_history(LOGS, ax=ax) is ax
    loss, val_loss = ax.lines
    assert loss.get_xydata().tolist() == [[1, 3], [2, 2], [3, 1]]
    assert val_loss.get_xydata().tolist() == [[1, 3.5], [2, 2.5], [3, 2]]
    assert (loss.get_linestyle(), val_loss.get_linestyle()) == ("-", "--")
    assert loss.get_color() == val_loss.get_color()
    assert labels_of(ax) == ["loss", "val_loss"]
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("epoch", "loss")


def test_history_of_a_fit_has_its_epochs(ax):
    history = History()
    for epoch in (5, 6):  # of a fit with initial_epoch=5
        history.on_epoch_end(epoch, {"loss": 1.0 / epoch, "accuracy": 0.5})
    plot.plot_history(history, ["accuracy", "loss"], ax)
    assert [line.get_xdata().tolist() for line in ax.lines] == [[6, 7], [6, 7]]
    assert labels_of(ax) == ["accuracy", "loss"]
    assert ax.get_ylabel() == ""


@pytest.mark.parametrize(
    ("history", "metrics", "error", "message"),
    [
        (LOGS, "auc", ValueError, "history has no 'auc'; it has 'loss', 'accuracy', 'val_loss'"),
        (History(), "loss", ValueError, "history has no 'loss'; it has nothing"),
        ([1, 2], "loss", TypeError, "history must be a History or a dict, got list"),
        (LOGS, None, TypeError, "metrics must be names in history, got None"),
    ],
)
def test_history_refuses(history, metrics, error, message):
    with pytest.raises(error, match=message):
        plot.plot_history(history, metrics)


# --- decision boundaries --------------------------------------------------------------------------

CORNERS = np.array([[-1.0, -1.0], [1.0, -1.0], [-1.0, 1.0], [1.0, 1.0]])
SIDES = np.array([0, 1, 0, 1])


def half_planes(units):
    """A network that says 1 where the first coordinate is positive."""
    model = Sequential([layers.Input((2,)), layers.Dense(units, "sigmoid")])
    kernel = [[4.0], [0.0]] if units == 1 else [[-4.0, 4.0], [0.0, 0.0]]
    model.set_weights([kernel, np.zeros(units)])
    return model


def boundary(ax):
    """Corners of the black lines."""
    black = [(0, 0, 0, 1)]
    lines = [c for c in ax.collections if np.array_equal(c.get_edgecolor(), black)]
    return np.concatenate([path.vertices for c in lines for path in c.get_paths()])


@pytest.mark.parametrize("units", [1, 2])
def test_boundary_of_a_network(ax, units):
    assert plot.plot_decision_boundary(half_planes(units), CORNERS, SIDES, ax=ax) is ax
    np.testing.assert_allclose(boundary(ax)[:, 0], 0, atol=1e-6)
    picture = ax.images[0].get_array()
    assert picture.shape == (200, 200, 3)
    blue, orange = picture[100, 0], picture[100, -1]
    assert blue[2] > blue[0]
    assert orange[0] > orange[2]
    np.testing.assert_allclose(picture[:, 99:101], 1, atol=0.05)  # white where it is undecided
    left, right, bottom, top = ax.images[0].get_extent()
    assert left < -1.1
    assert right > 1.1
    assert (left, right) == (bottom, top)


def test_boundary_of_scikit_learn_with_names_and_data_frames(ax):
    frame = pd.DataFrame(CORNERS, columns=["width", "height"])
    model = LogisticRegression().fit(frame, ["no", "yes", "no", "yes"])
    plot.plot_decision_boundary(model, frame, ["no", "yes", "no", "yes"], ("No!", "Yes!"), 50, ax)
    np.testing.assert_allclose(boundary(ax)[:, 0], 0, atol=1e-3)
    assert ax.images[0].get_array().shape == (50, 50, 3)
    assert labels_of(ax) == ["No!", "Yes!"]
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("width", "height")


def test_boundary_around_one_point_far_away(ax):
    far = [[0.0, -(2.0**31)]]
    plot.plot_decision_boundary(half_planes(2), far, [0], resolution=5, ax=ax)
    bottom, top = ax.get_ylim()
    assert bottom < -(2.0**31) < top


def test_boundary_without_probabilities_and_of_three_classes(ax):
    X, y = make_spirals(30, n_classes=3, noise=0)
    model = LinearSVC().fit(X, y + 5)
    plot.plot_decision_boundary(model, X, y + 5, ax=ax)
    assert labels_of(ax) == ["5", "6", "7"]
    # The colours are those of the predictions.
    picture = ax.images[0].get_array()
    assert len(np.unique(picture.reshape(-1, 3), axis=0)) == len(np.unique(model.predict(X)))


def test_boundary_that_is_not_there(ax):
    model = half_planes(1)
    model.set_weights([[[0.0], [0.0]], [3.0]])  # 1 everywhere
    plot.plot_decision_boundary(model, CORNERS, SIDES, ax=ax)
    assert len(ax.collections) == 2  # the points, and no line


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((CORNERS[:, :1], SIDES), "X must have two columns, got 1"),
        ((CORNERS, SIDES[:3]), "X and y must have one row for each sample, got 4 and 3"),
        ((CORNERS, np.eye(2)[SIDES]), r"y must hold a label for each sample, got shape \(4, 2\)"),
        ((CORNERS, SIDES + 1), r"y must hold the model's classes \[.*\], got 2"),
        ((CORNERS, SIDES, ["a"]), "names must be 2, one for each class, got 1"),
        ((CORNERS, SIDES, None, 1), "resolution must be at least 2, got 1"),
    ],
)
def test_boundary_refuses(arguments, message):
    with pytest.raises(ValueError, match=message):
        plot.plot_decision_boundary(half_planes(2), *arguments)


def test_boundary_wants_probabilities():
    model = Sequential([layers.Input((2,)), layers.Dense(2)])
    model.set_weights([[[-4.0, 4.0], [0.0, 0.0]], [0.0, 0.0]])
    with pytest.raises(ValueError, match=r"must return probabilities .* from -4\.\d+ to 4\.\d+"):
        plot.plot_decision_boundary(model, CORNERS, SIDES)


# --- convolutions ---------------------------------------------------------------------------------


def network(use_bias=True):
    model = Sequential(
        [
            layers.Input((6, 7, 1)),
            layers.Conv2D(4, 3, use_bias=use_bias),
            layers.Conv2D(5, 2, activation="relu"),
            layers.Flatten(),
            layers.Dense(2),
        ]
    )
    rng = np.random.default_rng(0)
    model.set_weights([rng.standard_normal(w.shape) for w in model.get_weights()])
    return model


@pytest.mark.parametrize("use_bias", [True, False])
def test_filters_in_a_square(ax, use_bias):
    model = network(use_bias)
    assert plot.plot_filters(model, "conv2d", ax) is ax
    kernel = model.get_weights()[0]
    sheet = ax.images[0].get_array()
    # Two by two filters of 3 by 3, with a gap of one.
    np.testing.assert_array_equal(sheet[1:4, :3], kernel[:, :, 0, 0])
    np.testing.assert_array_equal(sheet[1:4, 4:], kernel[:, :, 0, 1])
    np.testing.assert_array_equal(sheet[5:, :3], kernel[:, :, 0, 2])
    np.testing.assert_array_equal(sheet[5:, 4:], kernel[:, :, 0, 3])
    low, high = ax.images[0].get_clim()
    assert -low == high == abs(kernel).max()
    assert ax.get_title() == "conv2d: 4 filters of 3 x 3"


def test_filters_over_channels_are_a_table(ax):
    model = network()
    plot.plot_filters(model, 1, ax)
    kernel = model.get_weights()[2]
    sheet = ax.images[0].get_array()
    assert sheet.shape == (4 * 3, 5 * 3 - 1)
    np.testing.assert_array_equal(sheet[3 * 3 + 1 :, 6:8], kernel[:, :, 3, 2])
    assert ax.get_title() == "conv2d_1: 5 filters of 2 x 2 over 4 channels"


def test_filters_refuse():
    with pytest.raises(ValueError, match=r"needs a Conv2D layer, got Dense\(2"):
        plot.plot_filters(network(), "dense")
    with pytest.raises(ValueError, match="no layer is named 'conv'"):
        plot.plot_filters(network(), "conv")


def test_feature_maps_are_those_of_the_convolution(ax):
    model = network()
    image = np.random.default_rng(1).standard_normal((6, 7)).astype(np.float32)
    assert plot.plot_feature_maps(model, image, 0, ax) is ax
    kernel, bias = model.get_weights()[:2]
    maps = conv(image[None, :, :, None], kernel)[0] + bias
    sheet = ax.images[0].get_array()
    # Nine products and a bias: ten roundings of numbers below 16.
    np.testing.assert_allclose(sheet[1:5, :5], maps[..., 0], atol=160 * 2**-24)
    np.testing.assert_allclose(sheet[6:, 6:], maps[..., 3], atol=160 * 2**-24)
    assert ax.get_title() == "conv2d: 4 maps of 4 x 5"
    again = plot.plot_feature_maps(model, image[..., None], 0)
    np.testing.assert_array_equal(again.images[0].get_array(), sheet)


def test_feature_maps_refuse():
    image = np.zeros((6, 7))
    with pytest.raises(ValueError, match=r"got Flatten\(\), which returns \(60,\)"):
        plot.plot_feature_maps(network(), image, "flatten")
    with pytest.raises(ValueError, match=r"shape \(6, 7, 1\).* got \(5, 7, 1\)"):
        plot.plot_feature_maps(network(), image[:5], 0)
    with pytest.raises(ValueError, match="has 4 layers, got index 9"):
        plot.plot_feature_maps(network(), image, 9)


# --- gradients ------------------------------------------------------------------------------------


def linear(*kernel, bias=0.0, shape=None):
    """``y = kernel . x + bias``, with the squared error as its loss."""
    stack = [layers.Input(shape or (len(kernel),)), layers.Flatten(), layers.Dense(1, name="last")]
    model = Sequential(stack)
    model.compile("sgd", "mean_squared_error")
    model.set_weights([np.reshape(kernel, (-1, 1)), [bias]])
    return model


def deep(activation, depth=3, units=5):
    model = Sequential([layers.Input((4,))])
    for _ in range(depth):
        model.add(layers.Dense(units, activation))
    model.add(layers.Dense(1))
    model.compile("sgd", "mean_squared_error")
    return model


def rendered(ax):
    """Draw it: a warning would be an error."""
    ax.figure.savefig(io.BytesIO())
    return ax


def test_gradient_norms_by_hand(ax):
    """At x = 2 the output is 2 and the target 1: the derivatives are 2 (2 - 1) 2 and 2 (2 - 1)."""
    assert plot.plot_gradient_norms(linear(1.0), [[2.0]], [1.0], ax) is ax
    (line,) = rendered(ax).lines
    np.testing.assert_allclose(line.get_xydata(), [[1, 20**0.5]], rtol=1e-6)
    assert ticks(ax.xaxis) == ["last"]
    assert (ax.get_yscale(), ax.get_ylabel()) == ("log", "norm of the gradient")
    assert ax.get_legend() is None


def test_gradient_norms_of_several_models(ax):
    x, y = np.ones((6, 4)), np.zeros(6)
    plot.plot_gradient_norms({"S": deep("sigmoid"), "R": deep("relu")}, x, y, ax)
    assert labels_of(ax) == ["S", "R"]
    assert ticks(ax.xaxis) == ["dense", "dense_1", "dense_2", "dense_3"]
    assert [len(line.get_xdata()) for line in rendered(ax).lines] == [4, 4]
    ax = rendered(plot.plot_gradient_norms({"3": deep("tanh"), "1": deep("tanh", 1)}, x, y))
    assert [len(line.get_xdata()) for line in ax.lines] == [4, 2]
    assert (ticks(ax.xaxis), ax.get_xlabel()) == (["1", "2", "3", "4"], "layer with weights")


def test_gradient_norm_of_zero_has_no_point():
    ax = rendered(plot.plot_gradient_norms(linear(1.0), [[2.0]], [2.0]))
    assert np.isnan(ax.lines[0].get_ydata()).all()


def test_gradient_norms_vanish_before_sigmoids_and_not_before_relus():
    """Nine layers of sigmoids take at least 4 ** 9 of it; ReLUs, each open for half, 2 ** 4.5."""
    fs.utils.set_random_seed(0)
    x, y = np.random.default_rng(0).standard_normal((50, 4)), np.ones(50)
    models = {kind: deep(kind, depth=10, units=50) for kind in ("sigmoid", "relu")}
    sigmoid, relu = plot.plot_gradient_norms(models, x, y).lines
    assert sigmoid.get_ydata()[0] < 4**-9 * sigmoid.get_ydata()[-2]
    assert relu.get_ydata()[0] > 4**-4.5 * relu.get_ydata()[-2]


def test_input_gradients_of_a_table_by_hand(ax):
    """The gradient is 2 (x1 - 2 x2 - y) times (1, -2, 0): 2 * 1 and 2 * -3 times that."""
    x, y = [[1.0, 0.0, 5.0], [0.0, 1.0, 5.0]], [0.0, 1.0]
    assert plot.plot_input_gradients(linear(1.0, -2.0, 0.0), x, y, ("a", "b", "c"), ax=ax) is ax
    assert [bar.get_width() for bar in rendered(ax).patches] == [4, 8, 0]
    assert ticks(ax.yaxis) == ["a", "b", "c"]
    assert ax.get_ylim() == (2.5, -0.5)  # the first at the top


def test_input_gradients_of_a_table_has_its_names():
    table = pd.DataFrame({"height": [1.0, 2.0], "weight": [3.0, 4.0]})
    ax = plot.plot_input_gradients(linear(1.0, 1.0), table, [0.0, 0.0])
    assert ticks(ax.yaxis) == ["height", "weight"]
    ax = plot.plot_input_gradients(linear(1.0, 1.0), table.to_numpy(), [0.0, 0.0])
    assert ticks(ax.yaxis) == ["0", "1"]
    many = rendered(plot.plot_input_gradients(linear(*[1.0] * 50), np.ones((2, 50)), [0.0, 0.0]))
    assert len(many.patches) == 50


def test_input_gradients_of_images_by_hand(ax):
    """Pixels with weights 0, 1, -2 and 0.5: the map is 0, 1/2, 1 and 1/4 of its largest."""
    images = np.array([[[0.0, 0.5], [1.0, 0.0]]] * 3)
    model = linear(0.0, 1.0, -2.0, 0.5, bias=2.0, shape=(2, 2))
    assert plot.plot_input_gradients(model, images, [0.0, 1.0, -1.0], n=2, ax=ax) is ax
    sheet = rendered(ax).images[0].get_array()
    assert sheet.shape == (5, 5, 4)  # two by two images of two by two pixels, with gaps of one
    np.testing.assert_array_equal(sheet[:2, :2, 0], images[0])
    np.testing.assert_array_equal(sheet[:2, 3:, 2], images[1])
    shares = np.array([[0.0, 0.5], [1.0, 0.25]])
    np.testing.assert_allclose(sheet[3:, :2], colormaps["inferno"](shares))
    np.testing.assert_array_equal(sheet[2], 0)  # the gap is transparent
    # The outputs are 2 + 0.5 - 2, the residuals 0.5 and -0.5; the gradient is twice that, times 2.
    assert [text.get_text() for text in ax.texts] == ["max 2", "max 2"]


def test_input_gradients_of_channels_and_flat_images():
    """Of the channels the largest is taken; an image of three channels has its colours."""
    x = np.arange(12.0).reshape(1, 2, 2, 3)
    model = linear(*([0.0, 1.0, -2.0] * 3 + [0.0, 0.0, 0.0]), bias=100.0, shape=(2, 2, 3))
    sheet = plot.plot_input_gradients(model, x, [0.0]).images[0].get_array()
    np.testing.assert_allclose(sheet[:2, :, :3], x[0] / 11)
    np.testing.assert_allclose(sheet[3:], colormaps["inferno"]([[1.0, 1.0], [1.0, 0.0]]))
    flat = linear(0.0, 1.0, -2.0, 0.5, bias=2.0)
    ax = plot.plot_input_gradients(flat, [[0.0, 0.5, 1.0, 0.0]], [0.0], shape=(2, 2))
    np.testing.assert_array_equal(ax.images[0].get_array()[:2, :, 0], [[0, 0.5], [1, 0]])


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (
            lambda: plot.plot_gradient_norms(None, [[1.0]], [1.0]),
            TypeError,
            "model must be a Model, got NoneType",
        ),
        (
            lambda: plot.plot_gradient_norms({}, [[1.0]], [1.0]),
            ValueError,
            "model must be a Model or a dict of them, got an empty dict",
        ),
        (
            lambda: plot.plot_input_gradients(np.eye(2), [[1.0]], [1.0]),
            TypeError,
            "model must be a Model, got ndarray",
        ),
        (
            lambda: plot.plot_input_gradients(linear(1.0, 1.0), np.eye(2), [1.0]),
            ValueError,
            "x and y must have one row for each sample, got 2 and 1",
        ),
        (
            lambda: plot.plot_input_gradients(linear(1.0, 1.0), np.eye(2), [1.0, 2.0], ["a"]),
            ValueError,
            "names must be 2, one for each column of x, got 1",
        ),
        (
            lambda: plot.plot_input_gradients(
                linear(1.0, 1.0), np.eye(2), [1.0, 2.0], shape=(3, 1)
            ),
            ValueError,
            r"rows of 3 numbers, one for each pixel of shape=\(3, 1\), got \(2, 2\)",
        ),
        (
            lambda: plot.plot_input_gradients(
                linear(1.0, shape=(1, 1, 1, 1)), np.ones((2, 1, 1, 1, 1)), [1.0, 2.0]
            ),
            ValueError,
            r"x must hold rows or images, .* got \(2, 1, 1, 1, 1\)",
        ),
        (
            lambda: plot.plot_input_gradients(two_inputs(), np.eye(2), [1.0, 2.0]),
            ValueError,
            "model must have one input, got 2",
        ),
    ],
)
def test_pictures_of_gradients_refuse(call, error, message):
    with pytest.raises(error, match=message):
        call()


def two_inputs():
    a, b = layers.Input((2,)), layers.Input((2,))
    return fs.Model([a, b], layers.Add()([a, b]))


# --- right and wrong ------------------------------------------------------------------------------


def cells(ax):
    """The numbers that are written into a confusion matrix."""
    table = np.zeros(ax.images[0].get_array().shape, int)
    for text in ax.texts:
        column, row = text.get_position()
        table[row, column] = text.get_text()
    return table


def test_confusion_matrix_counts(ax):
    rng = np.random.default_rng(0)
    truth, guess = rng.integers(0, 4, (2, 100))
    assert plot.plot_confusion_matrix(truth, guess, ax=ax) is ax
    table = confusion_matrix(truth, guess)
    np.testing.assert_array_equal(cells(ax), table)
    shares = table / table.sum(axis=1, keepdims=True)
    np.testing.assert_array_equal(ax.images[0].get_array(), shares)
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("predicted", "true")
    assert ax.get_title() == f"{(truth == guess).sum()} of 100 right"


def test_confusion_matrix_labels():
    ax = plot.plot_confusion_matrix(["b", "a", "b"], ["b", "c", "b"])
    assert ticks(ax.xaxis) == ticks(ax.yaxis) == ["a", "b", "c"]
    np.testing.assert_array_equal(cells(ax), [[0, 0, 1], [0, 2, 0], [0, 0, 0]])
    ax = plot.plot_confusion_matrix([1, 1], [1, 0], ("zero", "one", "two"))
    assert ticks(ax.xaxis) == ["zero", "one", "two"]
    np.testing.assert_array_equal(cells(ax), [[0, 0, 0], [1, 1, 0], [0, 0, 0]])


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (([0, 1], [0]), "one row for each sample, got 2 and 1"),
        (([], []), r"y_true must hold a label for each sample, got shape \(0,\)"),
        (([0, 1], np.eye(2)), r"y_pred must hold a label for each sample, got shape \(2, 2\)"),
        (
            ([0, 3], [0, 1], ("a", "b")),
            r"labels must be below 2, the number of names, got \[0, 1, 3\]",
        ),
        (([0, 1], [[0], [0, 1]]), "y_pred must be an array, got rows of different lengths"),
    ],
)
def test_confusion_matrix_refuses(arguments, message):
    with pytest.raises(ValueError, match=message):
        plot.plot_confusion_matrix(*arguments)


IMAGES = np.arange(4 * 9).reshape(4, 3, 3)


@pytest.mark.parametrize("shape", [(4, 3, 3), (4, 3, 3, 1), (4, 9)])
def test_misclassified_images_with_the_surest_first(ax, shape):
    truth = [0, 1, 1, 0]
    probabilities = [[0.9, 0.1], [0.6, 0.4], [0.2, 0.8], [0.3, 0.7]]  # wrong: 1, and 3 more so
    assert plot.plot_misclassified(IMAGES.reshape(shape), truth, probabilities, ax=ax) is ax
    sheet = ax.images[0].get_array()
    np.testing.assert_array_equal(sheet[-3:, :3], IMAGES[3])
    np.testing.assert_array_equal(sheet[-3:, -3:], IMAGES[1])
    assert [text.get_text() for text in ax.texts] == ["0 taken for 1", "1 taken for 0"]
    assert ax.get_title() == "2 of 4 taken for another class"


def test_misclassified_labels_names_and_number():
    ax = plot.plot_misclassified(IMAGES, [0, 1, 1, 0], [1, 0, 1, 1], ("cat", "dog"), n=2)
    assert [text.get_text() for text in ax.texts] == ["cat taken for dog", "dog taken for cat"]
    assert ax.get_title() == "3 of 4 taken for another class"


def test_nothing_misclassified():
    ax = plot.plot_misclassified(IMAGES, [0, 1, 1, 0], [0, 1, 1, 0])
    assert not ax.images
    assert ax.get_title() == "0 of 4 taken for another class"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((IMAGES[:3], [0] * 4, [1] * 4), "x and y_true must have one row .* got 3 and 4"),
        ((IMAGES, [0] * 4, [1] * 3), "y_true and y_pred must have one row .* got 4 and 3"),
        ((np.zeros((4, 8)), [0] * 4, [1] * 4), r"x must hold grey images, .* shape \(4, 8\)"),
        ((np.zeros((4, 3, 3, 2)), [0] * 4, [1] * 4), "x must hold grey images"),
        ((IMAGES, [0] * 4, [1] * 4, None, 0), "n must be at least 1, got 0"),
    ],
)
def test_misclassified_refuses(arguments, message):
    with pytest.raises(ValueError, match=message):
        plot.plot_misclassified(*arguments)


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: plot.panels(0), ValueError, "n must be at least 1, got 0"),
        (lambda: plot.panels(2**40), ValueError, "n=1099511627776 needs more memory than there is"),
        (lambda: plot.groups(np.eye(2), [0, 1], None), TypeError, "names must be a sequence"),
        (lambda: plot.groups(np.eye(3), [0, 1, 2], "abc"), TypeError, "names must be a sequence"),
        (lambda: plot.groups(np.eye(2), [0, 2], ["a", "b"]), ValueError, "labels below 2, got 2"),
        (lambda: plot.groups([[0.0, 1]], [0, 1], ["a", "b"]), ValueError, "points must have shape"),
        (lambda: plot.mosaic(None), TypeError, "images must hold real numbers"),
        (lambda: plot.mosaic(np.eye(2)), ValueError, "images must be 3-D"),
        (lambda: plot.mosaic(IMAGES, ["a"]), ValueError, "captions must be 4, one for each image"),
        (lambda: plot.plot_filters(None, 0), TypeError, "model must be a Sequential, got NoneType"),
        (
            lambda: plot.plot_decision_boundary(None, [[0.0, 1.0]], [0]),
            TypeError,
            "model must have a method predict, got NoneType",
        ),
        (
            lambda: plot.plot_confusion_matrix(["a"], [0]),
            TypeError,
            "y_true and y_pred must both hold numbers or both hold strings",
        ),
        (
            lambda: plot.plot_misclassified(IMAGES, [0] * 4, [2] * 4, ["a", "b"]),
            ValueError,
            "y_pred must hold labels below 2, got 2",
        ),
    ],
)
def test_arguments_are_refused(call, error, message):
    with pytest.raises(error, match=message):
        call()


def test_ratios_below_one_go_to_the_left():
    ax = draw_ratios({"lost": 0.5, "won": 100.0, "even": 1.0})
    assert [label.get_text() for label in ax.get_yticklabels()] == ["lost", "even", "won"]
    ends = [(bar.get_x(), bar.get_x() + bar.get_width()) for bar in ax.patches]
    assert [sorted(pair) for pair in ends] == [[0.5, 1], [1, 1], [1, 100]]
    assert ax.get_xscale() == "log"
    assert [text.get_text() for text in ax.texts] == ["0.5x", "1x", "100x"]
    low, high = ax.get_xlim()
    assert low < 0.5
    assert high > 100


def test_notebooks_show_figures():
    (ax,) = plot.panels()
    assert ax.figure._repr_png_().startswith(b"\x89PNG\r\n")
