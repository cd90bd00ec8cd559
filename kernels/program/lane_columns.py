"""Records of models that are trained together, with the models innermost (:mod:`.lanes`)."""

from ..powers import POWERS
from .columns import N_HYPER
from .data import MAX_SOURCES

# A layer is a row of integers: its sizes, and places in the memory of the worker, which count
# vectors: input, kernel, bias (NONE if there is none), activations, their gradient, and the
# gradient of the input (NONE if it is not needed), multiplied with the derivative of the activation
# there. Then addresses of the activation and of the derivative below (NONE if linear); whether the
# layer learns, and by which rule; and the place of the row of the table that adds the penalty of
# its weights to the loss (NONE if there is none).
N_IN, N_OUT, INPUT, KERNEL, BIAS, A, DOUTPUT, DZ = range(8)
FUNCTION, DERIVATIVE, LEARNS, RULE, PENALTY = range(8, 13)
# Whether the outputs stand unit by unit, those of a unit sample by sample; or else by sample.
IS_BY_UNIT = 13
LAYER_COLUMNS = 14

# What the models have in common. Samples in a mini-batch; how many outputs it has, and their places
# in the memory of a model and in that of the worker; likewise their gradient.
BATCH, N_OUTPUTS, OUTPUTS_AT, OUTPUTS, GRADIENT_AT, GRADIENT = range(6)
# Places of the weights, and of a block of their gradient; how far apart weights and slots are.
WEIGHTS, BLOCK, DISTANCE = range(6, 9)
# By which rule they learn, whether any are penalised, and whether the penalties are of the sum of
# the losses.
RULE_OF_ALL, HAS_PENALTIES, PENALTY_OF_SUM = range(9, 12)
# What is gathered: inputs, targets, and weights of the samples. How many numbers of a sample; the
# places in the memory of the worker (NONE if there are none); and those in the memory of a model
# (NONE if they are not needed there).
WIDTHS, SOURCES, SOURCES_AT = range(12, 21, MAX_SOURCES)
TARGETS, SAMPLE_WEIGHTS = SOURCES + 1, SOURCES + 2
# The loss, if it is computed for all models together, or NONE. Whether its targets are labels; then
# its places: targets by units; the samples' losses, and right predictions, each in the memory of a
# model and in that of the worker; shares in the mean; and scratch. What right is (NONE if it is not
# counted).
LOSS, TAKES_LABELS, Y = range(21, 24)
LOSSES_AT, LOSSES, RIGHT_AT, RIGHT, SHARES, LOSS_SCRATCH, METRIC = range(24, 31)
# Where the weights are in the memory of a model, and how far apart its weights and slots are.
WEIGHTS_AT, OWN_DISTANCE = range(31, 33)
# Rows of the table of the training program: those that gather a mini-batch, compute its losses and
# add them up; and blocks of samples whose losses are computed one after the other.
GATHER_ROW, LOSS_ROW, TOTALS_ROW, BLOCKS = range(33, 37)
# The same of the validation program. Then the places of its outputs, in its memory and in that of
# the worker (NONE if no validation samples go through all models together).
VALIDATION_GATHER_ROW, VALIDATION_LOSS_ROW, VALIDATION_TOTALS_ROW, VALIDATION_BLOCKS = range(37, 41)
MEASURED_AT, MEASURED = range(41, 43)
N_LAYERS, KIND_COLUMNS = 43, 44

# The queue of the models of a kind, which all workers share: the next model that none has taken,
# the one after the last, and how many of them a worker trains at once. A cache line for each.
NEXT_MODEL, STOP, AT_A_TIME, QUEUE = 0, 1, 2, 8

# Numbers of the optimiser, as it takes them; then the weight of the loss in the sum of losses, and
# the level above which a prediction counts as 1.
LOSS_WEIGHT, LEVEL = range(N_HYPER, N_HYPER + 2)

# Penalties of kernels and of biases, which each model has for itself.
L1, L2, BIAS_L1, BIAS_L2 = range(4)

# How weights are updated: plain descent, whose product is rounded with the sum; the others as the
# steps of these names.
DESCENT, SGD, MOMENTUM, ADAM = range(4)

# Weights whose gradient is computed before they are updated, if that is more than a strip.
AT_ONCE = 256
# Samples whose gradients are added up before those of the next, for all weights of a kernel.
SAMPLES_AT_ONCE = 32

# The pace of a model in a step: its learning rate, the weight decay, and the derivatives of the
# penalties. Each is repeated, so that a loop over weights finds those of all models in its order.
RATE, DECAY, PUSH, SLOPE, BIAS_PUSH, BIAS_SLOPE = range(6)
N_PACES, REPEATED = 6, 512

# Vectors for the sums of penalties: their total, that of kernels or biases, and partial ones.
SUMS = 2 + POWERS + 1

# Where the model in each lane is: its next step, and the samples of the epoch before that; how many
# samples the last step had (0 if there is no model); and the address of the order of its samples.
# Then, in a step, the sample that is gathered, and addresses; and the addresses of the sources.
NEXT_STEP, BEFORE, SEEN, ORDER_AT, CHOSEN, ADDRESSES, FIRST_SOURCE = range(7)
N_CURSORS = FIRST_SOURCE + MAX_SOURCES
