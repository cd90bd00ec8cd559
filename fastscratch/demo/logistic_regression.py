"""Step 2: logistic regression by gradient descent."""

import numpy as np

from ..datasets import load_iris
from ..pictures import COLORS, groups, panels
from ..reference.gradient_descent import gradient_descent as naive_gradient_descent
from ..regression import gradient_descent, log_likelihood
from .report import Report, clock, seconds, timed

#: ``glm(y ~ X, family = binomial)`` in R: coefficients and log-likelihood.
R_GLM, R_LOG_LIKELIHOOD = (-39.838, -31.732, 105.170), -11.925
NAMES = ("intercept", "sepal length", "petal length")
RATE, ITERATIONS, TWIN_ITERATIONS = 5, 300_000, 300


def run(report: Report) -> None:
    """Versicolor or virginica, from sepal and petal length divided by the overall maximum."""
    report.title("2. Logistic regression: versicolor or virginica, from sepal and petal length")
    iris = load_iris()
    chosen = iris.target > 0
    lengths, y = iris.data[chosen][:, [0, 2]], (iris.target[chosen] == 2).astype(float)
    X = lengths / lengths.max()

    def descend(n: int, progress: bool = False) -> np.ndarray:
        return gradient_descent(
            X, y, "logistic", learning_rate=RATE, n_iterations=n, initial=1.0, progress=progress
        )

    report.compile(lambda: log_likelihood(X, y, descend(1), "logistic"))
    beta, time = timed(lambda: descend(ITERATIONS, progress=True))
    likelihood = log_likelihood(X, y, beta, "logistic")
    report.check("coefficients", NAMES, beta, R_GLM, "R's glm", within=1e-3)
    report.check("log-likelihood", (), likelihood, R_LOG_LIKELIHOOD, "R's glm", within=1e-3)

    design = np.column_stack([np.ones(len(X)), X]).tolist()
    with clock("naive twin"):
        twin = seconds(
            lambda: naive_gradient_descent(
                [[1.0], [1.0], [1.0]], design, y[:, None].tolist(), "sigmoid", RATE, TWIN_ITERATIONS
            )
        )
    scale = ITERATIONS / TWIN_ITERATIONS
    report.speed(f"{ITERATIONS:,} iterations", time, twin * scale, str(TWIN_ITERATIONS))
    _draw(report, lengths, y, beta)


def _draw(report: Report, lengths: np.ndarray, y: np.ndarray, beta: np.ndarray) -> None:
    from matplotlib.colors import LinearSegmentedColormap

    (ax,) = panels(width=6.2, height=4.6)
    (left, bottom), (right, top) = lengths.min(axis=0) - 0.3, lengths.max(axis=0) + 0.3
    sepal, petal = np.meshgrid(np.linspace(left, right, 200), np.linspace(bottom, top, 200))
    score = beta[0] + (beta[1] * sepal + beta[2] * petal) / lengths.max()
    probability = 1 / (1 + np.exp(-score))
    colors = LinearSegmentedColormap.from_list("", (COLORS[0], "white", COLORS[1]))
    levels = np.linspace(0, 1, 11)
    shade = ax.contourf(sepal, petal, probability, levels, cmap=colors, alpha=0.45)
    ax.figure.colorbar(shade, label="probability of virginica")
    ax.contour(sepal, petal, probability, [0.5], colors="black")
    groups(lengths, y.astype(int), ("versicolor", "virginica"), ax)
    ax.set(
        xlabel="sepal length (cm)",
        ylabel="petal length (cm)",
        title="Logistic regression and its decision boundary",
    )
    report.picture("2-logistic-regression.png", ax)
