"""What Mixpanel says about an error. The shape differs by API family: JSON with ``error`` or ``message``, text, nothing."""

import json
from contextlib import suppress
from typing import Any

import httpx

from mixpanel_data._internal.bodies import content_encoding, raw_chunks
from mixpanel_data._internal.bounds import ERROR_BODY
from mixpanel_data._internal.inflating import BAD_GZIP, Inflater
from mixpanel_data._internal.redaction import Redactor, redact_tree
from mixpanel_data.exceptions import IncompleteExportError

_MAX_BODY = 2_000
_LONGEST_SECRET = 4_096  # in any spelling: where a body is cut, half of one may stand


def read_error_body(response: httpx.Response, redactor: Redactor) -> Any:
    """The body without secrets, as :func:`shown_body` has it."""
    return shown_body(_read(response), redactor)


def shown_body(raw: bytes, redactor: Redactor) -> Any:
    """The body without secrets: JSON if it is some, else text, cut to 2,000 characters; None when empty."""
    text = raw.decode("utf-8", "replace").replace("\0", "").strip()
    if not text:
        return None
    with suppress(ValueError, RecursionError):
        tree = redact_tree(json.loads(text), redactor)
        text = json.dumps(tree, ensure_ascii=False)
        if isinstance(tree, dict | list) and len(text) <= _MAX_BODY:
            return tree
    clean = redactor(text)
    if len(raw) >= ERROR_BODY:
        clean = clean[:-_LONGEST_SECRET]
    return clean if len(clean) <= _MAX_BODY else clean[:_MAX_BODY] + "…"


def _read(response: httpx.Response) -> bytes:
    body = bytearray()
    # The status is what matters: an error page that breaks off, or is no gzip, is read as far as it goes.
    with suppress(httpx.TransportError, IncompleteExportError, *BAD_GZIP):
        inflater = Inflater() if content_encoding(response) == "gzip" else None
        received = 0
        for chunk in raw_chunks(response)():
            received += len(chunk)
            for data in inflater.feed(chunk) if inflater else (chunk,):
                body += data
                if len(body) >= ERROR_BODY:
                    return bytes(body[:ERROR_BODY])
            if received >= ERROR_BODY:
                break
    return bytes(body[:ERROR_BODY])


def sentence(body: Any) -> str:
    """The sentence for people in an error body, on one line; empty when there is none."""
    if isinstance(body, dict):
        body = body.get("error") or body.get("message") or body
    text = body if isinstance(body, str) else json.dumps(body, ensure_ascii=False)
    return "" if body is None else " ".join(text.split())
