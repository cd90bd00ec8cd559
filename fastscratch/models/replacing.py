"""Files that are replaced as a whole: at every moment the old one is there, or the new one."""

import os
import secrets
import shutil
import time
from contextlib import suppress
from glob import escape
from pathlib import Path

# A file that was not written to for this long belongs to no save that is still going on.
LEFTOVER_SECONDS = 600


def replaceable(path: Path) -> Path:
    """The file that a path leads to, through all symbolic links; there may be none yet.

    Raises
    ------
    OSError
        If it names a folder or a device, lies in a folder that is not there, or may not be written.
    """
    target = Path(os.path.realpath(path))
    if target.is_dir():
        raise IsADirectoryError(f"{path} is a folder; name a file in it")
    # `realpath` drops "no/.." although nothing could be opened there.
    if not (path.parent.is_dir() and target.parent.is_dir()):
        raise FileNotFoundError(f"there is no folder {path.parent} to save {path.name} in")
    if os.path.lexists(target):
        if not target.is_file():  # a rename would destroy a device, a pipe or a ring of links
            raise OSError(f"{path} is no regular file, and cannot be replaced by one")
        if not os.access(target, os.W_OK):  # a rename does not ask
            raise PermissionError(f"the file {path} may not be written")
    return target


def replace_file(path: Path, content: bytes) -> None:
    """Write a file under another name and rename it; an old one hands on its owner and mode.

    A process that is killed before the renaming leaves a file ``.<name>.<random>.part``; it is
    removed when the same file is written again, ten minutes later or more.

    Parameters
    ----------
    path : Path
        As :func:`replaceable` returns it.
    content : bytes

    Raises
    ------
    OSError
        If the file cannot be written; the old one is still there then.
    """
    _remove_leftovers(path)
    # In the same folder, because a rename does not cross file systems; under a random name, because
    # two processes may write the same file at once.
    aside = path.with_name(f".{path.name}.{secrets.token_hex(8)}.part")
    # No other user may read it before it has the mode of the file that it replaces.
    mode = 0o600 if path.exists() else 0o666
    try:
        with open(aside, "xb", opener=lambda name, flags: os.open(name, flags, mode)) as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        with suppress(FileNotFoundError):
            _take_owner_and_mode(aside, path)
        os.replace(aside, path)
    except BaseException:
        aside.unlink(missing_ok=True)
        raise


def _take_owner_and_mode(aside: Path, path: Path) -> None:
    if hasattr(os, "chown"):
        old = path.stat()
        with suppress(PermissionError):  # only root may give files away
            os.chown(aside, old.st_uid, old.st_gid)
    shutil.copymode(path, aside)


def _remove_leftovers(path: Path) -> None:
    """Remove the files that killed processes have left for that name."""
    for left in path.parent.glob(f".{escape(path.name)}.*.part"):
        with suppress(OSError):  # another process was faster, or may not be disturbed
            if time.time() - left.stat().st_mtime > LEFTOVER_SECONDS:
                left.unlink()
