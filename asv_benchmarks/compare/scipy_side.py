"""SciPy's side: the sliding window, directly and by the Fourier transform."""

import scipy
from scipy import fft, ndimage, signal

from .task import calling

VERSION = scipy.__version__


def start(threads):
    """Nothing to do: only the Fourier transforms have threads, and are told at each call."""


def prepare(workload, data, threads):
    """The variants of a workload: a dict of `Task` by name."""
    image, kernel, border = data["image"], data["kernel"], workload.size // 2
    flipped = kernel[::-1, ::-1].copy()  # a convolution with this is a correlation with the other

    def by_transform(convolve):
        with fft.set_workers(threads):
            return convolve(image, flipped, mode="valid")

    def inside(out):
        """It also computes the pixels whose window leaves the image; the others do not."""
        return out[border:-border, border:-border]

    return {
        "correlate2d": calling(lambda: signal.correlate2d(image, kernel, mode="valid")),
        "fftconvolve": calling(lambda: by_transform(signal.fftconvolve)),
        "oaconvolve": calling(lambda: by_transform(signal.oaconvolve)),
        "ndimage.correlate": calling(lambda: ndimage.correlate(image, kernel), inside),
    }
