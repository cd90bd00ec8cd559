"""The table that ``summary`` of a model prints."""

from ..engine import Network


def summary(name: str, network: Network) -> str:
    """Layers, the shapes of their outputs, and their numbers of weights, as text."""
    rows = []
    shapes = {
        id(n.layer): s
        for n, s in zip(network.nodes, network.shapes[network.n_inputs :], strict=True)
    }
    for layer, weights in network.weights_by_layer():
        shape = shapes[id(layer)]
        size = sum(placed.stop - placed.offset for placed in weights)
        kind = type(layer).__name__
        rows.append((f"{layer.name} ({kind})", str((None, *shape)), f"{size:,}"))
    head = ("Layer (type)", "Output Shape", "Param #")
    widths = [max(len(row[i]) for row in [head, *rows]) + 2 for i in range(3)]
    line = "-" * sum(widths)

    def text(row: tuple[str, str, str]) -> str:
        return f"{row[0]:<{widths[0]}}{row[1]:<{widths[1]}}{row[2]:>{widths[2]}}"

    learned = sum(
        placed.stop - placed.offset
        for layer, weights in network.weights_by_layer()
        for placed in weights
        if layer.trainable and placed.weight.trainable
    )
    fixed = network.n_parameters - learned
    return "\n".join(
        [
            f'Model: "{name}"',
            line,
            text(head),
            line,
            *map(text, rows),
            line,
            f"Total params: {network.n_parameters:,}",
            f"Trainable params: {learned:,}",
            f"Non-trainable params: {fixed:,}",
        ]
    )
