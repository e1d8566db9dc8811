"""An export whose days are those of another zone is refused as a whole: nothing of it is lost or deleted in part."""

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.project import LAST

from mixpanel_data._internal.landing.other_basis import MAX_OFFSET, MIN_OFFSET, STEP, Span
from mixpanel_data._internal.streams.windows import Window

START = datetime(2026, 3, 10)
DAY = timedelta(days=1)
HOUR = timedelta(hours=1)


@given(
    st.integers(4, 56),
    st.booleans(),
    st.integers(1, 5),
    st.sampled_from([timedelta(seconds=90), timedelta(minutes=5), STEP, HOUR]),
)
def test_the_offset_of_dense_days_is_found(steps, later, days, every):
    shift = (1 if later else -1) * steps * STEP
    first = START + shift
    last = first + days * DAY - every

    assert Span(START, START + days * DAY, first, last).shift(MIN_OFFSET) == shift


@given(st.timedeltas(timedelta(0), DAY), st.timedeltas(timedelta(0), DAY))
def test_days_of_any_shift_that_is_found_hold_all_events(before, after):
    span = Span(START, START + DAY, START - HOUR * 14 + before, START + after)

    shift = span.shift(MIN_OFFSET)

    if span.first < span.last and shift is not None:
        assert MIN_OFFSET <= abs(shift) <= MAX_OFFSET
        assert span.start + shift <= span.first
        assert span.last < span.end + shift


@pytest.mark.parametrize(
    ("first", "last", "shift"),
    [
        (timedelta(0), DAY - HOUR, None),  # our days
        (timedelta(0), DAY + HOUR, None),  # a stray one, and the day has its first hours
        (-HOUR, DAY + HOUR, None),  # strays at both ends
        (timedelta(minutes=30), DAY + timedelta(minutes=2), None),  # a clock two minutes off
        (5 * HOUR, DAY + timedelta(minutes=295), 5 * HOUR),
        (-timedelta(hours=5, minutes=30), DAY - 7 * HOUR, -timedelta(hours=5, minutes=30)),
        (9 * HOUR + STEP / 2, DAY + 2 * HOUR, 3 * HOUR),  # quiet nights: the first whole hour
    ],
)
def test_strays_are_distinguished_from_other_days_by_the_other_end(first, last, shift):
    assert Span(START, START + DAY, START + first, START + last).shift(MIN_OFFSET) == shift


def serve(project, offset: timedelta, days: int, every: timedelta) -> None:
    """Events at all times, filed under the days of a zone at ``offset`` from UTC, their times in UTC."""
    for back in range(days):
        day = LAST - timedelta(days=back)
        midnight = datetime.combine(day, datetime.min.time(), UTC) - offset
        for n in range(DAY // every):
            moment = int((midnight + n * every).timestamp() * 1000)
            line = b'{"event":"e","properties":{"time":%d,"$insert_id":"%d"}}\n' % (moment, moment)
            project.sandbox.dataset.add_line(day, line)


@pytest.mark.parametrize(
    ("offset", "text"),
    [
        (timedelta(hours=-5), "UTC-05:00"),
        (timedelta(hours=5, minutes=30), "UTC+05:30"),
        (timedelta(hours=1), "UTC+01:00"),
        (timedelta(hours=14), "UTC+14:00"),
    ],
)
def test_days_of_another_zone_are_refused_as_a_whole(project, offset, text):
    serve(project, offset, days=12, every=timedelta(hours=1))

    report = project.sync(LAST - timedelta(days=11), LAST)

    assert report.events == 0
    assert report.missing == [Window(LAST - timedelta(days=11), LAST)]
    assert project.query("SELECT count(*) FROM mixpanel.events") == [(0,)]
    assert project.query("SELECT count(*) FROM mixpanel._rejected") == [(0,)]
    assert {error.reason for error in report.failures} == {"do not fit the time basis"}
    for error in report.failures:
        assert text in str(error)
        assert "MP_TIME_BASIS" in str(error)
        assert "MP_PROJECT_TIMEZONE" in str(error)
    asked = project.asked()
    assert (
        len(set(asked)) == len(asked) == report.requests
    )  # each window once: nothing to be proven


def test_rereading_a_day_deletes_nothing_of_its_neighbour(project):
    serve(project, timedelta(0), days=3, every=timedelta(hours=1))
    project.sync(LAST - timedelta(days=2), LAST)
    before = project.query("SELECT * FROM mixpanel.events ORDER BY time")
    project.sandbox.dataset._days.clear()
    serve(project, timedelta(hours=-5), days=3, every=timedelta(hours=1))

    report = project.sync(LAST - timedelta(days=1), LAST - timedelta(days=1))

    assert len(report.failures) == 1
    assert project.query("SELECT * FROM mixpanel.events ORDER BY time") == before


def test_a_few_stray_events_cost_only_themselves(project):
    serve(project, timedelta(0), days=2, every=timedelta(minutes=10))
    for minutes in (-3, 24 * 60 + 2, 24 * 60 + 61, 48 * 60):
        moment = (
            int((datetime.combine(LAST, datetime.min.time(), UTC)).timestamp() * 1000)
            + minutes * 60_000
        )
        project.sandbox.dataset.add_line(LAST, b'{"event":"e","properties":{"time":%d}}\n' % moment)

    report = project.sync(LAST, LAST)

    assert report.failures == []
    assert (report.events, report.rejected) == (144, 4)
    reasons = project.query("SELECT DISTINCT reason FROM mixpanel._rejected")
    assert reasons == [(f"time outside {LAST}",)]


def test_an_event_outside_its_own_files_days_is_not_taken_for_one_of_the_next_file(project):
    """Several files load in one statement; each is held against its own days."""
    serve(project, timedelta(0), days=10, every=timedelta(hours=1))
    stray = LAST - timedelta(days=5)  # the last day of the second file
    moment = int(datetime.combine(LAST, datetime.min.time(), UTC).timestamp() * 1000)
    project.sandbox.dataset.add_line(stray, b'{"event":"s","properties":{"time":%d}}\n' % moment)

    report = project.sync(LAST - timedelta(days=9), LAST)

    assert report.failures == []
    assert (report.events, report.rejected) == (240, 1)
    assert project.query("SELECT count(*) FROM mixpanel.events WHERE event = 's'") == [(0,)]


@pytest.mark.parametrize("zone", ["America/New_York", "Asia/Kathmandu", "Australia/Lord_Howe"])
def test_with_the_basis_project_a_wrong_zone_loses_nothing(project, zone):
    """Clocks are filed under the days that they show, in any zone that is configured."""
    serve(project, timedelta(0), days=3, every=timedelta(minutes=30))
    settings = {"time_basis": "project", "project_timezone": zone}

    project.sync(date(2026, 3, 8), LAST, **settings)
    repeated = project.sync(date(2026, 3, 9), date(2026, 3, 9), **settings)

    assert (repeated.failures, repeated.rejected) == ([], 0)
    assert project.query("SELECT count(*) FROM mixpanel.events") == [(144,)]
