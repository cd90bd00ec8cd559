"""
Sharp and flat minima
=====================

Adaptive optimisers have been said to find sharper minima than plain descent, which generalise less
well, and small mini-batches to find flatter ones. Here networks are trained to the same low
training loss; then their weights are shaken at random, and the sharper a minimum is, the more the
loss rises.
"""

import numpy as np

import fastscratch as fs
from fastscratch import Sequential, layers, optimizers
from fastscratch.datasets import load_mnist
from fastscratch.plot import COLORS, panels

(images, labels), (images_test, labels_test) = load_mnist()
x, y = images[:2000].reshape(-1, 784) / np.float32(255), labels[:2000]
x_test = images_test.reshape(-1, 784) / np.float32(255)
sizes = np.linspace(0, 0.5, 9)
settings = {
    "SGD, batch 10": (lambda: optimizers.SGD(0.1), 10),
    "SGD, batch 500": (lambda: optimizers.SGD(0.5), 500),
    "Adam, batch 10": (lambda: optimizers.Adam(0.001), 10),
}


def trained(optimizer, batch_size):
    """A network whose training loss is below 0.02."""
    model = Sequential([layers.Input((784,)), layers.Dense(50, "relu")])
    model.add(layers.Dense(10, "softmax"))
    model.compile(optimizer(), "sparse_categorical_crossentropy", ["accuracy"])
    while model.evaluate(x, y)[0] > 0.02:
        model.fit(x, y, batch_size=batch_size, epochs=2, verbose=0)
    return model


def shaken(model, rng):
    """The training loss after random steps, each relative to the size of the kernel it changes."""
    weights, rises = model.get_weights(), []
    for size in sizes:
        moved = []
        for weight in weights:
            step = rng.standard_normal(weight.shape)
            length = size * np.linalg.norm(weight) / np.linalg.norm(step)
            moved.append(weight + length * step if weight.ndim == 2 else weight)
        model.set_weights(moved)
        rises.append(model.evaluate(x, y)[0])
    model.set_weights(weights)
    return rises


fs.utils.set_random_seed(0)
rng = np.random.default_rng(0)
loss, right = {}, {}
for name, setting in settings.items():
    models = [trained(*setting) for _ in range(3)]
    right[name] = [100 * model.evaluate(x_test, labels_test)[1] for model in models]
    loss[name] = np.array([[shaken(model, rng) for _ in range(5)] for model in models])

(ax,) = panels(width=6.5)
for (name, rises), color in zip(loss.items(), COLORS, strict=False):
    ax.plot(sizes, rises.mean(axis=1).T, color=color, alpha=0.5)
    ax.plot([], [], color=color, label=name)
ax.set(xlabel="length of the random step / length of the weights", ylabel="training loss")
ax.legend()
ax.grid(alpha=0.3)
ax.figure

# %%
for name, shares in right.items():
    rise = loss[name].mean(axis=1)[:, -1]
    print(
        f"{name:15} loss when shaken {rise.mean():.2f} ({rise.min():.2f} to {rise.max():.2f}), "
        f"test digits right {np.mean(shares):.1f}% ({min(shares):.1f} to {max(shares):.1f})"
    )

# %%
# Small mini-batches of plain descent end in flatter places here than large ones and than Adam. They
# also get the most test digits right, but the differences are hardly larger than the spread over
# three seeds: this is one small network and one data set, and no proof that flatness is the reason.
# How sharp a minimum is also depends on how it is measured; without the division by the length of
# the weights the order can change.
