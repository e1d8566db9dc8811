"""A page of profiles as lines, one for each, its text untouched.

A page can be megabytes, and DuckDB takes a JSON document in whole; a line it takes alone, and what
is wrong with one costs no other. Python parses a profile only to find where it ends, whose it is
and whether it changed.
"""

import hashlib
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from mixpanel_data._internal.api.json_pieces import items, member_value, profiles_begin

_BEFORE = b',"profile":'
_MOMENT = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d")
_TEXT = re.compile(rb'"[^"\\]*+(?:\\.[^"\\]*+)*+"', re.DOTALL)
_PIECE = 1 << 20  # characters

_ENCODER = json.JSONEncoder(sort_keys=True)


@dataclass(frozen=True)
class RawProfile:
    """One profile of a page."""

    raw: bytes
    """Its JSON as it came, on one line."""
    identity: str
    """Tells it from others: its ``$distinct_id``, the number 4 apart from the text "4"; empty
    without one."""
    digest: str
    """Equal for equal properties, in whatever order and spelling they come."""
    last_seen: str
    """Its ``$last_seen``, to the second; empty without one that reads as a time."""

    def line(self, number: int) -> bytes:
        """The line of a landed file, with its break."""
        ours = f'{{"n":{number},"digest":"{self.digest}","last_seen":"{self.last_seen}"'
        return b"".join((ours.encode(), _BEFORE, self.raw, b"}\n"))


def profiles_of(body: bytes) -> Iterator[RawProfile]:
    """The profiles of ``body``, a page that the client has read before."""
    # An escape of our own for bytes that are not UTF-8, so that they come out of it as they went
    # in.
    text = body.decode("utf-8", "surrogateescape")
    behind = at = 0  # of the profile before, in ``text`` and in ``body``
    for profile, start, end in items(text, profiles_begin(text)):
        if end > start:
            begin = at + _bytes_of(text, behind, start)
            at, behind = begin + _bytes_of(text, start, end), end
            raw = _raw_profile(profile, body[begin:at])
            del profile
            yield raw


def _bytes_of(text: str, start: int, end: int) -> int:
    """How many bytes a part of ``text`` came as. In pieces, as text may take four times the memory
    of its bytes."""
    pieces = (text[at : min(at + _PIECE, end)] for at in range(start, end, _PIECE))
    return sum(len(piece.encode("utf-8", "surrogateescape")) for piece in pieces)


def raw_of(line: bytes) -> bytes:
    """The profile in a line of a landed file, as it came."""
    return line.rstrip()[line.index(_BEFORE) + len(_BEFORE) : -1]


def distinct_id(raw: bytes) -> str | None:
    """The id a table could have for the profile ``raw``, however odd the rest of it is; None if it
    has none."""
    found = member_value(raw.decode("utf-8", "surrogateescape"), "$distinct_id")
    text = found if found is None or isinstance(found, str) else json.dumps(found)
    return text if text is None or _is_utf8(text) else None


def _is_utf8(text: str) -> bool:
    try:
        return bool(text.encode() or True)
    except UnicodeEncodeError:
        return False


def _raw_profile(profile: Any, raw: bytes) -> RawProfile:
    known = profile if isinstance(profile, dict) else {}
    found, properties = known.get("$distinct_id"), known.get("$properties")
    try:
        canonical = _ENCODER.encode({} if properties is None else properties).encode()
    except RecursionError:
        profile = None
    if profile is None:  # it can't be parsed here; DuckDB may be able to
        text = raw.decode("utf-8", "surrogateescape")
        found, properties, canonical = member_value(text, "$distinct_id"), None, raw
    seen = properties.get("$last_seen") if isinstance(properties, dict) else None
    moment = _MOMENT.match(seen) if isinstance(seen, str) else None
    return RawProfile(
        raw=_on_one_line(raw) if b"\n" in raw else raw,
        identity=_identity(found),
        digest=hashlib.blake2b(canonical, digest_size=16).hexdigest(),
        last_seen=moment[0] if moment else "",
    )


def _identity(found: Any) -> str:
    if found is None:
        return ""
    if isinstance(found, str) and len(found) > _PIECE:  # by what is in it: its text would be a copy
        return f"{len(found)} {hash(found)}"
    return repr(found)


def _on_one_line(raw: bytes) -> bytes:
    """``raw`` without line breaks. Between values they mean nothing; in a text, where JSON forbids
    them, ``\\n``."""
    return _TEXT.sub(lambda text: text[0].replace(b"\n", b"\\n"), raw).replace(b"\n", b" ")
