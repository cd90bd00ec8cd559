"""Nested lists of numbers: how a mini-batch, an image or a kernel is held.

A mini-batch is a list of samples, an image a list of rows of pixels, a pixel a list of channels.
All lists of one depth have the same length.
"""


def shape_of(nested):
    """Return the lengths of the lists, the outermost first.

    Parameters
    ----------
    nested : nested lists

    Returns
    -------
    tuple of int
    """
    shape = []
    while isinstance(nested, list):
        shape.append(len(nested))
        nested = nested[0]
    return tuple(shape)


def full(shape, number):
    """Return nested lists of a shape that hold one number everywhere.

    Parameters
    ----------
    shape : tuple of int
    number : float

    Returns
    -------
    nested lists of float
    """
    if not shape:
        return number
    return [full(shape[1:], number) for _ in range(shape[0])]


def zeros(shape):
    """Return nested lists of zeros.

    Parameters
    ----------
    shape : tuple of int

    Returns
    -------
    nested lists of float
    """
    return full(shape, 0.0)


def rows_of(nested):
    """Return the innermost lists, one after the other: not copies, but the lists themselves.

    The rows of a mini-batch of vectors are its samples, those of a mini-batch of images the
    pixels of all images.

    Parameters
    ----------
    nested : nested lists

    Returns
    -------
    list of lists
    """
    if not isinstance(nested[0], list):
        return [nested]
    if not isinstance(nested[0][0], list):
        return nested
    return [row for part in nested for row in rows_of(part)]


def numbers_of(nested):
    """Return all numbers, one after the other.

    Parameters
    ----------
    nested : nested lists, or a number

    Returns
    -------
    list
    """
    if not isinstance(nested, list):
        return [nested]
    return [number for part in nested for number in numbers_of(part)]


def shaped(numbers, shape):
    """Return the numbers in nested lists of a shape: the reverse of `numbers_of`.

    Parameters
    ----------
    numbers : list
        As many as the shape holds.
    shape : tuple of int

    Returns
    -------
    nested lists
    """
    if len(shape) <= 1:
        return list(numbers) if shape else numbers[0]
    size = len(numbers) // shape[0]
    return [shaped(numbers[i * size : (i + 1) * size], shape[1:]) for i in range(shape[0])]


def elementwise(function, parts):
    """Return function(a, b, ...) of the numbers that stand at the same place of several parts.

    Parameters
    ----------
    function : callable
        Of as many numbers as there are parts.
    parts : list of nested lists
        All of one shape.

    Returns
    -------
    nested lists
    """
    if not isinstance(parts[0], list):
        return function(*parts)
    return [elementwise(function, entries) for entries in zip(*parts, strict=True)]


def added(a, b):
    """Return the sum of two nested lists of one shape; None stands for zeros.

    Parameters
    ----------
    a, b : nested lists or None

    Returns
    -------
    nested lists or None
    """
    if a is None or b is None:
        return b if a is None else a
    return elementwise(lambda u, v: u + v, [a, b])


def stretched(nested, shape):
    """Return the numbers in a larger shape, as NumPy broadcasts them.

    Axes that are missing at the front are added, and each axis of size 1 is repeated.

    Parameters
    ----------
    nested : nested lists, or a number
    shape : tuple of int

    Returns
    -------
    nested lists
        Of the shape; parts may be one list that stands in several places.
    """
    own = shape_of(nested)
    if len(own) < len(shape):
        nested = shaped(numbers_of(nested), (*[1] * (len(shape) - len(own)), *own))
    if not shape:
        return nested
    parts = nested if len(nested) == shape[0] else nested * shape[0]
    return [stretched(part, shape[1:]) for part in parts]


def shrunk(gradient, shape):
    """Return the gradient of what `stretched` has taken: what was repeated is added up.

    Parameters
    ----------
    gradient : nested lists
        With respect to what `stretched` has returned.
    shape : tuple of int
        Of what it has taken.

    Returns
    -------
    nested lists, or a number
    """
    axes = len(shape_of(gradient))
    if axes == 0:
        return gradient
    if axes == len(shape) and len(gradient) == shape[0]:
        return [shrunk(part, shape[1:]) for part in gradient]
    total = None
    for part in gradient:
        total = added(total, part)
    return shrunk(total, shape) if axes > len(shape) else [shrunk(total, shape[1:])]
