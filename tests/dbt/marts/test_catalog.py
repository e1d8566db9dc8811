"""The catalogue and the quality tables, against plain Python."""

import json
from collections import Counter
from datetime import date

import duckdb
from support.marts import plain, shop
from support.raw_file import Event

DB = duckdb.DuckDBPyConnection
TYPES = {
    str: "string",
    bool: "boolean",
    int: "number",
    float: "number",
    list: "list",
    dict: "object",
}


def test_events(db: DB, seen: list[plain.Seen]) -> None:
    found = db.execute(
        "select event, event_count, users, active_days, first_seen_at, last_seen_at, is_hidden from event_catalog"
    ).fetchall()

    expected = []
    for name in {event.name for event in seen}:
        own = [event for event in seen if event.name == name]
        users, days = {e.user for e in own} - {None}, {e.day for e in own}
        expected.append(
            (name, len(own), len(users), len(days), own[0].time, own[-1].time, name == "Hidden")
        )
    assert sorted(found) == sorted(expected)


def test_properties(db: DB, seen: list[plain.Seen]) -> None:
    found = db.execute(
        """
        select event, property, event_count, defined, strings, numbers, booleans, nulls, is_mixed_type
        from property_catalog
        """
    ).fetchall()

    events = Counter(event.name for event in seen)
    types: dict[tuple[str, str], Counter[str]] = {}
    for event in seen:
        for name, value in event.properties.items():
            kind = "null" if value is None else TYPES[type(value)]
            types.setdefault((event.name, name), Counter())[kind] += 1
    expected = [
        (
            event,
            name,
            events[event],
            kinds.total() - kinds["null"],
            *(kinds[kind] for kind in ("string", "number", "boolean", "null")),
            len(set(kinds) - {"null"}) > 1,
        )
        for (event, name), kinds in types.items()
    ]
    assert sorted(found) == sorted(expected)
    assert any(row[-1] for row in found)


def test_examples_spans_and_numbers_of_values(db: DB, seen: list[plain.Seen]) -> None:
    found = db.execute(
        "select event, property, distinct_estimate, examples, first_seen_at, last_seen_at from property_catalog "
        "where property in ('$current_url', 'utm_source', 'price')"
    ).fetchall()

    for event, name, estimate, examples, first, last in found:
        own = [e for e in seen if e.name == event and name in e.properties]
        values = {json.dumps(e.properties[name]) for e in own} - {"null"}
        assert abs(estimate - len(values)) <= 1, (event, name)  # few values hardly meet
        assert set(examples or []) <= values
        assert len(examples or []) == min(3, len(values))
        assert (first, last) == (own[0].time, own[-1].time)
    assert len(found) > 10


def test_duplicates(db: DB, days: dict[date, list[Event]], seen: list[plain.Seen]) -> None:
    found = db.execute(
        "select event_date, exported_rows, events, duplicates from dq_duplicates"
    ).fetchall()

    raw = [
        plain.Seen(event.name, event.time, None, {}) for events in days.values() for event in events
    ]
    exported, kept = Counter(event.day for event in raw), Counter(event.day for event in seen)
    assert sorted(found) == sorted(
        (day, n, kept[day], n - kept[day]) for day, n in exported.items()
    )
    assert sum(row[3] for row in found) > 5


def test_late_arrivals(db: DB, seen: list[plain.Seen]) -> None:
    found = db.execute(
        "select event_date, events, later_than_1_day from dq_late_arrivals"
    ).fetchall()

    late = Counter(
        event.day
        for event in seen
        if event.properties["mp_processing_time_ms"] - event.time.timestamp() * 1000 > 86_400_000
    )
    assert sorted(found) == sorted(
        (day, n, late[day]) for day, n in Counter(e.day for e in seen).items()
    )
    assert late.total() > 10


def test_failed_casts(db: DB, seen: list[plain.Seen]) -> None:
    found = db.execute(
        "select event, failed from dq_casts where table_name = 'events' and column_name = 'price'"
    ).fetchall()

    bad = Counter(
        e.name for e in seen if e.properties["price"] == "much" or e.properties["price"] is True
    )
    assert dict(found) == bad


def test_failed_casts_of_profiles(db: DB) -> None:
    found = db.execute("""
        select column_name, event, failed, first_date, last_date from dq_casts where table_name = 'profiles' order by 1
    """).fetchall()

    ((since,),) = db.execute(
        "select timezone('Europe/Berlin', timezone('UTC', valid_from))::date from profiles where distinct_id = 'odd'"
    ).fetchall()
    assert found == [(name, None, 1, since, since) for name in ("last_seen", "visits")]


def test_days_never_fetched_are_missing(db: DB) -> None:
    found = db.execute("select day from dq_days where is_fetched order by 1").fetchall()
    missing = db.execute("select count(*) from dq_days where not is_fetched").fetchall()

    assert [day for (day,) in found] == shop.DAYS
    assert missing == [((shop.LAST - shop.DAYS[0]).days + 1 - len(shop.DAYS),)]
