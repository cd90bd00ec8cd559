"""Integer codes: kernels choose by number, people by Keras name.

The code of a name is its place in the tuple. Activations and losses, which are called by address,
have tables in :mod:`.activations` and :mod:`.losses`.
"""

__all__ = ["OPTIMIZERS", "READ_OUTS", "SCHEDULES"]

# The last activation of a linear, a logistic and a softmax regression.
READ_OUTS = ("linear", "sigmoid", "softmax")
LINEAR, SIGMOID, SOFTMAX = range(len(READ_OUTS))

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
