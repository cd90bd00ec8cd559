"""
What hidden units are for: spirals with fifty units, and with one
=================================================================

A hidden unit that sees two numbers is a line in the plane: on one side of it the unit is on, on the
other it is off. The network makes its decision boundary out of such lines, so it needs enough of
them.
"""

import numpy as np

import fastscratch as fs
from fastscratch import Sequential, layers, optimizers
from fastscratch.datasets import make_spirals
from fastscratch.plot import COLORS, panels, plot_decision_boundary

x, y = make_spirals(300, seed=0)
units = (50, 20, 10, 5, 3, 1)


def trained(n):
    """A network with n hidden units, and the share of the points that it gets right."""
    model = Sequential([layers.Input((2,)), layers.Dense(n, "relu")])
    model.add(layers.Dense(int(y.max()) + 1, "softmax"))
    model.compile(optimizers.Adam(0.02), "sparse_categorical_crossentropy")
    model.fit(x, y, epochs=300, verbose=0)
    return model, 100 * (model.predict(x).argmax(axis=1) == y).mean()


fs.utils.set_random_seed(1)
runs = {n: [trained(n) for _ in range(5)] for n in units}

first = panels(3, 3.6, 3.4)
for ax, n in zip(first, (50, 5, 1), strict=True):
    best, _ = max(runs[n], key=lambda run: run[1])
    plot_decision_boundary(best, x, y, ax=ax)
    ax.get_legend().remove()
    limits = ax.axis()
    (w, b), across = best.get_weights()[:2], np.array(limits[:2])
    for k in range(n):
        if abs(w[1, k]) > 1e-6:
            ax.plot(across, -(w[0, k] * across + b[k]) / w[1, k], color="0.2", lw=0.5, ls=":")
    ax.axis(limits)
    ax.set_title(f"{n} hidden unit{'s' * (n > 1)}")
first[0].figure

# %%
# The dotted lines are the hidden units. How much of the spirals each size gets right, for five
# seeds:
right = {n: [share for _, share in run] for n, run in runs.items()}
for n, shares in right.items():
    print(f"{n:2} hidden: {np.mean(shares):.0f}% ({min(shares):.0f} to {max(shares):.0f})")

(ax,) = panels(width=6)
for n, shares in right.items():
    ax.plot([n] * 5, shares, "o", color=COLORS[0])
ax.set(xscale="log", xlabel="hidden units", ylabel="points classified right (%)")
ax.set_xticks(units, units)
ax.grid(alpha=0.3)
ax.figure
