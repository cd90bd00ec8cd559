"""
What a convolution costs, beside a dense layer
==============================================

"Computationally intensive (compared to a standard fully-connected layer)" is what the essay finds
convolutions to be. Count, and measure.
"""

import time

import numpy as np

from fastscratch import Sequential, layers
from fastscratch.datasets import load_mnist
from fastscratch.plot import COLORS, panels

(images, _), _ = load_mnist()
x = images[:2000, ..., None] / np.float32(255)
bodies = {
    "dense, 100 units": [layers.Flatten(), layers.Dense(100)],
    "8 filters 5x5": [layers.Conv2D(8, 5)],
    "64 filters 3x3": [layers.Conv2D(64, 3)],
}


def cost(body):
    """Weights, million multiplications an image, and microseconds an image."""
    model = Sequential([layers.Input((28, 28, 1)), *body])
    model.predict(x)  # compiles
    times = []
    for _ in range(5):
        start = time.perf_counter()
        model.predict(x)
        times.append(time.perf_counter() - start)
    kernel = model.get_weights()[0]
    places = 1 if kernel.ndim == 2 else np.prod(model.predict(x[:1]).shape[1:3])
    return model.count_params(), places * kernel.size / 1e6, 1e6 * min(times) / len(x)


costs = {name: cost(body) for name, body in bodies.items()}
print(f"{'':18} {'weights':>8} {'million products':>17} {'time':>9}")
for name, (weights, products, microseconds) in costs.items():
    print(f"{name:18} {weights:8,} {products:17.3f} {microseconds:6.1f} µs")

left, middle, right = panels(3, 3.4, 3)
titles = "weights", "million multiplications", "µs for an image"
for k, (ax, title) in enumerate(zip((left, middle, right), titles, strict=True)):
    ax.barh(range(3), [cost[k] for cost in costs.values()], color=COLORS[:3])
    ax.set(title=title, xscale="log")
    ax.set_yticks(range(3), list(costs) if ax is left else ["", "", ""])
    ax.invert_yaxis()
left.figure

# %%
# The statement holds for the arithmetic: each weight of a filter is used at every place. For the
# weights it is the other way round. The times are those of the machine that built this page; a
# multiplication in a convolution is often the cheaper one, because the same few weights
# stay in the registers, while a dense layer has to fetch each of its own.
