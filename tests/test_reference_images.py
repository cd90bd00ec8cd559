"""The twins of convolutional networks, by hand and against central differences.

The truth of the numbers is arithmetic done in the comments; that of the derivatives is their
definition, as in `test_reference_gradients`, whose step and tolerance are used here.
"""

from random import Random

import pytest
from test_reference_gradients import close, differences, dot, draws, zeros

from fastscratch.reference import conv2d, dropout, normalization, pooling, random


def vectors(nested):
    """The innermost lists of nested lists."""
    if not isinstance(nested[0], list):
        return [nested]
    return [vector for part in nested for vector in vectors(part)]


def inner(u, v):
    """The sum of products of two nested lists."""
    return sum(map(dot, vectors(u), vectors(v)))


def assert_gradient(gradient, f, p):
    """The gradient of f() with respect to the nested lists p is the central difference."""
    for expected, vector in zip(vectors(gradient), vectors(p), strict=True):
        assert expected == close(differences(f, vector))


# --- Convolution -----------------------------------------------------------------------------


def test_conv2d_backward_by_hand():
    # One row of three pixels, a kernel of two weights, no padding:
    # out = (1 k0 + 2 k1 + b, 2 k0 + 3 k1 + b), with k = (10, 100) and dout = (5, 7).
    x = [[[[1.0], [2.0], [3.0]]]]
    kernel = [[[[10.0]], [[100.0]]]]
    dout = [[[[5.0], [7.0]]]]
    dx = [[[[9.0], [9.0], [9.0]]]]
    conv2d.conv2d_backward_input(dx, dout, kernel, (1, 1), (0, 0), (1, 1), 1)
    # 5 * 10, 5 * 100 + 7 * 10, 7 * 100
    assert dx == [[[[50], [570], [700]]]]
    dkernel, dbias = [[[[9.0]], [[9.0]]]], [9.0]
    conv2d.conv2d_backward_weight(dkernel, dbias, x, dout, (1, 1), (0, 0), (1, 1), 1)
    # 5 * 1 + 7 * 2, 5 * 2 + 7 * 3, 5 + 7
    assert dkernel == [[[[19]], [[31]]]]
    assert dbias == [12]


def test_conv2d_groups_by_hand():
    # One pixel (2, 3, 5, 7) in two groups, one filter each: 2*1 + 3*10 and 5*100 + 7*1000.
    x = [[[[2.0, 3.0, 5.0, 7.0]]]]
    kernel = [[[[1.0, 100.0], [10.0, 1000.0]]]]
    out = [[[[9.0, 9.0]]]]
    conv2d.conv2d_forward(out, x, kernel, [0.0, 0.5], (1, 1), (0, 0), (1, 1), 2)
    assert out == [[[[32, 7500.5]]]]
    dx = zeros(1, 1, 1, 4)
    conv2d.conv2d_backward_input(dx, [[[[1.0, 2.0]]]], kernel, (1, 1), (0, 0), (1, 1), 2)
    assert dx == [[[[1, 10, 200, 2000]]]]
    # Depthwise: each channel has a filter of its own.
    kernel = [[[[1.0, 10.0, 100.0, 1000.0]]]]
    out = [[[[9.0] * 4]]]
    conv2d.conv2d_forward(out, x, kernel, [0.0] * 4, (1, 1), (0, 0), (1, 1), 4)
    assert out == [[[[2, 30, 500, 7000]]]]


@pytest.mark.parametrize(
    ("image", "window", "c_out", "groups", "out", "strides", "padding", "dilation"),
    [
        ((1, 1, 1, 1), (1, 1), 1, 1, (1, 1), (1, 1), (0, 0), (1, 1)),
        ((2, 4, 3, 2), (3, 2), 3, 1, (2, 2), (1, 1), (0, 0), (1, 1)),
        ((2, 4, 5, 1), (3, 3), 2, 1, (4, 5), (1, 1), (1, 1), (1, 1)),  # same
        ((1, 5, 4, 2), (2, 3), 2, 1, (2, 2), (3, 2), (0, 1), (1, 1)),  # a row is not seen
        ((1, 5, 6, 1), (2, 3), 2, 1, (4, 4), (1, 1), (1, 1), (2, 2)),
        ((1, 4, 4, 4), (2, 2), 6, 2, (3, 2), (1, 2), (0, 0), (1, 1)),
        ((2, 3, 4, 3), (3, 2), 3, 3, (3, 4), (1, 1), (1, 0), (1, 1)),  # depthwise
    ],
)
def test_conv2d_backward(image, window, c_out, groups, out, strides, padding, dilation):
    rng = Random(7)
    x, kernel = draws(rng, *image), draws(rng, *window, image[3] // groups, c_out)
    bias, dout = draws(rng, c_out), draws(rng, image[0], *out, c_out)
    options = (strides, padding, dilation, groups)

    def f():
        result = zeros(image[0], *out, c_out)
        conv2d.conv2d_forward(result, x, kernel, bias, *options)
        return inner(result, dout)

    dx, dkernel, dbias = draws(rng, *image), draws(rng, *window, image[3] // groups, c_out), [9.0]
    dbias *= c_out
    conv2d.conv2d_backward_input(dx, dout, kernel, *options)
    conv2d.conv2d_backward_weight(dkernel, dbias, x, dout, *options)
    assert_gradient(dx, f, x)
    assert_gradient(dkernel, f, kernel)
    assert_gradient(dbias, f, bias)


# --- Pooling ---------------------------------------------------------------------------------


def test_max_pool2d_by_hand():
    # Windows of 2 x 2, one after the other:     3 0 | 1 2
    #                                            1 5 | 2 2
    # The maxima are 5 in the last place of its window and 2 in place 1, the first of three.
    x = [[[[3.0], [0.0], [1.0], [2.0]], [[1.0], [5.0], [2.0], [2.0]]]]
    out, argmax = zeros(1, 1, 2, 1), zeros(1, 1, 2, 1)
    pooling.max_pool2d_forward(out, argmax, x, (2, 2), (2, 2), (0, 0))
    assert out == [[[[5], [2]]]]
    assert argmax == [[[[3], [1]]]]
    dx = draws(Random(1), 1, 2, 4, 1)
    pooling.max_pool2d_backward(dx, [[[[7.0], [8.0]]]], argmax, (2, 2), (2, 2), (0, 0))
    assert dx == [[[[0], [0], [0], [8]], [[0], [7], [0], [0]]]]


def test_max_pool2d_of_negative_numbers_over_the_edge():
    # Padding is not zero: the windows (., -3), (-3, -4), (-4, -2), (-2, .) have negative maxima.
    x = [[[[-3.0], [-4.0], [-2.0]]]]
    out, argmax = zeros(1, 1, 4, 1), zeros(1, 1, 4, 1)
    pooling.max_pool2d_forward(out, argmax, x, (1, 2), (1, 1), (0, 1))
    assert out == [[[[-3], [-3], [-2], [-2]]]]
    assert argmax == [[[[1], [0], [1], [0]]]]
    dx = zeros(1, 1, 3, 1)
    pooling.max_pool2d_backward(
        dx, [[[[1.0], [2.0], [4.0], [8.0]]]], argmax, (1, 2), (1, 1), (0, 1)
    )
    assert dx == [[[[3], [0], [12]]]]


def test_average_pool2d_by_hand():
    # Windows of three in a row, step 2, one place over each edge:
    # (., 1, 2), (2, 4, 8), (8, 16, .): only what is inside counts.
    x = [[[[1.0], [2.0], [4.0], [8.0], [16.0]]]]
    out = zeros(1, 1, 3, 1)
    pooling.average_pool2d_forward(out, x, (1, 3), (1, 2), (0, 1))
    assert vectors(out) == [close([3 / 2]), close([14 / 3]), close([12])]
    dx = zeros(1, 1, 5, 1)
    pooling.average_pool2d_backward(dx, [[[[2.0], [3.0], [4.0]]]], (1, 3), (1, 2), (0, 1))
    # halves of 2, thirds of 3, halves of 4
    assert dx == [[[[1], [1 + 1], [1], [1 + 2], [2]]]]


def test_global_average_pool2d_by_hand():
    x = [[[[1.0, 10.0], [2.0, 20.0]], [[4.0, 40.0], [5.0, 50.0]]]]
    out = zeros(1, 2)
    pooling.global_average_pool2d_forward(out, x)
    assert out == [[3, 30]]
    dx = zeros(1, 2, 2, 2)
    pooling.global_average_pool2d_backward(dx, [[4.0, 8.0]])
    assert dx == [[[[1, 2]] * 2] * 2]


@pytest.mark.parametrize(
    ("image", "out", "window"),
    [
        ((1, 1, 1, 1), (1, 1), ((1, 1), (1, 1), (0, 0))),
        ((2, 4, 4, 2), (2, 2), ((2, 2), (2, 2), (0, 0))),
        ((1, 5, 4, 2), (2, 3), ((3, 2), (2, 1), (0, 0))),
        ((1, 5, 3, 1), (3, 3), ((3, 3), (2, 1), (1, 1))),
        ((1, 5, 5, 1), (2, 2), ((1, 2), (3, 3), (0, 0))),  # gaps
    ],
)
def test_pool2d_backward(image, out, window):
    rng = Random(8)
    x, dout = draws(rng, *image), draws(rng, image[0], *out, image[3])

    def maxima():
        result, argmax = zeros(*shape), zeros(*shape)
        pooling.max_pool2d_forward(result, argmax, x, *window)
        return inner(result, dout)

    def averages():
        result = zeros(*shape)
        pooling.average_pool2d_forward(result, x, *window)
        return inner(result, dout)

    shape = (image[0], *out, image[3])
    dx, argmax = draws(rng, *image), zeros(*shape)
    pooling.max_pool2d_forward(zeros(*shape), argmax, x, *window)
    pooling.max_pool2d_backward(dx, dout, argmax, *window)
    assert_gradient(dx, maxima, x)
    pooling.average_pool2d_backward(dx, dout, *window)
    assert_gradient(dx, averages, x)


# --- Normalisation ---------------------------------------------------------------------------


def test_batch_norm_by_hand():
    # Channels (1, 3) and (5, 5): means 2 and 5, variances 1 and 0.  With epsilon 3 and 1/4 the
    # deviations are divided by 2 and by sqrt(3); so the second channel is beta whatever happens.
    x = [[1.0, 5.0], [3.0, 5.0]]
    out, mean, variance = zeros(2, 2), zeros(2), zeros(2)
    normalization.batch_norm_forward(out, mean, variance, x, [10.0, 10.0], [100.0, 7.0], 3.0)
    assert mean == [2, 5]
    assert variance == [1, 0]
    assert out == [[95, 7], [105, 7]]
    # Given mean 1 and variance 6, the first channel is 100 + 10 (x - 1) / 3.
    normalization.batch_norm_inference(
        out, x, [1.0, 5.0], [6.0, 1.0], [10.0, 10.0], [100.0, 7.0], 3.0
    )
    assert out[0] == close([100, 7])
    assert out[1] == close([100 + 20 / 3, 7])
    # xhat = -1/2, 1/2 and dout = 4, 8: dgamma = -2 + 4, dbeta = 12, and
    # dx = 10/2 (4 - 12/2 + (1/2) 2/2) = -7.5, 10/2 (8 - 12/2 - (1/2) 2/2) = 7.5.
    # The second channel: xhat = 0, 1 / sqrt(3 + 0) each, (1 - 3/2), (2 - 3/2).
    dx, dgamma, dbeta = zeros(2, 2), zeros(2), zeros(2)
    normalization.batch_norm_backward(
        dx, dgamma, dbeta, [[4.0, 1.0], [8.0, 2.0]], x, mean, variance, [10.0, 3**0.5], 3.0
    )
    assert dgamma == [2, 0]
    assert dbeta == [12, 3]
    assert dx[0] == close([-7.5, -0.5])
    assert dx[1] == close([7.5, 0.5])


def test_layer_norm_by_hand():
    # The rows are the channels of the batch above, with the gammas by unit.
    x = [[1.0, 3.0], [5.0, 5.0]]
    out, mean, variance = zeros(2, 2), zeros(2), zeros(2)
    normalization.layer_norm_forward(out, mean, variance, x, [10.0, 20.0], [100.0, 7.0], 3.0)
    assert mean == [2, 5]
    assert variance == [1, 0]
    assert out == [[100 - 5, 7 + 10], [100, 7]]
    # g = gamma dout = (20, 80), xhat = -1/2, 1/2: mean g = 50, mean g xhat = (-10 + 40) / 2 = 15,
    # dx = (20 - 50 + 7.5) / 2, (80 - 50 - 7.5) / 2
    dx, dgamma, dbeta = zeros(2, 2), zeros(2), zeros(2)
    dout = [[2.0, 4.0], [0.0, 0.0]]
    normalization.layer_norm_backward(dx, dgamma, dbeta, dout, x, mean, variance, [10.0, 20.0], 3.0)
    assert dx == [[-11.25, 11.25], [0, 0]]
    assert dgamma == [-1, 2]
    assert dbeta == [2, 4]


def test_moving_average_by_hand():
    moving = [8.0, 0.0]
    normalization.moving_average_update(moving, [4.0, 1.0], 0.75)
    assert moving == [7, 0.25]


@pytest.mark.parametrize("shape", [(1, 1), (1, 3), (4, 1), (5, 3)])
@pytest.mark.parametrize("kind", ["batch", "layer"])
def test_normalization_backward(kind, shape):
    rng = Random(9)
    forward = getattr(normalization, f"{kind}_norm_forward")
    backward = getattr(normalization, f"{kind}_norm_backward")
    x, dout = draws(rng, *shape), draws(rng, *shape)
    gamma, beta = draws(rng, shape[1]), draws(rng, shape[1])
    size = shape[1] if kind == "batch" else shape[0]
    mean, variance = zeros(size), zeros(size)

    def f():
        out = zeros(*shape)
        forward(out, mean, variance, x, gamma, beta, 0.125)
        return inner(out, dout)

    f()
    dx, dgamma, dbeta = zeros(*shape), zeros(shape[1]), zeros(shape[1])
    backward(dx, dgamma, dbeta, dout, x, mean, variance, gamma, 0.125)
    assert_gradient(dx, f, x)
    assert_gradient(dgamma, f, gamma)
    assert_gradient(dbeta, f, beta)


# --- Dropout ---------------------------------------------------------------------------------


def test_dropout_by_hand():
    # The numbers kept are those whose uniform number is at least 3/4; they are multiplied by 4.
    uniform = zeros(50)
    random.random_uniform(uniform, 5, 9)
    kept = [u >= 0.75 for u in uniform]
    assert 5 < sum(kept) < 20
    x = draws(Random(1), 50)
    out, dx = zeros(50), zeros(50)
    dropout.dropout_forward(out, x, 0.75, 5, 9)
    assert out == [4 * number if keep else 0 for number, keep in zip(x, kept, strict=True)]
    dropout.dropout_backward(dx, x, 0.75, 5, 9)
    assert dx == out  # linear, and diagonal
    dropout.dropout_forward(out, x, 0.75, 5, 10)
    assert out != dx  # another stream drops others


def test_dropout_of_nothing_and_of_everything():
    x, out = draws(Random(1), 20), zeros(20)
    dropout.dropout_forward(out, x, 0.0, 1, 1)
    assert out == x
    dropout.dropout_forward(out, x, 1.0, 1, 1)
    assert out == zeros(20)


def test_dropout_rate():
    # The number of ones kept is binomial: 10000 * 0.7, standard deviation sqrt(2100) = 46; the
    # seed is fixed, and 4 deviations are exceeded by one seed in 16000.
    out = zeros(10_000)
    dropout.dropout_forward(out, [1.0] * 10_000, 0.3, 11, 2)
    assert abs(sum(number > 0 for number in out) - 7000) < 184
