"""A network of dense layers: prediction, and back-propagation of the gradient.

All parameters are one flat list: for each layer in turn its kernel (n_in, n_out), row after row,
and then its bias (n_out,).  The gradient has the same layout.  The scores `z`, the activations
`a` and the gradients `dz` of one sample are flat too: the units of all layers after the input.
"""

from fastscratch.reference.activations import activation_backward, activation_forward
from fastscratch.reference.dense import (
    dense_backward_input,
    dense_backward_weight,
    dense_forward,
)
from fastscratch.reference.losses import loss_backward, loss_forward


def _layers(sizes):
    """Return n_in, n_out, the place of the first parameter and of the first unit, per layer."""
    layers = []
    parameter = 0
    unit = 0
    for layer in range(len(sizes) - 1):
        n_in, n_out = sizes[layer], sizes[layer + 1]
        layers.append((n_in, n_out, parameter, unit))
        parameter += n_in * n_out + n_out
        unit += n_out
    return layers


def _kernel_and_bias(parameters, n_in, n_out, parameter):
    """Cut the kernel (n_in, n_out) and the bias (n_out,) of one layer from the flat list."""
    kernel = []
    for _ in range(n_in):
        kernel.append(parameters[parameter : parameter + n_out])
        parameter += n_out
    bias = parameters[parameter : parameter + n_out]
    return kernel, bias


def forward_sample(z, a, x, parameters, sizes, activations):
    """Propagate one sample through all layers: a_l = f_l(a_{l-1} kernel_l + bias_l), a_0 = x.

    Parameters
    ----------
    z, a : list of float, (sum of sizes[1:],)
        Written: the scores and the activations of every layer after the input.
    x : list of float, (sizes[0],)
        The sample.
    parameters : list of float
        All kernels and biases, flat.
    sizes : list of int
        Units per layer: inputs, hidden layers, outputs.
    activations : list of str
        Name of the activation of each layer after the input.

    Notes
    -----
    Essay, step 4: the forward pass.
    """
    layer_input = x
    for layer, (n_in, n_out, parameter, unit) in enumerate(_layers(sizes)):
        kernel, bias = _kernel_and_bias(parameters, n_in, n_out, parameter)
        layer_z = [0.0] * n_out
        layer_a = [0.0] * n_out
        dense_forward([layer_z], [layer_input], kernel, bias)
        activation_forward([layer_a], [layer_z], activations[layer])
        z[unit : unit + n_out] = layer_z
        a[unit : unit + n_out] = layer_a
        layer_input = layer_a


def backprop_sample(gradient, z, a, dz, x, y, parameters, sizes, activations, loss):
    """Add the gradient of one sample's loss to `gradient`, by back-propagation.

    A forward pass, the gradient at the read-out, and then the chain rule from the last layer to
    the first: dkernel = a_{l-1}' dz_l, dbias = dz_l, da_{l-1} = dz_l kernel_l',
    dz_{l-1} = da_{l-1} * f'(z_{l-1}).

    Parameters
    ----------
    gradient : list of float, like `parameters`
        Added to: the gradient of the sample.
    z, a, dz : list of float, (sum of sizes[1:],)
        Written: scores, activations and gradients of the scores, of every layer after the input.
    x : list of float, (sizes[0],)
        The sample.
    y : list of float, (sizes[-1],)
        Its targets.
    parameters : list of float
        All kernels and biases, flat.
    sizes : list of int
        Units per layer: inputs, hidden layers, outputs.
    activations : list of str
        Name of the activation of each layer after the input.  A cross-entropy wants its own
        activation last: sigmoid (binary, multi-label) or softmax (categorical).
    loss : str
        Name of the loss.

    Returns
    -------
    float
        The loss of the sample.

    Notes
    -----
    Essay, step 4: `backprop`.  Rumelhart, Hinton & Williams (1986), "Learning representations by
    back-propagating errors".
    """
    forward_sample(z, a, x, parameters, sizes, activations)
    layers = _layers(sizes)

    # The read-out: the gradient with respect to the scores of the last layer.
    unit = layers[-1][3]
    logits, prediction = z[unit:], a[unit:]
    losses = [0.0]
    layer_dz = [0.0] * len(y)
    if loss.endswith("crossentropy"):
        loss_forward(losses, [logits], [y], loss)
        loss_backward([layer_dz], [logits], [y], loss)
    else:
        dprediction = [0.0] * len(y)
        loss_forward(losses, [prediction], [y], loss)
        loss_backward([dprediction], [prediction], [y], loss)
        activation_backward([layer_dz], [logits], [prediction], [dprediction], activations[-1])

    # Backwards through the layers.
    for layer in reversed(range(len(layers))):
        n_in, n_out, parameter, unit = layers[layer]
        dz[unit : unit + n_out] = layer_dz
        layer_input = x if layer == 0 else a[unit - n_in : unit]

        dkernel = [[0.0] * n_out for _ in range(n_in)]
        dbias = [0.0] * n_out
        dense_backward_weight(dkernel, dbias, [layer_input], [layer_dz])
        p = parameter
        for row in [*dkernel, dbias]:
            for o in range(n_out):
                gradient[p] += row[o]
                p += 1

        if layer > 0:
            kernel, _ = _kernel_and_bias(parameters, n_in, n_out, parameter)
            da = [0.0] * n_in
            dense_backward_input([da], [layer_dz], kernel)
            layer_dz = [0.0] * n_in
            below = z[unit - n_in : unit]
            activation_backward([layer_dz], [below], [layer_input], [da], activations[layer - 1])
    return losses[0]


def minibatch_gradient(gradient, x, y, rows, parameters, sizes, activations, loss):
    """Write the mean gradient over a mini-batch: the sum over its samples, divided by their number.

    This is the one place where a gradient is divided by the number of samples.

    Parameters
    ----------
    gradient : list of float, like `parameters`
        Written (what it held is lost): the mean gradient.
    x : list of lists of float, (n, sizes[0])
        All samples.
    y : list of lists of float, (n, sizes[-1])
        Their targets.
    rows : list of int
        Which samples are in the mini-batch.
    parameters : list of float
        All kernels and biases, flat.
    sizes : list of int
        Units per layer: inputs, hidden layers, outputs.
    activations : list of str
        Name of the activation of each layer after the input.
    loss : str
        Name of the loss.

    Returns
    -------
    float
        The mean loss over the mini-batch.

    Notes
    -----
    Essay, step 4: `update_mini_batch`, up to the update.
    """
    z, a, dz = ([0.0] * sum(sizes[1:]) for _ in range(3))
    gradient[:] = [0.0] * len(gradient)
    total = 0.0
    for n in rows:
        total += backprop_sample(
            gradient, z, a, dz, x[n], y[n], parameters, sizes, activations, loss
        )
    for p in range(len(gradient)):
        gradient[p] /= len(rows)
    return total / len(rows)


def predict(out, x, parameters, sizes, activations):
    """Write the activations of the last layer for each sample (row).

    Parameters
    ----------
    out : list of lists of float, (n, sizes[-1])
        Written: the predictions.
    x : list of lists of float, (n, sizes[0])
        Samples.
    parameters : list of float
        All kernels and biases, flat.
    sizes : list of int
        Units per layer: inputs, hidden layers, outputs.
    activations : list of str
        Name of the activation of each layer after the input.

    Notes
    -----
    Essay, step 4: the forward pass.
    """
    z, a = ([0.0] * sum(sizes[1:]) for _ in range(2))
    for n in range(len(x)):
        forward_sample(z, a, x[n], parameters, sizes, activations)
        out[n][:] = a[-sizes[-1] :]
