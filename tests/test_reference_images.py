"""The twins of convolutional networks, by hand and against central differences.

The truth of the numbers is arithmetic done in the comments; that of the derivatives is their
definition, as in `test_reference_gradients`, whose step and tolerance are used here.
"""

from random import Random

import pytest
from test_reference_gradients import close, differences, dot, draws, zeros

from fastscratch.reference import conv2d


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
