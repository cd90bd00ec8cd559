"""Records of models that are trained together, with the models innermost (:mod:`.lanes`)."""

from .columns import N_HYPER

# A layer is a row of integers: its sizes, and places in the memory of the worker, which count
# vectors: input, kernel, bias (NONE if there is none), activations, their gradient, and the
# gradient of the input (NONE if it is not needed), multiplied with the derivative of the activation
# there. Then addresses of the activation and of the derivative below (NONE if linear); whether the
# layer learns, by which rule, and whether its weights are penalised.
N_IN, N_OUT, INPUT, KERNEL, BIAS, A, DOUTPUT, DZ = range(8)
FUNCTION, DERIVATIVE, LEARNS, RULE, IS_PENALISED = range(8, 13)
# How far apart samples, and units, are in the outputs.
OUT_ROW, OUT_STEP = range(13, 15)
LAYER_COLUMNS = 15

# What the models have in common. Samples in a mini-batch; how many numbers the mini-batch has, and
# its places in the memory of a model and in that of the worker; likewise the outputs, and their
# gradient.
BATCH, N_X, X_AT, X, N_OUTPUTS, OUTPUTS_AT, OUTPUTS, GRADIENT_AT, GRADIENT = range(9)
# Places of the weights, and of a strip of their gradient; how far apart weights and slots are.
WEIGHTS, STRIP, DISTANCE = range(9, 12)
# By which rule they learn, whether any are penalised, and whether the penalties are of the sum of
# the losses.
RULE_OF_ALL, HAS_PENALTIES, PENALTY_OF_SUM = range(12, 15)
# The loss, if it is computed for all models together, or NONE. Then its places: targets, as they
# are gathered, and how many they are; the same by units; the samples' weights (NONE if there are
# none), losses, and right predictions, each in the memory of a model and in that of the worker;
# shares in the mean; and scratch. What right is (NONE if it is not counted).
LOSS, TAKES_LABELS, N_TARGETS, TARGETS_AT, TARGETS, Y = range(15, 21)
SAMPLE_WEIGHTS_AT, SAMPLE_WEIGHTS = range(21, 23)
LOSSES_AT, LOSSES, RIGHT_AT, RIGHT, SHARES, LOSS_SCRATCH, METRIC = range(23, 30)
# Where the weights are in the memory of a model, and how far apart its weights and slots are.
WEIGHTS_AT, OWN_DISTANCE = range(30, 32)
# How many rows of the table gather a mini-batch; then the places of these, and of the rows that
# compute the losses, or add them up if they have been computed together.
N_GATHERS, ROWS = range(32, 34)

# Numbers of the optimiser, as it takes them; then the weight of the loss in the sum of losses, and
# the level above which a prediction counts as 1.
LOSS_WEIGHT, LEVEL = range(N_HYPER, N_HYPER + 2)

# Penalties of kernels and of biases, which each model has for itself.
L1, L2, BIAS_L1, BIAS_L2 = range(4)

# How weights are updated: plain descent, whose product is rounded with the sum; the others as the
# steps of these names.
DESCENT, SGD, MOMENTUM, ADAM = range(4)

# The pace of a model in a step: its learning rate, the weight decay, and the derivatives of the
# penalties. Each is repeated, so that a loop over weights finds those of all models in its order.
RATE, DECAY, PUSH, SLOPE, BIAS_PUSH, BIAS_SLOPE = range(6)
N_PACES, REPEATED = 6, 512
