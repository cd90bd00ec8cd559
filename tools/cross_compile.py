"""Compile kernels for another machine. Nothing that is compiled here is run.

    python tools/cross_compile.py TRIPLE FOLDER PART PARTS

`TRIPLE` names the other machine as LLVM does, ``NUMBA_CPU_NAME`` its processor. `FOLDER` holds what
a warm-up on this machine has compiled: the same kernels for the same types of arguments are
compiled, of which this process takes one of `PARTS` parts.
"""

import pathlib
import pickle
import sys

from llvmlite import binding


def pretend(triple):
    """Have Numba, which is not imported yet, take this machine for another one."""
    binding.initialize_all_targets()
    binding.initialize_all_asmprinters()
    for module in (binding, binding.targets):
        module.get_process_triple = module.get_default_triple = lambda: triple


def link_nothing():
    """Have Numba emit the object code of what it compiles, and not load it into this process."""
    from numba.core.codegen import JITCodeLibrary, JITCPUCodegen

    def emit(codegen, module):
        if JITCodeLibrary._object_getbuffer_hook(module) is None:  # it is not from the disk cache
            JITCodeLibrary._object_compiled_hook(module, codegen._tm.emit_object(module))

    def place(library, name):
        library._ensure_finalized()
        return 0

    JITCPUCodegen._add_module = emit
    JITCPUCodegen.set_env = lambda codegen, name, environment: None
    JITCodeLibrary._finalize_specific = lambda library: None
    JITCodeLibrary.get_pointer_to_function = place

    from fastscratch.kernels import cache, machine, machine_code, tile_code, tiles

    machine_code.load = lambda object_code, symbol, environments: 0

    def emit_tiles(name, item):
        file = cache.file_name(f"tiles.{name}.float{8 * item}")
        if not cache.is_kept(file):
            module = binding.parse_assembly(tile_code.write_module(name, item))
            cache.save(file, machine.target_machine().emit_object(module))

    tiles._load = emit_tiles


def jobs(folder):
    """What a folder holds: kernels, the types of their arguments, and whether Python calls them."""
    from fastscratch.kernels.jit import Kernel
    from fastscratch.kernels.machine_code import MachineCode

    # Without the last part of their names, which is for the processor.
    found = {file.name.rpartition("-")[0]: file for file in folder.rglob("*.nbc")}
    modules = [module for name, module in sys.modules.items() if name.startswith("fastscratch.")]
    values = [value for module in modules for value in vars(module).values()]
    for kernel in {value for value in values if isinstance(value, Kernel)}:
        for name, file in found.items():
            if not name.startswith(f"code.{kernel._cache.name}-"):
                continue
            code = MachineCode(*pickle.loads(file.read_bytes()[32:]))
            if kernel._cache.code_name(code.signature.args).rpartition("-")[0] == name:
                entry = kernel._cache.entry_name(code.symbol)
                yield kernel, code.signature.args, entry.rpartition("-")[0] in found


def main():
    """Compile a part of what a folder holds."""
    triple, folder, part, parts = sys.argv[1:]
    pretend(triple)
    link_nothing()
    from fastscratch.kernels import cache

    cache.says_compiling = False
    todo = sorted(jobs(pathlib.Path(folder)), key=str)
    for kernel, kinds, is_called in todo[int(part) :: int(parts)]:
        (kernel.compile if is_called else kernel.address)(kinds)


if __name__ == "__main__":
    main()
