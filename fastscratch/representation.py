"""How objects show themselves: as the call that makes them."""

import inspect
from typing import Any


def representation(thing: Any) -> str:
    """The class of an object with the arguments that are not the defaults of its constructor.

    Arguments are read from the attributes of the same names; those without one are left out.
    """
    shown = []
    for name, parameter in inspect.signature(type(thing).__init__).parameters.items():
        value = getattr(thing, name, parameter.default)
        if parameter.default is parameter.empty and hasattr(thing, name):
            shown.append(_text(value))
        elif value is not parameter.default and value != parameter.default:
            shown.append(f"{name}={_text(value)}")
    return f"{type(thing).__name__}({', '.join(shown)})"


def _text(value: Any) -> str:
    return value.__name__ if inspect.isfunction(value) else repr(value)
