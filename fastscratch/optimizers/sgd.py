"""Gradient descent, and steps of one length."""

import dataclasses
from typing import ClassVar

from .optimizer import Optimizer
from .schedules import LearningRateSchedule


@dataclasses.dataclass(repr=False)
class SGD(Optimizer):
    """Stochastic gradient descent, ``parameters -= learning_rate * gradient``.

    The gradient is the mean over the mini-batch. With momentum,
    ``velocity = momentum * velocity - learning_rate * gradient`` and
    ``parameters += velocity``.

    Parameters
    ----------
    learning_rate : float or LearningRateSchedule
        Not negative; at 0 the weights stay.
    momentum : float
        Fraction of the velocity that is kept in each step; from 0 to below 1.
    nesterov : bool
        Whether to use Nesterov's momentum: the parameters move by
        ``momentum * velocity - learning_rate * gradient``, with the new velocity.
    **kwargs
        What all optimisers take, such as `weight_decay`: see :class:`Optimizer`.

    Examples
    --------
    >>> from fastscratch import Sequential, layers, optimizers
    >>> # one step down w**2 from w = 1, where the derivative is 2
    >>> square = layers.Dense(1, use_bias=False, kernel_initializer="ones")
    >>> model = Sequential([layers.Input((1,)), square])
    >>> model.compile(optimizers.SGD(0.1), "mean_squared_error")
    >>> loss = model.train_on_batch([[1.0]], [[0.0]])
    >>> round(model.get_weights()[0].item(), 4)
    0.8
    """

    learning_rate: float | LearningRateSchedule = 0.01
    momentum: float = 0.0
    nesterov: bool = False
    name: str | None = dataclasses.field(default="SGD", kw_only=True)

    @property
    def kind(self) -> str:
        return "momentum" if self.momentum else "sgd"

    @property
    def slots(self) -> tuple[str, ...]:
        return ("velocity",) if self.momentum else ()

    def _rest(self) -> tuple[float, ...]:
        return (self.momentum, self.nesterov) if self.momentum else ()


@dataclasses.dataclass(repr=False)
class Lion(Optimizer):
    """Steps of one learning rate up or down, by the sign of a mean gradient.

    ``parameters -= learning_rate * sign(beta_1 * mean + (1 - beta_1) * gradient)`` and then
    ``mean = beta_2 * mean + (1 - beta_2) * gradient``. Every weight moves by a whole learning rate,
    which must therefore be smaller than that of :class:`Adam`, by a factor of 3 to 10.

    Parameters
    ----------
    learning_rate : float or LearningRateSchedule
        Not negative; at 0 the weights stay.
    beta_1 : float
        Weight of the running mean in the sign of a step, against that of the gradient; from 0 to
        below 1.
    beta_2 : float
        Fraction of the running mean of the gradient that is kept in each step; from 0 to below 1.
    **kwargs
        What all optimisers take, such as `weight_decay`: see :class:`Optimizer`.

    References
    ----------
    Chen et al. (2023), Symbolic discovery of optimization algorithms.

    Examples
    --------
    >>> from fastscratch import Sequential, layers, optimizers
    >>> # one step down w**2 from w = 1, where the derivative is 2
    >>> square = layers.Dense(1, use_bias=False, kernel_initializer="ones")
    >>> model = Sequential([layers.Input((1,)), square])
    >>> model.compile(optimizers.Lion(0.1), "mean_squared_error")
    >>> loss = model.train_on_batch([[1.0]], [[0.0]])
    >>> round(model.get_weights()[0].item(), 4)
    0.9
    """

    learning_rate: float | LearningRateSchedule = 0.001
    beta_1: float = 0.9
    beta_2: float = 0.99
    name: str | None = dataclasses.field(default="lion", kw_only=True)

    kind: ClassVar[str] = "lion"
    slots: ClassVar[tuple[str, ...]] = ("mean",)

    def _rest(self) -> tuple[float, ...]:
        return self.beta_1, self.beta_2
