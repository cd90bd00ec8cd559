"""The checks at the edge: what passes, in which form, and each sentence of what does not."""

import numpy as np
import pytest

from fastscratch import validation as v

NAN, INF = float("nan"), float("inf")


# --- arrays ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize(
    "value",
    [
        [[1, 2], [3, 4]],
        ((1.0, 2.0), (3.0, 4.0)),
        np.array([[1, 2], [3, 4]], np.uint8),
        np.array([[1, 2], [3, 4]], ">f8"),
        np.array([[1, 2], [3, 4]], np.float16),
        np.array([[1, 3], [2, 4]], np.float32).T,
        np.repeat([[1.0, 2.0], [3.0, 4.0]], 2, axis=1)[:, ::2],
        np.frombuffer(np.array([1.0, 2.0, 3.0, 4.0]).tobytes()).reshape(2, 2),
        np.frombuffer(bytearray(b"!" + np.arange(1.0, 5.0).tobytes()), offset=1).reshape(2, 2),
    ],
    ids=[
        *("list", "tuple", "uint8", "big-endian", "half"),
        *("transposed", "strided", "read-only", "unaligned"),
    ],
)
def test_as_array_takes_any_layout(value, dtype):
    array = v.as_array("x", value, dtype, 2)
    np.testing.assert_array_equal(array, [[1, 2], [3, 4]])
    assert array.dtype == dtype
    assert array.dtype.isnative
    assert array.flags.carray  # C-contiguous, aligned and writeable


def test_as_array_copies_only_where_it_must():
    array = np.ones((2, 3), np.float32)
    assert np.shares_memory(v.as_array("x", array, np.float32), array)
    assert not np.shares_memory(v.as_array("x", array, np.float64), array)
    assert not np.shares_memory(v.as_array("x", array.T, np.float32), array)


def test_as_array_keeps_the_shape():
    assert v.as_array("x", 3).shape == ()
    assert v.as_array("x", [True, False]).tolist() == [1, 0]
    assert v.as_array("x", np.ones((2, 1, 3))).shape == (2, 1, 3)


@pytest.mark.parametrize(
    ("value", "options", "error", "message"),
    [
        ([[1, 2], [3]], {}, ValueError, "x must be an array, got rows of different lengths"),
        ("abc", {}, TypeError, "x must hold real numbers, got 'abc'"),
        ([1, None], {}, TypeError, r"x must hold real numbers, got None at \(1,\)"),
        ([1j], {}, TypeError, "x must hold real numbers, got an array of complex128"),
        (np.array(["2020"], "M8[Y]"), {}, TypeError, "real numbers, got an array of datetime64"),
        ([1, 2], {"ndim": 2}, ValueError, r"x must be 2-D \(samples, columns\), got shape \(2,\)"),
        ([[1]], {"ndim": 1}, ValueError, r"x must be 1-D, got shape \(1, 1\)"),
        ([[1]], {"ndim": 3}, ValueError, r"x must be 3-D, got shape \(1, 1\)"),
        (1, {"ndim": 4}, ValueError, r"x must be 4-D \(samples, height, width, channels\), got"),
        ([], {}, ValueError, r"x must not be empty, got shape \(0,\)"),
        (np.ones((3, 0)), {"ndim": 2}, ValueError, r"x must not be empty, got shape \(3, 0\)"),
        ([[1, 2], [NAN, 4]], {}, ValueError, r"x must be finite in float64, got nan at \(1, 0\)"),
        ([1, -INF], {}, ValueError, r"x must be finite in float64, got -inf at \(1,\)"),
        ([0, 1e39], {"dtype": np.float32}, ValueError, r"finite in float32, got 1e\+39 at \(1,\)"),
    ],
)
def test_as_array_errors(value, options, error, message):
    with pytest.raises(error, match=message):
        v.as_array("x", value, **options)


@pytest.mark.parametrize(
    ("value", "dtype"),
    [
        (np.ones(2), np.float64),
        (np.float64(1), np.float64),
        (np.ones(2, np.float32), np.float32),
        (np.ones(2, np.int64), np.float32),
        ([1.0, 2.0], np.float32),
    ],
)
def test_as_floating_keeps_float64_only(value, dtype):
    assert v.as_floating("x", value).dtype == dtype


def test_as_labels():
    labels = v.as_labels("y", [2.0, 0, 1, 1])
    assert labels.dtype == np.int64
    assert labels.tolist() == [2, 0, 1, 1]
    assert v.as_labels("y", [2, 2], classes=4).tolist() == [2, 2]  # told, none need occur


@pytest.mark.parametrize(
    ("value", "classes", "message"),
    [
        ([0, 0.5], None, r"y must hold class labels 0, 1, 2, \.\.\., got 0.5"),
        ([0, -1], None, r"y must hold class labels 0, 1, 2, \.\.\., got -1"),
        ([0, -1], 3, r"y must hold class labels 0, 1, 2, \.\.\., got -1"),
        ([0, 2], None, "y must hold every class from 0 to the largest, got the labels 0, 2$"),
        ([0, 1e300], None, r"every class from 0 to the largest, got the labels 0, 1e\+300"),
        (range(1, 9), None, r"got the labels 1, 2, 3, 4, 5, 6, \.\.\.$"),
        ([0, 0], None, "y must hold at least two classes, got one"),
        ([0, 3], 3, "y must hold labels below 3, got 3"),
        ([[0], [1]], None, r"y must be 1-D, got shape \(2, 1\)"),
    ],
)
def test_as_labels_errors(value, classes, message):
    with pytest.raises(ValueError, match=message):
        v.as_labels("y", value, classes)


def test_same_length():
    v.same_length(x=np.ones((3, 2)), y=np.ones(3))
    message = "x and y must have one row for each sample, got 3 and 4"
    with pytest.raises(ValueError, match=message):
        v.same_length(x=np.ones((3, 2)), y=np.ones(4))


# --- scalars --------------------------------------------------------------------------------------


@pytest.mark.parametrize("value", [7, np.int8(7), np.uint64(7), np.array(7)])
def test_as_integer(value):
    number = v.as_integer("n", value, 7)
    assert number == 7
    assert type(number) is int


@pytest.mark.parametrize(
    ("value", "error", "message"),
    [
        (7.0, TypeError, "n must be an integer, got float"),
        ("7", TypeError, "n must be an integer, got str"),
        (None, TypeError, "n must be an integer, got NoneType"),
        (True, TypeError, "n must be an integer, got bool"),
        (np.array([7]), TypeError, "n must be an integer, got ndarray"),
        (1, ValueError, "n must be at least 2, got 1"),
        (2**63, ValueError, r"n must be below 2\*\*63, got 9223372036854775808"),
    ],
)
def test_as_integer_errors(value, error, message):
    with pytest.raises(error, match=message):
        v.as_integer("n", value, 2)


def test_as_pair():
    assert v.as_pair("strides", 2, 1) == (2, 2)
    assert v.as_pair("strides", (2, 3), 1) == (2, 3)
    assert v.as_pair("strides", [2, np.int64(3)], 1) == (2, 3)


@pytest.mark.parametrize(
    ("value", "error", "message"),
    [
        ((1, 2, 3), ValueError, "strides must be one int or two ints, got 3 of them"),
        ((), ValueError, "strides must be one int or two ints, got 0 of them"),
        ((1, 0), ValueError, "strides must be at least 1, got 0"),
        (0, ValueError, "strides must be at least 1, got 0"),
        ("12", TypeError, "strides must be an integer, got str"),
        ((1, 2.0), TypeError, "strides must be an integer, got float"),
    ],
)
def test_as_pair_errors(value, error, message):
    with pytest.raises(error, match=message):
        v.as_pair("strides", value, 1)


@pytest.mark.parametrize("value", [2, 2.0, np.float32(2), np.array(2)])
def test_as_number_and_as_positive(value):
    for check in (v.as_number, v.as_positive):
        assert check("rate", value) == 2.0
        assert type(check("rate", value)) is float
    assert v.as_number("mean", -1) == -1.0


@pytest.mark.parametrize(
    ("value", "error", "message"),
    [
        ("2", TypeError, "rate must be a number, got str"),
        (True, TypeError, "rate must be a number, got bool"),
        (None, TypeError, "rate must be a number, got NoneType"),
        (1j, TypeError, "rate must be a number, got complex"),
        (NAN, ValueError, "rate must be finite, got nan"),
        (INF, ValueError, "rate must be finite, got inf"),
        (10**400, ValueError, "rate must be finite, got an int too large"),
        (0, ValueError, "rate must be positive, got 0"),
        (-0.5, ValueError, "rate must be positive, got -0.5"),
    ],
)
def test_as_positive_errors(value, error, message):
    with pytest.raises(error, match=message):
        v.as_positive("rate", value)


def test_one_of():
    assert v.one_of("loss", "b", ("a", "b")) == "b"
    for value, shown in (("c", "'c'"), (1, "1"), (None, "None"), (["a"], r"\['a'\]"), ("", "''")):
        with pytest.raises(ValueError, match=f"loss must be one of 'a', 'b', got {shown}"):
            v.one_of("loss", value, ("a", "b"))
