"""Atomic access to an int64 array, for threads that share work without locks; speaks LLVM.

A load sees everything that was written before the store it reads from (acquire and release), in
whatever order the processor and the compiler would otherwise have had it.
"""

from llvmlite import ir
from numba import config, types
from numba.extending import intrinsic

from ..machine import ARM

_INT = ir.IntType(64)


def _address(context, builder, signature, arguments):
    """The place of ``array[index]``, the first two arguments."""
    array = context.make_helper(builder, signature.args[0], arguments[0])
    return builder.gep(array.data, [arguments[1]])


@intrinsic
def atomic_load(typingctx, array, index):
    """``array[index]``."""

    def codegen(context, builder, signature, arguments):
        place = _address(context, builder, signature, arguments)
        return builder.load_atomic(place, "acquire", 8)

    return types.int64(array, types.int64), codegen


@intrinsic
def atomic_store(typingctx, array, index, value):
    """``array[index] = value``."""

    def codegen(context, builder, signature, arguments):
        place = _address(context, builder, signature, arguments)
        builder.store_atomic(arguments[2], place, "release", 8)
        return context.get_dummy_value()

    return types.void(array, types.int64, types.int64), codegen


@intrinsic
def atomic_add(typingctx, array, index, value):
    """``array[index] += value``; returns what it was."""

    def codegen(context, builder, signature, arguments):
        place = _address(context, builder, signature, arguments)
        return builder.atomic_rmw("add", place, arguments[2], "acq_rel")

    return types.int64(array, types.int64, types.int64), codegen


@intrinsic
def atomic_replace(typingctx, array, index, expected, value):
    """If ``array[index] == expected``: ``array[index] = value``. Returns whether it was."""

    def codegen(context, builder, signature, arguments):
        place = _address(context, builder, signature, arguments)
        result = builder.cmpxchg(place, arguments[2], arguments[3], "acq_rel", "acquire")
        return builder.extract_value(result, 1)

    return types.boolean(array, types.int64, types.int64, types.int64), codegen


def _call(builder, name, result, *arguments):
    """Call a function that LLVM or the C library knows by name."""
    kind = ir.FunctionType(result, [argument.type for argument in arguments])
    function = builder.module.globals.get(name) or ir.Function(builder.module, kind, name)
    return builder.call(function, arguments)


@intrinsic
def pause(typingctx):
    """Let the processor rest for some 20 ns, in a loop that waits."""

    def codegen(context, builder, signature, arguments):
        if ARM:
            # A barrier to instructions: its `yield` is no pause at all on most processors.
            _call(builder, "llvm.aarch64.isb", ir.VoidType(), ir.Constant(ir.IntType(32), 15))
        else:
            _call(builder, "llvm.x86.sse2.pause", ir.VoidType())
        return context.get_dummy_value()

    return types.void(), codegen


@intrinsic
def yield_processor(typingctx):
    """Tell the operating system that another thread may run here."""

    def codegen(context, builder, signature, arguments):
        name = "SwitchToThread" if config.IS_WIN32 else "sched_yield"
        _call(builder, name, ir.IntType(32))
        return context.get_dummy_value()

    return types.void(), codegen


if config.DISABLE_JIT:  # one thread, so plain access will do

    def atomic_load(array, index):
        return int(array[index])

    def atomic_store(array, index, value):
        array[index] = value

    def atomic_add(array, index, value):
        array[index] += value
        return int(array[index]) - value

    def atomic_replace(array, index, expected, value):
        if array[index] != expected:
            return False
        array[index] = value
        return True

    def pause():
        pass

    def yield_processor():
        pass
