"""Step 2: logistic regression by gradient descent."""

from typing import cast

import numpy as np

from ..datasets import load_iris
from ..layers import Dense, Input
from ..models import Sequential
from ..plot import plot_decision_boundary
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

    # The intercept is the bias. The columns are now not divided by their maximum: the kernel is.
    model = Sequential([Input((2,)), Dense(1, "sigmoid")])
    model.set_weights([beta[1:, None] / lengths.max(), beta[:1]])
    model.compile(loss="binary_crossentropy")
    report.say("")
    report.say("The same as a network without a hidden layer")
    report.check(
        "-100 times the mean loss",
        (),
        -100 * cast(float, model.evaluate(lengths, y)),
        R_LOG_LIKELIHOOD,
        "R's glm",
        within=1e-3,
    )
    ax = plot_decision_boundary(model, lengths, y, ("versicolor", "virginica"))
    ax.set(
        xlabel="sepal length (cm)",
        ylabel="petal length (cm)",
        title="Logistic regression and its decision boundary",
    )
    report.picture("2-logistic-regression.png", ax)
