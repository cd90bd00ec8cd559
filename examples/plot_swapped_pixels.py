"""
Swap the pixels, and the image is another
=========================================

The columns of a table can be put in any order, the pixels of an image cannot, says the essay: that
is why convolutions suit images. So let us put the pixels of all digits in one random order. To a
dense network this is nothing: its weights can be put in the same order. A convolutional network
loses its neighbours.
"""

import numpy as np

import fastscratch as fs
from fastscratch import Sequential, layers
from fastscratch.datasets import load_mnist
from fastscratch.plot import COLORS, mosaic, panels

(images, labels), (images_test, labels_test) = load_mnist()
order = np.random.default_rng(0).permutation(784)


def swapped(pictures):
    """The same pixels in another order, the same for all."""
    return pictures.reshape(-1, 784)[:, order].reshape(-1, 28, 28)


(ax,) = panels(width=6, height=3)
mosaic(np.concatenate([images[:6], swapped(images[:6])]), columns=6, ax=ax)
ax.figure


# %%
# Both networks see both versions, three times each.
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


def accuracy(build, pictures, pictures_test):
    """Per cent of the test digits, after five epochs."""
    model = Sequential([layers.Input((28, 28, 1)), *build()])
    model.compile("adam", "sparse_categorical_crossentropy", ["accuracy"])
    model.fit(pictures[..., None] / np.float32(255), labels, epochs=5, verbose=0)
    return 100 * model.evaluate(pictures_test[..., None] / np.float32(255), labels_test)[1]


fs.utils.set_random_seed(0)
results = {
    (build.__name__, name): [accuracy(build, *pair) for _ in range(3)]
    for build in (dense, convolutional)
    for name, pair in {
        "as they are": (images, images_test),
        "swapped": (swapped(images), swapped(images_test)),
    }.items()
}
for (network, pixels), values in results.items():
    print(
        f"{network:14} {pixels:12} {np.mean(values):.1f}% ({min(values):.1f} to {max(values):.1f})"
    )

# %%
(ax,) = panels(width=6.5, height=3)
for place, ((network, _), values) in enumerate(results.items()):
    color = COLORS[0] if network == "dense" else COLORS[1]
    ax.plot(values, [place] * 3, "o", color=color)
ax.set(xlabel="test digits classified right (%)")
ax.set_yticks(range(4), [f"{network}, {pixels}" for network, pixels in results])
ax.invert_yaxis()
ax.grid(alpha=0.3)
ax.figure

# %%
# The statement holds: the dense network loses no more than its spread, the convolutional one falls
# behind it.
