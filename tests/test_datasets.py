"""The packaged data against published figures, and what `load_mnist` says about bad folders."""

import gzip
import os
import runpy
import struct
import zlib
from pathlib import Path

import numpy as np
import pytest

from fastscratch.datasets import load_iris, load_mnist, load_photograph, make_spirals, read_idx

ROOT = Path(__file__).parents[1]
MNIST_FILES = [
    "train-images-idx3-ubyte",
    "train-labels-idx1-ubyte",
    "t10k-images-idx3-ubyte",
    "t10k-labels-idx1-ubyte",
]


def checksum(array):
    return f"{zlib.crc32(array.tobytes()):08x}"


def idx(array):
    return struct.pack(f">4B{array.ndim}I", 0, 0, 8, array.ndim, *array.shape) + array.tobytes()


# --- iris ---------------------------------------------------------------------------------------


def test_iris_shapes_and_names():
    iris = load_iris()
    X, y, feature_names, target_names = iris
    assert X.shape == (150, 4)
    assert X.dtype == np.float64
    assert y.dtype == np.int64
    np.testing.assert_array_equal(y, np.repeat([0, 1, 2], 50))
    assert feature_names[0] == "sepal length (cm)"
    assert feature_names[3] == "petal width (cm)"
    assert iris.target_names[iris.target][75] == "versicolor"
    assert list(target_names) == ["setosa", "versicolor", "virginica"]


def test_iris_means_are_those_of_fisher_1936():
    """The species means of the paper; UCI's copy would give 3.418, 1.464 and 0.244 for setosa."""
    X, y, *_ = load_iris()
    means = [X[y == species].mean(axis=0) for species in range(3)]
    published = [
        [5.006, 3.428, 1.462, 0.246],
        [5.936, 2.770, 4.260, 1.326],
        [6.588, 2.974, 5.552, 2.026],
    ]
    np.testing.assert_allclose(means, published, atol=1e-9)
    np.testing.assert_array_equal(X[34], [4.9, 3.1, 1.5, 0.2])
    np.testing.assert_array_equal(X[37], [4.9, 3.6, 1.4, 0.1])


def test_iris_tenths_of_millimetres():
    X = load_iris().data
    assert checksum(np.rint(10 * X).astype(np.uint8)) == "cc57826e"
    np.testing.assert_array_equal(X, np.rint(10 * X) / 10)


def test_iris_gives_the_figures_of_r_glm():
    """Newton's method on versicolor and virginica, sepal and petal length over their maximum."""
    X, y, *_ = load_iris()
    X, y = X[50:, [0, 2]], y[50:] - 1
    X = np.column_stack([np.ones(100), X / X.max()])
    coefficients = np.zeros(3)
    for _ in range(20):
        p = 1 / (1 + np.exp(-X @ coefficients))
        information = X.T @ (X * (p * (1 - p))[:, None])
        coefficients += np.linalg.solve(information, X.T @ (y - p))
    np.testing.assert_allclose(coefficients, [-39.838, -31.732, 105.170], atol=1e-3)
    assert np.log(np.where(y, p, 1 - p)).sum() == pytest.approx(-11.925, abs=5e-4)


def test_iris_is_fresh_each_time():
    load_iris().data[:] = 0
    assert load_iris().data.min() > 0


# --- photograph ---------------------------------------------------------------------------------


def test_photograph():
    image = load_photograph()
    assert image.shape == (512, 512)
    assert image.dtype == np.uint8
    assert checksum(image) == "59c2562e"


# --- MNIST, the packaged sample -----------------------------------------------------------------


def test_sample_sizes_counts_and_checksums():
    (x_train, y_train), (x_test, y_test) = load_mnist()
    assert x_train.shape == (14000, 28, 28)
    assert x_test.shape == (2000, 28, 28)
    assert {a.dtype for a in (x_train, y_train, x_test, y_test)} == {np.dtype(np.uint8)}
    np.testing.assert_array_equal(np.bincount(y_train), [1400] * 10)
    np.testing.assert_array_equal(np.bincount(y_test), [200] * 10)
    checksums = [checksum(array) for array in (x_train, y_train, x_test, y_test)]
    assert checksums == ["094a86e6", "dbedfe43", "1a45a8cb", "02b2a407"]


def test_sample_is_centred_as_mnist_is():
    """MNIST puts each digit's centre of mass on the centre of the 28 by 28 field."""
    (x_train, _), _ = load_mnist()
    ink = x_train.astype(float).sum(axis=(1, 2))
    centre = (x_train.sum(axis=1) * np.arange(28)).sum(axis=1) / ink
    assert np.abs(centre - 14).mean() < 0.5
    assert ink.min() > 0


def test_packaged_files_are_small_and_licensed():
    data = ROOT / "fastscratch" / "datasets" / "data"
    assert sum((data / f"{name}.gz").stat().st_size for name in MNIST_FILES) < 3e6
    licence = (data / "LICENSE.md").read_text(encoding="utf-8")
    for file in data.iterdir():
        assert file.name == "LICENSE.md" or f"`{file.name}`" in licence
    assert "Attribution-ShareAlike 3.0" in licence


# --- MNIST, a folder ----------------------------------------------------------------------------


@pytest.fixture
def contents():
    """Return the arrays of a tiny folder, by file name: 3 training and 2 test images."""
    images = np.arange(5 * 784).astype(np.uint8).reshape(5, 28, 28)
    labels = np.array([5, 0, 9, 1, 2], dtype=np.uint8)
    return dict(zip(MNIST_FILES, [images[:3], labels[:3], images[3:], labels[3:]], strict=True))


def write(folder, contents):
    for name, array in contents.items():
        (folder / name).write_bytes(idx(array))


@pytest.mark.parametrize("gzipped", [False, True])
@pytest.mark.parametrize("dot", ["-idx", ".idx"])
def test_folder_in_each_spelling(tmp_path, contents, dot, gzipped):
    for name, array in contents.items():
        file = tmp_path / (name.replace("-idx", dot) + ".gz" * gzipped)
        file.write_bytes(gzip.compress(idx(array)) if gzipped else idx(array))
    (x_train, y_train), (x_test, y_test) = load_mnist(str(tmp_path))
    for array, expected in zip([x_train, y_train, x_test, y_test], contents.values(), strict=True):
        np.testing.assert_array_equal(array, expected)


@pytest.mark.parametrize("missing", MNIST_FILES)
def test_missing_file(tmp_path, contents, missing):
    del contents[missing]
    write(tmp_path, contents)
    with pytest.raises(FileNotFoundError, match=f"found none of {missing}, .*, expected one"):
        load_mnist(tmp_path)


@pytest.mark.parametrize(
    ("name", "array", "message"),
    [
        (0, np.zeros((3, 28, 27)), r"found uint8 of shape \(3, 28, 27\), expected images"),
        (0, np.zeros((3, 784)), r"found uint8 of shape \(3, 784\), expected images"),
        (0, np.zeros((0, 28, 28)), r"found uint8 of shape \(0, 28, 28\), expected images"),
        (
            1,
            np.zeros(2),
            r"found uint8 of shape \(2,\), expected a label for each image, .* \(3,\)",
        ),
        (3, np.zeros((2, 1)), r"found uint8 of shape \(2, 1\), expected a label for each image"),
        (3, np.array([10, 3]), r"found the label 10, expected 0 to 9"),
    ],
)
def test_arrays_that_are_not_mnist(tmp_path, contents, name, array, message):
    name = MNIST_FILES[name]
    write(tmp_path, contents | {name: array.astype(np.uint8)})
    with pytest.raises(ValueError, match=f"{name}: {message}"):
        load_mnist(tmp_path)


def test_other_element_types(tmp_path, contents):
    for name in MNIST_FILES[:2]:
        write(tmp_path, contents)
        file = tmp_path / name
        file.write_bytes(file.read_bytes().replace(b"\0\0\x08", b"\0\0\x09", 1))
        with pytest.raises(ValueError, match=f"{name}: found int8 of shape .*, expected .* uint8"):
            load_mnist(tmp_path)


def test_damaged_file_is_named(tmp_path, contents):
    write(tmp_path, contents)
    file = tmp_path / MNIST_FILES[2]
    file.write_bytes(file.read_bytes()[:-1])
    with pytest.raises(ValueError, match=f"{file.name}: found 1567 bytes of data"):
        load_mnist(tmp_path)


def test_bad_folders(tmp_path):
    with pytest.raises(FileNotFoundError, match="absent: found no such folder, expected one with"):
        load_mnist(tmp_path / "absent")
    (tmp_path / "file").touch()
    with pytest.raises(ValueError, match="file: found a file, expected the folder"):
        load_mnist(tmp_path / "file")
    with pytest.raises(
        TypeError, match="path: found a value of type list, expected a str or a Path"
    ):
        load_mnist([1])


# --- MNIST, the full set and the tool that samples it --------------------------------------------


@pytest.fixture(scope="module")
def tool():
    return runpy.run_path(str(ROOT / "tools" / "make_mnist_sample.py"))


@pytest.fixture(scope="module")
def full_mnist():
    folder = os.environ.get("FASTSCRATCH_MNIST")
    if not folder:
        pytest.skip("FASTSCRATCH_MNIST does not name a folder with the four full MNIST files")
    return load_mnist(folder)


def test_tool_spreads_its_choice_evenly(tool):
    labels = np.tile(np.arange(10), 8)
    np.testing.assert_array_equal(tool["choose"](labels, 2), [*range(10), *range(40, 50)])


def test_tool_writes_what_the_reader_reads(tool, tmp_path):
    image = load_photograph()
    files = [tmp_path / "one.gz", tmp_path / "two.gz"]
    for file in files:
        tool["write_idx"](file, image)
        np.testing.assert_array_equal(read_idx(file), image)
    assert files[0].read_bytes() == files[1].read_bytes()


def test_full_set(full_mnist):
    (x_train, y_train), (x_test, y_test) = full_mnist
    assert x_train.shape == (60000, 28, 28)
    assert x_test.shape == (10000, 28, 28)
    train_counts = [5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949]
    np.testing.assert_array_equal(np.bincount(y_train), train_counts)
    test_counts = [980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009]
    np.testing.assert_array_equal(np.bincount(y_test), test_counts)


def test_sample_is_made_from_the_full_set(full_mnist, tool):
    splits = zip(full_mnist, load_mnist(), tool["PER_DIGIT"].values(), strict=True)
    for (images, labels), (sample_images, sample_labels), per_digit in splits:
        rows = tool["choose"](labels, per_digit)
        np.testing.assert_array_equal(images[rows], sample_images)
        np.testing.assert_array_equal(labels[rows], sample_labels)


# --- spirals --------------------------------------------------------------------------------------


def test_spirals_without_noise_lie_on_their_arms():
    X, y = make_spirals(40, n_classes=4, noise=0)
    radius = np.hypot(*X.T)
    # The angle is 5 t + k pi / 2 at the radius 2 t.
    arm = (np.arctan2(X[:, 1], X[:, 0]) - 2.5 * radius) / (np.pi / 2) % 4
    np.testing.assert_allclose(np.cos(arm * np.pi / 2), np.cos(y * np.pi / 2), atol=1e-12)
    np.testing.assert_allclose(np.sin(arm * np.pi / 2), np.sin(y * np.pi / 2), atol=1e-12)
    np.testing.assert_array_equal(y, np.repeat(range(4), 10))
    np.testing.assert_allclose(radius.reshape(4, 10), [np.linspace(0.1, 2, 10)] * 4)


def test_spirals_are_seeded_and_have_the_noise_that_was_asked_for():
    X, y = make_spirals(3001, noise=0.5, seed=3)
    np.testing.assert_array_equal(X, make_spirals(3001, noise=0.5, seed=3)[0])
    assert np.bincount(y).tolist() == [1501, 1500]
    noise = X - make_spirals(3001, noise=0)[0]
    # The standard deviation of 6002 normal numbers is known to about 0.5 / sqrt(12004).
    assert noise.std() == pytest.approx(0.5, abs=5 * 0.5 / 12004**0.5)
    assert not np.array_equal(X, make_spirals(3001, noise=0.5, seed=4)[0])


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"n_samples": 1}, "n_samples must be at least 2, got 1"),
        ({"n_classes": 0}, "n_classes must be at least 1, got 0"),
        ({"noise": -1}, "noise must not be negative, got -1"),
        ({"noise": 1e308}, r"noise must leave the points finite, got 1e\+308"),
        ({"n_samples": 2**40}, "n_samples=1099511627776 needs more memory than there is"),
        ({"seed": -1}, "seed must be at least 0, got -1"),
    ],
)
def test_spirals_refuse(arguments, message):
    with pytest.raises(ValueError, match=message):
        make_spirals(**arguments)
