"""Notebooks of the essay's pages: the same text and code, the lines of the source filled in."""

import re
from typing import Any

from sources import columns

FENCE = re.compile(
    r"^```\{(code-cell|twin|kernel|beside)\} *(.*?)\n(?::kernel: (.*?)\n)?(.*?)^```\n", re.S | re.M
)
#: The first cell, for notebooks that are opened where the package is not installed.
NEEDS = """import importlib.util

if importlib.util.find_spec("fastscratch") is None:
    %pip install --quiet "fastscratch[plot]\""""
#: Links to other pages of the site lead nowhere from a notebook.
INNER_LINK = re.compile(r"\[([^\]]+)\]\((?!https?:)[^)]*\)")


def notebook_of(page: str) -> dict[str, Any]:
    """The notebook of a page.

    Parameters
    ----------
    page : str
        MyST Markdown.

    Returns
    -------
    dict
        In the format of Jupyter, version 4.5.
    """
    text = page.split("---\n", 2)[2]
    parts = FENCE.split(text)  # text, and then again and again: directive, argument, option, body
    cells = [_cell("code", NEEDS), _cell("markdown", _prose(parts[0]))]
    for i in range(1, len(parts), 5):
        directive, names, kernels, body, after = parts[i : i + 5]
        if directive == "code-cell":
            cells.append(_cell("code", body))
        else:
            shown = [one for column in columns(directive, names, kernels) for one in column]
            for file, code in shown:
                cells.append(_cell("markdown", f"`{file}`\n\n```python\n{code}\n```"))
        cells.append(_cell("markdown", _prose(after)))
    cells = [cell for cell in cells if cell["source"]]
    for number, cell in enumerate(cells):
        cell["id"] = f"cell-{number}"
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    return {
        "cells": cells,
        "metadata": {"kernelspec": kernel},
        "nbformat": 4,
        "nbformat_minor": 5,
    }


def _prose(text: str) -> str:
    """The text of a page without what a notebook has not."""
    text = INNER_LINK.sub(r"\1", text)
    # A fold would begin in one cell and end in another.
    text = re.sub(r"<details><summary>(.*)</summary>", r"### \1", text)
    return text.replace("</details>", "")


def _cell(kind: str, source: str) -> dict[str, Any]:
    cell = {"cell_type": kind, "metadata": {}, "source": source.strip("\n")}
    return cell | ({"outputs": [], "execution_count": None} if kind == "code" else {})
