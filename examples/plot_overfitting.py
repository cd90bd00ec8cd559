"""
Over-fitting: the two curves
============================

A lower training loss is not the aim; the loss on data that the network has not seen is. With 300
digits a network soon knows them by heart. The training loss goes on falling, the validation loss
turns round.
"""

import numpy as np

import fastscratch as fs
from fastscratch import Sequential, layers, optimizers
from fastscratch.callbacks import EarlyStopping
from fastscratch.datasets import load_mnist
from fastscratch.plot import COLORS, panels

(images, labels), (images_test, labels_test) = load_mnist()
x, y = images[:300].reshape(-1, 784) / np.float32(255), labels[:300]
held_out = images_test.reshape(-1, 784) / np.float32(255), labels_test


def network():
    """More weights than it needs for 300 digits."""
    model = Sequential([layers.Input((784,)), layers.Dense(200, "relu")])
    model.add(layers.Dense(10, "softmax"))
    model.compile(optimizers.Adam(0.002), "sparse_categorical_crossentropy", ["accuracy"])
    return model


fs.utils.set_random_seed(0)
histories = [
    network().fit(x, y, epochs=80, validation_data=held_out, verbose=0).history for _ in range(5)
]
(ax,) = panels(width=6.5)
for history in histories:
    ax.semilogy(history["loss"], color=COLORS[0], alpha=0.5)
    ax.semilogy(history["val_loss"], color=COLORS[1], linestyle="--", alpha=0.7)
ax.plot([], [], color=COLORS[0], label="300 digits to learn from")
ax.plot([], [], "--", color=COLORS[1], label="2,000 digits held out")
ax.set(xlabel="epoch", ylabel="loss")
ax.legend()
ax.figure

# %%
# The best epoch of each seed, and the validation loss there and at the end:
best = [int(np.argmin(history["val_loss"])) + 1 for history in histories]
lowest = [min(history["val_loss"]) for history in histories]
last = [history["val_loss"][-1] for history in histories]
print(f"lowest after {min(best)} to {max(best)} epochs: {np.mean(lowest):.3f}")
print(f"at the end: {np.mean(last):.3f}")

# %%
# ``EarlyStopping`` stops there, and keeps the weights of the best epoch. (Whoever chooses the epoch
# with some digits needs others to say how good the result is.)
stopping = EarlyStopping(patience=5, restore_best_weights=True)
stopped = (
    network()
    .fit(x, y, epochs=80, validation_data=held_out, callbacks=[stopping], verbose=0)
    .history
)
print(f"stopped after {len(stopped['loss'])} epochs, at {min(stopped['val_loss']):.3f}")

# %%
# The statement holds for the loss. The accuracy hardly suffers: the network does not get more
# digits wrong, it becomes too sure of those that it gets wrong.
accuracies = [100 * np.array(history["val_accuracy"]) for history in histories]
at_best = [curve[epoch - 1] for curve, epoch in zip(accuracies, best, strict=True)]
at_end = [curve[-1] for curve in accuracies]
print(f"right at the best epoch {np.mean(at_best):.1f}%, at the end {np.mean(at_end):.1f}%")
