"""The networks of `EXAMPLES`: hostile arguments, and on good ones what the naive network computes.

Each draw varies an example: its weights, its data, how many samples there are and how large the
mini-batches.
"""

import dataclasses
import math

import numpy as np
from calls import calls, real, some_of, whole
from fuzz_models import DIVERGES, FEW_EPOCHS, SUBJECTS, state_of
from hypothesis import strategies as st

from fastscratch.examples import EXAMPLES
from fastscratch.examples.comparison import compare_training, roundings
from fastscratch.examples.example import network_of
from fastscratch.examples.naive import (
    naive_loss,
    naive_network,
    naive_rule,
    naive_targets,
    naive_weights,
    train_naively,
)
from fastscratch.reference import network as reference
from fastscratch.reference.layers.base import Run
from fastscratch.reference.train import SGD
from fastscratch.utils import derived_seed

#: Beyond this, the sums of the naive network are not those that `roundings` counts.
ORDINARY = 10.0
#: Half the distance of two evaluations of a loss whose difference is a derivative.
STEP = 1e-6


@st.composite
def examples(draw):
    """An example with other weights and data than the registered one."""
    name = draw(st.sampled_from(sorted(EXAMPLES)))
    samples = draw(st.integers(1, 7))
    return dataclasses.replace(
        EXAMPLES[name],
        name=f"{name}, {draw(st.integers(0, 99))}",
        samples=samples,
        batch_size=draw(st.integers(1, samples + 1)),
    )


class Naive:
    """The naive network of a model, with the model's weights at this moment."""

    def __init__(self, example, model):
        self.model, self.network = model, network_of(model)
        self.naive = naive_network(self.network)
        self.weights = naive_weights(self.network, model._state.parameters.astype(float))
        self.losses = [naive_loss(loss) for loss in model._losses]
        self.seed = derived_seed(model.seed, 1)
        self.rule = naive_rule(model._compiled_optimizer())
        self.rate = model._compiled_optimizer().learning_rate
        self.example = example

    def backprop(self, data, training):
        """The mean loss, and the gradient of each weight."""
        xs, ys, sample_weight = data
        run = Run(training=training, seed=self.seed, step=0)
        loss, gradients, _ = reference.backprop(
            *(self.naive, self.weights, xs, ys, self.losses, run, self.model._loss_weights),
            [sample_weight] * len(ys),
        )
        return loss, self._arrays(gradients)

    def fit(self, data, epochs, batch_size, shuffle):
        """The mean loss of each epoch, and the weights in the end."""
        xs, ys, sample_weight = data
        trained, losses = SGD(
            *(self.naive, self.weights, xs, ys, self.losses, epochs, batch_size),
            *(self.rate, self.rule, shuffle, self.seed),
            loss_weights=self.model._loss_weights,
            sample_weight=[sample_weight] * len(ys),
        )
        if self.rule.average is not None:  # a fit ends with it
            trained = [
                [own if mean is None else mean for own, mean in zip(weights, means, strict=True)]
                for weights, means in zip(trained, self.rule.average, strict=True)
            ]
        return losses, self._arrays(trained)

    def predict(self, xs):
        return reference.forward(self.naive, self.weights, xs)

    def _arrays(self, nested):
        return [
            np.zeros(np.shape(weight)) if array is None else np.array(array, float)
            for entry, like in zip(nested, self.weights, strict=True)
            for array, weight in zip(entry, like, strict=True)
        ]

    def data(self, given, with_ties=False):
        """What was given, as the naive network takes it; None if it is no ordinary data.

        Equal inputs may lead to equal maxima, and then rounding decides which has the gradient.
        """
        taken = {key: real(value, self.model.dtype) for key, value in given.items()}
        if any(abs(value).max() > ORDINARY for value in taken.values()):
            return None
        if not with_ties and self.example.classes is None:
            samples = [value for key, value in taken.items() if key[0] == "x"]
            if any(np.unique(x).size < x.size for x in samples):
                return None
        xs = [taken[key].tolist() for key in taken if key[0] == "x"]
        ys = [
            naive_targets(taken[key].reshape(-1, *(shape[:-1] if loss.takes_labels else shape)))
            for key, loss, shape in zip(
                [key for key in taken if key[0] == "y"],
                self.model._losses,
                self.network.output_shapes,
                strict=False,  # a prediction has no targets
            )
        ]
        weights = taken.get("sample_weight")
        return xs, ys, None if weights is None else weights.tolist()

    def assert_close(self, found, expected, epochs=1):
        """Within a unit of roundoff of the largest number for each rounding on the way."""
        unit = np.finfo(self.model.dtype).eps
        bound = epochs * roundings(self.network, self.example) * unit
        found, expected = ([np.asarray(a, float) for a in one] for one in (found, expected))
        largest = max((abs(b).max(initial=0) for b in expected), default=0)
        for a, b in zip(found, expected, strict=True):
            assert a.shape == b.shape
            error = abs(a - b).max(initial=0)
            assert error <= bound * max(1.0, largest), f"off by {error}: {a}, wanted {b}"


def gathered(given, letter):
    """The arrays of all inputs, or of all outputs, as a method takes them."""
    several = [given.pop(key) for key in list(given) if key.rstrip("0123456789") == letter]
    return several[0] if len(several) == 1 else several


def named(letter, arrays):
    """One argument for each input or output, so that one can be spoiled and the others not."""
    return {f"{letter}{i}" if len(arrays) > 1 else letter: a for i, a in enumerate(arrays)}


@st.composite
def of_example(draw, method, options, check, scalars=None, raises=()):
    """Calls of a model's method; `options` are strategies by name, given n samples."""
    example = draw(examples())
    model = example.model(draw(st.sampled_from(["float32", "float64"])))
    xs, ys, _ = example.data(model)
    arguments = named("x", xs)
    if method != "predict":
        arguments |= named("y", ys)
    arguments |= some_of(draw, options(example.samples))
    naive = Naive(example, model)

    def call(**given):
        gathered_arrays = {letter: gathered(given, letter) for letter in ("x", "y")}
        if method == "predict":
            del gathered_arrays["y"]
        return getattr(model, method)(**gathered_arrays, **given)

    return draw(
        calls(
            f"EXAMPLES[{example.name!r}], {example.samples} samples, {model.dtype}: {method}",
            call,
            lambda draw: arguments,
            lambda result, **given: check(naive, result, given),
            scalars,
            subjects=(*SUBJECTS, "x", "y", "inputs"),
            state=state_of(model),
            raises=raises,
        )
    )


def arrays_of(given):
    """The samples, targets and weights among the arguments."""
    return {
        key: value
        for key, value in given.items()
        if key[0] in "xy" or (key == "sample_weight" and value is not None)
    }


def check_predict(naive, result, given):
    batch_size = given.get("batch_size")
    assert batch_size is None or whole(batch_size) >= 1
    found = result if isinstance(result, list) else [result]
    assert all(out.dtype == naive.model.dtype for out in found)
    if data := naive.data(arrays_of(given), with_ties=True):
        naive.assert_close(found, naive.predict(data[0]))


def total_of(result):
    """The loss of a model, before those of its outputs if it has several."""
    return result[0] if isinstance(result, list) else result


def diverges(losses):
    """Whether training makes the loss larger, and rounding errors with it."""
    return max(losses) > 2 * losses[0]


def check_evaluate(naive, result, given):
    if data := naive.data(arrays_of(given), with_ties=True):
        naive.assert_close([total_of(result)], [naive.backprop(data, training=False)[0]])


def check_train_on_batch(naive, result, given):
    if data := naive.data(arrays_of(given)):
        (loss,), weights = naive.fit(data, 1, len(data[0][0]), False)
        naive.assert_close([total_of(result)], [loss])
        naive.assert_close(naive.model.get_weights(), weights)


def check_fit(naive, result, given):
    epochs = whole(given.get("epochs", 1))
    assert result.epoch == list(range(epochs))
    if data := naive.data(arrays_of(given)):
        size = whole(32 if given.get("batch_size") is None else given["batch_size"])
        before, _ = naive.backprop(data, training=True)
        losses, weights = naive.fit(data, epochs, size, given.get("shuffle", True))
        if diverges([before, *losses]):
            return
        naive.assert_close(result.history.get("loss", []), losses, max(1, epochs))
        naive.assert_close(naive.model.get_weights(), weights, max(1, epochs))


def check_gradients(naive, result, given):
    loss, gradients = result
    if data := naive.data(arrays_of(given)):
        expected, wanted = naive.backprop(data, training=True)
        naive.assert_close([loss], [expected])
        naive.assert_close(gradients, wanted)


def check_per_sample_gradients(naive, result, given):
    losses, gradients = result
    if data := naive.data(arrays_of(given)):
        xs, ys, _ = data
        for i, loss in enumerate(losses):
            one = [x[i : i + 1] for x in xs], [y[i : i + 1] for y in ys], None
            expected, wanted = naive.backprop(one, training=False)
            naive.assert_close([loss], [expected])
            naive.assert_close([gradient[i] for gradient in gradients], wanted)


def check_input_gradients(naive, result, given):
    """Along a random direction: the difference of two losses, by the naive network."""
    found = result if isinstance(result, list) else [result]
    data = naive.data(arrays_of(given))
    if data is None or naive.example.classes is not None:
        assert all(np.isfinite(gradient).all() for gradient in found)
        return
    xs, ys, _ = data
    rng = np.random.default_rng(len(naive.example.name))
    ways = [rng.standard_normal(np.shape(x)) for x in xs]

    def total(step):
        moved = [(np.asarray(x) + step * way).tolist() for x, way in zip(xs, ways, strict=True)]
        return len(xs[0]) * naive.backprop((moved, ys, None), training=False)[0]

    expected = (total(STEP) - total(-STEP)) / (2 * STEP)
    slope = sum((gradient * way).sum() for gradient, way in zip(found, ways, strict=True))
    size = sum(abs(gradient * way).sum() for gradient, way in zip(found, ways, strict=True))
    assert abs(slope - expected) <= 1e-4 * max(1.0, size), f"slope {slope}, wanted {expected}"


def check_gradient_norms(naive, result, given):
    assert all(norm >= 0 or math.isnan(norm) for norm in result.values())
    if data := naive.data(arrays_of(given)):
        _, gradients = naive.backprop(data, training=True)
        whole_norm = math.hypot(*(float(np.linalg.norm(gradient)) for gradient in gradients))
        naive.assert_close([math.hypot(*result.values())], [whole_norm])


def no_options(n):
    return {}


def weighted(n):
    return {"sample_weight": st.integers(0, 9).map(lambda seed: weights_of(n, seed))}


def weights_of(n, seed):
    return np.random.default_rng(seed).uniform(0, 2, n)


def fitting(n):
    return weighted(n) | {
        "batch_size": st.integers(1, n + 2),
        "epochs": st.integers(0, 2),
        "shuffle": st.booleans(),
        "verbose": st.just(0),
    }


def compared(example, dtype="float32"):
    return compare_training(example, dtype)


def check_compared(result, example, dtype="float32"):
    if not diverges(train_naively(example).loss):
        assert not result.trouble, result.trouble


SIZED = {"batch_size": st.integers(1, 9)}
TARGETS = {
    "EXAMPLES": calls(
        "compare_training",
        compared,
        lambda draw: {
            "example": draw(examples()),
            "dtype": draw(st.sampled_from(["float32", "float64"])),
        },
        check_compared,
        fixed=("example", "dtype"),
    ),
    "EXAMPLES.predict": of_example("predict", lambda n: SIZED, check_predict),
    "EXAMPLES.evaluate": of_example("evaluate", lambda n: SIZED | weighted(n), check_evaluate),
    "EXAMPLES.train_on_batch": of_example(
        "train_on_batch", weighted, check_train_on_batch, raises=DIVERGES
    ),
    "EXAMPLES.fit": of_example(
        "fit", fitting, check_fit, scalars={"epochs": FEW_EPOCHS}, raises=DIVERGES
    ),
    "EXAMPLES.gradients": of_example("gradients", weighted, check_gradients, raises=DIVERGES),
    "EXAMPLES.per_sample_gradients": of_example(
        "per_sample_gradients", no_options, check_per_sample_gradients, raises=DIVERGES
    ),
    "EXAMPLES.input_gradients": of_example(
        "input_gradients", no_options, check_input_gradients, raises=DIVERGES
    ),
    "EXAMPLES.gradient_norms": of_example(
        "gradient_norms", no_options, check_gradient_norms, raises=DIVERGES
    ),
}
