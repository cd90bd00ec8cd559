"""Single instructions of the machine that no expression in Python is compiled to."""

import numpy as np
from llvmlite import ir
from numba import config, types
from numba.extending import intrinsic

from .llvm import INT32, call_by_name
from .machine import VECTOR_BYTES


@intrinsic
def fma(typingctx, a, b, c):
    """a * b + c of three scalars, rounded once; the optimiser does not change it.

    The fast-math flags of the kernels let LLVM reorder sums. Where a rounding error is computed on
    purpose, as in the reduction of an argument, that must not happen. Loops of it vectorise.
    """

    def codegen(context, builder, signature, arguments):
        return builder.fma(*arguments)

    return a(a, a, a), codegen


def _prefetch(array, is_written):
    """The signature and the code of a prefetch."""

    def codegen(context, builder, signature, arguments):
        data = context.make_helper(builder, signature.args[0], arguments[0]).data
        place = builder.bitcast(builder.gep(data, [arguments[1]]), ir.IntType(8).as_pointer())
        # With high locality, as data.
        how = [ir.Constant(INT32, number) for number in (int(is_written), 3, 1)]
        call_by_name(builder, builder.module, "llvm.prefetch.p0", ir.VoidType(), [place, *how])
        return context.get_dummy_value()

    return types.void(array, types.int64), codegen


@intrinsic
def prefetch_to_read(typingctx, array, index):
    """Fetch the cache line of an element that is read soon."""
    return _prefetch(array, is_written=False)


@intrinsic
def prefetch_to_write(typingctx, array, index):
    """Fetch the cache line of an element that is written soon, for this core alone."""
    return _prefetch(array, is_written=True)


@intrinsic
def store_past_cache(typingctx, target, to, source, of):
    """Copy a vector from one place to another, which begins a vector's width, past the caches.

    An ordinary store fetches the cache line first. For an array that the caches cannot hold, that
    is as much traffic again as the stores themselves. Call `finish_stores` after the last one.
    """

    def codegen(context, builder, signature, arguments):
        places = []
        for kind, array, index in zip(
            signature.args[::2], arguments[::2], arguments[1::2], strict=True
        ):
            data = context.make_helper(builder, kind, array).data
            scalar = context.get_data_type(kind.dtype)
            vector = ir.VectorType(scalar, VECTOR_BYTES // (kind.dtype.bitwidth // 8))
            places.append(builder.bitcast(builder.gep(data, [index]), vector.as_pointer()))
        loaded = builder.load(places[1], align=source.dtype.bitwidth // 8)
        store = builder.store(loaded, places[0], align=VECTOR_BYTES)
        once = builder.module.add_metadata([ir.Constant(INT32, 1)])
        store.set_metadata("nontemporal", once)
        return context.get_dummy_value()

    return types.void(target, types.int64, source, types.int64), codegen


@intrinsic
def finish_stores(typingctx):
    """Wait until other threads see what this one has stored past the caches."""

    def codegen(context, builder, signature, arguments):
        builder.fence("seq_cst")
        return context.get_dummy_value()

    return types.void(), codegen


if config.DISABLE_JIT:

    def fma(a, b, c):
        return type(a)(np.longdouble(a) * b + c)

    def prefetch_to_read(array, index):
        pass

    prefetch_to_write = prefetch_to_read

    def store_past_cache(target, to, source, of):
        lanes = VECTOR_BYTES // target.itemsize
        target[to : to + lanes] = source[of : of + lanes]

    def finish_stores():
        pass
