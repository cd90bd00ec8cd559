"""Where a table comes from, in which encoding it is, and its rows as texts."""

import codecs
import contextlib
import csv
import io
import os
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, TextIO

__all__ = ["LONGEST_LINE", "Source", "find_source", "rows_of"]

#: A file with a longer line, in bytes, is no table. It is not read further: it may be endless.
LONGEST_LINE = 2**22

BLOCK = 2**20

#: How files begin that are taken for tables, and what is to be done with them.
NO_TEXTS = {
    b"\x1f\x8b": "gzip compressed it; unpack it",
    b"BZh": "bzip2 compressed it; unpack it",
    b"\xfd7zXZ": "xz compressed it; unpack it",
    b"\x28\xb5\x2f\xfd": "Zstandard compressed it; unpack it",
    b"PK\x03\x04": "it is a spreadsheet or a zip archive; save it as CSV, or unpack it",
    b"\xd0\xcf\x11\xe0": "it is a spreadsheet; save it as CSV",
    b"PAR1": "it is a Parquet file; save it as CSV",
}

#: Byte order marks. That of UTF-16 is also the beginning of that of UTF-32, which comes first.
MARKS = {
    codecs.BOM_UTF8: "utf-8-sig",
    codecs.BOM_UTF32_LE: "utf-32",
    codecs.BOM_UTF32_BE: "utf-32",
    codecs.BOM_UTF16_LE: "utf-16",
    codecs.BOM_UTF16_BE: "utf-16",
}


@dataclass(frozen=True)
class Source:
    """A text that can be read several times.

    Attributes
    ----------
    name : str
        What messages call it.
    content : Path or bytes
    encoding : str
    """

    name: str
    content: Path | bytes
    encoding: str

    def open(self) -> BinaryIO:
        """A file of its bytes, at the beginning."""
        if isinstance(self.content, bytes):
            return io.BytesIO(self.content)
        return self.content.open("rb")

    def open_text(self) -> TextIO:
        """A file of its characters, at the beginning."""
        return io.TextIOWrapper(self.open(), encoding=self.encoding, newline="")


def find_source(path: str, encoding: str | None = None) -> Source:
    """Read through a file once, to see whether it is a text.

    What is no regular file can be read only once, so it is kept in memory.

    Parameters
    ----------
    path : str
        "-" for the standard input.
    encoding : str, optional
        By default what a byte order mark says, or UTF-8, or that of Windows in Western Europe,
        "cp1252", for a file that is not UTF-8.

    Raises
    ------
    OSError
        If it cannot be read.
    ValueError
        If it is no text, or there is no such encoding.
    """
    name = "the standard input" if path == "-" else path
    if encoding is not None:
        try:
            encoding = codecs.lookup(encoding).name
        except LookupError:
            raise ValueError(f"--encoding: there is no encoding {encoding!r}") from None
    is_regular = path != "-" and os.path.isfile(path)
    try:
        with _open(path) as file:
            found, kept = _read_through(name, file, encoding, keep=not is_regular)
    except OSError as error:
        raise OSError(f"{name} cannot be read: {error.strerror or error}") from None
    return Source(name, Path(path) if is_regular else kept, found)


def _open(path: str) -> contextlib.AbstractContextManager[BinaryIO]:
    if path != "-":
        return open(path, "rb")
    stdin = getattr(sys.stdin, "buffer", None)
    if stdin is None:
        raise OSError("there is none")
    return contextlib.nullcontext(stdin)


def _read_through(name: str, file: BinaryIO, encoding: str | None, keep: bool) -> tuple[str, bytes]:
    """The encoding of a file, and if it is to be kept its content."""
    kept = []
    decoder = codecs.getincrementaldecoder("utf-8")()
    is_utf8, since_line_end = True, 0
    beginning = block = file.read(BLOCK)
    for mark, marked in MARKS.items():
        if encoding is None and block.startswith(mark):
            encoding = marked
    while block:
        line_end = max(block.rfind(b"\n"), block.rfind(b"\r"))
        since_line_end = len(block) - 1 - line_end + (since_line_end if line_end < 0 else 0)
        if since_line_end > LONGEST_LINE:
            raise ValueError(f"{name} is no table: a line has more than {LONGEST_LINE} bytes")
        if encoding is None:
            if b"\0" in block:
                raise ValueError(f"{name} is no table of text: {_what_it_is(beginning)}")
            if is_utf8:
                is_utf8 = _is_decoded(decoder, block)
        if keep:
            kept.append(block)
        block = file.read(BLOCK)
    is_utf8 = is_utf8 and _is_decoded(decoder, b"", final=True)
    return encoding or ("utf-8" if is_utf8 else "cp1252"), b"".join(kept)


def _what_it_is(beginning: bytes) -> str:
    for known, what in NO_TEXTS.items():
        if beginning.startswith(known):
            return what
    return "it holds zero bytes; if it is in UTF-16, name its --encoding"


def _is_decoded(decoder: codecs.IncrementalDecoder, block: bytes, final: bool = False) -> bool:
    try:
        decoder.decode(block, final)
    except UnicodeDecodeError:
        return False
    return True


def rows_of(file: Iterable[str], sep: str | None) -> Iterator[tuple[int, list[str]]]:
    """Number of the last line, and the values, of each row that is not blank."""
    reader = csv.reader(file, delimiter=sep or ",", skipinitialspace=True)
    for row in reader:
        if len(row) > 1 or (row and row[0].strip()):
            yield reader.line_num, row
