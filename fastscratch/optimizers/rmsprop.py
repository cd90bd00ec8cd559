"""Gradients over the root of their mean square, or of the sum of their squares."""

import dataclasses
from typing import ClassVar

from .optimizer import Optimizer
from .schedules import LearningRateSchedule


@dataclasses.dataclass(repr=False)
class RMSprop(Optimizer):
    """Steps along ``gradient / sqrt(mean_square + epsilon)``, with a running mean of the square.

    Parameters
    ----------
    learning_rate : float or LearningRateSchedule
        Not negative; at 0 the weights stay.
    rho : float
        Fraction of the running mean that is kept in each step; from 0 to below 1.
    momentum : float
        Fraction of the previous step that is added to each step; from 0 to below 1.
    epsilon : float
        Prevents a division by zero.
    centered : bool
        Whether the square of the mean gradient is subtracted from the mean square, which makes it
        the variance.
    **kwargs
        What all optimisers take, such as `weight_decay`: see :class:`Optimizer`.

    References
    ----------
    Tieleman and Hinton (2012), Neural networks for machine learning, lecture 6.5.

    Examples
    --------
    >>> from fastscratch import Sequential, layers, optimizers
    >>> # one step down w**2 from w = 1, where the derivative is 2
    >>> square = layers.Dense(1, use_bias=False, kernel_initializer="ones")
    >>> model = Sequential([layers.Input((1,)), square])
    >>> model.compile(optimizers.RMSprop(0.1), "mean_squared_error")
    >>> loss = model.train_on_batch([[1.0]], [[0.0]])
    >>> round(model.get_weights()[0].item(), 4)
    0.6838
    """

    learning_rate: float | LearningRateSchedule = 0.001
    rho: float = 0.9
    momentum: float = 0.0
    epsilon: float = 1e-7
    centered: bool = False
    name: str | None = dataclasses.field(default="rmsprop", kw_only=True)

    @property
    def kind(self) -> str:
        return "rmsprop_momentum" if self.momentum or self.centered else "rmsprop"

    @property
    def slots(self) -> tuple[str, ...]:
        if self.momentum or self.centered:
            return "mean_square", "mean", "velocity"
        return ("mean_square",)

    def _rest(self) -> tuple[float, ...]:
        if self.momentum or self.centered:
            return self.rho, self.epsilon, self.momentum, self.centered
        return self.rho, self.epsilon


@dataclasses.dataclass(repr=False)
class Adagrad(Optimizer):
    """Steps along ``gradient / sqrt(sum + epsilon)``, with the sum of all its squares so far.

    Parameters
    ----------
    learning_rate : float or LearningRateSchedule
        Not negative; at 0 the weights stay.
    initial_accumulator_value : float
        First value of the sum; not negative.
    epsilon : float
        Prevents a division by zero.
    **kwargs
        What all optimisers take, such as `weight_decay`: see :class:`Optimizer`.

    References
    ----------
    Duchi, Hazan and Singer (2011), Adaptive subgradient methods for online learning and stochastic
    optimization.

    Examples
    --------
    >>> from fastscratch import Sequential, layers, optimizers
    >>> # one step down w**2 from w = 1, where the derivative is 2
    >>> square = layers.Dense(1, use_bias=False, kernel_initializer="ones")
    >>> model = Sequential([layers.Input((1,)), square])
    >>> model.compile(optimizers.Adagrad(0.1), "mean_squared_error")
    >>> loss = model.train_on_batch([[1.0]], [[0.0]])
    >>> round(model.get_weights()[0].item(), 4)
    0.9012
    """

    learning_rate: float | LearningRateSchedule = 0.001
    initial_accumulator_value: float = 0.1
    epsilon: float = 1e-7
    name: str | None = dataclasses.field(default="adagrad", kw_only=True)

    kind: ClassVar[str] = "adagrad"
    slots: ClassVar[tuple[str, ...]] = ("sum_of_squares",)

    @property
    def slot_start(self) -> float:
        return self.initial_accumulator_value

    def _rest(self) -> tuple[float, ...]:
        return (self.epsilon,)


@dataclasses.dataclass(repr=False)
class Adadelta(Optimizer):
    """Steps along ``gradient * rms(steps) / rms(gradients)``, with running root mean squares.

    The step has the unit of the weights. In the paper the learning rate is 1.

    Parameters
    ----------
    learning_rate : float or LearningRateSchedule
        Not negative; at 0 the weights stay.
    rho : float
        Fraction of the two running means that is kept in each step; from 0 to below 1.
    epsilon : float
        Added to both mean squares; the first step is as long as its root.
    **kwargs
        What all optimisers take, such as `weight_decay`: see :class:`Optimizer`.

    References
    ----------
    Zeiler (2012), ADADELTA: an adaptive learning rate method.

    Examples
    --------
    >>> from fastscratch import Sequential, layers, optimizers
    >>> # one step down w**2 from w = 1, where the derivative is 2
    >>> square = layers.Dense(1, use_bias=False, kernel_initializer="ones")
    >>> model = Sequential([layers.Input((1,)), square])
    >>> model.compile(optimizers.Adadelta(1.0), "mean_squared_error")
    >>> loss = model.train_on_batch([[1.0]], [[0.0]])
    >>> round(model.get_weights()[0].item(), 4)
    0.9986
    """

    learning_rate: float | LearningRateSchedule = 0.001
    rho: float = 0.95
    epsilon: float = 1e-7
    name: str | None = dataclasses.field(default="adadelta", kw_only=True)

    kind: ClassVar[str] = "adadelta"
    slots: ClassVar[tuple[str, ...]] = ("mean_square", "mean_square_step")

    def _rest(self) -> tuple[float, ...]:
        return self.rho, self.epsilon
