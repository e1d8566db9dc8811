"""The metrics that a project configures, against plain Python."""

import re
from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from statistics import mean, median
from typing import Any

import duckdb
import pytest
from dbt.marts.conftest import VARS
from support.marts import known, plain, shop
from support.marts.cohorts import Members, segment

DB = duckdb.DuckDBPyConnection
DAY = timedelta(days=1)
COVERAGE = known.of_days(shop.DAYS, "Europe/Berlin")
TIER = "pl'an / $tier.x"
NOT_PAYING = "known or not paying"
METRICS = {metric["name"]: metric for metric in VARS["metrics"]}


def period(unit: str, event: plain.Seen) -> tuple[datetime, datetime]:
    """The first moment of an event's period, as Berlin's clocks show it and in UTC, naive."""
    local = event.time.replace(tzinfo=UTC).astimezone(plain.ZONE)
    if unit == "hour":
        start = local.replace(minute=0, second=0, microsecond=0)
        in_utc = start.astimezone(UTC).replace(tzinfo=None)
        return start.replace(tzinfo=None), in_utc
    first = {
        "day": event.day,
        "week": event.day - event.day.weekday() * DAY,
        "month": event.day.replace(day=1),
    }[unit]
    return datetime.combine(first, datetime.min.time()), COVERAGE.start(first)


def after(unit: str, first: date) -> date:
    """The first day of the next period."""
    if unit == "month":
        return (first.replace(day=28) + 4 * DAY).replace(day=1)
    return first + {"day": 1, "week": 7}[unit] * DAY


def number(value: object) -> float | None:
    """What a column of numbers makes of a property."""
    if isinstance(value, bool) or not re.fullmatch(r"\d+(\.\d+)?", str(value)):
        return None
    return float(str(value))


def bucket(value: object) -> str:
    if value is None:
        return "(not set)"
    found = number(value)
    if found is None:
        return "(non-numeric values)"
    return "< 2" if found < 2 else "2 - 5" if found < 5 else "≥ 5"


def percentile(share: float) -> Callable[[list[float]], float]:
    def of(values: list[float]) -> float:
        ordered = sorted(values)
        place = share * (len(ordered) - 1)
        below = int(place)
        above = min(below + 1, len(ordered) - 1)
        return ordered[below] + (place - below) * (ordered[above] - ordered[below])

    return of


def distinct(values: Iterable[Any]) -> int:
    return len(set(values))


NUMBERS: dict[str, Callable[[list[Any]], float]] = {
    "sum": sum,
    "average": mean,
    "median": median,
    "p25": percentile(0.25),
    "p75": percentile(0.75),
    "min": min,
    "max": max,
    "distinct": distinct,
}


def chosen(metric: dict[str, Any], seen: list[plain.Seen]) -> list[plain.Seen]:
    """The events of a metric, of which `where` is about the tier in all of these."""
    names = metric.get("events")
    return [
        event
        for event in seen
        if (event.name in names if names else event.name not in plain.HIDDEN)
        and ("where" not in metric or event.properties[TIER] != "free")
    ]


def measured(metric: dict[str, Any], events: list[plain.Seen]) -> tuple[float, int] | None:
    """The value of some events, and how many users they have. None if there is nothing to
    measure."""
    measure, per_user = metric.get("measure", "total"), metric.get("per_user", "")
    if per_user:
        by_user: dict[str, list[plain.Seen]] = defaultdict(list)
        for event in events:
            if event.user is not None:
                by_user[event.user].append(event)
        values = {user: of_user(per_user, own) for user, own in by_user.items()}
        kept = {user: value for user, value in values.items() if value is not None}
        return (NUMBERS[measure](list(kept.values())), len(kept)) if kept else None
    users = {event.user for event in events} - {None}
    if measure == "total":
        return len(events), len(users)
    if measure == "unique":
        return len(users), len(users)
    with_number = [event for event in events if number(event.properties["price"]) is not None]
    if not with_number:
        return None
    found = [number(event.properties["price"]) for event in with_number]
    return NUMBERS[measure](found), len({event.user for event in with_number} - {None})


def of_user(per_user: str, events: list[plain.Seen]) -> float | None:
    if per_user == "total":
        return len(events)
    if per_user == "sessions":
        return len({event.session for event in events} - {None})
    values = [event.properties["price"] for event in events]
    if per_user == "distinct":
        texts = {str(value).lower() for value in values if value is not None}
        return len(texts) or None
    numbers = [found for found in map(number, values) if found is not None]
    return sum(numbers) if numbers else None


def segments(metric: dict[str, Any], event: plain.Seen) -> Iterable[tuple[str | None, str | None]]:
    """The rows of a period that an event is in: over all, by the first segment, and by both."""
    configured = metric.get("segments", [])
    yield None, None
    if metric["name"] == "borrowed":
        yield event.properties["lent"], None
    elif metric["name"] == "last tier":
        yield event.properties["last tier"], None
    elif configured:
        yield event.properties[TIER], None
    if len(configured) > 1 and metric["name"] == "events":
        yield event.properties[TIER], event.properties["membership"]
    elif len(configured) > 1:
        yield event.properties[TIER], bucket(event.properties["price"])


def with_lent_sources(db: DB, seen: list[plain.Seen]) -> list[plain.Seen]:
    """The events with `lent`: their source, or the latest one of their user within two days before."""
    keys: dict[object, list[str]] = defaultdict(list)
    for *event, key in db.execute("select event, time, user_id, event_key from events").fetchall():
        keys[tuple(event)].append(str(key))
    last: dict[tuple[str, datetime], tuple[str, str]] = {}
    for event in seen:
        source = event.properties.get("utm_source")
        # of equal events that differ in the source, no key is known to be one's own
        for key in keys[event.name, event.time, event.user] if event.user and source else ():
            at = (event.user, event.time)
            last[at] = max(last.get(at, ("", "")), (key, source))
    made = []
    for event in seen:
        source = (
            event.properties.get("utm_source")
            or max(
                (
                    (at, lent)
                    for (user, at), (_, lent) in last.items()
                    if user == event.user and event.time - 2 * DAY <= at < event.time
                ),
                default=(None, "(not set)"),
            )[1]
        )
        made.append(replace(event, properties={**event.properties, "lent": source}))
    return made


def with_last_tiers(db: DB, seen: list[plain.Seen]) -> list[plain.Seen]:
    """The events with `last tier`: that of the last page view of their user in the week."""
    found = db.execute(
        "select time, user_id, tier, max(event_key) from events where event = 'Page View' group by all"
    ).fetchall()
    keys = {(time, user, tier): str(key) for time, user, tier, key in found}
    tiers: dict[tuple[str | None, datetime], tuple[datetime, str, str]] = {}
    for event in seen:
        if event.name == "Page View":
            tier, of = event.properties[TIER], (event.user, period("week", event)[0])
            last = (event.time, keys[event.time, event.user, tier], tier)
            tiers[of] = max(tiers.get(of, last), last)
    made = []
    for event in seen:
        _, _, tier = tiers.get((event.user, period("week", event)[0]), (None, None, None))
        own = tier if event.user else event.properties.get(TIER)
        made.append(replace(event, properties={**event.properties, "last tier": own}))
    return made


def with_membership(seen: list[plain.Seen]) -> list[plain.Seen]:
    """The events with `membership`: their segment by a cohort."""
    members = Members(seen)
    return [
        replace(
            each, properties={**each.properties, "membership": segment(members, NOT_PAYING, each)}
        )
        for each in seen
    ]


@pytest.mark.parametrize("name", METRICS)
def test_a_metric_has_the_values_of_its_events(db: DB, seen: list[plain.Seen], name: str) -> None:
    metric = METRICS[name]
    for session, events in enumerate(plain.sessions(seen)):
        for event in events:
            event.session = session
    groups: dict[tuple[Any, ...], list[plain.Seen]] = defaultdict(list)
    events_of = seen
    if name == "borrowed":
        events_of = with_lent_sources(db, seen)
    elif name == "last tier":
        events_of = with_last_tiers(db, seen)
    elif name == "events":
        events_of = with_membership(seen)
    for event in chosen(metric, events_of):
        for unit in metric["units"]:
            for pair in segments(metric, event):
                groups[(unit, *period(unit, event), *pair)].append(event)
    expected = {key: found for key, own in groups.items() if (found := measured(metric, own))}

    found = db.execute(
        "select unit, period_start, starts_at, segment_1, segment_2, value, users "
        "from insights where metric = ?",
        [name],
    ).fetchall()

    rows = {tuple(row[:5]): (row[5], row[6]) for row in found}
    assert len(rows) == len(found)
    assert rows.keys() == expected.keys()
    for key, (value, users) in expected.items():
        assert rows[key] == (pytest.approx(value), users), key
    assert rows


def test_a_period_is_partial_when_any_of_it_is_unknown(db: DB) -> None:
    periods = db.execute(
        "select distinct unit, period_start, starts_at, metric = 'borrowed', is_partial from insights"
    ).fetchall()

    for unit, start, starts_at, is_borrowed, is_partial in periods:
        end = (
            starts_at + timedelta(hours=1)
            if unit == "hour"
            else COVERAGE.start(after(unit, start.date()))
        )
        first = starts_at - 2 * DAY * is_borrowed
        if is_borrowed and unit != "hour":
            first = COVERAGE.start(start.date() - 2 * DAY)
        assert is_partial != COVERAGE.time(first, end), (unit, start)
    assert {row[-1] for row in periods if row[0] == "hour" and not row[3]} == {False}
    assert {row[-1] for row in periods if row[0] == "day"} == {False, True}


def test_trends_are_means_of_the_last_periods_and_sums_of_all(db: DB) -> None:
    values: dict[tuple[Any, ...], dict[datetime, float]] = defaultdict(dict)
    for *key, starts_at, value in db.execute(
        "select metric, unit, segment_1, segment_2, starts_at, value from insights"
    ).fetchall():
        values[tuple(key)][starts_at] = value
    found = db.execute(
        "select metric, unit, segment_1, segment_2, starts_at, rolling_average, cumulative, is_rolling_partial, "
        "is_cumulative_partial from insights_trends"
    ).fetchall()

    for *key, starts_at, rolling, cumulative, is_rolling_partial, is_cumulative_partial in found:
        metric, unit = METRICS[key[0]], key[1]
        own = values[tuple(key)]
        last = [starts_at]
        while len(last) < metric["rolling"]:
            last.append(before(unit, last[-1]))
        there = [own[start] for start in last if start in own]
        is_count = key[0] in ("users", "sum")
        assert rolling == pytest.approx(sum(there) / (len(last) if is_count else len(there))), key
        so_far = sum(value for start, value in own.items() if start <= starts_at)
        assert cumulative == (so_far if metric.get("cumulative") else None)
        end = following(unit, starts_at)
        assert is_rolling_partial != COVERAGE.time(last[-1], end), (key, starts_at)
        if metric.get("cumulative"):
            assert is_cumulative_partial != COVERAGE.time(COVERAGE.start(shop.DAYS[0]), end)
    expected = {key for key in values if METRICS[key[0]].get("rolling")}
    assert {tuple(row[:4]) for row in found} == expected
    assert len(found) == sum(len(values[key]) for key in expected)


def before(unit: str, starts_at: datetime) -> datetime:
    """When the period before begins, UTC."""
    if unit == "hour":
        return starts_at - timedelta(hours=1)
    day = COVERAGE.day(starts_at)
    first = {"day": day - DAY, "week": day - 7 * DAY, "month": (day - DAY).replace(day=1)}[unit]
    return COVERAGE.start(first)


def following(unit: str, starts_at: datetime) -> datetime:
    """When the next period begins, UTC."""
    if unit == "hour":
        return starts_at + timedelta(hours=1)
    return COVERAGE.start(after(unit, COVERAGE.day(starts_at)))
