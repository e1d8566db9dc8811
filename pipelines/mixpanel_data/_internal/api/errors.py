"""Errors for HTTP responses other than 200.

Sources: Mixpanel's pages on 401 and 429, and its OpenAPI files.
"""

import json
import math
import re
from collections.abc import Mapping
from contextlib import suppress
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import parse_qsl

import httpx

from mixpanel_data._internal.api.bounds import ERROR_BODY
from mixpanel_data._internal.api.gzip_body import BAD_GZIP, Inflater
from mixpanel_data._internal.api.redactor import Redactor
from mixpanel_data._internal.api.response_bodies import content_encoding, raw_chunks
from mixpanel_data._redaction import redact_tree
from mixpanel_data.exceptions import (
    APIError,
    AuthenticationError,
    HTTPContext,
    IncompleteExportError,
    QueryError,
    RateLimitError,
    ServerError,
)

MAX_RETRY_AFTER = 3600  # seconds; the limit is per rolling hour
_MAX_QUOTED = 300

_BAD_CREDENTIALS = re.compile(r"(?i)unable to authenticate")
_NOT_IN_PLAN = re.compile(
    r"(?i)\byour (?:current )?plan (?:does not|doesn't) |\bupgrade (?:your|the) plan\b"
)
_IN_FUTURE = re.compile(r"(?i)\bto_date\b.{0,60}(?:later than today|future)")
_TOO_OLD = re.compile(r"(?i)date range exceeds")


def request_context(request: httpx.Request, redactor: Redactor) -> HTTPContext:
    """Return method, address, parameters and body of a request, without secrets."""
    params: Mapping[str, Any] = redact_tree(dict(request.url.params), redactor)
    form = dict(parse_qsl(request.content.decode(errors="replace")))
    return HTTPContext(
        request_method=request.method,
        request_url=redactor(str(request.url.copy_with(query=None))),
        request_params=params,
        request_body=redact_tree(form, redactor) or None,
    )


def error_for(response: httpx.Response, redactor: Redactor) -> APIError:
    """Return the error for ``response``, whose status is not 200. Read at most 64 KiB of its
    body."""
    body = read_error_body(response, redactor)
    status = response.status_code
    context = request_context(response.request, redactor)
    context["status_code"], context["response_body"] = status, body
    message = error_message(body)
    quoted = f"HTTP {status}{f': {message[:_MAX_QUOTED]}' if message else ''}"
    if 300 <= status < 400:
        return APIError(redactor(_redirect_message(response, quoted)), **context)
    if status == 429:
        seconds = retry_after(response.headers.get("retry-after"))
        policy = redactor(", ".join(response.headers.get_list("ratelimit-policy")))[:_MAX_QUOTED]
        return RateLimitError(
            _rate_limit_message(quoted, seconds),
            retry_after=seconds,
            details={"rate_limit_policy": policy or None},
            **context,
        )
    if 400 <= status < 500:
        return _client_error(status, message, quoted, context)
    if status >= 500:
        return ServerError(f"Mixpanel failed to answer ({quoted}).", **context)
    return APIError(f"Mixpanel sent an unexpected response ({quoted}).", **context)


def _client_error(status: int, message: str, quoted: str, context: HTTPContext) -> APIError:
    if status != 401 and _TOO_OLD.search(message):
        return QueryError(
            f"These dates reach further back than the history of the project's plan ({quoted}).",
            details={"plan_limit": "history"},
            **context,
        )
    if status == 400 and _IN_FUTURE.search(message):
        return QueryError(
            f"Mixpanel refused the days ({quoted}).", details={"has_future_days": True}, **context
        )
    if status == 402 or (status != 401 and _NOT_IN_PLAN.search(message)):
        return QueryError(
            f"The project's Mixpanel plan does not include this call ({quoted}).",
            details={"plan_limit": "call"},
            **context,
        )
    if status in (401, 403) or _BAD_CREDENTIALS.search(message):
        return AuthenticationError(
            f"Mixpanel rejected the credentials ({quoted}). Check the service account's username "
            "and secret, its expiry date, its access to this project, and the region: a project "
            "exists in one region only.",
            **context,
        )
    return QueryError(f"Mixpanel rejected the request ({quoted}).", **context)


def _rate_limit_message(quoted: str, seconds: int | None) -> str:
    when = f"in {seconds} seconds" if seconds is not None else "later; Mixpanel gave no time"
    return (
        f"The project's request budget is used up ({quoted}). Every client of this project shares "
        f"it. Retry {when}."
    )


def _redirect_message(response: httpx.Response, quoted: str) -> str:
    host: str | None = None
    with suppress(httpx.InvalidURL):
        host = response.request.url.join(response.headers.get("location", "")).host
    return (
        f"{response.request.url.host} redirects to {host or 'an unreadable address'} ({quoted}). "
        "The redirect was not followed, because the credentials must not reach another host. "
        "Check the region and MP_API_BASE_URL."
    )


def retry_after(header: str | None, now: datetime | None = None) -> int | None:
    """Return the header's wait in seconds, at most 3,600; None if absent, negative or
    unreadable."""
    if not header:
        return None
    try:
        seconds = float(header)
    except ValueError:
        seconds = _seconds_until(header, now or datetime.now(UTC))
    if not math.isfinite(seconds) or seconds < 0:
        return None
    return min(math.ceil(seconds), MAX_RETRY_AFTER)


def _seconds_until(http_date: str, now: datetime) -> float:
    try:
        moment = parsedate_to_datetime(http_date)
        # "-0000" parses as a time without zone; HTTP dates are GMT.
        moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
        return moment.timestamp() - now.timestamp()
    except (ValueError, TypeError, IndexError, OverflowError):
        return math.nan


_MAX_BODY = 2_000
_LONGEST_SECRET = 4_096  # characters, in any spelling; a cut body may end within one


def read_error_body(response: httpx.Response, redactor: Redactor) -> Any:
    """Return the body without secrets, formatted by :func:`shown_body`."""
    return redacted_body(_read_prefix(response), redactor)


def redacted_body(raw: bytes, redactor: Redactor) -> Any:
    """Return the body without secrets: parsed JSON, or text cut to 2,000 characters; None if
    empty."""
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


def _read_prefix(response: httpx.Response) -> bytes:
    body = bytearray()
    # The status matters most: an error page that ends early, or is not valid gzip, is read as far
    # as possible.
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


def error_message(body: Any) -> str:
    """Return the message in an error body, on one line; empty if there is none."""
    if isinstance(body, dict):
        body = body.get("error") or body.get("message") or body
    text = body if isinstance(body, str) else json.dumps(body, ensure_ascii=False)
    return "" if body is None else " ".join(text.split())
