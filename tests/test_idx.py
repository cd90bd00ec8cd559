"""The IDX reader: right on every dtype, and never more than a ValueError on a bad file."""

import gzip
import random
import struct
import tracemalloc

import numpy as np
import pytest

from fastscratch.datasets import read_idx

# One big-endian element of each type, written by hand, and its value.
ELEMENTS = {
    "uint8": (0x08, "fe", 254),
    "int8": (0x09, "fe", -2),
    "int16": (0x0B, "0102", 258),
    "int32": (0x0C, "fffffffe", -2),
    "float32": (0x0D, "3fc00000", 1.5),  # sign 0, exponent 127, fraction 0.5
    "float64": (0x0E, "c004000000000000", -2.5),  # sign 1, exponent 1024, fraction 0.25
}


def header(*shape, code=0x08):
    return struct.pack(f">4B{len(shape)}I", 0, 0, code, len(shape), *shape)


def zipped(data):
    return gzip.compress(data, mtime=0)


PACKING = {"plain": bytes, "gzip": zipped}
SMALL = header(2, 3) + bytes(range(6))


@pytest.fixture
def read(tmp_path):
    """Return a function that reads bytes as if they were a file."""
    path = tmp_path / "some-file"

    def read_bytes(data):
        path.write_bytes(data)
        return read_idx(path)

    return read_bytes


def peak_memory(function):
    """Return the peak memory, in bytes, while `function` fails, and the message of its error."""
    tracemalloc.start()
    try:
        with pytest.raises(ValueError, match="expected") as caught:
            function()
        return tracemalloc.get_traced_memory()[1], str(caught.value)
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("pack", PACKING.values(), ids=PACKING)
@pytest.mark.parametrize("dtype", ELEMENTS)
def test_each_dtype(read, dtype, pack):
    code, element, value = ELEMENTS[dtype]
    array = read(pack(header(3, 1, 2, code=code) + 6 * bytes.fromhex(element)))
    assert array.dtype == dtype
    assert array.dtype.isnative
    assert array.flags.c_contiguous
    assert array.flags.writeable
    np.testing.assert_array_equal(array, np.full((3, 1, 2), value))


@pytest.mark.parametrize("shape", [(6,), (2, 3), (1, 1, 1, 1, 1, 1, 2, 3), (0,), (3, 0, 2)])
def test_shapes_are_in_c_order(read, shape):
    n = int(np.prod(shape))
    expected = np.arange(n, dtype=np.uint8).reshape(shape)
    array = read(header(*shape) + bytes(range(n)))
    assert array.shape == shape
    np.testing.assert_array_equal(array, expected)


def test_path_may_be_a_str(tmp_path):
    (tmp_path / "file").write_bytes(SMALL)
    assert read_idx(str(tmp_path / "file")).shape == (2, 3)


def test_gzip_in_several_members(read):
    assert read(zipped(SMALL[:5]) + zipped(SMALL[5:])).shape == (2, 3)


BAD_FILES = {
    "empty": (b"", r"found 0 bytes of magic number, expected 4"),
    "foreign": (b"\x89PNG", r"found the magic number 89 50 4e 47, expected 00 00, a type code"),
    "type": (header(2, code=0x0A) + b"ab", r"found the magic number 00 00 0a 01, expected 00 00"),
    "scalar": (b"\0\0\x08\0a", r"found 0 dimensions in the header, expected 1 to 8"),
    "9-d": (header(*[1] * 9) + b"a", r"found 9 dimensions in the header, expected 1 to 8"),
    "half-header": (header(2, 3)[:-1], r"found 7 bytes of sizes in the header, expected 8"),
    "claim": (
        header(99),
        r"found a header that claims 99 bytes .* \(99,\), expected at most the 8 ",
    ),
    "huge-claim": (header(*[2**32 - 1] * 8, code=0x0E), r"found a header that claims .*, expected"),
    "zero-of-huge": (header(0, 2**32 - 1, 2**32 - 1), r"found a header that claims .*, expected"),
    "short": (SMALL[:-1], r"found 5 bytes of data for the shape \(2, 3\), expected 6 \(truncated"),
    "long": (
        SMALL + b"a",
        r"found more data after the shape \(2, 3\), expected 6 bytes and no more",
    ),
    "gzip-claim": (zipped(header(2**32 - 1)), r"found a header that claims 4294967295 bytes of"),
    "gzip-short": (zipped(SMALL[:-1]), r"found 5 bytes of data for the shape \(2, 3\), expected 6"),
    "gzip-long": (zipped(SMALL + b"a"), r"found more data after the shape \(2, 3\), expected 6"),
    "gzip-cut": (zipped(SMALL)[:-1], r"found damaged gzip data \(.*\), expected an intact file"),
    "gzip-tail": (zipped(SMALL) + b"a", r"found damaged gzip data \(Not a gzipped file"),
    "gzip-crc": (zipped(SMALL)[:-8] + bytes(8), r"found damaged gzip data \(CRC check failed"),
    "gzip-noise": (zipped(SMALL)[:10] + b"\xff" * 20, r"found damaged gzip data \(Error -3"),
}


@pytest.mark.parametrize(("data", "message"), BAD_FILES.values(), ids=BAD_FILES)
def test_bad_files(read, data, message):
    with pytest.raises(ValueError, match="some-file: " + message) as caught:
        read(data)
    assert "\n" not in str(caught.value)


def test_bad_paths(tmp_path):
    with pytest.raises(FileNotFoundError, match="absent: found no such file, expected an IDX file"):
        read_idx(tmp_path / "absent")
    with pytest.raises(ValueError, match="found a folder or a device, expected an IDX file"):
        read_idx(tmp_path)
    with pytest.raises(
        TypeError, match="path: found a value of type int, expected a str or a Path"
    ):
        read_idx(3)


@pytest.mark.parametrize("pack", PACKING.values(), ids=PACKING)
def test_truncation_at_every_byte(read, pack):
    data = pack(SMALL)
    for length in range(len(data)):
        with pytest.raises(ValueError, match=r"some-file: found .*, expected"):
            read(data[:length])


@pytest.mark.parametrize("pack", PACKING.values(), ids=PACKING)
def test_flipped_bits(read, pack):
    """Every single bit, then a thousand random handfuls: a sound array, or a ValueError."""
    data = pack(SMALL)
    generator = random.Random(0)
    n_bits = 8 * len(data)
    flips = [[bit] for bit in range(n_bits)]
    flips += [generator.sample(range(n_bits), generator.randint(2, 8)) for _ in range(1000)]
    for bits in flips:
        flipped = bytearray(data)
        for bit in bits:
            flipped[bit // 8] ^= 1 << bit % 8
        try:
            outcome = read(flipped).nbytes
        except ValueError as error:
            outcome = str(error)
        assert outcome == 6 or "some-file: found" in outcome


def test_gzip_bomb_is_dropped_early(read):
    bomb = zipped(header(10) + bytes(2**26))
    peak, message = peak_memory(lambda: read(bomb))
    assert "found more data after the shape (10,)" in message
    assert peak < 2**20


def test_lying_header_costs_no_memory(read):
    """A claim the file could just hold, were it all zeros: memory follows what is read."""
    noise = random.Random(0).randbytes(2**20)
    lie = gzip.compress(header(2**30) + noise, 1)
    peak, message = peak_memory(lambda: read(lie))
    assert f"found {2**20} bytes of data for the shape ({2**30},), expected {2**30}" in message
    assert peak < 6 * 2**20
