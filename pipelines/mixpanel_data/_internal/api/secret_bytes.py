"""Removes the account's secret from data, at the speed of the data.

Data from a server is kept as received, except for the account's own secret: a server that repeats
the request would put it into files, databases and reports. Texts for people go through
:class:`Redactor`, which covers more forms of it.
"""

import base64
import html
import json
import re
from collections.abc import Iterator
from functools import cached_property
from typing import TYPE_CHECKING
from urllib.parse import quote, quote_plus

from mixpanel_data._redaction import REDACTED

if TYPE_CHECKING:
    from mixpanel_data._internal.auth.credentials import Credentials

_MASK = REDACTED.encode()
# JSON and HTML writers escape no digits or letters, and few signs: these seldom match, so that the
# long pattern is seldom tried. They are searched two to three times as fast as with ``in``.
_JSON_ESCAPE = re.compile(rb"\\u00[2-7]")
_HTML_ESCAPE = re.compile(rb"&#[0-9Xx]")

_BACKSLASHES = 8  # at most, before a character of JSON nested in JSON strings


class SecretBytes:
    """Finds one account's secret in bytes: in clear, JSON, a URL, HTML, and base64.

    In base64 it may be alone or joined with the username. Partly escaped characters, and JSON
    inside a JSON string, are recognised, too.
    """

    def __init__(self, credentials: "Credentials") -> None:
        self._credentials = credentials
        self._plain = _spellings(credentials)
        units = len(credentials.secret.get_secret_value().encode("utf-16-be")) // 2
        self.longest = max(*map(len, self._plain), units * (_BACKSLASHES + len("u0000")))

    def remove(self, data: bytes) -> bytes:
        """Return ``data`` with ``[redacted]`` in place of the secret."""
        for spelling in self._plain:
            if spelling in data:
                data = data.replace(spelling, _MASK)
        if _HTML_ESCAPE.search(data) or _JSON_ESCAPE.search(data):
            data = self._escaped.sub(_MASK, data)
        return data

    @cached_property
    def _escaped(self) -> re.Pattern[bytes]:
        return re.compile(b"".join(map(_escapes, self._credentials.secret.get_secret_value())))

    def stream(self) -> "SecretStream":
        """Return a filter for a body in parts, where the secret may span two of them."""
        return SecretStream(self)

    def __repr__(self) -> str:
        return "SecretBytes(...)"


class SecretStream:
    """Filters a body in parts; keeps back what may be the beginning of the secret."""

    def __init__(self, secret: SecretBytes) -> None:
        self._secret = secret
        self._held = b""

    def feed(self, data: bytes) -> Iterator[bytes]:
        """Yield the data that is free of the secret."""
        clean = self._secret.remove(self._held + data if self._held else data)
        cut = max(0, len(clean) - self._secret.longest + 1)
        # A complete line is not kept back: no spelling of the secret contains a line break.
        cut = max(cut, clean.rfind(b"\n") + 1)
        self._held = clean[cut:]
        if cut:
            yield clean[:cut]

    def finish(self) -> bytes:
        """Return the rest."""
        rest, self._held = self._held, b""
        return rest

    def __repr__(self) -> str:
        return "SecretStream(...)"


def _spellings(credentials: "Credentials") -> list[bytes]:
    """Return the spellings found by a plain search, longest first."""
    secret = credentials.secret.get_secret_value()
    raw = secret.encode()
    pair = base64.b64encode(f"{credentials.username}:{secret}".encode()).rstrip(b"=")
    alone = base64.b64encode(raw)[: len(raw) * 8 // 6]  # also the start of "secret:" in base64
    in_json = [_in_json(secret, ascii_only=ascii_only) for ascii_only in (True, False)]
    in_urls = [quote(secret, safe=""), quote(secret), quote_plus(secret, safe="")]
    plain = {
        raw,
        *(text.encode() for url in in_urls for text in (url, _lower_percents(url))),
        html.escape(secret).encode(),
        *in_json,
        *(_in_json(text.decode(), ascii_only=True) for text in in_json),
        *(text.replace(b"/", b"\\/") for text in in_json),
        "".join(f"%{byte:02x}" for byte in raw).encode(),
        "".join(f"%{byte:02X}" for byte in raw).encode(),
        *(text for token in (pair, alone) for text in _in_base64(token)),
    }
    return sorted(plain, key=len, reverse=True)


def _lower_percents(url: str) -> str:
    return re.sub("%..", lambda found: found[0].lower(), url)


def _escapes(character: str) -> bytes:
    """Return a pattern for one character in clear, in JSON (also nested) or in HTML."""
    units = re.findall("....", character.encode("utf-16-be").hex())
    code = ord(character)
    forms = [
        "".join(rf"\\{{1,{_BACKSLASHES}}}(?i:u{unit})" for unit in units),
        f"&#0{{0,3}}{code};",
        f"&#(?i:x)0{{0,3}}(?i:{code:x});",
        re.escape(html.escape(character)),
        rf"\\{{0,{_BACKSLASHES}}}{re.escape(character)}",
    ]
    return f"(?:{'|'.join(dict.fromkeys(forms))})".encode()


def _in_json(text: str, *, ascii_only: bool) -> bytes:
    return json.dumps(text, ensure_ascii=ascii_only)[1:-1].encode()


def _in_base64(token: bytes) -> set[bytes]:
    """Return a token in both alphabets of base64, as written in text, JSON and a URL."""
    safe = token.replace(b"+", b"-").replace(b"/", b"_")
    return {token, safe, quote(token.decode(), safe="").encode(), token.replace(b"/", b"\\/")}
