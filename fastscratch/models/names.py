"""Names of layers, as Keras makes them."""

from collections.abc import Collection, Iterable

from ..layers import Layer


def numbered(kind: str, names: Collection[str]) -> str:
    """The class in small letters, with a number if the name is taken."""
    snake = "".join(f"_{c.lower()}" if c.isupper() and i else c.lower() for i, c in enumerate(kind))
    for dimensions in "12":
        snake = snake.replace(f"{dimensions}_d", f"{dimensions}d")
    name, number = snake, 0
    while name in names:
        number += 1
        name = f"{snake}_{number}"
    return name


def name_layers(layers: Iterable[Layer]) -> None:
    """Give names to the layers that have none.

    Raises
    ------
    ValueError
        If two have the same.
    """
    names: list[str] = []
    for layer in layers:
        if layer.name in names:
            raise ValueError(f"every layer of a model has its own name, got {layer.name!r} again")
        if layer.name is None:
            layer.name = numbered(type(layer).__name__, names)
        names.append(layer.name)
