"""Which alerts are due: the first and the third occurrence of a cause, and one recovery."""

from dataclasses import replace

import pytest

from mixpanel_data._internal.alerts.configuration import KINDS
from mixpanel_data._internal.alerts.incidents import Cause, Incidents

SINCE = "2026-01-01T06:00:00+00:00"
STEPS = frozenset({"events", "profiles", "build"})


def failure(*days: str, code: str = "INCOMPLETE_EXPORT", kind: str = "failed") -> Cause:
    return Cause(kind, code, f"{code} of {days}", SINCE, frozenset(days), STEPS)  # type: ignore[arg-type]


def heard(incidents: Incidents, *causes: Cause, delivered: bool = True) -> list[str]:
    """The kinds of the alerts of a run in which these causes occurred."""
    incidents.record(causes)
    due = incidents.due(KINDS)
    if delivered:
        for kind, of_it in due.items():
            incidents.delivered(kind, of_it)
    return list(due)


def test_of_a_failure_each_day_the_first_and_the_third_are_heard():
    incidents = Incidents()

    assert [heard(incidents, failure("2026-01-01")) for _ in range(6)] == [
        ["failed"], [], ["failed"], [], [], [],
    ]  # fmt: skip


def test_a_failure_whose_days_grow_and_move_is_the_same():
    incidents = Incidents()
    runs = [("01", "02"), ("02", "03"), ("03", "04"), ("04", "05")]

    found = [heard(incidents, failure(*(f"2026-01-{day}" for day in run))) for run in runs]

    assert found == [["failed"], [], ["failed"], []]


@pytest.mark.parametrize(
    "other", [failure("2026-02-01"), failure("2026-01-01", code="AUTH_FAILED"), failure()]
)
def test_another_cause_is_heard_at_once(other):
    incidents = Incidents()
    heard(incidents, failure("2026-01-01"))

    assert heard(incidents, other) == ["failed"]


def test_recovery_is_heard_once_when_no_cause_is_left():
    incidents = Incidents()
    heard(incidents, failure("2026-01-01"), failure(code="AUTH_FAILED"))

    incidents.close(lambda cause: cause.code == "AUTH_FAILED")
    assert heard(incidents) == []
    incidents.close(lambda _cause: True)
    assert heard(incidents) == ["recovered"]
    assert heard(incidents) == []
    assert heard(incidents, failure("2026-01-01")) == ["failed"]  # counted from one


def test_what_no_target_received_is_due_once_more():
    incidents = Incidents()

    assert heard(incidents, failure("2026-01-01"), delivered=False) == ["failed"]
    assert heard(incidents, failure("2026-01-01")) == ["failed"]
    incidents.close(lambda _cause: True)
    assert heard(incidents, delivered=False) == ["recovered"]
    assert heard(incidents) == ["recovered"]


def test_nobody_hears_of_the_recovery_of_what_nobody_heard_of():
    incidents = Incidents()
    heard(incidents, failure("2026-01-01"), delivered=False)
    incidents.close(lambda _cause: True)

    assert heard(incidents) == []


@pytest.mark.parametrize("code", ["DATABASE_LOCKED", "RATE_LIMITED"])
def test_what_passes_by_itself_is_heard_at_the_third_time(code):
    incidents = Incidents()

    assert [heard(incidents, failure(code=code)) for _ in range(4)] == [[], [], ["failed"], []]


def test_data_that_are_not_fresh_because_of_a_failure_are_not_heard_of_twice():
    stale = failure(kind="not_fresh", code="NOT_FRESH")
    incidents = Incidents()

    assert heard(incidents, failure("2026-01-01"), stale) == ["failed"]
    incidents.close(lambda cause: cause.kind == "failed")
    assert heard(incidents) == ["not_fresh"]
    assert heard(Incidents(), stale) == ["not_fresh"]


def test_kinds_that_are_not_wanted_are_counted_and_not_sent():
    incidents = Incidents()
    incidents.record([failure("2026-01-01"), failure(kind="crashed", code="CRASHED")])

    assert list(incidents.due({"crashed"})) == ["crashed"]


def test_incidents_are_kept_as_they_are():
    incidents = Incidents([failure("2026-01-01")], [replace(failure(), announced=3)], SINCE)

    assert Incidents.from_dict(incidents.to_dict()) == incidents
