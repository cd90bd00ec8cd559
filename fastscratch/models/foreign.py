"""What kind of file it is, if it is not one of our models."""

import zipfile
from contextlib import suppress
from pathlib import Path

_BEGINNINGS = {
    b"\x89HDF\r\n\x1a\n": "an HDF5 file, as Keras writes for '.h5'",
    b"\x93NUMPY": "an array that NumPy saved",
    b"\x1f\x8b": "a file that gzip compressed",
    b"GGUF": "a GGUF file",
    b"\x80": "a pickle, which is not opened because that could run code",
}

# Files that these formats have inside of a zip archive.
_MEMBERS = {
    "model.weights.h5": "a model that Keras saved",
    "data.pkl": "a file that PyTorch saved, with a pickle, which is not opened",
}


def what_it_is(path: Path) -> str | None:
    """The format of a file as a phrase, or None if it is not known; nothing in it is run."""
    if path.is_dir():
        if (path / "saved_model.pb").exists():
            return "a folder that TensorFlow saved"
        return "a folder"
    with path.open("rb") as file:
        beginning = file.read(16)
    if not beginning:
        return "an empty file"
    if zipfile.is_zipfile(path):
        return _what_archive(path)
    for known, what in _BEGINNINGS.items():
        if beginning.startswith(known):
            return what
    with suppress(UnicodeDecodeError):
        if beginning.decode().isprintable():
            return "a JSON file" if beginning[:1] in b"{[" else "a text file"
    return None


def _what_archive(path: Path) -> str:
    with suppress(zipfile.BadZipFile), zipfile.ZipFile(path) as archive:
        names = [name.rpartition("/")[2] for name in archive.namelist()]
        for member, what in _MEMBERS.items():
            if member in names:
                return what
        if names and all(name.endswith(".npy") for name in names):
            return "arrays that NumPy saved"
    return "a zip archive"
