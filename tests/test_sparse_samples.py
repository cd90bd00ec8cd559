"""Samples that are given to a model as a sparse matrix: they are never made dense."""

import numpy as np
import pytest
from scipy import sparse

from fastscratch import Model, Sequential, layers

FORMS = [sparse.csr_matrix, sparse.csr_array, sparse.csc_array, sparse.coo_array]


def data(columns=150, samples=70):
    rng = np.random.default_rng(1)
    x = rng.standard_normal((samples, columns)) * (rng.random((samples, columns)) < 0.1)
    x[3] = 0
    return x, rng.integers(3, size=samples)


def model(optimizer="adam", columns=150):
    made = Sequential(
        [layers.Input((columns,)), layers.Dense(6, "relu"), layers.Dense(3, "softmax")],
        dtype="float64",
    )
    made.seed = 2
    made.compile(optimizer, "sparse_categorical_crossentropy", metrics=["accuracy"])
    return made


@pytest.fixture(autouse=True)
def never_dense(monkeypatch):
    def refuse(self, *arguments, **options):
        raise AssertionError("made dense")

    for form in FORMS:
        monkeypatch.setattr(form, "toarray", refuse)


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("optimizer", ["adam", "sgd"])
def test_sparse_and_dense_samples_train_alike(form, optimizer):
    """Sums have the same terms, but for products by zero: 150 of them, and 70 samples."""
    x, y = data()
    given, dense = model(optimizer), model(optimizer)
    how = {"batch_size": 16, "epochs": 3, "validation_split": 0.2, "verbose": 0}
    ours, truth = given.fit(form(x), y, **how).history, dense.fit(x, y, **how).history
    close = {"rtol": 15 * 220 * 2**-53, "atol": 15 * 220 * 2**-53}  # of 15 steps
    for name, values in truth.items():
        np.testing.assert_allclose(ours[name], values, **close)
    for a, b in zip(given.get_weights(), dense.get_weights(), strict=True):
        np.testing.assert_allclose(a, b, **close)
    np.testing.assert_allclose(given.predict(form(x)), dense.predict(x), **close)
    np.testing.assert_allclose(given.evaluate(form(x), y), dense.evaluate(x, y), **close)
    loss, gradients = given.gradients(form(x), y)
    wanted, expected = dense.gradients(x, y)
    np.testing.assert_allclose(loss, wanted, **close)
    for a, b in zip(gradients, expected, strict=True):
        np.testing.assert_allclose(a, b, **close)
    np.testing.assert_allclose(
        given.train_on_batch(form(x), y), dense.train_on_batch(x, y), **close
    )


def test_entries_of_one_place_are_added_up():
    x = np.array([[0.0, 5, 0, 1], [2, 0, 0, 0]])
    twice = sparse.csr_array(([2.0, 1.0, 3.0, 2.0], [1, 3, 1, 0], [0, 3, 4]), (2, 4))
    made = model(columns=4)
    np.testing.assert_array_equal(made.predict(twice), made.predict(x))
    assert twice.nnz == 4


def test_arrays_and_sparse_matrices_take_turns():
    x, y = data()
    one, other = model(), model()
    for made, kinds in ((one, "sdsd"), (other, "dddd")):
        for kind in kinds:
            given = sparse.csr_array(x) if kind == "s" else x
            made.fit(given, y, batch_size=16, verbose=0)
    for a, b in zip(one.get_weights(), other.get_weights(), strict=True):
        np.testing.assert_allclose(a, b, atol=20 * 220 * 2**-53)


def test_what_a_sparse_matrix_cannot_be_given_to():
    x, y = data()
    x = sparse.csr_array(x)
    with pytest.raises(TypeError, match="x must be an array, because the results are dense"):
        model().per_sample_gradients(x, y)
    with pytest.raises(TypeError, match="x must be an array, because the results are dense"):
        model().input_gradients(x, y)
    dropped = Sequential([layers.Input((150,)), layers.Dropout(0.5), layers.Dense(3)])
    with pytest.raises(ValueError, match="read by one Dense layer, got 1 input, read by Dropout"):
        dropped.predict(x)
    given = layers.Input((150,))
    both = Model(given, layers.Add()([layers.Dense(3)(given), layers.Dense(3)(given)]))
    with pytest.raises(ValueError, match="got 1 input, read by Dense, Dense"):
        both.predict(x)


def test_damaged_matrices_are_refused():
    x, y = data()
    with pytest.raises(ValueError, match=r"samples of shape \(150,\), .* got \(149,\)"):
        model().predict(sparse.csr_array(x[:, :149]))
    with pytest.raises(ValueError, match=r"x must be a matrix with rows and columns, got .*\(0, "):
        model().fit(sparse.csr_array((0, 150)), y[:0])
    for wrong in (np.nan, np.inf):
        x[5, 7] = wrong
        with pytest.raises(ValueError, match=r"x\.data must be finite in float64, got"):
            model().fit(sparse.csr_array(x), y)
    damaged = sparse.csr_array(data()[0])
    damaged.indices[3] = 150
    with pytest.raises(ValueError, match="indices must be from 0 to 149, got 0 to 150"):
        model().fit(damaged, y)
    damaged = sparse.csr_array(data()[0])
    damaged.indptr[3] = 10_000
    with pytest.raises(ValueError, match="its indptr does not fit its indices and data"):
        model().fit(damaged, y)


def test_a_matrix_without_entries():
    made = model()
    empty = made.predict(sparse.csr_array((4, 150)))
    np.testing.assert_array_equal(empty, made.predict(np.zeros((4, 150))))
    made.fit(sparse.csr_array((4, 150)), [0, 1, 2, 0], verbose=0)
