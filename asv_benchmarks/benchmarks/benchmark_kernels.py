"""Each public kernel on its typical case: its time, and how much faster than its naive twin."""

import numpy as np

from fastscratch.cases import kernel_call, twin_call
from fastscratch.kernels import KERNELS

from . import common

SINGLE, BOTH, DOUBLE = ["float32"], ["float32", "float64"], ["float64"]


class _Kernels(common.Batch):
    """The kernels of one module, beside their twins; a subclass names the module."""

    param_names = ("kernel", "impl", "dtype", "threads")

    def __init_subclass__(cls, module, dtypes):
        home = f"fastscratch.kernels.{module}"
        kernels = [name for name in common.TYPICAL if KERNELS[name].__module__ == home]
        cls.params = (kernels, ["reference", "kernel"], dtypes, [1, 2])

    def setup(self, kernel, impl, dtype, threads):
        if impl == "reference":
            if (dtype, threads) != (self.params[2][0], 1):
                raise NotImplementedError("plain Python has one type and one thread")
            self.prepare(*twin_call(common.TYPICAL[kernel], np.dtype(dtype)))
        else:
            common.use_threads(threads, KERNELS[kernel])
            self.prepare(*kernel_call(common.TYPICAL[kernel], np.dtype(dtype)))

    def time_kernel(self, kernel, impl, dtype, threads):
        self.run()


class Activations(_Kernels, module="activations", dtypes=SINGLE):
    """Activations and their derivatives."""


class Losses(_Kernels, module="losses", dtypes=SINGLE):
    """Losses from logits and their derivatives."""


class Hinges(_Kernels, module="hinges", dtypes=SINGLE):
    """Hinge losses and their derivatives."""


class Deviations(_Kernels, module="deviations", dtypes=SINGLE):
    """Losses of the distance from the target, and their derivatives."""


class Focal(_Kernels, module="focal", dtypes=SINGLE):
    """Focal cross-entropies and their derivatives."""


class Pointwise(_Kernels, module="pointwise", dtypes=SINGLE):
    """Activations that are given as a value and a slope."""


class Constraints(_Kernels, module="constraints", dtypes=SINGLE):
    """What brings weights back to where they may be."""


class Dense(_Kernels, module="dense", dtypes=BOTH):
    """A dense layer, forward and backward."""


class Conv2d(_Kernels, module="conv2d", dtypes=BOTH):
    """The sliding window."""


class Pooling(_Kernels, module="pooling", dtypes=SINGLE):
    """Maxima and means of windows."""


class Normalization(_Kernels, module="normalization", dtypes=SINGLE):
    """Batch and layer normalisation."""


class Matmul(_Kernels, module="matmul", dtypes=SINGLE):
    """A product of matrices."""


class Optimizers(_Kernels, module="optimizers", dtypes=SINGLE):
    """A step of an optimiser."""


class Schedules(_Kernels, module="schedules", dtypes=SINGLE):
    """Learning rates by step."""


class LeastSquares(_Kernels, module="least_squares", dtypes=DOUBLE):
    """Linear regression in closed form."""


class GradientDescent(_Kernels, module="gradient_descent", dtypes=DOUBLE):
    """Linear, logistic and softmax regression, step by step."""


class QR(_Kernels, module="qr", dtypes=DOUBLE):
    """The triangle of a tall matrix, for linear regression."""


class LinearModel(_Kernels, module="linear_model", dtypes=DOUBLE):
    """Loss, Hessian and penalised descent of logistic and softmax regression."""


class CoordinateDescent(_Kernels, module="coordinate_descent", dtypes=DOUBLE):
    """The lasso, one coefficient at a time."""


class Refits(_Kernels, module="refits", dtypes=DOUBLE):
    """Regressions that are fitted to bootstrap samples."""


class Random(_Kernels, module="random", dtypes=SINGLE):
    """Random numbers and the shuffle."""


class Speedup:
    """The naive twin's time over the kernel's, both measured in turn in one run."""

    params = (list(common.TYPICAL), [1, 2])
    param_names = ("kernel", "threads")
    unit = "x"
    timeout = 300

    def setup(self, kernel, threads):
        common.use_threads(threads, KERNELS[kernel])
        self.kernel = kernel_call(common.TYPICAL[kernel], np.float32)
        self.twin = twin_call(common.TYPICAL[kernel], np.float32)
        function, arguments = self.kernel
        function(*arguments)  # compiles

    def track_speedup(self, kernel, threads):
        slow = fast = np.inf
        for _ in range(2):
            slow = min(slow, common.seconds(*self.twin))
            fast = min(fast, *(common.seconds(*self.kernel) for _ in range(4)))
        return slow / fast
