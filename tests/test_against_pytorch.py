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
    return np.moveaxis(tensor.detach().numpy(), 1, -1)


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
