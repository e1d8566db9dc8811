"""The client behind its budget, against a server that counts by itself, on one clock."""

import threading
import time
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from types import SimpleNamespace

import httpx
import pytest
import stamina
from support.account import account_of

from mixpanel_data._internal.api_client import MixpanelAPIClient
from mixpanel_data._internal.rate_limit.permit import CountedPermit
from mixpanel_data._internal.rate_limit.request_log import NETWORK_DELAY_SECONDS
from mixpanel_data._internal.rate_limit.slots import take_slot
from mixpanel_data.exceptions import APIError, RateLimitError, ServerError
from mixpanel_data.sandbox import Sandbox
from mixpanel_data.sandbox.faults import Fault, FaultKind

from .conftest import HOUR

DAY = date(2026, 3, 4)


@pytest.fixture
def sandbox(machine) -> Iterator[Sandbox]:
    """A server with Mixpanel's limits."""
    with Sandbox(rate_limits=True, clock=lambda: machine.wall) as server:
        for n in range(300):
            server.dataset.add_event(f"event {n}", 1_772_582_400_000 + n, distinct_id="u")
        yield server


@pytest.fixture
def connect(sandbox):
    """Clients of that server, whose failures cost no time."""
    opened = []

    def make(gate, **settings) -> MixpanelAPIClient:
        credentials = account_of(sandbox)
        opened.append(
            MixpanelAPIClient(
                credentials, base_url=sandbox.base_url, gate=gate, max_rate_limit_wait=None, **settings
            )
        )  # fmt: skip
        return opened[-1]

    with stamina.set_testing(True, attempts=200):
        yield make
    for client in opened:
        client.close()


def read(client) -> int:
    """How many requests one export took."""
    with client.export(DAY, DAY) as stream:
        assert b"".join(stream.iter_raw())
        return stream.requests


def statuses(sandbox) -> list[int | None]:
    return [call.status for call in sandbox.requests]


def test_promise_6_the_server_never_says_429(sandbox, budget, connect):
    one, other = (connect(budget(max_wait=2 * HOUR)) for _ in range(2))
    for _ in range(65):
        read(one)
        read(other)
        list(other.engage_pages())

    assert statuses(sandbox) == [200] * 195


def test_promise_6_nor_when_requests_fail_and_are_retried(sandbox, budget, connect):
    sandbox.faults.add(Fault(FaultKind.STATUS_503, times=90))
    client = connect(budget(max_wait=2 * HOUR), max_attempts=100)

    assert read(client) == 91
    assert set(statuses(sandbox)) == {503, 200}


def test_a_429_is_waited_out_before_the_next_try(machine, sandbox, budget, connect, reported):
    sandbox.faults.add(Fault(FaultKind.STATUS_429, times=2))

    assert read(connect(budget())) == 3
    assert machine.now == pytest.approx(90, abs=1)
    assert reported == [
        (30, "the export budget, used up according to Mixpanel (429)"),
        (60, "the export budget, used up according to Mixpanel (429)"),
    ]


@pytest.mark.parametrize("form", ["seconds", "date"])
def test_retry_after_is_honoured_in_either_form(machine, sandbox, budget, connect, form):
    after = 200 if form == "seconds" else datetime.now(UTC) + timedelta(seconds=200)
    sandbox.faults.add(Fault(FaultKind.STATUS_429, retry_after=after))

    read(connect(budget()))

    assert machine.now == pytest.approx(200, abs=3)


def test_429s_do_not_use_up_the_tries(sandbox, budget, connect):
    for kind in (FaultKind.STATUS_503, FaultKind.STATUS_429) * 4:
        sandbox.faults.add(Fault(kind))

    with pytest.raises(ServerError):
        read(connect(budget(), max_attempts=4))
    assert statuses(sandbox) == [503, 429, 503, 429, 503, 429, 503]


def test_429s_end_when_patience_does(machine, sandbox, budget, connect):
    sandbox.faults.add(Fault(FaultKind.STATUS_429, times=None))

    with pytest.raises(RateLimitError) as caught:
        read(connect(budget(max_wait=100)))

    assert statuses(sandbox) == [429, 429, 429]
    assert machine.now == pytest.approx(90, abs=1)
    assert caught.value.retry_after == 120


def test_with_no_patience_a_429_ends_it_at_once(machine, sandbox, budget, connect):
    sandbox.faults.add(Fault(FaultKind.STATUS_429, times=None))

    with pytest.raises(RateLimitError):
        read(connect(budget(max_wait=0)))

    assert (machine.now, len(sandbox.requests)) == (0, 1)


def test_no_process_sleeps_after_the_last_request(machine, sandbox, budget, connect, monkeypatch):
    log = []
    process = budget(hourly_limit=2, max_wait=2 * HOUR)
    process._wait_limit._sleep = lambda seconds: (log.append("sleep"), machine.sleep(seconds))
    monkeypatch.setattr(time, "sleep", lambda _seconds: log.append("sleep"))
    client = connect(process)
    for _ in range(5):
        read(client)
        log.append("request")

    assert "sleep" in log
    assert log[-1] == "request"


def taken(folder) -> bool:
    """Whether an export is under way."""
    slot = take_slot(folder, "export", 1)
    if slot:
        slot.release()
    return slot is None


def test_a_place_is_taken_until_the_body_is_read(sandbox, budget, connect, folder):
    with connect(budget()).export(DAY, DAY) as stream:
        chunks = stream.iter_raw()
        next(chunks)
        assert taken(folder)
        b"".join(chunks)
    assert not taken(folder)


def test_a_place_is_free_when_the_body_is_left_unread(sandbox, budget, connect, folder):
    with connect(budget()).export(DAY, DAY):
        assert taken(folder)
    assert not taken(folder)


@pytest.mark.parametrize(
    "kind", [FaultKind.STATUS_402, FaultKind.REDIRECT, FaultKind.RESET_BEFORE_HEADERS]
)
def test_a_place_is_free_after_a_failure(sandbox, budget, connect, folder, kind):
    sandbox.faults.add(Fault(kind))
    with pytest.raises(APIError):
        read(connect(budget(), max_attempts=1))

    assert not taken(folder)


def test_a_place_is_free_after_an_answer_from_memory(budget, connect, folder):
    """As a test's transport gives it: closed before it is handed over."""
    client = connect(
        budget(), _transport=httpx.MockTransport(lambda _: httpx.Response(200, content=b"{}\n"))
    )
    assert read(client) == 1

    assert not taken(folder)


def test_a_request_counts_as_arrived_once_it_is_sent_not_when_it_is_answered(
    machine, sandbox, budget, connect
):
    release = threading.Event()
    sandbox.faults.add(Fault(FaultKind.STALL_BEFORE_HEADERS, until=release, seconds=60))
    process = budget()
    thread = threading.Thread(target=read, args=(connect(process),))
    thread.start()

    def arrived() -> list[tuple[float, float | None]]:
        return process._file.read(
            lambda log: log.connection.execute("SELECT granted, reached FROM requests").fetchall()
        )

    limit = time.monotonic() + 20
    while arrived() != [(0.0, NETWORK_DELAY_SECONDS)] and time.monotonic() < limit:
        time.sleep(0.01)
    assert thread.is_alive()
    waiting = arrived()
    release.set()
    thread.join()

    assert waiting == [(0.0, NETWORK_DELAY_SECONDS)]
    assert arrived() == [(0.0, 0.0)]


def test_what_a_proxy_is_asked_first_is_not_the_request():
    sent = []
    permit = CountedPermit(SimpleNamespace(mark_sent=lambda: sent.append(True)))
    trace = permit.extensions["trace"]
    for method in (b"CONNECT", b"GET"):
        trace("http11.send_request_headers.started", {"request": SimpleNamespace(method=method)})
        trace("http11.send_request_body.complete", {})
        sent.append(method)

    assert sent == [b"CONNECT", True, b"GET"]
