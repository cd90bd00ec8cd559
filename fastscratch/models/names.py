"""Names of layers, inputs and outputs, as Keras makes them."""

from collections.abc import Collection, Iterable, Sequence

from ..layers import Layer


def numbered(kind: str, names: Collection[str]) -> str:
    """The class in small letters, with a number if the name is taken."""
    snake = "".join(f"_{c.lower()}" if c.isupper() and i else c.lower() for i, c in enumerate(kind))
    for dimensions in "12":
        snake = snake.replace(f"{dimensions}_d", f"{dimensions}d")
    return different(snake, names)


def name_of(layer: Layer) -> str:
    """The name of a layer; before a model has given it one, that of its class."""
    return layer.name or type(layer).__name__


def different(name: str, names: Collection[str]) -> str:
    """The name, with a number if it is taken."""
    found, number = name, 0
    while found in names:
        number += 1
        found = f"{name}_{number}"
    return found


def all_named(what: str, kinds: Iterable[str], given: Sequence[str | None]) -> list[str]:
    """The given names, and others where there is none.

    Raises
    ------
    ValueError
        If two are the same.
    """
    taken: set[str] = set()
    for name in given:
        if name in taken:
            raise ValueError(f"every {what} of a model has its own name, got {name!r} again")
        if name is not None:
            taken.add(name)
    names = []
    for kind, name in zip(kinds, given, strict=True):
        if name is None:
            name = numbered(kind, taken)
            taken.add(name)
        names.append(name)
    return names


def name_layers(layers: Sequence[Layer]) -> None:
    """Give names to the layers that have none, numbered in the order in which they were made.

    Raises
    ------
    ValueError
        If two have the same.
    """
    made = sorted(layers, key=lambda layer: layer._made)
    kinds = (type(layer).__name__ for layer in made)
    names = all_named("layer", kinds, [layer.name for layer in made])
    for layer, name in zip(made, names, strict=True):
        layer._take_name(name)
