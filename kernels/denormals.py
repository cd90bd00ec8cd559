"""Denormal numbers, the smallest there are, treated as zero where they would cost time."""

from llvmlite import ir
from numba import config, types
from numba.core import cgutils
from numba.extending import intrinsic

from .llvm import INT, INT32, call_by_name, constant
from .machine import ARM

# x86: DAZ (bit 6: denormal operands are zero), FTZ (bit 15: denormal results are). Arm: FZ, both.
_FLUSH = 1 << 24 if ARM else 1 << 15 | 1 << 6


def _machine_call(builder, name, result, *arguments):
    """Call an intrinsic of LLVM that stands for one machine instruction."""
    return call_by_name(builder, builder.module, name, result, arguments)


def _float_mode(builder):
    """Read the control register of floating point, as int64."""
    if ARM:
        return _machine_call(builder, "llvm.aarch64.get.fpcr", INT)
    place = cgutils.alloca_once(builder, INT32)
    _machine_call(builder, "llvm.x86.sse.stmxcsr", ir.VoidType(), place)
    return builder.zext(builder.load(place), INT)


def _set_float_mode(builder, mode):
    if ARM:
        _machine_call(builder, "llvm.aarch64.set.fpcr", ir.VoidType(), mode)
        return
    place = cgutils.alloca_once(builder, INT32)
    builder.store(builder.trunc(mode, INT32), place)
    _machine_call(builder, "llvm.x86.sse.ldmxcsr", ir.VoidType(), place)


@intrinsic
def set_denormals_flushed(typingctx):
    """Make this thread treat denormal numbers as zero; return the mode that was set before.

    A denormal operand costs some 100 cycles, and the second moments of Adam decay into thousands of
    them (17 times slower, measured). The mode belongs to the *thread*: inside a `prange`, set it in
    the body.
    """

    def codegen(context, builder, signature, arguments):
        old = _float_mode(builder)
        _set_float_mode(builder, builder.or_(old, constant(_FLUSH)))
        return old

    return types.int64(), codegen


@intrinsic
def restore_denormals(typingctx, mode):
    """Put back the floating-point mode that `set_denormals_flushed` returned."""

    def codegen(context, builder, signature, arguments):
        _set_float_mode(builder, arguments[0])
        return context.get_dummy_value()

    return types.void(types.int64), codegen


if config.DISABLE_JIT:

    def set_denormals_flushed():
        return 0

    def restore_denormals(mode):
        pass
