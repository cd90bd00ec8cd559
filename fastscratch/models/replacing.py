"""Files that are replaced as a whole: at every moment the old one is there, or the new one."""

import os
import secrets
import time
from contextlib import suppress
from glob import escape
from pathlib import Path

# What nobody has written to for so long belongs to no save that is still going on.
LEFTOVER_SECONDS = 600


def replace_file(path: Path, content: bytes) -> None:
    """Write a file aside and rename it.

    A process that is killed before the renaming leaves a file ``.<name>.<random>.part``; it is
    removed when the same file is written again, ten minutes later or more.

    Raises
    ------
    OSError
        If the file cannot be written; the old one is still there then.
    """
    if not path.parent.is_dir():
        raise FileNotFoundError(f"there is no folder {path.parent} to save {path.name} in")
    _remove_leftovers(path)
    # Beside the target, for a rename does not cross file systems; under a name of its own, for two
    # may write the same file at once.
    aside = path.with_name(f".{path.name}.{secrets.token_hex(8)}.part")
    try:
        with aside.open("xb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.replace(aside, path)
    except BaseException:
        aside.unlink(missing_ok=True)
        raise


def _remove_leftovers(path: Path) -> None:
    """Remove what killed processes have left of earlier files of that name."""
    for left in path.parent.glob(f".{escape(path.name)}.*.part"):
        with suppress(OSError):  # another process was faster, or may not be disturbed
            if time.time() - left.stat().st_mtime > LEFTOVER_SECONDS:
                left.unlink()
