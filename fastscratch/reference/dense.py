"""One dense (fully connected) layer before its activation: a linear regression per output unit."""


def dense_forward(z, x, kernel, bias):
    """Compute the scores of a layer: z[n][o] = bias[o] + sum over i of x[n][i] * kernel[i][o].

    Parameters
    ----------
    z : list of lists of float, (n, n_out)
        Written: the scores.
    x : list of lists of float, (n, n_in)
        Inputs.
    kernel : list of lists of float, (n_in, n_out)
        Weights.
    bias : list of float, (n_out,)
        Intercepts.

    Notes
    -----
    Essay, step 4.
    """
    for n in range(len(x)):
        for o in range(len(bias)):
            z[n][o] = bias[o]
            for i in range(len(kernel)):
                z[n][o] += x[n][i] * kernel[i][o]


def dense_backward_input(dx, dz, kernel):
    """Take a gradient back to the inputs: dx[n][i] = sum over o of dz[n][o] * kernel[i][o].

    Parameters
    ----------
    dx : list of lists of float, (n, n_in)
        Written: gradient with respect to the inputs.
    dz : list of lists of float, (n, n_out)
        Gradient with respect to the scores.
    kernel : list of lists of float, (n_in, n_out)
        Weights.

    Notes
    -----
    Rumelhart, Hinton & Williams (1986), "Learning representations by back-propagating errors".
    """
    for n in range(len(dz)):
        for i in range(len(kernel)):
            dx[n][i] = 0.0
            for o in range(len(dz[n])):
                dx[n][i] += dz[n][o] * kernel[i][o]


def dense_backward_weight(dkernel, dbias, x, dz):
    """Sum the gradient of the weights over the samples.

    dkernel[i][o] = sum over n of x[n][i] * dz[n][o], and dbias[o] = sum over n of dz[n][o].

    Parameters
    ----------
    dkernel : list of lists of float, (n_in, n_out)
        Written: gradient with respect to the weights.
    dbias : list of float, (n_out,)
        Written: gradient with respect to the intercepts.
    x : list of lists of float, (n, n_in)
        Inputs.
    dz : list of lists of float, (n, n_out)
        Gradient with respect to the scores.

    Notes
    -----
    Essay, steps 1 and 2: `t(X_mat) %*% residual`, before the division by the number of rows.
    """
    for o in range(len(dbias)):
        dbias[o] = 0.0
        for n in range(len(x)):
            dbias[o] += dz[n][o]
        for i in range(len(dkernel)):
            dkernel[i][o] = 0.0
            for n in range(len(x)):
                dkernel[i][o] += x[n][i] * dz[n][o]
