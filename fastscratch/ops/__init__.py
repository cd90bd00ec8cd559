"""Kernels as checked functions, under the names and argument names of ``keras.ops``.

Functions take and return NumPy arrays. If the first array is float64 everything is computed in
float64, else in float32. Each calls a kernel of :mod:`fastscratch.kernels` whose name begins alike;
the docstring of the kernel has the source of the formula and the cost.

There are also derivatives, which Keras leaves to its backends: ``<activation>_prime`` at each
element; ``<loss>_delta`` with respect to the outputs; and ``<op>_backward``, which takes the
gradient of a loss with respect to the output of an op and returns those with respect to its inputs.
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
from .convolution import (
    conv,
    conv_backward,
    conv_image,
    depthwise_conv,
    depthwise_conv_backward,
)
from .crossentropies import (
    binary_crossentropy,
    categorical_crossentropy,
    one_hot,
    sparse_categorical_crossentropy,
)
from .deltas import (
    binary_crossentropy_delta,
    categorical_crossentropy_delta,
    huber_delta,
    mean_absolute_error_delta,
    mean_squared_error_delta,
    poisson_delta,
    sparse_categorical_crossentropy_delta,
)
from .derivatives import (
    elu_prime,
    gelu_prime,
    leaky_relu_prime,
    log_sigmoid_prime,
    log_softmax_backward,
    relu_prime,
    selu_prime,
    sigmoid_prime,
    silu_prime,
    softmax_backward,
    softplus_prime,
    tanh_prime,
)
from .matmul import matmul
from .normalization import (
    batch_normalization,
    layer_normalization,
    layer_normalization_backward,
)
from .pooling import (
    average_pool,
    average_pool_backward,
    max_pool,
    max_pool_backward,
)

__all__ = [
    "average_pool",
    "average_pool_backward",
    "batch_normalization",
    "binary_crossentropy",
    "binary_crossentropy_delta",
    "categorical_crossentropy",
    "categorical_crossentropy_delta",
    "conv",
    "conv_backward",
    "conv_image",
    "depthwise_conv",
    "depthwise_conv_backward",
    "elu",
    "elu_prime",
    "gelu",
    "gelu_prime",
    "huber_delta",
    "layer_normalization",
    "layer_normalization_backward",
    "leaky_relu",
    "leaky_relu_prime",
    "log_sigmoid",
    "log_sigmoid_prime",
    "log_softmax",
    "log_softmax_backward",
    "matmul",
    "max_pool",
    "max_pool_backward",
    "mean_absolute_error_delta",
    "mean_squared_error_delta",
    "one_hot",
    "poisson_delta",
    "relu",
    "relu_prime",
    "selu",
    "selu_prime",
    "sigmoid",
    "sigmoid_prime",
    "silu",
    "silu_prime",
    "softmax",
    "softmax_backward",
    "softplus",
    "softplus_prime",
    "sparse_categorical_crossentropy",
    "sparse_categorical_crossentropy_delta",
    "tanh",
    "tanh_prime",
]
