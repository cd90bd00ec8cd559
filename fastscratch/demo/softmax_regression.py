"""Step 3: softmax regression, and one logistic regression for each of several labels."""

import numpy as np

from ..datasets import load_iris
from ..layers import Dense, Input
from ..models import Sequential
from ..plot import plot_decision_boundary
from ..reference.gradient_descent import gradient_descent as naive_gradient_descent
from ..regression import gradient_descent, log_likelihood
from .report import Report, clock, seconds, timed

#: ``nnet::multinom(Species ~ ., iris)`` in R, and scikit-learn without penalty.
KNOWN_LOG_LIKELIHOOD, KNOWN_CORRECT = -5.949, 148
#: scikit-learn without penalty, one fit for each label.
KNOWN_LABELS = (-15.756, -33.838, -18.187)
RATE, ITERATIONS, TWIN_ITERATIONS = 5, 100_000, 100


def run(report: Report) -> None:
    """The three species from all four columns, then three labels that can occur together."""
    report.title("3. Softmax regression: the three species, from all four columns")
    data, species, *_ = load_iris()
    Z = (data - data.mean(axis=0)) / data.std(axis=0)

    def descend(n: int, progress: bool = False) -> np.ndarray:
        return gradient_descent(
            Z, species, "softmax", learning_rate=RATE, n_iterations=n, progress=progress
        )

    beta, time = timed(lambda: descend(ITERATIONS, progress=True))
    report.check(
        "log-likelihood",
        (),
        log_likelihood(Z, species, beta, "softmax"),
        KNOWN_LOG_LIKELIHOOD,
        "R's multinom",
        within=1e-3,
    )
    model = Sequential([Input((4,)), Dense(3, "softmax")])
    model.set_weights([beta[1:], beta[0]])
    correct = (model.predict(Z).argmax(axis=1) == species).sum()
    report.check(
        "flowers classified right", (), correct, KNOWN_CORRECT, "scikit-learn", within=0, digits=0
    )
    design = np.column_stack([np.ones(len(Z)), Z]).tolist()
    one_hot = np.eye(3)[species].tolist()
    with clock("naive twin"):
        twin = seconds(
            lambda: naive_gradient_descent(
                np.zeros((5, 3)).tolist(),
                design,
                one_hot,
                "softmax",
                RATE,
                TWIN_ITERATIONS,
            )
        )
    scale = ITERATIONS / TWIN_ITERATIONS
    report.speed(f"{ITERATIONS:,} iterations", time, twin * scale, str(TWIN_ITERATIONS))
    _two_classes(report, Z, species)
    _labels(report, data, species)
    _draw(report, data[:, 2:], species)


def _draw(report: Report, petals: np.ndarray, species: np.ndarray) -> None:
    """The regions of the classes, of a regression on the two columns that can be drawn."""
    center, scale = petals.mean(axis=0), petals.std(axis=0)
    beta = gradient_descent(
        (petals - center) / scale, species, "softmax", learning_rate=RATE, n_iterations=10_000
    )
    model = Sequential([Input((2,)), Dense(3, "softmax")])
    kernel = beta[1:] / scale[:, None]  # of columns that are not standardised
    model.set_weights([kernel, beta[0] - center @ kernel])
    ax = plot_decision_boundary(model, petals, species, list(load_iris().target_names))
    ax.set(
        xlabel="petal length (cm)",
        ylabel="petal width (cm)",
        title="Softmax regression on two columns",
    )
    report.picture("3-softmax-regression.png", ax)


def _two_classes(report: Report, Z: np.ndarray, species: np.ndarray) -> None:
    """With two classes, the differences of the softmax's coefficients are the logistic's."""
    X, y = Z[species > 0][:, [0, 2]], species[species > 0] - 1
    # The two coefficients of a difference move in opposite directions, so it moves twice as fast.
    softmax = gradient_descent(X, y, "softmax", learning_rate=RATE / 2, n_iterations=5000)
    logistic = gradient_descent(X, y, "logistic", learning_rate=RATE, n_iterations=5000)
    report.say("")
    report.say("With two classes it is a logistic regression")
    report.check(
        "differences of classes",
        ("intercept", "sepal length", "petal length"),
        softmax[:, 1] - softmax[:, 0],
        logistic,
        "logistic regression",
        within=1e-6,
        digits=6,
    )


def _labels(report: Report, data: np.ndarray, species: np.ndarray) -> None:
    """Labels that are not mutually exclusive: each has a column, and a logistic regression."""
    report.say("")
    report.say(
        "Three labels that can occur together, from sepal width and petal length: virginica, long "
        "sepal (above 5.8 cm), wide petal (above 1.3 cm)"
    )
    X = data[:, [1, 2]]
    X = (X - X.mean(axis=0)) / X.std(axis=0)
    labels = np.column_stack([species == 2, data[:, 0] > 5.8, data[:, 3] > 1.3]).astype(float)
    names = ("virginica", "long sepal", "wide petal")

    def descend(y: np.ndarray) -> np.ndarray:
        return gradient_descent(X, y, "logistic", learning_rate=RATE, n_iterations=20_000)

    together, alone = descend(labels), [descend(y) for y in labels.T]
    likelihoods = [log_likelihood(X, labels[:, k], together[:, k], "logistic") for k in range(3)]
    report.check("log-likelihoods", names, likelihoods, KNOWN_LABELS, "scikit-learn", within=1e-3)
    report.check(
        "largest difference",
        names,
        [abs(together[:, k] - alone[k]).max() for k in range(3)],
        (0, 0, 0),
        "each label by itself",
        within=1e-6,
        digits=6,
    )
