"""What is taken as an array of numbers, and how anything else is refused: everywhere alike."""

import array
import collections
import decimal

import numpy as np
import pandas as pd
import pytest
from scipy import sparse

import fastscratch as fs
from fastscratch.conversion import real_numbers
from fastscratch.linear_model import LinearRegression, LogisticRegression
from fastscratch.neural_network import MLPClassifier, MLPRegressor

MIXED = pd.DataFrame({"area": [1.5, 2.5, 0.5, 4.0], "rooms": [1, 2, 3, 1], "city": list("abba")})
DUMMIES = pd.get_dummies(MIXED)  # float, int and bool columns
NUMBERS = np.array([[1.5, 1, 1, 0], [2.5, 2, 0, 1], [0.5, 3, 0, 1], [4, 1, 1, 0]])
TARGETS = np.array([0.0, 1, 1, 0])


@pytest.mark.parametrize(
    ("value", "numbers"),
    [
        (DUMMIES, NUMBERS),
        (pd.Series([3, 4], dtype="Int64"), [3, 4]),
        (pd.Series([3, 4.5], dtype="Float64"), [3, 4.5]),
        (pd.Series([True, False], dtype="boolean"), [1, 0]),
        (pd.Series([7, 5, 7], dtype="category"), [7, 5, 7]),
        (pd.DataFrame({"a": pd.Series([3], dtype="Int64"), "b": [True]}), [[3, 1]]),
        (pd.DataFrame([[1, True], [2, False]], columns=["a", "a"]), [[1, 1], [2, 0]]),
        (np.array([1, 2.5, True, np.float32(3)], object), [1, 2.5, 1, 3]),
        (np.ma.array([1.0, 2]), [1, 2]),
        ([np.ma.array([1.0, 2])], [[1, 2]]),
        (collections.deque([1, 2]), [1, 2]),
        (array.array("d", [1, 2]), [1, 2]),
        (memoryview(b"\1\2"), [1, 2]),
        (range(3), [0, 1, 2]),
        (np.float32(2), 2),
    ],
)
def test_what_converts_without_loss(value, numbers):
    converted = real_numbers("x", value)
    assert converted.dtype.kind in "fiub"
    np.testing.assert_array_equal(converted, numbers)


class Loader:
    """Yields mini-batches, as the loaders of PyTorch and TensorFlow do."""

    def __iter__(self):
        return iter([(NUMBERS, TARGETS)])

    def __len__(self):
        return 1


class Dataset:
    """Has a pair for each sample, as a data set of PyTorch does."""

    def __getitem__(self, i):
        return NUMBERS[i], TARGETS[i]

    def __len__(self):
        return len(NUMBERS)


class OnAnotherDevice:
    """As a tensor that NumPy cannot read."""

    def __array__(self, dtype=None, copy=None):
        raise TypeError("it is on another device")


MASKED = np.ma.array(NUMBERS, mask=NUMBERS == 2.5)
HOLDS = "x must hold real numbers, got "
REFUSED = [
    (MIXED, TypeError, HOLDS + "'a' in row 0 of column 'city'"),
    (MIXED.astype({"city": "category"}), TypeError, HOLDS + "'a' in row 0 of column 'city'"),
    (MIXED[["city"]], TypeError, HOLDS + "'a' in row 0 of column 'city'"),
    (
        DUMMIES.assign(area=pd.Series([1, None, 2, 3], dtype=object)),
        TypeError,
        HOLDS + "None in row 1 of column 'area'",
    ),
    (
        DUMMIES.assign(known=pd.Series([True, True, None, True], dtype="boolean")),
        TypeError,
        HOLDS + "<NA> in row 2 of column 'known'",
    ),
    (
        DUMMIES.assign(sold=pd.Timestamp("2020-02-01")),
        TypeError,
        HOLDS + "Timestamp('2020-02-01 00:00:00') in row 0 of column 'sold'",
    ),
    (["1_0", "2"], TypeError, HOLDS + "'1_0' at (0,)"),
    ([1, decimal.Decimal(1)], TypeError, HOLDS + "Decimal('1') at (1,)"),
    ([1, "x" * 99], TypeError, HOLDS + "'1' at (0,)"),
    (np.array([1, "x" * 99], object), TypeError, HOLDS + "a str at (1,)"),
    (np.array([1, 10**400], object), ValueError, "x must be finite in float64, got a larger int"),
    (np.ones(2, complex), TypeError, HOLDS + "an array of complex128"),
    (None, TypeError, HOLDS + "None"),
    ("text", TypeError, HOLDS + "'text'"),
    ({1.0, 2.0}, TypeError, HOLDS + "a set; read it into an array first"),
    ((i for i in range(2)), TypeError, HOLDS + "a generator; read it into an array first"),
    (Loader(), TypeError, HOLDS + "a Loader; read it into an array first"),
    (Dataset(), TypeError, HOLDS + "a Dataset; read it into an array first"),
    (object(), TypeError, HOLDS + "a object"),
    (
        OnAnotherDevice(),
        TypeError,
        "x must be an array, got a OnAnotherDevice: it is on another device",
    ),
    (
        sparse.csr_array(NUMBERS),
        TypeError,
        "x must be a dense array, got a csr_array; its toarray() makes one",
    ),
    ([[1], [2, 3]], ValueError, "x must be an array, got rows of different lengths"),
    (MASKED, ValueError, "x must have no masked values, got 1; fill them, or leave their rows out"),
    (
        [np.ma.masked_all(2), np.ma.masked_all(3)],
        ValueError,
        "x must have no masked values, got 5; fill them, or leave their rows out",
    ),
]


@pytest.mark.parametrize(("value", "error", "message"), REFUSED)
def test_what_is_refused_is_named(value, error, message):
    with pytest.raises(error) as raised:
        real_numbers("x", value)
    assert str(raised.value) == message


def test_tensors_of_pytorch():
    torch = pytest.importorskip("torch")
    numbers = torch.tensor([1.0, 2.0], dtype=torch.float64)
    assert real_numbers("x", numbers).tolist() == [1, 2]
    assert fs.ops.relu(numbers).dtype == np.float64
    for wrong in (numbers.requires_grad_(), numbers.detach().to_sparse()):
        with pytest.raises(TypeError, match=r"x must be an array, got a Tensor: .*[Tt]ensor"):
            real_numbers("x", wrong)
    dataset = torch.utils.data.TensorDataset(numbers.detach(), numbers.detach())
    for wrong in (dataset, torch.utils.data.DataLoader(dataset)):
        with pytest.raises(TypeError, match=f"got a {type(wrong).__name__}; read it into"):
            real_numbers("x", wrong)


def test_numbers_of_a_frame_are_found_by_name_if_they_are_not_finite():
    frame = DUMMIES.assign(area=[1, np.nan, 2, 3])
    with pytest.raises(ValueError, match="finite in float64, got nan in row 1 of column 'area'"):
        fs.regression.least_squares(frame, TARGETS)


def with_model(call):
    """A function that calls a method of a new model of four inputs."""

    def run(x, y):
        fs.utils.set_random_seed(1)
        model = fs.Sequential([fs.Input((4,)), fs.layers.Dense(1)])
        model.compile("sgd", loss="mse")
        return call(model, x, y)

    return run


SMALL = {"hidden_layer_sizes": 5, "solver": "lbfgs", "random_state": 0}


def test_a_column_of_a_frame_that_others_determine_is_named():
    with pytest.raises(ValueError, match="the intercept can be written in terms of the other col"):
        fs.regression.least_squares(
            DUMMIES.assign(area=[3.0, 1, 2, 9]).drop(columns="rooms"), TARGETS
        )
    with pytest.raises(
        ValueError, match="column 'm2' can be written in terms of the other columns"
    ):
        fs.regression.least_squares(
            pd.DataFrame({"m2": [1.0, 2, 4, 3], "feet2": [10.0, 20, 40, 30]}), TARGETS
        )


#: Everything that takes samples and targets, by name: a function of both.
CALLS = {
    "fit": with_model(lambda m, x, y: m.fit(x, y, verbose=0).history["loss"]),
    "validation_data": with_model(
        lambda m, x, y: m.fit(NUMBERS, TARGETS, verbose=0, validation_data=(x, y)).history["loss"]
    ),
    "evaluate": with_model(lambda m, x, y: m.evaluate(x, y)),
    "train_on_batch": with_model(lambda m, x, y: m.train_on_batch(x, y)),
    "gradients": with_model(lambda m, x, y: m.gradients(x, y)[0]),
    "per_sample_gradients": with_model(lambda m, x, y: m.per_sample_gradients(x, y)[0]),
    "input_gradients": with_model(lambda m, x, y: m.input_gradients(x, y)),
    "regression": lambda x, y: fs.regression.least_squares(x, y, minimum_norm=True),
    "LinearRegression": lambda x, y: LinearRegression().fit(x, y).coef_,
    "LogisticRegression": lambda x, y: LogisticRegression().fit(x, y).coef_,
    "MLPRegressor": lambda x, y: MLPRegressor(**SMALL).fit(x, y).loss_,
    "MLPClassifier": lambda x, y: MLPClassifier(**SMALL).fit(x, y).loss_,
}
#: Everything that takes samples only.
READERS = {
    "predict": with_model(lambda m, x, _: m.predict(x)),
    "ops": lambda x, _: fs.ops.relu(x),
    "adapt": lambda x, _: fs.layers.Normalization().adapt(x),
    "LinearRegression.predict": lambda x, _: LinearRegression().fit(NUMBERS, TARGETS).predict(x),
    "MLPRegressor.predict": lambda x, _: MLPRegressor(**SMALL).fit(NUMBERS, TARGETS).predict(x),
}
ALL = CALLS | READERS


@pytest.mark.filterwarnings("ignore:X (has|does not have) .*feature names")
@pytest.mark.parametrize("name", ALL)
def test_a_frame_of_dummies_is_taken_everywhere(name):
    expected, found = ALL[name](NUMBERS, TARGETS), ALL[name](DUMMIES, pd.Series(TARGETS))
    if expected is not None:
        np.testing.assert_array_equal(found, expected)


@pytest.mark.parametrize("name", ALL)
def test_a_text_is_refused_everywhere_with_its_column(name):
    frame = DUMMIES.assign(plot=["1_11", "11_1", "1_11", "11_1"])  # no numbers
    with pytest.raises(TypeError, match="must hold real numbers, got '1_11' in row 0 of column"):
        ALL[name](frame, TARGETS)


@pytest.mark.parametrize("name", ALL)
def test_masked_values_are_refused_everywhere(name):
    with pytest.raises(ValueError, match="must have no masked values, got 1; fill them"):
        ALL[name](MASKED, TARGETS)


@pytest.mark.parametrize("name", CALLS)
def test_masked_targets_are_refused_everywhere(name):
    with pytest.raises(ValueError, match="y must have no masked values, got 4; fill them"):
        CALLS[name](NUMBERS, np.ma.masked_all(4))


@pytest.mark.parametrize("model", [LinearRegression(), MLPRegressor(), LogisticRegression()])
def test_masked_weights_are_refused(model):
    with pytest.raises(ValueError, match="sample_weight must have no masked values, got 4"):
        model.fit(NUMBERS, TARGETS, sample_weight=np.ma.masked_all(4))


@pytest.mark.parametrize("model", [LinearRegression(), MLPRegressor()])
def test_targets_of_a_regression_that_are_texts_are_refused(model):
    with pytest.raises(TypeError, match=r"y must hold real numbers, got '1_1' at \(0,\)"):
        model.fit(NUMBERS, np.array(["1_1", "2", "3", "4"], object))


@pytest.mark.parametrize("name", sorted(set(ALL) - {"fit", "evaluate", "predict"}))
def test_a_loader_is_refused_where_arrays_are_needed(name):
    with pytest.raises(TypeError, match="must hold real numbers, got a Loader; read it into an"):
        ALL[name](Loader(), TARGETS)


@pytest.mark.parametrize("name", ["fit", "evaluate", "train_on_batch"])
def test_missing_targets_are_named(name):
    call = with_model(lambda model, x, y: getattr(model, name)(x) if y is None else None)
    with pytest.raises(TypeError, match="y must hold real numbers, got None"):
        call(NUMBERS, None)


def test_single_samples_by_their_numbers_are_no_batches():
    """As of a data set of PyTorch, without its loader."""
    model = fs.Sequential([fs.Input(NUMBERS.shape[1:]), fs.layers.Dense(1)])
    model.compile("sgd", loss="mse")
    with pytest.raises(ValueError, match="one sample is a batch too"):
        model.fit(Dataset())
