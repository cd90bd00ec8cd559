"""The naive twins: every kernel of `fastscratch.kernels` again, in plain Python.

A twin has the file name, the function name and the parameter names of its kernel, but is made of
floats, lists and textbook loops only, so that the formula can be read off the code.  It is what
the fast kernel is tested against, and the place to start reading.

How to read them:

- A vector is a list, a matrix is a list of rows, an image is a list of rows of pixels, and a
  pixel is a list of channels.  Sizes come from `len`.
- Outputs are the first arguments and are written in place, as the kernels write into arrays.
- `d<name>` is the gradient of the loss with respect to `<name>`.
- Activations, losses, optimisers and schedules are named by their Keras names, such as "sigmoid"
  or "categorical_crossentropy"; the kernels take integer codes in the same place.
- Loop letters: `n` sample, `i` input unit, `o` output unit, `c` input channel, `y`, `x` position in
  the image, `ky`, `kx` offset in the convolution kernel.
- Nothing is validated.

In the order of the essay "Neural Networks from Scratch", which they follow step by step:

least_squares      linear regression by QR factorisation (step 1)
gradient_descent   linear, logistic and softmax regression by gradient descent (steps 1 to 3)
activations        linear, sigmoid, tanh, ReLU and softmax, forward and backward (steps 2 to 4)
losses             squared error and the cross-entropies, forward and backward (steps 1 to 3)
dense              one fully connected layer, forward and backward (step 4)
network            a stack of dense layers and back-propagation through it (step 4)
optimizers         the update of the parameters (step 4, and on past it)
schedules          learning rates that change with the step (past the essay)
random             random numbers: initial parameters and shuffles (step 4)
train              steps of mini-batch stochastic gradient descent (step 4)
neural_network     the whole of step 4 in one function
conv2d             2-D convolution (step 5), and its gradients

Past the essay, for training convolutional networks:

pooling            maxima and means of windows
activations        leaky ReLU, ELU, SELU, exponential, softplus, SiLU and GELU, forward and backward
normalization      batch and layer normalisation
dropout            random zeros
"""
