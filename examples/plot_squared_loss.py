"""
Squared errors of a sigmoid are not convex
==========================================

With squared errors a logistic regression has a loss that "will no longer be convex", says the
essay. Here are both losses of the same data over the two coefficients of one variable. A function
is convex if the matrix of its second derivatives has no negative eigenvalue anywhere.
"""

import numpy as np

from fastscratch import ops
from fastscratch.datasets import load_iris
from fastscratch.plot import panels

iris = load_iris()
chosen = iris.target > 0
x = iris.data[chosen][:, 2]
x, y = (x - x.mean()) / x.std(), iris.target[chosen] - 1

intercepts, slopes = np.meshgrid(np.linspace(-15, 15, 121), np.linspace(-15, 15, 121))
scores = intercepts[..., None] + slopes[..., None] * x
p = ops.sigmoid(scores)
losses = {
    "squared error": ((p - y) ** 2).mean(axis=-1),
    "cross-entropy": (np.logaddexp(0, scores) - y * scores).mean(axis=-1),
}

left, right = panels(2)
for ax, (name, surface) in zip((left, right), losses.items(), strict=True):
    ax.contourf(intercepts, slopes, surface, 30, cmap="viridis")
    ax.contour(intercepts, slopes, surface, 30, colors="white", linewidths=0.3)
    ax.set(title=name, xlabel="intercept", ylabel="slope")
left.figure

# %%
# The second derivative of the loss with respect to the score of a sample is p(1 - p) for the
# cross-entropy, and for the squared error it can be negative. The sum over the samples, for both
# coefficients:
design = np.stack([np.ones_like(x), x])
curvatures = {
    "squared error": 2 * p * (1 - p) * (p * (1 - p) + (p - y) * (1 - 2 * p)),
    "cross-entropy": p * (1 - p),
}
negative = {}
for name, curvature in curvatures.items():
    hessians = np.einsum("abn,in,jn->abij", curvature, design, design) / len(x)
    smallest = np.linalg.eigvalsh(hessians)[..., 0]
    negative[name] = (smallest < -1e-12).mean()
    print(f"{name}: a negative eigenvalue at {negative[name]:.0%} of the places")

# %%
# The statement holds. Note the plateaus on the left: far from the minimum, where the model is most
# wrong, the surface is flat, and gradient descent hardly moves.
