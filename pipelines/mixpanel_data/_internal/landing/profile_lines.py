"""Converts a page of profiles to lines, one a profile, with their JSON unchanged.

A page may be megabytes, and DuckDB reads a JSON document as a whole. It reads lines one by one, so
that an invalid profile does not affect others. Python parses a profile only to find its end, its
id, and whether it changed.
"""

import hashlib
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from mixpanel_data._internal.api.json_pieces import (
    DECODER,
    UNREADABLE,
    items,
    member_value,
    profiles_begin,
)
from mixpanel_data._internal.text import is_unicode

_BEFORE = b',"profile":'
_MOMENT = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d")
_TEXT = re.compile(rb'"[^"\\]*+(?:\\.[^"\\]*+)*+"', re.DOTALL)
_PIECE = 1 << 20  # characters

_ENCODER = json.JSONEncoder(sort_keys=True)


@dataclass(frozen=True)
class RawProfile:
    """One profile of a page."""

    raw: bytes
    """Its JSON as received, on one line."""
    identity: str
    """A text that identifies it: its ``$distinct_id``, where the number 4 differs from the text
    "4"; empty without one."""
    digest: str
    """Equal for equal properties, in any order and spelling."""
    last_seen: str
    """Its ``$last_seen``, to the second; empty without one that is a time."""

    def line(self, number: int) -> bytes:
        """Return the line for a landed file, with its line break."""
        ours = f'{{"n":{number},"digest":"{self.digest}","last_seen":"{self.last_seen}"'
        return b"".join((ours.encode(), _BEFORE, self.raw, b"}\n"))


def parse_profiles(body: bytes) -> Iterator[RawProfile]:
    """Yield the profiles of ``body``, a page that the client has parsed before."""
    # One character for each byte, so that positions are those of ``body``, and one wide character
    # does not make each of the others take four bytes.
    text = body.decode("latin-1")
    for profile, start, end in items(text, profiles_begin(text)):
        if end > start:
            raw = _raw_profile(profile, body[start:end])
            del profile
            yield raw


def profile_json(line: bytes) -> bytes:
    """Return the profile in a line of a landed file, as received."""
    return line.rstrip()[line.index(_BEFORE) + len(_BEFORE) : -1]


def read_distinct_id(raw: bytes) -> str | None:
    """Return the id for the profile ``raw``, even if the rest of it is invalid; None if it has
    none."""
    found = member_value(raw.decode("utf-8", "surrogateescape"), "$distinct_id")
    text = found if found is None or isinstance(found, str) else json.dumps(found)
    return text if text is None or is_unicode(text) else None


def _raw_profile(profile: Any, raw: bytes) -> RawProfile:
    if not raw.isascii() and len(raw) <= _PIECE:  # a larger one is compared by its bytes
        profile = _parse(raw)
    known = profile if isinstance(profile, dict) else {}
    found, properties = known.get("$distinct_id"), known.get("$properties")
    try:
        canonical = _ENCODER.encode({} if properties is None else properties).encode()
    except RecursionError:
        profile = None
    if profile is None:  # Python can't parse it; DuckDB may
        text = raw.decode("latin-1")
        found, properties, canonical = member_value(text, "$distinct_id"), None, raw
    seen = properties.get("$last_seen") if isinstance(properties, dict) else None
    moment = _MOMENT.match(seen) if isinstance(seen, str) else None
    return RawProfile(
        raw=_on_one_line(raw) if b"\n" in raw else raw,
        identity=_identity(found),
        digest=hashlib.blake2b(canonical, digest_size=16).hexdigest(),
        last_seen=moment[0] if moment else "",
    )


def _parse(raw: bytes) -> Any:
    """Return the profile; None if Python can't parse it. Invalid bytes become lone surrogates."""
    try:
        return DECODER.decode(raw.decode("utf-8", "surrogateescape"))
    except UNREADABLE:
        return None


def _identity(found: Any) -> str:
    if found is None:
        return ""
    if isinstance(found, str) and len(found) > _PIECE:  # hashed, since repr() would copy it
        return f"{len(found)} {hash(found)}"
    return repr(found)


def _on_one_line(raw: bytes) -> bytes:
    """Remove the line breaks of ``raw``.

    Between values they have no meaning; inside a string, where JSON forbids them, they become
    ``\\n``.
    """
    return _TEXT.sub(lambda text: text[0].replace(b"\n", b"\\n"), raw).replace(b"\n", b" ")
