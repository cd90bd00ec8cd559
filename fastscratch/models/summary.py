"""The table of a model's layers: what ``summary`` prints, and what a notebook shows."""

import html

import numpy as np

from .. import notebook
from ..engine import Network


def summary(name: str, network: Network, dtype: str) -> str:
    """Layers, the shapes of their outputs, and their numbers of weights, as text."""
    head, rows = _layers(network)
    widths = [max(map(len, column)) for column in zip(head, *rows, strict=True)]
    line = "-" * len("  ".join(" " * width for width in widths))

    def text(row: tuple[str, ...]) -> str:
        cells = [
            f"{cell:>{width}}" if title == "Param #" else f"{cell:<{width}}"
            for title, cell, width in zip(head, row, widths, strict=True)
        ]
        return "  ".join(cells).rstrip()

    body = [line, text(head), line, *map(text, rows), line]
    return "\n".join([f'Model: "{name}"', *body, *_totals(network, dtype)])


def summary_html(name: str, network: Network, dtype: str) -> str:
    """The same as HTML."""
    totals = "<br>".join(map(html.escape, _totals(network, dtype)))
    return notebook.table(*_layers(network), f'Model: "{name}"') + f"<p>{totals}</p>"


def _layers(network: Network) -> tuple[tuple[str, ...], list[tuple[str, ...]]]:
    """The head of the table, and a row for each layer; what it reads only if that can vary."""
    first = {id(node.layer): i for i, node in reversed(list(enumerate(network.nodes)))}
    names = [f"input {i}" if network.n_inputs > 1 else "input" for i in range(network.n_inputs)]
    names += [str(node.layer.name) for node in network.nodes]
    head: tuple[str, ...] = ("Layer (type)", "Output Shape", "Param #")
    if not network.is_chain:
        head += ("Connected to",)
    rows = []
    for layer, weights in network.weights_by_layer():
        place = first[id(layer)]
        shape = network.shapes[network.n_inputs + place]
        size = sum(placed.stop - placed.offset for placed in weights)
        row = (f"{layer.name} ({type(layer).__name__})", str((None, *shape)), f"{size:,}")
        read = ", ".join(names[tensor] for tensor in network.nodes[place].inputs)
        rows.append((*row, read)[: len(head)])
    return head, rows


def _totals(network: Network, dtype: str) -> list[str]:
    """How many weights there are, and their memory, in lines."""
    learned = sum(
        placed.stop - placed.offset
        for layer, weights in network.weights_by_layer()
        for placed in weights
        if layer.trainable and placed.weight.trainable
    )
    counts = {"Total": network.n_parameters, "Trainable": learned}
    counts["Non-trainable"] = network.n_parameters - learned
    size = np.dtype(dtype).itemsize
    return [f"{kind} params: {count:,} ({_memory(count * size)})" for kind, count in counts.items()]


def _memory(n_bytes: float) -> str:
    """A size in the unit that fits, each 1024 times the one before, as Keras prints it."""
    units = ["B", "KB", "MB", "GB"]
    while n_bytes >= 1024 and len(units) > 1:
        n_bytes /= 1024
        units.pop(0)
    return f"{n_bytes:.2f} {units[0]}"
