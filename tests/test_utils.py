"""One-hot rows against NumPy's identity matrix, and seeds: same seed, same numbers, else others."""

import numpy as np
import pytest

from fastscratch import utils
from fastscratch.reference.random import random_bits


@pytest.fixture(autouse=True)
def _seed():
    utils.set_random_seed(1)


@pytest.mark.parametrize("labels", [[0, 2, 1], np.array([2, 0], np.uint8), [1.0, 0.0], [True], [4]])
def test_to_categorical(labels):
    one_hot = utils.to_categorical(labels)
    classes = int(max(labels)) + 1
    np.testing.assert_array_equal(one_hot, np.eye(classes)[np.asarray(labels, int)])
    assert one_hot.dtype == np.float32
    np.testing.assert_array_equal(utils.to_categorical(labels, 7)[:, :classes], one_hot)
    assert utils.to_categorical(labels, 7).shape == (len(labels), 7)


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        (([0, 3], 3), ValueError, "x must hold labels from 0 to 2, got 3"),
        (([0, -1], 3), ValueError, "x must hold labels from 0 to 2, got -1"),
        (([0, 0.5], 3), ValueError, "x must hold labels from 0 to 2, got 0.5"),
        (([-1],), ValueError, r"x must hold labels 0, 1, 2, \.\.\., got -1"),
        (([0, 1e300],), ValueError, r"x must hold labels 0, 1, 2, \.\.\., got 1e\+300"),
        (([0.5],), ValueError, r"x must hold labels 0, 1, 2, \.\.\., got 0.5"),
        (([[0], [1]],), ValueError, r"x must be 1-D, got shape \(2, 1\)"),
        (([],), ValueError, "x must not be empty"),
        (([0], 0), ValueError, "num_classes must be at least 1, got 0"),
        (([0], 2**40), ValueError, "num_classes=1099511627776 needs more memory than there is"),
        (([0], 2.0), TypeError, "num_classes must be an integer, got float"),
        ((["a"],), TypeError, "x must hold real numbers, got 'a' at"),
    ],
)
def test_to_categorical_errors(arguments, error, message):
    with pytest.raises(error, match=message):
        utils.to_categorical(*arguments)


def test_set_random_seed_starts_again():
    first = [utils.next_seed() for _ in range(3)]
    assert len(set(first)) == 3
    utils.set_random_seed(1)
    assert [utils.next_seed() for _ in range(3)] == first
    utils.set_random_seed(2)
    assert not set(first) & {utils.next_seed() for _ in range(3)}


@pytest.mark.parametrize("seed", [0, np.int64(5), 2**63 - 1])
def test_derived_seeds_are_those_of_the_twin(seed):
    utils.set_random_seed(seed)
    assert utils.next_seed() == random_bits(int(seed), 1, 0) >> 1
    assert utils.derived_seed(int(seed), 9) == random_bits(int(seed), 9, 0) >> 1


@pytest.mark.parametrize(
    ("seed", "error", "message"),
    [
        (-1, ValueError, "seed must be at least 0, got -1"),
        (2**63, ValueError, r"seed must be below 2\*\*63, got 9223372036854775808"),
        (1.0, TypeError, "seed must be an integer, got float"),
        (None, TypeError, "seed must be an integer, got NoneType"),
    ],
)
def test_set_random_seed_errors(seed, error, message):
    expected = utils.next_seed()
    utils.set_random_seed(1)
    with pytest.raises(error, match=message):
        utils.set_random_seed(seed)
    assert utils.next_seed() == expected  # nothing was changed


def test_another_process_has_another_seed(child):
    code = "from fastscratch import utils; print(utils.next_seed())"
    assert child(code) != child(code)
