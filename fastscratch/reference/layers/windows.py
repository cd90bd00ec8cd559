"""Windows that slide: where they stand, and the padding around what they see.

A sequence is an image of one row, so that what slides along one axis is a case of what slides over
two.
"""


def pair(value):
    """Return the number for down and that for across, from one for both or from two."""
    return tuple(value) if isinstance(value, (tuple, list)) else (value, value)


def single(value):
    """Return the number of the only axis, from a number or from one in a tuple."""
    return value[0] if isinstance(value, (tuple, list)) else value


def extent(kernel_size, dilation_rate):
    """Return the rows and columns that a kernel covers, the gaps between its taps included."""
    return tuple((k - 1) * d + 1 for k, d in zip(kernel_size, dilation_rate, strict=True))


def positions(size, window, stride, padding):
    """Return how often a window stands along an axis, and the zeros before the first number.

    - "valid": the window stays inside.
    - "same": it starts at every stride-th number; what it lacks for that is added half before and
      half after, the odd one after.
    - "causal": all that is lacking is added before, so that no window sees what comes later.
    """
    if padding == "valid":
        return (size - window) // stride + 1, 0
    count = -(-size // stride)  # rounded up
    if padding == "causal":
        return count, window - 1
    missing = max((count - 1) * stride + window - size, 0)
    return count, missing // 2


def positions2d(image, window, strides, padding):
    """Return `positions` down and across an image: the counts, and the paddings."""
    rows = positions(len(image), window[0], strides[0], padding)
    columns = positions(len(image[0]), window[1], strides[1], padding)
    return (rows[0], columns[0]), (rows[1], columns[1])


def as_images(sequences):
    """Return sequences as images of one row."""
    return [[sequence] for sequence in sequences]


def as_sequences(images):
    """Return the only row of each image."""
    return [image[0] for image in images]
