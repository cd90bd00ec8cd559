"""Integer codes of activations, losses, ...: kernels choose by number, people by Keras name.

The code of a name is its place in the tuple.
"""

__all__ = ["ACTIVATIONS", "LOSSES", "OPTIMIZERS", "SCHEDULES"]

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

# "momentum" is Keras' SGD with momentum; "rmsprop_momentum" its RMSprop with momentum or centered.
OPTIMIZERS = ("sgd", "momentum", "rmsprop", "rmsprop_momentum", "adagrad", "adam", "adamw")
SGD, MOMENTUM, RMSPROP, RMSPROP_MOMENTUM, ADAGRAD, ADAM, ADAMW = range(len(OPTIMIZERS))

SCHEDULES = (
    "Constant",
    "ExponentialDecay",
    "PiecewiseConstantDecay",
    "PolynomialDecay",
    "InverseTimeDecay",
    "CosineDecay",
)
(
    CONSTANT,
    EXPONENTIAL_DECAY,
    PIECEWISE_CONSTANT_DECAY,
    POLYNOMIAL_DECAY,
    INVERSE_TIME_DECAY,
    COSINE_DECAY,
) = range(len(SCHEDULES))
