"""The reference in plain Python: a twin of every kernel, and a naive network made of the twins.

A twin has the file name, the function name and the parameter names of its kernel in
`fastscratch.kernels`, but is made of floats, lists and textbook loops only, so that the formula can
be read off the code.  It is what the fast kernel is tested against, and the place to start reading.
The naive network puts the twins together: layers, graphs of layers, and training, without a twin's
restriction to one operation.  It is what the fast models are tested against.

How to read them:

- A vector is a list, a matrix is a list of rows, an image is a list of rows of pixels, and a
  pixel is a list of channels.  A mini-batch is a list of samples.  Sizes come from `len`.
- In the twins outputs are the first arguments and are written in place, as the kernels write into
  arrays.  The naive network returns its results, and changes no list that it is given.
- `d<name>` is the gradient of the loss with respect to `<name>`.
- Activations, losses, optimisers and schedules are named by their Keras names, such as "sigmoid"
  or "categorical_crossentropy"; the kernels take addresses or integer codes in the same place.
- Loop letters: `n` sample, `i` input unit, `o` output unit, `c` input channel, `y`, `x` position in
  the image, `ky`, `kx` offset in the convolution kernel.
- Nothing is validated.

In the order of the essay "Neural Networks from Scratch", which they follow step by step:

least_squares      linear regression by QR factorisation (step 1)
gradient_descent   linear, logistic and softmax regression by gradient descent (steps 1 to 3)
activations        linear, sigmoid, tanh, ReLU and softmax, forward and backward (steps 2 to 4)
losses             squared error and the cross-entropies, forward and backward (steps 1 to 3)
dense              one fully connected layer, forward and backward (step 4)
optimizers         the update of the parameters (step 4, and on past it)
schedules          learning rates that change with the step (past the essay)
random             random numbers: initial weights and shuffles (step 4)
conv2d             2-D convolution (step 5), and its gradients

Past the essay, for training convolutional networks:

pooling            maxima and means of windows
activations        leaky ReLU, ELU, SELU, exponential, softplus, SiLU, GELU and learned slopes
pointwise          activations that are simplest as the value and the slope at one number
deviations, hinges, focal
                   more losses: of real numbers, of margins, of what is not known well
normalization      batch and layer normalisation
dropout            random zeros

The naive network, from its parts to the whole; the last three hold the essay's `backprop`,
`update_mini_batch`, `SGD` and `neuralnetwork` (step 4), for any network:

nested             nested lists: shapes, rows, numbers
initializers       where weights start
layers             a file a layer, forward and backward, made of the twins
objective          the loss of a mini-batch, and its gradient at the outputs
network            a graph of layers: the forward pass, and `backprop`
train              `update_mini_batch` and `SGD`
neural_network     from random weights to trained ones, in one call
"""
