"""The account's secret out of data, at the speed of data.

What a server sends as data is kept as it came, but for the account's own secret: a server that echoes the request would
put it into files, databases and reports. Texts for people go through :class:`Redactor`, which knows more spellings.
"""

import base64
import json
import re
from collections.abc import Iterator
from typing import TYPE_CHECKING
from urllib.parse import quote, quote_plus

from mixpanel_data._internal.redaction import REDACTED

if TYPE_CHECKING:
    from mixpanel_data._internal.credentials import Credentials

_MASK = REDACTED.encode()
_ESCAPE = b"\\u00"


class SecretBytes:
    """Finds one account's secret in bytes: in clear, in JSON, in a URL, and in base64, alone or with its username."""

    def __init__(self, credentials: "Credentials") -> None:
        self._plain, self._escaped = _spellings(credentials)
        self.longest = max(map(len, (*self._plain, *self._escaped)))

    def removed(self, data: bytes) -> bytes:
        """``data`` with ``[redacted]`` in place of the secret."""
        for spelling in self._plain:
            if spelling in data:
                data = data.replace(spelling, _MASK)
        if self._escaped and _ESCAPE in data:  # seldom: one search instead of many
            for spelling in self._escaped:
                data = data.replace(spelling, _MASK)
        return data

    def stream(self) -> "SecretStream":
        """The same for a body that comes in pieces, the secret perhaps in two of them."""
        return SecretStream(self)

    def __repr__(self) -> str:
        return "SecretBytes(...)"


class SecretStream:
    """Takes a body in pieces and hands it on without the secret; holds back what may be the beginning of one."""

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


def _spellings(credentials: "Credentials") -> tuple[list[bytes], list[bytes]]:
    """Those without and with escapes of JSON for plain characters, longest first."""
    secret = credentials.secret.get_secret_value()
    raw = secret.encode()
    pair = base64.b64encode(f"{credentials.username}:{secret}".encode()).rstrip(b"=")
    alone = base64.b64encode(raw)[: len(raw) * 8 // 6]  # also the beginning of "secret:" in base64
    plain = {
        raw,
        quote(secret, safe="").encode(),
        quote_plus(secret, safe="").encode(),
        _in_json(secret, ascii_only=True),
        _in_json(secret, ascii_only=False),
        _in_json(secret, ascii_only=True).replace(b"/", b"\\/"),
        "".join(f"%{byte:02x}" for byte in raw).encode(),
        "".join(f"%{byte:02X}" for byte in raw).encode(),
        *(text for token in (pair, alone) for text in _in_base64(token)),
    }
    units = re.findall("....", secret.encode("utf-16-be").hex())
    escaped = {
        "".join(f"{slash}u{unit}" for unit in case).encode()
        for case in (units, [unit.upper() for unit in units])
        for slash in ("\\", "\\\\")  # JSON in a text in JSON
    }
    return sorted(plain, key=len, reverse=True), sorted(escaped)


def _in_json(text: str, *, ascii_only: bool) -> bytes:
    return json.dumps(text, ensure_ascii=ascii_only)[1:-1].encode()


def _in_base64(token: bytes) -> set[bytes]:
    """In the alphabets of base64, as they stand in text, in JSON and in a URL."""
    safe = token.replace(b"+", b"-").replace(b"/", b"_")
    return {token, safe, quote(token.decode(), safe="").encode(), token.replace(b"/", b"\\/")}
