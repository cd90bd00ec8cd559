"""Make the packaged MNIST sample again from the full set.

    python tools/make_mnist_sample.py --mnist FOLDER

The rule: of each digit, 1,400 training and 200 test images, evenly spaced over all images of that
digit in the original file, kept in the original order.  Spreading them evenly matters: the first
half of the original test set is easier than the second.  No random numbers, so the same images
come out everywhere; the files have no time stamp, so the same zlib gives the same bytes.
"""

from __future__ import annotations

import argparse
import gzip
import struct
from pathlib import Path

import numpy as np

from fastscratch.datasets import load_mnist

PER_DIGIT = {"train": 1400, "t10k": 200}
DATA = Path(__file__).parents[1] / "fastscratch" / "datasets" / "data"


def choose(labels: np.ndarray, per_digit: int) -> np.ndarray:
    """Return the rows of the sample: `per_digit` of each digit, evenly spaced, in order."""
    chosen = []
    for digit in range(10):
        rows = np.flatnonzero(labels == digit)
        chosen.append(rows[np.arange(per_digit) * len(rows) // per_digit])
    return np.sort(np.concatenate(chosen))


def write_idx(path: Path, array: np.ndarray) -> None:
    """Write a uint8 array as a gzipped IDX file, without name or time in the gzip header."""
    header = struct.pack(f">4B{array.ndim}I", 0, 0, 0x08, array.ndim, *array.shape)
    with path.open("wb") as file, gzip.GzipFile("", "wb", 9, file, mtime=0) as packed:
        packed.write(header + array.tobytes())


def main() -> None:
    """Read the full set, write the four files of the sample."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--mnist", required=True, help="folder with the four full IDX files")
    parser.add_argument("--out", type=Path, default=DATA, help="folder to write to")
    arguments = parser.parse_args()
    splits = load_mnist(arguments.mnist)
    for (images, labels), (name, per_digit) in zip(splits, PER_DIGIT.items(), strict=True):
        rows = choose(labels, per_digit)
        write_idx(arguments.out / f"{name}-images-idx3-ubyte.gz", images[rows])
        write_idx(arguments.out / f"{name}-labels-idx1-ubyte.gz", labels[rows])


if __name__ == "__main__":
    main()
