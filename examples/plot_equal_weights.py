"""
All weights equal: forty hidden units that stay one
===================================================

Weights of a regression may begin at zero. Those of a network must not all be equal, says the essay:
it "may get stuck". If all hidden units begin alike, they see the same data, get the same gradient,
and are alike after every step. Forty of them can do what one can.
"""

import numpy as np

import fastscratch as fs
from fastscratch import Sequential, layers, optimizers
from fastscratch.datasets import make_spirals
from fastscratch.plot import panels, plot_decision_boundary

x, y = make_spirals(300, seed=0)


def trained(initializer):
    """A network with 40 hidden units, and the per cent of the points that it gets right."""
    model = Sequential([layers.Input((2,))])
    model.add(layers.Dense(40, "tanh", kernel_initializer=initializer))
    model.add(layers.Dense(int(y.max()) + 1, "softmax", kernel_initializer=initializer))
    model.compile(optimizers.Adam(0.02), "sparse_categorical_crossentropy")
    model.fit(x, y, epochs=200, verbose=0)
    return model, 100 * (model.predict(x).argmax(axis=1) == y).mean()


fs.utils.set_random_seed(0)
equal, equal_right = trained("ones")
random, random_right = zip(*(trained("glorot_uniform") for _ in range(5)), strict=True)

left, right = panels(2)
plot_decision_boundary(equal, x, y, ax=left)
left.set_title("all weights 1 at the start")
plot_decision_boundary(random[0], x, y, ax=right)
right.set_title("random weights at the start")
left.figure

# %%
different = len(np.unique(equal.get_weights()[0], axis=1).T)
print(f"weights 1: {equal_right:.0f}% right; hidden units that differ: {different}")
print(
    f"random:    {np.mean(random_right):.0f}% ({min(random_right):.0f} to {max(random_right):.0f})"
)

# %%
# The statement holds to the last bit: after all epochs the 40 columns of weights are one and the
# same.
