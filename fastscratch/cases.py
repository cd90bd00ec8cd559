"""Inputs on which every kernel is run beside its naive twin.

One registry serves the equivalence tests, the benchmarks, :func:`fastscratch.verify` and
:func:`fastscratch.warmup`. A case gives float64 arrays, scalars and names; :func:`kernel_call` and
:func:`twin_call` turn them into what each side takes: arrays of the wanted type and integer codes,
or lists and the names themselves.
"""

import dataclasses
import importlib
import zlib
from collections.abc import Callable

import numpy as np

from .kernels import KERNELS
from .kernels.codes import ACTIVATIONS, CROSSENTROPIES, LOSSES, OF_SAMPLES, OPTIMIZERS, SCHEDULES

CODES = {
    name: code
    for names in (ACTIVATIONS, LOSSES, OPTIMIZERS, SCHEDULES)
    for code, name in enumerate(names)
}


@dataclasses.dataclass(frozen=True)
class Case:
    """One call of a kernel.

    Attributes
    ----------
    kernel : str
        Name of the kernel and of its twin.
    label : str
        What is particular about the inputs.
    make : callable
        Takes a NumPy random generator, returns the arguments by name.
    outputs : tuple of str
        The arguments that are written.
    reduction : int
        Number of roundings behind one output element: the bound on its error in ulp.
    scale : float
        Magnitude of the terms that are summed, or the condition of the problem; see
        :mod:`fastscratch.comparison`.
    typical : bool
        Sized like real use: the one that benchmarks take.
    doubles : tuple of str
        Arrays that are float64 whatever the type of the others.
    """

    kernel: str
    label: str
    make: Callable
    outputs: tuple[str, ...]
    reduction: int
    scale: float = 1.0
    typical: bool = False
    doubles: tuple[str, ...] = ()

    def __str__(self):
        return f"{self.kernel}-{self.label}"

    def arguments(self, dtype):
        """The arguments by name: the same at each call, floating arrays rounded to `dtype`."""
        rng = np.random.default_rng(zlib.crc32(str(self).encode()))
        return {
            name: value.astype(dtype) if self._is_of_dtype(name, value) else value
            for name, value in self.make(rng).items()
        }

    def _is_of_dtype(self, name, value):
        floating = isinstance(value, np.ndarray) and np.issubdtype(value.dtype, np.floating)
        return floating and name not in self.doubles


def kernel_call(case, dtype):
    """The kernel and its positional arguments."""

    def convert(value):
        if isinstance(value, str):
            return CODES[value]
        return value

    return KERNELS[case.kernel], [convert(v) for v in case.arguments(dtype).values()]


def twin_call(case, dtype):
    """The naive twin and its positional arguments: the same numbers as plain lists."""
    module = KERNELS[case.kernel].__module__.rpartition(".")[2]
    twin = getattr(importlib.import_module(f"fastscratch.reference.{module}"), case.kernel)
    return twin, [
        v.tolist() if isinstance(v, np.ndarray) else v for v in case.arguments(dtype).values()
    ]


def _unset(*shape):
    """An output: NaN, so that an element which is not written shows."""
    return np.full(shape, np.nan)


# A library function (exp, log, tanh) and the few operations around it: this many roundings.
FUNCTION = 16


PARAMETERS = {"leaky_relu": {"negative_slope": 0.3}, "elu": {"alpha": 1.5}}


def _activation_cases():
    for name in ACTIVATIONS[1:]:
        parameters = PARAMETERS.get(name, {})
        of_samples = ACTIVATIONS.index(name) in OF_SAMPLES
        # A softmax sees one sample, the others all of a layer's mini-batch.
        typical = 1000 if of_samples else 65_536
        for label, size in (("one", 1), ("odd", 7), ("typical", typical)):
            reduction = FUNCTION + (size if of_samples else 0)
            yield Case(
                f"{name}_forward",
                label,
                lambda rng, size=size, parameters=parameters: {
                    "a": _unset(size),
                    "z": 3 * rng.standard_normal(size),
                    **parameters,
                },
                ("a",),
                reduction,
                typical=label == "typical",
            )
            yield Case(
                f"{name}_backward",
                label,
                lambda rng, size=size, parameters=parameters: {
                    "dz": _unset(size),
                    "z": 3 * rng.standard_normal(size),
                    "a": rng.uniform(-1, 1, size),
                    "da": rng.standard_normal(size),
                    **parameters,
                },
                ("dz",),
                reduction,
                scale=size if of_samples else 1,
                typical=label == "typical",
            )
        reach = 80.0 if name == "exponential" else 1e4  # float32 ends at exp(88)
        extremes = np.array([-reach, -reach / 10, -0.0, 0.0, reach / 10, reach])
        yield Case(
            f"{name}_forward",
            "extreme",
            lambda rng, parameters=parameters, extremes=extremes: {
                "a": _unset(6),
                "z": extremes.copy(),
                **parameters,
            },
            ("a",),
            FUNCTION,
        )
        yield Case(
            f"{name}_backward",
            "extreme",
            lambda rng, parameters=parameters, extremes=extremes: {
                "dz": _unset(6),
                "z": extremes.copy(),
                "a": rng.uniform(-1, 1, 6),
                "da": rng.standard_normal(6),
                **parameters,
            },
            ("dz",),
            FUNCTION,
        )
    shapes = {"one": (1, 1), "row": (1, 9), "chunks": (500, 17), "typical": (1000, 100)}
    for activation in ACTIVATIONS:
        for label, shape in shapes.items():
            typical = label == "typical" and activation == "sigmoid"
            if label == "typical" and not typical:
                continue
            yield Case(
                "activation_forward",
                f"{activation}-{label}",
                lambda rng, shape=shape, activation=activation: {
                    "a": _unset(*shape),
                    "z": 3 * rng.standard_normal(shape),
                    "activation": activation,
                },
                ("a",),
                FUNCTION + shape[1],
                typical=typical,
            )
            yield Case(
                "activation_backward",
                f"{activation}-{label}",
                lambda rng, shape=shape, activation=activation: {
                    "dz": _unset(*shape),
                    "z": 3 * rng.standard_normal(shape),
                    "a": rng.uniform(-1, 1, shape),
                    "da": rng.standard_normal(shape),
                    "activation": activation,
                },
                ("dz",),
                FUNCTION + shape[1],
                scale=shape[1],
                typical=typical,
            )


def _targets(rng, loss, shape):
    """Targets that suit the loss: real, counts, zero or one, or one-hot."""
    if loss in ("mean_squared_error", "mean_absolute_error", "huber"):
        return rng.standard_normal(shape)
    if loss == "poisson":
        return rng.integers(5, size=shape).astype(float)
    if loss.startswith("categorical"):
        return np.eye(shape[-1])[rng.integers(shape[-1], size=shape[:-1])]
    return rng.integers(2, size=shape).astype(float)


def _predictions(rng, loss, shape, spread):
    """Logits, or predictions that suit the loss."""
    if loss == "poisson":
        return spread * rng.uniform(0.01, 1, shape)
    if loss.endswith("log_loss"):
        p = rng.uniform(0.01, 0.99, shape)
        return p if spread < 10 else np.round(p)  # beyond the bounds
    return spread * rng.standard_normal(shape)


def _loss_cases():
    for code, loss in enumerate(LOSSES):
        first = "logits" if code in CROSSENTROPIES else "prediction"
        parameters = {"delta": 1.5} if loss == "huber" else {}
        for label, size, spread in (
            ("one", 1, 3),
            ("odd", 7, 3),
            ("extreme", 5, 1e4),
            ("typical", 1000, 3),
        ):

            def make(rng, loss=loss, first=first, parameters=parameters, size=size, spread=spread):
                z = _predictions(rng, loss, (size,), spread)
                return {first: z, "y": _targets(rng, loss, (size,)), **parameters}

            squared = loss == "mean_squared_error"
            terms = spread**2 if squared else spread * size
            yield Case(
                f"{loss}_forward",
                label,
                make,
                (),
                FUNCTION + size,
                scale=1.0 if loss == "categorical_crossentropy" else terms,
                typical=label == "typical",
            )
            yield Case(
                f"{loss}_backward",
                label,
                lambda rng, make=make, first=first, size=size: {
                    f"d{first}": _unset(size),
                    **make(rng),
                },
                (f"d{first}",),
                FUNCTION + size,
                scale=spread if squared else 1,
                typical=label == "typical",
            )
            if loss.startswith("binary"):
                yield Case(
                    f"{loss}_terms",
                    label,
                    lambda rng, make=make, size=size: {"terms": _unset(size), **make(rng)},
                    ("terms",),
                    FUNCTION,
                    scale=spread,
                    typical=label == "typical",
                )
        for label, shape in (("one", (1, 1)), ("chunks", (1500, 5)), ("typical", (10_000, 10))):
            typical = label == "typical" and loss == "categorical_crossentropy"
            if label == "typical" and not typical:
                continue

            def make(rng, loss=loss, shape=shape):
                return {
                    "logits": _predictions(rng, loss, shape, 3),
                    "y": _targets(rng, loss, shape),
                    "loss": loss,
                }

            yield Case(
                "loss_forward",
                f"{loss}-{label}",
                lambda rng, make=make, shape=shape: {"losses": _unset(shape[0]), **make(rng)},
                ("losses",),
                FUNCTION + shape[1],
                scale=10,
                typical=typical,
            )
            yield Case(
                "loss_backward",
                f"{loss}-{label}",
                lambda rng, make=make, shape=shape: {"dlogits": _unset(*shape), **make(rng)},
                ("dlogits",),
                FUNCTION + shape[1],
                scale=3,
                typical=typical,
            )


def _dense_cases():
    for label, (n, n_in, n_out) in {
        "one": (1, 1, 1),
        "one-sample": (1, 13, 5),
        "one-output": (33, 17, 1),
        "odd": (7, 13, 19),
        "chunks": (71, 67, 33),
        "typical": (32, 784, 100),
    }.items():
        typical = label == "typical"

        def make(rng, n=n, n_in=n_in, n_out=n_out):
            return {
                "x": rng.standard_normal((n, n_in)),
                "dz": rng.standard_normal((n, n_out)),
                "kernel": rng.standard_normal((n_in, n_out)),
                "bias": rng.standard_normal(n_out),
            }

        yield Case(
            "dense_forward",
            label,
            lambda rng, make=make, n=n, n_out=n_out: {
                "z": _unset(n, n_out),
                **_without("dz", make(rng)),
            },
            ("z",),
            n_in + 1,
            typical=typical,
        )


def _matmul_cases():
    for label, (rows, depth, columns) in {
        "one": (1, 1, 1),
        "row": (1, 19, 7),
        "column": (9, 13, 1),
        "odd": (7, 13, 19),
        "chunks": (131, 129, 67),
        "typical": (256, 256, 256),
    }.items():
        yield Case(
            "matmul",
            label,
            lambda rng, rows=rows, depth=depth, columns=columns: {
                "c": _unset(rows, columns),
                "a": rng.standard_normal((rows, depth)),
                "b": rng.standard_normal((depth, columns)),
            },
            ("c",),
            depth,
            typical=label == "typical",
        )


def _without(*names_and_arguments):
    *names, arguments = names_and_arguments
    return {name: value for name, value in arguments.items() if name not in names}


# Each optimiser's slots, and what its step function takes besides the learning rate.
_OPTIMIZER_SLOTS = {
    "sgd": (),
    "momentum": ("velocity",),
    "rmsprop": ("mean_square",),
    "rmsprop_momentum": ("mean_square", "mean", "velocity"),
    "adagrad": ("accumulator",),
    "adam": ("first_moment", "second_moment"),
    "adamw": ("first_moment", "second_moment"),
}
_OPTIMIZER_HYPER = {
    "sgd": {},
    "momentum": {"momentum": 0.9, "nesterov": False},
    "rmsprop": {"rho": 0.9, "epsilon": 1e-7},
    "rmsprop_momentum": {"rho": 0.9, "epsilon": 1e-7, "momentum": 0.8, "centered": True},
    "adagrad": {"epsilon": 1e-7},
    "adam": {"beta_1": 0.9, "beta_2": 0.999, "epsilon": 1e-7},
    "adamw": {"weight_decay": 0.01, "beta_1": 0.9, "beta_2": 0.999, "epsilon": 1e-7},
}


def _slots(rng, optimizer, size):
    """Slots as they are some steps into a run: squares above zero, and above the mean's square."""
    signed = ("velocity", "mean", "first_moment")
    return {
        name: 0.5 * rng.standard_normal(size) if name in signed else 4 + rng.random(size)
        for name in _OPTIMIZER_SLOTS[optimizer]
    }


def _optimizer_cases():
    variants = [
        *((optimizer, "", {}) for optimizer in OPTIMIZERS),
        ("momentum", "-nesterov", {"nesterov": True}),
        ("rmsprop_momentum", "-not-centered", {"centered": False}),
    ]
    for optimizer, variant, changed in variants:
        slots, hyper = _OPTIMIZER_SLOTS[optimizer], {**_OPTIMIZER_HYPER[optimizer], **changed}
        for label, size, step in (("one", 1, 0), ("odd", 37, 8), ("typical", 100_000, 1000)):
            typical = label == "typical"
            if typical and variant:
                continue

            def make(rng, optimizer=optimizer, hyper=hyper, size=size, step=step):
                return {
                    "parameters": rng.standard_normal(size),
                    **_slots(rng, optimizer, size),
                    "gradient": rng.standard_normal(size),
                    "learning_rate": 0.125,
                    **hyper,
                    **({"step": step} if "adam" in optimizer else {}),
                }

            yield Case(
                f"{optimizer}_step",
                label + variant,
                make,
                ("parameters", *slots),
                FUNCTION,
                typical=typical,
            )

    for label, size in (("one", 1), ("odd", 37), ("typical", 100_000)):
        typical = label == "typical"
        yield Case(
            "weight_decay_step",
            label,
            lambda rng, size=size: {
                "parameters": rng.standard_normal(size),
                "learning_rate": 0.125,
                "weight_decay": 0.01,
            },
            ("parameters",),
            2,
            typical=typical,
        )
        yield Case(
            "clip_by_value",
            label,
            lambda rng, size=size: {"gradient": rng.standard_normal(size), "clipvalue": 0.5},
            ("gradient",),
            1,
            typical=typical,
        )
        yield Case(
            "squared_norm",
            label,
            lambda rng, size=size: {"gradient": rng.standard_normal(size)},
            (),
            size,
            typical=typical,
        )
        yield Case(
            "clip_by_norm",
            label,
            lambda rng, size=size: {"gradient": rng.standard_normal(size), "clipnorm": 0.01},
            ("gradient",),
            FUNCTION,
            scale=0.01,
            typical=typical,
        )
        yield Case(
            "penalty",
            label,
            lambda rng, size=size: {"parameters": rng.standard_normal(size), "l1": 0.1, "l2": 0.2},
            (),
            size,
            typical=typical,
        )
        yield Case(
            "add_penalty_gradient",
            label,
            lambda rng, size=size: {
                "gradient": rng.standard_normal(size),
                "parameters": rng.standard_normal(size).round(1),  # some of them zero
                "l1": 0.1,
                "l2": 0.2,
            },
            ("gradient",),
            4,
            typical=typical,
        )
    yield Case(
        "clip_by_norm",
        "short-enough",
        lambda rng: {"gradient": rng.standard_normal(9), "clipnorm": 9.0},
        ("gradient",),
        0,
    )


def _schedule_cases():
    for schedule, numbers in (
        ("Constant", [0.1]),
        ("ExponentialDecay", [0.1, 10, 0.5, 0]),
        ("ExponentialDecay", [0.1, 10, 0.5, 1]),
        ("PiecewiseConstantDecay", [4, 15, 0.3, 0.2, 0.1]),
        ("PolynomialDecay", [0.1, 10, 0.01, 2, 0]),
        ("PolynomialDecay", [0.1, 10, 0.01, 0.5, 1]),
        ("InverseTimeDecay", [0.1, 10, 2, 0]),
        ("InverseTimeDecay", [0.1, 10, 2, 1]),
        ("CosineDecay", [0.1, 10, 0.05, 0.1, 0]),
        ("CosineDecay", [0.01, 10, 0.05, 0.1, 5]),
    ):
        for step in (0, 4, 5, 10, 15, 23, 10**9):
            yield Case(
                "scheduled_rate",
                f"{schedule}-{'-'.join(f'{number:g}' for number in numbers)}-step-{step}",
                lambda rng, schedule=schedule, numbers=numbers, step=step: {
                    "schedule": schedule,
                    "numbers": np.array(numbers, float),
                    "step": step,
                },
                (),
                FUNCTION,
                scale=0.1,
                typical=schedule == "Constant" and step == 5,
                doubles=("numbers",),
            )

    for label, n_steps in (("one", 1), ("typical", 100)):
        yield Case(
            "scheduled_rates",
            label,
            lambda rng, n_steps=n_steps: {
                "learning_rates": _unset(n_steps),
                "schedule": "CosineDecay",
                "numbers": np.array([0.01, 50, 0.05, 0.1, 20]),
                "first_step": 7,
            },
            ("learning_rates",),
            FUNCTION,
            scale=0.1,
            typical=label == "typical",
            doubles=("learning_rates", "numbers"),
        )


def _positions(image, window, strides, padding, dilation, extra):
    """Height and width of what a window makes of an image; `extra` zeros come after it."""
    return [
        (size + before + after - rate * (taps - 1) - 1) // stride + 1
        for size, before, after, rate, taps, stride in zip(
            image[1:3], padding, extra, dilation, window, strides, strict=True
        )
    ]


def _conv2d_cases():
    for label, image, kernel, strides, padding, dilation, extra, groups in (
        ("one", (1, 1, 1, 1), (1, 1, 1, 1), (1, 1), (0, 0), (1, 1), (0, 0), 1),
        ("valid", (2, 7, 6, 3), (3, 3, 3, 4), (1, 1), (0, 0), (1, 1), (0, 0), 1),
        ("same", (2, 6, 5, 2), (3, 3, 2, 3), (1, 1), (1, 1), (1, 1), (1, 1), 1),
        ("same-even-filter", (1, 6, 5, 2), (2, 4, 2, 3), (1, 1), (0, 1), (1, 1), (1, 2), 1),
        ("same-strides", (2, 7, 8, 3), (3, 3, 3, 2), (2, 2), (1, 0), (1, 1), (1, 1), 1),
        ("strides", (1, 9, 8, 2), (3, 2, 2, 5), (2, 3), (0, 0), (1, 1), (0, 0), 1),
        ("strides-beyond-filter", (1, 8, 9, 2), (1, 2, 2, 3), (3, 4), (0, 0), (1, 1), (0, 0), 1),
        ("dilation", (1, 9, 11, 1), (2, 3, 1, 2), (1, 1), (0, 0), (3, 2), (0, 0), 1),
        ("everything", (3, 11, 9, 2), (3, 5, 2, 3), (2, 1), (2, 3), (1, 2), (1, 3), 1),
        ("one-pixel-output", (2, 4, 3, 2), (4, 3, 2, 5), (1, 1), (0, 0), (1, 1), (0, 0), 1),
        ("one-pixel-image", (3, 1, 1, 2), (3, 3, 2, 2), (1, 1), (1, 1), (1, 1), (1, 1), 1),
        ("all-padding", (1, 2, 3, 2), (2, 3, 2, 2), (1, 1), (4, 5), (1, 1), (3, 4), 1),
        ("one-row", (2, 1, 9, 2), (1, 4, 2, 3), (1, 2), (0, 1), (1, 1), (0, 2), 1),
        ("groups", (2, 5, 6, 6), (3, 2, 2, 9), (1, 1), (1, 0), (1, 1), (1, 1), 3),
        ("depthwise", (2, 6, 5, 5), (3, 3, 1, 5), (1, 2), (1, 1), (1, 1), (1, 1), 5),
        ("depthwise-multiplied", (1, 5, 6, 3), (2, 3, 1, 6), (2, 1), (0, 1), (1, 2), (1, 2), 3),
        ("chunks", (3, 16, 17, 3), (3, 3, 3, 8), (1, 1), (1, 1), (1, 1), (1, 1), 1),
        ("chunks-groups", (2, 19, 14, 8), (3, 3, 4, 12), (2, 1), (1, 1), (1, 1), (1, 1), 2),
        ("chunks-depthwise", (3, 21, 22, 16), (3, 3, 1, 16), (1, 1), (1, 1), (1, 1), (1, 1), 16),
        ("winograd", (1, 9, 7, 32), (3, 3, 32, 33), (1, 1), (1, 1), (1, 1), (1, 1), 1),
        ("typical", (8, 28, 28, 1), (5, 5, 1, 6), (1, 1), (2, 2), (1, 1), (2, 2), 1),
    ):
        out = _positions(image, kernel[:2], strides, padding, dilation, extra)

        def make(
            rng,
            image=image,
            kernel=kernel,
            strides=strides,
            padding=padding,
            dilation=dilation,
            groups=groups,
            out=out,
        ):
            return {
                "x": rng.standard_normal(image),
                "dout": rng.standard_normal((image[0], *out, kernel[3])),
                "kernel": rng.standard_normal(kernel),
                "bias": rng.standard_normal(kernel[3]),
                "strides": strides,
                "padding": padding,
                "dilation_rate": dilation,
                "groups": groups,
            }

        taps = kernel[0] * kernel[1]
        typical = label == "typical"
        yield Case(
            "conv2d_forward",
            label,
            lambda rng, make=make, shape=(image[0], *out, kernel[3]): {
                "out": _unset(*shape),
                **_without("dout", make(rng)),
            },
            ("out",),
            taps * kernel[2] + 1,
            typical=typical,
        )
        yield Case(
            "conv2d_backward_input",
            label,
            lambda rng, make=make, image=image: {
                "dx": _unset(*image),
                **_without("x", "bias", make(rng)),
            },
            ("dx",),
            taps * kernel[3] // groups,
            typical=typical,
        )
        yield Case(
            "conv2d_backward_weight",
            label,
            lambda rng, make=make, kernel=kernel: {
                "dkernel": _unset(*kernel),
                "dbias": _unset(kernel[3]),
                **_without("kernel", "bias", make(rng)),
            },
            ("dkernel", "dbias"),
            image[0] * out[0] * out[1],
            typical=typical,
        )
    for label, (h, w), (kh, kw) in (
        ("one", (1, 1), (1, 1)),
        ("tall-filter", (9, 8), (5, 2)),
        ("wide-filter", (6, 19), (1, 7)),
        ("chunks", (90, 101), (3, 3)),
        ("typical", (256, 256), (3, 3)),
    ):
        yield Case(
            "conv2d_image_forward",
            label,
            lambda rng, h=h, w=w, kh=kh, kw=kw: {
                "out": _unset(h - kh + 1, w - kw + 1),
                "image": rng.standard_normal((h, w)),
                "kernel": rng.standard_normal((kh, kw)),
            },
            ("out",),
            kh * kw,
            typical=label == "typical",
        )


def _pooling_cases():
    for label, image, pool_size, strides, padding, extra in (
        ("one", (1, 1, 1, 1), (1, 1), (1, 1), (0, 0), (0, 0)),
        ("valid", (2, 6, 8, 3), (2, 2), (2, 2), (0, 0), (0, 0)),
        ("odd", (1, 7, 5, 2), (2, 2), (2, 2), (0, 0), (0, 0)),  # the last row is not seen
        ("overlap", (2, 7, 6, 3), (3, 2), (2, 1), (0, 0), (0, 0)),
        ("gaps", (1, 8, 9, 2), (2, 1), (3, 4), (0, 0), (0, 0)),
        ("same", (2, 7, 5, 2), (3, 4), (2, 2), (1, 1), (1, 2)),
        ("same-even", (1, 5, 6, 3), (2, 2), (1, 1), (0, 0), (1, 1)),
        ("whole-image", (3, 4, 3, 2), (4, 3), (4, 3), (0, 0), (0, 0)),
        ("one-row", (2, 1, 9, 1), (1, 3), (1, 2), (0, 1), (0, 1)),
        ("chunks", (3, 22, 25, 9), (3, 3), (2, 2), (1, 1), (1, 1)),
        ("typical", (8, 28, 28, 6), (2, 2), (2, 2), (0, 0), (0, 0)),
    ):
        out = (
            image[0],
            *_positions(image, pool_size, strides, padding, (1, 1), extra),
            image[3],
        )
        window = {"pool_size": pool_size, "strides": strides, "padding": padding}
        typical = label == "typical"
        reduction = pool_size[0] * pool_size[1] + 1

        def argmax(rng, image=image, out=out, window=window):
            """Places in the windows that lie inside the image, so that no gradient is lost."""
            result = np.zeros(out, np.int32)
            twin = importlib.import_module("fastscratch.reference.pooling").max_pool2d_forward
            places, maxima = result.tolist(), result.tolist()
            twin(maxima, places, rng.standard_normal(image).tolist(), *window.values())
            return np.array(places, np.int32)

        yield Case(
            "max_pool2d_forward",
            label,
            lambda rng, image=image, out=out, window=window: {
                "out": _unset(*out),
                "argmax": np.full(out, -1, np.int32),
                "x": rng.integers(-9, 10, image) / 4,  # few values, so that some are equal
                **window,
            },
            ("out", "argmax"),
            0,
            typical=typical,
        )
        yield Case(
            "max_pool2d_backward",
            label,
            lambda rng, image=image, out=out, window=window, argmax=argmax: {
                "dx": _unset(*image),
                "dout": rng.standard_normal(out),
                "argmax": argmax(rng),
                **window,
            },
            ("dx",),
            reduction,
            typical=typical,
        )
        yield Case(
            "average_pool2d_forward",
            label,
            lambda rng, image=image, out=out, window=window: {
                "out": _unset(*out),
                "x": rng.standard_normal(image),
                **window,
            },
            ("out",),
            reduction,
            typical=typical,
        )
        yield Case(
            "average_pool2d_backward",
            label,
            lambda rng, image=image, out=out, window=window: {
                "dx": _unset(*image),
                "dout": rng.standard_normal(out),
                **window,
            },
            ("dx",),
            reduction,
            typical=typical,
        )


def _normalization_cases():
    for label, (rows, units), mean in (
        ("one", (1, 1), 0),
        ("one-row", (1, 7), 0),
        ("one-unit", (9, 1), 0),
        ("odd", (13, 5), 0),
        ("far-from-zero", (40, 10), 1000),
        ("chunks", (1501, 67), 0),
        ("typical", (4096, 32), 0),
    ):
        typical = label == "typical"

        def make(rng, rows=rows, units=units, mean=mean):
            return {
                "x": mean + rng.standard_normal((rows, units)),
                "gamma": rng.standard_normal(units),
                "beta": rng.standard_normal(units),
                "epsilon": 0.001,
            }

        # A constant row or channel is divided by sqrt(epsilon), about 1/32.
        scale = max(mean, 32.0)
        for kind, axis in (("layer", 1),):
            statistics = (units, rows)[axis]

            def backward(rng, make=make, axis=axis, rows=rows, units=units):
                arguments = make(rng)
                x = arguments["x"]
                return {
                    "dx": _unset(rows, units),
                    "dgamma": _unset(units),
                    "dbeta": _unset(units),
                    "dout": rng.standard_normal((rows, units)),
                    "x": x,
                    "mean": x.mean(axis),
                    "variance": x.var(axis),
                    "gamma": arguments["gamma"],
                    "epsilon": 0.001,
                }

            yield Case(
                f"{kind}_norm_forward",
                label,
                lambda rng, make=make, rows=rows, units=units, statistics=statistics: {
                    "out": _unset(rows, units),
                    "mean": _unset(statistics),
                    "variance": _unset(statistics),
                    **make(rng),
                },
                ("out", "mean", "variance"),
                FUNCTION + rows + units,
                scale=scale,
                typical=typical,
            )
            yield Case(
                f"{kind}_norm_backward",
                label,
                backward,
                ("dx", "dgamma", "dbeta"),
                FUNCTION + rows + units,
                scale=scale,
                typical=typical,
            )

        def inference(rng, make=make, rows=rows, units=units, mean=mean):
            arguments = make(rng)
            return {
                "out": _unset(rows, units),
                "x": arguments.pop("x"),
                "mean": mean + rng.standard_normal(units),
                "variance": rng.random(units),
                **arguments,
            }

        yield Case(
            "batch_norm_inference",
            label,
            inference,
            ("out",),
            FUNCTION,
            scale=scale,
            typical=typical,
        )
    for label, size in (("one", 1), ("odd", 7), ("typical", 1000)):
        yield Case(
            "moving_average_update",
            label,
            lambda rng, size=size: {
                "moving": rng.standard_normal(size),
                "batch": rng.standard_normal(size),
                "momentum": 0.99,
            },
            ("moving",),
            3,
            typical=label == "typical",
        )


def _regression_cases():
    def well_conditioned(rng, n, k):
        """Columns with singular values between 1 and 2, or fewer rows than columns."""
        left, _, right = np.linalg.svd(rng.standard_normal((n, k)), full_matrices=False)
        return left * np.linspace(1, 2, min(n, k)) @ right

    def deficient(rng, n, k):
        X = well_conditioned(rng, n, k)
        X[:, -1] = X[:, 0] - 2 * X[:, 1]
        return X

    for label, design, n, k, o in (
        ("one", well_conditioned, 1, 1, 1),
        ("square", well_conditioned, 4, 4, 2),
        ("tall", well_conditioned, 50, 5, 1),
        ("wide", well_conditioned, 3, 7, 2),
        ("collinear", deficient, 20, 4, 1),
        ("zero", lambda rng, n, k: np.zeros((n, k)), 5, 3, 1),
        ("typical", well_conditioned, 500, 20, 1),
    ):
        yield Case(
            "least_squares",
            label,
            lambda rng, design=design, n=n, k=k, o=o: {
                "coefficients": _unset(k, o),
                "pivots": np.zeros(k, int),
                "X": design(rng, n, k),
                "y": rng.standard_normal((n, o)),
                "rcond": 1e-4,
            },
            ("coefficients",),
            4 * n * k,
            typical=label == "typical",
        )
    for label, activation, n, k, o, n_iterations in (
        ("one", "linear", 1, 1, 1, 3),
        ("linear", "linear", 30, 4, 2, 20),
        ("logistic", "sigmoid", 100, 3, 1, 20),
        ("multilabel", "sigmoid", 40, 5, 4, 20),
        ("softmax", "softmax", 60, 4, 3, 20),
        ("chunks", "sigmoid", 3001, 4, 1, 3),
        ("typical", "sigmoid", 100, 3, 1, 500),
    ):
        yield Case(
            "gradient_descent",
            label,
            lambda rng, activation=activation, n=n, k=k, o=o, n_iterations=n_iterations: {
                "coefficients": rng.standard_normal((k, o)),
                "X": rng.standard_normal((n, k)),
                "y": _targets(rng, "multilabel_crossentropy", (n, o)),
                "activation": activation,
                "learning_rate": 0.1,
                "n_iterations": n_iterations,
            },
            ("coefficients",),
            n_iterations * (n + k + FUNCTION),
            typical=label == "typical",
        )


def _compressed_rows(X):
    """A matrix in compressed rows: nonzeros, their columns, and where each row starts."""
    n, columns = np.nonzero(X)
    starts = np.searchsorted(n, np.arange(len(X) + 1))
    return X[n, columns][None], np.ascontiguousarray(columns), starts


def _linear_model_cases():
    for label, n, k in (
        ("one", 1, 1),
        ("wide", 3, 7),
        ("blocks", 300, 5),
        ("chunks", 2001, 6),
        ("typical", 1000, 15),
    ):
        yield Case(
            "qr_update",
            label,
            lambda rng, n=n, k=k: {
                "R": np.triu(rng.standard_normal((k, k))) + 3 * np.eye(k),
                "X": rng.standard_normal((n, k)),
            },
            ("R",),
            4 * n * k,
            scale=np.sqrt(n),
            typical=label == "typical",
        )
    for label, activation, n, k, o, is_sparse in (
        ("one", "sigmoid", 1, 1, 1, False),
        ("linear", "linear", 30, 4, 2, False),
        ("binary", "sigmoid", 70, 5, 1, False),
        ("multilabel", "sigmoid", 70, 9, 3, False),
        ("softmax", "softmax", 65, 9, 3, False),
        ("wide", "softmax", 7, 70, 5, False),
        ("chunks", "sigmoid", 2001, 4, 1, False),
        ("slabs", "softmax", 1100, 3, 3, False),
        ("sparse", "softmax", 40, 12, 3, True),
        ("sparse-chunks", "sigmoid", 1501, 12, 1, True),
        ("typical", "softmax", 200, 15, 4, False),
    ):

        def make(rng, activation=activation, n=n, k=k, o=o, is_sparse=is_sparse):
            X = rng.standard_normal((n, k))
            loss = "categorical_crossentropy" if o > 1 else "binary_crossentropy"
            none = np.zeros(0, int)
            sparse = _compressed_rows(X * (rng.random((n, k)) < 0.3))
            X, columns, starts = sparse if is_sparse else (X, none, none)
            return {
                "coefficients": rng.standard_normal((o, k)) / np.sqrt(k),
                "X": X,
                "columns": columns,
                "starts": starts,
                "y": np.ascontiguousarray(_targets(rng, loss, (n, o)).T),
                "weight": rng.uniform(0.5, 1.5, n) / n,
                "activation": activation,
            }

        typical = label == "typical"
        yield Case(
            "linear_model_loss",
            label,
            lambda rng, make=make, k=k, o=o: {"gradient": _unset(o, k), **make(rng)},
            ("gradient",),
            n + k + FUNCTION,
            typical=typical,
        )
        yield Case(
            "linear_model_hessian",
            label,
            lambda rng, make=make, k=k, o=o: {
                "hessian": _unset(o * k, o * k),
                **_without("y", make(rng)),
            },
            ("hessian",),
            n + k + FUNCTION,
            typical=typical,
        )
        for kernel in ("proximal_gradient", "proximal_gradient_accelerated"):
            if label == "slabs":
                continue

            def descend(rng, make=make, kernel=kernel, k=k):
                arguments = make(rng)
                coefficients = arguments.pop("coefficients")
                activation = arguments.pop("activation")
                head = {"coefficients": coefficients}
                length = {"learning_rate": 0.1}
                if kernel == "proximal_gradient_accelerated":
                    head |= {"ahead": coefficients.copy(), "state": np.array([1.0, 0.5 / k])}
                    length = {}
                return {
                    **head,
                    **arguments,
                    "l2": rng.uniform(0, 0.1, k),
                    "l1": rng.uniform(0, 0.1, k),
                    "activation": activation,
                    **length,
                    "tol": 0.0,
                    "max_iter": 5,
                }

            yield Case(
                kernel,
                label,
                descend,
                ("coefficients",)
                if kernel == "proximal_gradient"
                else ("coefficients", "ahead", "state"),
                10 * (n + k + FUNCTION),
                typical=typical,
            )


def _random_cases():
    yield Case(
        "random_bits",
        "typical",
        lambda rng: {"seed": 3, "stream": 1, "index": 5},
        (),
        0,
        typical=True,
    )
    for label, size in (("one", 1), ("odd", 7), ("typical", 10_000)):
        for kernel, reduction in (("random_uniform", 0), ("random_normal", FUNCTION)):
            yield Case(
                kernel,
                label,
                lambda rng, size=size: {"out": _unset(size), "seed": 2**63 - 1, "stream": 4},
                ("out",),
                reduction,
                typical=label == "typical",
            )
        yield Case(
            "shuffle",
            label,
            lambda rng, size=size: {"order": np.zeros(size, int), "seed": 42, "epoch": 3},
            ("order",),
            0,
            typical=label == "typical",
        )


#: Every case of every public kernel.
CASES: tuple[Case, ...] = (
    *_activation_cases(),
    *_loss_cases(),
    *_dense_cases(),
    *_matmul_cases(),
    *_optimizer_cases(),
    *_schedule_cases(),
    *_conv2d_cases(),
    *_pooling_cases(),
    *_normalization_cases(),
    *_regression_cases(),
    *_linear_model_cases(),
    *_random_cases(),
)
