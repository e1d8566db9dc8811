"""Groups of users, such as companies, against plain Python."""

from collections import Counter, defaultdict
from datetime import date, timedelta

import duckdb
import pytest
from support.marts import known, plain, shop

DB = duckdb.DuckDBPyConnection
DAY = timedelta(days=1)
COVERAGE = known.of_days(shop.DAYS, "Europe/Berlin")
FIRSTS = {
    "day": lambda day: day,
    "week": lambda day: day - day.weekday() * DAY,
    "month": lambda day: day.replace(day=1),
}
LASTS = {
    "day": lambda first: first,
    "week": lambda first: first + 6 * DAY,
    "month": lambda first: (first + 31 * DAY).replace(day=1) - DAY,
}
Done = tuple[str, plain.Seen]


@pytest.fixture
def done(seen: list[plain.Seen]) -> list[Done]:
    """Each event once for each of its groups."""
    found: list[Done] = []
    for event in seen:
        value = event.properties.get("company_id")
        values = value if isinstance(value, list) else [value]
        found += [(group, event) for group in {str(each) for each in values if each}]
    assert len({group for group, _ in found}) == 3
    return found


def test_users_and_days_of_groups(db: DB, done: list[Done]) -> None:
    users = db.execute(
        "select group_id, event_date, user_id, event, event_count from group_user_days"
    ).fetchall()
    days = db.execute(
        "select group_id, event_date, event_count, distinct_event_count, active_users from group_days"
    ).fetchall()

    counts = Counter((group, event.day, event.user, event.name) for group, event in done)
    assert {row[:-1]: row[-1] for row in users} == dict(counts)
    by_day: dict[tuple[str, date], list[plain.Seen]] = defaultdict(list)
    for group, event in done:
        if event.name not in plain.HIDDEN:
            by_day[group, event.day].append(event)
    assert sorted(days) == sorted(
        (
            *key,
            len(events),
            len({event.name for event in events}),
            len({event.user for event in events} - {None}),
        )
        for key, events in by_day.items()
    )


def test_periods_have_groups_by_their_number_of_users(db: DB, done: list[Done]) -> None:
    found = db.execute(
        "select unit, period_start, event, active_users, groups, groups_at_least, period_groups from active_groups"
    ).fetchall()

    users: dict[object, set[str]] = defaultdict(set)
    for group, event in done:
        for name in [event.name] + [None] * (event.name not in plain.HIDDEN):
            for unit, first in FIRSTS.items():
                users[(unit, first(event.day), name), group] |= {event.user} - {None}
    tallies: dict[object, Counter[int]] = defaultdict(Counter)
    for (key, _), of_group in users.items():  # type: ignore[misc]
        tallies[key][len(of_group)] += 1
    expected = [
        (*key, n, groups, sum(g for m, g in tally.items() if m >= n), tally.total())  # type: ignore[misc]
        for key, tally in tallies.items()
        for n, groups in tally.items()
    ]
    assert sorted(found, key=repr) == sorted(expected, key=repr)
    for unit, start, is_partial in db.execute(
        "select distinct unit, period_start, is_partial from active_groups"
    ).fetchall():
        assert is_partial != COVERAGE.days(start, LASTS[unit](start)), (unit, start)


@pytest.mark.parametrize("unit", ["week", "month"])
def test_groups_are_retained_by_the_calendar(db: DB, done: list[Done], unit: str) -> None:
    found = db.execute(
        "select cohort_start, interval_number, cohort_size, retained, is_complete, is_cohort_partial "
        "from group_retention where unit = ? order by 1, 2",
        [unit],
    ).fetchall()

    first, last = FIRSTS[unit], LASTS[unit]
    active: dict[str, set[date]] = defaultdict(set)
    for group, event in done:
        if event.name not in plain.HIDDEN:
            active[group].add(first(event.day))
    known_days = {day for one in shop.DAYS for day in (one, one + DAY) if COVERAGE.touches(day)}
    expected = []
    for cohort in sorted({min(starts) for starts in active.values()}):
        members = [starts for starts in active.values() if min(starts) == cohort]
        start, number = cohort, 0
        while start <= max(known_days):
            is_known = any(first(day) == start for day in known_days)
            retained = sum(start in starts for starts in members) if is_known else None
            expected.append(
                (
                    *(cohort, number, len(members), retained),
                    COVERAGE.days(cohort, last(start)),
                    not COVERAGE.days(cohort - 30 * DAY, last(cohort)),
                )
            )
            start, number = last(start) + DAY, number + 1
    assert found == expected
