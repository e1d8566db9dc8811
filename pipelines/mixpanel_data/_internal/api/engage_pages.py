"""Reads all profiles, page by page, from one session of a cached result at Mixpanel.

The rules are those of Mixpanel's query OpenAPI file (engage): the first request gives neither
session nor page, the next ones repeat its filters, and a page shorter than ``page_size`` is the
last one, although it has a session, too.
"""

import hashlib
import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from mixpanel_data._internal.api.exchange import About, add_request_context, request_context_of
from mixpanel_data._internal.api.json_pieces import page_without_profiles
from mixpanel_data._internal.api.requester import Received
from mixpanel_data.exceptions import HTTPContext, IncompleteExportError, QueryError

_EXPIRED = re.compile(r"(?i)uncached query|session")

MORE_THAN_TOTAL = 2
"""A read may return this many times the total of page 0, plus ``_SOME``: profiles are created
meanwhile."""

_SOME = 10_000
LONGEST_SESSION = 4_096  # characters; Mixpanel's have a few dozen
_DIGESTED = 1 << 20  # characters at a time
_SHOWN = 65_536  # characters of an error that are searched

Redact = Callable[[str], str]
Fetch = Callable[[Mapping[str, str]], Received]
"""Sends a form to engage and returns the complete response."""


@dataclass(frozen=True)
class EngagePage:
    """One page. ``body`` is Mixpanel's JSON as received, decompressed; the other fields are read
    from it.

    ``total`` counts the profiles of all pages and is reliable on page 0 only; ``requests`` includes
    retries.
    """

    page: int
    body: bytes
    results: int
    page_size: int | None
    total: int | None
    session_id: str | None
    requests: int
    about: About = field(default=HTTPContext, repr=False, compare=False)
    """Returns the request and response for an error about this page."""
    digest: bytes = b""
    """Equal for pages with the same profiles."""

    @property
    def is_last(self) -> bool:
        """True if the page is shorter than the page size. Without a page size, only an empty page
        is last."""
        return self.results < (self.page_size or 1)


def engage_pages(fetch: Fetch, filters: Mapping[str, str], redact: Redact) -> Iterator[EngagePage]:
    """Yield the pages of one session, in order.

    Raises IncompleteExportError with the reason ``session expired``, ``no session for the next
    page``, ``not a page of profiles``, ``wrong page`` or ``fewer profiles than total``: the pages
    so far are then of no use, and the read must restart at page 0. The reasons ``repeated
    page``, ``more profiles than total`` and ``unusable session`` mean a server that would send
    pages forever. Raises what ``fetch`` raises.
    """
    page = first = _fetch_page(fetch, filters, 0, redact)
    received = first.results
    seen = {page.digest}
    yield first
    while not page.is_last:
        with add_request_context(page.about):
            form = _next_form(filters, first, page)
        page = _fetch_page(fetch, form, page.page + 1, redact)
        received += page.results
        with add_request_context(page.about):
            _require_progress(first, page, received, seen)
        yield page
    if first.total is not None and received < first.total:
        raise IncompleteExportError(
            f"Mixpanel announced {first.total} profiles and sent {received}.",
            reason="fewer profiles than total",
            details={"total": first.total, "received": received},
            **page.about(),
        )


def _require_progress(first: EngagePage, page: EngagePage, received: int, seen: set[bytes]) -> None:
    if page.results and page.digest in seen:
        raise IncompleteExportError(
            f"Page {page.page} has the same profiles as a page before it.", reason="repeated page"
        )
    seen.add(page.digest)
    if first.total is not None and received > MORE_THAN_TOTAL * first.total + _SOME:
        raise IncompleteExportError(
            f"Mixpanel announced {first.total} profiles, and sent {received} so far.",
            reason="more profiles than total",
        )


def _next_form(
    filters: Mapping[str, str], first: EngagePage, page: EngagePage
) -> Mapping[str, str]:
    if first.session_id is None:
        raise IncompleteExportError(reason="no session for the next page")
    if not (first.session_id.isprintable() and len(first.session_id) <= LONGEST_SESSION):
        raise IncompleteExportError(
            "The session_id of page 0 can't be sent back: it is too long, or not printable text.",
            reason="unusable session",
        )
    return {**filters, "session_id": first.session_id, "page": str(page.page + 1)}


def _fetch_page(fetch: Fetch, form: Mapping[str, str], number: int, redact: Redact) -> EngagePage:
    try:
        received = fetch(form)
    except QueryError as error:
        if number and _EXPIRED.search(error.message):
            raise IncompleteExportError(
                error.message, reason="session expired", **request_context_of(error)
            ) from error
        raise
    with add_request_context(received.about):
        return _read_page(received, number, redact)


def _read_page(received: Received, number: int, redact: Redact) -> EngagePage:
    answer = _parse(received.body)
    if not isinstance(answer, dict) or not isinstance(answer.get("results"), list):
        raise _not_a_page(answer, number, redact)
    if _count(answer, "page") not in (None, number):
        raise IncompleteExportError(
            f"Page {number} was requested, and page {answer['page']} was received.",
            reason="wrong page",
        )
    session = answer.get("session_id")
    return EngagePage(
        page=number,
        body=received.body,
        results=len(answer["results"]),
        page_size=_count(answer, "page_size"),
        total=_count(answer, "total"),
        session_id=_text(session) if session else None,
        requests=received.requests,
        about=received.about,
        digest=_digest(answer["results"], received.body),
    )


def _digest(results: list[Any], body: bytes) -> bytes:
    """Return a hash of the profiles' ids, in order, or of the whole array if any id is missing."""
    ids = [item.get("$distinct_id") if isinstance(item, dict) else None for item in results]
    digest = hashlib.blake2b(digest_size=16)
    if None in ids:
        digest.update(memoryview(body)[max(body.find(b'"results"'), 0) :])
        return digest.digest()
    # In parts: the UTF-8 bytes of a long id would take several times the memory of the page.
    for found in ids:
        text = found if isinstance(found, str) else repr(found)
        digest.update(f"{type(found).__name__} {len(text)} ".encode())
        for at in range(0, len(text), _DIGESTED):
            digest.update(text[at : at + _DIGESTED].encode("utf-8", "backslashreplace"))
    return digest.digest()


def _parse(body: bytes) -> Any:
    """Parse the JSON, one character a byte; return None if it is invalid.

    The result is only counted, so invalid characters and large numbers are accepted. JSON's own
    characters are ASCII. Decoded as UTF-8, one wide character would make each of the others take
    four bytes.
    """
    text = body.decode("latin-1")
    try:
        return json.loads(text, strict=False, parse_int=_int, parse_float=str)
    except (ValueError, RecursionError):
        return page_without_profiles(text)  # one invalid profile must not lose the others


def _text(value: Any) -> str:
    """Return a string of :func:`_parse` as Mixpanel wrote it."""
    text = str(value)
    try:
        return text.encode("latin-1").decode("utf-8", "replace")
    except UnicodeEncodeError:  # it was written with JSON escapes
        return text


def _int(digits: str) -> int | str:
    return int(digits) if len(digits) < 20 else digits  # Python rejects more than 4,300


def _count(answer: Mapping[str, Any], key: str) -> int | None:
    value = answer.get(key)
    return value if isinstance(value, int) and not isinstance(value, bool) and value >= 0 else None


def _not_a_page(answer: Any, number: int, redact: Redact) -> IncompleteExportError:
    message = redact(_text(answer.get("error", ""))[:_SHOWN]) if isinstance(answer, dict) else ""
    expired = number and _EXPIRED.search(message)
    return IncompleteExportError(
        message[:300], reason="session expired" if expired else "not a page of profiles"
    )
