"""Models fitted together and alone, for the tests that compare them."""

import numpy as np

from fastscratch import Sequential, fit_many, layers, optimizers

N = 43
RNG = np.random.default_rng(5)
X = RNG.standard_normal((N, 4)).astype(np.float32)
LABELS = RNG.integers(3, size=N)
Y = np.eye(3, dtype=np.float32)[LABELS]
WEIGHTS = RNG.uniform(0, 2, N)
OPTIMIZERS = {
    "sgd": lambda rate: optimizers.SGD(rate),
    "decayed": lambda rate: optimizers.SGD(rate, weight_decay=0.01),
    "momentum": lambda rate: optimizers.SGD(rate, momentum=0.9, nesterov=True),
    "rmsprop": lambda rate: optimizers.RMSprop(rate / 10),
    "centered": lambda rate: optimizers.RMSprop(rate / 10, momentum=0.5, centered=True),
    "adagrad": lambda rate: optimizers.Adagrad(rate),
    "adam": lambda rate: optimizers.Adam(rate / 10),
    "adamw": lambda rate: optimizers.AdamW(rate / 10),
    "clipped": lambda rate: optimizers.SGD(rate, global_clipnorm=0.1),
    "each clipped": lambda rate: optimizers.Adam(rate, clipvalue=0.01),
    "accumulated": lambda rate: optimizers.Adam(rate, gradient_accumulation_steps=3),
    "scheduled": lambda rate: optimizers.SGD(
        optimizers.schedules.PolynomialDecay(rate, 20, rate / 10)
    ),
}


def network(k=0, hidden=7, optimizer="sgd", loss="mse", dtype="float32", **compiled):
    """A small compiled model; `k` chooses its seed and its learning rate."""
    model = Sequential(
        [layers.Input((4,)), layers.Dense(hidden, "tanh"), layers.Dense(3)], dtype=dtype
    )
    model.seed = 10 + k
    optimizer = OPTIMIZERS[optimizer](0.05 + 0.01 * k) if isinstance(optimizer, str) else optimizer
    model.compile(optimizer, loss, **compiled)
    return model


def assert_same(model, alone):
    """All that training changes is the same."""
    one, other = model._state, alone._state
    np.testing.assert_array_equal(one.parameters, other.parameters)
    for slot, expected in zip(one.slots or (), other.slots or (), strict=True):
        np.testing.assert_array_equal(slot, expected)
    counts = "remembered", "iterations", "updates", "pending", "epochs"
    assert [getattr(one, c) for c in counts] == [getattr(other, c) for c in counts]


def assert_same_history(found, expected):
    """The same names in the same order, and the same numbers; NaN is NaN."""
    assert list(found.history) == list(expected.history)
    for name, values in found.history.items():
        np.testing.assert_array_equal(values, expected.history[name])
    assert found.epoch == expected.epoch


def compare(
    make, n_models, *, rows=None, epochs=3, batch_size=10, x=X, y=Y, stopping=None, **given
):
    """Fit models together, and others like them alone; both must end the same."""
    models = [make(k) for k in range(n_models)]
    found = fit_many(
        models, x, y, rows=rows, epochs=epochs, batch_size=batch_size, early_stopping=stopping,
        verbose=0, **given,
    )  # fmt: skip
    weights, validation = given.pop("sample_weight", None), given.pop("validation_rows", None)
    for k, (model, history) in enumerate(zip(models, found, strict=True)):

        def own(values, default, k=k):
            return values[k] if isinstance(values, list) else default if values is None else values

        chosen, measured = own(rows, np.arange(len(x))), own(validation, None)
        arguments = dict(given)
        if measured is not None:
            arguments["validation_data"] = x[measured], y[measured]
        if weights is not None:
            own_weights = own(weights, None)
            arguments["sample_weight"] = None if own_weights is None else own_weights[chosen]
        callback = own(stopping, None)
        alone = make(k)
        expected = alone.fit(
            x[chosen], y[chosen], own(batch_size, 0), own(epochs, 0), verbose=0,
            callbacks=[] if callback is None else [callback], **arguments,
        )  # fmt: skip
        assert_same(model, alone)
        assert_same_history(history, expected)
    return models, found
