"""Retries: what is retried, how often, after how long, and what is asked before every request."""

import ssl
import time
from datetime import date

import httpx
import pytest
import stamina
from support.scripted_server import Answer, ScriptedServer, http

from mixpanel_data.exceptions import APIError, IncompleteExportError, RateLimitError, ServerError

from .conftest import Connect

DAY = date(2026, 1, 1)
BUSY = http(429)
DOWN = http(503)
GOOD = http(200, {"ok": True})


@pytest.mark.parametrize(
    "failure",
    [DOWN, http(500), http(599), BUSY, http(429, Retry_After="60"), Answer(b""), Answer(b"", "reset")],
)  # fmt: skip
def test_what_may_pass_is_retried(connect: Connect, failure: bytes | Answer) -> None:
    with (
        ScriptedServer(failure, GOOD) as server,
        connect(server.base_url).export(DAY, DAY) as stream,
    ):
        assert b"".join(stream.iter_raw()) == b'{"ok": true}'

    assert stream.requests == 2


@pytest.mark.parametrize("status", [302, 400, 401, 402, 403, 404, 412, 422])
def test_what_will_not_pass_is_not_retried(connect: Connect, status: int) -> None:
    with ScriptedServer(http(status), GOOD) as server, pytest.raises(APIError):
        connect(server.base_url).me()

    assert len(server.asked) == 1


def test_an_untrusted_certificate_is_not_retried(connect: Connect) -> None:
    calls = []

    def refuse(request: httpx.Request) -> httpx.Response:
        calls.append(request)
        raise httpx.ConnectError("x", request=request) from ssl.SSLCertVerificationError("x")

    with pytest.raises(APIError, match="not trusted"):
        connect(_transport=httpx.MockTransport(refuse)).me()

    assert len(calls) == 1


@pytest.mark.parametrize("attempts", [1, 3, 4])
def test_the_last_failure_is_raised_as_it_is(connect: Connect, attempts: int) -> None:
    with ScriptedServer(*[DOWN] * 9) as server, pytest.raises(ServerError, match="503"):
        connect(server.base_url, max_attempts=attempts).me()

    assert len(server.asked) == attempts


def test_after_the_first_byte_nothing_is_retried(connect: Connect) -> None:
    faulty = Answer(http(200, b"{}\n", Content_Length="99"), "reset")
    handed_on: list[bytes] = []
    with (
        ScriptedServer(faulty, GOOD) as server,
        pytest.raises(IncompleteExportError),
        connect(server.base_url).export(DAY, DAY) as stream,
    ):
        handed_on.extend(stream.iter_raw())

    assert handed_on == [b"{}\n"]
    assert len(server.asked) == 1


def test_the_gate_is_passed_before_every_request(connect: Connect) -> None:
    passed: list[str] = []
    asked_then: list[int] = []
    with ScriptedServer(DOWN, BUSY, GOOD, GOOD, http(200, {"results": []})) as server:

        def gate(family: str) -> None:
            passed.append(family)
            asked_then.append(len(server.asked))

        client = connect(server.base_url, gate=gate)
        client.me()
        with client.export(DAY, DAY):
            pass
        list(client.engage_pages())

    assert passed == ["app", "app", "app", "export", "query"]
    assert asked_then == [0, 1, 2, 3, 4]


def test_a_refusal_of_the_gate_is_final(connect: Connect) -> None:
    passed = []

    def gate(family: str) -> None:
        passed.append(family)
        if len(passed) > 1:
            raise RateLimitError("our own budget", retry_after=0)

    with ScriptedServer(DOWN, GOOD) as server, pytest.raises(RateLimitError, match="our own"):
        connect(server.base_url, gate=gate).me()

    assert (len(passed), len(server.asked)) == (2, 1)


@pytest.mark.parametrize(
    ("answer", "max_wait", "requests"),
    [
        (http(429, Retry_After="61"), 60, 1),
        (http(429, Retry_After="60"), 60, 4),
        (http(429, Retry_After="3600"), 3600, 4),
        (BUSY, 0, 1),
        (BUSY, 30, 2),
        (BUSY, 60, 3),
        (BUSY, 600, 4),
    ],
)
def test_a_rate_limit_is_waited_out_only_within_reason(
    connect: Connect, answer: bytes, max_wait: float, requests: int
) -> None:
    with ScriptedServer(*[answer] * 9) as server, pytest.raises(RateLimitError):
        connect(server.base_url, max_rate_limit_wait=max_wait).me()

    assert len(server.asked) == requests


@pytest.fixture
def slept(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The waits that would have been, with the real clock's sleep taken out."""
    waits: list[float] = []
    monkeypatch.setattr(time, "sleep", waits.append)
    return waits


def test_waits_follow_retry_after_or_double_from_half_a_minute_with_jitter(
    connect: Connect, slept: list[float]
) -> None:
    answers = [http(429, Retry_After="20"), BUSY, BUSY, GOOD]
    with stamina.set_testing(False), ScriptedServer(*answers) as server:
        connect(server.base_url).me()

    lows = [20, 30, 60]
    assert all(low <= wait <= low * 1.1 for low, wait in zip(lows, slept, strict=True))
    assert slept != lows


def test_waits_for_a_server_double_with_jitter_up_to_a_limit(
    connect: Connect, slept: list[float]
) -> None:
    with stamina.set_testing(False), ScriptedServer(DOWN, DOWN, DOWN, GOOD) as server:
        connect(server.base_url, retry_wait_max=7).me()

    first, second, third = slept
    assert 2 < first < 4
    assert 4 < second < 6
    assert third == 7
