"""The client over answers from Mixpanel's own documentation, at Mixpanel's own addresses, written by hand."""

from datetime import date
from typing import Any

import pytest
import yaml
from support.openapi import specification

from mixpanel_data.exceptions import (
    AuthenticationError,
    IncompleteExportError,
    QueryError,
    RateLimitError,
)

from .conftest import Connect

# Never recorded, with any --record-mode; scheme and host count, too.
pytestmark = pytest.mark.vcr(
    record_mode="none", match_on=["method", "scheme", "host", "path", "query", "body"]
)

DAYS = date(2020, 10, 13), date(2020, 10, 15)


def documented(file: str, path: str, method: str) -> dict[str, Any]:
    """What an operation's 200 answer holds in Mixpanel's OpenAPI file."""
    [content] = specification(file)["paths"][path][method]["responses"]["200"]["content"].values()
    return content  # type: ignore[no-any-return]


def test_the_documented_export(connect: Connect) -> None:
    with connect().export(*DAYS) as stream:
        body = b"".join(stream.iter_raw()).decode()

    assert body == documented("export", "/export", "get")["schema"]["example"]


def test_the_documented_page_of_profiles(connect: Connect) -> None:
    [page] = connect().engage_pages()

    example = documented("query", "/engage", "post")["examples"]["example"]["value"]
    assert yaml.safe_load(page.body) == example
    assert (page.results, page.total, page.session_id) == (1, 1, "1234567890-EXAMPL")


def test_an_expired_session(connect: Connect) -> None:
    pages = connect().engage_pages()
    assert next(pages).results == 1

    with pytest.raises(IncompleteExportError) as caught:
        next(pages)
    assert caught.value.reason == "session expired"


def test_a_rate_limit(connect: Connect) -> None:
    client = connect(max_attempts=1)
    with pytest.raises(RateLimitError, match="Query rate limit exceeded") as caught:
        client.export(*DAYS).__enter__()

    assert caught.value.retry_after is None


def test_a_plan_without_raw_export(connect: Connect) -> None:
    with pytest.raises(QueryError, match="plan does not include this call") as caught:
        connect().export(*DAYS).__enter__()

    assert caught.value.plan_limit == "call"


def test_bad_credentials_as_a_bad_request(connect: Connect) -> None:
    with pytest.raises(AuthenticationError, match="a project exists in one region only"):
        next(connect().engage_pages())
