"""What each answer, and each failure to get one, is called."""

import gzip
import json
import socket
import ssl
import time
from collections.abc import Iterator
from datetime import UTC, date, datetime
from typing import Any

import httpx
import pytest
from support.scripted_server import Answer, ScriptedServer, http

from mixpanel_data._internal.api.errors import retry_after
from mixpanel_data.exceptions import (
    APIError,
    AuthenticationError,
    ConfigError,
    QueryError,
    RateLimitError,
    ServerError,
)

from .conftest import Connect

DAY = date(2026, 1, 1)


def failure(connect: Connect, *answers: bytes | Answer, base_url: str | None = None) -> APIError:
    """What an export without further tries raises."""
    with ScriptedServer(*answers) as server:
        client = connect(base_url or server.base_url, max_attempts=1)
        with pytest.raises(APIError) as caught, client.export(DAY, DAY):
            pass
    return caught.value


def test_a_request_that_is_too_long_for_an_address_is_named_and_not_sent(connect: Connect) -> None:
    with ScriptedServer() as server:
        client = connect(server.base_url)
        with (
            pytest.raises(QueryError, match=r"'where' has 70,000 characters") as caught,
            client.export(DAY, DAY, where="x" * 70_000),
        ):
            pass

    assert caught.value.request_url == f"{server.base_url}/api/2.0/export"
    assert server.asked == []


@pytest.mark.parametrize(
    ("status", "body", "kind", "says"),
    [
        (400, "to_date cannot be later than today", QueryError, "to_date cannot be later"),
        (400, {"error": "Unable to authenticate request"}, AuthenticationError, "region"),
        (400, {"error": "Your plan does not support raw data export"}, QueryError, "plan does not"),
        (401, {"error": "Invalid credentials"}, AuthenticationError, "Invalid credentials"),
        (401, "upgrade your plan", AuthenticationError, "expiry date"),
        (402, {"error": "Payment required"}, QueryError, "plan does not include this call"),
        (403, {"message": "no permission"}, AuthenticationError, "access to this project"),
        (403, "Date range exceeds 90 days into the past", QueryError, "history of the project's"),
        (404, {"error": {"code": 1}}, QueryError, '{"code": 1}'),
        (412, "", QueryError, "HTTP 412"),
        (413, b"\xff", QueryError, "\ufffd"),
        (422, "[]", QueryError, "HTTP 422: []"),
        (429, {"error": "Query rate limit exceeded"}, RateLimitError, "request budget is used up"),
        (500, {"message": "unknown error"}, ServerError, "unknown error"),
        (503, "<html>\n busy </html>", ServerError, "<html> busy </html>"),
        (599, "", ServerError, "HTTP 599"),
        (206, "part", APIError, "unexpected response"),
        (304, "", APIError, "redirects to 127.0.0.1"),
    ],
)
def test_each_status_has_its_error(
    connect: Connect, status: int, body: Any, kind: type[APIError], says: str
) -> None:
    error = failure(connect, http(status, body))

    assert type(error) is kind
    assert error.status_code == status
    assert says in str(error)


@pytest.mark.parametrize(
    ("status", "body", "limit"),
    [
        (402, "", "call"),
        (403, "Your plan does not support raw data export", "call"),
        (403, "Date range exceeds 90 days into the past", "history"),
        (400, 'where: the property "plan" is not allowed here', None),
    ],
)
def test_limits_of_the_plan_have_codes_of_their_own(
    connect: Connect, status: int, body: str, limit: str | None
) -> None:
    error = failure(connect, http(status, body))

    assert isinstance(error, QueryError)
    assert error.plan_limit == limit


def test_errors_carry_the_request_and_the_answer(connect: Connect) -> None:
    with ScriptedServer(http(400, {"error": "bad", "request": "/x"})) as server:
        client = connect(server.base_url)
        with pytest.raises(QueryError) as caught:
            list(client.engage_pages(where="w & x"))

    error = caught.value
    assert error.request_method == "POST"
    assert error.request_url == f"{server.base_url}/api/query/engage"
    assert error.request_params == {"project_id": "12345"}
    assert error.request_body == {"where": "w & x"}
    assert error.response_body == {"error": "bad", "request": "/x"}


def test_long_bodies_are_cut_and_compressed_ones_read(connect: Connect) -> None:
    packed = gzip.compress(b"x" * 100_000)

    error = failure(connect, http(500, packed, Content_Encoding="gzip"))

    assert error.response_body == "x" * 2000 + "…"
    assert len(str(error)) < 500


def test_an_error_page_that_breaks_off_still_gives_its_status(connect: Connect) -> None:
    assert failure(connect, http(403, "half", Content_Length="99")).status_code == 403
    assert failure(connect, http(403, b"no gzip", Content_Encoding="gzip")).status_code == 403


def test_a_redirect_is_never_followed(connect: Connect) -> None:
    with ScriptedServer(http(200, "stolen")) as other:
        for status in (301, 302, 303, 307, 308):
            elsewhere = f"{other.base_url.replace('127.0.0.1', 'localhost')}/api"
            error = failure(connect, http(status, Location=elsewhere))
            assert "redirects to localhost" in str(error)

    assert other.asked == []


def test_an_unreadable_redirect_is_an_error_like_others(connect: Connect) -> None:
    assert isinstance(failure(connect, http(302, Location="http://[")), APIError)


@pytest.fixture
def _in_new_york() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("TZ", "America/New_York")
        time.tzset()
        yield
    time.tzset()


NOW = datetime(2026, 1, 1, 12, 0, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        (None, None),
        ("", None),
        ("0", 0),
        ("60", 60),
        (" 7 ", 7),
        ("1.2", 2),
        ("99999", 3600),
        ("-1", None),
        ("soon", None),
        ("nan", None),
        ("9" * 5000, None),
        ("²", None),
        ("Thu, 01 Jan 2026 12:01:30 GMT", 90),
        ("Thu, 01 Jan 2026 12:01:30 -0000", 90),
        ("Thu, 01 Jan 2026 11:59:59 GMT", None),
        ("Fri, 02 Jan 2026 12:00:00 GMT", 3600),
        ("Thu, 01 Jan 99999 12:00:00 GMT", None),
    ],
)
@pytest.mark.usefixtures("_in_new_york")  # HTTP dates are GMT wherever we are
def test_retry_after_is_read_with_caution(header: str | None, seconds: int | None) -> None:
    assert retry_after(header, NOW) == seconds


def test_a_rate_limit_error_says_when_to_come_back_if_mixpanel_did(connect: Connect) -> None:
    with_header, without = (
        failure(connect, http(429, **sent)) for sent in ({"Retry_After": "90"}, {})
    )

    assert isinstance(with_header, RateLimitError)
    assert isinstance(without, RateLimitError)
    assert (with_header.retry_after, without.retry_after) == (90, None)
    assert "in 90 seconds" in str(with_header)
    assert "gave no time" in str(without)


def closed_port() -> int:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        return int(unused.getsockname()[1])


def test_a_refused_connection_is_named(connect: Connect) -> None:
    error = failure(connect, base_url=f"http://127.0.0.1:{closed_port()}")

    assert (error.status_code, error.details["cause"]) == (None, "refused")
    assert str(error) == "No response from 127.0.0.1: the connection was refused."


def test_a_connection_that_ends_without_an_answer_is_named(connect: Connect) -> None:
    for answer in (Answer(b""), Answer(b"", then="reset"), Answer(b"HTTP/1.1 2"), Answer(b"?\r\n")):
        assert failure(connect, answer).details["cause"] == "connection lost"


def test_silence_before_an_answer_is_named(connect: Connect) -> None:
    with ScriptedServer(Answer(b"", then="stall")) as server:
        client = connect(server.base_url, max_attempts=1, export_read_timeout=0.1)
        with pytest.raises(APIError, match="no response within") as caught, client.export(DAY, DAY):
            pass

    assert caught.value.details["cause"] == "timeout"


def test_plain_http_where_tls_is_expected_is_named(connect: Connect) -> None:
    with ScriptedServer(http(400)) as server:
        error = failure(connect, base_url=server.base_url.replace("http:", "https:"))

    assert error.details["cause"] in ("tls", "connection lost")


@pytest.mark.parametrize(
    ("below", "cause"),
    [
        (socket.gaierror(-2, "Name or service not known"), "dns"),
        (ssl.SSLCertVerificationError("self-signed"), "certificate"),
        (OSError("odd"), "network"),
    ],
)
def test_causes_that_no_loopback_can_make_are_named(
    connect: Connect, below: Exception, cause: str
) -> None:
    def refuse(request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("wrapped", request=request) from below

    client = connect(_transport=httpx.MockTransport(refuse))
    with (
        pytest.raises(APIError, match=r"No response from data\.mixpanel\.com") as caught,
        client.export(DAY, DAY),
    ):
        pass

    assert caught.value.details["cause"] == cause
    json.dumps(caught.value.to_dict())


@pytest.mark.parametrize(
    "base_url",
    ["", " ", "mixpanel.com", "ftp://host", "http://", "http://u:p4ss@host", "http://h?x", "http://h#", "http://[", "//h"],
)  # fmt: skip
def test_a_base_url_that_is_none_is_refused_without_repeating_it(
    connect: Connect, base_url: str
) -> None:
    with pytest.raises(ConfigError, match="MP_API_BASE_URL") as caught:
        connect(base_url)

    assert "p4ss" not in str(caught.value)


@pytest.mark.parametrize("tail", ["", "/", "/proxy/mixpanel/"])
def test_a_base_url_may_end_in_a_slash_or_a_path(connect: Connect, tail: str) -> None:
    with ScriptedServer(http(200, {})) as server:
        connect(server.base_url + tail).me()

    assert server.asked[0].target == f"{tail.rstrip('/')}/api/app/me"
