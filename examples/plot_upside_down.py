"""
A digit upside down, and a digit moved aside
============================================

The essay hopes that the features of a convolutional network "may be immune to rotation, skew, etc."
A network that is trained on upright digits is tested with digits that are turned upside down, and
with digits that are moved by a few pixels.
"""

import numpy as np

import fastscratch as fs
from fastscratch import Sequential, layers
from fastscratch.datasets import load_mnist
from fastscratch.plot import COLORS, mosaic, panels

(images, labels), (images_test, labels_test) = load_mnist()
x, x_test = (i[..., None] / np.float32(255) for i in (images, images_test))
versions = {"as it is": x_test, "upside down": x_test[:, ::-1, ::-1]} | {
    f"moved by {d}": np.pad(x_test[:, :, :-d], ((0, 0), (0, 0), (d, 0), (0, 0)))
    for d in (1, 2, 3, 4)
}

(ax,) = panels(width=8, height=1.6)
mosaic([v[1, :, :, 0] for v in versions.values()], list(versions), columns=6, ax=ax)
ax.figure


# %%
# Most digits keep clear of the edge. Of the others the pixels that are moved over it are lost, in
# both networks alike.
def dense():
    """One hidden layer."""
    return [layers.Flatten(), layers.Dense(100, "relu"), layers.Dense(10, "softmax")]


def convolutional():
    """Two convolutions, each with a pooling."""
    return [
        layers.Conv2D(8, 5, activation="relu"),
        layers.MaxPooling2D(),
        layers.Conv2D(16, 5, activation="relu"),
        layers.MaxPooling2D(),
        layers.Flatten(),
        layers.Dense(10, "softmax"),
    ]


def accuracies(build):
    """Per cent right of each version of the test digits, after five epochs on upright ones."""
    model = Sequential([layers.Input((28, 28, 1)), *build()])
    model.compile("adam", "sparse_categorical_crossentropy", ["accuracy"])
    model.fit(x, labels, epochs=5, verbose=0)
    return [100 * model.evaluate(v, labels_test)[1] for v in versions.values()]


fs.utils.set_random_seed(0)
results = {
    "dense": np.array([accuracies(dense) for _ in range(3)]),
    "convolutional": np.array([accuracies(convolutional) for _ in range(3)]),
}
print("per cent right   " + "".join(f"{name:>13}" for name in versions))
for name, rows in results.items():
    spread = [f"{row.mean():.0f} ± {np.ptp(row) / 2:.0f}" for row in rows.T]
    print(f"{name:17}" + "".join(f"{entry:>13}" for entry in spread))

# %%
(ax,) = panels(width=6.5)
for (name, rows), color in zip(results.items(), COLORS, strict=False):
    ax.plot(range(5), rows[:, [0, 2, 3, 4, 5]].T, "o-", color=color, alpha=0.4)
    ax.plot([], [], "o-", color=color, label=name)
ax.set(xlabel="pixels by which the digit is moved", ylabel="right (%)", xticks=range(5))
ax.legend()
ax.grid(alpha=0.3)
ax.figure

# %%
# For upside-down digits the statement does not hold: neither network knows them, and a convolution
# has nothing that turns with the image. What a convolutional network does have is a tolerance for
# digits that are moved, because its filters look everywhere and its poolings forget where exactly.
