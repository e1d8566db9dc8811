"""All profiles, page by page: one session of a cached result at Mixpanel.

The rules are those of Mixpanel's query OpenAPI file (engage): the first request names neither
session nor page, the next ones repeat its filters, and a page shorter than ``page_size`` is the
last, although it carries a session, too.
"""

import hashlib
import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from mixpanel_data._internal.api.exchange import About, same_request, told_of
from mixpanel_data._internal.api.json_pieces import page_without_profiles
from mixpanel_data._internal.api.requester import Received
from mixpanel_data.exceptions import HTTPContext, IncompleteExportError, QueryError

_EXPIRED = re.compile(r"(?i)uncached query|session")

MORE_THAN_TOTAL = 2
"""So many times the total of page 0, and some, may come: profiles are made while they are read."""

_SOME = 10_000
LONGEST_SESSION = 4_096  # characters; Mixpanel's have some dozens
_DIGESTED = 1 << 20  # characters at a time
_SHOWN = 65_536  # characters of an error that are looked at

Redact = Callable[[str], str]
Fetch = Callable[[Mapping[str, str]], Received]
"""Sends a form to engage; gives the whole answer."""


@dataclass(frozen=True)
class EngagePage:
    """One page. ``body`` is Mixpanel's JSON as it came, decompressed; the rest was read from it.

    ``total`` counts all pages and is dependable on page 0 only; ``requests`` includes retries.
    """

    page: int
    body: bytes
    results: int
    page_size: int | None
    total: int | None
    session_id: str | None
    requests: int
    about: About = field(default=HTTPContext, repr=False, compare=False)
    """What an error about this page says of it."""
    digest: bytes = b""
    """Equal for pages of the same profiles."""

    @property
    def is_last(self) -> bool:
        """Whether the page is shorter than it could be. A server that does not tell its size must
        send an empty one."""
        return self.results < (self.page_size or 1)


def engage_pages(fetch: Fetch, filters: Mapping[str, str], redact: Redact) -> Iterator[EngagePage]:
    """The pages of one session, in order.

    Raises IncompleteExportError, after which the pages so far are worth nothing and the read begins
    again at page 0, with the reason ``session expired``, ``no session for the next page``, ``not a
    page of profiles``, ``wrong page`` or ``fewer profiles than total``; with ``repeated page``,
    ``more profiles than total`` or ``unusable session`` for a server that would send pages for
    ever; and whatever ``fetch`` raises.
    """
    page = first = _page(fetch, filters, 0, redact)
    received = first.results
    seen = {page.digest}
    yield first
    while not page.is_last:
        with told_of(page.about):
            form = _next_form(filters, first, page)
        page = _page(fetch, form, page.page + 1, redact)
        received += page.results
        with told_of(page.about):
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
            f"Mixpanel announced {first.total} profiles, and {received} have come.",
            reason="more profiles than total",
        )


def _next_form(
    filters: Mapping[str, str], first: EngagePage, page: EngagePage
) -> Mapping[str, str]:
    if first.session_id is None:
        raise IncompleteExportError(reason="no session for the next page")
    if not (first.session_id.isprintable() and len(first.session_id) <= LONGEST_SESSION):
        raise IncompleteExportError(
            "The session_id of page 0 can't be sent back: it is too long, or no printable text.",
            reason="unusable session",
        )
    return {**filters, "session_id": first.session_id, "page": str(page.page + 1)}


def _page(fetch: Fetch, form: Mapping[str, str], number: int, redact: Redact) -> EngagePage:
    try:
        received = fetch(form)
    except QueryError as error:
        if number and _EXPIRED.search(error.message):
            raise IncompleteExportError(
                error.message, reason="session expired", **same_request(error)
            ) from error
        raise
    with told_of(received.about):
        return _read(received, number, redact)


def _read(received: Received, number: int, redact: Redact) -> EngagePage:
    answer = _parse(received.body)
    if not isinstance(answer, dict) or not isinstance(answer.get("results"), list):
        raise _not_a_page(answer, number, redact)
    if _count(answer, "page") not in (None, number):
        raise IncompleteExportError(
            f"Page {number} was asked for, page {answer['page']} came.", reason="wrong page"
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
    """Of the profiles' ids, in order; of all that the profiles hold where an id is missing or can't
    be read."""
    ids = [item.get("$distinct_id") if isinstance(item, dict) else None for item in results]
    digest = hashlib.blake2b(digest_size=16)
    if None in ids:
        digest.update(memoryview(body)[max(body.find(b'"results"'), 0) :])
        return digest.digest()
    # In pieces: the bytes of a long id, on their way, would be several times as large as the page.
    for found in ids:
        text = found if isinstance(found, str) else repr(found)
        digest.update(f"{type(found).__name__} {len(text)} ".encode())
        for at in range(0, len(text), _DIGESTED):
            digest.update(text[at : at + _DIGESTED].encode("utf-8", "backslashreplace"))
    return digest.digest()


def _parse(body: bytes) -> Any:
    """The JSON, or None; one character for each byte. Only for counting, so odd characters and big
    numbers pass.

    JSON's own characters are ASCII. As UTF-8, one wide character would make each of the others take
    four bytes.
    """
    text = body.decode("latin-1")
    try:
        return json.loads(text, strict=False, parse_int=_int, parse_float=str)
    except (ValueError, RecursionError):
        return page_without_profiles(text)  # one profile may be to blame; it costs no other


def _text(value: Any) -> str:
    """A value of :func:`_parse` as Mixpanel wrote it."""
    text = str(value)
    try:
        return text.encode("latin-1").decode("utf-8", "replace")
    except UnicodeEncodeError:  # written with escapes
        return text


def _int(digits: str) -> int | str:
    return int(digits) if len(digits) < 20 else digits  # Python refuses more than 4,300


def _count(answer: Mapping[str, Any], key: str) -> int | None:
    value = answer.get(key)
    return value if isinstance(value, int) and not isinstance(value, bool) and value >= 0 else None


def _not_a_page(answer: Any, number: int, redact: Redact) -> IncompleteExportError:
    said = redact(_text(answer.get("error", ""))[:_SHOWN]) if isinstance(answer, dict) else ""
    expired = number and _EXPIRED.search(said)
    return IncompleteExportError(
        said[:300], reason="session expired" if expired else "not a page of profiles"
    )
