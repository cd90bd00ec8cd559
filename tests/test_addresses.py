"""Addresses of arrays, and checks by address, against NumPy."""

import numpy as np
import pytest

from fastscratch.addresses import address_of, is_finite, is_of_labels

RNG = np.random.default_rng(0)
SIZES = (1, 7, 64, 1000)


def unaligned(array):
    """The same numbers, one byte after where they should be."""
    memory = np.empty(array.nbytes + 1, np.uint8)
    copy = memory[1:].view(np.uint8)
    copy[:] = array.reshape(-1).view(np.uint8)
    return np.frombuffer(memory.data, array.dtype, array.size, offset=1).reshape(array.shape)


def read_only(array):
    copy = array.copy()
    copy.flags.writeable = False
    return copy


def strided(array):
    """The same numbers, with gaps between them."""
    wide = np.full((*array.shape, 2), np.nan, array.dtype)
    wide[..., 0] = array
    return wide[..., 0]


FORMS = (np.copy, unaligned, read_only, strided, np.asfortranarray)


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_numbers_are_finite_or_one_is_not(dtype, form):
    for size in SIZES:
        array = RNG.normal(size=(size, 3)).astype(dtype) * (np.finfo(dtype).max / 10)
        assert is_finite(form(array))
        for wrong in (np.nan, np.inf, -np.inf):
            spoilt = array.copy()
            spoilt[RNG.integers(size), RNG.integers(3)] = wrong
            assert not is_finite(form(spoilt))


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_labels_are_integers_below_the_number_of_classes(dtype, form):
    for size in SIZES:
        labels = RNG.integers(0, 4, (size, 3)).astype(dtype)
        assert is_of_labels(form(labels), 4, np.nan)
        for wrong in (4, -1, 0.5, np.nan, np.inf, -np.inf):
            spoilt = labels.copy()
            spoilt[RNG.integers(size), RNG.integers(3)] = wrong
            assert not is_of_labels(form(spoilt), 4, np.nan)
            assert is_of_labels(form(spoilt), 4, wrong) == (wrong == wrong)


@pytest.mark.parametrize("form", [np.copy, unaligned, read_only])
@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.int64])
def test_an_address_is_that_of_the_first_number(dtype, form):
    array = form(np.arange(6).astype(dtype).reshape(2, 3))
    assert address_of(array) == array.__array_interface__["data"][0]


def test_the_address_of_an_empty_array():
    array = np.empty((0, 3))
    assert address_of(array) == array.__array_interface__["data"][0]
