"""Machine code of kernels: made where it is run, and loaded into the process.

Most kernels are only copied into the kernels that call them, from their LLVM code. Numba makes
machine code of each function that it compiles; here it is made when an address of a kernel is asked
for, or when Python calls it. That is a tenth of the time of a first fit, and half of the files.
"""

import functools
from typing import Any, NamedTuple

from llvmlite import binding
from numba.core.codegen import AOTCodeLibrary, JITCPUCodegen
from numba.core.environment import lookup_environment
from numba.core.registry import CPUTarget, cpu_target
from numba.core.runtime import rtsys

__all__ = ["TARGET", "MachineCode", "load", "machine_code_of"]


class _Library(AOTCodeLibrary):
    """The LLVM code of a function, of which no machine code is made yet."""

    def get_pointer_to_function(self, name):
        """Numba asks for the way from Python, of which there is none (see :mod:`.entry`)."""
        self._ensure_finalized()
        return 0

    serialize_using_object_code = AOTCodeLibrary.serialize_using_bitcode


class _Codegen(JITCPUCodegen):
    """Numba's own, with other libraries; the place that machine code is loaded to is the same."""

    _library_class = _Library

    def __init__(self, codegen):
        vars(self).update(vars(codegen))

    def _add_module(self, module):
        pass

    def set_env(self, env_name, env):
        pass


class _Target(CPUTarget):
    """This processor, as Numba's decorators have it, but for the libraries."""

    @property
    def typing_context(self):
        return cpu_target.typing_context

    @functools.cached_property
    def target_context(self):
        context = cpu_target.target_context
        return context.subtarget(_internal_codegen=_Codegen(context.codegen()))


TARGET = _Target("cpu")


class MachineCode(NamedTuple):
    """The machine code of a kernel for one signature.

    Attributes
    ----------
    object_code : bytes
    description : numba.core.funcdesc.FunctionDescriptor
    signature : numba.core.typing.Signature
    environments : list of numba.core.environment.Environment
        Where it finds Python objects; the first is its own. Those of what was copied into it are
        left out where they are empty, because to load them imports modules of Numba.
    needs : list of callables
        What must be done before it is loaded.
    """

    object_code: bytes
    description: Any
    signature: Any
    environments: list[Any]
    needs: list[Any]

    @property
    def symbol(self):
        return self.description.llvm_func_name


def machine_code_of(compiled):
    """Make the machine code of what Numba has compiled."""
    library, description = compiled.library, compiled.fndesc
    description.typemap = description.calltypes = None  # of the compiler, and cannot be kept
    names = [variable.name for variable in library._final_module.global_variables]
    found = [lookup_environment(name) for name in names if name.startswith("_ZN08NumbaEnv")]
    return MachineCode(
        library.emit_native_object(),
        description,
        compiled.signature,
        [compiled.environment, *(one for one in found if one is not None and one.consts)],
        list(library._reload_init),
    )


def load(object_code, symbol, environments):
    """Load machine code into this process; return the address of a symbol.

    What Numba needs to compile, and imports for 0.2 s, is not needed for this.
    """
    context = cpu_target.target_context
    rtsys.initialize(context)  # its functions, which machine code may call
    codegen = context.codegen()
    engine = codegen._engine._ee
    engine.add_object_file(binding.object_file.ObjectFileRef.from_data(object_code))
    engine.finalize_object()
    for environment in environments:
        codegen.set_env(environment.env_name, environment)
    return engine.get_function_address(symbol)
