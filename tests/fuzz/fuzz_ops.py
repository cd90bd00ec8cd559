"""`fastscratch.ops`, against the naive twins and plain NumPy in float64."""

import math

import numpy as np
from calls import assert_close, calls, labels, numbers, real, sizes, some_of, whole
from hypothesis import strategies as st

from fastscratch import ops
from fastscratch.reference import activations as twins
from fastscratch.reference import pointwise

FUNCTION = 24  # roundings of exp, log or tanh and the operations around it


def dtype_for(value):
    """The type in which a function computes: float64 where the first array is."""
    dtype = getattr(value, "dtype", None)
    is_double = dtype is not None and dtype.kind == "f" and dtype.itemsize >= 8
    return np.float64 if is_double else np.float32


def shape_of(draw, least=0, most=4):
    return draw(st.lists(sizes, min_size=least, max_size=most))


# --- activations ----------------------------------------------------------------------------------


def elementwise(twin, *parameters):
    """The check of an activation by its twin: a row of numbers, and maybe a parameter."""

    def check(result, x, **options):
        z = real(x, dtype_for(x))
        assert result.dtype == dtype_for(x)
        out = [0.0] * z.size
        given = [float(np.asarray(options.get(name, value))) for name, value in parameters]
        assert all(map(math.isfinite, given)), f"took {given}"
        twin(out, z.reshape(-1).tolist(), *given)
        expected = np.reshape(out, z.shape)
        assert_close(result, expected, np.maximum(np.maximum(abs(expected), abs(z)), 1), FUNCTION)

    return check


def check_gelu(result, x, approximate=True):
    assert isinstance(approximate, (bool, np.bool_))
    elementwise(twins.gelu_tanh_forward if approximate else twins.gelu_forward)(result, x)


def log_sigmoid_twin(out, z):
    twins.softplus_forward(out, [-v for v in z])
    out[:] = [-v for v in out]


def along_axis(twin):
    def check(result, x, axis=-1):
        z = real(x, dtype_for(x))
        rows = np.moveaxis(z.reshape(z.shape or (1,)), whole(axis), -1)
        expected = np.zeros(rows.shape)
        for place in np.ndindex(rows.shape[:-1]):
            out = [0.0] * rows.shape[-1]
            twin(out, rows[place].tolist())
            expected[place] = out
        expected = np.moveaxis(expected, -1, whole(axis)).reshape(z.shape)
        largest = 1 + 2 * abs(z).max() if twin is twins.log_softmax_forward else 1
        assert_close(result, expected, largest, FUNCTION + rows.shape[-1])

    return check


def activation(name, check, scalars=None, **options):
    def good(draw):
        return {"x": numbers(draw, *shape_of(draw)), **some_of(draw, options)}

    return calls(f"ops.{name}", getattr(ops, name), good, check, scalars)


def celu_twin(out, z, alpha):
    pointwise.celu_forward(out, [v / alpha for v in z])
    out[:] = [alpha * a for a in out]


#: Activations that are a function of one number each, but for CELU, which has a parameter here.
POINTWISE = ("hard_shrink", "hard_sigmoid", "hard_silu", "hard_tanh", "mish", "relu6")
POINTWISE += ("soft_shrink", "softsign", "sparse_plus", "sparse_sigmoid", "squareplus")
POINTWISE += ("tanh_shrink",)

axes = st.integers(-3, 2)
ACTIVATIONS = {
    "relu": activation("relu", elementwise(twins.relu_forward)),
    "selu": activation("selu", elementwise(twins.selu_forward)),
    "silu": activation("silu", elementwise(twins.silu_forward)),
    "sigmoid": activation("sigmoid", elementwise(twins.sigmoid_forward)),
    "softplus": activation("softplus", elementwise(twins.softplus_forward)),
    "tanh": activation("tanh", elementwise(twins.tanh_forward)),
    "log_sigmoid": activation("log_sigmoid", elementwise(log_sigmoid_twin)),
    "leaky_relu": activation(
        "leaky_relu",
        elementwise(twins.leaky_relu_forward, ("negative_slope", 0.2)),
        negative_slope=st.floats(0, 2),
    ),
    **{
        name: activation(name, elementwise(getattr(pointwise, f"{name}_forward")))
        for name in POINTWISE
    },
    "swish": activation("swish", elementwise(twins.silu_forward)),
    "hard_swish": activation("hard_swish", elementwise(pointwise.hard_silu_forward)),
    "celu": activation("celu", elementwise(celu_twin, ("alpha", 1.0)), alpha=st.floats(0.01, 2)),
    "elu": activation(
        "elu", elementwise(twins.elu_forward, ("alpha", 1.0)), alpha=st.floats(0.01, 2)
    ),
    "gelu": activation("gelu", check_gelu, approximate=st.booleans()),
    "softmax": activation("softmax", along_axis(twins.softmax_forward), axis=axes),
    "log_softmax": activation("log_softmax", along_axis(twins.log_softmax_forward), axis=axes),
}


# --- products and windows -------------------------------------------------------------------------


def good_matmul(draw):
    m, k, n = draw(sizes), draw(sizes), draw(sizes)
    batch = draw(st.sampled_from([((), ()), ((2,), ()), ((), (3,)), ((2, 1), (3,)), ((2,), (2,))]))
    left = draw(st.sampled_from([(m, k), (m, k), (k,)]))
    right = draw(st.sampled_from([(k, n), (k, n), (k,)]))
    x1 = numbers(draw, *(batch[0] if len(left) == 2 else ()), *left)
    return {"x1": x1, "x2": numbers(draw, *(batch[1] if len(right) == 2 else ()), *right)}


def check_matmul(result, x1, x2):
    dtype = dtype_for(x1)
    a, b = real(x1, dtype), real(x2, dtype)
    assert result.dtype == dtype
    assert_close(result, a @ b, abs(a) @ abs(b), a.shape[-1] + 2)


def pair(value):
    several = isinstance(value, (tuple, list, range))
    return tuple(map(whole, value)) if several else (whole(value),) * 2


def places(size, window, stride, padding):
    """Where a window begins: the first place of each of its positions."""
    if padding == "valid":
        return range(0, size - window + 1, stride)
    positions = -(-size // stride)
    before = max(0, (positions - 1) * stride + window - size) // 2
    return range(-before, positions * stride - before, stride)


def convolution(x, kernel, strides, padding, rate, groups=1):
    """Cross-correlation, a tap after the other."""
    (n, h, w, _), (kh, kw, c, filters) = x.shape, kernel.shape
    extent = [(k - 1) * r + 1 for k, r in zip((kh, kw), rate, strict=True)]
    rows = places(h, extent[0], strides[0], padding)
    columns = places(w, extent[1], strides[1], padding)
    out = np.zeros((n, len(rows), len(columns), filters))
    each = filters // groups
    for (i, top), (j, left) in ((a, b) for a in enumerate(rows) for b in enumerate(columns)):
        for p, q in np.ndindex(kh, kw):
            y, z = top + p * rate[0], left + q * rate[1]
            if 0 <= y < h and 0 <= z < w:
                for g in range(groups):
                    part = slice(g * each, (g + 1) * each)
                    seen = x[:, y, z, g * c : (g + 1) * c]
                    out[:, i, j, part] += seen @ kernel[p, q, :, part]
    return out


windows = {
    "strides": st.integers(1, 3) | st.tuples(st.integers(1, 3), st.integers(1, 3)),
    "padding": st.sampled_from(["valid", "same"]),
}
rates = {"dilation_rate": st.integers(1, 2) | st.tuples(st.integers(1, 2), st.integers(1, 2))}
image_sizes = st.integers(1, 6)


def images(draw):
    return numbers(draw, draw(st.integers(1, 2)), draw(image_sizes), draw(image_sizes), draw(sizes))


def good_conv(draw):
    x = images(draw)
    kernel = numbers(draw, draw(sizes), draw(sizes), x.shape[3], draw(st.integers(1, 3)))
    return {"inputs": x, "kernel": kernel, **some_of(draw, windows | rates)}


def convolution_check(depthwise):
    def check(result, inputs, kernel, strides=1, padding="valid", dilation_rate=1):
        dtype = dtype_for(inputs)
        x, w = real(inputs, dtype), real(kernel, dtype)
        taps = math.prod(w.shape[:3])
        groups = x.shape[3] if depthwise else 1
        w = w.reshape(*w.shape[:2], 1, -1) if depthwise else w
        how = pair(strides), str(padding), pair(dilation_rate), groups
        assert result.dtype == dtype
        bound = convolution(abs(x), abs(w), *how)
        assert_close(result, convolution(x, w, *how), bound, taps + 2)

    return check


def good_conv_image(draw):
    image = numbers(draw, draw(image_sizes), draw(image_sizes))
    return {"image": image, "kernel": numbers(draw, draw(sizes), draw(sizes))}


def check_conv_image(result, image, kernel):
    dtype = dtype_for(image)
    x, w = real(image, dtype)[None, :, :, None], real(kernel, dtype)[:, :, None, None]
    how = (1, 1), "valid", (1, 1)
    bound = convolution(abs(x), abs(w), *how)[0, :, :, 0]
    assert_close(result, convolution(x, w, *how)[0, :, :, 0], bound, w.size + 2)


def good_pool(draw):
    size = draw(st.integers(1, 3) | st.tuples(st.integers(1, 3), st.integers(1, 3)))
    return {"inputs": images(draw), "pool_size": size, **some_of(draw, windows)}


def pooling_check(reduce):
    def check(result, inputs, pool_size, strides=None, padding="valid"):
        x, size = real(inputs, dtype_for(inputs)), pair(pool_size)
        steps = size if strides is None else pair(strides)
        rows, columns = (
            places(*how, str(padding)) for how in zip(x.shape[1:3], size, steps, strict=True)
        )
        expected = np.zeros((len(x), len(rows), len(columns), x.shape[3]))
        for i, top in enumerate(rows):
            for j, left in enumerate(columns):
                seen = x[:, max(top, 0) : top + size[0], max(left, 0) : left + size[1]]
                expected[:, i, j] = reduce(seen, axis=(1, 2))
        assert_close(result, expected, x.shape[1] * x.shape[2] * abs(x).max(), 3)

    return check


# --- cross-entropies ------------------------------------------------------------------------------


def good_one_hot(draw):
    classes = draw(sizes)
    x = labels(draw, draw(sizes), classes)
    if draw(st.booleans()):
        x = np.stack([x, x])
    return {"x": x, "num_classes": classes, **some_of(draw, {"axis": st.integers(-2, 1)})}


def check_one_hot(result, x, num_classes, axis=-1):
    x = real(x)
    expected = x[..., None] == np.arange(whole(num_classes))
    assert (expected.sum(axis=-1) == 1).all(), "took a label that is none"
    np.testing.assert_array_equal(result, np.moveaxis(expected, -1, whole(axis)))


def good_crossentropy(draw, has_axis=True):
    shape = shape_of(draw, 1, 3)
    rng = np.random.default_rng(draw(st.integers(0, 999)))
    is_logits = draw(st.booleans())
    output = 3 * rng.standard_normal(shape) if is_logits else rng.random(shape)
    options = {"axis": st.integers(-len(shape), len(shape) - 1)} if has_axis else {}
    return {
        "target": rng.random(shape).round(draw(st.integers(0, 2))),
        "output": output,
        "from_logits": is_logits,
        **some_of(draw, options),
    }


def check_binary(result, target, output, from_logits=False):
    dtype = dtype_for(output)
    y, z = real(target, dtype), real(output, dtype)
    assert result.dtype == dtype
    assert y.min() >= 0
    if from_logits:
        expected = np.maximum(z, 0) - z * y + np.log1p(np.exp(-abs(z)))
        bound = 1 + abs(z) * (1 + y)
    else:
        p = z.clip(1e-7, 1 - 1e-7)
        expected = -(y * np.log(p) + (1 - y) * np.log1p(-p))
        bound = y * (1 - np.log(p)) + abs(1 - y) * (1 / (1 - p) - np.log1p(-p))
    assert_close(result, expected, bound, FUNCTION)


def check_categorical(result, target, output, from_logits=False, axis=-1):
    dtype = dtype_for(output)
    y, z = (np.moveaxis(real(a, dtype), whole(axis), -1) for a in (target, output))
    assert y.min() >= 0
    n = z.shape[-1]
    if from_logits:
        shifted = z - z.max(axis=-1, keepdims=True)
        logarithms = shifted - np.log(np.exp(shifted).sum(axis=-1, keepdims=True))
        bound = (y * (1 + 2 * abs(z).max())).sum(axis=-1)
    else:
        total = z.sum(axis=-1, keepdims=True)
        limits = np.finfo(dtype)
        if total.min() < n * limits.tiny / limits.eps or z.sum() > limits.max / 16:
            return  # the shares are lost in the type
        logarithms = np.log((z / total).clip(1e-7, 1 - 1e-7))
        bound = (y * (4 - logarithms)).sum(axis=-1)
    assert_close(result, -(y * logarithms).sum(axis=-1), bound, FUNCTION + 2 * n)


def good_sparse(draw):
    arguments = good_crossentropy(draw)
    output, axis = arguments["output"], arguments.get("axis", -1)
    shape = np.delete(output.shape, axis)
    classes = np.random.default_rng(0).integers(0, output.shape[axis], shape)
    arguments["target"] = np.expand_dims(classes, axis) if draw(st.booleans()) else classes
    return arguments


def check_sparse(result, target, output, from_logits=False, axis=-1):
    check_categorical(result, one_hot_targets(target, output, axis), output, from_logits, axis)


def one_hot_targets(target, output, axis):
    z, axis, label = np.asarray(output), whole(axis), real(target)
    if label.ndim == z.ndim:
        label = label.squeeze(axis)
    one_hot = np.moveaxis(label[..., None] == np.arange(z.shape[axis]), -1, axis)
    assert (one_hot.sum(axis=axis) == 1).all(), "took a label that is none"
    return one_hot.astype(float)


# --- normalisation --------------------------------------------------------------------------------


def good_batch_normalization(draw):
    shape = shape_of(draw, 1, 3)
    axis = draw(st.integers(-len(shape), len(shape) - 1))
    c = shape[axis]
    options = {"epsilon": st.floats(1e-5, 1)}
    arguments = {
        "x": numbers(draw, *shape),
        "mean": numbers(draw, c),
        "variance": abs(numbers(draw, c)),
        "axis": axis,
        **some_of(draw, options),
    }
    for name in ("offset", "scale"):
        if draw(st.booleans()):
            arguments[name] = numbers(draw, c)
    return arguments


def check_batch_normalization(
    result, x, mean, variance, axis, offset=None, scale=None, epsilon=0.001
):
    dtype = dtype_for(x)
    z = np.moveaxis(real(x, dtype), whole(axis), -1)
    mu, var = real(mean, dtype), real(variance, dtype)
    gamma = np.ones_like(mu) if scale is None else real(scale, dtype)
    beta = np.zeros_like(mu) if offset is None else real(offset, dtype)
    assert mu.shape == var.shape == gamma.shape == beta.shape == z.shape[-1:]
    assert var.min() >= 0
    factor = abs(gamma) / np.sqrt(var + float(epsilon))
    expected = gamma * (z - mu) / np.sqrt(var + float(epsilon)) + beta
    limits = np.finfo(dtype)
    terms = (abs(z) + abs(mu)) * np.maximum(factor, 1)
    # what overflows or is lost on the way has no right answer
    lost = (var + float(epsilon) < limits.tiny / limits.eps) | (factor < limits.tiny / limits.eps)
    bound = np.where(lost | (factor > limits.max / 16), np.inf, terms + abs(beta))
    assert_close(np.moveaxis(result, whole(axis), -1), expected, bound, 8)


def good_layer_normalization(draw):
    shape = shape_of(draw, 1, 3)
    axis = draw(st.integers(-len(shape), len(shape) - 1))
    arguments = {"x": numbers(draw, *shape), "axis": axis}
    arguments |= some_of(draw, {"epsilon": st.floats(1e-5, 1)})
    for name in ("gamma", "beta"):
        if draw(st.booleans()):
            arguments[name] = numbers(draw, shape[axis])
    return arguments


def check_layer_normalization(result, x, gamma=None, beta=None, axis=-1, epsilon=1e-7):
    dtype = dtype_for(x)
    z = np.moveaxis(real(x, dtype), whole(axis), -1)
    n = z.shape[-1]
    scale = np.ones(n) if gamma is None else real(gamma, dtype)
    offset = np.zeros(n) if beta is None else real(beta, dtype)
    assert scale.shape == offset.shape == (n,)
    centred = z - z.mean(axis=-1, keepdims=True)
    spread = np.sqrt((centred**2).mean(axis=-1, keepdims=True) + float(epsilon))
    condition = abs(z).max(axis=-1, keepdims=True) / spread
    limits = np.finfo(dtype)
    lost = condition * limits.eps > 0.01  # nothing is left of the differences to the mean
    lost |= spread**2 < limits.tiny / limits.eps
    lost |= n * abs(z).max() ** 2 > limits.max / 16
    bound = np.where(lost, np.inf, abs(scale) * (1 + condition) + abs(offset))
    expected = scale * centred / spread + offset
    assert_close(np.moveaxis(result, whole(axis), -1), expected, bound, FUNCTION + 4 * n)


def target(name, good, check):
    return calls(f"ops.{name}", getattr(ops, name), good, check)


TARGETS = {f"ops.{name}": strategy for name, strategy in ACTIVATIONS.items()} | {
    "ops.matmul": target("matmul", good_matmul, check_matmul),
    "ops.conv": target("conv", good_conv, convolution_check(False)),
    "ops.depthwise_conv": target("depthwise_conv", good_conv, convolution_check(True)),
    "ops.conv_image": target("conv_image", good_conv_image, check_conv_image),
    "ops.max_pool": target("max_pool", good_pool, pooling_check(np.max)),
    "ops.average_pool": target("average_pool", good_pool, pooling_check(np.mean)),
    "ops.one_hot": target("one_hot", good_one_hot, check_one_hot),
    "ops.binary_crossentropy": target(
        "binary_crossentropy", lambda draw: good_crossentropy(draw, False), check_binary
    ),
    "ops.categorical_crossentropy": target(
        "categorical_crossentropy", good_crossentropy, check_categorical
    ),
    "ops.sparse_categorical_crossentropy": target(
        "sparse_categorical_crossentropy", good_sparse, check_sparse
    ),
    "ops.batch_normalization": target(
        "batch_normalization", good_batch_normalization, check_batch_normalization
    ),
    "ops.layer_normalization": target(
        "layer_normalization", good_layer_normalization, check_layer_normalization
    ),
}
