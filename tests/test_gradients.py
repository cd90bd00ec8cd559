"""Gradients of networks of all kinds, drawn by a seed; and a step of SGD, which subtracts them.

Against central differences of the loss of the reference, which need no backward pass, against the
back-propagation of the reference, and against PyTorch, which derives its own. All in float64.
"""

import itertools
import math
from collections import namedtuple

import naive
import numpy as np
import pytest

import fastscratch
from fastscratch import layers, losses, regularizers
from fastscratch.activations import NAMES
from fastscratch.engine import (
    Differentiator,
    Learning,
    Objective,
    Trainer,
    chain,
    evaluation,
)
from fastscratch.kernels.codes import SGD
from fastscratch.kernels.optimizers import UPDATES
from fastscratch.reference.dropout import dropout_forward
from fastscratch.utils import derived_seed

# The step of a difference, a power of two so that 2h is exact; so small that hardly a ReLU bends
# within it.
H = 2.0**-20
# Truncation is h**2 / 6 = 2e-13 times third derivatives (of normalised values, up to 1e4). Rounding
# is at most 1000 operations on numbers of size 10, divided by h.
TOLERANCE = H**2 / 6 * 1e4 + 1000 * 10 * 2.0**-53 / H
# Rounding alone: sums of fewer than 10000 terms, of numbers of size up to 10.
ROUNDING = 1e5 * 2.0**-53

RATE = 0.125  # a power of two: what a step has subtracted is the difference of the weights, times 8
SEED = 5

#: The slopes of the others are compared with central differences in test_reference_gradients.
ACTIVATIONS = NAMES[:14]
LOSSES = [
    losses.MeanSquaredError(),
    losses.CategoricalCrossentropy(),
    losses.Huber(0.3),
    losses.BinaryCrossentropy(label_smoothing=0.1),
    losses.SparseCategoricalCrossentropy(),
    losses.MeanAbsoluteError(),
    losses.CategoricalCrossentropy(from_logits=True),
    losses.MultilabelCrossentropy(),
    losses.Poisson(),
    losses.SparseCategoricalCrossentropy(from_logits=True),
    losses.BinaryCrossentropy(from_logits=True),
    losses.CategoricalCrossentropy(label_smoothing=0.2),
    losses.MultilabelCrossentropy(label_smoothing=0.3),
]
BATCHES = [1, 7, 16, 33]
NETWORKS = range(52)  # four times each loss, each with every batch size


#: The weights before a step, its samples, loss and gradient, and what the step has subtracted from
#: the weights, divided by the learning rate.
Step = namedtuple("Step", "before rows loss gradient subtracted")


class Draw:
    """A network, its loss and its data."""

    def __init__(self, number, network=None):
        self.rng = np.random.default_rng(number)
        self.activations = itertools.cycle(self.rng.permutation(ACTIVATIONS).tolist())
        self.alone = itertools.cycle(np.roll(ACTIVATIONS, 5 * number).tolist())
        self.loss = LOSSES[number % len(LOSSES)]
        self.batch_size = BATCHES[number % len(BATCHES)]
        self.network = network or self._network()
        self.start = 0.4 * self.rng.standard_normal(self.network.n_parameters)
        for placed in self.network.placed():
            if placed.weight.name == "moving_variance":
                placed.view(self.start)[:] = self.rng.random(placed.weight.shape) + 0.5
        # The second step has fewer samples.
        n = self.batch_size + -(-self.batch_size // 3)
        self.x = self.rng.standard_normal((n, *self.network.shapes[0]))
        self.y = self._targets(n, self.network.shapes[-1][0])
        self.weights = self.rng.random(n) if self._coin() else None

    def __repr__(self):
        shown = ", ".join(map(repr, self.network.layers))
        return f"{self.network.shapes[0]} {shown} | {self.loss} | batch {self.batch_size}"

    def _coin(self, chance=0.5):
        return self.rng.random() < chance

    def _size(self, low, high):
        return int(self.rng.integers(low, high + 1))

    def _options(self, *names):
        """Now and then a layer is frozen, and a weight has a penalty."""
        options = {"trainable": not self._coin(0.25)}
        for name in names:
            if self._coin(0.3):
                options[f"{name}_regularizer"] = regularizers.L1L2(0.01, 0.02)
        return options

    def _conv(self, channels):
        groups = channels if self._coin(0.2) else 1
        by_strides = self._coin()
        pair = (self._size(1, 2), self._size(1, 2))
        return layers.Conv2D(
            groups * self._size(1, 5) if self._coin(0.8) else 33 * groups,
            (self._size(1, 3), self._size(1, 3)),
            strides=pair if by_strides else 1,
            dilation_rate=1 if by_strides else pair,
            padding="same" if self._coin() else "valid",
            groups=groups,
            activation=next(self.activations),
            use_bias=self._coin(0.8),
            **self._options("kernel", "bias"),
        )

    def _pool(self, kind):
        return kind(
            (self._size(1, 3), self._size(1, 3)),
            strides=None if self._coin() else self._size(1, 2),
            padding="same" if self._coin() else "valid",
        )

    def _normalization(self, kind):
        return kind(center=self._coin(0.7), scale=self._coin(0.7), **self._options("gamma", "beta"))

    def _between(self):
        """A layer without weights of its own kind between two others."""
        which = self._size(0, 5)
        if which == 0:
            return layers.Dropout(0.3)
        if which == 1:
            return self._normalization(layers.BatchNormalization)
        if which == 2:
            return self._normalization(layers.LayerNormalization)
        return layers.Activation(next(self.alone))

    def _image_layer(self, channels):
        which = self._size(0, 4)
        if which < 2:
            return self._conv(channels)
        if which < 4:
            return self._pool((layers.MaxPooling2D, layers.AveragePooling2D)[which - 2])
        return self._between()

    def _image_layers(self):
        shape = (self._size(4, 8), self._size(4, 8), self._size(1, 3))
        drawn = []
        while len(drawn) < 4:
            layer = self._image_layer(chain(drawn, shape).shapes[-1][-1])
            try:
                chain([*drawn, layer], shape)
            except ValueError:  # the image has become too small for it
                continue
            drawn.append(layer)
        end = layers.Flatten() if self._coin() else layers.GlobalAveragePooling2D()
        return shape, [*drawn, end]

    def _row_layers(self):
        if self._coin(0.6):
            return (self._size(1, 6),), []
        ahead = layers.Dense(3, next(self.activations))  # along the last axis
        return (4, 2), [ahead, layers.Reshape((-1,))]

    def _network(self):
        shape, drawn = self._image_layers() if self._coin(0.6) else self._row_layers()
        for _ in range(self._size(0, 2)):
            activation, units = next(self.activations), self._size(2, 9)
            options = self._options("kernel", "bias")
            drawn.append(layers.Dense(units, activation, self._coin(0.8), **options))
            if self._coin():
                drawn.append(self._between())
        read_out = "softplus" if isinstance(self.loss, losses.Poisson) else next(self.activations)
        if self.loss.read_out is not None:
            read_out = "linear" if self.loss.from_logits else self.loss.read_out
        units = 1 if self.loss.read_out == "sigmoid" and self._coin() else 3
        if self._coin(0.7):
            drawn.append(layers.Dense(units, read_out))
        else:
            drawn += [layers.Dense(units), layers.Activation(read_out)]
        return chain(drawn, shape)

    def _targets(self, n, units):
        if self.loss.takes_labels:
            return self.rng.integers(units, size=n).astype(float)
        if self.loss.read_out == "softmax":
            return np.eye(units)[self.rng.integers(units, size=n)]
        if self.loss.read_out == "sigmoid":
            return self.rng.random((n, units))
        if isinstance(self.loss, losses.Poisson):
            return self.rng.poisson(2, (n, units)).astype(float)
        return self.rng.standard_normal((n, units))

    def objective(self):
        loss = self.loss
        return Objective(
            loss.function(loss.read_out is not None and not loss.from_logits),
            loss.read_out is not None and not loss.from_logits,
            loss.takes_labels,
            loss.is_of_rows,
            loss.constants,
            loss.label_smoothing,
            weight_axes=int(self.weights is not None),
        )

    def trainer(self, **clipping):
        learning = Learning(UPDATES[SGD], np.zeros(2), **clipping)
        objectives = [self.objective()]
        trainer = Trainer(self.network, objectives, learning, 0, self.batch_size, np.float64)
        trainer.parameters[:] = self.start
        return trainer

    def differentiate(self, parameters, rows, step=0, batch_size=None):
        """Loss and gradient of some samples, as the engine computes them."""
        objectives, size = [self.objective()], batch_size or len(rows)
        differentiator = Differentiator(self.network, objectives, size, np.float64)
        differentiator.parameters[:] = parameters
        x, y, weights = self.batch(rows)
        loss, gradient = differentiator.differentiate([x], [y], [weights], SEED, step)
        return loss, gradient.copy()

    def steps(self, **clipping):
        """Two steps of the optimiser."""
        trainer, totals = self.trainer(**clipping), np.zeros((1, 2, 2))
        order = np.arange(len(self.x))
        data = [self.x], [self.y], [self.weights]
        trainer.bind(*data, order, totals, shuffle=True, seed=SEED)
        reported, found = 0.0, []
        for step in range(2):
            before = trainer.parameters.copy()
            learned = trainer.new_numbers()
            trainer.train(step, np.array([RATE]), step, totals, learned)
            rows = order[step * self.batch_size :][: self.batch_size]
            total = totals[0, :, 0].sum()  # the loss and the penalties
            loss = (total - reported) * len(self.x) / len(rows)
            reported = total
            expected, gradient = self.differentiate(before, rows, step)
            assert loss == pytest.approx(expected, rel=0, abs=ROUNDING * max(1, abs(loss)))
            subtracted = (before - trainer.parameters) / RATE
            found.append(Step(before, rows, expected, gradient, subtracted))
        return found

    def batch(self, rows):
        return self.x[rows], self.y[rows], None if self.weights is None else self.weights[rows]

    def by_the_reference(self, parameters, rows, step, function=naive.loss_and_gradient):
        """Loss and gradient of some samples, and the weights that batch normalisation moves."""
        x, y, weights = self.batch(rows)
        run = {"seed": SEED, "step": step}
        return function(self.network, parameters, [x], [y], [self.loss], weights, **run)

    def dropout_factors(self, place, shape, step):
        """What a dropout layer multiplies its input with."""
        factors = naive.zeros(math.prod(shape))
        rate, seed = self.network.layers[place].rate, derived_seed(SEED, place + 1)
        dropout_forward(factors, [1.0] * len(factors), rate, seed, step)
        return np.reshape(factors, tuple(shape))

    def learned(self):
        """Of each number of the flat parameters, whether training moves it."""
        return np.concatenate(
            [
                np.full(placed.stop - placed.offset, layer.trainable and placed.weight.trainable)
                for layer, own in zip(self.network.layers, self.network.weights, strict=True)
                for placed in own
            ]
        )


#: Few numbers have a gradient: the maxima of a max pooling after a convolution. The first layer
#: hands none down, the second is larger than the tiles, the third has a frozen convolution.
SPARSE = {
    "winners": lambda: [
        layers.Conv2D(3, (2, 3), activation="relu", kernel_regularizer="l2"),
        layers.MaxPooling2D((2, 3), strides=(3, 3)),
        layers.Flatten(),
        layers.Dense(3),
    ],
    "winners of winners": lambda: [
        layers.Conv2D(4, (2, 2), use_bias=False, activation="tanh"),
        layers.MaxPooling2D(2),
        layers.Dropout(0.2),
        layers.Conv2D(5, (6, 11), activation="sigmoid"),
        layers.MaxPooling2D(2),
        layers.Flatten(),
        layers.Dense(3),
    ],
    "frozen winners": lambda: [
        layers.Conv2D(4, 1, activation="elu"),
        layers.Conv2D(2, (1, 2), strides=(2, 1), trainable=False),
        layers.MaxPooling2D((1, 4)),
        layers.Conv2D(4, (2, 4), use_bias=False, activation="relu"),
        layers.MaxPooling2D((3, 2)),
        layers.Activation("tanh"),
        layers.Flatten(),
        layers.Dense(3),
    ],
}


def sparse_network(name):
    return chain(SPARSE[name](), (15, 29, 4))


#: Convolutions by 3 x 3 filters, forward and backward, with enough channels for `winograd`.
WINOGRAD = chain(
    [
        layers.Conv2D(32, (1, 2), activation="tanh"),
        layers.Conv2D(35, 3, padding="same", activation="sigmoid"),
        layers.Conv2D(33, 3),
        layers.GlobalAveragePooling2D(),
        layers.Dense(3),
    ],
    (8, 9, 2),
)

#: The same, and after it only maxima are kept; the windows are not as tall as tiles.
MAXIMA = chain(
    [
        layers.Conv2D(32, (1, 2), activation="tanh"),
        layers.MaxPooling2D((1, 2)),
        layers.Conv2D(35, 3, padding="same", activation="leaky_relu"),
        layers.MaxPooling2D((3, 1)),
        layers.Conv2D(33, 3, padding="same"),
        layers.Activation("elu"),
        layers.MaxPooling2D((2, 4)),
        layers.Flatten(),
        layers.Dense(3),
    ],
    (13, 19, 2),
)

#: Large enough that each phase is cut into several items.
LARGE = {
    "dense": chain(
        [layers.Dense(200, "relu"), layers.Dense(100, "sigmoid"), layers.Dense(3)], (300,)
    ),
    "few filters": chain(
        [
            layers.Conv2D(6, 5, padding="same", activation="relu"),
            layers.MaxPooling2D(),
            layers.Activation("tanh"),
            layers.Conv2D(16, 5, activation="silu"),
            layers.AveragePooling2D(),
            layers.Dropout(0.2),
            layers.Flatten(),
            layers.Dense(3),
        ],
        (28, 28, 1),
    ),
    "many filters": chain(
        [
            layers.Conv2D(40, 3, padding="same", use_bias=False),
            layers.BatchNormalization(),
            layers.Activation("relu"),
            layers.MaxPooling2D(3, 2, "same"),
            layers.Conv2D(64, 3, activation="gelu"),
            layers.LayerNormalization(),
            layers.GlobalAveragePooling2D(),
            layers.Dense(3),
        ],
        (21, 20, 3),
    ),
}
ALL_DRAWS = [
    *(pytest.param(number, None, id=str(number)) for number in NETWORKS),
    # 39 has batches of 33 and the squared error, 26 batches of 16.
    *(pytest.param(39, network, id=name) for name, network in LARGE.items()),
    *(pytest.param(26, sparse_network(name), id=name) for name in SPARSE),
    pytest.param(52, WINOGRAD, id="winograd"),  # a batch of 1
    pytest.param(52, MAXIMA, id="maxima"),
]
SMALL_DRAWS = [param for param in ALL_DRAWS if param.id not in LARGE]


def slow(draws, *names):
    """The same draws, of which some are slow: those that take the reference a second or more."""
    return [
        pytest.param(*draw.values, id=draw.id, marks=pytest.mark.slow) if draw.id in names else draw
        for draw in draws
    ]


def test_what_is_drawn():
    """Layers that read one tensor and are the same in PyTorch; `test_examples` has the others."""
    networks = [Draw(number).network for number in NETWORKS]
    drawn = [layer for network in networks for layer in network.layers]
    kinds = {type(layer).__name__ for layer in drawn}
    assert kinds == {
        "Activation",
        "AveragePooling2D",
        "BatchNormalization",
        "Conv2D",
        "Dense",
        "Dropout",
        "Flatten",
        "GlobalAveragePooling2D",
        "LayerNormalization",
        "MaxPooling2D",
        "Reshape",
    }
    of_weights = [pair for network in networks for pair in network.weights_by_layer()]
    assert {layer.activation for layer, weights in of_weights if weights} == set(ACTIVATIONS)
    alone = {layer.activation for layer in drawn if type(layer) is layers.Activation}
    assert alone == set(ACTIVATIONS)
    frozen = {type(layer).__name__ for layer in drawn if not layer.trainable}
    assert frozen >= {"BatchNormalization", "Conv2D", "Dense"}


@pytest.mark.parametrize("name", SPARSE)
def test_sparse_gradients_are_taken(name):
    shown = str(Draw(26, sparse_network(name)).trainer().program)
    assert shown.count("conv2d_winners") == (1 if name == "winners" else 2)


@pytest.mark.parametrize(
    ("number", "network"), slow(SMALL_DRAWS, *SPARSE, "winograd", "maxima", "49")
)
def test_a_gradient_is_the_central_difference_of_the_loss(number, network):
    draw = Draw(number, network)
    learned = draw.learned()
    for number, step in enumerate(draw.steps()):

        def f(parameters, rows=step.rows, number=number):
            return draw.by_the_reference(parameters, rows, number, naive.loss)

        bound = ROUNDING * max(1, abs(step.loss))
        assert step.loss == pytest.approx(f(step.before), rel=0, abs=bound), draw
        # One of the parameters by itself, and all of them together.
        one = np.arange(step.before.size) == draw.rng.choice(np.flatnonzero(learned))
        for direction in (one, learned * draw.rng.choice([-1, 1], step.before.size)):
            push = H * direction
            expected = (f(step.before + push) - f(step.before - push)) / (2 * H)
            bound = TOLERANCE * max(1, abs(step.loss), abs(expected))
            assert step.gradient @ direction == pytest.approx(expected, rel=0, abs=bound), draw


@pytest.mark.parametrize(
    ("number", "network"), slow(SMALL_DRAWS, "maxima", "winners of winners", "winograd")
)
def test_a_gradient_is_that_of_the_reference(number, network):
    """All of it; the central differences are of two directions."""
    draw = Draw(number, network)
    for number, step in enumerate(draw.steps()):
        loss, expected, _ = draw.by_the_reference(step.before, step.rows, number)
        bound = ROUNDING * max(1, abs(loss), abs(expected).max())
        np.testing.assert_allclose(step.gradient, expected, rtol=0, atol=bound, err_msg=str(draw))


@pytest.mark.parametrize(("number", "network"), ALL_DRAWS)
def test_a_step_subtracts_the_gradient(number, network):
    """In training the phases that compute a gradient use it at once, some in other forms."""
    draw = Draw(number, network)
    learned = draw.learned()
    for step in draw.steps():
        bound = ROUNDING * max(1, abs(step.gradient).max())
        ours, theirs = step.subtracted[learned], step.gradient[learned]
        np.testing.assert_allclose(ours, theirs, rtol=0, atol=bound, err_msg=str(draw))
        assert not step.gradient[~learned].any()


def is_a_sum(number):
    """Whether no sample depends on the others, or on its place among them."""
    kinds = {type(layer) for layer in Draw(number).network.layers if layer.trainable}
    return not kinds & {layers.Dropout, layers.BatchNormalization}


@pytest.mark.parametrize("number", [*filter(is_a_sum, NETWORKS)])
def test_the_gradient_of_a_sum_is_the_sum_of_the_gradients(number):
    draw = Draw(number)
    n = len(draw.x)
    _, whole = draw.differentiate(draw.start, np.arange(n))
    bound = ROUNDING * max(1, abs(whole).max())
    for size in (1, 2, n - 1):
        loss, in_parts = draw.differentiate(draw.start, np.arange(n), batch_size=size)
        np.testing.assert_allclose(in_parts, whole, rtol=0, atol=bound)
        parts = [
            draw.differentiate(draw.start, np.arange(n)[k : k + size]) for k in range(0, n, size)
        ]
        shares = [min(size, n - k) / n for k in range(0, n, size)]
        assert loss == pytest.approx(np.dot(shares, [one for one, _ in parts]), rel=ROUNDING)
        summed = np.dot(shares, [one for _, one in parts])
        np.testing.assert_allclose(summed, whole, rtol=0, atol=bound)


@pytest.mark.parametrize("number", NETWORKS)
def test_frozen_weights_and_moving_averages(number):
    draw = Draw(number)
    step = draw.steps()[0]
    after = step.before - RATE * step.subtracted
    _, _, moved = draw.by_the_reference(step.before, step.rows, 0)
    for (layer, own), expected in zip(draw.network.weights_by_layer(), moved, strict=True):
        for placed, weight in zip(own, expected, strict=True):
            if not layer.trainable:
                assert placed.view(after).tobytes() == placed.view(step.before).tobytes(), draw
            elif not placed.weight.trainable:
                np.testing.assert_allclose(placed.view(after), weight, ROUNDING, ROUNDING)


@pytest.mark.parametrize(("number", "network"), ALL_DRAWS)
def test_a_team_gives_the_bits_of_one_thread(number, network, monkeypatch):
    most = fastscratch.get_num_threads()
    if most < 2:
        pytest.skip("only one thread here")
    monkeypatch.setattr(evaluation, "PARALLEL_WORK", -1)
    runs = []
    try:
        for threads in (1, 2):
            fastscratch.set_num_threads(threads)
            draw = Draw(number, network)
            runs.append([[np.asarray(part).tobytes() for part in step] for step in draw.steps()])
    finally:
        fastscratch.set_num_threads(most)
    assert runs[0] == runs[1]


@pytest.mark.parametrize(("number", "network"), ALL_DRAWS)
def test_clipping(number, network):
    """The gradient of all weights together, or of each of them, or each element is cut down."""
    draw = Draw(number, network)
    learned = draw.learned()
    step = draw.steps()[0]
    gradient = step.gradient
    norm = math.sqrt(math.fsum(gradient**2))
    shortened = gradient.copy()
    for placed in draw.network.placed():
        own = shortened[placed.offset : placed.stop]
        own *= min(1, norm / 3 / max(math.sqrt(math.fsum(own**2)), 1e-300))
    for clipping, expected in (
        ({"global_clipnorm": norm / 3}, gradient / 3),
        ({"clipnorm": norm / 3}, shortened),
        ({"clipvalue": 0.01}, gradient.clip(-0.01, 0.01)),
    ):
        clipped = draw.steps(**clipping)[0]
        assert clipped.before.tobytes() == step.before.tobytes()
        bound = ROUNDING * max(1, abs(gradient).max())
        ours = clipped.subtracted
        np.testing.assert_allclose(ours[learned], expected[learned], rtol=0, atol=bound)
        assert ours[~learned].tobytes() == step.subtracted[~learned].tobytes()


# --- PyTorch --------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def torch():
    return pytest.importorskip("torch", reason="PyTorch, the peer compared with, is not installed")


def torch_activation(torch, name, z):
    F = torch.nn.functional
    if name in ("gelu", "gelu_tanh"):
        return F.gelu(z, approximate="tanh" if name == "gelu_tanh" else "none")
    if name == "leaky_relu":
        return F.leaky_relu(z, 0.2)
    if name in ("softmax", "log_softmax"):
        return getattr(F, name)(z, -1)
    if name == "exponential":
        return torch.exp(z)
    return z if name == "linear" else getattr(F, name)(z)


def same_padding(layer, window, places):
    """Zeros around an image as PyTorch takes them: left, right, top, bottom."""
    around = []
    for size, extent, stride in zip(places, window, layer.strides, strict=True):
        missing = max(0, (-(-size // stride) - 1) * stride + extent - size)
        around.append([missing // 2, missing - missing // 2] if layer.padding == "same" else [0, 0])
    return [*around[1], *around[0]]


def torch_layer(torch, layer, w, t):
    """What a layer does to a tensor, apart from its activation."""
    F, kind = torch.nn.functional, type(layer).__name__
    if kind == "Dense":
        return t @ w["kernel"] + w.get("bias", 0)
    if kind in ("Flatten", "Reshape"):
        return t.reshape(len(t), *layer.output_shape(tuple(t.shape[1:])))
    if kind == "GlobalAveragePooling2D":
        return t.mean((1, 2))
    if kind == "LayerNormalization":
        t = F.layer_norm(t, t.shape[-1:], eps=layer.epsilon)
        return t * w.get("gamma", 1) + w.get("beta", 0)
    if kind == "BatchNormalization":
        moving = w["moving_mean"], w["moving_variance"]
        flat = t.reshape(-1, t.shape[-1])
        if layer.trainable:
            mean, variance = flat.mean(0), flat.var(0, unbiased=False)
        else:
            mean, variance = moving
        t = (t - mean) / torch.sqrt(variance + layer.epsilon)
        return t * w.get("gamma", 1) + w.get("beta", 0)
    if kind == "Activation":
        return t
    images = t.permute(0, 3, 1, 2)
    if kind == "Conv2D":
        images = F.pad(images, same_padding(layer, layer.extent, t.shape[1:3]))
        options = {"dilation": layer.dilation_rate, "groups": layer.groups}
        kernel = w["kernel"].permute(3, 2, 0, 1)
        images = F.conv2d(images, kernel, w.get("bias"), layer.strides, **options)
    else:
        around = same_padding(layer, layer.pool_size, t.shape[1:3])
        window = layer.pool_size, layer.strides
        if kind == "MaxPooling2D":
            images = F.max_pool2d(F.pad(images, around, value=-math.inf), *window)
        else:  # what lies outside does not count
            inside = F.pad(torch.ones_like(images), around)
            images = F.avg_pool2d(F.pad(images, around), *window) / F.avg_pool2d(inside, *window)
    return images.permute(0, 2, 3, 1)


def torch_loss(torch, loss, out, y):
    """The loss of each sample."""
    F, classes = torch.nn.functional, out.shape[-1]
    if loss.takes_labels:
        return F.cross_entropy(out, torch.tensor(y, dtype=torch.long), reduction="none")
    y = torch.tensor(y)
    if loss.read_out == "softmax":
        y = (1 - loss.label_smoothing) * y + loss.label_smoothing / classes
        return F.cross_entropy(out, y, reduction="none")
    if loss.read_out == "sigmoid":
        y = (1 - loss.label_smoothing) * y + loss.label_smoothing / 2
        values = F.binary_cross_entropy_with_logits(out, y, reduction="none")
        return values.sum(1) if loss.name.startswith("multilabel") else values.mean(1)
    if isinstance(loss, losses.Huber):
        return F.huber_loss(out, y, delta=loss.delta, reduction="none").mean(1)
    if isinstance(loss, losses.Poisson):
        return (out - y * torch.log(out + 1e-7)).mean(1)
    by_element = F.l1_loss if isinstance(loss, losses.MeanAbsoluteError) else F.mse_loss
    return by_element(out, y, reduction="none").mean(1)


def torch_mean_loss(torch, draw, parameters, rows, step):
    x, y, weights = draw.batch(rows)
    loss = draw.loss
    network, t, total = draw.network, torch.tensor(x), 0.0
    fused = loss.read_out is not None and not loss.from_logits
    for i, (layer, placed) in enumerate(zip(network.layers, network.weights, strict=True)):
        own = {p.weight.name: parameters[p.offset : p.stop].reshape(p.weight.shape) for p in placed}
        if isinstance(layer, layers.Dropout):
            t = t * torch.tensor(draw.dropout_factors(i, t.shape, step))
            continue
        t = torch_layer(torch, layer, own, t)
        if not (fused and i == len(network.layers) - 1):
            t = torch_activation(torch, layer.activation, t)
        for p in placed:
            if layer.trainable and p.weight.regularizer is not None:
                l1, l2 = p.weight.regularizer.l1, p.weight.regularizer.l2
                w = own[p.weight.name]
                total = total + l1 * w.abs().sum() + l2 * (w**2).sum()
    values = torch_loss(torch, loss, t.reshape(len(x), -1), y)
    if weights is not None:
        values = values * torch.tensor(weights)
    return values.mean() + total


@pytest.mark.parametrize(("number", "network"), ALL_DRAWS)
def test_a_gradient_is_that_of_pytorch(torch, number, network):
    draw = Draw(number, network)
    learned = draw.learned()
    for number, step in enumerate(draw.steps()):
        parameters = torch.tensor(step.before, requires_grad=True)
        expected = torch_mean_loss(torch, draw, parameters, step.rows, number)
        expected.backward()
        bound = ROUNDING * max(1, abs(step.loss))
        assert step.loss == pytest.approx(expected.item(), rel=0, abs=bound), draw
        ours, theirs = step.gradient[learned], parameters.grad.numpy()[learned]
        bound = ROUNDING * max(1, abs(step.loss), abs(theirs).max())
        np.testing.assert_allclose(ours, theirs, rtol=0, atol=bound, err_msg=str(draw))
