"""Reference pages of the kernels, one for each module: each kernel beside its twin."""

from typing import Any


def page_of(module: Any) -> str:
    """The page of a module of kernels.

    Parameters
    ----------
    module : module

    Returns
    -------
    str
        reStructuredText.
    """
    name = module.__name__.removeprefix("fastscratch.kernels.")
    # Code side by side needs the room of the right sidebar.
    lines = [":html_theme.sidebar_secondary.remove: true", "", name, "=" * len(name), ""]
    lines += [f".. automodule:: {module.__name__}", ""]
    for kernel in module.__all__:
        lines += [kernel, "-" * len(kernel), ""]
        lines += [f".. autofunction:: {module.__name__}.{kernel}", ""]
        lines += [f".. beside:: {name}.{kernel}", ""]
    return "\n".join(lines)
