"""Gzip, taken apart in small pieces, so that a few bytes never become gigabytes in memory."""

import zlib
from collections.abc import Iterator
from importlib import import_module
from typing import Any

from mixpanel_data._internal.api.bounds import SPARE_MEMBERS, beyond

try:
    isal: Any = import_module(
        "isal.isal_zlib"
    )  # twice as fast as zlib (measured), where it is installed
except ImportError:
    isal = None
inflate = isal or zlib

BAD_GZIP: tuple[type[Exception], ...] = (zlib.error, inflate.error)
"""What taking gzip apart raises for bytes that are none."""

_WINDOW_BITS = 31  # a gzip wrapper
_PIECE = 1024 * 1024  # bytes that are inflated at once
_SLICE = 65_536  # each member copies what follows it in the slice


class Inflater:
    """The content of a body that may be several gzip members, in pieces of at most 1 MiB."""

    def __init__(self) -> None:
        self._member: Any = None
        self._members = 0
        self._content = 0

    @property
    def is_whole(self) -> bool:
        """Whether the last member has ended; true when there was none."""
        return self._member is None or bool(self._member.eof)

    def feed(self, chunk: bytes) -> Iterator[bytes]:
        """The content of the next bytes.

        Raises:
            IncompleteExportError: there are far more members than content.
            BAD_GZIP: the bytes are not gzip.
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
            raise beyond(
                "too many gzip members",
                f"It is made of more than {self._members - 1:,} gzip members, nearly all of them empty.",
            )
        self._member = inflate.decompressobj(_WINDOW_BITS)
