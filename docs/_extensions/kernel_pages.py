"""Reference pages of the kernels and their twins, one for each module, linked with each other."""

import copy
import importlib
import inspect
import math
import pkgutil
import pprint
from collections.abc import Iterator
from typing import Any

import numpy as np

from fastscratch import kernels, reference
from fastscratch.cases import CASES, Case, twin_call
from fastscratch.kernels import KERNELS

#: Examples have about this many numbers: enough to see a pattern, not too many to read.
NUMBERS = 30
DIGITS = 4


def pages() -> Iterator[tuple[str, str]]:
    """All pages: the path of each in the folder of generated pages, and its reStructuredText."""
    for module in kernels.MODULES:
        name = module.__name__.rpartition(".")[2]
        yield f"kernels/{name}", "\n".join(_kernel_page(name, module))
    for found in pkgutil.walk_packages(reference.__path__, f"{reference.__name__}."):
        name = found.name.removeprefix(f"{reference.__name__}.")
        yield f"twins/{name}", "\n".join(_twin_page(name, importlib.import_module(found.name)))


def _kernel_page(name: str, module: Any) -> Iterator[str]:
    """Each kernel of a module beside its twin."""
    # Code side by side needs the room of the right sidebar.
    yield from (":html_theme.sidebar_secondary.remove: true", "", *_title(name, "="))
    yield from (f".. automodule:: {module.__name__}", "")
    for kernel in module.__all__:
        yield from (*_title(kernel, "-"), f".. autofunction:: {module.__name__}.{kernel}", "")
        yield from (f".. beside:: {name}.{kernel}", "", *example_of(kernel), "")


def _twin_page(name: str, module: Any) -> Iterator[str]:
    """Each twin of a module, with a link to its kernel."""
    # No target for links: names of modules in a text mean kernels or what people import.
    yield from (*_title(name, "="), f".. automodule:: {module.__name__}", "   :no-index:", "")
    for function in _own(module):
        directive = "autoclass" if inspect.isclass(function) else "autofunction"
        yield from (f".. {directive}:: {module.__name__}.{function.__name__}", "")
        if function.__name__ in KERNELS:
            kernel = f"fastscratch.kernels.{name}.{function.__name__}"
            yield from (f"   Kernel: :func:`{function.__name__} <{kernel}>`", "")


def _own(module: Any) -> list[Any]:
    """The functions and classes that a module defines, but for those with an underscore."""
    return [
        thing
        for name, thing in vars(module).items()
        if getattr(thing, "__module__", None) == module.__name__ and name[0] != "_"
    ]


def _title(text: str, line: str) -> tuple[str, ...]:
    return text, line * len(text), ""


def example_of(kernel: str) -> Iterator[str]:
    """A small case of the equivalence tests: what goes in, and what the twin makes of it.

    Parameters
    ----------
    kernel : str
        Its name.

    Yields
    ------
    str
        Lines of reStructuredText.
    """
    case = min((case for case in CASES if case.kernel == kernel), key=_distance)
    twin, arguments = twin_call(case, np.float64)
    given = dict(zip(inspect.signature(twin).parameters, arguments, strict=True))
    before = {name: copy.deepcopy(value) for name, value in given.items() if not _is_unset(value)}
    returned = twin(*arguments)
    written = {name: given[name] for name in case.outputs}
    if returned is not None:
        written["returned"] = returned
    yield "An example, rounded. The tests compare kernel and twin on it, and on many more:"
    yield from ("", ".. code-block:: python", "")
    call = f"{kernel}({', '.join(given)})"
    for line in (*_lines(before, "{} = "), call, *_lines(written, "# {}: ")):
        yield f"   {line}"


def _distance(case: Case) -> float:
    """How far the size of a case is from one that is good to read."""
    arguments = case.arguments(np.float64).values()
    return abs(math.log(sum(np.size(argument) for argument in arguments) / NUMBERS))


def _is_unset(value: Any) -> bool:
    """Whether a list holds nothing yet: the cases fill what is to be written with NaN."""
    return isinstance(value, list) and np.isnan(value).all()


def _lines(values: dict[str, Any], head: str) -> Iterator[str]:
    for name, value in values.items():
        first = head.format(name)
        width = 98 - len(first)
        text = pprint.pformat(_rounded(value), width=width, compact=True).splitlines()
        rest = ("#" if first[0] == "#" else "").ljust(len(first))
        yield from (f"{first if i == 0 else rest}{line}" for i, line in enumerate(text))


def _rounded(value: Any) -> Any:
    if isinstance(value, list | tuple):
        return type(value)(_rounded(entry) for entry in value)
    # The sum turns -0.0 into 0.0.
    return float(f"{value:.{DIGITS}g}") + 0.0 if isinstance(value, float) else value
