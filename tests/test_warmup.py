"""After `warmup`, nothing that the package does compiles: no file comes to the cache."""

import pytest

CHILD = """
import sys

import numpy as np

import fastscratch as fs
from fastscratch import layers, ops, optimizers, regression, utils
from fastscratch.cases import CASES, kernel_call
from fastscratch.cases.case import BY_ADDRESS
from fastscratch.kernels import cache
from fastscratch.kernels.program.columns import operation_kinds

seconds = fs.warmup()
assert seconds > 0
kept = cache.folder_in_use()
warm = {file.name for file in kept.iterdir()}

# Every operation of a program was compiled, for float32.
for name, module in list(sys.modules.items()):
    if name.startswith("fastscratch.kernels.program."):
        for operation, kernel in vars(module).items():
            if hasattr(kernel, "fields"):
                assert kernel.is_kept(operation_kinds(np.float32)), operation

x, y = np.random.default_rng(1).random((30, 4)), np.arange(30) % 3
for loss, read_out in (("mean_squared_error", "tanh"), ("binary_crossentropy", "sigmoid"),
                       ("multilabel_crossentropy", "sigmoid"), ("poisson", "softplus"),
                       ("huber", "gelu"), ("mean_absolute_error", "silu"),
                       ("categorical_crossentropy", "softmax")):
    for kind in ("sgd", "rmsprop", "adagrad", "adam", "adamw"):
        model = fs.Sequential([layers.Dense(5, "selu", kernel_initializer="random_normal"),
                               layers.Dense(3, read_out, kernel_initializer="random_uniform")])
        optimizer = optimizers.get(kind)
        optimizer.global_clipnorm = 1.0
        model.compile(optimizer, loss, ["accuracy"])
        model.fit(x, utils.to_categorical(y), verbose=0)
        model.predict(x)
        model.evaluate(x, utils.to_categorical(y))
images, labels = np.ones((20, 12, 12, 3), np.float32), np.arange(20) % 3
images.flags.writeable = False
for filters in (4, 40):
    model = fs.Sequential([
        layers.Conv2D(filters, 3, padding="same", use_bias=False),
        layers.BatchNormalization(), layers.Activation("relu"), layers.MaxPooling2D(),
        layers.Conv2D(filters, 3, strides=2), layers.Dropout(0.2), layers.AveragePooling2D(),
        layers.Flatten(), layers.LayerNormalization(), layers.Dense(3, "softmax")])
    model.compile(optimizers.Adam(), "sparse_categorical_crossentropy", ["accuracy"])
    model.fit(images, labels, validation_split=0.2, class_weight={0: 2}, verbose=0)
    model.predict(images)
    model.predict(images[:1])
    model.gradients(images, labels)
    model.per_sample_gradients(images, labels)
    model.input_gradients(images, labels)
a, b = fs.Input((4,)), fs.Input((4,))
model = fs.Model([a, b], [layers.Dense(3)(layers.Add()([a, b])), layers.Dense(2)(b)])
model.compile("adam", ["mse", "mse"])
model.fit([x, x], [x[:, :3], x[:, :2]], verbose=0)
model.predict([x, x])
for family, targets in (("linear", x), ("logistic", y > 0), ("softmax", y)):
    b = regression.gradient_descent(x, targets, family, learning_rate=0.1, n_iterations=2)
    if family != "linear":
        regression.log_likelihood(x, targets, b, family)
regression.least_squares(x, y)
for dtype in (np.float32, np.float64):
    ops.conv(np.ones((1, 3, 3, 1), dtype), np.ones((2, 2, 1, 1)), padding="same")
    ops.conv_image(np.ones((3, 3), dtype), np.ones((2, 2)))
    ops.depthwise_conv(np.ones((1, 3, 3, 2), dtype), np.ones((2, 2, 2, 1)))
    ops.max_pool(np.ones((1, 3, 3, 1), dtype), 2)
    ops.average_pool(np.ones((1, 3, 3, 1), dtype), 2, padding="same")
    ones = np.ones((2, 3), dtype)
    for activation in (ops.relu, ops.leaky_relu, ops.elu, ops.gelu, ops.log_sigmoid, ops.sigmoid,
                       ops.softmax, ops.log_softmax, ops.tanh):
        activation(ones)
    for axis in (0, 1):
        ops.softmax(ones, axis)
        ops.categorical_crossentropy(ones, ones, axis=axis)
        ops.layer_normalization(ones, axis=axis)
        size = ones.shape[axis]
        ops.batch_normalization(ones, np.ones(size), np.ones(size), axis)
    ops.binary_crossentropy(ones, ones)
    ops.binary_crossentropy(ones, ones, from_logits=True)
    ops.matmul(ones, ones.T)
    ops.matmul(ones, np.ones((4, 3, 2), dtype))
    # Kernels that take the address of an activation or a loss.
    for case in CASES:
        if case.kernel in BY_ADDRESS and not case.typical:
            kernel, arguments = kernel_call(case, dtype)
            kernel(*arguments)

print(sorted({file.name for file in kept.iterdir()} - warm))
"""


@pytest.mark.slow
def test_warmup_leaves_nothing_to_compile(child):
    assert child(CHILD).strip() == "[]"
