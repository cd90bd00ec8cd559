"""Functions by their address, and arrays by theirs; speaks LLVM.

The loop that runs a program knows its operations by address only, and an operation its activation,
its loss or its optimiser. So each is compiled once, alone, when it is first needed: nothing is
compiled again as a part of another.
"""

import ctypes

import numpy as np
from llvmlite import ir
from numba import carray, config, from_dtype, typeof, types
from numba.core import cgutils
from numba.extending import intrinsic

from .jit import njit

_interpreted = []  # with NUMBA_DISABLE_JIT=1 an address is a place in this list

INTEGER = types.int64
NUMBER = types.float64
NUMBERS = types.Array(types.float64, 1, "C")


def values(dtype, ndim=1):
    """The type of an array, as arguments of functions are declared."""
    return types.Array(from_dtype(np.dtype(dtype)), ndim, "C")


def kind_of(value):
    """The type of a value, as arguments of functions are declared."""
    return typeof(value)


def address(function, *kinds):
    """Where the machine code for these argument types starts; compiled if need be."""
    if config.DISABLE_JIT:
        if function not in _interpreted:
            _interpreted.append(function)
        return _interpreted.index(function)
    return function.address(kinds)


def _calling(result, arguments):
    """The signature and the code of a call of the function at an address."""
    kinds = tuple(types.unliteral(kind) for kind in arguments)

    def codegen(context, builder, signature, values):
        kind = context.call_conv.get_function_type(result, kinds)
        function = builder.inttoptr(values[0], ir.PointerType(kind))
        unpacked = [builder.extract_value(values[1], i) for i in range(len(kinds))]
        _, value = context.call_conv.call_function(builder, function, result, kinds, unpacked)
        return context.get_dummy_value() if result == types.none else value

    return result(types.int64, types.StarArgTuple.from_types(kinds)), codegen


@intrinsic
def call(typingctx, address, *arguments):
    """Call the function at an address, which returns nothing."""
    return _calling(types.none, arguments)


@intrinsic
def call_for_number(typingctx, address, *arguments):
    """Call the function at an address, which returns a float64."""
    return _calling(NUMBER, arguments)


@intrinsic
def _pointer(typingctx, address):
    def codegen(context, builder, signature, arguments):
        return builder.inttoptr(arguments[0], cgutils.voidptr_t)

    return types.voidptr(types.int64), codegen


if config.DISABLE_JIT:

    def call(address, *arguments):
        """Call the function at an address."""
        return _interpreted[address](*arguments)

    call_for_number = call

    def array_at(address, size, dtype):
        """The flat array of a type that starts at an address."""
        kind = ctypes.c_byte * (size * np.dtype(dtype).itemsize)
        return np.frombuffer(kind.from_address(int(address)), dtype)
else:

    @njit
    def array_at(address, size, dtype):
        """The flat array of a type that starts at an address."""
        return carray(_pointer(address), (size,), dtype)
