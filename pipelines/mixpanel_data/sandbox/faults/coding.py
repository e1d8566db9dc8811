"""Gzip, correct and faulty."""

import gzip
import zlib
from collections.abc import Callable

from mixpanel_data.sandbox.faults.kinds import FaultKind
from mixpanel_data.sandbox.faults.plan import Options

Coding = Callable[[bytes, Options], bytes]


def _whole(body: bytes, _options: Options) -> bytes:
    return gzip.compress(body, compresslevel=1, mtime=0)


def _cut(body: bytes, options: Options) -> bytes:
    coded = _whole(body, options)
    return coded[: max(1, int(len(coded) * options.at))]


def _without_end(body: bytes, _options: Options) -> bytes:
    """Send all data, but not the last block and the checksum."""
    deflate = zlib.compressobj(1, zlib.DEFLATED, 31)
    return deflate.compress(body) + deflate.flush(zlib.Z_SYNC_FLUSH)


def _without_end_unless_sealed(body: bytes, options: Options) -> bytes:
    return (_whole if options.sealed else _without_end)(body, options)


def _corrupt(body: bytes, options: Options) -> bytes:
    coded = bytearray(_whole(body, options))
    coded[-8] ^= 0xFF
    return bytes(coded)


def _two_members(body: bytes, options: Options) -> bytes:
    border = len(body) // 2
    border -= body[border - 1 : border] == b"\n"  # never between two lines
    return _whole(body[:border], options) + _whole(body[border:], options)


def _claimed(body: bytes, _options: Options) -> bytes:
    return body


CODINGS: dict[FaultKind, Coding] = {
    FaultKind.CUT_GZIP: _cut,
    FaultKind.LOST_GZIP_TRAILER: _without_end,
    FaultKind.CORRUPT_GZIP: _corrupt,
    FaultKind.TWO_GZIP_MEMBERS: _two_members,
    FaultKind.FALSE_GZIP_HEADER: _claimed,
    FaultKind.CUT_AFTER_NEWLINE: _without_end_unless_sealed,
}
# These faults exist only in gzip, so they compress bodies of any size.
ALWAYS_CODED = frozenset(CODINGS) - {FaultKind.CUT_AFTER_NEWLINE}


def code(kind: FaultKind, body: bytes, options: Options) -> bytes:
    """Return the body as compressed by the fault."""
    return CODINGS.get(kind, _whole)(body, options)
