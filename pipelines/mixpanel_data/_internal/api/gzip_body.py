"""Decompresses gzip in small parts, so that a few bytes never become gigabytes in memory."""

import zlib
from collections.abc import Iterator
from importlib import import_module
from typing import Any

from mixpanel_data._internal.api.bounds import SPARE_MEMBERS, exceeds_limit

try:
    isal: Any = import_module(
        "isal.isal_zlib"
    )  # twice as fast as zlib (measured), where it is installed
except ImportError:
    isal = None
inflate = isal or zlib

BAD_GZIP: tuple[type[Exception], ...] = (zlib.error, inflate.error)
"""Exceptions raised for bytes that are not gzip."""

_WINDOW_BITS = 31  # a gzip wrapper
_PIECE = 1024 * 1024  # bytes that one call may return
_SLICE = 65_536  # bytes; each member copies the rest of the slice after it


class Inflater:
    """Decompresses a body that may have several gzip members, in parts of at most 1 MiB."""

    def __init__(self) -> None:
        self._member: Any = None
        self._members = 0
        self._content = 0

    @property
    def is_whole(self) -> bool:
        """True if the last member has ended, or if there was none."""
        return self._member is None or bool(self._member.eof)

    def feed(self, chunk: bytes) -> Iterator[bytes]:
        """Yield the content of the next bytes.

        Raises:
            IncompleteExportError: if there are far more members than content.
            BAD_GZIP: if the bytes are not gzip.
        """
        for at in range(0, len(chunk), _SLICE):
            yield from self._inflated(chunk[at : at + _SLICE])

    def _inflated(self, chunk: bytes) -> Iterator[bytes]:
        while chunk:
            if self.is_whole:
                self._begin()
            while data := self._member.decompress(chunk, _PIECE):
                self._content += len(data)
                yield data
                chunk = self._member.unconsumed_tail
            chunk = self._member.unused_data

    def _begin(self) -> None:
        self._members += 1
        if self._members > SPARE_MEMBERS + self._content // 1024:
            raise exceeds_limit(
                "too many gzip members",
                f"It consists of more than {self._members - 1:,} gzip members, nearly all of them "
                "empty.",
            )
        self._member = inflate.decompressobj(_WINDOW_BITS)
