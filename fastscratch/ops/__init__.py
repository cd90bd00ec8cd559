"""Kernels as checked functions, under the names and argument names of ``keras.ops``.

NumPy in and out: where the first array is float64 all is computed in float64, else in float32. What
is computed is the kernel of the same name in :mod:`fastscratch.kernels`; its docstring has the
formula's source and the cost.
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
