"""The way from Python into a compiled kernel: made when Python first calls the kernel.

Numba makes one for each kernel that it compiles. That took a quarter of the time of a first fit,
and most kernels are called by other kernels only, or by their address. Here it is a small library
of its own, which finds the kernel by its symbol, and which has its own file in the cache.

Arrays come in without Numba's count of references: Python holds them while the kernel runs, and no
kernel returns one. With the count, every slice of such an array costs two atomic additions, and a
step of a small network took 4.4 µs in place of 2.4.
"""

from numba import types
from numba._dynfunc import make_function

from . import cache, machine_code

__all__ = ["entry_of"]


def entry_of(code, name):
    """The function that Python calls, for the machine code of a kernel that was loaded.

    Parameters
    ----------
    code : MachineCode
    name : str
        Of the file in the cache.
    """
    assert not isinstance(code.signature.return_type, types.Array), "kernels write into `out`"
    object_code = cache.load(name)
    if object_code is None:
        object_code = _compile(code)
        cache.save(name, object_code)
    description, environment = code.description, code.environments[0]
    place = machine_code.load(object_code, description.llvm_cpython_wrapper_name, [environment])
    module, title = description.lookup_module(), description.qualname.split(".")[-1]
    return make_function(module, title, f"compiled {title}", place, environment, ())


def _compile(code):
    context = machine_code.TARGET.target_context.subtarget(enable_nrt=False)
    library = context.codegen().create_library(f"entry of {code.symbol}")
    description, environment = code.description, code.environments[0]
    context.create_cpython_wrapper(library, description, environment, None, release_gil=True)
    return library.emit_native_object()
