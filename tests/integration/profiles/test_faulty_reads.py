"""Promise 3 for profiles: what is not whole changes nothing, and says so."""

from typing import Any

import pytest
from support.project import seen_now

from mixpanel_data._internal.landing.fetch_events import ATTEMPTS
from mixpanel_data.sandbox import FaultKind


@pytest.fixture
def before(project, crowd):
    """Three pages of profiles, loaded; one of them is gone at Mixpanel, one changed, one new."""
    crowd(2500)
    project.read_profiles()
    loaded = project.loaded_profiles()
    project.remove_profile("u1")
    project.set_profile("u2", n="changed", **{"$last_seen": seen_now()})
    project.set_profile("new", **{"$last_seen": seen_now()})
    project.engage_forms()
    return loaded


FAULTY = [
    (FaultKind.SESSION_EXPIRED, {}, "session expired"),
    (FaultKind.TOTAL_MOVES, {"page": 0}, "fewer profiles than total"),
    (FaultKind.DUPLICATE_PROFILE, {"page": 1}, "fewer profiles than total"),
    (FaultKind.HTML_200, {"page": 1}, "not a page of profiles"),
    (FaultKind.ERROR_OBJECT_200, {"page": 2}, "not a page of profiles"),
    (FaultKind.HALF_LAST_LINE, {"page": 2}, "not a page of profiles"),
    (FaultKind.EMPTY_BODY, {"page": 0}, "not a page of profiles"),
]


@pytest.mark.parametrize(
    ("kind", "how", "reason"), FAULTY, ids=lambda it: getattr(it, "value", None)
)
def test_promise_3_an_incomplete_snapshot_changes_nothing(project, before, kind, how, reason):
    project.break_engage(kind, times=None, **how)

    report = project.read_profiles(full=True)

    [error] = report.failures
    assert (error.code, error.reason) == ("INCOMPLETE_EXPORT", reason)
    assert f"{ATTEMPTS} attempts" in str(error)
    assert project.loaded_profiles() == before
    assert project.profile_history() == []
    assert len(project.profile_reads()) == 1


@pytest.mark.parametrize(
    ("kind", "how", "_reason"), FAULTY, ids=lambda it: getattr(it, "value", None)
)
def test_promise_3_a_read_that_broke_is_repeated_from_page_0(project, before, kind, how, _reason):
    project.break_engage(kind, times=1, **how)

    report = project.read_profiles(full=True)

    assert report.failures == []
    assert project.loaded_profiles() == project.served_profiles()
    assert project.profile_reads()[-1] == (True, 2500, 2500)
    forms = project.engage_forms()
    assert [form.get("page", "0") for form in forms].count("0") == 2
    assert report.requests == len(forms)


def test_promise_3_a_faulty_increment_changes_nothing_and_is_not_marked_as_made(project, before):
    project.break_engage(FaultKind.HTML_200, times=None)

    report = project.read_profiles()
    project.sandbox.faults.clear()

    assert [error.code for error in report.failures] == ["INCOMPLETE_EXPORT"]
    assert project.loaded_profiles() == before
    project.read_profiles()
    assert project.loaded_profiles() == {**project.served_profiles(), "u1": before["u1"]}


def test_promise_3_pages_of_two_sessions_are_never_mixed(project, crowd):
    """The session dies after two pages, and meanwhile the order of profiles is another."""
    crowd(2500)
    project.break_engage(
        FaultKind.SESSION_EXPIRED, page=2, times=1, match=lambda _call: _reverse(project)
    )

    project.read_profiles()

    assert project.loaded_profiles() == project.served_profiles()


def _reverse(project):
    profiles = project.sandbox.dataset._profiles
    reversed_order = dict(reversed(profiles.items()))
    profiles.clear()
    profiles.update(reversed_order)
    return True


def test_a_total_that_moves_strongly_is_reread_and_believed_the_second_time(
    project, crowd, monkeypatch
):
    from mixpanel_data._internal.api import engage_pages

    crowd(2500)
    counted = engage_pages._count

    def moves(answer, key):
        found = counted(answer, key)
        return found + 400 if key == "total" and answer["page"] else found

    monkeypatch.setattr(engage_pages, "_count", moves)

    report = project.read_profiles()

    assert (report.failures, report.profiles) == ([], 2500)
    assert [form.get("page", "0") for form in project.engage_forms()] == ["0", "1", "2"] * 2


def test_a_snapshot_that_lost_most_profiles_is_reread_before_it_is_believed(project, crowd):
    crowd(100)
    project.read_profiles()
    for n in range(60):
        project.remove_profile(f"u{n}")
    project.engage_forms()

    report = project.read_profiles(full=True)

    assert report.failures == []
    assert len(project.engage_forms()) == 2
    assert project.loaded_profiles() == project.served_profiles()


def test_a_snapshot_that_was_empty_for_a_moment_is_not_believed(project, crowd):
    crowd(100)
    project.read_profiles()
    there = dict(project.sandbox.dataset._profiles)
    project.break_engage(
        FaultKind.WRONG_CONTENT_TYPE,
        times=1,
        match=lambda _: project.sandbox.dataset._profiles.clear() or True,
    )  # harmless in itself: the first answer is empty
    project.break_engage(
        FaultKind.WRONG_CONTENT_TYPE,
        times=1,
        match=lambda _: project.sandbox.dataset._profiles.update(there) or True,
    )

    report = project.read_profiles(full=True)

    assert report.failures == []
    assert len(project.loaded_profiles()) == 100
    assert project.profile_history() == []


def test_promise_10_what_profiles_lack_costs_the_events_nothing(project, crowd):
    crowd(3)
    project.sandbox.dataset.add_event("e", _yesterday(), insert_id="1")
    project.break_engage(FaultKind.HTML_200, times=None)

    report = project.job(start_date=_yesterday().date()).run(build=False)

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
def test_a_refusal_is_in_the_report_and_changes_nothing(project, before, kind, text, code):
    project.break_engage(kind, times=None, text=text)

    report = project.read_profiles(full=True)

    assert [error.code for error in report.failures] == [code]
    assert project.loaded_profiles() == before


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        (FaultKind.STATUS_402, "Payment required"),
        (FaultKind.STATUS_403, "Your plan does not support the Engage API"),
    ],
)
def test_a_plan_without_profiles_is_a_warning_and_the_events_are_loaded(project, kind, text):
    project.sandbox.dataset.add_event("e", _yesterday(), insert_id="1")
    project.break_engage(kind, text=text, times=None)

    report = project.job(start_date=_yesterday().date()).run(build=False)

    assert (report.failures, report.events, report.profiles) == ([], 1, None)
    [warning] = report.to_dict()["warnings"]
    assert "profiles were left out" in warning
    assert "plan" in warning


def test_promise_6_a_read_of_more_requests_than_an_hour_grants_warns_after_the_first(
    project, crowd
):
    crowd(100)

    counted: Any = {"hourly_limit": 60, "profile_pages_count": "yes"}
    report = project.read_profiles(profiles_page_size=1, max_wait="15m", **counted)

    [error] = report.failures
    assert error.code == "RATE_LIMITED"
    assert "101 requests" in str(error)
    assert "--max-wait" in str(error)
    assert len(project.engage_forms()) == 1
    assert project.read_profiles(profiles_page_size=2, max_wait="15m", **counted).profiles == 100
    assert project.read_profiles(profiles_page_size=1, max_wait="2h", full=True).failures == []
