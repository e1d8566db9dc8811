"""Active users by segment, against plain Python."""

from collections import Counter, defaultdict
from datetime import date, timedelta

import duckdb
import pytest
from support.marts import known, plain, shop
from support.marts.cohorts import Members
from support.marts.cohorts import segment as segment_by_cohort

DB = duckdb.DuckDBPyConnection
DAY = timedelta(days=1)
COVERAGE = known.of_days(shop.DAYS, "Europe/Berlin")
Days = dict[str, Counter[date]]
"""The events of each user by day."""


def days_by_segment(db: DB, seen: list[plain.Seen]) -> tuple[Days, dict[tuple[str, str], Days]]:
    """All days of each user, and those in each segment of the dimensions that the build has."""
    tiers = dict(db.execute("select user_id, tier from users").fetchall())
    members = Members(seen)
    days: Days = defaultdict(Counter)
    by_segment: dict[tuple[str, str], Days] = defaultdict(lambda: defaultdict(Counter))
    for event in seen:
        if event.user and event.name not in plain.HIDDEN:
            page = event.properties.get("$current_url") or "(not set)"
            tier = tiers[event.user] or "(not set)"
            days[event.user][event.day] += 1
            by_segment["page", page][event.user][event.day] += 1
            by_segment["tier", tier][event.user][event.day] += 1
            at_rest = segment_by_cohort(members, "at rest", event)
            by_segment["at rest", at_rest][event.user][event.day] += 1
    return days, by_segment


def test_segments_have_their_users_of_trailing_days(db: DB, seen: list[plain.Seen]) -> None:
    found = db.execute(
        "select dimension, segment, event_date, dau, wau, mau, new_users, returning_users, resurrected_users, event_count"
        " from active_users_by_segment where dau is not null"
    ).fetchall()

    all_days, by_segment = days_by_segment(db, seen)
    [[last]] = db.execute("select max(event_date) from days").fetchall()
    known_days = {day for [day] in db.execute("select event_date from days").fetchall()}
    expected = []
    for (dimension, segment), users in by_segment.items():
        first = min(min(days) for days in users.values())
        for number in range((last - first).days + 1):
            day = first + number * DAY
            trailing = {
                width: sum(
                    any(day - width * DAY < d <= day for d in days) for days in users.values()
                )
                for width in (1, 7, 30)
            }
            acting = [user for user, days in users.items() if days[day]]
            since = Counter(
                "new"
                if not (before := [d for d in all_days[user] if d < day])
                else ("back" if (day - max(before)).days <= 30 else "resurrected")
                for user in acting
            )
            if trailing[30] and day in known_days:
                expected.append(
                    (
                        *(dimension, segment, day, *trailing.values()),
                        *(since["new"], since["back"], since["resurrected"]),
                        sum(users[user][day] for user in acting),
                    )
                )
    assert sorted(found) == sorted(expected)
    assert {row[0] for row in found} == {"page", "tier", "at rest"}
    assert any(row[8] for row in found)


def test_a_users_column_divides_the_users_of_a_day(db: DB) -> None:
    found = db.execute(
        "select event_date, sum(dau), sum(mau), sum(new_users), bool_or(is_mau_partial)"
        " from active_users_by_segment where dimension = 'tier' and dau is not null group by 1 order by 1"
    ).fetchall()

    assert found
    assert (
        found
        == db.execute(
            "select event_date, dau, mau, new_users, is_mau_partial from daily_active_users"
            " where mau > 0 order by 1"
        ).fetchall()
    )


def test_retention_by_segment_in_brackets_with_conditions_and_a_value(
    db: DB, seen: list[plain.Seen]
) -> None:
    found = db.execute(
        "select segment, cohort_start, interval_number, first_unit, last_unit, cohort_size, retained_on,"
        " retained_on_or_after, value_on, value_on_or_before"
        " from retention_cohorts where retention = 'worth by page' order by all"
    ).fetchall()

    users: dict[tuple[str | None, date], list[dict[int, float]]] = defaultdict(list)
    for own in of_users(seen):
        born = next((e for e in own if e.name == "Page View" and price(e) < 2), None)
        if born is None:
            continue
        returns: dict[int, float] = defaultdict(float)
        for event in own:
            if event.name in ("Paid", "paid") and price(event) > 0 and event.time > born.time:
                day = (event.time - born.time) // DAY
                returns[next((n for n, end in enumerate((1, 4, 14)) if day < end), 3)] += price(
                    event
                )
        page = born.properties.get("$current_url") or "(not set)"
        for segment in (None, page):
            users[segment, born.day].append(returns)
    assert {(row[0], row[1]) for row in found} == set(users)
    for segment, start, number, first, last, size, on, or_after, value, so_far in found:
        cohort = users[segment, start]
        assert (first, last) == [(0, 0), (1, 3), (4, 13)][number]
        assert size == len(cohort)
        assert on in (None, sum(number in returns for returns in cohort))
        assert or_after == sum(any(n >= number for n in returns) for returns in cohort)
        if value is not None:
            assert value == pytest.approx(sum(returns.get(number, 0) for returns in cohort))
        assert so_far == pytest.approx(
            sum(sum(v for n, v in returns.items() if n <= number) for returns in cohort)
        )
    assert sum(row[8] or 0 for row in found) > 0


def of_users(seen: list[plain.Seen]) -> list[list[plain.Seen]]:
    """The events of each user, in order of time."""
    own: dict[str, list[plain.Seen]] = defaultdict(list)
    for event in seen:
        if event.user:
            own[event.user].append(event)
    return list(own.values())


def price(event: plain.Seen) -> float:
    """The column `price`: 0 for what is no number."""
    value = event.properties.get("price")
    return 0.0 if isinstance(value, bool) or value in (None, "much") else float(value)
