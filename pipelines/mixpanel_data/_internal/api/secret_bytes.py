"""The account's secret out of data, at the speed of data.

What a server sends as data is kept as it came, but for the account's own secret: a server that
echoes the request would put it into files, databases and reports. Texts for people go through
:class:`Redactor`, which knows more spellings.
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
# Writers of JSON escape no digits and letters, and few signs: seldom found, so the long pattern is
# seldom tried.
_ESCAPE = re.compile(rb"\\u00[2-7]")

_BACKSLASHES = 8  # of JSON in a text in a text in JSON


class SecretBytes:
    """Finds one account's secret in bytes: in clear, in JSON, in a URL, in HTML, and in base64,
    alone or with its username.

    Also where only some of its characters are escaped, and in JSON that is a text in JSON.
    """

    def __init__(self, credentials: "Credentials") -> None:
        self._credentials = credentials
        self._plain = _spellings(credentials)
        units = len(credentials.secret.get_secret_value().encode("utf-16-be")) // 2
        self.longest = max(*map(len, self._plain), units * (_BACKSLASHES + len("u0000")))

    def removed(self, data: bytes) -> bytes:
        """``data`` with ``[redacted]`` in place of the secret."""
        for spelling in self._plain:
            if spelling in data:
                data = data.replace(spelling, _MASK)
        if b"&#" in data or (b"\\u00" in data and _ESCAPE.search(data)):
            data = self._escaped.sub(_MASK, data)
        return data

    @cached_property
    def _escaped(self) -> re.Pattern[bytes]:
        return re.compile(b"".join(map(_escapes, self._credentials.secret.get_secret_value())))

    def stream(self) -> "SecretStream":
        """The same for a body that comes in pieces, the secret perhaps in two of them."""
        return SecretStream(self)

    def __repr__(self) -> str:
        return "SecretBytes(...)"


class SecretStream:
    """Takes a body in pieces and hands it on without the secret; holds back what may be the
    beginning of one."""

    def __init__(self, secret: SecretBytes) -> None:
        self._secret = secret
        self._held = b""

    def feed(self, data: bytes) -> Iterator[bytes]:
        """What can be handed on."""
        clean = self._secret.removed(self._held + data if self._held else data)
        cut = max(0, len(clean) - self._secret.longest + 1)
        # A line that ended is not held back: no spelling of the secret has a line break in it.
        cut = max(cut, clean.rfind(b"\n") + 1)
        self._held = clean[cut:]
        if cut:
            yield clean[:cut]

    def finish(self) -> bytes:
        """The rest."""
        rest, self._held = self._held, b""
        return rest

    def __repr__(self) -> str:
        return "SecretStream(...)"


def _spellings(credentials: "Credentials") -> list[bytes]:
    """Those that a search finds, longest first."""
    secret = credentials.secret.get_secret_value()
    raw = secret.encode()
    pair = base64.b64encode(f"{credentials.username}:{secret}".encode()).rstrip(b"=")
    alone = base64.b64encode(raw)[: len(raw) * 8 // 6]  # also the beginning of "secret:" in base64
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
    """A pattern for one character as it is, in JSON (in a text in JSON) or in HTML."""
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
    """In the alphabets of base64, as they stand in text, in JSON and in a URL."""
    safe = token.replace(b"+", b"-").replace(b"/", b"_")
    return {token, safe, quote(token.decode(), safe="").encode(), token.replace(b"/", b"\\/")}
