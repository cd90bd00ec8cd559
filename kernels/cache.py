"""Compiled kernels on disk, so that a second process starts warm.

Numba's own cache notices a change of the function's file only: a changed callee, or a changed
generator of LLVM code, goes unseen. It also numbers its files, so that two processes that compile
at once can give one number to two signatures. Here a file is named by everything the machine code
depends on (the sources of all kernels, the signature, the processor, the versions), so a name has
one content for ever and nothing needs locking; it is written aside and renamed; and it carries
its own checksum, so a damaged file is compiled again, never loaded.

The files go to the first of these that can be written; they are looked for in all of them:

1. ``NUMBA_CACHE_DIR``, if it is set;
2. ``__pycache__`` beside the kernels;
3. the user's cache folder.
"""

import contextlib
import functools
import hashlib
import os
import pathlib
import pickle
import sys
import tempfile

import llvmlite
import numba
from numba.core import config
from numba.core.caching import _Cache
from numba.core.compiler import CompileResult
from numba.core.serialize import dumps
from numba.misc.appdirs import AppDirs

__all__ = ["KernelCache", "folders"]

_SOURCES = pathlib.Path(__file__).resolve().parent
_compiling_was_said = False


@functools.cache
def _sources_digest() -> str:
    """Digest of every source file of the kernels and of what compiles them."""
    digest = hashlib.sha256(repr((sys.version, numba.__version__, llvmlite.__version__)).encode())
    for source in sorted(_SOURCES.glob("*.py")):
        digest.update(source.name.encode() + b"\0" + source.read_bytes() + b"\0")
    return digest.hexdigest()[:16]


@functools.cache
def folders() -> list[pathlib.Path]:
    """Folders that may hold compiled kernels, the preferred one first."""
    # One sub-folder for each place the kernels are installed in: installs do not mix.
    place = hashlib.sha256(str(_SOURCES).encode()).hexdigest()[:16]
    shared = [config.CACHE_DIR] if config.CACHE_DIR else []
    user = AppDirs(appname="fastscratch", appauthor=False).user_cache_dir
    return [
        *(pathlib.Path(folder) / f"fastscratch-{place}" for folder in shared),
        _SOURCES / "__pycache__",
        pathlib.Path(user) / f"kernels-{place}",
    ]


def _say_compiling_once():
    global _compiling_was_said
    if not _compiling_was_said:
        _compiling_was_said = True
        print(
            "fastscratch: compiling kernels for this processor; later runs load them from disk "
            "(`fastscratch warmup` compiles all of them ahead)",
            file=sys.stderr,
        )


class KernelCache(_Cache):
    """The disk cache of one kernel (the interface is Numba's)."""

    def __init__(self, function):
        self._name = f"{function.__module__.rpartition('.')[2]}.{function.__qualname__}"
        self._enabled = True

    @property
    def cache_path(self):
        return str(folders()[0])

    def enable(self):
        self._enabled = True

    def disable(self):
        self._enabled = False

    def flush(self):
        """Delete this kernel's files, those of other signatures and older sources too."""
        for folder in folders():
            for file in folder.glob(f"{self._name}-*.nbc"):
                with contextlib.suppress(OSError):
                    file.unlink()

    def load_overload(self, sig, target_context):
        """The compiled kernel for a signature, or None if it must be compiled."""
        target_context.refresh()
        name = self._file_name(sig, target_context.codegen())
        for folder in folders() if self._enabled else ():
            try:
                content = (folder / name).read_bytes()
            except OSError:
                continue
            digest, payload = content[:32], content[32:]
            if hashlib.sha256(payload).digest() == digest:
                return CompileResult._rebuild(target_context, *pickle.loads(payload))
        _say_compiling_once()
        return None

    def save_overload(self, sig, data):
        """Keep a compiled kernel, in the first folder that can be written."""
        if not self._enabled or data.library.has_dynamic_globals:
            return  # machine code that holds this process's addresses is for this process only
        name = self._file_name(sig, data.codegen)
        payload = dumps(data._reduce())
        content = hashlib.sha256(payload).digest() + payload
        for folder in folders():
            try:
                _write_aside_and_rename(folder, name, content)
            except OSError:  # read-only or full: the next folder, or no cache at all
                continue
            self._remove_outdated(folder)
            return

    def _file_name(self, sig, codegen):
        """Name made of all that the machine code depends on."""
        flags = (config.BOUNDSCHECK, config.OPT, config.DEBUGINFO_DEFAULT)
        key = repr((sig, codegen.magic_tuple(), flags)).encode()
        return f"{self._name}-{_sources_digest()}-{hashlib.sha256(key).hexdigest()[:16]}.nbc"

    def _remove_outdated(self, folder):
        """Delete what older sources of this kernel left behind."""
        for file in folder.glob(f"{self._name}-*.nbc"):
            if not file.name.startswith(f"{self._name}-{_sources_digest()}-"):
                with contextlib.suppress(OSError):
                    file.unlink()


def _write_aside_and_rename(folder, name, content):
    folder.mkdir(parents=True, exist_ok=True)
    handle, aside = tempfile.mkstemp(dir=folder, suffix=".tmp")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
        os.replace(aside, folder / name)
    except BaseException:
        os.unlink(aside)
        raise
