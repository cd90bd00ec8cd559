"""A grey photograph to try convolutions on."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from .idx import read_idx

FILE = Path(__file__).with_name("data") / "photograph-idx2-ubyte.gz"


def load_photograph() -> np.ndarray:
    """Load a grey photograph: a man with a camera on a tripod, on a lawn.

    Returns
    -------
    ndarray of uint8, shape (512, 512)
        The image, row by row from the top; 0 is black, 255 is white.

    Notes
    -----
    Photograph by Lav Varshney, who put it in the public domain (CC0); the same pixels as
    ``skimage.data.camera()`` in scikit-image 0.18 and later.

    Examples
    --------
    >>> from fastscratch import datasets
    >>> photograph = datasets.load_photograph()
    >>> photograph.shape, photograph.dtype
    ((512, 512), dtype('uint8'))
    """
    return read_idx(FILE)
