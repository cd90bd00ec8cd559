"""Write the tables of docs/keras.md: what Keras has, and whether it is here. Needs Keras.

``python tools/keras_table.py`` replaces what follows after the introduction of the page;
``tests/test_keras_table.py`` compares it.
"""

import importlib
import os
from itertools import groupby
from pathlib import Path

from fastscratch.absent import ABSENT

PAGE = Path(__file__).parent.parent / "docs" / "keras.md"

#: Where the written part begins.
FIRST = "\n## `layers`"


def names_of_keras(module: str) -> list[str]:
    """The public names of one of its modules."""
    os.environ.setdefault("KERAS_BACKEND", "torch")
    keras = importlib.import_module("keras")
    return sorted(name for name in dir(getattr(keras, module)) if name[0] != "_")


def is_here(module: str, name: str) -> bool:
    """Whether the package has a name of Keras."""
    return hasattr(importlib.import_module(f"fastscratch.{module}"), name)


def page() -> str:
    """The whole page, with the introduction that it has."""
    parts = [PAGE.read_text(encoding="utf-8").partition(FIRST)[0]]
    for module, sentences in ABSENT.items():
        names = names_of_keras(module)
        here = ", ".join(f"`{name}`" for name in names if is_here(module, name))
        parts.append(f"\n## `{module}`\n\nHere: {here}.\n")
        others = [name for name in names if not is_here(module, name) and name in sentences]
        rows = []
        for sentence, some in groupby(
            sorted(others, key=lambda n: (sentences[n], n)), sentences.get
        ):
            rows.append(f"| {', '.join(f'`{name}`' for name in some)} | {sentence} |\n")
        if rows:
            parts.append("\n| not here | |\n|---|---|\n" + "".join(rows))
    return "".join(parts)


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
