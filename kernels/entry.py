"""The way from Python into a compiled kernel: made when Python first calls the kernel.

Numba makes one for each kernel that it compiles. That took a quarter of the time of a first fit,
and most kernels are called by other kernels only, or by their address. Here it is a small library
of its own, which finds the kernel by its symbol, and which has its own file in the cache.

Arrays come in without Numba's count of references: Python holds them while the kernel runs, and no
kernel returns one. With the count, every slice of such an array costs two atomic additions, and a
step of a small network took 4.4 µs in place of 2.4.
"""

import pickle

from numba import types

from . import cache
from .linkable import machine_code_only

__all__ = ["entry_of"]


def entry_of(code, name):
    """The function that Python calls, for the compiled code of a kernel.

    Parameters
    ----------
    code : numba.core.compiler.CompileResult
    name : str
        Of the file in the cache.
    """
    assert not isinstance(code.signature.return_type, types.Array), "kernels write into `out`"
    context = code.target_context.subtarget(enable_nrt=False)
    saved = cache.load(name)
    if saved is None:
        library = _compile(context, code)
        state = library.serialize_using_object_code()
        symbol = code.fndesc.llvm_cpython_wrapper_name
        cache.save(name, pickle.dumps(machine_code_only(state, symbol)))  # no kernel calls it
    else:
        library = context.codegen().unserialize_library(pickle.loads(saved))
    return context.get_executable(library, code.fndesc, code.environment)


def _compile(context, code):
    library = context.codegen().create_library(f"entry of {code.library.name}")
    library.enable_object_caching()
    context.create_cpython_wrapper(library, code.fndesc, code.environment, None, release_gil=True)
    library.finalize()
    return library
