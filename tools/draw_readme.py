"""Draw the three pictures of the README again, for light and for dark pages.

    python tools/draw_readme.py

The speeds are those that ``python -m asv_benchmarks.compare --save`` has stored for the reference
machine; the networks are trained here.
"""

from __future__ import annotations

import json
from pathlib import Path

import matplotlib
from matplotlib.figure import Figure

from fastscratch import Sequential, layers, optimizers, utils
from fastscratch.datasets import load_mnist, make_spirals
from fastscratch.demo import convolutional_network
from fastscratch.plot import (
    COLORS,
    panels,
    plot_decision_boundary,
    plot_feature_maps,
    plot_filters,
    plot_history,
)
from fastscratch.plot.axes import MARKERS

ROOT = Path(__file__).parents[1]
PEERS = ROOT / "asv_benchmarks" / "peers" / "reference.json"
PICTURES = ROOT / "docs" / "pictures"
INK = {"light": "#1f2328", "dark": "#e6edf3"}
#: Shown from left to right in the legend; of each the fastest variant.
LIBRARIES = ("PyTorch", "JAX", "scikit-learn", "onnxruntime", "OpenCV", "NumPy")
WORKLOADS = {
    "train 4-40-3 sigmoid, batch 10, SGD": "train 4-40-3, batch 10",
    "train 784-100-10 sigmoid, batch 10, SGD": "train 784-100-10, batch 10",
    "train 784-512-10 relu, batch 128, RMSprop": "train 784-512-10, batch 128",
    "train 784-512-512-10 relu, batch 128, Adam": "train 784-512-512-10, batch 128",
    "train LeNet-5, batch 32, Adam": "train LeNet-5, batch 32",
    "train LeNet-5, batch 128, Adam": "train LeNet-5, batch 128",
    "train deep CNN with batch norm, batch 32, Adam": "train 6 convolutions, 32x32x3",
    "predict one sample, 784-100-10": "predict one sample, 784-100-10",
    "predict 10,000 digits, LeNet-5": "predict 10,000 digits, LeNet-5",
    "convolution 16x64x56x56, 64 filters 3x3, forward": "convolution 3x3, 64 channels",
    "sliding window 3x3 over 2048x2048": "3x3 filter over 2048x2048",
    "dense product, n = 512": "product of matrices, n = 512",
}


def speeds() -> Figure:
    """How many times faster than each library, on a logarithmic axis."""
    ratios: dict[tuple[str, str], float] = {}
    for one in json.loads(PEERS.read_text("utf-8"))["comparisons"]:
        key = one["workload"], one["library"]
        ratio = one["theirs"] / one["ours"]
        ratios[key] = min(ratio, ratios.get(key, ratio))
    (ax,) = panels(1, 9, 4.6)
    for i, library in enumerate(LIBRARIES):
        found = [
            (ratios[workload, library], -row)
            for row, workload in enumerate(WORKLOADS)
            if (workload, library) in ratios
        ]
        if found:
            x, y = zip(*found, strict=True)
            style = {"color": COLORS[i], "marker": MARKERS[i % len(MARKERS)], "s": 42}
            ax.scatter(x, y, label=library, zorder=3, **style)
    ax.axvline(1, color=matplotlib.rcParams["text.color"], linewidth=1)
    ax.set_yticks([-row for row in range(len(WORKLOADS))], list(WORKLOADS.values()))
    ax.set_xscale("log")
    ax.xaxis.set_major_formatter("{x:g}x")
    ax.grid(alpha=0.25)
    ax.set_xlabel("times faster than ..., on two threads; left of the line: slower")
    ax.figure.legend(loc="outside lower center", ncols=len(LIBRARIES), frameon=False)
    ax.spines[["top", "right"]].set_visible(False)
    return ax.figure


def spirals() -> Figure:
    """Two spirals, told apart by a network of 2-20-20-1, and its training."""
    points, classes = make_spirals(seed=1)
    utils.set_random_seed(1)
    model = Sequential(
        [
            layers.Input((2,)),
            layers.Dense(20, "tanh"),
            layers.Dense(20, "tanh"),
            layers.Dense(1, "sigmoid"),
        ]
    )
    model.compile(optimizers.Adam(0.01), "binary_crossentropy", ["accuracy"])
    history = model.fit(points, classes, epochs=200, verbose=0)
    left, right = panels(2, 4.5, 3.8)
    plot_decision_boundary(model, points, classes, ax=left)
    left.get_legend().remove()
    left.set_title("what 501 weights have learned")
    plot_history(history, "loss", right)
    right.set(title="the loss as they learn", yscale="log")
    return left.figure


def maps() -> Figure:
    """What the first layer of a network makes of a digit."""
    (images, labels), (images_test, _) = load_mnist()
    utils.set_random_seed(0)
    model = convolutional_network.network()
    model.fit(images[..., None] / 255, labels, epochs=5, verbose=0)
    left, middle, right = panels(3, 3.6, 3.2)
    left.imshow(images_test[0], cmap="gray")
    left.set_title("a digit")
    left.set_axis_off()
    plot_filters(model, "conv2d", middle)
    middle.set_title("eight learned filters")
    plot_feature_maps(model, images_test[0, ..., None] / 255, "conv2d", right)
    right.set_title("what they see in it")
    return left.figure


def main() -> None:
    PICTURES.mkdir(exist_ok=True)
    for theme, ink in INK.items():
        colors = dict.fromkeys(
            ("text.color", "axes.labelcolor", "axes.edgecolor", "xtick.color", "ytick.color"), ink
        )
        clear = dict.fromkeys(("figure.facecolor", "axes.facecolor", "legend.facecolor"), "none")
        with matplotlib.rc_context({**colors, **clear}):
            for draw in (speeds, spirals, maps):
                draw().savefig(PICTURES / f"{draw.__name__}-{theme}.png", dpi=110)


if __name__ == "__main__":
    main()
