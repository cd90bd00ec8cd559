"""Compile every kernel before its first use."""

import time
from collections.abc import Callable, Iterator, Sequence

import numpy as np

from . import layers, losses, optimizers
from .kernels.codes import ACTIVATIONS
from .models import Sequential

__all__ = ["warmup"]


def warmup(report: Callable[[str], None] | None = None) -> float:
    """Compile every kernel for float32 and float64, or load it from the disk cache.

    This includes, in float32, what a :class:`Sequential` of any layers, loss and optimiser needs.

    Parameters
    ----------
    report : callable, optional
        Called with one line of text after each kernel.

    Returns
    -------
    float
        Seconds it took.
    """
    from .cases import CASES, kernel_call  # the small inputs of the tests

    start = time.perf_counter()

    def done(name: str, begin: float) -> None:
        if report is not None:
            report(f"{name:<36}{time.perf_counter() - begin:6.2f} s")

    for name in dict.fromkeys(case.kernel for case in CASES):
        begin = time.perf_counter()
        case = next(case for case in CASES if case.kernel == name)
        for dtype in (np.float32, np.float64):
            kernel, arguments = kernel_call(case, dtype)
            kernel(*arguments)
        done(name, begin)
    begin = time.perf_counter()
    for model in _models():
        shape, loss = model.layers[0].input_shape, model.loss
        assert shape is not None  # each model below is given both
        assert loss is not None
        x = np.zeros((BATCH, *shape), np.float32)
        y = np.zeros(BATCH) if loss.takes_labels else model.predict(x).clip(0, 1)
        model.fit(x, y, BATCH, sample_weight=np.ones(BATCH), verbose=0)
        model.evaluate(x, y)
        x.flags.writeable = False  # another type for Numba
        model.predict(x)
    done("Sequential", begin)
    return time.perf_counter() - start


# Samples in a step: enough to fill a vector, and to make a team of threads worthwhile.
BATCH = 32
WIDE = 400


def _models() -> Iterator[Sequential]:
    """Small models that together reach every operation of a program."""
    for activation in ACTIVATIONS:  # in a hidden layer, as a layer, and in the last layer
        hidden = [layers.Dense(2, activation, input_shape=(2,)), layers.Dropout(0.5)]
        yield _compiled([*hidden, layers.Activation(activation), layers.Dense(2, activation)])
    for loss in (
        losses.MeanAbsoluteError(),
        losses.Huber(),
        losses.Poisson(),
        losses.BinaryCrossentropy(from_logits=True),
        losses.MultilabelCrossentropy(from_logits=True),
        losses.CategoricalCrossentropy(from_logits=True, label_smoothing=0.1),
        losses.SparseCategoricalCrossentropy(from_logits=True),
    ):
        yield _compiled([layers.Dense(2, input_shape=(2,))], loss=loss)
    for optimizer in (
        optimizers.SGD(momentum=0.5),
        optimizers.RMSprop(),
        optimizers.RMSprop(momentum=0.5),
        optimizers.Adagrad(),
        optimizers.Adam(),
        optimizers.AdamW(),
        optimizers.SGD(clipvalue=1.0),
        optimizers.SGD(global_clipnorm=1.0),
    ):
        yield _compiled([layers.Dense(2, input_shape=(2,), kernel_regularizer="l2")], optimizer)
    wide = [layers.Dense(WIDE, input_shape=(WIDE,)), layers.Dense(WIDE // 8)]
    yield _compiled(wide)  # for a team of threads; its last layer is divided up by inputs
    # With few filters the samples are innermost in memory, with many the channels.
    for filters, end in ((2, layers.Flatten()), (2, layers.GlobalAveragePooling2D())):
        yield _compiled([*_images(filters), end, layers.Dense(2)])
    for filters, size, pool in ((2, 2, layers.MaxPooling2D()), (32, 3, layers.AveragePooling2D())):
        # After max pooling most of the gradient is zero; filters of 3 x 3 are for Winograd.
        ahead = layers.Conv2D(32 if size == 3 else 16, 1, input_shape=(8, 8, 1))
        follow = [layers.Conv2D(filters, size), pool, layers.Flatten(), layers.Dense(2)]
        yield _compiled([ahead, *follow])
    many = layers.Conv2D(WIDE, 1), layers.GlobalAveragePooling2D(), layers.Reshape((WIDE, 1))
    normalized = [
        layers.MaxPooling2D(1),  # not after a convolution, which would find the maxima itself
        layers.BatchNormalization(),
        layers.BatchNormalization(trainable=False),
        layers.LayerNormalization(),
    ]
    yield _compiled([*_images(2), *normalized, *many, layers.Flatten(), layers.Dense(2)])


def _images(filters: int) -> list[layers.Layer]:
    """Layers for images."""
    return [
        layers.Conv2D(filters, 2, input_shape=(8, 8, 1), activation="relu"),
        layers.MaxPooling2D(),
        layers.Conv2D(filters, 2, activation="relu"),
        layers.AveragePooling2D(),
    ]


def _compiled(
    hidden: Sequence[layers.Layer],
    optimizer: optimizers.Optimizer | str = "sgd",
    loss: losses.Loss | str = "mean_squared_error",
) -> Sequential:
    model = Sequential(hidden)
    model.compile(optimizer, loss, ["accuracy"])
    return model
