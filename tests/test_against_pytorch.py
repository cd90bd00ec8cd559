"""The kernels of convolutional networks against PyTorch: what the field takes them to mean.

Both sides compute in float64, so that they agree to rounding. PyTorch's images are channels first.
"""

import numpy as np
import pytest

from fastscratch.kernels import KERNELS

torch = pytest.importorskip("torch", reason="PyTorch, the peer compared with, is not installed")
F = torch.nn.functional


def draw(seed, *shape):
    return np.random.default_rng(seed).standard_normal(shape)


def channels_first(images):
    """A tensor (n, c, h, w) that collects its gradient, from an array (n, h, w, c)."""
    return torch.tensor(np.moveaxis(images, -1, 1).copy(), requires_grad=True)


def channels_last(tensor):
    return np.ascontiguousarray(np.moveaxis(tensor.detach().numpy(), 1, -1))  # as kernels take it


def parameter(array):
    return torch.tensor(array, requires_grad=True)


def assert_equal(ours, theirs):
    """Equal but for rounding: fewer than 10000 operations on numbers of size about 10."""
    np.testing.assert_allclose(ours, theirs, rtol=0, atol=1e-11)


def same(size, taps, stride, rate):
    """Zeros before and after an axis with padding "same", as Keras divides them."""
    total = max(0, (-(-size // stride) - 1) * stride + rate * (taps - 1) + 1 - size)
    return total // 2, total - total // 2


@pytest.mark.parametrize("groups", [1, 2, 4])
@pytest.mark.parametrize("padding", ["valid", "same"])
@pytest.mark.parametrize("dilation", [(1, 1), (2, 3)])
@pytest.mark.parametrize("strides", [(1, 1), (2, 3)])
@pytest.mark.parametrize("window", [(3, 3), (2, 5), (1, 1)])
def test_conv2d(window, strides, dilation, padding, groups):
    x, kernel = draw(1, 2, 11, 14, 4), draw(2, *window, 4 // groups, 8)
    bias = draw(3, 8)
    zeros = [(0, 0), (0, 0)]
    if padding == "same":
        zeros = [same(*axis) for axis in zip((11, 14), window, strides, dilation, strict=True)]
    tensors = [
        channels_first(x),
        parameter(kernel.transpose(3, 2, 0, 1).copy()),
        parameter(bias),
    ]
    result = F.conv2d(
        F.pad(tensors[0], (*zeros[1], *zeros[0])),
        *tensors[1:],
        stride=strides,
        dilation=dilation,
        groups=groups,
    )
    expected = channels_last(result)
    dout = draw(4, *expected.shape)
    result.backward(channels_first(dout))
    options = (strides, (zeros[0][0], zeros[1][0]), dilation, groups)

    out, dx, dkernel, dbias = (np.full_like(a, np.nan) for a in (expected, x, kernel, bias))
    KERNELS["conv2d_forward"](out, x, kernel, bias, *options)
    KERNELS["conv2d_backward_input"](dx, dout, kernel, *options)
    KERNELS["conv2d_backward_weight"](dkernel, dbias, x, dout, *options)
    assert_equal(out, expected)
    assert_equal(dx, channels_last(tensors[0].grad))
    assert_equal(dkernel, tensors[1].grad.numpy().transpose(2, 3, 1, 0))
    assert_equal(dbias, tensors[2].grad.numpy())


@pytest.mark.parametrize(
    ("pool_size", "strides", "padding"),
    [
        ((2, 2), (2, 2), (0, 0)),
        ((3, 2), (2, 1), (1, 1)),
        ((3, 3), (1, 2), (1, 0)),
        ((1, 4), (3, 2), (0, 2)),
    ],
)
def test_pool2d(pool_size, strides, padding):
    x = draw(1, 3, 9, 10, 4)
    window = (pool_size, strides, padding)

    tensor = channels_first(x)
    result = F.max_pool2d(tensor, *window)
    expected = channels_last(result)
    dout = draw(2, *expected.shape)
    result.backward(channels_first(dout))
    out, argmax = np.full_like(expected, np.nan), np.zeros(expected.shape, np.int32)
    dx = np.full_like(x, np.nan)
    KERNELS["max_pool2d_forward"](out, argmax, x, *window)
    KERNELS["max_pool2d_backward"](dx, dout, argmax, *window)
    assert_equal(out, expected)
    assert_equal(dx, channels_last(tensor.grad))

    tensor = channels_first(x)
    result = F.avg_pool2d(tensor, *window, count_include_pad=False)
    result.backward(channels_first(dout))
    KERNELS["average_pool2d_forward"](out, x, *window)
    KERNELS["average_pool2d_backward"](dx, dout, *window)
    assert_equal(out, channels_last(result))
    assert_equal(dx, channels_last(tensor.grad))


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_max_pool2d_keeps_nan(dtype):
    """A number that is none must not vanish in a maximum, as in PyTorch."""
    x = draw(1, 2, 6, 6, 3).astype(dtype)
    x[0, 1, 2, 0] = x[1, 4, 5, 2] = x[1, 5, 5, 2] = np.nan
    x[1, 0:2, 0:2, 1] = -np.inf
    expected = channels_last(F.max_pool2d(channels_first(x), 2))
    out, argmax = np.zeros_like(expected), np.zeros(expected.shape, np.int32)
    KERNELS["max_pool2d_forward"](out, argmax, x, (2, 2), (2, 2), (0, 0))
    np.testing.assert_array_equal(out, expected)


def test_layer_norm():
    x, dout = draw(1, 60, 7), draw(2, 60, 7)
    gamma, beta = draw(3, 7), draw(4, 7)
    tensors = [parameter(array) for array in (x, gamma, beta)]
    result = F.layer_norm(tensors[0], (7,), *tensors[1:], eps=0.001)
    result.backward(torch.tensor(dout))

    out, mean, variance = np.full_like(x, np.nan), np.zeros(60), np.zeros(60)
    KERNELS["layer_norm_forward"](out, mean, variance, x, gamma, beta, 0.001)
    dx, dgamma, dbeta = np.full_like(x, np.nan), np.zeros(7), np.zeros(7)
    KERNELS["layer_norm_backward"](dx, dgamma, dbeta, dout, x, mean, variance, gamma, 0.001)
    assert_equal(out, result.detach().numpy())
    for ours, theirs in zip((dx, dgamma, dbeta), tensors, strict=True):
        assert_equal(ours, theirs.grad.numpy())


def test_batch_norm_inference():
    x, gamma, beta, mean, variance = draw(1, 20, 5), *draw(2, 3, 5), draw(3, 5) ** 2
    out = np.full_like(x, np.nan)
    KERNELS["batch_norm_inference"](out, x, mean, variance, gamma, beta, 0.001)
    tensors = [torch.tensor(array) for array in (x, mean, variance, gamma, beta)]
    assert_equal(out, F.batch_norm(*tensors, training=False, eps=0.001).numpy())


@pytest.mark.parametrize(
    ("name", "theirs", "parameters"),
    [
        ("sigmoid", F.sigmoid, ()),
        ("tanh", F.tanh, ()),
        ("relu", F.relu, ()),
        ("softmax", lambda z: F.softmax(z, 0), ()),
        ("leaky_relu", lambda z: F.leaky_relu(z, 0.3), (0.3,)),
        ("elu", lambda z: F.elu(z, 1.5), (1.5,)),
        ("selu", F.selu, ()),
        ("exponential", torch.exp, ()),
        ("softplus", lambda z: F.softplus(z, threshold=1e9), ()),
        ("silu", F.silu, ()),
        ("gelu", F.gelu, ()),
        ("gelu_tanh", lambda z: F.gelu(z, approximate="tanh"), ()),
    ],
)
def test_activation(name, theirs, parameters):
    z, da = 4 * draw(1, 200), draw(2, 200)
    tensor = parameter(z)
    result = theirs(tensor)
    result.backward(torch.tensor(da))
    a, dz = np.full_like(z, np.nan), np.full_like(z, np.nan)
    KERNELS[f"{name}_forward"](a, z, *parameters)
    KERNELS[f"{name}_backward"](dz, z, a, da, *parameters)
    assert_equal(a, result.detach().numpy())
    assert_equal(dz, tensor.grad.numpy())


@pytest.mark.parametrize(
    ("name", "theirs", "parameters"),
    [
        ("mean_squared_error", F.mse_loss, ()),
        ("mean_absolute_error", F.l1_loss, ()),
        ("huber", lambda p, y: F.huber_loss(p, y, delta=0.7), (0.7,)),
        ("poisson", lambda p, y: F.poisson_nll_loss(p, y, log_input=False, eps=1e-7), ()),
        ("binary_crossentropy", F.binary_cross_entropy_with_logits, ()),
        ("categorical_crossentropy", F.cross_entropy, ()),
    ],
)
def test_loss(name, theirs, parameters):
    prediction = draw(1, 50)
    y = np.random.default_rng(2).random(50)
    if name == "poisson":
        prediction = np.abs(prediction) + 0.1
    tensor = parameter(prediction)
    value = theirs(tensor, torch.tensor(y))
    value.backward()
    gradient = np.full_like(prediction, np.nan)
    KERNELS[f"{name}_backward"](gradient, prediction, y, *parameters)
    assert_equal(KERNELS[f"{name}_forward"](prediction, y, *parameters), value.item())
    assert_equal(gradient, tensor.grad.numpy())
