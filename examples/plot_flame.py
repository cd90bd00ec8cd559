"""
The flame that dies in sigmoids
===============================

The essay compares back-propagation to a relay: the gradient is a flame that is carried from the
last layer to the first, sigmoids let it die, ReLUs keep it alive. Here is the size of the gradient
at each layer of networks with ten hidden layers, before any training, for ten seeds.
"""

import numpy as np

import fastscratch as fs
from fastscratch import Sequential, layers
from fastscratch.datasets import load_mnist
from fastscratch.plot import COLORS, panels

(images, labels), _ = load_mnist()
x, y = images[:500].reshape(-1, 784) / np.float32(255), labels[:500]


def gradient_norms(activation, initializer):
    """The size of the gradient of each kernel, from the first layer to the last."""
    model = Sequential([layers.Input((784,))])
    for _ in range(10):
        model.add(layers.Dense(50, activation, kernel_initializer=initializer))
    model.add(layers.Dense(10, "softmax"))
    model.compile("sgd", "sparse_categorical_crossentropy")
    _, gradients = model.gradients(x, y)
    return [np.linalg.norm(kernel) for kernel in gradients[::2]]


# %%
# The first weights are those that are usual for each activation: Glorot's for sigmoids, He's for
# ReLUs.
fs.utils.set_random_seed(0)
norms = {
    "sigmoid": np.array([gradient_norms("sigmoid", "glorot_uniform") for _ in range(10)]),
    "ReLU": np.array([gradient_norms("relu", "he_uniform") for _ in range(10)]),
}

(ax,) = panels(width=6.5)
for (name, rows), color in zip(norms.items(), COLORS, strict=False):
    ax.semilogy(range(1, 12), rows.T, color=color, alpha=0.25)
    ax.semilogy(range(1, 12), np.median(rows, axis=0), "o-", color=color, label=name)
ax.set(xlabel="layer (11 is the read-out)", ylabel="norm of the gradient of its weights")
ax.legend()
ax.figure

# %%
# How much of the gradient of the tenth layer is left at the first, in the median and from the
# smallest to the largest:
left = {name: rows[:, 0] / rows[:, 9] for name, rows in norms.items()}
for name, share in left.items():
    print(f"{name:8} {np.median(share):.0e}  ({share.min():.0e} to {share.max():.0e})")

# %%
# The statement holds. A sigmoid multiplies the flame by a(1 - a), which is at most a quarter. With
# He's weights a ReLU keeps its size on average.
