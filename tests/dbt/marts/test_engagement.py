"""Users, sessions and activity, against plain Python."""

from collections import Counter
from datetime import date, timedelta
from itertools import pairwise

import duckdb
import pytest
from support.marts import known, plain, shop

DB = duckdb.DuckDBPyConnection
DAY = timedelta(days=1)
COVERAGE = known.of_days(shop.DAYS, "Europe/Berlin")


def test_each_event_has_its_user_and_its_day(db: DB, seen: list[plain.Seen]) -> None:
    found = db.execute("select event, time, user_id, event_date from events").fetchall()

    assert Counter(found) == Counter((e.name, e.time, e.user, e.day) for e in seen)
    assert {user for _, _, user, _ in found} >= {"ann", "bob", "cyd", "$device:d5", None}


def test_local_time_follows_the_clocks(db: DB) -> None:
    wrong = db.execute(
        "select local_time - time, count(*) from events group by 1 order by 1"
    ).fetchall()

    assert [gap for gap, _ in wrong] == [timedelta(hours=1), timedelta(hours=2)]


def test_event_keys_are_unique(db: DB) -> None:
    assert db.execute("select count(*) - count(distinct event_key) from events").fetchall() == [
        (0,)
    ]


def test_configured_properties_are_typed_and_failures_counted(
    db: DB, seen: list[plain.Seen]
) -> None:
    found = db.execute("select price, tier, failed_casts from events").fetchall()

    texts = {"3": 3.0, "much": None}
    expected = Counter()
    for event in seen:
        price = event.properties.get("price")
        value = texts.get(price, price) if isinstance(price, str) else price
        failed = price == "much" or price is True
        expected[(None if failed else value, event.properties.get("pl'an / $tier.x"), failed)] += 1
    assert Counter((price, tier, failed == ["price"]) for price, tier, failed in found) == expected


def test_sessions_are_those_of_the_rule(db: DB, seen: list[plain.Seen]) -> None:
    found = db.execute(
        "select user_id, session_date, started_at, ended_at, duration_seconds, event_count, page_view_count from sessions"
    ).fetchall()

    expected = [
        (
            events[0].user,
            events[0].day,
            events[0].time,
            events[-1].time,
            (events[-1].time - events[0].time).total_seconds(),
            len(events),
            sum(event.name == "Page View" for event in events),
        )
        for events in plain.sessions(seen)
    ]
    assert Counter(found) == Counter(expected)
    assert len(found) > 50


def test_events_know_their_session(db: DB) -> None:
    mismatches = db.execute(
        """
        select count(*) from events full join sessions using (session_id)
        where (sessions.session_id is null) <> (
            events.user_id is null or events.event in ('Hidden', '$campaign_delivery')
        ) or events.event is null or events.time not between started_at and ended_at or events.user_id <> sessions.user_id
        """
    ).fetchall()

    assert mismatches == [(0,)]


def neighbours(days: set[date]) -> dict[date, tuple[date | None, date | None]]:
    """Each day with the one before and the one after."""
    order = [None, *sorted(days), None]
    return {
        day: (before, after)
        for before, day, after in zip(order, order[1:], order[2:], strict=False)
        if day
    }


def test_user_activity_has_the_active_days_around(db: DB, seen: list[plain.Seen]) -> None:
    found = db.execute(
        "select user_id, event_date, event_count, distinct_event_count, first_at, last_at, previous_date, next_date "
        "from user_activity"
    ).fetchall()

    expected = []
    for user in {event.user for event in seen} - {None}:
        own = [event for event in seen if event.user == user and event.name != "Hidden"]
        around = neighbours({event.day for event in own})
        for day in around:
            events = [event for event in own if event.day == day]
            names = {event.name for event in events}
            span = (events[0].time, events[-1].time)
            expected.append((user, day, len(events), len(names), *span, *around[day]))
    assert sorted(found, key=repr) == sorted(expected, key=repr)


def test_user_days_have_the_days_with_the_event_around(db: DB, seen: list[plain.Seen]) -> None:
    found = db.execute(
        "select user_id, event, event_date, event_count, previous_date, next_date from user_days"
    ).fetchall()

    expected = []
    for user, name in {(event.user, event.name) for event in seen}:
        own = [event.day for event in seen if (event.user, event.name) == (user, name)]
        for day, around in neighbours(set(own)).items():
            expected.append((user, name, day, own.count(day), *(around if user else (None, None))))
    assert sorted(found, key=repr) == sorted(expected, key=repr)


def calendar() -> list[date]:
    # 3 April ends at 24:00 UTC, when it is 4 April in Berlin
    first, last = shop.DAYS[0], shop.LAST + DAY
    return [first + n * DAY for n in range((last - first).days + 1)]


def unless_unknown(row: tuple[object, ...], keys: int, is_known: bool) -> tuple[object, ...]:
    """The row; of a period of which nothing is known with nulls after its keys."""
    return row if is_known else row[:keys] + (None,) * (len(row) - keys)


def test_daily_active_users(db: DB, seen: list[plain.Seen]) -> None:
    found = db.execute(
        """
        select event_date, dau, wau, mau, new_users, returning_users, resurrected_users, churned_users, event_count
        from daily_active_users order by 1
        """
    ).fetchall()

    users = plain.users_of(seen)
    totals = Counter(event.day for event in seen if event.name not in plain.HIDDEN)
    expected = []
    for day in calendar():
        there, recent = users.get(day, set()), plain.between(users, day - 30 * DAY, day - DAY)
        past = plain.before(users, day)
        expected.append(
            (
                day,
                len(there),
                len(plain.between(users, day - 6 * DAY, day)),
                len(plain.between(users, day - 29 * DAY, day)),
                len(there - past),
                len(there & recent),
                len((there & past) - recent),
                len(
                    plain.between(users, day - 30 * DAY, day - 30 * DAY)
                    - plain.between(users, day - 29 * DAY, day)
                ),
                totals[day],
            )
        )
    assert found == [unless_unknown(row, 1, COVERAGE.touches(row[0])) for row in expected]
    assert sum(row[6] or 0 for row in found) > 0


def test_days_that_are_not_wholly_known_are_partial(db: DB) -> None:
    found = db.execute(
        "select event_date from daily_active_users where is_partial order by 1"
    ).fetchall()

    assert [day for (day,) in found] == [day for day in calendar() if not COVERAGE.days(day, day)]
    assert 3 < len(found) < len(calendar()) - 3


@pytest.mark.parametrize("name", ["Paid", "paid", "Hidden", "Gone"])
def test_daily_events(db: DB, seen: list[plain.Seen], name: str) -> None:
    found = db.execute(
        """
        select
            event_date, event_count, users, new_users, repeat_users, return_users,
            trailing_users_7d, trailing_users_28d, trailing_users_30d
        from daily_events where event = ? order by 1
        """,
        [name],
    ).fetchall()

    users = plain.users_of(seen, name=name)
    totals = Counter(event.day for event in seen if event.name == name)
    expected = []
    for day in calendar():
        if not totals or day < min(totals):
            continue
        there, past = users.get(day, set()), plain.before(users, day)
        recent = plain.between(users, day - 28 * DAY, day - DAY)
        windows = [len(plain.between(users, day - (n - 1) * DAY, day)) for n in (7, 28, 30)]
        expected.append(
            (
                day,
                totals[day],
                len(there),
                len(there - past),
                len(there & recent),
                len((there & past) - recent),
                *windows,
            )
        )
    assert found == [unless_unknown(row, 1, COVERAGE.touches(row[0])) for row in expected]


def test_monthly_events(db: DB, seen: list[plain.Seen]) -> None:
    found = db.execute(
        """
        select month_start, event_count, users, new_users, repeat_users, return_users, churned_users
        from monthly_events where event = 'Page View' order by 1
        """
    ).fetchall()

    users = plain.users_of(seen, name="Page View")
    months = [date(2026, 2, 1), date(2026, 3, 1), date(2026, 4, 1), date(2026, 5, 1)]
    expected = []
    last: set[str] = set()
    for month, following in pairwise(months):
        there, past = plain.between(users, month, following - DAY), plain.before(users, month)
        total = sum(e.name == "Page View" and month <= e.day < following for e in seen)
        expected.append(
            (
                month,
                total,
                len(there),
                len(there - past),
                len(there & last),
                len((there & past) - last),
                len(last - there),
            )
        )
        last = there
    assert found == expected


@pytest.mark.parametrize("period", ["day", "week", "month"])
def test_lifecycle(db: DB, seen: list[plain.Seen], period: str) -> None:
    found = db.execute(
        """
        select period_start, active_users, new_users, retained_users, resurrected_users, dormant_users
        from lifecycle where period = ? order by 1
        """,
        [period],
    ).fetchall()

    def start(day: date) -> date:
        return {"day": day, "week": day - day.weekday() * DAY, "month": day.replace(day=1)}[period]

    users = plain.users_of(seen)
    expected = []
    last: set[str] = set()
    for first in sorted({start(day) for day in calendar()}):
        there = set().union(*(who for day, who in users.items() if start(day) == first))
        past = plain.before(users, first)
        expected.append(
            (
                first,
                len(there),
                len(there - past),
                len(there & last),
                len((there & past) - last),
                len(last - there),
            )
        )
        last = there
    known_starts = {start(day) for day in calendar() if COVERAGE.touches(day)}
    assert found == [unless_unknown(row, 1, row[0] in known_starts) for row in expected]
