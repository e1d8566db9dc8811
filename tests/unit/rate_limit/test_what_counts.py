"""Which requests count, and by which limit: what never left is free, limits are learned, pages may cost nothing."""

import sqlite3
from contextlib import closing
from datetime import date

import pytest
import stamina
from hypothesis import given
from hypothesis import strategies as st
from support.account import account_of

from mixpanel_data._internal.api_client import MixpanelAPIClient
from mixpanel_data._internal.rate_limit.limits import Limit, policy_limits
from mixpanel_data._internal.rate_limit.request_log import ADDED_TABLES, checksum
from mixpanel_data.exceptions import APIError, RateLimitError
from mixpanel_data.sandbox import Sandbox

from .conftest import HOUR, answered, refused

DAY = date(2026, 3, 4)
POLICY = '"project";q=400;w=3600'


def limited(policy: str) -> RateLimitError:
    """A 429 with a ``RateLimit-Policy``."""
    return RateLimitError("429", status_code=429, details={"rate_limit_policy": policy})


@pytest.mark.parametrize(
    "address", ["http://127.0.0.1:9", "https://127.0.0.1:9", "https://no-such-host.invalid"]
)
def test_a_request_that_never_reached_a_server_is_free(budget, address):
    process = budget()
    with Sandbox() as sandbox:
        account = account_of(sandbox)
    with (
        stamina.set_testing(True, attempts=4),
        MixpanelAPIClient(account, base_url=address, gate=process) as client,
        pytest.raises(APIError),
        client.export(DAY, DAY),
    ):
        pass

    assert process.spent("export") == 0


def test_a_request_that_was_answered_badly_counts(budget):
    process = budget()
    with Sandbox() as sandbox:
        account = account_of(sandbox).model_copy(update={"project_id": "1"})
        with (
            MixpanelAPIClient(account, base_url=sandbox.base_url, gate=process) as client,
            pytest.raises(APIError),
            client.export(DAY, DAY),
        ):
            pass

    assert process.spent("export") == 1


def test_the_limit_that_a_429_names_is_learned_for_seven_days(machine, budget):
    answered(budget(max_wait=HOUR), error=limited(POLICY))

    assert budget().state()["export"]["hourly_limit"] == 400
    assert budget().state()["query"]["hourly_limit"] == 60
    machine.now += 7 * 24 * HOUR - 60
    assert budget().state()["export"]["hourly_limit"] == 400
    machine.now += 120
    assert budget().state()["export"]["hourly_limit"] == 60


def test_more_than_60_go_through_where_the_learned_limit_allows_it(machine, budget):
    process = budget(max_wait=HOUR)
    answered(process, error=limited(POLICY))
    machine.now += 60
    began = machine.now

    for _ in range(100):
        answered(process)

    assert machine.now - began < HOUR / 10


@pytest.mark.parametrize(("policy", "limit"), [('"p";q=30;w=3600', 30), (POLICY, 50)])
def test_a_configured_limit_is_never_exceeded_and_a_lower_one_is_learned(budget, policy, limit):
    answered(budget(hourly_limit=50), error=limited(policy))

    assert budget(hourly_limit=50).state()["export"]["hourly_limit"] == limit


@pytest.mark.parametrize(
    ("header", "limits"),
    [
        (POLICY, [Limit(400, 3600.0)]),
        ('"project";q=60;w=3600, "second";w=1;q=3', [Limit(60, 3600.0), Limit(3, 1.0)]),
        ('"a,b;q=1";q=60;w=3600', [Limit(60, 3600.0)]),
        ('"project-concurrency";q=5;w=3600', []),
        ('"project";q=5;qu="concurrent-requests";w=60', []),
        ('"project";q=0;w=3600', []),
        ('"project";q=60', []),
        ('"project";q=60;w=0', []),
        ('"project";q=60;w=86400', []),
        ('"project";q=many;w=3600', []),
        ("", []),
        ('"', []),
    ],
)
def test_policies_are_read_item_by_item(header, limits):
    assert policy_limits(header) == limits


@given(st.text())
def test_any_policy_is_read_without_an_error(header):
    assert all(limit.count > 0 for limit in policy_limits(header))


def test_follow_up_pages_are_free_until_one_is_refused(machine, budget):
    process = budget(max_wait=0)
    answered(process, "query")
    for _ in range(200):
        answered(process, "pages")
    assert process.spent("query") == 1
    assert process.pages_an_hour() is None

    answered(process, "pages", refused())
    machine.now += 60
    assert process.pages_an_hour() == 60
    assert process.spent("query") >= 200
    with pytest.raises(RateLimitError):
        answered(process, "pages")


@pytest.mark.parametrize(("count", "spent"), [("yes", 11), ("no", 1)])
def test_whether_pages_count_is_a_setting(budget, count, spent):
    process = budget(pages_count=count)
    answered(process, "query")
    for _ in range(10):
        answered(process, "pages")

    assert process.spent("query") == spent


@pytest.mark.parametrize(("server_counts", "pages"), [(False, 80), (True, 80)])
def test_profiles_of_many_pages_are_read_from_servers_of_both_kinds(
    machine, budget, server_counts, pages
):
    process = budget(max_wait=2 * HOUR)
    with Sandbox(
        rate_limits=True, pages_count=server_counts, clock=lambda: machine.wall
    ) as sandbox:
        for number in range(pages):
            sandbox.dataset.set_profile(f"user {number}", {"n": number})
        with MixpanelAPIClient(
            account_of(sandbox),
            base_url=sandbox.base_url,
            gate=process,
            max_rate_limit_wait=None,
        ) as client:
            began = machine.now
            read = sum(page.results for page in client.engage_pages(page_size=1))
        refusals = sum(call.status == 429 for call in sandbox.requests)

    assert read == pages
    assert (machine.now - began > HOUR / 2) == server_counts
    assert refusals <= (10 if server_counts else 0)


def test_requests_of_users_leave_some_for_syncs(budget):
    people, sync = budget(reserved=10, max_wait=0), budget(max_wait=0)
    for _ in range(50):
        answered(people, "query")
    with pytest.raises(RateLimitError, match="kept for syncs"):
        answered(people, "query")

    for _ in range(10):
        answered(sync, "query")
    with pytest.raises(RateLimitError):
        answered(sync, "query")


def test_a_file_of_the_version_before_is_taken_over(machine, budget, folder):
    for _ in range(5):
        answered(budget())
    with closing(sqlite3.connect(folder / "requests.sqlite")) as file, file:
        for table in ADDED_TABLES:
            file.execute(f"DROP TABLE {table}")
        file.execute("PRAGMA user_version = 1")
        file.execute(f"PRAGMA application_id = {checksum(file, added=())}")

    assert budget().spent("export") == 5
    assert budget().remaining("export") == 55
