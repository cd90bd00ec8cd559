"""The naive network: each layer's backward pass, graphs, losses, and training.

The truth of derivatives is their definition: central differences, whose step and tolerance are
those of `test_reference_gradients`.  The other numbers are worked out by hand in the comments.
"""

import math
from random import Random

import pytest
from test_reference_gradients import draws
from test_reference_images import assert_gradient, inner, vectors

from fastscratch.reference import layers, network, random, train
from fastscratch.reference.layers import Run
from fastscratch.reference.nested import elementwise, numbers_of, shape_of
from fastscratch.reference.network import Network, Node, backprop, forward, sequential
from fastscratch.reference.neural_network import neural_network

TRAINING = Run(training=True, seed=3, step=2)
USE = Run()


def new(layer, inputs, rng):
    """Weights drawn at random: the ones and zeros of a new layer would hide mistakes."""
    weights = layer.new_weights(shape_of(inputs[0][0]), 0)
    # Positive, as a variance is.
    return [elementwise(lambda _: rng.uniform(0.5, 1.5), [weight]) for weight in weights]


# --- One layer at a time ---------------------------------------------------------------------


def case(name, *shapes, **config):
    """A layer by its class name and arguments, and the shapes of the mini-batches that it reads."""
    return pytest.param(name, config, shapes, id=name)


IMAGES = (2, 5, 4, 4)
VECTORS = (2, 3, 4)
LAYERS = [
    case("Dense", (3, 4), units=3, activation="tanh"),
    case("Dense", VECTORS, units=2, use_bias=False),
    case("Dense", (2, 2, 5), units=3, activation="softmax"),
    case("Conv1D", (2, 7, 2), filters=3, kernel_size=3, strides=2, activation="tanh"),
    case("Conv1D", (2, 5, 2), filters=4, kernel_size=2, padding="same", groups=2),
    case(
        *("Conv1D", (2, 5, 3)),
        **{"filters": 2, "kernel_size": (3,), "padding": "causal", "dilation_rate": (2,)},
    ),
    case("Conv2D", IMAGES, filters=3, kernel_size=3, activation="tanh"),
    case("Conv2D", IMAGES, filters=2, kernel_size=(3, 2), strides=2, padding="same"),
    case("Conv2D", IMAGES, filters=4, kernel_size=2, dilation_rate=2, groups=2, use_bias=False),
    case("Conv2DTranspose", (2, 2, 3, 2), filters=3, kernel_size=2, activation="tanh"),
    case("Conv2DTranspose", (2, 3, 2, 2), filters=2, kernel_size=(3, 2), strides=3),
    case("Conv2DTranspose", (2, 3, 2, 2), filters=2, kernel_size=4, strides=2, padding="same"),
    case("Conv2DTranspose", (1, 2, 3, 3), filters=2, kernel_size=2, dilation_rate=2),
    case(
        *("Conv2DTranspose", (2, 3, 2, 2)),
        **{"filters": 2, "kernel_size": 3, "strides": 2, "padding": "same", "output_padding": 1},
    ),
    case("Conv2DTranspose", (1, 2, 2, 1), filters=2, kernel_size=3, strides=3, output_padding=2),
    case("DepthwiseConv2D", IMAGES, kernel_size=3, padding="same", activation="tanh"),
    case("DepthwiseConv2D", IMAGES, kernel_size=2, strides=2, depth_multiplier=2, use_bias=False),
    case("SeparableConv2D", IMAGES, filters=3, kernel_size=2, dilation_rate=2, activation="tanh"),
    case("SeparableConv2D", IMAGES, filters=2, kernel_size=2, strides=2, depth_multiplier=2),
    case("MaxPooling1D", (2, 7, 3)),
    case("MaxPooling2D", IMAGES),
    case("MaxPooling2D", IMAGES, pool_size=(2, 3), strides=1, padding="same"),
    case("AveragePooling1D", (2, 5, 3), pool_size=3, strides=2, padding="same"),
    case("AveragePooling2D", IMAGES, pool_size=2),
    case("AveragePooling2D", IMAGES, pool_size=(3, 2), strides=2, padding="same"),
    case("GlobalMaxPooling1D", (2, 5, 3)),
    case("GlobalMaxPooling1D", (2, 5, 3), keepdims=True),
    case("GlobalMaxPooling2D", IMAGES),
    case("GlobalMaxPooling2D", IMAGES, keepdims=True),
    case("GlobalAveragePooling1D", (2, 5, 3)),
    case("GlobalAveragePooling1D", (2, 5, 3), keepdims=True),
    case("GlobalAveragePooling2D", IMAGES),
    case("GlobalAveragePooling2D", IMAGES, keepdims=True),
    case("BatchNormalization", (5, 3)),
    case("BatchNormalization", IMAGES, center=False),
    case("BatchNormalization", (5, 3), scale=False, trainable=False),
    case("LayerNormalization", (3, 5)),
    case("LayerNormalization", IMAGES, scale=False),
    case("LayerNormalization", VECTORS, center=False),
    case("Normalization", VECTORS),
    case("Normalization", (2, 3), axis=None, invert=True),
    case("Normalization", IMAGES, axis=(1, 3)),
    case("Normalization", (2, 3, 2), mean=[1.0, 2.0], variance=[4.0, 9.0]),
    case("Normalization", (2, 3, 2), mean=1.0, variance=4.0),
    case("Normalization", (2, 3, 2), axis=(1, 2), mean=[[1.0, 2.0]], variance=[[4.0, 9.0]]),
    case("Activation", IMAGES, activation="gelu"),
    case("Activation", VECTORS, activation="log_softmax"),
    case("ReLU", VECTORS, max_value=0.7, negative_slope=0.2, threshold=0.1),
    case("LeakyReLU", IMAGES),
    case("ELU", VECTORS, alpha=0.7),
    case("PReLU", VECTORS),
    case("PReLU", IMAGES, shared_axes=(1, 2)),
    case("Softmax", VECTORS),
    case("Softmax", IMAGES, axis=1),
    case("Dropout", (3, 2, 5), rate=0.4),
    case("SpatialDropout2D", IMAGES, rate=0.4),
    case("GaussianNoise", (2, 3, 3), stddev=0.5),
    case("Rescaling", (2, 4), scale=0.5, offset=1.0),
    case("Rescaling", (2, 3, 2), scale=[0.5, 2.0], offset=[1.0, 0.0]),
    case("Rescaling", (2, 3, 2), scale=[[0.5], [2.0], [3.0]]),
    case("Flatten", IMAGES),
    case("Reshape", IMAGES, target_shape=(2, -1, 5)),
    case("Permute", IMAGES, dims=(3, 1, 2)),
    case("RepeatVector", (2, 4), n=3),
    case("ZeroPadding2D", IMAGES),
    case("ZeroPadding2D", IMAGES, padding=((0, 2), (1, 0))),
    case("Cropping2D", IMAGES, cropping=(1, 0)),
    case("Cropping2D", IMAGES, cropping=((1, 2), (0, 1))),
    case("UpSampling2D", (2, 2, 3, 2), size=(2, 3)),
    case("UpSampling2D", (2, 2, 3, 2), size=(3, 2), interpolation="bilinear"),
    case("Add", VECTORS, VECTORS, VECTORS),
    case("Add", (2, 3, 1), (2, 1, 4)),
    case("Add", (2, 4), VECTORS),
    case("Subtract", VECTORS, (2, 3, 1)),
    case("Multiply", VECTORS, (2, 1, 4), VECTORS),
    case("Average", (2, 4), (2, 4), (2, 4)),
    case("Maximum", VECTORS, (2, 1, 4), VECTORS),
    case("Minimum", VECTORS, (2, 1, 4), VECTORS),
    case("Concatenate", VECTORS, (2, 3, 1), (2, 3, 2)),
    case("Concatenate", VECTORS, (2, 1, 4), axis=1),
]


@pytest.mark.parametrize("run", [TRAINING, USE], ids=["training", "use"])
@pytest.mark.parametrize(("name", "config", "shapes"), LAYERS)
def test_backward_of_a_layer(name, config, shapes, run):
    rng, layer = Random(9), getattr(layers, name)(**config)
    inputs = [draws(rng, *shape) for shape in shapes]
    weights = new(layer, inputs, rng)
    output, kept = layer.forward(inputs, weights, run)
    doutput = draws(rng, *shape_of(output))

    def f():
        return inner(layer.forward(inputs, weights, run)[0], doutput)

    dinputs, dweights = layer.backward(doutput, kept, weights)
    assert len(dinputs) == len(inputs)
    for gradient, x in zip(dinputs, inputs, strict=True):
        assert shape_of(gradient) == shape_of(x)
        assert_gradient(gradient, f, x)
    assert layer.backward_weights(doutput, kept, weights) == dweights
    for gradient, weight in zip(dweights, weights, strict=True):
        if gradient is not None:
            assert shape_of(gradient) == shape_of(weight)
            assert_gradient(gradient, f, weight)


def test_embedding_by_hand():
    layer, table = layers.Embedding(4, 2), [[0.0, 1.0], [10.0, 11.0], [20.0, 21.0], [30.0, 31.0]]
    output, kept = layer.forward([[[1, 3.0], [3, 0]]], [table], TRAINING)
    assert output == [[[10, 11], [30, 31]], [[30, 31], [0, 1]]]
    doutput = [[[1.0, 2.0], [3.0, 4.0]], [[5.0, 6.0], [7.0, 8.0]]]
    dinputs, dweights = layer.backward(doutput, kept, [table])
    assert dinputs == [None]
    assert dweights == [[[7, 8], [1, 2], [0, 0], [3 + 5, 4 + 6]]]


def test_every_layer_is_tested():
    tested = {case.values[0] for case in LAYERS} | {"Embedding"}
    assert tested == set(layers.__all__) - {"Layer", "Run"}


def test_same_padding_puts_the_odd_zero_after():
    # A window of 2 over (1, 2, 3): 1 + 2, 2 + 3, 3 + 0; and at every second number 1 + 2, 3 + 0.
    x = [[[[1.0], [2.0], [3.0]]]]
    kernel = [[[[1.0]], [[1.0]]]]
    for strides, expected in ((1, [[3], [5], [3]]), (2, [[3], [3]])):
        layer = layers.Conv2D(1, (1, 2), strides, "same", use_bias=False)
        assert layer.forward([x], [kernel], USE)[0] == [[expected]]


def test_batch_normalization_moves_its_averages():
    # The mini-batch (1), (5): mean 3, variance 4. A tenth of the way from 0 and from 1.
    layer = layers.BatchNormalization(momentum=0.9, epsilon=0.0, center=False, scale=False)
    weights = layer.new_weights((1,), 0)
    output, kept = layer.forward([[[1.0], [5.0]]], weights, TRAINING)
    assert output == [[-1], [1]]
    mean, variance = layer.moved(kept, weights)
    assert mean + variance == pytest.approx([0.3, 1.3], rel=1e-15)
    assert weights == [[0.0], [1.0]]
    # In use, and where the layer is frozen, the averages stand for the mini-batch and stay.
    frozen = layers.BatchNormalization(0.9, 0.0, False, False, trainable=False)
    for other, run in ((layer, USE), (frozen, TRAINING)):
        output, kept = other.forward([[[1.0], [5.0]]], [[2.0], [4.0]], run)
        assert output == [[-0.5], [1.5]]
        assert other.moved(kept, weights) == weights


def output_of(layer, x, weights=(), run=USE):
    return layer.forward([x], list(weights), run)[0]


def test_convolutions_by_hand():
    # Causal, taps 2 apart: 10 x[t - 2] + x[t], with zeros before the first place.
    conv1d = layers.Conv1D(1, 2, padding="causal", dilation_rate=2, use_bias=False)
    sequence = [[[1.0], [2.0], [3.0], [4.0]]]
    assert output_of(conv1d, sequence, [[[[10.0]], [[1.0]]]]) == [[[1], [2], [13], [24]]]
    # Channels (2, 3), each with two filters: 2 * 1, 2 * 10, 3 * 100, 3 * 1000.
    depthwise = layers.DepthwiseConv2D(1, depth_multiplier=2, use_bias=False)
    pixel, kernel = [[[[2.0, 3.0]]]], [[[[1.0, 10.0], [100.0, 1000.0]]]]
    assert output_of(depthwise, pixel, [kernel]) == [[[[2, 20, 300, 3000]]]]
    # The same, and then the sum of all four.
    separable = layers.SeparableConv2D(1, 1, depth_multiplier=2)
    assert output_of(separable, pixel, [kernel, [[[[1.0]] * 4]], [0.5]]) == [[[[3322.5]]]]


def test_transposed_convolution_by_hand():
    # Each of the pixels 1 and 2 lays down the kernel (10, 20, 30), two places apart:
    # 10, 20, 30 + 20, 40, 60. With "same" padding twice two places are left; the windows overlap
    # by 1, and the odd place is cut off at the end.
    image, kernel = [[[[1.0], [2.0]]]], [[[[10.0]], [[20.0]], [[30.0]]]]
    for padding, expected in (("valid", [10, 20, 50, 40, 60]), ("same", [10, 20, 50, 40])):
        layer = layers.Conv2DTranspose(1, (1, 3), (1, 2), padding)
        assert output_of(layer, image, [kernel, [1.0]]) == [[[[u + 1] for u in expected]]]


def test_up_sampling_by_hand():
    image = [[[[0.0], [4.0]]]]
    nearest = layers.UpSampling2D((1, 2))
    assert output_of(nearest, image) == [[[[0], [0], [4], [4]]]]
    # New centres at -1/4, 1/4, 3/4, 5/4 of the way from the one old centre to the other.
    bilinear = layers.UpSampling2D((1, 2), "bilinear")
    assert output_of(bilinear, image) == [[[[0], [1], [3], [4]]]]


def test_shapes_by_hand():
    image = [[[[1.0], [2.0]], [[3.0], [4.0]]]]
    padded = [[[[0], [0], [0]], [[0], [1], [2]], [[0], [3], [4]]]]
    assert output_of(layers.ZeroPadding2D(((1, 0), (1, 0))), image) == padded
    assert output_of(layers.Cropping2D(((1, 0), (1, 0))), padded) == image
    assert output_of(layers.Permute((2, 1, 3)), image) == [[[[1], [3]], [[2], [4]]]]
    assert output_of(layers.RepeatVector(2), [[1.0, 2.0]]) == [[[1, 2], [1, 2]]]


def test_scales_by_hand():
    x = [[1.0, 2.0], [3.0, 4.0]]
    assert output_of(layers.Rescaling([2.0, 0.5], 1.0), x) == [[3, 2], [7, 3]]
    # (1 - 1) / 2, (2 - 1) / 0.5, ...; a variance of 0 counts as 1e-14.
    weights = [[1.0, 1.0], [4.0, 0.25], 5]
    assert output_of(layers.Normalization(), x, weights) == [[0, 2], [1, 6]]
    assert output_of(layers.Normalization(invert=True), [[0.0, 2.0], [1.0, 6.0]], weights) == x
    flat = layers.Normalization(mean=1.0, variance=0.0)
    assert output_of(flat, [[1.0, 2.0]])[0] == pytest.approx([0, 1e7], rel=1e-15)


def test_spatial_dropout_drops_whole_channels():
    x = [[[[1.0] * 16] * 3] * 2] * 2
    output = output_of(layers.SpatialDropout2D(0.5), x, run=TRAINING)
    for image in output:
        pixels = [pixel for row in image for pixel in row]
        assert set(pixels[0]) == {0, 2}
        assert all(pixel == pixels[0] for pixel in pixels)
    assert output[0] != output[1]
    assert output_of(layers.SpatialDropout2D(0.5), x) == x


def test_noise_is_of_the_step():
    draws_of_step = [9.0] * 4
    random.random_normal(draws_of_step, TRAINING.seed, TRAINING.step)
    layer, x = layers.GaussianNoise(0.5), [[1.0, 2.0], [3.0, 4.0]]
    noisy = [1 + 0.5 * draws_of_step[0], 2 + 0.5 * draws_of_step[1]]
    assert output_of(layer, x, run=TRAINING)[0] == noisy
    assert output_of(layer, x) == x


def test_merging_by_hand():
    x, y = [[[1.0, 2.0], [3.0, 4.0]]], [[[10.0], [20.0]]]
    expected = {
        "Add": [[11, 12], [23, 24]],
        "Subtract": [[-9, -8], [-17, -16]],
        "Multiply": [[10, 20], [60, 80]],
        "Average": [[5.5, 6], [11.5, 12]],
        "Maximum": [[10, 10], [20, 20]],
        "Minimum": [[1, 2], [3, 4]],
        "Concatenate": [[1, 2, 10], [3, 4, 20]],
    }
    for name, result in expected.items():
        assert getattr(layers, name)().forward([x, y], [], USE)[0] == [result], name


# --- Graphs ----------------------------------------------------------------------------------


def check_gradients(net, weights, x, y, losses, **options):
    """The gradients of a network are the central differences of its loss."""
    _, gradients, _ = backprop(net, weights, x, y, losses, TRAINING, **options)

    def f():
        return backprop(net, weights, x, y, losses, TRAINING, **options)[0]

    for layer, entry, own in zip(net.layers, gradients, weights, strict=True):
        for gradient, weight in zip(entry, own, strict=True):
            if layer.trainable and gradient is not None:
                assert_gradient(gradient, f, weight)
            else:
                assert gradient is None
    return gradients


def drawn(net, x, seed=1):
    """Random weights of a network."""
    rng = Random(seed)
    weights = network.initial_weights(net, x, 0)
    for vector in vectors([entry for entry in weights if entry]):
        vector[:] = [rng.uniform(0.2, 1) * rng.choice((-1, 1)) for _ in vector]
    return weights


def scalar(**config):
    """A layer that multiplies with one number."""
    return layers.Dense(1, use_bias=False, **config)


def test_a_shared_layer_by_hand():
    # u = k x, a = k u = k**2 x: with k = 3, x = 2 and target 17 the loss is (18 - 17)**2 = 1.
    # da = 2; by its second use dk = da u = 12, du = da k = 6, and by its first dk = du x = 12.
    layer = scalar()
    net = sequential([layer, layer])
    assert len(net.layers) == 1
    loss, gradients, _ = backprop(net, [[[[3.0]]]], [[[2.0]]], [[[17.0]]], ["mean_squared_error"])
    assert loss == 1
    assert gradients == [[[[24]]]]


def test_a_fork_by_hand():
    # u = 2 x, a = 3 u + 5 u: at x = 1 a = 16, target 15, loss 1, da = 2.
    # d3 = da u = 4, d5 = 4, du = 2 * 3 + 2 * 5 = 16, d2 = du x = 16.
    nodes = [
        Node(scalar(), [0]),
        Node(scalar(), [1]),
        Node(scalar(), [1]),
        Node(layers.Add(), [2, 3]),
    ]
    weights = [[[[2.0]]], [[[3.0]]], [[[5.0]]], []]
    x, y = [[[1.0]]], [[[15.0]]]
    loss, gradients, _ = backprop(Network(nodes), weights, x, y, ["mean_squared_error"])
    assert loss == 1
    assert gradients == [[[[16]]], [[[4]]], [[[4]]], []]


def residual():
    """A convolutional network with a shared layer, a fork, two inputs and two outputs."""
    shared = layers.Conv2D(2, 3, padding="same", activation="tanh")
    return Network(
        [
            Node(shared, [0]),  # tensor 2
            Node(shared, [2]),
            Node(layers.Add(), [2, 3]),  # tensor 4
            Node(layers.BatchNormalization(), [4]),
            Node(layers.GlobalAveragePooling2D(), [5]),  # tensor 6
            Node(layers.Concatenate(), [6, 1]),  # tensor 7
            Node(layers.Dense(3, "softmax"), [7]),
            Node(layers.Dense(2, "sigmoid"), [7]),
        ],
        2,
        [8, 9],
    )


def test_gradients_of_a_graph():
    net, rng = residual(), Random(2)
    x = [draws(rng, 3, 4, 3, 2), draws(rng, 3, 2)]
    y = [[2, 0, 1], [[1.0, 0.0], [1.0, 1.0], [0.0, 1.0]]]
    losses = ["sparse_categorical_crossentropy", {"name": "huber", "delta": 0.3}]
    options = {"loss_weights": [1.0, 0.7], "sample_weight": [[1.0, 3.0, 0.5], None]}
    check_gradients(net, drawn(net, x), x, y, losses, **options)


def test_network_of_plain_data():
    net = residual()
    conv = {"filters": 2, "kernel_size": (3, 3), "padding": "same", "activation": "tanh"}
    nodes = [
        ("Conv2D", {**conv, "name": "conv", "kernel_regularizer": None}, [0], "a"),
        ("Conv2D", conv, [2], "a"),
        ("Add", {}, [2, 3], "b"),
        ("BatchNormalization", {"momentum": 0.9, "epsilon": 1e-3}, [4], "c"),
        ("GlobalAveragePooling2D", {}, [5], "d"),
        ("Concatenate", {"axis": -1}, [6, 1], "e"),
        ("Dense", {"units": 3, "activation": "softmax"}, [7], "f"),
        ("Dense", {"units": 2, "activation": "sigmoid"}, [7], "g"),
    ]
    same = network.network_of(nodes, 2, [8, 9])
    assert len(same.layers) == 7
    x = [draws(Random(2), 3, 4, 3, 2), draws(Random(3), 3, 2)]
    weights = drawn(net, x)
    assert forward(same, weights, x, TRAINING) == forward(net, weights, x, TRAINING)


def test_what_no_output_reads_has_no_gradient():
    net = Network([Node(scalar(), [0]), Node(scalar(), [0])], 1, [1])
    _, gradients, _ = backprop(net, [[[[2.0]]], [[[3.0]]]], [[[1.0]]], [[[0.0]]], ["huber"])
    assert gradients == [[[[1]]], [None]]


# --- Losses ----------------------------------------------------------------------------------


def chain(read_out, units=3):
    return sequential([layers.Dense(4, "tanh"), layers.Dense(units), layers.Activation(read_out)])


@pytest.mark.parametrize(
    ("loss", "read_out"),
    [
        ("mean_squared_error", "linear"),
        ("poisson", "softplus"),
        ({"name": "huber", "delta": 0.4}, "linear"),
        ("binary_crossentropy", "sigmoid"),
        ({"name": "multilabel_crossentropy", "label_smoothing": 0.1}, "sigmoid"),
        ({"name": "categorical_crossentropy", "label_smoothing": 0.2}, "softmax"),
        ({"name": "categorical_crossentropy", "from_logits": True}, "linear"),
        ("categorical_crossentropy", "sigmoid"),
        ("binary_crossentropy", "softmax"),
    ],
)
def test_gradients_of_a_loss(loss, read_out):
    net, rng = chain(read_out), Random(4)
    x = [draws(rng, 4, 2)]
    y = [[[float(o == rng.randrange(3)) for o in range(3)] for _ in range(4)]]
    check_gradients(net, drawn(net, x), x, y, [loss], sample_weight=[[1.0, 0.0, 2.0, 0.5]])


def test_a_crossentropy_takes_the_scores():
    # The probability of the right class is exp(-1000), whose logarithm is -1000: the loss of the
    # scores. Of the probability, which rounds to 0, it would be that of the bound, 1e-7.
    net = sequential([layers.Dense(2, "softmax", use_bias=False)])
    arguments = ([[[[1000.0, 0.0]]]], [[[1.0]]], [[1]], ["sparse_categorical_crossentropy"])
    assert backprop(net, *arguments)[0] == 1000
    # Where another node reads the probabilities as well, they are needed themselves.
    nodes = [*net.nodes, Node(layers.Activation("linear"), [1])]
    both = Network(nodes, 1, [1, 2])
    weights, x, y, loss = arguments
    total, _, _ = backprop(both, [*weights, []], x, [*y, [[1.0, 0.0]]], [*loss, "huber"])
    assert total == pytest.approx(-math.log(1e-7), rel=1e-12)


def test_smoothed_labels_by_hand():
    # Scores (log 2, 0): probabilities 2/3, 1/3. A target of 1 smoothed by 0.2 is 0.9, beside 0.1.
    net = sequential([layers.Dense(2, "softmax", use_bias=False)])
    loss = {"name": "categorical_crossentropy", "label_smoothing": 0.2}
    value, gradients, _ = backprop(net, [[[[math.log(2), 0.0]]]], [[[1.0]]], [[[1.0, 0.0]]], [loss])
    assert value == pytest.approx(-0.9 * math.log(2 / 3) - 0.1 * math.log(1 / 3), rel=1e-14)
    assert numbers_of(gradients) == pytest.approx([2 / 3 - 0.9, 1 / 3 - 0.1], rel=1e-13)


def test_sample_weights_by_hand():
    # Losses 1 and 4, weights 3 and 0.5, divided by two samples: (3 + 2) / 2.
    net = sequential([layers.Activation("linear")])
    x, y = [[[1.0], [2.0]]], [[[0.0], [0.0]]]
    options = {"loss_weights": [2.0], "sample_weight": [[3.0, 0.5]]}
    assert backprop(net, [[]], x, y, ["mean_squared_error"])[0] == 2.5
    assert backprop(net, [[]], x, y, ["mean_squared_error"], **options)[0] == 5


def test_classes_at_each_pixel():
    # Two pixels with scores (log 3, 0): losses -log(3/4) and -log(1/4), and their mean.
    net = sequential([layers.Dense(2, "softmax", use_bias=False)])
    weights, x = [[[[math.log(3), 0.0]]]], [[[[1.0], [1.0]]]]
    value, gradients, _ = backprop(net, weights, x, [[[0, 1]]], ["sparse_categorical_crossentropy"])
    assert value == pytest.approx((math.log(4 / 3) + math.log(4)) / 2, rel=1e-14)
    # a - y is (-1/4, 1/4) and (3/4, -3/4); half of their sum
    assert numbers_of(gradients) == pytest.approx([1 / 4, -1 / 4], rel=1e-14)


def test_penalties_by_hand():
    # |k| + 2 k**2 at k = -3 adds 3 + 18, and -1 - 12 to the gradient 2 (k x - y) x = 2 (-3) = -6.
    regularized = {"kernel_regularizer": {"l1": 1.0, "l2": 2.0}}
    arguments = ([[[[-3.0]]]], [[[1.0]]], [[[0.0]]], ["mean_squared_error"])
    net = sequential([scalar(**regularized)])
    loss, gradients, _ = backprop(net, *arguments)
    assert (loss, gradients) == (9 + 21, [[[[-6 - 13]]]])
    # A layer that is not trained has no penalty.
    net = sequential([scalar(trainable=False, **regularized)])
    loss, gradients, _ = backprop(net, *arguments)
    assert (loss, gradients) == (9, [[None]])


# --- Training --------------------------------------------------------------------------------


def moved_by(gradients, optimizer=None, rate=1.0):
    """Weights 0 after mini-batches with given gradients of two weights, (2,) and (1,)."""
    optimizer = optimizer or train.Optimizer()
    weights = [[[0.0, 0.0]], [[0.0]]]
    for gradient in gradients:
        weights = optimizer.apply(weights, gradient, rate)
    return weights


def test_clipping_by_hand():
    gradient = [[[3.0, -4.0]], [[12.0]]]
    assert moved_by([gradient]) == [[[-3, 4]], [[-12]]]
    assert moved_by([gradient], train.Optimizer(clipvalue=3.5)) == [[[-3, 3.5]], [[-3.5]]]
    # Norms 5 and 12, and 13 of all.
    assert moved_by([gradient], train.Optimizer(clipnorm=10)) == [[[-3, 4]], [[-10]]]
    clipped = moved_by([gradient], train.Optimizer(global_clipnorm=6.5))
    assert numbers_of(clipped) == pytest.approx([-1.5, 2, -6], rel=1e-15)


def test_gradient_accumulation_by_hand():
    # Steps of 2: nothing at first, then the mean of 1 and 3; None stays where it was.
    gradients = [[[[1.0, 10.0]], [None]], [[[3.0, 30.0]], [None]], [[[5.0, 50.0]], [None]]]
    optimizer = train.Optimizer(gradient_accumulation_steps=2)
    assert moved_by(gradients[:1], optimizer) == [[[0, 0]], [[0]]]
    assert optimizer.accumulated == gradients[0]
    optimizer = train.Optimizer(gradient_accumulation_steps=2)
    assert moved_by(gradients[:2], optimizer) == [[[-2, -20]], [[0]]]
    assert moved_by(gradients, train.Optimizer(gradient_accumulation_steps=2)) == [
        [[-2, -20]],
        [[0]],
    ]


def test_what_is_remembered_is_there_before_the_first_update():
    optimizer = train.Optimizer("adagrad", slot_start=0.5, gradient_accumulation_steps=2)
    moved_by([[[[1.0, 10.0]], [None]]], optimizer)
    assert optimizer.slots == [[[[0.5, 0.5]], [[0.5]]]]


def test_momentum_remembers():
    # velocity: -1, then -1/2 - 1 = -3/2; the weight is at -1, then -5/2.
    optimizer = train.Optimizer("momentum", [1.0, 0.0, 0.5, False])
    gradient = [[[1.0, 0.0]], [[0.0]]]
    assert moved_by([gradient, gradient], optimizer) == [[[-2.5, 0]], [[0]]]
    assert optimizer.slots == [[[[-1.5, 0]], [[0]]]]
    assert optimizer.iterations == 2


def test_adam_counts_its_updates():
    # With a constant gradient every update of Adam is one learning rate long.
    optimizer = train.Optimizer("adam", [1.0, 0.0, 0.9, 0.99, 0.0], gradient_accumulation_steps=3)
    gradient = [[[2.0, -5.0]], [[1e-3]]]
    moved = moved_by([gradient] * 6, optimizer, 0.25)
    assert numbers_of(moved) == pytest.approx([-0.5, 0.5, -0.5], rel=1e-12)


def stripes(n):
    """Images of 6 x 6 with horizontal (0) or vertical (1) stripes, and their labels."""
    rng = Random(5)
    images, labels = [], []
    for _ in range(n):
        label, phase = rng.randrange(2), rng.randrange(2)
        image = draws(rng, 6, 6, 1)
        for y, row in enumerate(image):
            for x, pixel in enumerate(row):
                pixel[0] = 0.1 * pixel[0] + ((x if label else y) + phase) % 2
        images.append(image)
        labels.append(label)
    return images, labels


def test_a_convolutional_network_in_one_call():
    net = sequential(
        [
            layers.Conv2D(4, 3, use_bias=False),
            layers.BatchNormalization(momentum=0.5),
            layers.Activation("relu"),
            layers.MaxPooling2D(),
            layers.Dropout(0.1),
            layers.Flatten(),
            layers.Dense(2, "softmax"),
        ]
    )
    images, labels = stripes(24)
    loss = ["sparse_categorical_crossentropy"]
    optimizer = train.Optimizer("adam", [0.0, 0.0, 0.9, 0.999, 1e-7])
    weights, losses = neural_network(
        net, [images], [labels], loss, 6, 6, 0.02, seed=1, optimizer=optimizer
    )
    assert losses[-1] < losses[0] / 3
    (probabilities,) = forward(net, weights, [images])
    assert [int(p[1] > p[0]) for p in probabilities] == labels


def test_a_schedule_counts_mini_batches():
    rates = []

    def rate(step):
        rates.append(step)
        return 0.1

    net = sequential([scalar()])
    x, y = [[[1.0]] * 6], [[[1.0]] * 6]
    arguments = (net, [[[[0.0]]]], x, y, ["mean_squared_error"], 2, 2, rate)
    train.SGD(*arguments)
    assert rates == [0, 1, 2, 3, 4, 5]
    rates.clear()
    train.SGD(*arguments, train.Optimizer(gradient_accumulation_steps=2))
    assert rates == [0, 1, 2, 3, 4, 5]  # as in Keras, although there are three updates


def test_dropout_differs_from_step_to_step_and_from_node_to_node():
    net = Network([Node(layers.Dropout(0.5), [0]), Node(layers.Dropout(0.5), [0])], 1, [1, 2])
    x = [[[1.0] * 64]]
    first, second = forward(net, [[], []], x, Run(True, 1, 0))
    later, _ = forward(net, [[], []], x, Run(True, 1, 1))
    assert first != second
    assert first != later
    assert set(first[0]) == {0, 2}
    assert forward(net, [[], []], x) == [x[0], x[0]]
