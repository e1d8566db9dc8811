"""Secrets out of texts, before anybody reads them."""

import base64
import html
import json
import re
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, quote_plus

if TYPE_CHECKING:
    from mixpanel_data._internal.credentials import Credentials

REDACTED = "[redacted]"

_NAMES = r"(?:api_)?secret|password|passwd|token|api_key"
_NAME_OF_SECRET = re.compile(rf"(?i){_NAMES}|authorization|proxy-authorization|cookie|set-cookie")
_PATTERNS = [
    (re.compile(r"(?i)\b([a-z][a-z0-9+.-]*://)[^/\s@]+@"), r"\1"),  # user:password@ in a URL
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
    """ "Basic plan" and "Basic authentication" are words; what decodes to ``user:password`` is not."""
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
        spellings = sorted(_spellings(credentials), key=len, reverse=True)
        self._known = re.compile("|".join(map(re.escape, spellings)))

    def __call__(self, text: str) -> str:
        """``text`` without the secret in any spelling, nor anything else that looks like credentials."""
        return redact(self._known.sub(REDACTED, text))

    def __repr__(self) -> str:
        return "Redactor(...)"


def _spellings(credentials: "Credentials") -> Iterable[str]:
    secret = credentials.secret.get_secret_value()
    plain = {secret, f"{credentials.username}:{secret}", f"{secret}:"}
    encoded = {base64.b64encode(text.encode()).decode() for text in plain}
    encoded |= {text.rstrip("=") for text in encoded}
    encoded |= {text.replace("+", "-").replace("/", "_") for text in encoded}
    raw = {secret} | encoded
    for text in raw:
        yield from (text, quote(text, safe=""), quote_plus(text), html.escape(text))
        yield from (quote(text, safe="").lower(), json.dumps(text)[1:-1])
