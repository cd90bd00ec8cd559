"""What holds no numbers: layers, losses, optimisers, schedules, and the like.

A right answer is an object that took nothing but what the documentation of its arguments allows,
and gives it back in its configuration.
"""

import json
import math
import numbers as numeric
import tempfile
from collections.abc import Callable

import numpy as np
from calls import calls, some_of
from hypothesis import strategies as st
from surface import resolve

from fastscratch import constraints, initializers, losses, optimizers, regularizers
from fastscratch.activations import NAMES

# --- what an argument may be ----------------------------------------------------------------------


def is_int(least: int) -> Callable:
    def check(value):
        if isinstance(value, np.ndarray) and value.ndim == 0 and value.dtype.kind in "iu":
            value = int(value)
        integral = isinstance(value, numeric.Integral) and not isinstance(value, (bool, np.bool_))
        return integral and least <= value < 2**63

    return check


def is_number(value):
    if isinstance(value, (bool, np.bool_, str, bytes)) or np.ndim(value):
        return False
    return math.isfinite(float(value))


def is_pair(value):
    several = isinstance(value, (tuple, list, range)) and len(value) == 2
    return all(is_int(1)(size) and size < 2**31 for size in (value if several else [value]))


def is_shape(value):
    return isinstance(value, (tuple, list, range)) and len(value) > 0 and all(map(is_int(1), value))


def is_target_shape(value):
    sizes = value if isinstance(value, (tuple, list, range)) else (value,)
    return len(sizes) > 0 and all(is_int(1)(size) or size == -1 for size in sizes)


def is_single(value):
    several = isinstance(value, (tuple, list, range)) and len(value) == 1
    size = value[0] if several else value
    return is_int(1)(size) and size < 2**31


def is_borders(value):
    sides = value if isinstance(value, (tuple, list, range)) else (value, value)
    pairs = [side if isinstance(side, (tuple, list, range)) else (side, side) for side in sides]
    sizes = [size for pair in pairs for size in pair]
    return len(pairs) == 2 and len(sizes) == 4 and all(is_int(0)(n) and n < 2**31 for n in sizes)


def is_axes(value):
    several = isinstance(value, (tuple, list, range))
    axes = () if value is None else value if several else (value,)
    return all(is_int(-(2**31))(axis) and axis != 0 for axis in axes)


def is_order(value):
    several = isinstance(value, (tuple, list, range))
    return several and len(value) > 0 and sorted(value) == list(range(1, len(value) + 1))


def is_some_axes(value):
    several = isinstance(value, (tuple, list, range))
    axes = value if several else (value,)
    return len(axes) > 0 and all(map(is_int(-(2**31)), axes))


def is_finite(value):
    array = np.asarray(value)
    if array.dtype == object:  # integers of more than 64 bits among them
        return array.size > 0 and all(map(is_number, array.flat))
    return array.dtype.kind in "fiub" and array.size > 0 and bool(np.isfinite(array).all())


def is_sequence_of(check):
    def each(value):
        return not isinstance(value, str) and all(map(check, value))

    return each


def is_flag(value):
    return isinstance(value, (bool, np.bool_))


def is_positive(value):
    return is_number(value) and float(value) > 0


def is_not_negative_or_several(value):
    if isinstance(value, (list, tuple, np.ndarray)) and np.ndim(value) == 1:
        return len(value) > 0 and all(is_not_negative(one) for one in value)
    return is_not_negative(value)


def is_not_negative(value):
    return is_number(value) and float(value) >= 0


def is_fraction(value):
    return is_number(value) and 0 <= float(value) < 1


def is_rate(value):
    return isinstance(value, optimizers.schedules.LearningRateSchedule) or is_not_negative(value)


def is_text(value):
    return isinstance(value, str)


def is_one_of(*choices):
    return lambda value: isinstance(value, str) and value in choices


def or_none(check):
    return lambda value: value is None or check(value)


def is_initializer(value):
    return is_one_of(*INITIALIZERS)(value) or isinstance(value, initializers.Initializer)


def is_regularizer(value):
    known = is_one_of("l1", "L1", "l2", "L2", "l1l2", "L1L2", "l1_l2")(value)
    return value is None or known or isinstance(value, regularizers.Regularizer)


def is_constraint(value):
    known = is_one_of(*CONSTRAINTS, "MaxNorm", "MinMaxNorm", "NonNeg", "UnitNorm")(value)
    return value is None or known or isinstance(value, constraints.Constraint)


CONSTRAINTS = ("max_norm", "min_max_norm", "non_neg", "unit_norm")
INITIALIZERS = ("zeros", "ones", "random_normal", "random_uniform", "glorot_uniform", "he_uniform")
INITIALIZERS += ("lecun_uniform", "constant", "zero", "one", "normal", "uniform", "he_normal")
INITIALIZERS += ("glorot_normal", "lecun_normal", "truncated_normal", "variance_scaling")

MAY_BE = {
    "activation": or_none(is_one_of(*NAMES)),
    "alpha": is_fraction,
    "append": is_flag,
    "baseline": or_none(is_number),
    "batch_size": or_none(is_int(1)),
    "dtype": or_none(is_text),
    "max_value": is_positive,
    "min_value": is_not_negative,
    "seed": or_none(is_int(0)),
    "boundaries": is_sequence_of(is_not_negative),
    "clipvalue": or_none(is_positive),
    "global_clipnorm": or_none(is_positive),
    "cooldown": is_int(0),
    "cropping": is_borders,
    "decay_rate": is_not_negative,
    "decay_steps": is_positive,
    "depth_multiplier": is_int(1),
    "dilation_rate": is_pair,
    "dims": is_order,
    "end_learning_rate": is_not_negative,
    "factor": lambda value: is_number(value) and 0 < float(value) < 1,
    "filename": is_text,
    "filepath": is_text,
    "filters": is_int(1),
    "groups": is_int(1),
    "initial_accumulator_value": is_not_negative,
    "initial_learning_rate": is_not_negative,
    "initial_value_threshold": or_none(is_number),
    "input_dim": is_int(1),
    "interpolation": is_one_of("nearest", "bilinear"),
    "n": is_int(1),
    "output_dim": is_int(1),
    "size": is_pair,
    "input_shape": or_none(is_shape),
    "kernel_size": is_pair,
    "l1": is_not_negative,
    "l2": is_not_negative,
    "label_smoothing": is_fraction,
    "learning_rate": is_rate,
    "min_delta": is_not_negative,
    "min_lr": is_not_negative,
    "mode": is_one_of("auto", "min", "max"),
    "monitor": is_text,
    "name": or_none(is_text),
    "padding": is_one_of("valid", "same"),
    "patience": is_int(0),
    "pool_size": is_pair,
    "power": is_positive,
    "rate": is_fraction,
    "save_freq": lambda value: value == "epoch" or is_int(1)(value),
    "schedule": callable,
    "separator": lambda value: is_text(value) and len(value) == 1,
    "shape": is_shape,
    "start_from_epoch": is_int(0),
    "target_shape": is_target_shape,
    "units": is_int(1),
    "values": is_sequence_of(is_not_negative),
    "warmup_steps": is_not_negative,
    "warmup_target": or_none(is_positive),
    "weight_decay": or_none(is_not_negative),
    "verbose": lambda value: value in (0, 1, 2),
    "ema_overwrite_frequency": or_none(is_int(1)),
    "ema_momentum": lambda value: is_number(value) and 0 <= float(value) <= 1,
    "t_mul": lambda value: is_number(value) and float(value) >= 1,
    **dict.fromkeys(["m_mul", "first_decay_steps"], is_positive),
    **dict.fromkeys(["use_ema", "amsgrad", "swap_on_epoch", "save_weights_only"], is_flag),
    **dict.fromkeys(["delta", "epsilon"], is_positive),
    **dict.fromkeys(["beta_1", "beta_2", "momentum", "rho"], is_fraction),
    **dict.fromkeys(["gain", "mean", "stddev", "minval", "maxval"], is_number),
    **dict.fromkeys(["restore_best_weights", "save_best_only", "staircase", "cycle"], is_flag),
    **dict.fromkeys(["center", "centered", "from_logits", "nesterov", "scale"], is_flag),
    **dict.fromkeys(["invert", "keepdims", "trainable", "use_bias"], is_flag),
    "mask_zero": lambda value: is_flag(value) and not value,
    **dict.fromkeys([f"{w}_initializer" for w in ("kernel", "bias")], is_initializer),
    **dict.fromkeys([f"{w}_initializer" for w in ("beta", "gamma")], is_initializer),
    **dict.fromkeys([f"moving_{w}_initializer" for w in ("mean", "variance")], is_initializer),
    **dict.fromkeys([f"{w}_initializer" for w in ("depthwise", "pointwise")], is_initializer),
    "embeddings_initializer": is_initializer,
    **dict.fromkeys([f"{w}_regularizer" for w in ("kernel", "bias")], is_regularizer),
    **dict.fromkeys([f"{w}_regularizer" for w in ("depthwise", "pointwise")], is_regularizer),
    "embeddings_regularizer": is_regularizer,
    **dict.fromkeys([f"{w}_regularizer" for w in ("beta", "gamma")], is_regularizer),
    **dict.fromkeys([f"{w}_constraint" for w in ("kernel", "bias")], is_constraint),
    **dict.fromkeys([f"{w}_constraint" for w in ("depthwise", "pointwise")], is_constraint),
    **dict.fromkeys([f"{w}_constraint" for w in ("beta", "gamma")], is_constraint),
    "embeddings_constraint": is_constraint,
}


SEQUENCES = dict.fromkeys(["kernel_size", "strides", "dilation_rate"], is_single)
POOLED = {"pool_size": is_single, "strides": or_none(is_single)}
STATISTICS = {"mean": or_none(is_finite), "variance": or_none(is_finite)}
#: Of layers where an argument may be something else than it may be elsewhere.
OWN = {
    "Conv1D": SEQUENCES | {"padding": is_one_of("valid", "same", "causal")},
    "MaxPooling1D": POOLED,
    "AveragePooling1D": POOLED,
    "ZeroPadding2D": {"padding": is_borders},
    "Rescaling": {"scale": is_finite, "offset": is_finite},
    "Normalization": STATISTICS | {"axis": is_axes},
    "GaussianNoise": {"stddev": is_not_negative},
    "Concatenate": {"axis": lambda value: is_int(-(2**31))(value) and value != 0},
    "Constant": {"value": is_finite},
    "ReLU": dict.fromkeys(["negative_slope", "threshold"], is_not_negative)
    | {"max_value": or_none(is_not_negative)},
    "LeakyReLU": {"negative_slope": is_not_negative},
    "ELU": {"alpha": is_positive},
    "PReLU": {"alpha_initializer": is_initializer, "alpha_regularizer": is_regularizer},
    "VarianceScaling": {
        "scale": is_positive,
        "mode": is_one_of("fan_in", "fan_out", "fan_avg"),
        "distribution": is_one_of("normal", "truncated_normal", "untruncated_normal", "uniform"),
    },
    "CategoricalFocalCrossentropy": {"alpha": is_not_negative_or_several},
    "BatchNormalization": {"axis": is_int(-(2**31))},
    "LayerNormalization": {"axis": is_some_axes},
    "MaxNorm": {"axis": is_some_axes},
    "UnitNorm": {"axis": is_some_axes},
    "MinMaxNorm": {
        "axis": is_some_axes,
        "rate": lambda value: is_number(value) and 0 <= float(value) <= 1,
    },
}


def check_description(result, **arguments):
    may_be = MAY_BE | OWN.get(type(result).__name__, {})
    for name, value in arguments.items():
        if name in may_be:
            assert may_be[name](value), f"took {name}={value!r}"
    if hasattr(result, "get_config"):
        text = json.dumps(result.get_config(), allow_nan=False)
        again = json.loads(text)
        made = type(result).__module__.rpartition(".")[2]
        if "layers" in type(result).__module__:
            assert json.dumps(type(result)(**again).get_config()) == text
        elif made == "losses":
            assert losses.get(again) == result
        elif "optimizers" in type(result).__module__ and made != "schedules":
            assert optimizers.from_config(again) == result


# --- good arguments -------------------------------------------------------------------------------

counts = st.integers(1, 4)
seeds = st.none() | st.integers(0, 2**63 - 1)
pairs = counts | st.tuples(counts, counts)
parts = st.floats(0, 0.99)
rates = st.floats(1e-4, 1)
flags = st.booleans()
initial = st.sampled_from(INITIALIZERS) | st.just(initializers.RandomNormal(0, 1))
penalties = st.sampled_from([None, "l1", "l2", "l1_l2", regularizers.L2(0.1)])
limits = st.sampled_from([None, "max_norm", "non_neg", constraints.UnitNorm()])
activations = st.sampled_from([None, *NAMES])
windows = {"strides": pairs, "padding": st.sampled_from(["valid", "same"])}
dense = {
    "activation": activations,
    "use_bias": flags,
    "kernel_initializer": initial,
    "bias_initializer": initial,
    "kernel_regularizer": penalties,
    "bias_regularizer": penalties,
    "kernel_constraint": limits,
    "bias_constraint": limits,
}
normalization = {
    "epsilon": rates,
    "center": flags,
    "scale": flags,
    "beta_initializer": initial,
    "gamma_initializer": initial,
    "beta_regularizer": penalties,
    "gamma_regularizer": penalties,
    "beta_constraint": limits,
    "gamma_constraint": limits,
    "axis": st.sampled_from([-1, 3]),
}
moving = {"momentum": parts, "moving_mean_initializer": initial}
moving |= {"moving_variance_initializer": initial}
any_layer = {
    "name": st.sampled_from([None, "a", "b"]),
    "trainable": flags,
    "dtype": st.sampled_from([None, "float32", "float64"]),
    "data_format": st.sampled_from([None, "channels_last"]),
    "input_shape": st.lists(counts, min_size=1, max_size=3).map(tuple),
}
ends = {"activation": activations, "use_bias": flags, "bias_initializer": initial}
ends |= {"bias_regularizer": penalties, "bias_constraint": limits, "dilation_rate": pairs}
depthwise = {"depthwise_initializer": initial, "depthwise_regularizer": penalties}
depthwise |= {"depthwise_constraint": limits, "depth_multiplier": counts}
pointwise = {"pointwise_initializer": initial, "pointwise_regularizer": penalties}
pointwise |= {"pointwise_constraint": limits}
seeded = {"seed": st.none() | st.integers(0, 9)}
along_axes = {"axis": st.sampled_from([0, -1, [0], [0, 1], (1, -1)])}
causal = windows | {"padding": st.sampled_from(["valid", "same", "causal"]), "strides": counts}
sizes = st.integers(0, 3)
borders = sizes | st.tuples(sizes, sizes) | st.tuples(st.tuples(sizes, sizes), sizes)
along = windows | {"pool_size": counts, "strides": counts}
keepdims = {"keepdims": flags}
numbers_or_one = parts | st.just([0.5, 2.0])
decays = {"weight_decay": parts, "clipvalue": rates, "use_ema": flags, "ema_momentum": parts}
decays |= {"ema_overwrite_frequency": counts}
smooth = {"from_logits": flags, "label_smoothing": parts}
watched = {
    "monitor": st.sampled_from(["loss", "val_accuracy"]),
    "mode": st.sampled_from(["auto", "min", "max"]),
}
reductions = st.sampled_from(["sum", "mean", "none", None, "mean_with_sample_weight"])
reduced = {"reduction": reductions}
focal = {"alpha": parts, "gamma": parts}
signed = st.integers(-3, 3)
PLAIN_LOSSES = ("MeanAbsolutePercentageError", "MeanSquaredLogarithmicError", "LogCosh")
PLAIN_LOSSES += ("KLDivergence", "Hinge", "SquaredHinge", "CategoricalHinge")
times = {"initial_learning_rate": rates, "decay_steps": st.integers(1, 100)}

#: Required arguments, and optional ones.
KINDS = {
    "layers.Input": (
        {"shape": st.lists(counts, min_size=1, max_size=3).map(tuple)},
        {"batch_size": counts, "dtype": st.sampled_from(["float32", "int32"])},
    ),
    "layers.Dense": ({"units": counts}, dense | any_layer),
    "layers.Conv2D": (
        {"filters": counts, "kernel_size": pairs},
        windows | {"dilation_rate": pairs, "groups": st.just(1)} | dense | any_layer,
    ),
    "layers.MaxPooling2D": ({}, {"pool_size": pairs} | windows | any_layer),
    "layers.AveragePooling2D": ({}, {"pool_size": pairs} | windows | any_layer),
    **{
        f"layers.Global{kind}Pooling{rank}D": ({}, keepdims | any_layer)
        for kind in ("Max", "Average")
        for rank in (1, 2)
    },
    "layers.Conv1D": (
        {"filters": counts, "kernel_size": counts},
        causal | {"dilation_rate": counts, "groups": st.just(1)} | dense | any_layer,
    ),
    "layers.DepthwiseConv2D": ({"kernel_size": pairs}, windows | depthwise | ends | any_layer),
    "layers.SeparableConv2D": (
        {"filters": counts, "kernel_size": pairs},
        windows | depthwise | pointwise | ends | any_layer,
    ),
    "layers.Conv2DTranspose": (
        {"filters": counts, "kernel_size": pairs},
        windows | dense | {"dilation_rate": pairs, "output_padding": st.just(0)} | any_layer,
    ),
    "layers.MaxPooling1D": ({}, along | any_layer),
    "layers.AveragePooling1D": ({}, along | any_layer),
    "layers.ZeroPadding2D": ({}, {"padding": borders} | any_layer),
    "layers.Cropping2D": ({}, {"cropping": borders} | any_layer),
    "layers.UpSampling2D": (
        {},
        {"size": pairs, "interpolation": st.sampled_from(["nearest", "bilinear"])} | any_layer,
    ),
    "layers.Permute": ({"dims": st.sampled_from([(1,), (2, 1), [1, 3, 2]])}, any_layer),
    "layers.RepeatVector": ({"n": counts}, any_layer),
    "layers.Rescaling": ({"scale": numbers_or_one}, {"offset": numbers_or_one} | any_layer),
    "layers.Normalization": (
        {"mean": st.just([0.5]), "variance": st.just([2.0])},
        {"axis": st.sampled_from([-1, 2, None, (1, 2)]), "invert": flags} | any_layer,
    ),
    "layers.GaussianNoise": ({"stddev": parts}, seeded | any_layer),
    "layers.SpatialDropout2D": ({"rate": parts}, seeded | any_layer),
    "layers.Embedding": (
        {"input_dim": counts, "output_dim": counts},
        {
            "embeddings_initializer": initial,
            "embeddings_regularizer": penalties,
            "embeddings_constraint": limits,
            "mask_zero": st.just(False),
        }
        | any_layer,
    ),
    **{
        f"layers.{name}": ({}, any_layer)
        for name in ("Add", "Subtract", "Multiply", "Average", "Maximum", "Minimum")
    },
    "layers.Concatenate": ({}, {"axis": st.sampled_from([-1, 1, 2])} | any_layer),
    "layers.BatchNormalization": ({}, normalization | moving | any_layer),
    "layers.LayerNormalization": ({}, normalization | any_layer),
    "layers.Activation": ({"activation": activations}, any_layer),
    "layers.Dropout": ({"rate": parts}, seeded | any_layer),
    "layers.Flatten": ({}, any_layer),
    "layers.Reshape": (
        {"target_shape": st.sampled_from([(4,), (2, -1), (1, 2, 2), [3, 4]])},
        any_layer,
    ),
    "losses.MeanSquaredError": ({}, {}),
    "losses.MeanAbsoluteError": ({}, {}),
    "losses.Poisson": ({}, {}),
    **{f"losses.{name}": ({}, reduced) for name in PLAIN_LOSSES},
    "losses.Huber": ({}, {"delta": rates} | reduced),
    "losses.CosineSimilarity": ({}, {"axis": signed} | reduced),
    "losses.BinaryCrossentropy": ({}, smooth | reduced | {"axis": signed}),
    "losses.MultilabelCrossentropy": ({}, smooth | reduced),
    "losses.CategoricalCrossentropy": ({}, smooth | reduced | {"axis": signed}),
    "losses.SparseCategoricalCrossentropy": (
        {},
        {"from_logits": flags, "ignore_class": st.none() | signed, "axis": signed} | reduced,
    ),
    "losses.BinaryFocalCrossentropy": (
        {},
        focal | smooth | reduced | {"apply_class_balancing": flags, "axis": signed},
    ),
    "losses.CategoricalFocalCrossentropy": (
        {},
        focal | smooth | reduced | {"axis": signed, "alpha": parts | st.just([0.5, 2.0])},
    ),
    "losses.CategoricalGeneralizedCrossEntropy": ({}, {"q": st.floats(0.01, 0.99)} | reduced),
    "layers.ReLU": (
        {},
        {"max_value": st.none() | parts, "negative_slope": parts, "threshold": parts} | any_layer,
    ),
    "layers.LeakyReLU": ({}, {"negative_slope": parts} | any_layer),
    "layers.ELU": ({}, {"alpha": rates} | any_layer),
    "layers.PReLU": (
        {},
        {
            "alpha_initializer": initial,
            "alpha_regularizer": penalties,
            "shared_axes": st.none() | counts | st.just([1, 2]),
        }
        | any_layer,
    ),
    "layers.Softmax": ({}, {"axis": counts | st.just(-1)} | any_layer),
    "optimizers.SGD": ({}, {"learning_rate": rates, "momentum": parts, "nesterov": flags} | decays),
    "optimizers.RMSprop": (
        {},
        {"learning_rate": rates, "rho": parts, "momentum": parts, "centered": flags} | decays,
    ),
    "optimizers.Adagrad": (
        {},
        {"learning_rate": rates, "initial_accumulator_value": parts, "epsilon": rates} | decays,
    ),
    "optimizers.Adam": (
        {},
        {"learning_rate": rates, "beta_1": parts, "beta_2": parts, "epsilon": rates} | decays,
    ),
    "optimizers.AdamW": ({}, {"learning_rate": rates, "beta_1": parts, "amsgrad": flags} | decays),
    "optimizers.Nadam": ({}, {"learning_rate": rates, "beta_1": parts, "epsilon": rates} | decays),
    "optimizers.Adamax": ({}, {"learning_rate": rates, "beta_2": parts, "epsilon": rates} | decays),
    "optimizers.Adadelta": ({}, {"learning_rate": rates, "rho": parts, "epsilon": rates} | decays),
    "optimizers.Lion": ({}, {"learning_rate": rates, "beta_1": parts, "beta_2": parts} | decays),
    "optimizers.schedules.ExponentialDecay": (times | {"decay_rate": rates}, {"staircase": flags}),
    "optimizers.schedules.InverseTimeDecay": (times | {"decay_rate": rates}, {"staircase": flags}),
    "optimizers.schedules.PolynomialDecay": (
        times,
        {"end_learning_rate": rates, "power": rates, "cycle": flags},
    ),
    "optimizers.schedules.CosineDecay": (
        times,
        {"alpha": parts, "warmup_target": rates, "warmup_steps": st.integers(0, 9)},
    ),
    "optimizers.schedules.CosineDecayRestarts": (
        {"initial_learning_rate": rates, "first_decay_steps": counts},
        {"t_mul": st.sampled_from([1.0, 1.5, 2]), "m_mul": rates, "alpha": parts},
    ),
    "optimizers.schedules.PiecewiseConstantDecay": (
        {"boundaries": st.just([2, 5]), "values": st.just([0.1, 0.2, 0.3])},
        {},
    ),
    "constraints.MaxNorm": ({}, {"max_value": rates} | along_axes),
    "constraints.MinMaxNorm": (
        {},
        {"min_value": parts, "max_value": st.floats(1, 9), "rate": parts} | along_axes,
    ),
    "constraints.NonNeg": ({}, {}),
    "constraints.UnitNorm": ({}, along_axes),
    "regularizers.L1": ({}, {"l1": parts}),
    "regularizers.L2": ({}, {"l2": parts}),
    "regularizers.L1L2": ({}, {"l1": parts, "l2": parts}),
    "initializers.RandomNormal": ({}, {"mean": parts, "stddev": parts, "seed": seeds}),
    "initializers.TruncatedNormal": ({}, {"mean": parts, "stddev": parts, "seed": seeds}),
    "initializers.RandomUniform": ({}, {"minval": parts, "maxval": parts, "seed": seeds}),
    "initializers.VarianceScaling": (
        {},
        {
            "scale": rates,
            "mode": st.sampled_from(["fan_in", "fan_out", "fan_avg"]),
            "distribution": st.sampled_from(["normal", "untruncated_normal", "uniform"]),
            "seed": seeds,
        },
    ),
    "initializers.Orthogonal": ({}, {"gain": parts, "seed": seeds}),
    "initializers.Identity": ({}, {"gain": parts}),
    "initializers.Zeros": ({}, {}),
    "initializers.Ones": ({}, {}),
    "initializers.Constant": ({"value": numbers_or_one}, {}),
    **{
        f"initializers.{family}{kind}": ({}, {"seed": seeds})
        for family in ("Glorot", "He", "Lecun")
        for kind in ("Normal", "Uniform")
    },
    "callbacks.EarlyStopping": (
        {},
        watched
        | {"min_delta": parts, "patience": counts, "baseline": parts, "start_from_epoch": counts}
        | {"restore_best_weights": flags},
    ),
    "callbacks.ModelCheckpoint": (
        {"filepath": st.just("model.safetensors")},
        watched
        | {"save_best_only": flags, "save_freq": counts | st.just("epoch")}
        | {"save_weights_only": flags, "verbose": st.integers(0, 1)}
        | {"initial_value_threshold": parts},
    ),
    "callbacks.ReduceLROnPlateau": (
        {},
        watched
        | {"factor": st.floats(0.1, 0.9), "patience": counts, "min_delta": parts}
        | {"cooldown": counts, "min_lr": parts},
    ),
    "callbacks.LearningRateScheduler": ({"schedule": st.just(lambda epoch, rate: rate)}, {}),
    "callbacks.CSVLogger": (
        {"filename": st.just(tempfile.gettempdir() + "/log.csv")},
        {"separator": st.just(";"), "append": flags},
    ),
    "callbacks.BackupAndRestore": (
        {"backup_dir": st.just(tempfile.gettempdir() + "/backup")},
        {"save_freq": counts | st.just("epoch")}
        | dict.fromkeys(["double_checkpoint", "delete_checkpoint"], flags),
    ),
    "callbacks.SwapEMAWeights": ({}, {"swap_on_epoch": flags}),
    "callbacks.TerminateOnNaN": ({}, {}),
    "callbacks.ProgbarLogger": ({}, {}),
    "callbacks.TensorBoard": (
        {},
        {"log_dir": st.just("logs"), "histogram_freq": counts, "write_graph": flags}
        | {"write_steps_per_second": flags, "update_freq": counts | st.just("batch")},
    ),
    "callbacks.LambdaCallback": (
        {},
        {"on_epoch_begin": st.just(print), "on_train_batch_end": st.just(print)},
    ),
}


def described(name):
    required, optional = KINDS[name]

    def good(draw):
        return {key: draw(value) for key, value in required.items()} | some_of(draw, optional)

    return calls(name, resolve(name), good, check_description)


# --- names and configurations ---------------------------------------------------------------------


def got(kind):
    def check(result, identifier, name=None):
        assert isinstance(result, kind) or (result is None and identifier is None)

    return check


def getter(name, good, kind, **how):
    return calls(name, resolve(name), good, got(kind), fixed=("name",), **how)


def good_config(draw):
    return {
        "config": optimizers.Adam(draw(rates)).get_config() | some_of(draw, {"class": st.none()})
    }


def check_from_config(result, config):
    assert isinstance(result, optimizers.Optimizer)


TARGETS = {name: described(name) for name in KINDS} | {
    "losses.get": getter(
        "losses.get",
        lambda draw: {"identifier": draw(st.sampled_from(["mse", "huber", {"name": "huber"}]))},
        losses.Loss,
        subjects=("loss",),
    ),
    "optimizers.get": getter(
        "optimizers.get",
        lambda draw: {"identifier": draw(st.sampled_from(["sgd", "Adam"]))},
        optimizers.Optimizer,
        subjects=("optimizer",),
    ),
    "initializers.get": getter(
        "initializers.get",
        lambda draw: {"name": "start", "identifier": draw(initial)},
        initializers.Initializer,
        subjects=("start",),
    ),
    "regularizers.get": getter(
        "regularizers.get",
        lambda draw: {"name": "penalty", "identifier": draw(penalties)},
        regularizers.Regularizer,
        subjects=("penalty",),
    ),
    "constraints.get": getter(
        "constraints.get",
        lambda draw: {"name": "limit", "identifier": draw(limits)},
        constraints.Constraint,
        subjects=("limit",),
    ),
    "optimizers.from_config": calls(
        "optimizers.from_config",
        optimizers.from_config,
        good_config,
        check_from_config,
        subjects=("class",),
    ),
}
