"""Integer codes of activations and losses: kernels choose by number, people by Keras name.

The code of a name is its place in the tuple.
"""

__all__ = ["ACTIVATIONS", "LOSSES"]

# The derivatives from softplus on read the pre-activations z, those before it the activations a.
# "gelu_tanh" is Keras's ``gelu(x, approximate=True)``, which has no name of its own there.
ACTIVATIONS = (
    "linear",
    "sigmoid",
    "tanh",
    "relu",
    "softmax",
    "leaky_relu",
    "elu",
    "selu",
    "softplus",
    "silu",
    "gelu",
    "gelu_tanh",
)
(
    LINEAR,
    SIGMOID,
    TANH,
    RELU,
    SOFTMAX,
    LEAKY_RELU,
    ELU,
    SELU,
    SOFTPLUS,
    SILU,
    GELU,
    GELU_TANH,
) = range(len(ACTIVATIONS))

LOSSES = (
    "mean_squared_error",
    "binary_crossentropy",
    "multilabel_crossentropy",
    "categorical_crossentropy",
    "mean_absolute_error",
    "huber",
    "poisson",
)
(
    MEAN_SQUARED_ERROR,
    BINARY_CROSSENTROPY,
    MULTILABEL_CROSSENTROPY,
    CATEGORICAL_CROSSENTROPY,
    MEAN_ABSOLUTE_ERROR,
    HUBER,
    POISSON,
) = range(len(LOSSES))

# These take logits and want their own read-out; the others take the activations of the last layer.
CROSSENTROPIES = (BINARY_CROSSENTROPY, MULTILABEL_CROSSENTROPY, CATEGORICAL_CROSSENTROPY)
