"""The expected size of a planned request."""

from datetime import date, datetime, timedelta

from mixpanel_data._internal.ledger.reader import EMPTY, Ledger
from mixpanel_data._internal.ledger.records import DayRecord
from mixpanel_data._internal.planning.preview import planned_request
from mixpanel_data._internal.streams.windows import Window

FIRST = date(2026, 3, 1)


def day(number: int) -> date:
    return FIRST + timedelta(days=number)


def ledger(sizes: dict[int, int]) -> Ledger:
    at = datetime(2026, 4, 1)
    return Ledger(
        {day(n): DayRecord(day(n), at, 1, 0, 0, size, at, "1") for n, size in sizes.items()}
    )


def test_days_that_were_fetched_are_known() -> None:
    found = planned_request(Window(day(0), day(1)), ledger({0: 10, 1: 20, 2: 900}))

    assert (found.expected_bytes, found.is_estimate, found.days_there) == (30, False, 2)


def test_other_days_count_as_the_mean_of_the_five_nearest() -> None:
    sizes = {n: 100 * n for n in range(1, 8)}
    found = planned_request(Window(day(8), day(9)), ledger(sizes))

    assert (found.expected_bytes, found.is_estimate) == (2 * 500, True)


def test_a_window_of_both_kinds_is_the_sum() -> None:
    found = planned_request(Window(day(0), day(2)), ledger({0: 30, 1: 90}))

    assert (found.expected_bytes, found.is_estimate) == (30 + 90 + 60, True)


def test_without_any_fetched_day_the_size_is_unknown() -> None:
    found = planned_request(Window(day(0), day(2)), EMPTY)

    assert (found.expected_bytes, found.is_estimate) == (None, True)
