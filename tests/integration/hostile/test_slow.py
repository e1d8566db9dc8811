"""Servers that take for ever, and texts that would: limits on waiting, and linear work."""

import json
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime
from typing import Any

import httpcore
import pytest
import stamina
from support.scripted_server import ScriptedServer, http

from mixpanel_data._internal.api.bounds import SPAN_SECONDS, Bounds
from mixpanel_data._internal.api.deadlines import Deadline, TooSlowError
from mixpanel_data._internal.api.errors import MAX_RETRY_AFTER, retry_after
from mixpanel_data._internal.api.redactor import Redactor
from mixpanel_data._internal.api_client import MixpanelAPIClient
from mixpanel_data._internal.auth.credentials import Credentials
from mixpanel_data._internal.clock import ServerClock
from mixpanel_data._redaction import redact
from mixpanel_data.exceptions import APIError, IncompleteExportError

from .conftest import SECRET, USERNAME

ACCOUNT = Credentials.model_validate(
    {"username": USERNAME, "secret": SECRET, "project_id": "1", "region": "us"}
)
DAY = date(2026, 3, 10)


@pytest.fixture(autouse=True)
def _no_waits() -> Iterator[None]:
    with stamina.set_testing(True, attempts=4, cap=True):
        yield


@contextmanager
def dripping(head: bytes, drop: bytes, *, every: float) -> Iterator[tuple[str, list[int]]]:
    """A server that sends ``head``, and then ``drop`` repeatedly; its address, and how many asked."""
    ended, asked = threading.Event(), [0]
    listening = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        while not ended.is_set():
            try:
                connection, _ = listening.accept()
            except OSError:
                return
            asked[0] += 1
            with connection:
                connection.recv(65536)
                try:
                    connection.sendall(head)
                    while not ended.wait(every):
                        connection.sendall(drop)
                except OSError:
                    continue

    threading.Thread(target=serve, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{listening.getsockname()[1]}", asked
    finally:
        ended.set()
        listening.close()


def client(url: str, **bounds: Any) -> MixpanelAPIClient:
    return MixpanelAPIClient(ACCOUNT, base_url=url, bounds=Bounds(**bounds))


def export(of: MixpanelAPIClient) -> None:
    with of.export(DAY, DAY) as stream:
        for _ in stream.iter_raw():
            pass


HEAD = b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n"
ENDLESS = {
    "a body": (HEAD, b"x"),
    "headers": (b"HTTP/1.1 200 OK\r\nX-A: ", b"a"),
    "informational answers": (b"HTTP/1.1 103 Early Hints\r\n\r\n", b"HTTP/1.1 103 Early Hints\r\n\r\n"),
}  # fmt: skip


@pytest.mark.parametrize(("head", "drop"), ENDLESS.values(), ids=ENDLESS)
@pytest.mark.parametrize("call", [export, MixpanelAPIClient.me], ids=["export", "me"])
def test_a_drip_ends_at_the_time_limit(
    head: bytes, drop: bytes, call: Callable[[MixpanelAPIClient], object]
) -> None:
    limits = {"export_seconds": 0.6, "answer_seconds": 0.6}
    with dripping(head, drop, every=0.05) as (url, asked), client(url, **limits) as slow:
        started = time.monotonic()
        with pytest.raises(
            (IncompleteExportError, APIError), match=r"after waiting 0\.6 seconds"
        ) as caught:
            call(slow)

    assert time.monotonic() - started < 20
    assert asked == [1]
    assert "MP_MAX_ANSWER_TIME" in str(caught.value)


def test_informational_answers_that_come_too_fast_to_wait_for_end_too() -> None:
    hint = b"HTTP/1.1 103 Early Hints\r\nX-A: " + b"a" * 60_000 + b"\r\n\r\n"
    with (
        ScriptedServer(hint * 40) as server,
        client(server.base_url) as fast,
        pytest.raises(APIError, match="No response began within 1,000,000 bytes"),
    ):
        fast.me()


def deadline(**limits: Any) -> Deadline:
    return Deadline(**{"begin": 100.0, "total": 10_000.0, "lowest_rate": 100, **limits})


def test_the_rate_is_an_average_over_spans_of_waiting() -> None:
    fair = deadline()
    fair.mark_answered()
    for _ in range(10):
        fair.count_wait(SPAN_SECONDS / 2, 0)
        fair.count_wait(SPAN_SECONDS / 2, int(100 * SPAN_SECONDS))

    slow = deadline()
    slow.mark_answered()
    slow.count_wait(SPAN_SECONDS / 2, int(99 * SPAN_SECONDS))
    with pytest.raises(TooSlowError, match="fewer than 100 a second"):
        slow.count_wait(SPAN_SECONDS / 2, 0)


def test_whoever_reads_slowly_does_not_use_up_the_servers_time() -> None:
    body = b"x" * 3_000_000
    with (
        ScriptedServer(http(200, body)) as server,
        client(server.base_url, export_seconds=0.5) as slow,
    ):
        received = 0
        with slow.export(DAY, DAY) as stream:
            for chunk in stream.iter_raw():
                received += len(chunk)
                threading.Event().wait(0.02)

    assert received == len(body)


def test_headers_have_a_limit_of_their_own() -> None:
    silent = deadline()
    silent.count_wait(99.0, 10)
    assert silent.remaining_seconds() == 1.0
    silent.mark_answered()
    assert silent.remaining_seconds() == 9_901.0
    with pytest.raises(httpcore.ReadTimeout):
        deadline(total=5.0).count_wait(6.0, 2_000_000)


# Each text twice as long may cost twice the work; what was here before cost four times as much.
LONG: dict[str, Callable[[int], str]] = {
    "a.a.a": lambda n: "a." * (n // 2),
    "a-a://": lambda n: "a+a://" * (n // 6),
    "names": lambda n: "authorization: basic " * (n // 21),
    "spaces": lambda n: "secret" + " " * n,
    "basic": lambda n: "basic " * (n // 6),
    "backslashes": lambda n: "\\" * n,
    "percents": lambda n: "%" * n,
    "quotes": lambda n: "token=\"'" * (n // 8),
    "almost": lambda n: SECRET[:-1] * (n // 31),
    "hex": lambda n: "\\u0074" * (n // 6),
}


def seconds(work: Callable[[], object]) -> float:
    """CPU seconds, the least of three."""
    spent = []
    for _ in range(3):
        started = time.thread_time()
        work()
        spent.append(time.thread_time() - started)
    return min(spent)


@pytest.mark.parametrize("make", LONG.values(), ids=LONG)
def test_redaction_takes_linear_time(make: Callable[[int], str]) -> None:
    redactor = Redactor(ACCOUNT)
    redactor("")  # its pattern is made once

    short, long = (seconds(lambda size=size: redactor(make(size))) for size in (16_384, 65_536))

    assert long < 12 * short + 0.05  # quadratic: 16 times
    assert seconds(lambda: redact(make(65_536))) < 1.0


@pytest.mark.parametrize("make", LONG.values(), ids=LONG)
def test_a_long_error_is_dealt_with_at_once(make: Callable[[int], str]) -> None:
    answers = [http(400, make(400_000)), http(200, json.dumps({"error": make(400_000)}))]
    with ScriptedServer(*answers) as server, client(server.base_url) as asking:
        started = time.thread_time()
        for _ in answers:
            with pytest.raises((APIError, IncompleteExportError)) as caught:
                list(asking.engage_pages())
            assert len(str(caught.value)) < 1_000

    assert time.thread_time() - started < 3.0


NOW = datetime(2026, 3, 10, tzinfo=UTC)
ODD = {
    "100000000000": MAX_RETRY_AFTER, "1e400": None, "-1": None, "-1e400": None, "NaN": None, "inf": None,
    "": None, "soon": None, "9" * 5_000: None, "1" * 400: None, "0x10": None, "١٢": 12,
    "Fri, 31 Dec 9999 23:59:59 GMT": MAX_RETRY_AFTER, "Mon, 01 Jan 0001 00:00:00 +2359": None,
    "Fri, 31 Dec 9999 23:59:59 -2359": MAX_RETRY_AFTER, "Tue, 99 Foo 2026 99:99:99 GMT": None,
    "Tue, 10 Mar 2026 00:00:30": 30, "Tue, 10 Mar 99999999999 00:00:00 GMT": None, ", ,": None, "\x00": None,
    "Tue, 10 Mar 2026 00:00:00 +99999999999999": None,
}  # fmt: skip


@pytest.mark.parametrize(("header", "expected"), ODD.items(), ids=[repr(text[:30]) for text in ODD])
def test_an_odd_time_to_wait_is_bounded_or_none(header: str, expected: int | None) -> None:
    assert retry_after(header, NOW) == expected
    ServerClock().read({"date": header})


def page(number: int, ids: list[str], **other: Any) -> bytes:
    results = [{"$distinct_id": one, "$properties": {}} for one in ids]
    answer = {"page": number, "page_size": 2, "session_id": "s", "total": 9, "results": results}
    return http(200, json.dumps(answer | other))


FOR_EVER: dict[str, tuple[list[bytes], str]] = {
    "the same page": ([page(n, ["a", "b"]) for n in range(9)], "repeated page"),
    "the same page, another session": ([page(n, ["a", "b"], session_id=f"s{n}") for n in range(9)], "repeated page"),
    "two pages that alternate": ([page(n, ["ab"[n % 2], "cd"[n % 2]]) for n in range(9)], "repeated page"),
    "profiles without ids": ([page(n, [], results=[{}, {}]) for n in range(9)], "repeated page"),
    "half a character": ([page(0, ["a", "b"], session_id="\ud800")] * 2, "unusable session"),
    "control characters": ([page(0, ["a", "b"], session_id="a\r\nX: b")] * 2, "unusable session"),
    "a megabyte": ([page(0, ["a", "b"], session_id="s" * 1_000_000)] * 2, "unusable session"),
}  # fmt: skip


@pytest.mark.parametrize(("answers", "reason"), FOR_EVER.values(), ids=FOR_EVER)
def test_pages_without_end_stop_at_the_first_that_says_so(
    answers: list[bytes], reason: str
) -> None:
    with ScriptedServer(*answers) as server, client(server.base_url) as asking:
        with pytest.raises(IncompleteExportError) as caught:
            list(asking.engage_pages())

        assert caught.value.reason == reason
        assert len(server.asked) <= 3


def test_more_profiles_than_were_announced_end_too() -> None:
    size = 5_000
    answers = [
        page(n, [f"{n}-{i}" for i in range(size)], page_size=size, total=3) for n in range(9)
    ]
    with ScriptedServer(*answers) as server, client(server.base_url) as asking:
        with pytest.raises(IncompleteExportError) as caught:
            list(asking.engage_pages())

        assert (caught.value.reason, len(server.asked)) == ("more profiles than total", 3)
