"""The way from Python into a compiled kernel: made when Python first calls the kernel.

Numba makes one for each kernel that it compiles. That took a quarter of the time of a first fit,
and most kernels are called by other kernels only, or by their address. Here it is a small library
of its own, which finds the kernel by its symbol, and which has its own file in the cache.
"""

import pickle

from numba import types

from . import cache

__all__ = ["entry_of"]


def entry_of(code, name):
    """The function that Python calls, for the compiled code of a kernel.

    Parameters
    ----------
    code : numba.core.compiler.CompileResult
    name : str
        Of the file in the cache.
    """
    context = code.target_context
    saved = cache.load(name)
    if saved is None:
        library = _compile(context, code)
        cache.save(name, pickle.dumps(library.serialize_using_object_code()))
    else:
        library = context.codegen().unserialize_library(pickle.loads(saved))
    return context.get_executable(library, code.fndesc, code.environment)


def _compile(context, code):
    # Arrays are lent to the kernel, not counted: whoever calls it holds them. If they were counted,
    # each slice of one that a kernel passes on would take a locked addition and subtraction, and a
    # step of a small network twice as long. Only what returns more than a number needs counts.
    # Numba's own choice depends on whether this process has compiled the kernel or loaded it.
    returned = code.signature.return_type
    counts = not isinstance(returned, (types.NoneType, types.Number, types.Boolean))
    context = context.subtarget(enable_nrt=counts)
    library = context.codegen().create_library(f"entry of {code.library.name}")
    library.enable_object_caching()
    context.create_cpython_wrapper(library, code.fndesc, code.environment, None, release_gil=True)
    library.finalize()
    return library
