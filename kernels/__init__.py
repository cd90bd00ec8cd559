"""Every hot loop of the package, and nothing else.

One file for each operation; the twin of ``conv2d.py::conv2d_forward`` is
``fastscratch/reference/conv2d.py::conv2d_forward``. Arguments: outputs, inputs, then
hyper-parameters; sizes come from shapes. Arrays are C-contiguous and of one type, float32 or
float64. Nothing is checked here: a wrong shape would read foreign memory, so the package calls
these through functions that check.

Loop letters: ``n`` sample, ``i`` input unit, ``o`` output unit or channel, ``c`` input channel,
``y, x`` position, ``ky, kx`` place in a filter.
"""

from . import (
    activations,
    conv2d,
    dense,
    deviations,
    focal,
    gradient_descent,
    hinges,
    least_squares,
    linear_model,
    losses,
    matmul,
    normalization,
    optimizers,
    pointwise,
    pooling,
    qr,
    random,
    schedules,
)

MODULES = (
    activations,
    conv2d,
    dense,
    deviations,
    focal,
    gradient_descent,
    hinges,
    least_squares,
    linear_model,
    losses,
    matmul,
    normalization,
    optimizers,
    pointwise,
    pooling,
    qr,
    random,
    schedules,
)

#: Every public kernel by its name.
KERNELS = {name: getattr(module, name) for module in MODULES for name in module.__all__}
