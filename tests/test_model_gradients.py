"""The gradients that a model gives: of its weights, sample by sample, and of its inputs.

Against the reference, PyTorch, central differences, the steps of a fit, and each other.
"""

import math
import threading

import naive
import numpy as np
import pytest

import fastscratch as fs
from fastscratch import layers, losses, optimizers
from fastscratch.callbacks import LambdaCallback
from fastscratch.engine import evaluation
from fastscratch.utils import derived_seed, set_random_seed

RNG = np.random.default_rng(0)
# Of float64, for sums of fewer than 10000 terms of size up to 10.
ROUNDING = 1e5 * 2.0**-53
# The step of a difference; it cuts off h**2 / 6 times third derivatives (up to 1e4), and rounds
# at most 1000 operations on numbers of size 10.
H = 2.0**-20
TOLERANCE = H**2 / 6 * 1e4 + 1000 * 10 * 2.0**-53 / H

NETWORKS = {
    "dense": lambda: [
        fs.Input((5,)),
        layers.Dense(7, "tanh", kernel_regularizer="l2"),
        layers.Dense(6, "gelu", bias_regularizer="l1_l2", bias_initializer="random_uniform"),
        layers.Dense(3, "softmax"),
    ],
    "few filters": lambda: [
        fs.Input((8, 7, 2)),
        layers.Conv2D(4, 3, padding="same", activation="elu", kernel_regularizer="l2"),
        layers.MaxPooling2D(2),
        layers.Conv2D(3, 2, trainable=False),
        layers.Flatten(),
        layers.Dense(3, "softmax"),
    ],
    "many filters": lambda: [
        fs.Input((6, 6, 3)),
        layers.Conv2D(33, 3, activation="tanh", padding="same"),
        layers.Conv2D(34, 3, padding="same", activation="silu"),
        layers.LayerNormalization(),
        layers.AveragePooling2D(2),
        layers.GlobalAveragePooling2D(),
        layers.Dense(3, "softmax"),
    ],
    "random": lambda: [
        fs.Input((5,)),
        layers.Dense(9, "relu"),
        layers.BatchNormalization(gamma_regularizer="l2"),
        layers.Dropout(0.3),
        layers.Dense(3, "softmax"),
    ],
}
ALONE = ["dense", "few filters", "many filters"]  # where no sample depends on another


def network(name, dtype="float64", optimizer="sgd"):
    """A compiled model, the same at each call."""
    set_random_seed(5)
    model = fs.Sequential(NETWORKS[name](), dtype=dtype)
    model.compile(optimizer, "categorical_crossentropy")
    weights = model.get_weights()
    rng = np.random.default_rng(6)
    for placed, weight in zip(model._network.placed(), weights, strict=True):
        if placed.weight.name.startswith("moving"):
            weight[:] = rng.random(weight.shape) + 0.5
    model.set_weights(weights)
    return model


def data(model, n=11):
    rng = np.random.default_rng(n)
    (shape,) = model._network.input_shapes
    return rng.standard_normal((n, *shape)), np.eye(3)[rng.integers(3, size=n)]


def two_ends(dtype="float64"):
    """A graph of two inputs, two outputs and a shared layer."""
    set_random_seed(9)
    a, b = fs.Input((4,), name="a"), fs.Input((4,), name="b")
    both = layers.Dense(4, "tanh", kernel_regularizer="l2", name="both")
    one, other = both(a), both(b)
    scores = layers.Dense(3, "softmax", name="scores")(layers.Concatenate()([one, other]))
    model = fs.Model([a, b], [scores, layers.Dense(2, name="size")(one)], dtype=dtype)
    model.compile("sgd", ["categorical_crossentropy", "huber"], loss_weights=[0.5, 3])
    return model


def data_of_two_ends(n=11):
    rng = np.random.default_rng(n)
    x = [rng.standard_normal((n, 4)), rng.standard_normal((n, 4))]
    return x, [np.eye(3)[rng.integers(3, size=n)], 2 * rng.standard_normal((n, 2))]


def close(found, expected, rounding=ROUNDING):
    """Each to some units of the largest number of all."""
    size = max(1, *(abs(wanted).max(initial=0) for wanted in expected))
    for a, b in zip(found, expected, strict=True):
        np.testing.assert_allclose(a, b, rtol=0, atol=rounding * size)


def bits(arrays):
    return [array.tobytes() for array in arrays]


# --- of the mean loss -----------------------------------------------------------------------------


def by_the_reference(model, x, y, weights=None, **run):
    options = {"seed": derived_seed(model.seed, 1), "step": model._state.iterations} | run
    of_losses = model._losses, weights, model._loss_weights
    loss, flat, _ = naive.loss_and_gradient(
        model._network, model._state.parameters.astype(float), x, y, *of_losses, **options
    )
    return loss, [placed.view(flat) for placed in model._network.placed()]


@pytest.mark.parametrize("dtype", [pytest.param("float32", marks=pytest.mark.slow), "float64"])
@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize(
    "name",
    [pytest.param(n, marks=pytest.mark.slow if n == "many filters" else ()) for n in NETWORKS],
)
def test_gradients_are_those_of_the_reference(name, weighted, dtype):
    model = network(name, dtype)
    x, y = data(model)
    x = x.astype(dtype)
    weights = RNG.random(len(x)).astype(dtype) if weighted else None
    loss, gradients = model.gradients(x, y, weights)
    expected = by_the_reference(model, [x], [y], None if weights is None else weights.astype(float))
    # In float32 fewer than 1000 terms are added up for any number.
    rounding = ROUNDING if dtype == "float64" else 1000 * 2.0**-23
    assert loss == pytest.approx(expected[0], rel=rounding)
    close(gradients, expected[1], rounding)
    assert [gradient.dtype for gradient in gradients] == [dtype] * len(gradients)
    assert [gradient.shape for gradient in gradients] == [w.shape for w in model.get_weights()]


def test_gradients_of_several_outputs():
    model = two_ends()
    x, y = data_of_two_ends()
    loss, gradients = model.gradients(x, y)
    expected = by_the_reference(model, x, y)
    assert loss == pytest.approx(expected[0], rel=ROUNDING)
    close(gradients, expected[1])
    assert loss == pytest.approx(model.evaluate(x, y)[0], rel=ROUNDING)


@pytest.mark.parametrize("name", ALONE)
def test_gradients_are_central_differences_of_the_loss(name):
    """Of what `evaluate` reports, with its penalties."""
    model = network(name)
    x, y = data(model)
    loss, gradients = model.gradients(x, y)
    start = model.get_weights()
    assert loss == pytest.approx(model.evaluate(x, y), rel=ROUNDING)
    learned = [
        layer.trainable and placed.weight.trainable for layer, placed in model._named_weights()
    ]

    def f(push):
        model.set_weights([w + push * d for w, d in zip(start, direction, strict=True)])
        return model.evaluate(x, y)

    for _ in range(3):
        direction = [
            RNG.choice([-1, 1], w.shape) * learns for w, learns in zip(start, learned, strict=True)
        ]
        ours = sum((g * d).sum() for g, d in zip(gradients, direction, strict=True))
        assert ours == pytest.approx((f(H) - f(-H)) / (2 * H), abs=TOLERANCE)


@pytest.mark.parametrize("name", NETWORKS)
def test_gradients_are_what_a_step_subtracts(name):
    """Also where dropout drops: the same units as in the step."""
    rate = 0.125
    model = network(name, optimizer=optimizers.SGD(rate))
    x, y = data(model)
    for _ in range(3):
        before = model.get_weights()
        loss, gradients = model.gradients(x, y)
        assert model.train_on_batch(x, y) == pytest.approx(loss, rel=ROUNDING)
        learned = [
            layer.trainable and placed.weight.trainable for layer, placed in model._named_weights()
        ]
        for was, now, gradient, learns in zip(
            before, model.get_weights(), gradients, learned, strict=True
        ):
            if learns:
                np.testing.assert_allclose((was - now) / rate, gradient, rtol=0, atol=ROUNDING)
            else:
                assert not gradient.any()


@pytest.mark.parametrize("name", NETWORKS)
def test_gradients_change_nothing(name):
    model, same = network(name, optimizer="adam"), network(name, optimizer="adam")
    x, y = data(model)
    found = [bits(model.gradients(x, y)[1]) for _ in range(3)]
    assert found[1:] == found[:1] * 2  # the moving averages are where they were
    model.per_sample_gradients(x, y)
    model.input_gradients(x, y)
    model.gradient_norms(x, y)
    assert bits(model.get_weights()) == bits(same.get_weights())
    assert model.iterations == 0
    options = {"batch_size": 4, "epochs": 2, "verbose": 0}
    assert model.fit(x, y, **options).history == same.fit(x, y, **options).history
    assert bits(model.get_weights()) == bits(same.get_weights())
    assert bits(model.gradients(x, y)[1]) != found[0]  # those of the new weights


def test_gradients_may_be_taken_in_a_fit():
    """As a callback does that watches them."""
    model, same = network("random", optimizer="adam"), network("random", optimizer="adam")
    x, y = data(model)
    norms = []
    watch = LambdaCallback(on_epoch_end=lambda *_, **__: norms.append(model.gradient_norms(x, y)))
    options = {"batch_size": 4, "epochs": 3, "verbose": 0}
    model.fit(x, y, callbacks=[watch], **options)
    same.fit(x, y, **options)
    assert bits(model.get_weights()) == bits(same.get_weights())
    assert len({tuple(norm.values()) for norm in norms}) == 3


def test_a_layer_may_be_frozen_between_two_gradients():
    model = network("dense")
    x, y = data(model)
    _, before = model.gradients(x, y)
    model.layers[1].trainable = False
    _, after = model.gradients(x, y)
    assert not after[2].any()
    assert not after[3].any()
    assert bits(after[:2] + after[4:]) == bits(before[:2] + before[4:])


# --- sample by sample -----------------------------------------------------------------------------


@pytest.mark.parametrize("name", ALONE)
def test_each_sample_has_the_gradient_that_it_has_alone(name):
    model = network(name)
    x, y = data(model)
    values, gradients = model.per_sample_gradients(x, y)
    assert values.shape == (11,)
    assert [g.shape for g in gradients] == [(11, *w.shape) for w in model.get_weights()]
    for n in range(11):
        loss, expected = model.gradients(x[n : n + 1], y[n : n + 1])
        assert values[n] == pytest.approx(loss, rel=ROUNDING)
        close([gradient[n] for gradient in gradients], expected)
    loss, whole = model.gradients(x, y)
    assert values.mean() == pytest.approx(loss, rel=ROUNDING)
    close([gradient.mean(axis=0) for gradient in gradients], whole)


def test_each_sample_at_several_outputs():
    model = two_ends()
    x, y = data_of_two_ends()
    values, gradients = model.per_sample_gradients(x, y)
    for n in range(11):
        loss, expected = model.gradients([a[n : n + 1] for a in x], [b[n : n + 1] for b in y])
        assert values[n] == pytest.approx(loss, rel=ROUNDING)
        close([gradient[n] for gradient in gradients], expected)


def test_each_sample_where_training_is_random():
    """As in prediction: nothing is dropped, and normalisation is by moving averages."""
    model = network("random")
    x, y = data(model)
    values, gradients = model.per_sample_gradients(x, y)
    for n in range(11):
        rows = [x[n : n + 1]], [y[n : n + 1]]
        loss, expected = by_the_reference(model, *rows, training=False)
        assert values[n] == pytest.approx(loss, rel=ROUNDING)
        close([gradient[n] for gradient in gradients], expected)
        assert values[n] == pytest.approx(model.evaluate(*rows[0], *rows[1]), rel=ROUNDING)


def test_samples_of_float32():
    model = network("few filters", "float32")
    x, y = data(model, 40)
    values, gradients = model.per_sample_gradients(x, y)
    assert values.dtype == np.float64
    assert {gradient.dtype for gradient in gradients} == {np.dtype("float32")}
    loss, whole = model.gradients(x, y)
    rounding = 1000 * 2.0**-23
    assert values.mean() == pytest.approx(loss, rel=rounding)
    close([gradient.mean(axis=0) for gradient in gradients], whole, rounding)


# --- of the inputs --------------------------------------------------------------------------------


def sample_losses(model, x, y):
    return model.per_sample_gradients(x, y)[0]


@pytest.mark.parametrize("n", [1, 11, 300])  # more than go through the network at once
@pytest.mark.parametrize("name", NETWORKS)
def test_input_gradients_are_central_differences(name, n):
    model = network(name)
    x, y = data(model, n)
    gradients = model.input_gradients(x, y)
    assert gradients.shape == x.shape
    assert gradients.dtype == np.float64
    for _ in range(3):
        direction = RNG.choice([-1, 1], x.shape)
        ahead, behind = (sample_losses(model, x + push * direction, y) for push in (H, -H))
        ours = (gradients * direction).reshape(n, -1).sum(axis=1)
        # A ReLU that bends within the step, or another maximum, is rare.
        off = abs(ours - (ahead - behind) / (2 * H))
        assert (off <= TOLERANCE).mean() > 0.98


def test_input_gradients_of_several_inputs():
    model = two_ends()
    x, y = data_of_two_ends(150)
    gradients = model.input_gradients(x, y)
    assert [gradient.shape for gradient in gradients] == [(150, 4), (150, 4)]
    for k in range(2):
        for i in range(4):
            push = [np.zeros((150, 4)), np.zeros((150, 4))]
            push[k][:, i] = H
            ahead = sample_losses(model, [a + p for a, p in zip(x, push, strict=True)], y)
            behind = sample_losses(model, [a - p for a, p in zip(x, push, strict=True)], y)
            expected = (ahead - behind) / (2 * H)
            np.testing.assert_allclose(gradients[k][:, i], expected, rtol=0, atol=TOLERANCE)


def test_input_gradients_by_hand():
    """``(3 x - 1)**2`` has the derivative ``6 (3 x - 1)``, whatever the other samples are."""
    model = fs.Sequential([fs.Input((1,)), layers.Dense(1, use_bias=False)])
    model.compile("sgd", "mean_squared_error")
    model.set_weights([[[3.0]]])
    assert model.input_gradients([[1.0], [0.0], [2.0]], [1.0] * 3).tolist() == [[12], [-6], [30]]
    losses_of, (kernel,) = model.per_sample_gradients([[1.0], [0.0], [2.0]], [1.0] * 3)
    assert losses_of.tolist() == [4, 1, 25]
    assert kernel.ravel().tolist() == [4, 0, 20]  # 2 x (3 x - 1)
    assert model.gradients([[1.0], [0.0], [2.0]], [1.0] * 3)[1][0] == [[8]]


# --- norms ----------------------------------------------------------------------------------------


def test_norms_are_those_of_the_gradients():
    model = network("few filters")
    x, y = data(model)
    _, gradients = model.gradients(x, y)
    norms = model.gradient_norms(x, y)
    assert list(norms) == ["conv2d", "dense"]  # the second convolution is frozen
    for name, own in (("conv2d", gradients[:2]), ("dense", gradients[4:])):
        squares = math.fsum(value**2 for gradient in own for value in gradient.ravel().tolist())
        assert norms[name] == pytest.approx(squares**0.5, rel=1e-12)


def test_norms_by_hand():
    """Gradients 3 of the kernel and 4 of the bias have the norm 5."""
    model = fs.Sequential([fs.Input((1,)), layers.Dense(1, name="line")])
    model.compile("sgd", "mean_squared_error")
    model.set_weights([[[0.0]], [0.0]])
    # Of target -2 the residual is 2: the derivative is 4 for the bias, and 4 x for the kernel.
    assert model.gradient_norms([[0.75]], [-2.0]) == {"line": 5.0}


def test_norms_of_what_overflows_are_infinite():
    model = fs.Sequential([fs.Input((1,)), layers.Dense(1, name="line")], dtype="float64")
    model.compile("sgd", "mean_squared_error")
    model.set_weights([[[1.0]], [0.0]])
    assert model.gradient_norms([[1e200]], [0.0]) == {"line": math.inf}


# --- PyTorch --------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def torch():
    return pytest.importorskip("torch", reason="PyTorch, the peer compared with, is not installed")


def test_all_of_them_are_those_of_pytorch(torch):
    model = fs.Sequential(
        [fs.Input((5,)), layers.Dense(7, "tanh"), layers.Dense(6, "softplus"), layers.Dense(3)],
        dtype="float64",
    )
    loss = losses.CategoricalCrossentropy(from_logits=True)
    model.compile("sgd", loss)
    x, y = RNG.standard_normal((11, 5)), RNG.integers(3, size=11)
    weights = [torch.tensor(w, requires_grad=True) for w in model.get_weights()]
    inputs = torch.tensor(x, requires_grad=True)
    F = torch.nn.functional
    h = torch.tanh(inputs @ weights[0] + weights[1])
    z = F.softplus(h @ weights[2] + weights[3]) @ weights[4] + weights[5]
    each = F.cross_entropy(z, torch.tensor(y), reduction="none")
    targets = np.eye(3)[y]

    value, gradients = model.gradients(x, targets)
    assert value == pytest.approx(each.mean().item(), rel=ROUNDING)
    theirs = torch.autograd.grad(each.mean(), weights, retain_graph=True)
    close(gradients, [gradient.numpy() for gradient in theirs])

    values, by_sample = model.per_sample_gradients(x, targets)
    close([values], [each.detach().numpy()])
    for n in range(11):
        theirs = torch.autograd.grad(each[n], weights, retain_graph=True)
        close([gradient[n] for gradient in by_sample], [gradient.numpy() for gradient in theirs])

    (theirs,) = torch.autograd.grad(each.sum(), [inputs])
    close([model.input_gradients(x, targets)], [theirs.numpy()])


# --- threads --------------------------------------------------------------------------------------


def everything(model, x, y):
    """The bits of all gradients."""
    loss, gradients = model.gradients(x, y)
    values, by_sample = model.per_sample_gradients(x, y)
    of_inputs = model.input_gradients(x, y)
    of_inputs = of_inputs if isinstance(of_inputs, list) else [of_inputs]
    return loss, bits([*gradients, values, *by_sample, *of_inputs]), model.gradient_norms(x, y)


@pytest.mark.parametrize("name", [*NETWORKS, "two ends"])
def test_a_team_gives_the_bits_of_one_thread(name, monkeypatch):
    most = fs.get_num_threads()
    if most < 2:
        pytest.skip("only one thread here")
    monkeypatch.setattr(evaluation, "PARALLEL_WORK", -1)
    found = []
    try:
        for threads in (1, 2):
            fs.set_num_threads(threads)
            if name == "two ends":
                found.append(everything(two_ends("float32"), *data_of_two_ends(150)))
            else:
                model = network(name, "float32")
                found.append(everything(model, *data(model, 150)))
    finally:
        fs.set_num_threads(most)
    assert found[0] == found[1]


def test_many_threads_may_ask_one_model():
    model = network("random", "float32")
    x, y = data(model, 40)
    expected, found = everything(model, x, y), []

    def ask():
        for _ in range(5):
            found.append(everything(model, x, y))

    threads = [threading.Thread(target=ask) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [expected] * 20


# --- what is refused ------------------------------------------------------------------------------

METHODS = ["gradients", "per_sample_gradients", "input_gradients", "gradient_norms"]


@pytest.mark.parametrize("method", METHODS)
def test_refused(method):
    model = fs.Sequential([fs.Input((4,)), layers.Dense(3, "softmax")])
    call = getattr(model, method)
    x, y = np.ones((2, 4)), np.eye(2, 3)
    with pytest.raises(RuntimeError, match="the model is not compiled; call its"):
        call(x, y)
    model.compile("sgd", "categorical_crossentropy")
    for wrong_x, wrong_y, message in (
        (x[:, :3], y, r"x must have samples of shape \(4,\), .* got \(3,\)"),
        (x * np.nan, y, "x must be finite in float32"),
        (x, y[:, :2], r"y must have shape \(samples, 3\)"),
        (x, y[:1], "one row for each sample, got 2 and 1"),
        (x[:0], y[:0], "x must not be empty"),
        (x, 2 * y, "y of categorical_crossentropy must be from 0 to 1"),
    ):
        with pytest.raises(ValueError, match=message):
            call(wrong_x, wrong_y)
    call(x, y)


def test_weights_of_samples_are_checked():
    model = network("dense")
    x, y = data(model)
    with pytest.raises(ValueError, match="sample_weight must not be negative, got -1"):
        model.gradients(x, y, -np.ones(11))
    doubled = model.gradients(x, y, np.full(11, 2.0))[0]
    penalty = model._penalty(model._state)
    assert doubled - penalty == pytest.approx(2 * (model.gradients(x, y)[0] - penalty))
