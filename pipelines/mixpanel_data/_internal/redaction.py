"""Secrets out of texts, before anybody reads them."""

import base64
import html
import re
from collections.abc import Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mixpanel_data._internal.credentials import Credentials

REDACTED = "[redacted]"

_NAMES = r"(?:api_)?secret|password|passwd|token|api_key"
_NAME_OF_SECRET = re.compile(rf"(?i){_NAMES}|authorization|proxy-authorization|cookie|set-cookie")
_PATTERNS = [
    (re.compile(r"(?i)\b([a-z][a-z0-9+.-]{0,30}://)[^/\s@]+@"), r"\1"),  # user:password@ in a URL
    (
        re.compile(
            r"(?i)(authorization[\"']?\s*[=:]\s*[\"']?)(?:(?:basic|bearer)(?:\s+|\+|%20))?[^&\s\"',}]+"
        ),
        rf"\1{REDACTED}",
    ),
    (
        re.compile(rf"(?i)\b((?:{_NAMES})[\"']?\s*[=:]\s*[\"']?)[^&\s\"',}}]+"),
        rf"\1{REDACTED}",
    ),
]
_BASIC = re.compile(r"(?i)\b(basic(?:\s+|\+|%20))([a-z0-9+/_-]{4,}={0,2})")


def redact(text: str) -> str:
    """``text`` without what looks like credentials: user info in URLs, authorization headers, ``secret=…`` pairs."""
    for pattern, replacement in _PATTERNS:
        text = pattern.sub(replacement, text)
    return _BASIC.sub(_redact_basic, text)


def _redact_basic(match: re.Match[str]) -> str:
    """Only what decodes to ``user:password`` goes; "basic plan" and "basic authentication" are words."""
    token = match[2].rstrip("=")
    try:
        decoded = base64.b64decode(token + "=" * (-len(token) % 4), altchars=b"-_")
    except ValueError:
        return match[0]
    return match[1] + REDACTED if b":" in decoded else match[0]


def redact_tree(value: Any, redactor: "Redactor | None" = None) -> Any:
    """The JSON value with every text in it redacted, keys included, and what stands under a secret's name."""
    clean = redactor or redact
    if isinstance(value, str):
        return clean(value)
    if isinstance(value, Mapping):
        return {
            clean(key): REDACTED if _NAME_OF_SECRET.fullmatch(key) else redact_tree(item, redactor)
            for key, item in value.items()
        }
    if isinstance(value, list):
        return [redact_tree(item, redactor) for item in value]
    return value


class Redactor:
    """Knows one account's secret in the spellings in which a server may send it back."""

    def __init__(self, credentials: "Credentials") -> None:
        self._credentials = credentials

    def __call__(self, text: str) -> str:
        """``text`` without the secret in any spelling, nor anything else that looks like credentials."""
        return redact(self._known.sub(REDACTED, text))

    @cached_property
    def _known(self) -> re.Pattern[str]:
        # Made when there is something to redact: it is long.
        known = sorted(_encodings(self._credentials), key=len, reverse=True)
        return re.compile("|".join("".join(map(_escapes, text)) for text in known))

    def __repr__(self) -> str:
        return "Redactor(...)"


def _encodings(credentials: "Credentials") -> set[str]:
    """The secret as it is and in base64, alone or in the pairs of an authorization header."""
    secret = credentials.secret.get_secret_value()
    pairs = (secret, f"{credentials.username}:{secret}", f"{secret}:")
    encoded = {base64.b64encode(pair.encode()).decode().rstrip("=") for pair in pairs}
    return {secret} | encoded | {text.replace("+", "-").replace("/", "_") for text in encoded}


def _escapes(character: str) -> str:
    """A pattern for one character as it stands in plain text, JSON (in a text in JSON …), a URL or HTML."""
    units = re.findall("....", character.encode("utf-16-be").hex())
    forms = {
        re.escape(character),
        r"\\{1,8}".join(f"(?i:u{unit})" for unit in units),
        "".join(f"(?i:%{byte:02x})" for byte in character.encode()),
        re.escape(html.escape(character)),
        r"".join(rf"\\x(?i:{byte:02x})" for byte in character.encode()),
        f"&#0*{ord(character)};",
        f"(?i:&#x0*{ord(character):x};)",
    }
    return rf"\\{{0,8}}(?:{'|'.join(sorted(forms, key=len, reverse=True))})"
