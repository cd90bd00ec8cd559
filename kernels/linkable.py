"""Machine code without LLVM's: four fifths smaller, but nothing can be compiled from it.

Numba keeps a kernel both as machine code, which is run, and as LLVM code, which is copied into the
kernels that call it when these are compiled. Where nothing will be compiled, the first will do.
"""

from llvmlite import binding

__all__ = ["is_linkable", "machine_code_only"]

_MARK = "machine code only"


def machine_code_only(state, symbol):
    """A library, as Numba makes it ready to be kept, without LLVM code.

    What is left of that is empty, and tells by which symbol the machine code is called.
    """
    name, kind, (machine_code, _) = state
    empty = f'source_filename = "{_MARK}"\ndefine void @"{symbol}"() {{ ret void }}'
    return name, kind, (machine_code, binding.parse_assembly(empty).as_bitcode())


def is_linkable(library):
    """Whether a library can be copied into the callers of its kernel."""
    shared = library._shared_module  # None: it was compiled here, and not yet linked
    return shared is None or shared.source_file != _MARK
