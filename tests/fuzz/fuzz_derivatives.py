"""The derivatives in `fastscratch.ops`, against the naive twins and plain NumPy in float64."""

import math

import numpy as np
from calls import assert_close, calls, numbers, real, some_of, whole
from fuzz_ops import (
    FUNCTION,
    POINTWISE,
    activation,
    axes,
    dtype_for,
    elementwise,
    good_conv,
    good_crossentropy,
    good_layer_normalization,
    good_pool,
    good_sparse,
    one_hot_targets,
    pair,
    places,
    shape_of,
    target,
)
from hypothesis import strategies as st

from fastscratch import ops
from fastscratch.reference import activations as twins
from fastscratch.reference import pointwise

# --- activations ----------------------------------------------------------------------------------


def slope(forward, backward):
    """The twin of a derivative: what is handed down of a gradient of one."""

    def twin(out, z, *parameters):
        a = [0.0] * len(z)
        forward(a, z, *parameters)
        backward(out, z, a, [1.0] * len(z), *parameters)

    return twin


def log_sigmoid_slope(out, z):
    slope(twins.softplus_forward, twins.softplus_backward)(out, [-v for v in z])


def celu_slope(out, z, alpha):
    slope(pointwise.celu_forward, pointwise.celu_backward)(out, [v / alpha for v in z])


def check_gelu_prime(result, x, approximate=True):
    assert isinstance(approximate, (bool, np.bool_))
    name = "gelu_tanh" if approximate else "gelu"
    forward, backward = (getattr(twins, f"{name}_{way}") for way in ("forward", "backward"))
    elementwise(slope(forward, backward))(result, x)


def prime(name, *parameters, **options):
    forward, backward = (getattr(twins, f"{name}_{way}") for way in ("forward", "backward"))
    return activation(
        f"{name}_prime", elementwise(slope(forward, backward), *parameters), **options
    )


def good_gradient_of_rows(draw):
    shape = shape_of(draw)
    arguments = {"x": numbers(draw, *shape), "doutputs": numbers(draw, *shape)}
    return arguments | some_of(draw, {"axis": axes})


def backward_along_axis(name):
    forward, backward = (getattr(twins, f"{name}_{way}") for way in ("forward", "backward"))

    def check(result, x, doutputs, axis=-1):
        dtype = dtype_for(x)
        z, da = real(x, dtype), real(doutputs, dtype)
        assert z.shape == da.shape
        z, da = (np.moveaxis(v.reshape(v.shape or (1,)), whole(axis), -1) for v in (z, da))
        expected = np.zeros(z.shape)
        for place in np.ndindex(z.shape[:-1]):
            a, dz = [0.0] * z.shape[-1], [0.0] * z.shape[-1]
            forward(a, z[place].tolist())
            backward(dz, z[place].tolist(), a, da[place].tolist())
            expected[place] = dz
        bound = abs(da).sum(axis=-1, keepdims=True)
        # an exponential of a score is off by as many units as the score has of 1
        bound = bound * (1 + 2 * abs(z).max() if name == "log_softmax" else 1)
        found = np.moveaxis(result.reshape(result.shape or (1,)), whole(axis), -1)
        assert_close(found, expected, bound, FUNCTION + 2 * z.shape[-1])

    return calls(
        f"ops.{name}_backward", getattr(ops, f"{name}_backward"), good_gradient_of_rows, check
    )


DERIVATIVES = {
    **{
        f"{name}_prime": prime(name)
        for name in ("relu", "selu", "silu", "sigmoid", "softplus", "tanh")
    },
    **{
        f"{name}_prime": activation(
            f"{name}_prime",
            elementwise(
                slope(*(getattr(pointwise, f"{name}_{way}") for way in ("forward", "backward")))
            ),
        )
        for name in POINTWISE
    },
    "celu_prime": activation(
        "celu_prime", elementwise(celu_slope, ("alpha", 1.0)), alpha=st.floats(0.01, 2)
    ),
    "log_sigmoid_prime": activation("log_sigmoid_prime", elementwise(log_sigmoid_slope)),
    "leaky_relu_prime": prime(
        "leaky_relu", ("negative_slope", 0.2), negative_slope=st.floats(0, 2)
    ),
    "elu_prime": prime("elu", ("alpha", 1.0), alpha=st.floats(0.01, 2)),
    "gelu_prime": activation("gelu_prime", check_gelu_prime, approximate=st.booleans()),
    "softmax_backward": backward_along_axis("softmax"),
    "log_softmax_backward": backward_along_axis("log_softmax"),
}


# --- windows and normalisation --------------------------------------------------------------------


def good_doutputs(draw, image, window, channels, strides=1, padding="valid", dilation_rate=1):
    """A gradient of the output's shape, where there is an output."""
    rate, steps = pair(dilation_rate), pair(strides)
    extent = [(k - 1) * r + 1 for k, r in zip(window, rate, strict=True)]
    positions = (
        max(len(places(*how, padding)), 1) for how in zip(image[1:3], extent, steps, strict=True)
    )
    return numbers(draw, image[0], *positions, channels)


def good_conv_backward(depthwise):
    def good(draw):
        arguments = good_conv(draw)
        image, kernel = arguments["inputs"].shape, arguments["kernel"].shape
        options = {k: v for k, v in arguments.items() if k not in ("inputs", "kernel")}
        channels = kernel[3] * (kernel[2] if depthwise else 1)
        return arguments | {"doutputs": good_doutputs(draw, image, kernel[:2], channels, **options)}

    return good


def convolution_gradients(x, kernel, dout, strides, padding, rate, groups):
    """Each tap of each window takes its share of the gradient."""
    (_, h, w, _), (kh, kw, c, filters) = x.shape, kernel.shape
    extent = [(k - 1) * r + 1 for k, r in zip((kh, kw), rate, strict=True)]
    rows = places(h, extent[0], strides[0], padding)
    columns = places(w, extent[1], strides[1], padding)
    assert dout.shape == (len(x), len(rows), len(columns), filters)
    dx, dkernel, each = np.zeros(x.shape), np.zeros(kernel.shape), filters // groups
    for (i, top), (j, left) in ((a, b) for a in enumerate(rows) for b in enumerate(columns)):
        for p, q in np.ndindex(kh, kw):
            y, z = top + p * rate[0], left + q * rate[1]
            if 0 <= y < h and 0 <= z < w:
                for g in range(groups):
                    part, seen = slice(g * each, (g + 1) * each), slice(g * c, (g + 1) * c)
                    dx[:, y, z, seen] += dout[:, i, j, part] @ kernel[p, q, :, part].T
                    dkernel[p, q, :, part] += x[:, y, z, seen].T @ dout[:, i, j, part]
    return dx, dkernel


def convolution_backward_check(depthwise):
    def check(result, inputs, kernel, doutputs, strides=1, padding="valid", dilation_rate=1):
        dtype = dtype_for(inputs)
        x, w, dout = (real(value, dtype) for value in (inputs, kernel, doutputs))
        shape, groups = w.shape, x.shape[3] if depthwise else 1
        w = w.reshape(*w.shape[:2], 1, -1) if depthwise else w
        how = pair(strides), str(padding), pair(dilation_rate), groups
        expected = convolution_gradients(x, w, dout, *how)
        bounds = convolution_gradients(abs(x), abs(w), abs(dout), *how)
        for found, right, bound in zip(result, expected, bounds, strict=True):
            assert found.dtype == dtype
            right, bound = (v.reshape(shape) if v.shape == w.shape else v for v in (right, bound))
            assert_close(found, right, bound, dout.size + w.size + 2)

    return check


def good_pool_backward(draw):
    arguments = good_pool(draw)
    size = pair(arguments["pool_size"])
    options = {k: v for k, v in arguments.items() if k in ("strides", "padding")}
    image = arguments["inputs"].shape
    doutputs = good_doutputs(draw, image, size, image[3], **{"strides": size, **options})
    return arguments | {"doutputs": doutputs}


def pooling_backward_check(share):
    """`share` is what the pixels of a window, in reading order, get of its gradient."""

    def check(result, inputs, doutputs, pool_size, strides=None, padding="valid"):
        dtype, size = dtype_for(inputs), pair(pool_size)
        x, dout = real(inputs, dtype), real(doutputs, dtype)
        steps = size if strides is None else pair(strides)
        rows, columns = (
            places(*how, str(padding)) for how in zip(x.shape[1:3], size, steps, strict=True)
        )
        assert dout.shape == (len(x), len(rows), len(columns), x.shape[3])
        expected, bound = np.zeros(x.shape), np.zeros(x.shape)
        for i, top in enumerate(rows):
            for j, left in enumerate(columns):
                part = np.s_[:, max(top, 0) : top + size[0], max(left, 0) : left + size[1]]
                seen = x[part].reshape(len(x), -1, x.shape[3])
                handed = (share(seen) * dout[:, i, j][:, None]).reshape(x[part].shape)
                expected[part] += handed
                bound[part] += abs(handed)
        assert_close(result, expected, bound, dout.size + 2)

    return check


def first_maximum(seen):
    return np.arange(seen.shape[1])[:, None] == seen.argmax(axis=1)[:, None]


def equal_shares(seen):
    return np.full(seen.shape, 1 / seen.shape[1])


def good_layer_normalization_backward(draw):
    arguments = good_layer_normalization(draw)
    arguments.pop("beta", None)
    return arguments | {"doutputs": numbers(draw, *arguments["x"].shape)}


def check_layer_normalization_backward(result, x, doutputs, gamma=None, axis=-1, epsilon=1e-7):
    dtype = dtype_for(x)
    z, dout = (np.moveaxis(real(v, dtype), whole(axis), -1) for v in (x, doutputs))
    assert z.shape == dout.shape
    n = z.shape[-1]
    scale = np.ones(n) if gamma is None else real(gamma, dtype)
    assert scale.shape == (n,)
    centred = z - z.mean(axis=-1, keepdims=True)
    spread = np.sqrt((centred**2).mean(axis=-1, keepdims=True) + float(epsilon))
    condition = abs(z).max(axis=-1, keepdims=True) / spread
    limits = np.finfo(dtype)
    lost = condition * limits.eps > 0.01  # as in the forward pass
    lost |= spread**2 < limits.tiny / limits.eps
    lost |= n * abs(z).max() ** 2 > limits.max / 16
    xhat, g = centred / spread, scale * dout
    sums = tuple(range(z.ndim - 1))
    steep = (1 + condition) ** 2 * (abs(g).max() + abs(dout).max()) * (1 + 1 / spread)
    bound = np.where(lost, np.inf, steep)
    expected = g - g.mean(-1, keepdims=True) - xhat * (g * xhat).mean(-1, keepdims=True)
    roundings = FUNCTION + 4 * n
    assert_close(np.moveaxis(result[0], whole(axis), -1), expected / spread, bound, roundings)
    total = bound.max() * z.size
    assert_close(result[1], (dout * xhat).sum(axis=sums), total, roundings)
    assert_close(result[2], dout.sum(axis=sums), abs(dout).sum(axis=sums), z.size + 2)


# --- losses ---------------------------------------------------------------------------------------


def good_delta(draw):
    shape = shape_of(draw, 0, 3)
    rng = np.random.default_rng(draw(st.integers(0, 999)))
    return {"target": rng.random(shape).round(draw(st.integers(0, 2))), "output": rng.random(shape)}


def good_huber(draw):
    return good_delta(draw) | some_of(draw, {"delta": st.floats(0.01, 2)})


def delta_check(formula, lower=-np.inf):
    """`formula` gives the slope of each element's loss, and the sum of its terms' magnitudes."""

    def check(result, target, output, **options):
        dtype = dtype_for(output)
        y, p = real(target, dtype), real(output, dtype)
        assert y.shape == p.shape
        assert min(y.min(), p.min()) >= lower
        given = {name: float(np.asarray(value)) for name, value in options.items()}
        assert all(map(math.isfinite, given.values())), f"took {given}"
        slopes, terms = formula(y, p, **given)
        share = 1 / (y.shape or (1,))[-1]
        assert_close(result, share * slopes, share * terms, FUNCTION)

    return check


def squared_slope(y, p):
    return 2 * (p - y), 2 * (abs(p) + abs(y))


def absolute_slope(y, p):
    return np.sign(p - y), 1


def huber_slope(y, p, delta=1.0):
    return np.clip(p - y, -delta, delta), abs(p) + abs(y)


def poisson_slope(y, p):
    return 1 - y / (p + 1e-7), 1 + y / (p + 1e-7)


def check_binary_delta(result, target, output, from_logits=False):
    dtype = dtype_for(output)
    y, z = real(target, dtype), real(output, dtype)
    assert result.dtype == dtype
    assert y.min() >= 0
    if from_logits:
        p = np.exp(np.minimum(z, 0)) / (1 + np.exp(-abs(z)))
        return assert_close(result, p - y, 1 + y, FUNCTION)
    low, high = dtype(1e-7), dtype(1 - 1e-7)
    p = np.where((z < low) | (z > high), 0.5, z)
    expected = np.where(p == z, (p - y) / (p * (1 - p)), 0)
    return assert_close(result, expected, (p + y) / (p * (1 - p)) * (1 + 1 / (1 - p)), FUNCTION)


def categorical_delta(y, z, from_logits, dtype):
    """Slopes of a row's cross-entropy, and a bound of the terms; None where shares are lost."""
    if from_logits:
        p = np.exp(z - z.max())
        p /= p.sum()
        return p * y.sum() - y, (1 + 2 * abs(z).max()) * p * y.sum() + y
    limits = np.finfo(dtype)
    if z.sum() < z.size * limits.tiny / limits.eps or z.sum() > limits.max / 16:
        return None
    q = z / z.sum()
    edges = np.array([dtype(1e-7), dtype(1 - 1e-7)], float)
    if (abs(q[:, None] - edges) < 1e-6).any():
        return None  # rounding decides on which side of the bound a share is
    counted = np.where((q > 1e-7) & (q < 1 - 1e-7), y, 0)
    slopes = (counted.sum() - counted / np.maximum(q, 1e-7)) / z.sum()
    return slopes, (counted.sum() + counted / np.maximum(q, 1e-7)) / z.sum()


def check_categorical_delta(result, target, output, from_logits=False, axis=-1):
    dtype = dtype_for(output)
    y, z = (np.moveaxis(real(a, dtype), whole(axis), -1) for a in (target, output))
    assert result.dtype == dtype
    assert y.min() >= 0
    found = np.moveaxis(result, whole(axis), -1)
    for place in np.ndindex(z.shape[:-1]):
        wanted = categorical_delta(y[place], z[place], from_logits, dtype)
        if wanted is not None:
            assert_close(found[place], *wanted, FUNCTION + 2 * z.shape[-1])


def check_sparse_delta(result, target, output, from_logits=False, axis=-1):
    one_hot = one_hot_targets(target, output, axis)
    check_categorical_delta(result, one_hot, output, from_logits, axis)


TARGETS = {f"ops.{name}": strategy for name, strategy in DERIVATIVES.items()} | {
    "ops.conv_backward": target(
        "conv_backward", good_conv_backward(False), convolution_backward_check(False)
    ),
    "ops.depthwise_conv_backward": target(
        "depthwise_conv_backward", good_conv_backward(True), convolution_backward_check(True)
    ),
    "ops.max_pool_backward": target(
        "max_pool_backward", good_pool_backward, pooling_backward_check(first_maximum)
    ),
    "ops.average_pool_backward": target(
        "average_pool_backward", good_pool_backward, pooling_backward_check(equal_shares)
    ),
    "ops.layer_normalization_backward": target(
        "layer_normalization_backward",
        good_layer_normalization_backward,
        check_layer_normalization_backward,
    ),
    "ops.mean_squared_error_delta": target(
        "mean_squared_error_delta", good_delta, delta_check(squared_slope)
    ),
    "ops.mean_absolute_error_delta": target(
        "mean_absolute_error_delta", good_delta, delta_check(absolute_slope)
    ),
    "ops.huber_delta": target("huber_delta", good_huber, delta_check(huber_slope)),
    "ops.poisson_delta": target("poisson_delta", good_delta, delta_check(poisson_slope, 0)),
    "ops.binary_crossentropy_delta": target(
        "binary_crossentropy_delta", lambda draw: good_crossentropy(draw, False), check_binary_delta
    ),
    "ops.categorical_crossentropy_delta": target(
        "categorical_crossentropy_delta", good_crossentropy, check_categorical_delta
    ),
    "ops.sparse_categorical_crossentropy_delta": target(
        "sparse_categorical_crossentropy_delta", good_sparse, check_sparse_delta
    ),
}
