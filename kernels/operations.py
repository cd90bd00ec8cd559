"""Operations: compiled functions that a program calls by their address; speaks LLVM.

The loop that runs a network (:mod:`.program`) knows what to do from a table, and its operations by
address only. So each is compiled once, alone, when a network first needs it: a new architecture
compiles nothing, and no operation is compiled again as a part of another.

Every operation has the one signature ``operation(memory, row, samples, item, worker, step)``:

memory
    One flat array that holds everything: parameters, activations, gradients, scratch.
row
    The operation's row of the table, with its sizes and its places in memory.
samples
    How many samples the mini-batch has.
item
    Which part of the work to do, from 0 to the number of items less one.
worker
    Who does it: which scratch to use.
step
    Number of the training step, from 0.
"""

from llvmlite import ir
from numba import config, from_dtype, types
from numba.extending import intrinsic

_interpreted = []  # with NUMBA_DISABLE_JIT=1 an address is a place in this list


def address(operation, dtype):
    """Where the machine code of an operation starts; compiled if need be."""
    if config.DISABLE_JIT:
        if operation not in _interpreted:
            _interpreted.append(operation)
        return _interpreted.index(operation)
    memory = types.Array(from_dtype(dtype), 1, "C")
    row = types.Array(types.int64, 1, "C")
    kinds = (memory, row, types.int64, types.int64, types.int64, types.int64)
    operation.compile(kinds)
    compiled = operation.overloads[kinds]
    return compiled.library.get_pointer_to_function(compiled.fndesc.llvm_func_name)


@intrinsic
def call(typingctx, address, memory, row, samples, item, worker, step):
    """Call the operation at an address."""
    kinds = (memory, row, types.int64, types.int64, types.int64, types.int64)

    def codegen(context, builder, signature, arguments):
        kind = context.call_conv.get_function_type(types.none, kinds)
        operation = builder.inttoptr(arguments[0], ir.PointerType(kind))
        context.call_conv.call_function(builder, operation, types.none, kinds, arguments[1:])
        return context.get_dummy_value()

    return types.void(types.int64, *kinds), codegen


if config.DISABLE_JIT:

    def call(address, *arguments):
        _interpreted[address](*arguments)
