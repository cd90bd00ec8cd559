"""MNIST, the handwritten digits: a sample that ships with the package, or the full set."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np

from .idx import as_path, read_idx

SAMPLE = Path(__file__).with_name("data")

Split = tuple[np.ndarray, np.ndarray]


def load_mnist(path: str | os.PathLike[str] | None = None) -> tuple[Split, Split]:
    """Load the packaged sample of MNIST, or a folder with its four IDX files.

    Parameters
    ----------
    path : str or path, optional
        A folder with the four files ``train-images-idx3-ubyte``, ``train-labels-idx1-ubyte``,
        ``t10k-images-idx3-ubyte`` and ``t10k-labels-idx1-ubyte``, gzipped (``.gz``) or not; the
        spelling ``train-images.idx3-ubyte`` is also accepted. By default the packaged sample is
        loaded: 14,000 training and 2,000 test images, evenly spread over the original training and
        test set, 1,400 and 200 of each digit.

    Returns
    -------
    (x_train, y_train), (x_test, y_test) : tuple of tuples of ndarray
        As in Keras. Images are uint8 of shape (n, 28, 28), where 0 is paper and 255 is ink; labels
        are uint8 of shape (n,), from 0 to 9.

    Raises
    ------
    FileNotFoundError
        If the folder, or one of the four files, is missing.
    ValueError
        If a file is damaged (see `read_idx`), or does not hold what its name says: images are not
        28 by 28 bytes, the numbers of labels and images differ, or a label is above 9.
    TypeError
        If `path` is not a path.

    Notes
    -----
    MNIST is by Yann LeCun, Corinna Cortes and Christopher J. C. Burges, made from NIST data, under
    the licence Creative Commons Attribution-ShareAlike 3.0; the sample is under the same licence.
    Nothing is ever downloaded: to use the full set, fetch it yourself.

    References
    ----------
    Y. LeCun, L. Bottou, Y. Bengio, P. Haffner (1998), "Gradient-based learning applied to
    document recognition", Proceedings of the IEEE 86(11), 2278-2324.

    Examples
    --------
    >>> from fastscratch import datasets
    >>> (images, labels), (images_test, labels_test) = datasets.load_mnist()
    >>> images.shape, images.dtype, labels[:5]
    ((14000, 28, 28), dtype('uint8'), array([5, 0, 4, 1, 9], dtype=uint8))
    """
    folder = SAMPLE if path is None else as_path(path)
    if not folder.exists():
        raise FileNotFoundError(f"{folder}: found no such folder, expected one with MNIST files")
    if not folder.is_dir():
        raise ValueError(f"{folder}: found a file, expected the folder with the four MNIST files")
    return _load_split(folder, "train"), _load_split(folder, "t10k")


def _load_split(folder: Path, name: str) -> Split:
    """Load the images and the labels of one half, and check each against the other."""
    images_file = _find(folder, f"{name}-images", "idx3-ubyte")
    labels_file = _find(folder, f"{name}-labels", "idx1-ubyte")
    images, labels = read_idx(images_file), read_idx(labels_file)
    n = len(images)
    if images.dtype != np.uint8 or images.shape != (n, 28, 28) or n == 0:
        raise ValueError(
            f"{images_file}: found {images.dtype} of shape {images.shape}, "
            "expected images, uint8 of shape (n, 28, 28), at least one"
        )
    if labels.dtype != np.uint8 or labels.shape != (n,):
        raise ValueError(
            f"{labels_file}: found {labels.dtype} of shape {labels.shape}, "
            f"expected a label for each image, uint8 of shape ({n},)"
        )
    if labels.max() > 9:
        raise ValueError(f"{labels_file}: found the label {labels.max()}, expected 0 to 9")
    return images, labels


def _find(folder: Path, stem: str, suffix: str) -> Path:
    """Return the file in `folder`, whichever of its usual spellings is there."""
    spellings = [f"{stem}{dot}{suffix}{gz}" for gz in ("", ".gz") for dot in "-."]
    for spelling in spellings:
        if (folder / spelling).exists():
            return folder / spelling
    raise FileNotFoundError(f"{folder}: found none of {', '.join(spellings)}, expected one of them")
