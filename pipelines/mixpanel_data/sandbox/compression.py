"""Gzip bodies that can be joined: days are compressed once, and any run of days is one gzip stream.

A packed day ends with a full flush, so that its deflate blocks end at a byte boundary and refer to
nothing outside. Joining then means copying: header, the blocks of each day, an empty last block,
and the combined checksum.
"""

import struct
import zlib
from collections.abc import Generator, Iterable, Iterator

_HEADER = b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\xff"  # no name and no time: same data, same bytes
_LAST_BLOCK = b"\x03\x00"
_FULL_FLUSH = b"\x00\x00\xff\xff"
_TRAILER = struct.Struct("<II")  # CRC-32, then the plain size modulo 2**32
_END = len(_LAST_BLOCK) + _TRAILER.size
_POLYNOMIAL = 0xEDB88320
_ONE = 0x80000000  # the polynomial 1, in the reflected notation of CRC-32


def pack(data: bytes, level: int = 1) -> bytes:
    """Return one gzip member of ``data`` that ``join`` can use."""
    deflate = zlib.compressobj(level, zlib.DEFLATED, -15)
    blocks = deflate.compress(data) + deflate.flush(zlib.Z_FULL_FLUSH)
    return _HEADER + blocks + _LAST_BLOCK + _TRAILER.pack(zlib.crc32(data), len(data) & 0xFFFFFFFF)


def is_joinable(head: bytes, tail: bytes) -> bool:
    """Return True if a gzip file with these first 10 and last 14 bytes was written by ``pack``."""
    return head == _HEADER and tail.startswith(_FULL_FLUSH + _LAST_BLOCK)


def plain_size(tail: bytes) -> int:
    """Return the size before compression, modulo 2**32, from the end of a gzip member."""
    size: int = _TRAILER.unpack(tail[-_TRAILER.size :])[1]
    return size


def join(members: Iterable[Iterable[bytes]]) -> Iterator[bytes]:
    """Yield one gzip member with the data of several packed ones, each given in parts."""
    crc = size = 0
    yield _HEADER
    for pieces in members:
        tail = yield from _blocks(pieces)
        member_crc, member_size = _TRAILER.unpack(tail)
        crc = _combine(crc, member_crc, member_size)
        size += member_size
    yield _LAST_BLOCK + _TRAILER.pack(crc, size & 0xFFFFFFFF)


def recompress(pieces: Iterable[bytes], level: int = 1) -> Iterator[bytes]:
    """Yield one gzip member of the plain ``pieces``, compressed on the way."""
    deflate = zlib.compressobj(level, zlib.DEFLATED, 31)
    for piece in pieces:
        yield deflate.compress(piece)
    yield deflate.flush()


def decompress(pieces: Iterable[bytes]) -> Iterator[bytes]:
    """Yield the plain bytes of a gzip stream with a single member."""
    inflate = zlib.decompressobj(31)
    for piece in pieces:
        yield inflate.decompress(piece)
    yield inflate.flush()


def _blocks(pieces: Iterable[bytes]) -> Generator[bytes, None, bytes]:
    """Yield the deflate blocks of a packed member, and return its trailer."""
    held = b""
    skip = len(_HEADER)
    for piece in pieces:
        held += piece
        if len(held) > skip + _END:
            yield held[skip:-_END]
            held, skip = held[-_END:], 0
    return held[-_TRAILER.size :]


def _combine(first: int, second: int, second_size: int) -> int:
    """Return the CRC-32 of two concatenated byte strings from their CRC-32s and the second size."""
    return _multiply(_power_of_x(8 * second_size), first) ^ second


def _power_of_x(exponent: int) -> int:
    """Return x to the ``exponent``, modulo the CRC-32 polynomial."""
    result, square = _ONE, _ONE >> 1
    while exponent:
        if exponent & 1:
            result = _multiply(square, result)
        square = _multiply(square, square)
        exponent >>= 1
    return result


def _multiply(a: int, b: int) -> int:
    """Return the product of two polynomials over GF(2), modulo the CRC-32 polynomial."""
    product, bit = 0, _ONE
    while bit:
        if a & bit:
            product ^= b
        b = (b >> 1) ^ _POLYNOMIAL if b & 1 else b >> 1
        bit >>= 1
    return product
