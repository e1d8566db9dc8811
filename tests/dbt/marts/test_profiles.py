"""Profiles and what they were, against plain Python over the same reads."""

import json
from collections import defaultdict
from datetime import datetime
from typing import Any

import duckdb
from support.marts import people, plain

Version = dict[str, Any]


def versions() -> dict[str, list[Version]]:
    """Each profile's versions in order, by number of the reads that began and ended them."""
    found: dict[str, list[Version]] = defaultdict(list)
    for number, read in enumerate(people.READS):
        current = {name for name, known in found.items() if known[-1]["to"] is None}
        for name in current - read.found.keys() if read.complete else set():
            found[name][-1].update(to=number, deleted=True)
        for name, properties in read.found.items():
            if name in current:
                if found[name][-1]["properties"] == properties:
                    continue
                found[name][-1]["to"] = number
            found[name].append(
                {"properties": properties, "from": number, "to": None, "deleted": False}
            )
    return found


def moments(db: duckdb.DuckDBPyConnection) -> dict[datetime, int]:
    rows = db.execute(
        "select fetched_at from _metadata where table_name = 'profiles' order by 1"
    ).fetchall()
    return {moment: number for number, (moment,) in enumerate(rows)}


def changed(properties: dict[str, Any], former: dict[str, Any]) -> list[str]:
    nothing = object()
    return sorted(
        key
        for key in properties.keys() | former.keys()
        if properties.get(key, nothing) != former.get(key, nothing)
    )


def test_history_holds_every_version_and_what_changed(db: duckdb.DuckDBPyConnection) -> None:
    reads = moments(db)
    held: dict[str, list[tuple[Any, ...]]] = defaultdict(list)
    for name, start, end, deleted, current, latest, keys, text in db.execute(
        "select distinct_id, valid_from, valid_to, is_deleted, is_current, is_latest, changed_keys, properties "
        "from profiles_history order by valid_from"
    ).fetchall():
        held[name].append(
            (reads[start], reads.get(end), deleted, current, latest, keys, json.loads(text))
        )

    wanted = {
        name: [
            (
                version["from"],
                version["to"],
                version["deleted"],
                version["to"] is None,
                version is known[-1],
                changed(version["properties"], known[place - 1]["properties"]) if place else None,
                version["properties"],
            )
            for place, version in enumerate(known)
        ]
        for name, known in versions().items()
    }
    assert held == wanted
    assert any(version[2] and not version[4] for known in wanted.values() for version in known)


def test_profiles_are_the_current_ones_with_their_users_events(
    db: duckdb.DuckDBPyConnection, seen: list[plain.Seen]
) -> None:
    users = dict(db.execute("select distinct_id, user_id from identities").fetchall())
    reads = moments(db)
    rows = db.execute(
        "select distinct_id, properties, user_id, event_count, first_event_at, last_event_at, valid_from, is_deleted "
        "from profiles"
    ).fetchall()

    assert {name: json.loads(text) for name, text, *_ in rows} == {
        name: known[-1]["properties"] for name, known in versions().items() if not known[-1]["to"]
    }
    for name, _, user, count, first, last, valid_from, is_deleted in rows:
        times = [
            event.time for event in seen if event.user == user and event.name not in plain.HIDDEN
        ]
        assert user == users.get(name, name)
        assert (count, first, last) == (
            len(times),
            min(times, default=None),
            max(times, default=None),
        )
        assert reads[valid_from] == versions()[name][-1]["from"]
        assert is_deleted is False


def test_what_is_of_the_wrong_type_is_null_and_named(db: duckdb.DuckDBPyConnection) -> None:
    rows = db.execute(
        "select distinct_id, name, created, last_seen, tier, visits, failed_casts from profiles order by 1"
    ).fetchall()

    assert rows == [
        ("$device:d2", None, None, datetime(2026, 3, 30, 10), None, None, None),
        ("ann", "Ann", None, None, None, None, None),
        ("away", None, None, None, None, None, None),
        ("bob", "Bob", None, None, None, 9, None),
        ("odd", None, datetime(2025, 12, 31, 23), None, None, None, ["last_seen", "visits"]),
    ]


def test_groups_have_a_history_too(db: duckdb.DuckDBPyConnection) -> None:
    rows = db.execute(
        "select group_key, distinct_id, properties, is_current, is_deleted, changed_keys "
        "from group_profiles_history order by distinct_id, valid_from"
    ).fetchall()

    assert rows == [
        ("company", "c1", '{"n":1}', False, False, None),
        ("company", "c1", '{"n":2}', True, False, ["n"]),
        ("company", "c2", "{}", False, True, None),
    ]
