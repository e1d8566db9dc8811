"""Promise 3 for profiles: what is not whole changes nothing, and says so."""

from typing import Any

import pytest

from mixpanel_data._internal.landing.fetch_events import ATTEMPTS
from mixpanel_data.sandbox import FaultKind

from .conftest import seen_now


@pytest.fixture
def before(people, crowd):
    """Three pages of profiles, loaded; one of them is gone at Mixpanel, one changed, one new."""
    crowd(2500)
    people.read()
    loaded = people.table()
    people.loses("u1")
    people.has("u2", n="changed", **{"$last_seen": seen_now()})
    people.has("new", **{"$last_seen": seen_now()})
    people.pages()
    return loaded


BROKEN = [
    (FaultKind.SESSION_EXPIRED, {}, "session expired"),
    (FaultKind.TOTAL_MOVES, {"page": 0}, "fewer profiles than total"),
    (FaultKind.DUPLICATE_PROFILE, {"page": 1}, "fewer profiles than total"),
    (FaultKind.HTML_200, {"page": 1}, "not a page of profiles"),
    (FaultKind.ERROR_OBJECT_200, {"page": 2}, "not a page of profiles"),
    (FaultKind.HALF_LAST_LINE, {"page": 2}, "not a page of profiles"),
    (FaultKind.EMPTY_BODY, {"page": 0}, "not a page of profiles"),
]


@pytest.mark.parametrize(
    ("kind", "how", "reason"), BROKEN, ids=lambda it: getattr(it, "value", None)
)
def test_promise_3_an_incomplete_snapshot_changes_nothing(people, before, kind, how, reason):
    people.breaks(kind, times=None, **how)

    report = people.read(full=True)

    [error] = report.failures
    assert (error.code, error.reason) == ("INCOMPLETE_EXPORT", reason)
    assert f"{ATTEMPTS} attempts" in str(error)
    assert people.table() == before
    assert people.history() == []
    assert len(people.reads()) == 1


@pytest.mark.parametrize(
    ("kind", "how", "_reason"), BROKEN, ids=lambda it: getattr(it, "value", None)
)
def test_promise_3_a_read_that_broke_is_made_again_from_page_0(people, before, kind, how, _reason):
    people.breaks(kind, times=1, **how)

    report = people.read(full=True)

    assert report.failures == []
    assert people.table() == people.truth()
    assert people.reads()[-1] == (True, 2500, 2500)
    forms = people.pages()
    assert [form.get("page", "0") for form in forms].count("0") == 2
    assert report.requests == len(forms)


def test_promise_3_a_broken_increment_changes_nothing_and_is_not_marked_as_made(people, before):
    people.breaks(FaultKind.HTML_200, times=None)

    report = people.read()
    people.sandbox.faults.clear()

    assert [error.code for error in report.failures] == ["INCOMPLETE_EXPORT"]
    assert people.table() == before
    people.read()
    assert people.table() == {**people.truth(), "u1": before["u1"]}


def test_promise_3_pages_of_two_sessions_are_never_mixed(people, crowd):
    """The session dies after two pages, and meanwhile the order of profiles is another."""
    crowd(2500)
    people.breaks(
        FaultKind.SESSION_EXPIRED, page=2, times=1, match=lambda _call: _turn_around(people)
    )

    people.read()

    assert people.table() == people.truth()


def _turn_around(people):
    profiles = people.sandbox.dataset._profiles
    turned = dict(reversed(profiles.items()))
    profiles.clear()
    profiles.update(turned)
    return True


def test_a_total_that_moves_strongly_is_read_again_and_believed_the_second_time(
    people, crowd, monkeypatch
):
    from mixpanel_data._internal.api import engage_pages

    crowd(2500)
    counted = engage_pages._count

    def moves(answer, key):
        found = counted(answer, key)
        return found + 400 if key == "total" and answer["page"] else found

    monkeypatch.setattr(engage_pages, "_count", moves)

    report = people.read()

    assert (report.failures, report.profiles) == ([], 2500)
    assert [form.get("page", "0") for form in people.pages()] == ["0", "1", "2"] * 2


def test_a_snapshot_that_lost_most_profiles_is_read_again_before_it_is_believed(people, crowd):
    crowd(100)
    people.read()
    for n in range(60):
        people.loses(f"u{n}")
    people.pages()

    report = people.read(full=True)

    assert report.failures == []
    assert len(people.pages()) == 2
    assert people.table() == people.truth()


def test_a_snapshot_that_was_empty_for_a_moment_is_not_believed(people, crowd):
    crowd(100)
    people.read()
    there = dict(people.sandbox.dataset._profiles)
    people.breaks(
        FaultKind.WRONG_CONTENT_TYPE,
        times=1,
        match=lambda _: people.sandbox.dataset._profiles.clear() or True,
    )  # harmless in itself: the first answer is empty
    people.breaks(
        FaultKind.WRONG_CONTENT_TYPE,
        times=1,
        match=lambda _: people.sandbox.dataset._profiles.update(there) or True,
    )

    report = people.read(full=True)

    assert report.failures == []
    assert len(people.table()) == 100
    assert people.history() == []


def test_promise_10_what_profiles_lack_costs_the_events_nothing(people, crowd):
    crowd(3)
    people.sandbox.dataset.add_event("e", _yesterday(), insert_id="1")
    people.breaks(FaultKind.HTML_200, times=None)

    report = people.job(start_date=_yesterday().date()).run(build=False)

    assert (report.events, report.profiles) == (1, None)
    assert [error.code for error in report.failures] == ["INCOMPLETE_EXPORT"]


def _yesterday():
    from datetime import UTC, datetime, timedelta

    return datetime.now(UTC) - timedelta(days=1)


@pytest.mark.parametrize(
    ("kind", "text", "code"),
    [
        (FaultKind.STATUS_403, None, "AUTH_FAILED"),
        (FaultKind.STATUS_429, None, "RATE_LIMITED"),
        (FaultKind.STATUS_500, None, "SERVER_ERROR"),
    ],
)
def test_a_refusal_is_in_the_report_and_changes_nothing(people, before, kind, text, code):
    people.breaks(kind, times=None, text=text)

    report = people.read(full=True)

    assert [error.code for error in report.failures] == [code]
    assert people.table() == before


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        (FaultKind.STATUS_402, "Payment required"),
        (FaultKind.STATUS_403, "Your plan does not support the Engage API"),
    ],
)
def test_a_plan_without_profiles_is_a_warning_and_the_events_are_loaded(people, kind, text):
    people.sandbox.dataset.add_event("e", _yesterday(), insert_id="1")
    people.breaks(kind, text=text, times=None)

    report = people.job(start_date=_yesterday().date()).run(build=False)

    assert (report.failures, report.events, report.profiles) == ([], 1, None)
    [warning] = report.to_dict()["warnings"]
    assert "profiles were left out" in warning
    assert "plan" in warning


def test_promise_6_a_read_of_more_requests_than_an_hour_grants_warns_after_the_first(people, crowd):
    crowd(100)

    counted: Any = {"hourly_limit": 60, "profile_pages_count": "yes"}
    report = people.read(profiles_page_size=1, max_wait="15m", **counted)

    [error] = report.failures
    assert error.code == "RATE_LIMITED"
    assert "101 requests" in str(error)
    assert "--max-wait" in str(error)
    assert len(people.pages()) == 1
    assert people.read(profiles_page_size=2, max_wait="15m", **counted).profiles == 100
    assert people.read(profiles_page_size=1, max_wait="2h", full=True).failures == []
