"""What the fits of a search have in common, made once.

All candidates of a fold are fitted to the same samples, and those with the same layers and seed
begin with the same weights. :class:`Shared` makes such things at their first use and keeps them;
:func:`anew` makes them for each fit, as outside of a search.
"""

from collections.abc import Callable, Hashable
from typing import Any

__all__ = ["Make", "Same", "Shared", "anew"]

#: Makes what has a key, with a function without arguments, or returns what it made before.
Make = Callable[[Hashable, Callable[[], Any]], Any]


class Same:
    """A key that is equal where it is of the same object, such as an array."""

    def __init__(self, value: Any):
        self._value = value  # alive as long as the key, so that no other object has its id

    def __hash__(self) -> int:
        return id(self._value)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Same) and other._value is self._value


class Shared:
    """Things that are made once for each key."""

    def __init__(self) -> None:
        self._known: dict[Hashable, Any] = {}

    def __call__(self, key: Hashable, make: Callable[[], Any]) -> Any:
        if key not in self._known:
            self._known[key] = make()
        return self._known[key]


def anew(key: Hashable, make: Callable[[], Any]) -> Any:
    """What `make` returns."""
    return make()
