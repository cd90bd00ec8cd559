"""OpenCV's side: the sliding window."""

import cv2
import numpy as np

from .task import calling

VERSION = cv2.__version__


def start(threads):
    """Use this many threads from now on."""
    cv2.setNumThreads(threads)


def prepare(workload, data, threads):
    """The variants of a workload: a dict of `Task` by name."""
    image, kernel = data["image"], data["kernel"]
    out, border = np.empty_like(image), workload.size // 2

    def inside(out):
        """It also computes the pixels whose window leaves the image; the others do not."""
        return out[border:-border, border:-border]

    return {"filter2D": calling(lambda: cv2.filter2D(image, -1, kernel, dst=out), inside)}
