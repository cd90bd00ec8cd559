"""
Fixed and adaptive steps
========================

Stochastic gradient descent has one learning rate for all weights; Adam scales the step of each
weight by the size of its recent gradients. The essay says that Adam makes "big jumps in the
beginning" and smaller steps later. Here are both, at several rates.
"""

import numpy as np

import fastscratch as fs
from fastscratch import Sequential, layers, optimizers
from fastscratch.datasets import load_mnist
from fastscratch.plot import COLORS, panels

(images, labels), _ = load_mnist()
x, y = images[:4000].reshape(-1, 784) / np.float32(255), labels[:4000]


def training_loss(optimizer):
    """The loss of each of ten epochs."""
    model = Sequential([layers.Input((784,)), layers.Dense(100, "relu")])
    model.add(layers.Dense(10, "softmax"))
    model.compile(optimizer, "sparse_categorical_crossentropy")
    return model.fit(x, y, epochs=10, verbose=0).history["loss"]


fs.utils.set_random_seed(0)
rates = {"SGD": (0.01, 0.03, 0.1, 0.3, 1.0), "Adam": (0.0001, 0.0003, 0.001, 0.003, 0.01)}
curves = {
    (name, rate): np.array([training_loss(getattr(optimizers, name)(rate)) for _ in range(3)])
    for name in rates
    for rate in rates[name]
}
axes = panels(2)
for ax, (name, tried) in zip(axes, rates.items(), strict=True):
    for rate, color in zip(tried, COLORS, strict=False):
        ax.semilogy(range(1, 11), curves[name, rate].T, color=color, alpha=0.5)
        ax.plot([], [], color=color, label=f"{rate:g}")
    ax.set(title=name, xlabel="epoch", ylabel="training loss", ylim=(1e-4, 3))
    ax.legend(title="rate")
axes[0].figure

# %%
# The loss after ten epochs, mean of three seeds:
final = {key: rows[:, -1].mean() for key, rows in curves.items()}
for (name, rate), loss in final.items():
    print(f"{name:5} {rate:<7g} {loss:.4f}")

# %%
# Both rules work over a range of rates, each over its own: a rate that suits one tells nothing
# about the other. At its best rate Adam is ahead after ten epochs. As for "smaller steps later":
# the step of Adam is the rate times a ratio of averages of gradients. It does not shrink because
# the loss does; only a schedule makes it shrink for certain.
