"""Which days, in which requests: pure, so tried on thousands of made-up histories."""

from datetime import date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mixpanel_data._internal.ledger.reader import EMPTY, Ledger
from mixpanel_data._internal.ledger.records import DayRecord
from mixpanel_data._internal.planning.events import (
    LONGEST_WINDOW,
    TARGET_BYTES,
    Range,
    days_to_fetch,
    plan_windows,
    wanted_range,
)
from mixpanel_data._internal.streams.windows import Window

TODAY = date(2026, 3, 11)
DAYS = st.integers(1, 900).map(lambda back: TODAY - timedelta(days=back))
SIZES = st.sampled_from(
    [0, 20, 10_000, 5_000_000, TARGET_BYTES // 3, TARGET_BYTES, 3 * TARGET_BYTES]
)


def record(day: date, size: int = 0, *, whole: bool = True) -> DayRecord:
    end = datetime.combine(day + timedelta(days=1), datetime.min.time())
    fetched = end + timedelta(hours=3) if whole else end - timedelta(hours=3)
    return DayRecord(day, end, 1, 0, 0, size, fetched, "1")


LEDGERS = st.dictionaries(DAYS, st.tuples(SIZES, st.booleans()), max_size=60).map(
    lambda days: Ledger(
        {day: record(day, size, whole=whole) for day, (size, whole) in days.items()}
    )
)


@given(st.sets(DAYS, max_size=200), LEDGERS)
def test_every_day_is_asked_for_once_and_no_other(days, ledger):
    asked = [day for window in plan_windows(days, ledger) for day in window.days()]

    assert sorted(asked) == sorted(days)


@given(st.sets(DAYS, max_size=200), LEDGERS)
def test_the_newest_days_come_first(days, ledger):
    windows = plan_windows(days, ledger)

    assert windows == sorted(windows, reverse=True)


@given(st.sets(DAYS, max_size=200), LEDGERS)
def test_a_request_holds_many_days_only_while_they_are_small(days, ledger):
    for window in plan_windows(days, ledger):
        known = sum(ledger.days[day].bytes for day in window.days() if day in ledger.days)
        assert len(window) <= LONGEST_WINDOW
        assert len(window) == 1 or known <= TARGET_BYTES


def test_a_heavy_day_stands_alone():
    days = [TODAY - timedelta(days=back) for back in range(1, 8)]
    ledger = Ledger({day: record(day, TARGET_BYTES) for day in days})

    assert [len(window) for window in plan_windows(days, ledger)] == [1] * 7


def test_a_quiet_past_takes_few_requests():
    day = TODAY - timedelta(days=1)
    past = [TODAY - timedelta(days=back) for back in range(2, 1827)]

    assert len(plan_windows(past, Ledger({day: record(day, 100)}))) <= 12


@given(LEDGERS, st.integers(0, 30))
def test_missing_unfinished_and_lookback_days_are_due_and_no_others(ledger, lookback):
    wanted = Range(TODAY - timedelta(days=400), TODAY - timedelta(days=1))

    due = set(days_to_fetch(wanted, ledger, today=TODAY, lookback_days=lookback))

    for back in range(1, 401):
        day = TODAY - timedelta(days=back)
        there = day in ledger.days and ledger.days[day].is_complete()
        assert (day in due) == (not there or back <= lookback)


def test_without_dates_it_goes_on_where_an_earlier_run_set_out_from():
    begun = Ledger({}, wanted_from=date(2026, 1, 5))

    assert wanted_range(begun, today=TODAY) == Range(
        date(2026, 1, 5), date(2026, 3, 10), refetch=False
    )
    assert wanted_range(begun, today=TODAY, start=date(2025, 7, 1)).first == date(2025, 7, 1)
    assert wanted_range(EMPTY, today=TODAY).first == date(2021, 3, 11)


@pytest.mark.parametrize("bound", ["first", "last", "both"])
def test_complete_days_are_refetched_only_with_refetch(bound):
    there = TODAY - timedelta(days=50)
    ledger = Ledger({there: record(there)})
    bounds = {"first": {"first": there}, "last": {"last": there}}.get(
        bound, {"first": there, "last": there}
    )

    def due(*, refetch: bool):
        wanted = wanted_range(ledger, today=TODAY, refetch=refetch, start=there, **bounds)
        return days_to_fetch(wanted, ledger, today=TODAY, lookback_days=5)

    assert there not in due(refetch=False)
    assert there in due(refetch=True)


def test_a_named_last_day_ends_the_look_back():
    yesterday = TODAY - timedelta(days=1)
    ledger = Ledger({yesterday: record(yesterday)})

    def due(**bounds):
        wanted = wanted_range(ledger, today=TODAY, **bounds)
        return days_to_fetch(wanted, ledger, today=TODAY, lookback_days=5)

    assert due(first=yesterday) == [yesterday]
    assert due(first=yesterday, last=yesterday) == []


def test_a_range_without_an_end_stops_at_yesterday():
    assert wanted_range(EMPTY, today=TODAY, first=date(2026, 3, 1)).last == date(2026, 3, 10)


@pytest.mark.parametrize(
    ("first", "last"), [(date(2026, 3, 5), date(2026, 3, 4)), (date(2026, 3, 1), date(2026, 3, 12))]
)
def test_days_that_cannot_be_are_refused(first, last):
    with pytest.raises(ValueError, match="2026-03"):
        wanted_range(EMPTY, today=TODAY, first=first, last=last)


@given(st.dates(), st.dates())
def test_any_days_are_planned_or_refused(first, last):
    """The calendar of Python ends at the years 1 and 9999."""
    try:
        wanted = wanted_range(EMPTY, today=TODAY, first=first, last=last)
    except ValueError:
        assert first > last or last > TODAY or first < date(1971, 1, 1)
        return
    for oldest_first in (True, False):
        windows = plan_windows([wanted.first, wanted.last], EMPTY, oldest_first=oldest_first)
        assert {day for window in windows for day in window.days()} == {first, last}


def test_days_before_mixpanels_first_are_refused():
    with pytest.raises(ValueError, match="1970-12-31 is before 1971-01-01"):
        wanted_range(EMPTY, today=TODAY, start=date(1970, 12, 31))


@pytest.mark.parametrize("days", [10**6, 10**11])
def test_a_look_back_beyond_the_calendar_is_all_days(days):
    wanted = Range(date(1971, 1, 1), date(1971, 1, 3))
    ledger = Ledger({day: record(day) for day in Window(wanted.first, wanted.last).days()})

    assert len(days_to_fetch(wanted, ledger, today=TODAY, lookback_days=days)) == 3
