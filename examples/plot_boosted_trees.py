"""
A trained body with boosted trees on top
========================================

"A lot of deep learning" cuts the head off a trained network and trains another model on the
features that are left, says the essay, "a logistic regression (or boosted decision-trees)". Here
the features are those of a small convolutional network that was trained on 11,000 digits. The trees
learn from 3,000 others.
"""

import numpy as np
from sklearn.ensemble import HistGradientBoostingClassifier

import fastscratch as fs
from fastscratch import Sequential, layers, optimizers
from fastscratch.datasets import load_mnist
from fastscratch.plot import COLORS, panels

(images, labels), (images_test, labels_test) = load_mnist()
x, x_test = (v[..., None] / np.float32(255) for v in (images, images_test))
learn, y = x[:3000], labels[:3000]


def body():
    """A network trained on the other digits, without its read-out; and its own accuracy."""
    model = Sequential(
        [
            layers.Input((28, 28, 1)),
            layers.Conv2D(8, 5, activation="relu"),
            layers.MaxPooling2D(),
            layers.Conv2D(16, 5, activation="relu"),
            layers.MaxPooling2D(),
            layers.Flatten(),
            layers.Dense(30, "relu", name="features"),
            layers.Dense(10, "softmax"),
        ]
    )
    model.compile(optimizers.Adam(0.003), "sparse_categorical_crossentropy", ["accuracy"])
    model.fit(x[3000:], labels[3000:], epochs=5, verbose=0)
    return model.submodel("features"), 100 * model.evaluate(x_test, labels_test)[1]


def boosted(features, features_test):
    """Per cent of the test digits that boosted trees get right."""
    trees = HistGradientBoostingClassifier(max_iter=15, learning_rate=0.2, max_leaf_nodes=8)
    return 100 * trees.fit(features, y).score(features_test, labels_test)


fs.utils.set_random_seed(0)
results = {"network": [], "trees on its 30 features": []}
for _ in range(3):
    features, own = body()
    results["network"].append(own)
    results["trees on its 30 features"].append(
        boosted(features.predict(learn), features.predict(x_test))
    )
# Every second pixel across and down: trees on all 784 take four times as long.
pixels, pixels_test = (v[:, ::2, ::2].reshape(len(v), -1) for v in (learn, x_test))
results["trees on the pixels"] = [boosted(pixels, pixels_test)]

for name, shares in results.items():
    print(f"{name:25} {np.mean(shares):.1f}% ({min(shares):.1f} to {max(shares):.1f})")

(ax,) = panels(width=6.5, height=2.6)
for place, shares in enumerate(results.values()):
    ax.plot(shares, [place] * len(shares), "o", color=COLORS[place])
ax.set_yticks(range(3), list(results))
ax.set(xlabel="test digits classified right (%)")
ax.invert_yaxis()
ax.grid(alpha=0.3)
ax.figure

# %%
# The features make the trees much better than the pixels do. They do not make them better than the
# network whose features these are: its softmax was trained together with them.
