"""Users, how often they act, and what follows what within their sessions, against plain Python."""

from collections import Counter, defaultdict
from datetime import UTC, date, timedelta
from itertools import pairwise
from statistics import median

import duckdb
import pytest
from support.marts import known, people, plain, shop

DB = duckdb.DuckDBPyConnection
DAY = timedelta(days=1)
COVERAGE = known.of_days(shop.DAYS, "Europe/Berlin")
AS_OF = max(day for day in shop.DAYS if COVERAGE.days(day, day))


def days_of_users(seen: list[plain.Seen]) -> dict[str, Counter[date]]:
    days: dict[str, Counter[date]] = defaultdict(Counter)
    for event in seen:
        if event.user and event.name not in plain.HIDDEN:
            days[event.user][event.day] += 1
    return days


def stage(days: set[date]) -> str:
    this_week = {day for day in days if AS_OF - 7 * DAY < day <= AS_OF}
    week_before = {day for day in days if AS_OF - 14 * DAY < day <= AS_OF - 7 * DAY}
    if min(days) > AS_OF - 7 * DAY:
        return "new"
    if this_week:
        return "retained" if week_before else "resurrected"
    return "dormant" if week_before else "inactive"


def test_users_have_their_days_and_stage(db: DB, seen: list[plain.Seen]) -> None:
    found = db.execute(
        """
        select
            user_id, first_date, last_date, active_days, event_count,
            as_of_date, active_days_7d, active_days_28d, event_count_28d, stage
        from users where first_date is not null
        """
    ).fetchall()

    expected = []
    for user, days in days_of_users(seen).items():
        last_28 = [day for day in days if AS_OF - 28 * DAY < day <= AS_OF]
        expected.append(
            (
                *(user, min(days), max(days), len(days), days.total(), AS_OF),
                sum(day > AS_OF - 7 * DAY for day in last_28),
                len(last_28),
                sum(days[day] for day in last_28),
                stage(set(days)),
            )
        )
    assert sorted(found) == sorted(expected)
    assert {row[-1] for row in found} >= {"new", "inactive"}


def test_users_without_events_have_a_profile_only(db: DB, seen: list[plain.Seen]) -> None:
    found = db.execute(
        "select user_id, active_days, event_count, session_count, stage, activity_level, is_stage_partial "
        "from users where first_date is null and has_profile"
    ).fetchall()

    active = days_of_users(seen)
    assert sorted(found) == sorted(
        (user, 0, 0, 0, None, None, None)
        for [user] in db.execute("select distinct user_id from profiles").fetchall()
        if user not in active
    )
    assert found
    with_profile = db.execute("select user_id from users where has_profile").fetchall()
    assert set(with_profile) == set(db.execute("select user_id from profiles").fetchall())
    tiers = db.execute("select tier from users where user_id = 'ann'").fetchall()
    assert tiers == db.execute("select tier from profiles where distinct_id = 'ann'").fetchall()
    assert people.LAST.keys() >= {"odd"}


def test_users_have_the_source_of_their_first_session_with_one(
    db: DB, seen: list[plain.Seen]
) -> None:
    found = db.execute(
        "select user_id, session_count, session_seconds, first_utm_source from users where session_count > 0"
    ).fetchall()

    sessions: dict[str, list[list[plain.Seen]]] = defaultdict(list)
    for events in sorted(plain.sessions(seen), key=lambda events: events[0].time):
        sessions[str(events[0].user)].append(events)
    expected = []
    for user, own in sessions.items():
        sources = [
            # of events of one instant the key decides, which only the table has
            {e.properties.get("utm_source") for e in events if e.properties.get("utm_source")}
            for events in own
        ]
        seconds = sum((events[-1].time - events[0].time).total_seconds() for events in own)
        expected.append((user, len(own), seconds, next((s for s in sources if s), {None})))
    by_user = {row[0]: row for row in found}
    assert len(found) == len(expected)
    for user, count, seconds, sources in expected:
        assert by_user[user][1] == count
        assert by_user[user][2] == pytest.approx(seconds)
        assert by_user[user][3] in sources


def test_activity_levels_are_percentiles_of_events(db: DB) -> None:
    rows = db.execute(
        "select event_count_28d, activity_level from users where event_count_28d > 0 order by 1"
    ).fetchall()

    counts = [count for count, _ in rows]

    def percentile(share: float) -> float:
        place = share * (len(counts) - 1)
        below = int(place)
        above = min(below + 1, len(counts) - 1)
        return counts[below] + (place - below) * (counts[above] - counts[below])

    for count, level in rows:
        expected = next(
            name
            for name, least in (
                ("power", percentile(0.9)),
                ("core", percentile(0.5)),
                ("casual", percentile(0.25)),
                ("occasional", 0),
            )
            if count >= least
        )
        assert level == expected


FIRSTS = {
    "day": lambda day: day,
    "week": lambda day: day - day.weekday() * DAY,
    "month": lambda day: day.replace(day=1),
}


def test_frequency_counts_hours_of_days_and_days_of_weeks_and_months(
    db: DB, seen: list[plain.Seen]
) -> None:
    found = db.execute(
        "select unit, period_start, event, frequency, users, users_at_least, period_users from frequency"
    ).fetchall()

    parts: dict[object, set[object]] = defaultdict(set)
    for event in seen:
        if event.user is None:
            continue
        hour = event.time.replace(tzinfo=UTC).astimezone(plain.ZONE).hour
        for name in [event.name] + [None] * (event.name not in plain.HIDDEN):
            for unit, first in FIRSTS.items():
                part = hour if unit == "day" else event.day
                parts[unit, first(event.day), name, event.user].add(part)
    counted: dict[object, Counter[int]] = defaultdict(Counter)
    for (unit, start, name, _), there in parts.items():  # type: ignore[misc]
        counted[unit, start, name][len(there)] += 1
    expected = [
        (
            *key,  # type: ignore[misc]
            times,
            users,
            sum(n for other, n in tally.items() if other >= times),
            tally.total(),
        )
        for key, tally in counted.items()
        for times, users in tally.items()
    ]
    assert sorted(found, key=repr) == sorted(expected, key=repr)
    assert {row[0] for row in found if row[3] > 1} == {"day", "week", "month"}


def test_periods_of_frequency_are_partial_when_a_day_is_unknown(db: DB) -> None:
    for unit, start, is_partial in db.execute(
        "select distinct unit, period_start, is_partial from frequency"
    ).fetchall():
        following = {
            "day": start + DAY,
            "week": start + 7 * DAY,
            "month": (start.replace(day=28) + 4 * DAY).replace(day=1),
        }[unit]
        assert is_partial != COVERAGE.days(start, following - DAY), (unit, start)


def ordered(db: DB, seen: list[plain.Seen]) -> list[list[plain.Seen]]:
    """The sessions, with events of one instant in the order of their keys."""
    keys: dict[object, list[str]] = defaultdict(list)
    for *event, key in db.execute(
        "select event, time, user_id, event_key from events order by event_key"
    ).fetchall():
        keys[tuple(event)].append(key)
    # equal events are interchangeable: each takes one of their keys
    key_of = {id(e): keys[e.name, e.time, e.user].pop() for e in seen}
    return [
        sorted(events, key=lambda e: (e.time, key_of[id(e)])) for events in plain.sessions(seen)
    ]


def test_transitions_are_those_of_sessions(db: DB, seen: list[plain.Seen]) -> None:
    found = db.execute(
        "select session_date, event, next_event, transition_count, sessions, users, total_seconds, median_seconds "
        "from event_transitions"
    ).fetchall()

    seconds: dict[object, list[float | None]] = defaultdict(list)
    sessions: dict[object, set[int]] = defaultdict(set)
    users: dict[object, set[str | None]] = defaultdict(set)
    for number, events in enumerate(ordered(db, seen)):
        for one, other in pairwise([None, *events, None]):
            key = (
                events[0].day,
                one.name if one else None,
                other.name if other else None,
            )
            gap = (other.time - one.time).total_seconds() if one and other else None
            seconds[key].append(gap)
            sessions[key].add(number)
            users[key].add(events[0].user)
    assert len(found) == len(seconds)
    for *key, count, in_sessions, of_users, total, middle in found:
        expected = seconds[tuple(key)]
        assert count == len(expected)
        assert in_sessions == len(sessions[tuple(key)])
        assert of_users == len(users[tuple(key)])
        gaps = [gap for gap in expected if gap is not None]
        assert total == (pytest.approx(sum(gaps)) if gaps else None)
        assert middle == (pytest.approx(median(gaps)) if gaps else None)


def test_paths_are_the_first_five_events_of_sessions(db: DB, seen: list[plain.Seen]) -> None:
    found = db.execute("select * exclude (users, is_partial) from session_paths").fetchall()

    expected: Counter[tuple[object, ...]] = Counter()
    for events in ordered(db, seen):
        names = [event.name for event in events[:5]]
        expected[(events[0].day, *names, *[None] * (5 - len(names)))] += 1
    assert {row[:-1]: row[-1] for row in found} == dict(expected)


@pytest.mark.parametrize("table", ["event_transitions", "session_paths"])
def test_days_of_flows_are_partial_when_they_are_not_known(db: DB, table: str) -> None:
    for day, is_partial in db.execute(
        f"select distinct session_date, is_partial from {table}"
    ).fetchall():
        assert is_partial != COVERAGE.days(day, day), day
