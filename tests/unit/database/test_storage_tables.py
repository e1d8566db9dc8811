"""Tables are made whole, in the documented schema, and described by list_tables and get_schema."""

import gzip
import json
from datetime import UTC, datetime
from typing import Any

import pytest

from mixpanel_data._internal.storage import StorageEngine
from mixpanel_data.exceptions import (
    ConfigError,
    IncompleteExportError,
    QueryError,
    TableExistsError,
    TableNotFoundError,
)
from mixpanel_data.types import TableMetadata

from .conftest import event, profile, write

SCHEMA = [
    ("event", "VARCHAR"),
    ("time", "TIMESTAMP"),
    ("distinct_id", "VARCHAR"),
    ("insert_id", "VARCHAR"),
    ("properties", "JSON"),
]


def test_an_iterator_of_events_becomes_a_table_in_the_seeds_schema(storage):
    rows = storage.create_events_table("events", (event(n) for n in range(10_000)))

    assert rows == 10_000
    columns = storage.get_schema("events").columns
    assert [(column.name, column.type) for column in columns] == SCHEMA
    first = storage.execute_rows("SELECT * EXCLUDE properties FROM events ORDER BY time LIMIT 1")
    assert first == [("event 0", datetime(2026, 1, 1), "user 0", "id 0")]
    assert first.columns == ["event", "time", "distinct_id", "insert_id"]


def test_properties_are_what_was_given(storage):
    odd = {
        "🎉": "\u2028 \u0000",
        "big": 2**70,
        "Plan": 1,
        "plan": 2,
        "none": None,
        "deep": [{"a": []}],
    }
    storage.create_events_table("events", [event(1, **odd)])

    found = json.loads(storage.execute_scalar("SELECT properties FROM events"))

    assert found == event(1, **odd)["properties"]


def test_profiles_have_one_row_each_the_last_that_came(storage):
    people = [profile(4, plan="old"), profile("u1"), profile(4, plan="new"), {"$distinct_id": "u2"}]

    assert storage.create_profiles_table("people", iter(people)) == 3
    rows = storage.execute_rows("SELECT distinct_id, properties FROM people ORDER BY ALL")
    assert rows == [("4", '{"plan":"new"}'), ("u1", "{}"), ("u2", "{}")]
    assert storage.list_tables()[0].type == "profiles"


def test_files_become_tables_compressed_or_not(storage, tmp_path):
    plain = write(tmp_path / "a.ndjson", [event(1), "", event(2)])
    packed = tmp_path / "b.ndjson.gz"
    packed.write_bytes(gzip.compress(json.dumps(event(3)).encode()))

    assert storage.create_events_table("events", [plain, packed]) == 3
    assert storage.create_profiles_table("people", str(write(tmp_path / "p", [profile(1)]))) == 1


@pytest.mark.parametrize("kind", ["events", "profiles"])
def test_nothing_is_a_table_without_rows(storage, kind):
    create = getattr(storage, f"create_{kind}_table")

    assert (create("none", []), create("none", iter(()), append=True)) == (0, 0)
    assert storage.list_tables()[0].row_count == 0


def test_appended_events_take_the_place_of_older_copies_and_nothing_else(storage):
    def copy(number: int, which: int) -> dict[str, Any]:
        return event(number, copy=which, mp_processing_time_ms=which)

    storage.create_events_table("events", [copy(n, 1) for n in range(10)])
    without_id = copy(3, 1)
    del without_id["properties"]["$insert_id"]

    more = [*(copy(n, 2) for n in range(5, 15)), without_id, without_id]
    assert storage.create_events_table("events", more, append=True) == 12

    copies = "SELECT properties->>'copy', count(*) FROM events GROUP BY ALL ORDER BY ALL"
    assert storage.execute_rows(copies) == [("1", 5 + 2), ("2", 10)]
    counts = "SELECT row_count, previous_row_count FROM _metadata ORDER BY fetched_at"
    assert storage.execute_rows(counts) == [(10, None), (12, 10)]


def test_a_merged_user_is_still_the_same_event(storage):
    storage.create_events_table("events", [event(1, distinct_id="device")])
    merged = event(1, distinct_id="user", **{"$distinct_id_before_identity": "device"})

    storage.create_events_table("events", [merged], append=True)

    assert storage.execute_rows("SELECT distinct_id FROM events") == [("user",)]


def test_appended_profiles_replace_their_own(storage):
    storage.create_profiles_table("people", [profile(1, n=1), profile(2, n=1)])

    assert (
        storage.create_profiles_table("people", [profile(2, n=2), profile(3, n=2)], append=True)
        == 2
    )
    rows = storage.execute_rows("SELECT distinct_id, properties->>'n' FROM people ORDER BY ALL")
    assert rows == [("1", "1"), ("2", "2"), ("3", "2")]


def test_a_table_is_neither_overwritten_nor_invented(storage):
    storage.create_events_table("Events", [event(1)])

    with pytest.raises(TableExistsError) as exists:
        storage.create_events_table("events", [event(2)])
    assert exists.value.table_name == "events"
    with pytest.raises(TableNotFoundError) as missing:
        storage.create_events_table("other", [event(2)], append=True)
    assert missing.value.details["available_tables"] == ["Events"]
    for ask in (storage.get_schema, storage.get_metadata, storage.drop):
        with pytest.raises(TableNotFoundError):
            ask("other")
    with pytest.raises(ConfigError, match="contains events"):
        storage.create_profiles_table("events", [profile(1)], append=True)
    assert storage.execute_scalar("SELECT count(*) FROM events") == 1


def test_a_dropped_table_leaves_no_trace(storage):
    storage.create_events_table("events", [event(1)])
    storage.execute("CREATE VIEW seen AS FROM events")
    assert [(item.name, item.type) for item in storage.list_tables()] == [
        ("events", "events"),
        ("seen", "table"),
    ]

    storage.drop("seen")
    storage.drop("EVENTS")

    assert storage.list_tables() == []
    assert storage.execute_scalar("SELECT count(*) FROM _metadata") == 0


def test_metadata_covers_all_fetches_together(storage):
    at = datetime(2026, 2, 3, tzinfo=UTC)

    def fetch(day: str, events: list[str] | None, where: str | None) -> TableMetadata:
        return TableMetadata("events", at, day, day, filter_events=events, filter_where=where)

    storage.create_events_table("events", [event(1)], fetch("2026-01-03", ["a"], "x"))
    assert storage.get_metadata("events") == fetch("2026-01-03", ["a"], "x")
    storage.create_events_table(
        "events", [event(2)], fetch("2026-01-01", ["b", "a"], "y"), append=True
    )

    assert storage.get_metadata("events") == TableMetadata(
        "events",
        at,
        "2026-01-01",
        "2026-01-03",
        ["a", "b"],
        "(x) or (y)",
    )
    storage.execute("CREATE TABLE mine (i INT)")
    with pytest.raises(TableNotFoundError):
        storage.get_metadata("mine")


@pytest.mark.parametrize("days", [(10, 3, 7), (1, 9, 2), (5, 5, 4)])
def test_the_newest_fetch_is_the_last_one_with_any_clocks(storage, days):
    for number, day in enumerate(days):
        metadata = TableMetadata(type="events", fetched_at=datetime(2026, 1, day, tzinfo=UTC))
        storage.create_events_table("events", [event(number)], metadata=metadata, append=number > 0)

        assert storage.get_metadata("events").fetched_at == metadata.fetched_at
    storage.execute("ALTER TABLE _metadata DROP COLUMN load_number")  # as older versions wrote it
    assert storage.get_metadata("events").fetched_at.day == max(days)
    metadata = TableMetadata(type="events", fetched_at=datetime(2025, 1, 1, tzinfo=UTC))
    storage.create_events_table("events", [event(9)], metadata=metadata, append=True)

    assert storage.get_metadata("events").fetched_at == metadata.fetched_at


def test_metadata_names_cohorts_unless_one_fetch_was_of_everybody(storage):
    at = datetime(2026, 2, 3, tzinfo=UTC)

    def fetch(cohorts: list[int] | None) -> TableMetadata:
        return TableMetadata("profiles", at, filter_cohorts=cohorts)

    storage.create_profiles_table("people", [profile(1)], fetch([7]))
    storage.create_profiles_table("people", [profile(2)], fetch([8]), append=True)
    assert storage.get_metadata("people") == fetch([7, 8])
    hashes = storage.execute_rows("SELECT DISTINCT filter_hash FROM _metadata")
    assert len(hashes) == 2
    assert ("all",) not in hashes
    storage.create_profiles_table("people", [profile(3)], fetch(None), append=True)
    assert storage.get_metadata("people") == fetch(None)


def test_a_workspace_of_before_learns_about_cohorts(tmp_path):
    with StorageEngine(tmp_path / "old.duckdb") as storage:
        storage.create_profiles_table("people", [profile(1)])
        storage.execute("ALTER TABLE _metadata DROP COLUMN filter_cohorts")

    with StorageEngine(tmp_path / "old.duckdb", read_only=True) as storage:
        assert storage.get_metadata("people").filter_cohorts is None
    with StorageEngine(tmp_path / "old.duckdb") as storage:
        at = datetime(2026, 2, 3, tzinfo=UTC)
        few = TableMetadata("profiles", at, filter_cohorts=[7])
        storage.create_profiles_table("few", [profile(1)], few)
        assert storage.get_metadata("few") == few
        assert storage.get_metadata("people").filter_cohorts is None


BAD_EVENTS = [
    ('{"event": "cut", "proper', "not valid JSON"),
    ("terminated early", "not valid JSON"),
    ('{"properties": {"time": 1}}', "no event name"),
    ('{"event": "x", "properties": [1]}', "no properties"),
    ('{"event": "x", "properties": {"time": "soon"}}', "no readable time"),
]


@pytest.mark.parametrize(("line", "reason"), BAD_EVENTS)
@pytest.mark.parametrize("append", [False, True])
def test_a_load_that_fails_leaves_what_was_there_and_names_the_line(
    storage, tmp_path, line, reason, append
):
    storage.create_events_table("events", [event(n) for n in range(5)])
    table = "events" if append else "more"
    bad = write(tmp_path / "bad.ndjson", [event(7), event(8), line, event(9)])

    with pytest.raises(QueryError, match="line 3") as caught:
        storage.create_events_table(table, bad, append=append)

    assert reason in str(caught.value)
    assert caught.value.details["lines"] == [3]
    assert [(item.name, item.row_count) for item in storage.list_tables()] == [("events", 5)]
    assert storage.execute_scalar("SELECT count(*) FROM _metadata") == 1
    assert storage.create_events_table("more", [event(1)]) == 1


@pytest.mark.parametrize(
    ("bad", "says"),
    [
        ("text", "a str"),
        ({"event": "x", "properties": {"time": datetime(2026, 1, 1)}}, "datetime"),
        ({"event": "x", "properties": {"time": float("nan")}}, "JSON compliant"),
        ({"event": "\ud800", "properties": {"time": 1}}, "surrogates"),
    ],
)
def test_a_record_that_json_cant_hold_is_named(storage, bad, says):
    with pytest.raises(QueryError, match="Record 2") as caught:
        storage.create_events_table("events", iter([event(1), bad]))

    assert says in str(caught.value)
    assert storage.list_tables() == []


def test_an_iterator_that_breaks_off_stores_nothing(storage):
    def faulty():
        yield event(1)
        raise ConnectionError("gone")

    with pytest.raises(ConnectionError):
        storage.create_events_table("events", faulty())

    assert storage.list_tables() == []


def test_a_cut_gzip_is_no_file(storage, tmp_path):
    whole = gzip.compress(b"\n".join(json.dumps(event(n)).encode() for n in range(500)))
    cut = tmp_path / "cut.ndjson.gz"
    cut.write_bytes(whole[:-9])

    with pytest.raises(IncompleteExportError, match="gzip") as caught:
        storage.create_events_table("events", cut)
    message = str(caught.value)
    assert message.startswith(f"The file {cut} is not complete: cut gzip.")
    assert "Mixpanel" not in message
    assert "mp sync" not in message


def test_a_profile_without_an_id_is_named(storage):
    with pytest.raises(QueryError, match=r"line 2: no \$distinct_id"):
        storage.create_profiles_table("people", [profile(1), {"$properties": {}}])


def test_large_records_fit(storage):
    text = "x" * 5_000_000

    storage.create_events_table("events", [event(1, text=text), event(2)])
    storage.create_profiles_table("people", [profile(1, text=text)])

    longest = "SELECT max(length(properties->>'text')) FROM "
    assert storage.execute_scalar(longest + "events") == len(text)
    assert storage.execute_scalar(longest + "people") == len(text)


def test_an_older_projects_local_time_becomes_utc():
    from zoneinfo import ZoneInfo

    with StorageEngine(zone=ZoneInfo("America/New_York")) as storage:
        storage.create_events_table("events", [event(0)])
        assert storage.execute_scalar("SELECT time FROM events") == datetime(2026, 1, 1, 5)
