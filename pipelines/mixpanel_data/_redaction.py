"""Removes secrets from texts before they are shown or logged."""

import base64
import re
from collections.abc import Callable, Mapping
from typing import Any

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
    """Remove what looks like credentials: user info in URLs, authorization headers, ``secret=…``
    pairs."""
    for pattern, replacement in _PATTERNS:
        text = pattern.sub(replacement, text)
    return _BASIC.sub(_redact_basic, text)


def _redact_basic(match: re.Match[str]) -> str:
    """Redact only what decodes to ``user:password``; "basic plan" is ordinary text."""
    token = match[2].rstrip("=")
    try:
        decoded = base64.b64decode(token + "=" * (-len(token) % 4), altchars=b"-_")
    except ValueError:
        return match[0]
    return match[1] + REDACTED if b":" in decoded else match[0]


def redact_tree(value: Any, clean: Callable[[str], str] = redact) -> Any:
    """Redact every text in a JSON value, including keys, and all values under a secret's name."""
    if isinstance(value, str):
        return clean(value)
    if isinstance(value, Mapping):
        return {
            clean(key): REDACTED if _NAME_OF_SECRET.fullmatch(key) else redact_tree(item, clean)
            for key, item in value.items()
        }
    if isinstance(value, list):
        return [redact_tree(item, clean) for item in value]
    return value
