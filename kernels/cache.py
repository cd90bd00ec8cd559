"""Compiled kernels on disk, so that a second process starts warm.

Numba's own cache notices a change of the function's file only: a changed callee, or a changed
generator of LLVM code, goes unseen. It also numbers its files, so that two processes that compile
at once can give one number to two signatures. Here a file is named by everything the machine code
depends on (the sources of all kernels, the signature, the processor, the versions). So a file of
one name always has the same content, and no locks are needed. It is written under another name and
then renamed; and it contains its checksum, so that a damaged file is never loaded but compiled
again.

LLVM code, which is copied into the kernels that call a kernel, and machine code, which is run, have
files of their own: most kernels have but one of them. A wheel may bring machine code for a *level*
of processors, such as x86-64-v4, which is looked for last.
Of the versions, that of Python counts to the second number, and that of NumPy to the first.

The files go to ``NUMBA_CACHE_DIR`` if it is set. Otherwise they are looked for in ``__pycache__``
beside the kernels and in the user's cache folder, and go to the first of the two that can be
written. If neither can be written, each process compiles for itself. Loading a file runs code, as
loading a ``.pyc`` does: the folder must be one that only trusted users can write.
"""

import contextlib
import functools
import hashlib
import pathlib
import pickle
import sys
import time
import uuid

import llvmlite
import numba
import numpy as np
from numba.core import config
from numba.core.caching import _Cache
from numba.core.compiler import CompileResult
from numba.core.serialize import dumps
from numba.misc.appdirs import AppDirs

from .claims import claim
from .machine import LEVEL_TARGET, TARGET
from .machine_code import MachineCode, machine_code_of

__all__ = [
    "KernelCache",
    "claimed",
    "file_name",
    "folder_in_use",
    "folders",
    "is_kept",
    "load",
    "save",
    "say_compiling_once",
    "with_checksum",
]

_SOURCES = pathlib.Path(__file__).resolve().parent
# Kernels that came with the package, compiled for a level of processors (`tools/build_wheels.py`).
_SHIPPED = _SOURCES / "compiled"
_VERSIONS = (
    sys.implementation.cache_tag,
    numba.__version__,
    llvmlite.__version__,
    np.__version__.split(".")[0],
)
# Numba's settings that change the machine code. Threads and their layer are chosen at run time.
_SETTINGS = (
    "BOUNDSCHECK",
    "DEBUGINFO_DEFAULT",
    "LLVM_REFPRUNE_FLAGS",
    "LOOP_VECTORIZE",
    "OPT",
    "SLP_VECTORIZE",
    "USING_SVML",
)
_ANNOTATION = 6  # place of that in what Numba keeps of a compiled function
_ABANDONED = 3600  # seconds after which a temporary file is taken for that of a killed process

#: Whether the next compilation is told on the standard error stream; only the first is.
says_compiling = True
#: Name of the kernel that was missing on disk last: while one is compiled, that one.
missing = ""


def _sources() -> list[pathlib.Path]:
    return sorted(_SOURCES.rglob("*.py"))


def _times_of_sources() -> list[int]:
    return [source.stat().st_mtime_ns for source in _sources()]


def _digest_sources() -> str:
    digest = hashlib.sha256()
    for source in _sources():
        name = source.relative_to(_SOURCES).as_posix()
        digest.update(name.encode() + b"\0" + source.read_bytes() + b"\0")
    return digest.hexdigest()[:16]


# Computed at import, when the kernels themselves are read: these are the sources that this process
# runs, even if the files have changed by the time it first compiles.
_TIMES = _times_of_sources()
_DIGEST = _digest_sources()


@functools.cache
def folders() -> list[pathlib.Path]:
    """Folders that may hold compiled kernels, the preferred one first."""
    # A sub-folder for each place where the kernels are installed, so that installations do not mix.
    place = hashlib.sha256(str(_SOURCES).encode()).hexdigest()[:16]
    if config.CACHE_DIR:
        return [pathlib.Path(config.CACHE_DIR) / f"fastscratch-{place}"]
    user = pathlib.Path(AppDirs(appname="fastscratch", appauthor=False).user_cache_dir)
    # Without a home directory this path is relative: no code may come from the working directory.
    users = [user / f"kernels-{place}"] if user.is_absolute() else []
    return [_SOURCES / "__pycache__", *users]


@functools.cache
def folder_in_use() -> pathlib.Path | None:
    """The folder that compiled kernels are written to; None if none can be written."""
    for folder in folders():
        with contextlib.suppress(OSError):
            _write_aside_and_rename(folder, "probe", b"")
            (folder / "probe").unlink()
            return folder
    return None


def say_compiling_once():
    """Tell that kernels are compiled, unless it has been told before."""
    global says_compiling
    if says_compiling and sys.stderr is not None:
        if folder_in_use():
            what_next = (
                "later runs load them from disk (`fastscratch warmup` compiles all of them ahead)"
            )
        else:
            what_next = (
                "no folder can be written to keep them in, so every run compiles them again "
                "(NUMBA_CACHE_DIR names another folder)"
            )
        with contextlib.suppress(OSError, ValueError):
            print(
                f"fastscratch: compiling kernels for this processor; {what_next}", file=sys.stderr
            )
    says_compiling = False


class KernelCache(_Cache):
    """The disk cache of one kernel (the interface is Numba's).

    Parameters
    ----------
    function : callable
        The kernel's Python function.
    parallel : bool
        How it is compiled: one function may be both a serial and a parallel kernel.
    """

    def __init__(self, function, parallel):
        module = function.__module__.removeprefix("fastscratch.kernels.")
        self.name = f"{module}.{function.__qualname__}"
        self._parallel = parallel
        self.enable()

    @property
    def cache_path(self):
        return str(folders()[0])

    def enable(self):
        self._enabled = True

    def disable(self):
        self._enabled = False

    def flush(self):
        """Delete this kernel's files, of all signatures."""
        for folder in folders():
            for part in ("", "code.", "entry."):
                for file in folder.glob(f"{part}{self.name}-*.nbc"):
                    with contextlib.suppress(OSError):
                        file.unlink()

    def load_overload(self, sig, target_context):
        """The LLVM code for a signature, or None if it must be compiled."""
        if not self._enabled:
            return None
        target_context.refresh()
        payload = load(self._file_name(sig))
        if payload is None:
            global missing
            missing = self.name
            say_compiling_once()
            return None
        kernel = CompileResult._rebuild(target_context, *pickle.loads(payload))
        # What must be done before a kernel is loaded must be done before its callers are, too.
        kernel.library._reload_init.update(kernel.reload_init)
        return kernel

    def save_overload(self, sig, data):
        """Keep LLVM code."""
        if self._can_keep(data):
            parts = list(data._reduce())
            parts[_ANNOTATION] = ""  # the source with the type of each name, for people
            save(self._file_name(sig), dumps(tuple(parts)))

    def machine_code(self, sig, compile):
        """The machine code for a signature, made from what `compile` returns unless it is kept."""
        name = self.code_name(sig)
        with self._claimed(name):
            payload = load(name) if self._enabled else None
            if payload is not None:
                return MachineCode(*pickle.loads(payload))
            compiled = compile(sig)
            code = machine_code_of(compiled)
            if self._can_keep(compiled):
                save(name, dumps(tuple(code)))
            return code

    def is_kept(self, sig):
        """Whether there is a file of the machine code; it may be damaged."""
        return is_kept(self.code_name(sig))

    def claimed(self, sig):
        """A context in which no other process compiles LLVM code for a signature."""
        return self._claimed(self._file_name(sig))

    def entry_name(self, symbol):
        """Name of the file of the way from Python into the machine code of this symbol.

        Numba counts in it what the process compiled before.
        """
        return file_name(f"entry.{self.name}", symbol)

    def _can_keep(self, compiled):
        # Code that contains addresses of this process is valid in this process only.
        return self._enabled and not compiled.library.has_dynamic_globals

    def _claimed(self, name):
        return claimed(name) if self._enabled else contextlib.nullcontext()

    def _file_name(self, sig):
        return file_name(self.name, sig, self._parallel)

    def code_name(self, sig):
        return file_name(f"code.{self.name}", sig, self._parallel)


def file_name(subject, *dependencies):
    """Name for machine code that depends on the kernels' sources, the versions, and these.

    Its last part is for the processor, and so can be replaced by that for a level.
    """
    settings = [str(getattr(config, setting, None)) for setting in _SETTINGS]
    return f"{subject}-{_DIGEST}-{_key(dependencies, settings, _VERSIONS)}-{_key(TARGET)}.nbc"


def _key(*dependencies):
    return hashlib.sha256(repr(dependencies).encode()).hexdigest()[:16]


def _places(name):
    """The files that may hold what is saved under a name, the preferred one first."""
    for folder in folders():
        yield folder / name
    if LEVEL_TARGET is not None:
        yield _SHIPPED / f"{name.rpartition('-')[0]}-{_key(LEVEL_TARGET)}.nbc"


def is_kept(name):
    """Whether there is a file of this name; it may be damaged."""
    return any(file.exists() for file in _places(name))


def claimed(name):
    """A context in which no other process compiles what will be saved under a name."""
    return contextlib.nullcontext() if is_kept(name) else claim(folders()[0] / name)


def load(name):
    """What was saved under a name, or None: there is no such file, or it is damaged."""
    for file in _places(name):
        try:
            content = file.read_bytes()
        except OSError:
            continue
        digest, payload = content[:32], content[32:]
        if hashlib.sha256(payload).digest() == digest:
            return payload
    return None


def with_checksum(payload):
    """The content of the file that keeps some bytes."""
    return hashlib.sha256(payload).digest() + payload


def save(name, payload):
    """Keep bytes under a name, in the first folder that can be written."""
    if _times_of_sources() != _TIMES and _digest_sources() != _DIGEST:
        return  # the files were edited after they were imported, and have another digest now
    content = with_checksum(payload)
    for folder in folders():
        try:
            _write_aside_and_rename(folder, name, content)
        except OSError:  # read-only or full: the next folder, or no cache at all
            continue
        _sweep(folder)
        return


def _write_aside_and_rename(folder, name, content):
    folder.mkdir(parents=True, exist_ok=True)
    # Not with tempfile, whose files only their owner can read: root may warm up for all users.
    aside = folder / f"{name}.{uuid.uuid4().hex}.tmp"
    try:
        aside.write_bytes(content)
        aside.replace(folder / name)
    except BaseException:
        with contextlib.suppress(OSError):
            aside.unlink()
        raise


@functools.cache  # once in a process
def _sweep(folder):
    """Delete what older sources and killed processes left behind."""
    for file in folder.glob("*.nbc*"):
        with contextlib.suppress(OSError):
            age = time.time() - file.stat().st_mtime
            if f"-{_DIGEST}-" not in file.name or (file.suffix == ".tmp" and age > _ABANDONED):
                file.unlink()
