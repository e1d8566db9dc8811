"""What Mixpanel says about an error. The shape differs by API family: JSON with ``error`` or ``message``, text, nothing."""

import json
from contextlib import suppress
from typing import Any

import httpx

from mixpanel_data._internal.redaction import Redactor, redact_tree

_MAX_READ = 65_536
_MAX_BODY = 2_000


def read_error_body(response: httpx.Response, redactor: Redactor) -> Any:
    """The body without secrets, as :func:`shown_body` has it."""
    return shown_body(_read(response), redactor)


def shown_body(raw: bytes, redactor: Redactor) -> Any:
    """The body without secrets: JSON if it is some, else text, cut to 2,000 characters; None when empty."""
    text = raw.decode("utf-8", "replace").strip()
    if not text:
        return None
    with suppress(ValueError, RecursionError):
        tree = redact_tree(json.loads(text), redactor)
        text = json.dumps(tree, ensure_ascii=False)
        if isinstance(tree, dict | list) and len(text) <= _MAX_BODY:
            return tree
    clean = redactor(text)
    return clean if len(clean) <= _MAX_BODY else clean[:_MAX_BODY] + "…"


def _read(response: httpx.Response) -> bytes:
    body = b""
    # The status is what matters: an error page that breaks off is read as far as it goes.
    with suppress(httpx.TransportError, httpx.DecodingError):
        for chunk in response.iter_bytes():
            body += chunk
            if len(body) >= _MAX_READ:
                break
    return body[:_MAX_READ]


def sentence(body: Any) -> str:
    """The sentence for people in an error body, on one line; empty when there is none."""
    if isinstance(body, dict):
        body = body.get("error") or body.get("message") or body
    text = body if isinstance(body, str) else json.dumps(body, ensure_ascii=False)
    return "" if body is None else " ".join(text.split())
