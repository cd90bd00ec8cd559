"""Step 1: linear regression, in closed form and by gradient descent."""

import numpy as np

from ..datasets import load_iris
from ..layers import Dense, Input
from ..models import Sequential
from ..optimizers import SGD
from ..plot import COLORS, panels
from ..reference.gradient_descent import gradient_descent as naive_gradient_descent
from ..reference.least_squares import least_squares as naive_least_squares
from ..regression import gradient_descent, least_squares
from .report import Report, seconds

#: ``coef(lm(Sepal.Length ~ Sepal.Width + Petal.Length, iris))`` in R.
R_LM = (2.24914, 0.59552, 0.47192)
NAMES = ("intercept", "sepal width", "petal length")
RATE, ITERATIONS = 0.1, 200


def run(report: Report) -> None:
    """Sepal length from sepal width and petal length, in centimetres."""
    report.title("1. Linear regression: sepal length from sepal width and petal length, 150 irises")
    data = load_iris().data
    X, y = data[:, [1, 2]], data[:, 0]
    Z = (X - X.mean(axis=0)) / X.std(axis=0)

    def descend(n: int) -> np.ndarray:
        return gradient_descent(Z, y, learning_rate=RATE, n_iterations=n, initial=0.1)

    report.compile(lambda: (least_squares(X, y), descend(1)))
    closed = least_squares(X, y)
    report.check("closed form", NAMES, closed, R_LM, "R's lm", within=1e-5, digits=5)
    design = np.column_stack([np.ones(len(X)), X]).tolist()
    report.speed(
        "closed form",
        seconds(lambda: least_squares(X, y), 20),
        seconds(lambda: _twin_least_squares(design, y), 3),
    )

    report.say("")
    report.say(f"Gradient descent, {ITERATIONS} iterations at rate {RATE}, on standardised columns")
    standardised = least_squares(Z, y)
    report.check(
        "gradient descent",
        NAMES,
        descend(ITERATIONS),
        standardised,
        "closed form",
        within=1e-5,
        digits=5,
    )
    design = np.column_stack([np.ones(len(Z)), Z]).tolist()
    report.speed(
        f"{ITERATIONS} iterations",
        seconds(lambda: descend(ITERATIONS), 20),
        seconds(lambda: _twin_descent(design, y)),
    )
    report.say("")
    report.say("The same as a network of one layer with one output, all flowers in each batch")
    report.check(
        "network",
        NAMES,
        _network(Z, y),
        standardised,
        "closed form",
        within=1e-5,
        digits=5,
    )

    report.say("")
    report.say("Columns that depend on each other: petal length in cm, and again in mm")
    twice = np.column_stack([X, 10 * X[:, 1]])
    report.refusal("least_squares(X, y)", lambda: least_squares(twice, y))
    report.refusal("two rows, three coefficients", lambda: least_squares(X[:2], y[:2]))
    # Of all b and c with b + 10 c = s, b^2 + c^2 is smallest for s / 101 and 10 s / 101.
    report.check(
        "minimum_norm=True",
        ("sepal width", "petal (cm)", "petal (mm)"),
        least_squares(twice, y, minimum_norm=True)[1:],
        (R_LM[1], R_LM[2] / 101, R_LM[2] * 10 / 101),
        "R's lm, shared out",
        within=1e-5,
        digits=5,
    )
    _draw(report, X, y, closed, [abs(descend(n) - standardised).max() for n in range(201)])


def _twin_least_squares(design: list[list[float]], y: np.ndarray) -> None:
    coefficients, pivots = [[0.0] for _ in design[0]], [0 for _ in design[0]]
    targets = [[value] for value in y.tolist()]
    naive_least_squares(coefficients, pivots, design, targets, 1e-13)


def _twin_descent(design: list[list[float]], y: np.ndarray) -> None:
    coefficients = [[0.1] for _ in design[0]]
    targets = [[value] for value in y.tolist()]
    naive_gradient_descent(coefficients, design, targets, "linear", RATE, ITERATIONS)


def _network(X: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Coefficients of a network without a hidden layer, after as many steps."""
    model = Sequential([Input((2,)), Dense(1)])
    model.compile(
        SGD(RATE / 2), "mean_squared_error"
    )  # the squared error has a factor 2 in its derivative
    model.fit(X, y, batch_size=len(X), epochs=ITERATIONS, verbose=0)
    kernel, bias = model.get_weights()
    return np.concatenate([bias, kernel[:, 0]])


def _draw(
    report: Report, X: np.ndarray, y: np.ndarray, closed: np.ndarray, error: list[float]
) -> None:
    left, right = panels(2)
    points = left.scatter(X[:, 1], y, c=X[:, 0], s=22, cmap="viridis", zorder=3)
    left.figure.colorbar(points, ax=left, label="sepal width (cm)")
    ends = np.array([X[:, 1].min(), X[:, 1].max()])
    for width in (2.5, 3.0, 3.5):
        line = closed[0] + closed[1] * width + closed[2] * ends
        left.plot(ends, line, color=points.to_rgba(width), label=f"fitted, sepal width {width} cm")
    left.set(xlabel="petal length (cm)", ylabel="sepal length (cm)", title="Least squares")
    left.legend(fontsize="small")
    right.plot(error, color=COLORS[0])
    right.grid(alpha=0.3)
    right.set(
        yscale="log",
        xlabel="iteration",
        ylabel="largest distance to the closed form",
        title=f"Gradient descent at rate {RATE}",
    )
    report.picture("1-linear-regression.png", left)
