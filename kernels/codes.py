"""Integer codes of activations and losses: kernels choose by number, people by Keras name.

The code of a name is its place in the tuple.
"""

__all__ = ["ACTIVATIONS", "LOSSES"]

ACTIVATIONS = ("linear", "sigmoid", "tanh", "relu", "softmax")
LINEAR, SIGMOID, TANH, RELU, SOFTMAX = range(len(ACTIVATIONS))

LOSSES = (
    "mean_squared_error",
    "binary_crossentropy",
    "multilabel_crossentropy",
    "categorical_crossentropy",
)
(
    MEAN_SQUARED_ERROR,
    BINARY_CROSSENTROPY,
    MULTILABEL_CROSSENTROPY,
    CATEGORICAL_CROSSENTROPY,
) = range(len(LOSSES))
