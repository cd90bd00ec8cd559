"""Step 6: a convolutional network on handwritten digits, and what it has learned.

The essay does not train one; it ends with the advice to look at the feature maps of trained ones.
"""

from typing import Any, cast

import numpy as np

from ..layers import Conv2D, Dense, Flatten, Input, MaxPooling2D
from ..models import Sequential
from ..optimizers import Adam
from ..plot import panels, plot_feature_maps, plot_filters
from ..utils import set_random_seed
from .report import Report, duration, timed

EPOCHS, RATE = 10, 0.003
#: Per cent of the test images that the network must get right: in the packaged sample, more than
#: scikit-learn's MLPClassifier with the network of step 4; in the full set, more than in step 4.
SAMPLE_GOAL, FULL_GOAL = 97.25, 98


def run(report: Report, digits: Any, seed: int) -> None:
    """Train it, and draw its filters and its feature maps."""
    report.title("6. A convolutional network, past where the essay stops")
    (images, labels), (images_test, labels_test) = digits
    x, x_test = _as_inputs(images), _as_inputs(images_test)
    full = len(images) == 60_000
    report.compile(prepare)
    set_random_seed(seed)
    model = network()
    report.say(
        f"Digits: two convolutions and one dense layer, {model.count_params():,} parameters; "
        f"{EPOCHS} epochs of mini-batches of 32"
    )
    _, time = timed(lambda: model.fit(x, labels, epochs=EPOCHS))
    _, accuracy = cast(list[float], model.evaluate(x_test, labels_test))
    report.check(
        "convolutional network",
        ["held out, %"],
        100 * accuracy,
        FULL_GOAL if full else SAMPLE_GOAL,
        "needed at least" if full else "scikit-learn, dense",
        digits=2,
    )
    steps = EPOCHS * -(-len(x) // 32)
    report.say(f"speed: {steps:,} steps in {duration(time)}", "  ")

    left, right = panels(2, 6, 5)
    plot_filters(model, "conv2d", left)
    plot_filters(model, "conv2d_1", right)
    report.picture("6-filters.png", left)
    left, middle, right = panels(3, 5, 4.6)
    left.imshow(images_test[0], cmap="gray")
    predicted = model.predict(x_test[:1]).argmax()
    left.set_title(f"a {labels_test[0]}, predicted as {predicted}")
    left.set_axis_off()
    plot_feature_maps(model, x_test[0], "conv2d", middle)
    plot_feature_maps(model, x_test[0], "conv2d_1", right)
    report.picture("6-feature-maps.png", left)


def prepare() -> None:
    """Compile what the step needs."""
    model = network()
    x, labels = np.zeros((64, 28, 28, 1), np.float32), np.zeros(64, int)
    model.fit(x, labels, verbose=0)
    model.evaluate(x, labels)


def network() -> Sequential:
    """Build a small relative of LeCun's networks of 1998."""
    model = Sequential(
        [
            Input((28, 28, 1)),
            Conv2D(8, 5, activation="relu"),
            MaxPooling2D(),
            Conv2D(16, 5, activation="relu"),
            MaxPooling2D(),
            Flatten(),
            Dense(10, activation="softmax"),
        ]
    )
    model.compile(Adam(RATE), "sparse_categorical_crossentropy", ["accuracy"])
    return model


def _as_inputs(images: np.ndarray) -> np.ndarray:
    return images[..., None] / np.float32(255)
