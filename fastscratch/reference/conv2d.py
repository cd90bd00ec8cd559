"""2-D convolution.

As everywhere in deep learning, "convolution" means cross-correlation: the kernel is laid on the
image as it is, not flipped first.

With `groups`, the channels are cut into this many equal parts; each output channel sees only the
input channels of its own part.  One group is the ordinary convolution.
"""


def conv2d_forward(out, x, kernel, bias, strides, padding, dilation_rate, groups):
    """Slide kernels over images and write the weighted sum seen at every position.

    out[n][y][x][o] = bias[o] + sum over ky, kx, c of
    image[n][y * strides[0] + ky * dilation_rate[0] - padding[0]]
    [x * strides[1] + kx * dilation_rate[1] - padding[1]][c] * kernel[ky][kx][c][o],
    where everything outside the image counts as 0, and c runs over the channels of o's group.

    Parameters
    ----------
    out : nested lists of float, (n, out_height, out_width, c_out)
        Written: one feature map per output channel.  Its size says how far the kernel slides.
    x : nested lists of float, (n, height, width, c_in)
        Images, channels last.
    kernel : nested lists of float, (kernel_height, kernel_width, c_in / groups, c_out)
        Weights.
    bias : list of float, (c_out,)
        Intercepts.
    strides : (int, int)
        Pixels from one position to the next, down and across.
    padding : (int, int)
        Rows of zeros above the image and columns of zeros to its left.
    dilation_rate : (int, int)
        Pixels from one weight of the kernel to the next, down and across.
    groups : int
        Parts that the channels are cut into.

    Notes
    -----
    Essay, step 5.  Dumoulin & Visin (2016), "A guide to convolution arithmetic for deep learning".
    Groups: Krizhevsky, Sutskever & Hinton (2012), "ImageNet classification with deep convolutional
    neural networks".
    """
    images = x  # from here on, x is a position
    for n in range(len(out)):
        for y in range(len(out[n])):
            for x in range(len(out[n][y])):
                for o in range(len(bias)):
                    out[n][y][x][o] = bias[o]
    connections = _connections(kernel, groups)
    for n, y, x, row, column, ky, kx in _meetings(
        out, images, kernel, strides, padding, dilation_rate
    ):
        for c, channel, o in connections:
            out[n][y][x][o] += images[n][row][column][channel] * kernel[ky][kx][c][o]


def _meetings(out, images, kernel, strides, padding, dilation_rate):
    """Return where a weight of the kernel lies on a pixel, at every position of every sample.

    Each is (n, y, x, row, column, ky, kx): the sample, the position in the output, the pixel, and
    the place in the kernel.
    """
    meetings = []
    for n in range(len(out)):
        for y in range(len(out[n])):
            for x in range(len(out[n][y])):
                for ky in range(len(kernel)):
                    for kx in range(len(kernel[ky])):
                        row = y * strides[0] + ky * dilation_rate[0] - padding[0]
                        column = x * strides[1] + kx * dilation_rate[1] - padding[1]
                        if _inside(images[n], row, column):
                            meetings.append((n, y, x, row, column, ky, kx))
    return meetings


def _inside(image, row, column):
    """Return whether the image has a pixel at this row and column."""
    return 0 <= row < len(image) and 0 <= column < len(image[row])


def _connections(kernel, groups):
    """Return (c, channel, o) for every weight of one tap.

    Weight [c][o] joins output channel o to the c-th channel of its group, which is `channel` in
    the image.
    """
    connections = []
    c_in, c_out = len(kernel[0][0]), len(kernel[0][0][0])
    for c in range(c_in):
        for o in range(c_out):
            group = o // (c_out // groups)
            connections.append((c, group * c_in + c, o))
    return connections


def conv2d_backward_input(dx, dout, kernel, strides, padding, dilation_rate, groups):
    """Take a gradient back to the images: every output sends it to all pixels that it has seen.

    In the forward pass a weight carried pixel to output; here it carries dout to dx.

    Parameters
    ----------
    dx : nested lists of float, (n, height, width, c_in)
        Written: gradient with respect to the images.
    dout : nested lists of float, (n, out_height, out_width, c_out)
        Gradient with respect to the output.
    kernel : nested lists of float, (kernel_height, kernel_width, c_in / groups, c_out)
        Weights.
    strides : (int, int)
        Pixels from one position to the next, down and across.
    padding : (int, int)
        Rows of zeros above the image and columns of zeros to its left.
    dilation_rate : (int, int)
        Pixels from one weight of the kernel to the next, down and across.
    groups : int
        Parts that the channels are cut into.

    Notes
    -----
    LeCun et al. (1989), "Backpropagation applied to handwritten zip code recognition".
    """
    for image in dx:
        for row in image:
            for pixel in row:
                pixel[:] = [0.0] * len(pixel)
    connections = _connections(kernel, groups)
    for n, y, x, row, column, ky, kx in _meetings(
        dout, dx, kernel, strides, padding, dilation_rate
    ):
        for c, channel, o in connections:
            dx[n][row][column][channel] += dout[n][y][x][o] * kernel[ky][kx][c][o]


def conv2d_backward_weight(dkernel, dbias, x, dout, strides, padding, dilation_rate, groups):
    """Take a gradient back to the weights, summed over the samples and all positions.

    A weight is used at every position, so its gradient is the sum of pixel * dout over all of
    them; that of the bias is the sum of dout.

    Parameters
    ----------
    dkernel : nested lists of float, (kernel_height, kernel_width, c_in / groups, c_out)
        Written: gradient with respect to the weights.
    dbias : list of float, (c_out,)
        Written: gradient with respect to the intercepts.
    x : nested lists of float, (n, height, width, c_in)
        Images.
    dout : nested lists of float, (n, out_height, out_width, c_out)
        Gradient with respect to the output.
    strides : (int, int)
        Pixels from one position to the next, down and across.
    padding : (int, int)
        Rows of zeros above the image and columns of zeros to its left.
    dilation_rate : (int, int)
        Pixels from one weight of the kernel to the next, down and across.
    groups : int
        Parts that the channels are cut into.
    """
    images = x  # from here on, x is a position
    for kernel_row in dkernel:
        for tap in kernel_row:
            for weights in tap:
                weights[:] = [0.0] * len(weights)
    connections = _connections(dkernel, groups)
    for n, y, x, row, column, ky, kx in _meetings(
        dout, images, dkernel, strides, padding, dilation_rate
    ):
        for c, channel, o in connections:
            dkernel[ky][kx][c][o] += images[n][row][column][channel] * dout[n][y][x][o]
    dbias[:] = [0.0] * len(dbias)
    for image in dout:
        for row in image:
            for pixel in row:
                for o in range(len(dbias)):
                    dbias[o] += pixel[o]


def conv2d_image_forward(out, image, kernel):
    """Slide one kernel over one grey image: out[y][x] = sum of image[y+ky][x+kx] * kernel[ky][kx].

    Parameters
    ----------
    out : list of lists of float, (height - kernel_height + 1, width - kernel_width + 1)
        Written: the feature map.
    image : list of lists of float, (height, width)
        Pixels.
    kernel : list of lists of float, (kernel_height, kernel_width)
        Weights, such as the essay's emboss or sharpen filter.

    Notes
    -----
    Essay, step 5: `convolution`.
    """
    for y in range(len(out)):
        for x in range(len(out[y])):
            out[y][x] = 0.0
            for ky in range(len(kernel)):
                for kx in range(len(kernel[ky])):
                    out[y][x] += image[y + ky][x + kx] * kernel[ky][kx]
