"""Pooling: every window of an image is replaced by its largest number or by its mean.

Each channel is pooled for itself.  Places outside the image do not take part; where padding lets a
window reach over the edge, the window is simply smaller there.
"""


def _window(image, y, x, pool_size, strides, padding):
    """Return (place, row, column) of every pixel that the window at (y, x) sees, in order.

    `place` counts the places of the window row by row, those outside the image included.
    """
    pixels = []
    for py in range(pool_size[0]):
        for px in range(pool_size[1]):
            row = y * strides[0] + py - padding[0]
            column = x * strides[1] + px - padding[1]
            if 0 <= row < len(image) and 0 <= column < len(image[row]):
                pixels.append((py * pool_size[1] + px, row, column))
    return pixels


def _clear(images):
    """Set every number of the images to zero."""
    for image in images:
        for row in image:
            for pixel in row:
                pixel[:] = [0.0] * len(pixel)


def max_pool2d_forward(out, argmax, x, pool_size, strides, padding):
    """Write the largest number of every window, and where it stands: out = max(window).

    Parameters
    ----------
    out : nested lists of float, (n, out_height, out_width, c)
        Written: the maxima.
    argmax : nested lists of int, (n, out_height, out_width, c)
        Written: places of the maxima in their windows, counted row by row; of equal numbers the
        first.
    x : nested lists of float, (n, height, width, c)
        Images, channels last.
    pool_size : (int, int)
        Height and width of the window.
    strides : (int, int)
        Pixels from one window to the next, down and across.
    padding : (int, int)
        Rows above the image and columns to its left that the first window covers.

    Notes
    -----
    Ranzato, Huang, Boureau & LeCun (2007), "Unsupervised learning of invariant feature hierarchies
    with applications to object recognition".
    """
    images = x  # from here on, x is a position
    for n in range(len(out)):
        for y in range(len(out[n])):
            for x in range(len(out[n][y])):
                window = _window(images[n], y, x, pool_size, strides, padding)
                for c in range(len(out[n][y][x])):
                    largest = -float("inf")
                    for place, row, column in window:
                        if images[n][row][column][c] > largest:
                            largest = images[n][row][column][c]
                            argmax[n][y][x][c] = place
                    out[n][y][x][c] = largest


def max_pool2d_backward(dx, dout, argmax, pool_size, strides, padding):
    """Take a gradient back through max pooling: it goes where the maximum was, and nowhere else.

    Parameters
    ----------
    dx : nested lists of float, (n, height, width, c)
        Written: gradient with respect to the images.
    dout : nested lists of float, (n, out_height, out_width, c)
        Gradient with respect to the maxima.
    argmax : nested lists of int, (n, out_height, out_width, c)
        Places of the maxima in their windows, from `max_pool2d_forward`.
    pool_size : (int, int)
        Height and width of the window.
    strides : (int, int)
        Pixels from one window to the next, down and across.
    padding : (int, int)
        Rows above the image and columns to its left that the first window covers.
    """
    _clear(dx)
    for n in range(len(dout)):
        for y in range(len(dout[n])):
            for x in range(len(dout[n][y])):
                for place, row, column in _window(dx[n], y, x, pool_size, strides, padding):
                    for c in range(len(dout[n][y][x])):
                        if argmax[n][y][x][c] == place:
                            dx[n][row][column][c] += dout[n][y][x][c]


def average_pool2d_forward(out, x, pool_size, strides, padding):
    """Write the mean of every window: out = sum(window) / (number of pixels it sees).

    Parameters
    ----------
    out : nested lists of float, (n, out_height, out_width, c)
        Written: the means.
    x : nested lists of float, (n, height, width, c)
        Images, channels last.
    pool_size : (int, int)
        Height and width of the window.
    strides : (int, int)
        Pixels from one window to the next, down and across.
    padding : (int, int)
        Rows above the image and columns to its left that the first window covers.

    Notes
    -----
    LeCun, Bottou, Bengio & Haffner (1998), "Gradient-based learning applied to document
    recognition", section II (sub-sampling).
    """
    images = x  # from here on, x is a position
    for n in range(len(out)):
        for y in range(len(out[n])):
            for x in range(len(out[n][y])):
                window = _window(images[n], y, x, pool_size, strides, padding)
                for c in range(len(out[n][y][x])):
                    total = 0.0
                    for _, row, column in window:
                        total += images[n][row][column][c]
                    out[n][y][x][c] = total / len(window)


def average_pool2d_backward(dx, dout, pool_size, strides, padding):
    """Take a gradient back through average pooling: every pixel of a window gets an equal share.

    Parameters
    ----------
    dx : nested lists of float, (n, height, width, c)
        Written: gradient with respect to the images.
    dout : nested lists of float, (n, out_height, out_width, c)
        Gradient with respect to the means.
    pool_size : (int, int)
        Height and width of the window.
    strides : (int, int)
        Pixels from one window to the next, down and across.
    padding : (int, int)
        Rows above the image and columns to its left that the first window covers.
    """
    _clear(dx)
    for n in range(len(dout)):
        for y in range(len(dout[n])):
            for x in range(len(dout[n][y])):
                window = _window(dx[n], y, x, pool_size, strides, padding)
                for _, row, column in window:
                    for c in range(len(dout[n][y][x])):
                        dx[n][row][column][c] += dout[n][y][x][c] / len(window)


def global_average_pool2d_forward(out, x):
    """Write the mean of every channel over the whole image.

    Parameters
    ----------
    out : list of lists of float, (n, c)
        Written: the means.
    x : nested lists of float, (n, height, width, c)
        Images, channels last.

    Notes
    -----
    Lin, Chen & Yan (2013), "Network in network", section 3.2.
    """
    for n in range(len(x)):
        for c in range(len(out[n])):
            out[n][c] = 0.0
            for row in x[n]:
                for pixel in row:
                    out[n][c] += pixel[c]
            out[n][c] /= len(x[n]) * len(x[n][0])


def global_average_pool2d_backward(dx, dout):
    """Take a gradient back through the mean over the image: every pixel gets an equal share.

    Parameters
    ----------
    dx : nested lists of float, (n, height, width, c)
        Written: gradient with respect to the images.
    dout : list of lists of float, (n, c)
        Gradient with respect to the means.
    """
    for n in range(len(dx)):
        for row in dx[n]:
            for pixel in row:
                for c in range(len(pixel)):
                    pixel[c] = dout[n][c] / (len(dx[n]) * len(dx[n][0]))
