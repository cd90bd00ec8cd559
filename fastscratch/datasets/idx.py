"""Read IDX files, the format of MNIST: a short header, then one big-endian array.

The header is two zero bytes, one byte for the element type, one byte for the number of
dimensions, and one unsigned 32-bit big-endian size for each dimension. A file may come from
anywhere, so it is not trusted: memory grows with the bytes that were really read, never with what
the header claims, and decompression stops one byte after the end that the header claims.
"""

from __future__ import annotations

import gzip
import io
import math
import os
import struct
import zlib
from pathlib import Path

import numpy as np

ELEMENT_TYPES = {0x08: ">u1", 0x09: ">i1", 0x0B: ">i2", 0x0C: ">i4", 0x0D: ">f4", 0x0E: ">f8"}
MAX_DIMENSIONS = 8
MAX_BYTES = 2**40
# Deflate spends at least 2 bits on a copy, and a copy gives at most 258 bytes.
MAX_INFLATION = 258 * 8 // 2
CHUNK_BYTES = 2**20


def as_path(path: str | os.PathLike[str]) -> Path:
    """Return `path` as a Path, or raise a TypeError that says what was given."""
    try:
        return Path(path)
    except TypeError:
        kind = type(path).__name__
        raise TypeError(f"path: found a value of type {kind}, expected a str or a Path") from None


def read_idx(path: str | os.PathLike[str]) -> np.ndarray:
    """Read one array from an IDX file, gzipped or not.

    Whether the file is gzipped is seen from its first bytes, not from its name.

    Parameters
    ----------
    path : str or path
        The file.

    Returns
    -------
    ndarray
        The array, C-contiguous, writable, in the byte order of the machine; its dtype is uint8,
        int8, int16, int32, float32 or float64, and it has 1 to 8 dimensions.

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    ValueError
        If the file is not whole and sound: a wrong magic number, a header that claims more than
        the file can hold (or more than 2**40 bytes), too few bytes, bytes left over, or damaged
        gzip data.  The message names the file, what was found and what was expected.
    TypeError
        If `path` is not a path.

    Notes
    -----
    Memory stays within about twice the decompressed bytes that are really there. A small file that
    decompresses to a huge one is read no further than a small buffer beyond the length that its
    header claims.

    References
    ----------
    Y. LeCun, C. Cortes, C. J. C. Burges, "The MNIST database of handwritten digits",
    http://yann.lecun.com/exdb/mnist/, section "The IDX file format".

    Examples
    --------
    >>> import pathlib
    >>> import tempfile
    >>> from fastscratch import datasets
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     file = pathlib.Path(folder, "labels")
    ...     header = bytes([0, 0, 8, 1]) + (3).to_bytes(4, "big")  # bytes, 1-D, of length 3
    ...     size = file.write_bytes(header + bytes([5, 0, 4]))
    ...     array = datasets.read_idx(file)
    >>> array
    array([5, 0, 4], dtype=uint8)
    """
    path = as_path(path)
    if not path.exists():
        raise FileNotFoundError(f"{path}: found no such file, expected an IDX file")
    if not path.is_file():
        raise ValueError(f"{path}: found a folder or a device, expected an IDX file")
    with path.open("rb") as file:
        gzipped = file.read(2) == b"\x1f\x8b"
        file.seek(0)
        capacity = os.fstat(file.fileno()).st_size * (MAX_INFLATION if gzipped else 1)
        if not gzipped:
            return _read_array(file, capacity, path)
        try:
            with gzip.GzipFile(fileobj=file) as stream:
                return _read_array(stream, capacity, path)
        except (EOFError, zlib.error, gzip.BadGzipFile) as error:
            raise ValueError(
                f"{path}: found damaged gzip data ({error}), expected an intact file"
            ) from error


def _read_array(stream: io.BufferedIOBase, capacity: int, path: Path) -> np.ndarray:
    """Read header and data from `stream`, which cannot hold more than `capacity` bytes."""
    dtype, shape = _read_header(stream, path)
    # Sizes of 0 count as 1 here: NumPy refuses (0, 2**32 - 1, 2**32 - 1, ...) as well.
    claimed = dtype.itemsize * math.prod(max(size, 1) for size in shape)
    n_bytes = dtype.itemsize * math.prod(shape)
    if n_bytes > capacity or claimed > MAX_BYTES:
        limit = min(capacity, MAX_BYTES)
        raise ValueError(
            f"{path}: found a header that claims {claimed} bytes of data, shape {shape}, "
            f"expected at most the {limit} that this file can hold (truncated?)"
        )
    data = _read_exactly(stream, n_bytes, f"data for the shape {shape}", path)
    if stream.read(1):  # at the end of a gzip stream, this also checks its CRC
        raise ValueError(
            f"{path}: found more data after the shape {shape}, expected {n_bytes} bytes and no more"
        )
    return np.ndarray(shape, dtype, buffer=data).astype(dtype.newbyteorder("="), copy=False)


def _read_header(stream: io.BufferedIOBase, path: Path) -> tuple[np.dtype, tuple[int, ...]]:
    """Return the dtype and the shape that the header states."""
    magic = bytes(_read_exactly(stream, 4, "magic number", path))
    code, n_dimensions = magic[2:]
    if magic[:2] != b"\0\0" or code not in ELEMENT_TYPES:
        codes = ", ".join(f"{known:02x}" for known in ELEMENT_TYPES)
        raise ValueError(
            f"{path}: found the magic number {magic.hex(' ')}, expected 00 00, "
            f"a type code (one of {codes}) and the number of dimensions"
        )
    if not 1 <= n_dimensions <= MAX_DIMENSIONS:
        raise ValueError(
            f"{path}: found {n_dimensions} dimensions in the header, expected 1 to {MAX_DIMENSIONS}"
        )
    sizes = _read_exactly(stream, 4 * n_dimensions, "sizes in the header", path)
    return np.dtype(ELEMENT_TYPES[code]), struct.unpack(f">{n_dimensions}I", sizes)


def _read_exactly(stream: io.BufferedIOBase, n_bytes: int, what: str, path: Path) -> bytearray:
    """Read `n_bytes`, chunk by chunk, so that a header that claims too much costs no memory."""
    data = bytearray()
    while len(data) < n_bytes:
        chunk = stream.read(min(n_bytes - len(data), CHUNK_BYTES))
        if not chunk:
            raise ValueError(
                f"{path}: found {len(data)} bytes of {what}, expected {n_bytes} (truncated?)"
            )
        data += chunk
    return data
