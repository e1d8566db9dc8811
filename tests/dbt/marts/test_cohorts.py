"""Cohorts by what users did, against plain Python: who is a member on which day, and segments by it."""

import itertools
from collections import Counter
from datetime import date, timedelta

import duckdb
import pytest
from support.marts import known, plain, shop
from support.marts.cohorts import COHORTS, Members, segment

DB = duckdb.DuckDBPyConnection
DAY = timedelta(days=1)
COVERAGE = known.of_days(shop.DAYS, "Europe/Berlin")
DAYS = [shop.DAYS[0] - 2 * DAY + n * DAY for n in range(100)]
"""From before the first event until all windows have passed the last one."""
LOOKS_BACK = {
    "viewers": 3,
    "cheap and active": 4,
    "at rest": 2,
    "known or not paying": 31,
    "known": 1,
}


@pytest.fixture(scope="module")
def members(seen: list[plain.Seen]) -> Members:
    return Members(seen)


@pytest.fixture(scope="module")
def by_day(members: Members) -> dict[str, dict[date, set[str]]]:
    return {name: {day: members.on(name, day) for day in DAYS} for name in COHORTS}


@pytest.mark.parametrize("name", COHORTS)
def test_each_day_has_its_members(
    db: DB, by_day: dict[str, dict[date, set[str]]], name: str
) -> None:
    ranges = db.execute(
        "select user_id, from_date, until_date from cohort_members where cohort = ? order by all",
        [name],
    ).fetchall()

    found: dict[date, set[str]] = {day: set() for day in DAYS}
    for user, first, until in ranges:
        assert until is None or first < until
        for day in DAYS:
            if first <= day and (until is None or day < until):
                found[day].add(user)
    assert found == by_day[name]
    assert any(by_day[name].values())
    assert len({frozenset(users) for users in by_day[name].values()}) > 1
    # a range without a gap is one row
    for (user, _, until), (next_user, first, _) in itertools.pairwise(ranges):
        assert user != next_user or until < first


@pytest.mark.parametrize("name", COHORTS)
def test_days_have_the_number_of_members_and_of_those_who_came_and_went(
    db: DB, by_day: dict[str, dict[date, set[str]]], name: str
) -> None:
    found = db.execute(
        "select event_date, members, joined_members, left_members, is_partial from cohort_days"
        " where cohort = ? order by 1",
        [name],
    ).fetchall()

    of = by_day[name]
    first, last = found[0][0], found[-1][0]
    assert [row[0] for row in found] == [day for day in DAYS if first <= day <= last]
    for day, *numbers, is_partial in found:
        now, before = of[day], of[day - DAY]
        expected = [len(now), len(now - before), len(before - now)]
        assert numbers == (expected if COVERAGE.touches(day) else [None] * 3)
        back = (LOOKS_BACK[name] - 1) * DAY
        assert is_partial != COVERAGE.days(day - back, day), day
    assert sum(row[1] or 0 for row in found) > 0


def test_a_retention_by_a_cohort_goes_by_the_day_of_the_birth(
    db: DB, members: Members, seen: list[plain.Seen]
) -> None:
    found = db.execute(
        "select segment, cohort_start, cohort_size from retention_cohorts"
        " where retention = 'by week' and segment is not null and interval_number = 0"
    ).fetchall()

    births: dict[tuple[str, date], plain.Seen] = {}
    for event in seen:
        if event.user and event.name not in plain.HIDDEN:
            births.setdefault((event.user, event.day - event.day.weekday() * DAY), event)
    sizes = Counter(
        (segment(members, "known or not paying", event), start)
        for (_, start), event in births.items()
    )
    assert {row[:2]: row[2] for row in found} == dict(sizes)
    assert {row[0] for row in found} == {"In known or not paying", "Not in known or not paying"}


def test_a_funnel_by_a_cohort_goes_by_the_day_of_the_first_step(db: DB, members: Members) -> None:
    found = db.execute(
        "select user_id, entry_date, segment from funnel_attempts"
        " where funnel = 'any order' and segment is not null"
    ).fetchall()

    expected = [
        (user, day, f"{'In' if members.is_member('viewers', user, day) else 'Not in'} viewers")
        for user, day, _ in found
    ]
    assert found == expected
    assert len({row[2] for row in found}) == 2
    [[attempts]] = db.execute(
        "select count(*) from funnel_attempts where funnel = 'any order' and segment is null"
    ).fetchall()
    assert len(found) == attempts
