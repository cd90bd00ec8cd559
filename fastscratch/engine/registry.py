"""Which kinds of layers the engine can lower, and how."""

import dataclasses
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from ..kernels.activations import Activation
from ..layers import Layer

if TYPE_CHECKING:
    from .network import Placed
    from .plan import Plan, Tensor


KindOfLayer = TypeVar("KindOfLayer", bound=Layer, covariant=True)


@dataclasses.dataclass(frozen=True)
class LayerCall(Generic[KindOfLayer]):
    """A layer at its place in a network, to be lowered.

    Attributes
    ----------
    layer : Layer
    weights : list of Placed
    inputs : list of Tensor
        What it reads.
    shape : tuple of int
        Of one sample that it returns.
    activation : Activation
        The last that it computes; not always the layer's own, see `lowering`.
    number : int
        Of its node.
    gradient : int or None
        Where the gradient of its weights goes, if the layer is called more than once.
    """

    layer: KindOfLayer
    weights: "list[Placed]"
    inputs: "list[Tensor]"
    shape: tuple[int, ...]
    activation: Activation
    number: int
    gradient: int | None = None

    @property
    def input(self) -> "Tensor":
        """What it reads, if that is one tensor."""
        return self.inputs[0]

    def replaced(self, **changes: Any) -> "LayerCall[Any]":
        """The same with some attributes changed."""
        return dataclasses.replace(self, **changes)


#: The tensor that a layer computes, and a function that adds the backward phases.
Lowered = tuple["Tensor", Callable[[], None]]
#: A function that adds the forward phases of a layer.
Lower = Callable[["Plan", LayerCall[Any]], Lowered]
KindOfLower = TypeVar("KindOfLower", bound=Lower)


@dataclasses.dataclass(frozen=True)
class Lowering:
    """How a kind of layer is lowered, and what it can do.

    Attributes
    ----------
    lower : function
    takes_activation : bool
        Whether its phases can include the activation after it.
    on_lanes : bool
        Whether it also works with samples innermost.
    leaves_lanes : bool
        Whether samples that are innermost become rows again in it.
    """

    lower: Lower
    takes_activation: bool = False
    on_lanes: bool = False
    leaves_lanes: bool = False


_LOWERINGS: dict[type[Layer], Lowering] = {}


def lowers(*kinds: type[Layer], **abilities: bool) -> Callable[[KindOfLower], KindOfLower]:
    """Register a function that lowers these kinds of layers; see :class:`Lowering`."""

    def register(lower: KindOfLower) -> KindOfLower:
        for kind in kinds:
            _LOWERINGS[kind] = Lowering(lower, **abilities)
        return lower

    return register


def lowering_of(layer: Layer) -> Lowering:
    """How a layer is lowered.

    Raises
    ------
    TypeError
        If its kind is not registered, such as a user's own subclass.
    """
    try:
        return _LOWERINGS[type(layer)]
    except KeyError:
        raise TypeError(
            f"{type(layer).__name__} is no layer that can be computed: there is no lowering "
            "for it; use a layer of fastscratch.layers, not a subclass"
        ) from None


def lowered_kinds() -> list[type[Layer]]:
    """All kinds of layers that the engine knows."""
    return list(_LOWERINGS)
