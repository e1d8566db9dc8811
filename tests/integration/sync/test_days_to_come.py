"""A last day that has not begun for Mixpanel is named with the settings of the zone, and costs no other day."""

from datetime import timedelta

from mixpanel_data.exceptions import QueryError
from mixpanel_data.sandbox.faults import Fault, FaultKind

from .conftest import LAST

DAY = timedelta(days=1)
TODAY = LAST + DAY
"""The sandbox's."""


def test_days_that_exist_are_loaded(project, fill, monkeypatch):
    fill(4)
    monkeypatch.setattr("mixpanel_data._internal.run.context.today", lambda _zone: TODAY + 2 * DAY)

    report = project.sync(LAST - 3 * DAY, TODAY + DAY)

    [error] = report.failures
    assert isinstance(error, QueryError)
    assert error.has_future_days
    assert str(error).startswith(f"{TODAY + DAY} has not begun for Mixpanel")
    assert "MP_TIME_BASIS" in str(error)
    assert "MP_PROJECT_TIMEZONE" in str(error)
    assert [(window.first, window.last) for window in report.missing] == [
        (TODAY + DAY, TODAY + DAY)
    ]
    assert project.loaded() == project.served(LAST - 3 * DAY, TODAY)


def test_a_clock_that_is_days_ahead_costs_few_requests(project, fill, monkeypatch):
    fill(4)
    monkeypatch.setattr("mixpanel_data._internal.run.context.today", lambda _zone: TODAY + 9 * DAY)

    report = project.sync(TODAY + DAY, TODAY + 8 * DAY)

    assert len(report.failures) <= 6
    assert len(project.asked()) <= 6
    assert len(report.days) == 0


def test_another_refusal_does_not_name_the_zone(project, fill):
    fill(2)
    project.sandbox.faults.add(Fault(FaultKind.STATUS_402, text="Upgrade your plan", times=None))

    report = project.sync(LAST - DAY, LAST)

    assert report.failures
    assert "MP_TIME_BASIS" not in str(report.failures[0])
