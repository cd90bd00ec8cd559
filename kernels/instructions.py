"""Single instructions of the machine that no expression in Python is compiled to."""

import numpy as np
from llvmlite import ir
from numba import config, types
from numba.extending import intrinsic

from .llvm import INT32, call_by_name


@intrinsic
def fma(typingctx, a, b, c):
    """a * b + c of three scalars, rounded once; the optimiser does not change it.

    The fast-math flags of the kernels let LLVM reorder sums. Where a rounding error is computed on
    purpose, as in the reduction of an argument, that must not happen. Loops of it vectorise.
    """

    def codegen(context, builder, signature, arguments):
        return builder.fma(*arguments)

    return a(a, a, a), codegen


@intrinsic
def prefetch_to_write(typingctx, array, index):
    """Fetch the cache line of an element that is written soon, for this core alone."""

    def codegen(context, builder, signature, arguments):
        data = context.make_helper(builder, signature.args[0], arguments[0]).data
        place = builder.bitcast(builder.gep(data, [arguments[1]]), ir.IntType(8).as_pointer())
        # To be written, with high locality, as data.
        how = [ir.Constant(INT32, number) for number in (1, 3, 1)]
        call_by_name(builder, builder.module, "llvm.prefetch.p0", ir.VoidType(), [place, *how])
        return context.get_dummy_value()

    return types.void(array, types.int64), codegen


if config.DISABLE_JIT:

    def fma(a, b, c):
        return type(a)(np.longdouble(a) * b + c)

    def prefetch_to_write(array, index):
        pass
