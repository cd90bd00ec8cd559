"""2-D convolution.

As everywhere in deep learning, "convolution" means cross-correlation: the kernel is laid on the
image as it is, not flipped first.
"""


def conv2d_forward(out, x, kernel, bias, strides, padding, dilation_rate):
    """Slide kernels over images and write the weighted sum seen at every position.

    out[n][y][x][o] = bias[o] + sum over ky, kx, c of
    image[n][y * strides[0] + ky * dilation_rate[0] - padding[0]]
    [x * strides[1] + kx * dilation_rate[1] - padding[1]][c] * kernel[ky][kx][c][o],
    where everything outside the image counts as 0.

    Parameters
    ----------
    out : nested lists of float, (n, out_height, out_width, c_out)
        Written: one feature map per output channel.  Its size says how far the kernel slides.
    x : nested lists of float, (n, height, width, c_in)
        Images, channels last.
    kernel : nested lists of float, (kernel_height, kernel_width, c_in, c_out)
        Weights.
    bias : list of float, (c_out,)
        Intercepts.
    strides : (int, int)
        Pixels from one position to the next, down and across.
    padding : (int, int)
        Rows of zeros above the image and columns of zeros to its left.
    dilation_rate : (int, int)
        Pixels from one weight of the kernel to the next, down and across.

    Notes
    -----
    Essay, step 5.  Dumoulin & Visin (2016), "A guide to convolution arithmetic for deep learning".
    """
    images = x  # from here on, x is a position
    for n in range(len(out)):
        for y in range(len(out[n])):
            for x in range(len(out[n][y])):
                for o in range(len(bias)):
                    out[n][y][x][o] = bias[o]
                    for ky in range(len(kernel)):
                        for kx in range(len(kernel[ky])):
                            row = y * strides[0] + ky * dilation_rate[0] - padding[0]
                            column = x * strides[1] + kx * dilation_rate[1] - padding[1]
                            if _inside(images[n], row, column):
                                for c in range(len(kernel[ky][kx])):
                                    pixel = images[n][row][column][c]
                                    out[n][y][x][o] += pixel * kernel[ky][kx][c][o]


def _inside(image, row, column):
    """Return whether the image has a pixel at this row and column."""
    return 0 <= row < len(image) and 0 <= column < len(image[row])


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
