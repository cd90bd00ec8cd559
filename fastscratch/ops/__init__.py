"""Kernels as checked functions, under the names and argument names of ``keras.ops``.

Functions take and return NumPy arrays. If the first array is float64 everything is computed in
float64, else in float32. Each calls a kernel of :mod:`fastscratch.kernels` whose name begins alike;
the docstring of the kernel has the source of the formula and the cost.
"""

from .activations import (
    elu,
    gelu,
    leaky_relu,
    log_sigmoid,
    log_softmax,
    relu,
    selu,
    sigmoid,
    silu,
    softmax,
    softplus,
    tanh,
)
from .convolution import conv, conv_image, depthwise_conv
from .crossentropies import (
    binary_crossentropy,
    categorical_crossentropy,
    one_hot,
    sparse_categorical_crossentropy,
)
from .matmul import matmul
from .normalization import batch_normalization, layer_normalization
from .pooling import average_pool, max_pool

__all__ = [
    "average_pool",
    "batch_normalization",
    "binary_crossentropy",
    "categorical_crossentropy",
    "conv",
    "conv_image",
    "depthwise_conv",
    "elu",
    "gelu",
    "layer_normalization",
    "leaky_relu",
    "log_sigmoid",
    "log_softmax",
    "matmul",
    "max_pool",
    "one_hot",
    "relu",
    "selu",
    "sigmoid",
    "silu",
    "softmax",
    "softplus",
    "sparse_categorical_crossentropy",
    "tanh",
]
