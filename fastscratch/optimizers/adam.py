"""Adam and its variants."""

import dataclasses
from typing import ClassVar

from .optimizer import Optimizer
from .schedules import LearningRateSchedule


@dataclasses.dataclass(repr=False)
class Adam(Optimizer):
    """Steps along ``mean / (sqrt(mean_square) + epsilon)``.

    The running means of the gradient and of its square are corrected for their start at 0.

    Parameters
    ----------
    learning_rate : float or LearningRateSchedule
        Not negative; at 0 the weights stay.
    beta_1, beta_2 : float
        Fraction of the running mean of the gradient, and of its square, that is kept in each step;
        from 0 to below 1.
    epsilon : float
        Prevents a division by zero.
    amsgrad : bool
        Whether the largest mean square so far takes the place of the mean square, so that one large
        gradient is not forgotten.
    **kwargs
        What all optimisers take, such as `weight_decay`: see :class:`Optimizer`.

    References
    ----------
    Kingma and Ba (2015), Adam: a method for stochastic optimization.
    Reddi, Kale and Kumar (2018), On the convergence of Adam and beyond.

    Examples
    --------
    >>> from fastscratch import Sequential, layers, optimizers
    >>> # one step down w**2 from w = 1, where the derivative is 2
    >>> square = layers.Dense(1, use_bias=False, kernel_initializer="ones")
    >>> model = Sequential([layers.Input((1,)), square])
    >>> model.compile(optimizers.Adam(0.1), "mean_squared_error")
    >>> loss = model.train_on_batch([[1.0]], [[0.0]])
    >>> round(model.get_weights()[0].item(), 4)
    0.9
    """

    learning_rate: float | LearningRateSchedule = 0.001
    beta_1: float = 0.9
    beta_2: float = 0.999
    epsilon: float = 1e-7
    amsgrad: bool = False
    name: str | None = dataclasses.field(default="adam", kw_only=True)

    @property
    def kind(self) -> str:
        return "amsgrad" if self.amsgrad else "adamw" if self.weight_decay else "adam"

    @property
    def slots(self) -> tuple[str, ...]:
        return _moments(self.amsgrad)

    def _rest(self) -> tuple[float, ...]:
        return self.beta_1, self.beta_2, self.epsilon


@dataclasses.dataclass(repr=False)
class AdamW(Optimizer):
    """:class:`Adam` with weight decay by default.

    Parameters
    ----------
    learning_rate : float or LearningRateSchedule
        Not negative; at 0 the weights stay.
    weight_decay : float
        In each step the weights are also reduced by ``learning_rate * weight_decay * weights``;
        None is 0.
    beta_1, beta_2, epsilon : float
    amsgrad : bool
        As in :class:`Adam`.
    **kwargs
        What all optimisers take, such as `weight_decay`: see :class:`Optimizer`.

    References
    ----------
    Loshchilov and Hutter (2019), Decoupled weight decay regularization.

    Examples
    --------
    >>> from fastscratch import Sequential, layers, optimizers
    >>> # one step down w**2 from w = 1, where the derivative is 2
    >>> square = layers.Dense(1, use_bias=False, kernel_initializer="ones")
    >>> model = Sequential([layers.Input((1,)), square])
    >>> model.compile(optimizers.AdamW(0.1), "mean_squared_error")
    >>> loss = model.train_on_batch([[1.0]], [[0.0]])
    >>> round(model.get_weights()[0].item(), 4)
    0.8996
    """

    learning_rate: float | LearningRateSchedule = 0.001
    weight_decay: float | None = 0.004
    beta_1: float = 0.9
    beta_2: float = 0.999
    epsilon: float = 1e-7
    amsgrad: bool = False
    name: str | None = dataclasses.field(default="adamw", kw_only=True)

    @property
    def kind(self) -> str:
        return "amsgrad" if self.amsgrad else "adamw"

    @property
    def slots(self) -> tuple[str, ...]:
        return _moments(self.amsgrad)

    def _rest(self) -> tuple[float, ...]:
        return self.beta_1, self.beta_2, self.epsilon


@dataclasses.dataclass(repr=False)
class Nadam(Optimizer):
    """:class:`Adam` with Nesterov's momentum.

    The mean of the gradient is taken one step ahead, and its momentum grows to `beta_1`.

    Parameters
    ----------
    learning_rate : float or LearningRateSchedule
        Not negative; at 0 the weights stay.
    beta_1, beta_2, epsilon : float
        As in :class:`Adam`.
    **kwargs
        What all optimisers take, such as `weight_decay`: see :class:`Optimizer`.

    References
    ----------
    Dozat (2016), Incorporating Nesterov momentum into Adam.

    Examples
    --------
    >>> from fastscratch import Sequential, layers, optimizers
    >>> # one step down w**2 from w = 1, where the derivative is 2
    >>> square = layers.Dense(1, use_bias=False, kernel_initializer="ones")
    >>> model = Sequential([layers.Input((1,)), square])
    >>> model.compile(optimizers.Nadam(0.1), "mean_squared_error")
    >>> loss = model.train_on_batch([[1.0]], [[0.0]])
    >>> round(model.get_weights()[0].item(), 4)
    0.8937
    """

    learning_rate: float | LearningRateSchedule = 0.001
    beta_1: float = 0.9
    beta_2: float = 0.999
    epsilon: float = 1e-7
    name: str | None = dataclasses.field(default="nadam", kw_only=True)

    kind: ClassVar[str] = "nadam"
    slots: ClassVar[tuple[str, ...]] = ("mean", "mean_square")

    def _rest(self) -> tuple[float, ...]:
        return self.beta_1, self.beta_2, self.epsilon


@dataclasses.dataclass(repr=False)
class Adamax(Optimizer):
    """:class:`Adam` with the largest gradient of late in place of the root of the mean square.

    The largest one shrinks to its fraction `beta_2` in each step.

    Parameters
    ----------
    learning_rate : float or LearningRateSchedule
        Not negative; at 0 the weights stay.
    beta_1, beta_2, epsilon : float
        As in :class:`Adam`.
    **kwargs
        What all optimisers take, such as `weight_decay`: see :class:`Optimizer`.

    References
    ----------
    Kingma and Ba (2015), Adam: a method for stochastic optimization, section 7.1.

    Examples
    --------
    >>> from fastscratch import Sequential, layers, optimizers
    >>> # one step down w**2 from w = 1, where the derivative is 2
    >>> square = layers.Dense(1, use_bias=False, kernel_initializer="ones")
    >>> model = Sequential([layers.Input((1,)), square])
    >>> model.compile(optimizers.Adamax(0.1), "mean_squared_error")
    >>> loss = model.train_on_batch([[1.0]], [[0.0]])
    >>> round(model.get_weights()[0].item(), 4)
    0.9
    """

    learning_rate: float | LearningRateSchedule = 0.001
    beta_1: float = 0.9
    beta_2: float = 0.999
    epsilon: float = 1e-7
    name: str | None = dataclasses.field(default="adamax", kw_only=True)

    kind: ClassVar[str] = "adamax"
    slots: ClassVar[tuple[str, ...]] = ("mean", "largest")

    def _rest(self) -> tuple[float, ...]:
        return self.beta_1, self.beta_2, self.epsilon


def _moments(amsgrad: bool) -> tuple[str, ...]:
    """What is remembered."""
    return ("mean", "mean_square", "largest_mean_square") if amsgrad else ("mean", "mean_square")
