"""One step of training with SGD is the gradient: of networks of all kinds, drawn by a seed.

Against central differences of the naive network (`naive.py`), which knows no backward pass, and
against PyTorch, which derives its own. All in float64.
"""

import itertools
import math

import naive
import numpy as np
import pytest

import fastscratch
from fastscratch import layers, losses, regularizers
from fastscratch.engine import Learning, Network, Objective, Trainer, training
from fastscratch.kernels.codes import ACTIVATIONS, SGD
from fastscratch.kernels.optimizers import UPDATES
from fastscratch.kernels.program.call import operation_address
from fastscratch.kernels.program.columns import ADDRESS
from fastscratch.kernels.program.winners import conv2d_winners_item
from fastscratch.reference.normalization import batch_norm_forward, moving_average_update
from fastscratch.utils import derived_seed

# The step of a difference, a power of two so that 2h is exact; so small that hardly a ReLU bends
# within it.
H = 2.0**-20
# Truncation is h**2 / 6 = 2e-13 times third derivatives (of normalised values, up to 1e4). Rounding
# is at most 1000 operations on numbers of size 10, divided by h.
TOLERANCE = H**2 / 6 * 1e4 + 1000 * 10 * 2.0**-53 / H
# Rounding alone: sums of fewer than 10000 terms, of numbers of size up to 10.
ROUNDING = 1e5 * 2.0**-53

RATE = 0.125  # a power of two: the gradient is the difference of the weights, times 8
SEED = 5

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
            layer = self._image_layer(Network(drawn, shape).shapes[-1][-1])
            try:
                Network([*drawn, layer], shape)
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
        return Network(drawn, shape)

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

    def trainer(self, **clipping):
        loss = self.loss
        objective = Objective(
            loss.code,
            loss.read_out is not None and not loss.from_logits,
            loss.takes_labels,
            loss.delta,
            loss.label_smoothing,
            weighted=self.weights is not None,
        )
        learning = Learning(UPDATES[SGD], np.zeros(2), **clipping)
        trainer = Trainer(self.network, objective, learning, 0, self.batch_size, np.float64)
        trainer.parameters[:] = self.start
        return trainer

    def steps(self, **clipping):
        """Two steps: for each the weights before it, the loss, the gradient, and its samples."""
        trainer, totals = self.trainer(**clipping), np.zeros((1, 2))
        order = np.arange(len(self.x))
        trainer.bind(self.x, self.y, self.weights, order, totals, shuffle=True, seed=SEED)
        reported, found = 0.0, []
        for step in range(2):
            before = trainer.parameters.copy()
            trainer.train(step, np.array([RATE]), step)
            rows = order[step * self.batch_size :][: self.batch_size]
            loss = (totals[0, 0] - reported) * len(self.x) / len(rows)
            reported = totals[0, 0]
            found.append((before, loss, (before - trainer.parameters) / RATE, rows))
        return found

    def batch(self, rows):
        weights = None if self.weights is None else self.weights[rows]
        return self.x[rows], self.y[rows], self.loss, weights

    def dropout_factors(self, place, shape, step):
        """What a dropout layer multiplies its input with."""
        seed = derived_seed(SEED, place + 1)
        layer = self.network.layers[place]
        return np.array(naive.dropout(layer, np.ones(tuple(shape)), seed, step))

    def learned(self):
        """Of each number of the flat parameters, whether training moves it."""
        return np.concatenate(
            [
                np.full(placed.stop - placed.offset, layer.trainable and placed.weight.trainable)
                for layer, own in zip(self.network.layers, self.network.weights, strict=True)
                for placed in own
            ]
        )


#: Few numbers have a gradient: those that won a max pooling behind a convolution. The first layer
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
    return Network(SPARSE[name](), (15, 29, 4))


#: Convolutions by 3 x 3 filters, forward and backward, with enough channels for `winograd`.
WINOGRAD = Network(
    [
        layers.Conv2D(32, (1, 2), activation="tanh"),
        layers.Conv2D(35, 3, padding="same", activation="sigmoid"),
        layers.Conv2D(33, 3),
        layers.GlobalAveragePooling2D(),
        layers.Dense(3),
    ],
    (8, 9, 2),
)

#: The same behind which only maxima are kept; the windows are not as tall as tiles.
MAXIMA = Network(
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
    "dense": Network(
        [layers.Dense(200, "relu"), layers.Dense(100, "sigmoid"), layers.Dense(3)], (300,)
    ),
    "few filters": Network(
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
    "many filters": Network(
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
    # 39 has batches of 33 and the squared error.
    *(pytest.param(39, network, id=name) for name, network in LARGE.items()),
    *(pytest.param(39, sparse_network(name), id=name) for name in SPARSE),
    pytest.param(52, WINOGRAD, id="winograd"),  # a batch of 1
    pytest.param(52, MAXIMA, id="maxima"),
]
SMALL_DRAWS = [param for param in ALL_DRAWS if param.id not in LARGE]


def test_every_layer_is_drawn():
    drawn = [layer for number in NETWORKS for layer in Draw(number).network.layers]
    kinds = {type(layer).__name__ for layer in drawn}
    assert kinds == set(layers.__all__) - {"Input", "Layer", "Weight"}
    assert {layer.activation for layer in drawn if layer.weights((1, 1, 60))} == set(ACTIVATIONS)
    alone = {layer.activation for layer in drawn if type(layer) is layers.Activation}
    assert alone == set(ACTIVATIONS)
    frozen = {type(layer).__name__ for layer in drawn if not layer.trainable}
    assert frozen >= {"BatchNormalization", "Conv2D", "Dense"}


@pytest.mark.parametrize("name", SPARSE)
def test_sparse_gradients_are_taken(name):
    program = Draw(39, sparse_network(name)).trainer().program
    winners = operation_address(conv2d_winners_item, np.float64)
    assert np.count_nonzero(program.table[:, ADDRESS] == winners) == (1 if name == "winners" else 2)


@pytest.mark.parametrize(("number", "network"), SMALL_DRAWS)
def test_a_step_is_the_central_difference_of_the_naive_loss(number, network):
    draw = Draw(number, network)
    learned = draw.learned()
    for step, (before, loss, gradient, rows) in enumerate(draw.steps()):

        def f(parameters, step=step, rows=rows):
            run = {"seed": SEED, "step": step}
            x, y, loss, weights = draw.batch(rows)
            return naive.mean_loss(draw.network, parameters, x, y, loss, weights, **run)

        assert loss == pytest.approx(f(before), rel=0, abs=ROUNDING * max(1, abs(loss))), draw
        # One of the parameters by itself, and all of them together.
        one = np.arange(before.size) == draw.rng.choice(np.flatnonzero(learned))
        for direction in (one, learned * draw.rng.choice([-1, 1], before.size)):
            push = H * direction
            expected = (f(before + push) - f(before - push)) / (2 * H)
            bound = TOLERANCE * max(1, abs(loss), abs(expected))
            assert gradient @ direction == pytest.approx(expected, rel=0, abs=bound), draw


@pytest.mark.parametrize("number", NETWORKS)
def test_frozen_weights_and_moving_averages(number):
    draw = Draw(number)
    before, _, gradient, rows = draw.steps()[0]
    after = before - RATE * gradient
    averages = {"moving_mean": [], "moving_variance": []}
    for layer, own in zip(draw.network.layers, draw.network.weights, strict=True):
        for placed in own:
            if not layer.trainable:
                assert not placed.view(gradient).any(), draw
            elif placed.weight.name in averages:
                averages[placed.weight.name].append((layer, placed))
    for means, variances in zip(*averages.values(), strict=True):
        layer = means[0]
        ahead = Network(
            draw.network.layers[: draw.network.layers.index(layer)], draw.network.shapes[0]
        )
        x = naive.rows(naive.forward(ahead, before, draw.x[rows], seed=SEED))
        channels = len(x[0])
        batch = naive.zeros(2, channels)
        batch_norm_forward(
            naive.rows(x), *batch, x, [1.0] * channels, [0.0] * channels, layer.epsilon
        )
        for (_, placed), of_batch in zip((means, variances), batch, strict=True):
            expected = placed.view(before).tolist()
            moving_average_update(expected, of_batch, layer.momentum)
            found = placed.view(after)
            np.testing.assert_allclose(found, expected, rtol=ROUNDING, atol=ROUNDING)


@pytest.mark.parametrize(("number", "network"), ALL_DRAWS)
def test_a_team_gives_the_bits_of_one_thread(number, network, monkeypatch):
    most = fastscratch.get_num_threads()
    if most < 2:
        pytest.skip("only one thread here")
    monkeypatch.setattr(training, "PARALLEL_WORK", -1)
    runs = []
    try:
        for threads in (1, 2):
            fastscratch.set_num_threads(threads)
            draw = Draw(number, network)
            runs.append([(loss, w.tobytes(), g.tobytes()) for w, loss, g, _ in draw.steps()])
    finally:
        fastscratch.set_num_threads(most)
    assert runs[0] == runs[1]


@pytest.mark.parametrize(("number", "network"), ALL_DRAWS)
def test_clipping(number, network):
    """The gradient of all weights together, or of each of them, or each element is cut down."""
    draw = Draw(number, network)
    learned = draw.learned()
    before, _, gradient, _ = draw.steps()[0]
    norm = math.sqrt(math.fsum(gradient[learned] ** 2))
    shortened = gradient.copy()
    for placed in draw.network.placed():
        own = shortened[placed.offset : placed.stop]
        own *= min(1, norm / 3 / max(math.sqrt(math.fsum(own**2)), 1e-300))
    for clipping, expected in (
        ({"global_clipnorm": norm / 3}, gradient / 3),
        ({"clipnorm": norm / 3}, shortened),
        ({"clipvalue": 0.01}, gradient.clip(-0.01, 0.01)),
    ):
        same, _, clipped, _ = draw.steps(**clipping)[0]
        assert same.tobytes() == before.tobytes()
        bound = ROUNDING * max(1, abs(gradient).max())
        np.testing.assert_allclose(clipped[learned], expected[learned], rtol=0, atol=bound)
        assert not clipped[~learned & (gradient == 0)].any()


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
    x, y, loss, weights = draw.batch(rows)
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
def test_a_step_is_the_gradient_of_pytorch(torch, number, network):
    draw = Draw(number, network)
    learned = draw.learned()
    for step, (before, loss, gradient, rows) in enumerate(draw.steps()):
        parameters = torch.tensor(before, requires_grad=True)
        expected = torch_mean_loss(torch, draw, parameters, rows, step)
        expected.backward()
        bound = ROUNDING * max(1, abs(loss))
        assert loss == pytest.approx(expected.item(), rel=0, abs=bound), draw
        theirs = parameters.grad.numpy()[learned]
        bound = ROUNDING * max(1, abs(loss), abs(theirs).max())
        np.testing.assert_allclose(gradient[learned], theirs, rtol=0, atol=bound, err_msg=str(draw))
