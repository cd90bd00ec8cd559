"""Integer codes of activations, losses, ...: kernels choose by number, people by Keras name.

The code of a name is its place in the tuple.
"""

__all__ = ["ACTIVATIONS", "LOSSES", "OPTIMIZERS", "SCHEDULES"]

# "gelu_tanh" is Keras's ``gelu(x, approximate=True)``, which has no name of its own there.
ACTIVATIONS = (
    "linear",
    "sigmoid",
    "tanh",
    "relu",
    "softmax",
    "log_softmax",
    "leaky_relu",
    "elu",
    "selu",
    "exponential",
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
    LOG_SOFTMAX,
    LEAKY_RELU,
    ELU,
    SELU,
    EXPONENTIAL,
    SOFTPLUS,
    SILU,
    GELU,
    GELU_TANH,
) = range(len(ACTIVATIONS))

# These depend on all scores of a sample, the others on each score alone.
OF_SAMPLES = (SOFTMAX, LOG_SOFTMAX)

# Their derivatives read the pre-activations z, those of the others the activations a.
READS_Z = (SOFTPLUS, SILU, GELU, GELU_TANH)

LOSSES = (
    "mean_squared_error",
    "binary_crossentropy",
    "multilabel_crossentropy",
    "categorical_crossentropy",
    "mean_absolute_error",
    "huber",
    "poisson",
    "binary_log_loss",
    "multilabel_log_loss",
    "categorical_log_loss",
)
(
    MEAN_SQUARED_ERROR,
    BINARY_CROSSENTROPY,
    MULTILABEL_CROSSENTROPY,
    CATEGORICAL_CROSSENTROPY,
    MEAN_ABSOLUTE_ERROR,
    HUBER,
    POISSON,
    BINARY_LOG_LOSS,
    MULTILABEL_LOG_LOSS,
    CATEGORICAL_LOG_LOSS,
) = range(len(LOSSES))

# These take logits, and belong to one last activation each, the sigmoid or the softmax. The others
# take the activations of the last layer: a "log_loss" is a cross-entropy of probabilities, for any
# other last activation.
CROSSENTROPIES = (BINARY_CROSSENTROPY, MULTILABEL_CROSSENTROPY, CATEGORICAL_CROSSENTROPY)

# The outputs are classes that exclude each other.
CATEGORICAL = (CATEGORICAL_CROSSENTROPY, CATEGORICAL_LOG_LOSS)

# "momentum" is Keras' SGD with momentum; "rmsprop_momentum" its RMSprop with momentum or centered;
# "amsgrad" its Adam and its AdamW with that argument.
OPTIMIZERS = (
    "sgd",
    "momentum",
    "rmsprop",
    "rmsprop_momentum",
    "adagrad",
    "adam",
    "adamw",
    "amsgrad",
    "nadam",
    "adamax",
    "adadelta",
    "lion",
)
(
    SGD,
    MOMENTUM,
    RMSPROP,
    RMSPROP_MOMENTUM,
    ADAGRAD,
    ADAM,
    ADAMW,
    AMSGRAD,
    NADAM,
    ADAMAX,
    ADADELTA,
    LION,
) = range(len(OPTIMIZERS))

SCHEDULES = (
    "Constant",
    "ExponentialDecay",
    "PiecewiseConstantDecay",
    "PolynomialDecay",
    "InverseTimeDecay",
    "CosineDecay",
    "CosineDecayRestarts",
)
(
    CONSTANT,
    EXPONENTIAL_DECAY,
    PIECEWISE_CONSTANT_DECAY,
    POLYNOMIAL_DECAY,
    INVERSE_TIME_DECAY,
    COSINE_DECAY,
    COSINE_DECAY_RESTARTS,
) = range(len(SCHEDULES))
