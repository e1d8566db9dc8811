"""Rate limits: section 3 of docs/mixpanel-facts.md, on a clock that the test sets."""

import time

import httpx
import pytest

from mixpanel_data.sandbox import Fault, FaultKind, Sandbox
from mixpanel_data.sandbox.limits import EXPORT, HOUR, QUERY, Limiter

EXPORT_PATH = "/api/2.0/export"
PARAMS = {"from_date": "2026-03-04", "to_date": "2026-03-04"}


class Clock:
    """Seconds since the epoch that pass only when the test sets them."""

    now = 1_780_000_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    """A clock of the test's own."""
    return Clock()


@pytest.fixture
def limited(clock, connect):
    """A sandbox with limits, and a client of it."""
    with Sandbox(rate_limits=True, clock=clock) as sandbox:
        yield sandbox, connect(sandbox)


def _engage_soon(client: httpx.Client) -> int:
    """The status once it is no 429 any more, or after five seconds: the server notices a lost client in its own time."""
    for _ in range(100):
        status = client.post("/api/query/engage").status_code
        if status != 429:
            break
        time.sleep(0.05)
    return status


def _export(client: httpx.Client) -> int:
    return client.get(EXPORT_PATH, params=PARAMS).status_code


def test_60_exports_an_hour_over_a_rolling_window(limited, clock):
    _, client = limited
    statuses = []
    for _ in range(61):
        statuses.append(_export(client))
        clock.now += 1
    assert statuses == [200] * 60 + [429]

    clock.now += HOUR - 62
    assert _export(client) == 429
    clock.now += 1
    assert _export(client) == 200
    assert _export(client) == 429


def test_3_exports_a_second(limited, clock):
    _, client = limited

    assert [_export(client) for _ in range(4)] == [200, 200, 200, 429]
    clock.now += 1
    assert _export(client) == 200


def test_a_429_says_so_in_text_and_names_no_time(limited):
    _, client = limited
    for _ in range(4):
        answer = client.get(EXPORT_PATH, params=PARAMS)

    assert answer.text.strip() == "Query rate limit exceeded"
    assert "retry-after" not in answer.headers


def test_a_time_to_wait_can_be_configured(clock, connect):
    with Sandbox(rate_limits=True, clock=clock, retry_after=17) as sandbox:
        answers = [connect(sandbox).get(EXPORT_PATH, params=PARAMS) for _ in range(4)]

    assert answers[-1].headers["retry-after"] == "17"


def test_queries_share_60_an_hour_and_exports_do_not_count(limited):
    _, client = limited
    assert _export(client) == 200

    engage = [client.post("/api/query/engage").status_code for _ in range(59)]
    names = {"type": "general"}
    other = [client.get("/api/query/events/names", params=names).status_code for _ in range(2)]

    assert engage == [200] * 59
    assert other == [200, 429]
    assert client.get("/api/app/me").status_code == 200
    assert _export(client) == 200


def test_lexicon_has_5_a_minute_of_its_own(limited, clock):
    _, client = limited
    client.params = {}
    base = "/api/app/projects/1234567"

    schemas = [client.get(f"{base}/schemas").status_code for _ in range(3)]
    schemas += [client.get(f"{base}/schemas/event").status_code for _ in range(3)]
    refused = client.get(f"{base}/schemas")

    assert schemas == [200] * 5 + [429]
    assert refused.json() == {"status": "error", "error": "Query rate limit exceeded"}
    assert client.get(f"{base}/annotations").status_code == 200
    clock.now += 60
    assert client.get(f"{base}/schemas").status_code == 200


def test_only_5_queries_at_a_time(clock):
    limiter = Limiter(QUERY, clock)
    assert [limiter.enter() for _ in range(6)] == [True] * 5 + [False]

    limiter.leave()

    assert limiter.enter()


def test_100_exports_at_a_time(clock):
    limiter = Limiter(EXPORT, clock)

    assert (limiter.limits.concurrent, limiter.limits.per_hour) == (100, 60)


def test_an_answer_counts_as_running_until_it_is_out_or_its_client_gone(clock, connect):
    with Sandbox(rate_limits=True, clock=clock) as sandbox:
        sandbox.faults.add(Fault(FaultKind.STALL, path="/api/query/engage", seconds=60, times=5))
        clients = [connect(sandbox) for _ in range(6)]
        streams = [client.stream("POST", "/api/query/engage") for client in clients[:5]]
        for stream in streams:
            stream.__enter__()

        busy = clients[5].post("/api/query/engage").status_code
        streams[0].__exit__(None, None, None)
        clients[0].close()
        freed = _engage_soon(clients[5])

        for stream in streams[1:]:
            stream.__exit__(None, None, None)

    assert busy == 429
    assert freed == 200


def test_without_the_switch_nothing_is_limited(client, day_params):
    assert {client.get(EXPORT_PATH, params=day_params).status_code for _ in range(70)} == {200}


def test_a_429_names_the_policy():
    server = Sandbox(rate_limits=True, hourly_limit=1)
    with server as sandbox, httpx.Client(base_url=sandbox.base_url) as other:
        other.auth = (sandbox.credentials.username, sandbox.credentials.secret)
        other.params = {"project_id": sandbox.credentials.project_id}
        assert other.get(EXPORT_PATH, params=PARAMS).status_code == 200
        refusal = other.get(EXPORT_PATH, params=PARAMS)

    assert refusal.status_code == 429
    assert '"project";q=1;w=3600' in refusal.headers["ratelimit-policy"]


@pytest.mark.parametrize(("pages_count", "statuses"), [(True, [200, 429, 429]), (False, [200] * 3)])
def test_follow_up_pages_of_profiles_count_on_servers_of_one_kind(pages_count, statuses):
    server = Sandbox(rate_limits=True, hourly_limit=1, pages_count=pages_count)
    with server as sandbox, httpx.Client(base_url=sandbox.base_url) as client:
        client.auth = (sandbox.credentials.username, sandbox.credentials.secret)
        client.params = {"project_id": sandbox.credentials.project_id}
        for number in range(3):
            sandbox.dataset.set_profile(f"user {number}", {})
        first = client.post("/api/query/engage", data={"page_size": "1"})
        session = first.json()["session_id"]
        pages = [
            client.post(
                "/api/query/engage",
                data={"page_size": "1", "session_id": session, "page": str(page)},
            )
            for page in (1, 2)
        ]

    assert [answer.status_code for answer in (first, *pages)] == statuses
