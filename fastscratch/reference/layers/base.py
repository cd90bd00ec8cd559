"""What all layers of the naive network have in common."""

from fastscratch.reference.initializers import initial


class Layer:
    """A layer: numbers go forward through it, and gradients back.

    Each layer has the name of its Keras class and is made from the arguments of that, its config.
    What does not change the numbers, such as its name, is taken and not used.  The weights are not
    kept in the layer: whoever calls it has them.

    Parameters
    ----------
    activation : str, optional
        Name of the activation that is applied last.
    trainable : bool
        Whether training changes the weights.
    **config
        Of each weight `<weight>_initializer`, a name or a dict, and `<weight>_regularizer`, a dict
        of `l1` and `l2`, or None.
    """

    #: Names of the weights, in their order.
    weight_names = ()

    def __init__(self, activation=None, trainable=True, **config):
        self.activation = activation or "linear"
        self.trainable = trainable
        self.config = config

    def forward(self, inputs, weights, run):
        """Return the output of a mini-batch, and what `backward` needs to know of it.

        Parameters
        ----------
        inputs : list of nested lists of float
            A mini-batch for each tensor that the layer reads; most read one.
        weights : list of nested lists of float
            The layer's own.
        run : Run
            Whether this is training, and its random numbers.
        """
        raise NotImplementedError

    def backward(self, doutput, kept, weights):
        """Return the gradients with respect to each input, and with respect to each weight.

        The latter are summed over the samples, and None where a weight has no gradient.

        Parameters
        ----------
        doutput : nested lists of float
            Gradient with respect to the output.
        kept : tuple
            What `forward` has kept.
        weights : list of nested lists of float
            The layer's own.
        """
        raise NotImplementedError

    def backward_weights(self, doutput, kept, weights):
        """Return the gradients with respect to the weights only, for the first layer."""
        return self.backward(doutput, kept, weights)[1]

    def moved(self, kept, weights):
        """Return the weights after what they learn of a mini-batch without a gradient."""
        return weights

    def weight_shapes(self, shape):
        """Return a dict of the shapes of the weights, for samples of a shape."""
        return {}

    def new_weights(self, shape, seed):
        """Return weights to start from, for samples of a shape; weight i has the seed + i."""
        shapes = self.weight_shapes(shape)
        weights = []
        for i, name in enumerate(self.weight_names):
            initializer = self.config.get(f"{name}_initializer", INITIALIZERS[name])
            weights.append(initial(initializer, shapes[name], seed + i))
        return weights

    def regularizer(self, name):
        """Return the factors l1 and l2 of the penalty on a weight."""
        regularizer = self.config.get(f"{name}_regularizer") or {}
        return regularizer.get("l1", 0.0), regularizer.get("l2", 0.0)


#: How weights start if the config does not say it.
INITIALIZERS = {
    "kernel": "glorot_uniform",
    "bias": "zeros",
    "gamma": "ones",
    "alpha": "zeros",
    "beta": "zeros",
    "moving_mean": "zeros",
    "moving_variance": "ones",
    "depthwise": "glorot_uniform",
    "pointwise": "glorot_uniform",
    "embeddings": "random_uniform",
    "mean": "zeros",
    "variance": "ones",
    "count": "zeros",
}


class Run:
    """What a forward pass is for.

    Parameters
    ----------
    training : bool
        Whether dropout drops and batch normalisation looks at the mini-batch.
    seed : int
        Of random numbers.
    step : int
        Number of the training step; each has a stream of random numbers of its own.
    """

    def __init__(self, training=False, seed=0, step=0):
        self.training = training
        self.seed = seed
        self.step = step
