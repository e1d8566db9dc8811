"""One load of profiles into the raw tables, against plain Python: any files, in any order of ids, twice or odd."""

import json
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mixpanel_data._internal.landing.files import Landed, Reject
from mixpanel_data._internal.landing.profile_lines import parse_profiles
from mixpanel_data._internal.ledger.records import Project
from mixpanel_data._internal.streams.windows import Window
from mixpanel_data.destinations import replace_profiles
from mixpanel_data.sources.manifest import Manifest, PackedFile
from mixpanel_data.sources.schema import LEDGER, LEDGER_COLUMNS, RAW_TABLES

START = datetime(2026, 3, 10, tzinfo=UTC)
NAMES = st.sampled_from(["a", "b", "c", "d", "e"])
PROFILES = st.lists(st.tuples(NAMES, st.integers(0, 2)), max_size=8)
GROUPS = st.sampled_from(["", "companies", "accounts"])


@dataclass(frozen=True)
class Read:
    """The content of one file: ids and values in the order of pages, and ids whose profile can't be read."""

    group_key: str
    complete: bool
    profiles: list[tuple[str, int]]
    unread: frozenset[str]


READS = st.builds(Read, GROUPS, st.booleans(), PROFILES, st.frozensets(NAMES, max_size=2))

Table = dict[tuple[str, str], int]


@dataclass
class Model:
    """The current profiles, and what they were, by group key and id."""

    table: Table = field(default_factory=dict)
    history: list[tuple[str, str, int, bool]] = field(default_factory=list)

    def load(self, read: Read) -> None:
        key = read.group_key
        read_now = dict(read.profiles)
        for (group, name), value in list(self.table.items()):
            if group != key:
                continue
            if name in read_now and read_now[name] != value:
                self.history.append((key, name, value, False))
            elif read.complete and name not in read_now and name not in read.unread:
                self.history.append((key, name, value, True))
                del self.table[group, name]
        self.table |= {(key, name): value for name, value in read_now.items()}


class Database:
    """Raw tables in memory."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.connection = duckdb.connect()
        types = {"text": "VARCHAR", "json": "JSON", "timestamp": "TIMESTAMP", "bool": "BOOLEAN",
                 "bigint": "BIGINT", "date": "DATE", "double": "DOUBLE"}  # fmt: skip
        for name, columns in (RAW_TABLES | {LEDGER: LEDGER_COLUMNS}).items():
            definitions = [
                f"{column} {types[about['data_type']]}" for column, about in columns.items()
            ]
            more = ["_dlt_load_id VARCHAR", "_dlt_id VARCHAR"] if name == LEDGER else []
            self.connection.execute(f"CREATE TABLE {name} ({', '.join(definitions + more)})")
        self.loads = 0

    def load(self, *reads: Read) -> bool:
        """A package of reads of one kind."""
        self.loads += 1
        files, packed = {}, []
        for number, read in enumerate(reads):
            path = self.folder / f"{self.loads}-{number}.ndjson"
            page = {
                "results": [{"$distinct_id": n, "$properties": {"v": v}} for n, v in read.profiles]
            }
            profiles = parse_profiles(json.dumps(page).encode())
            path.write_bytes(b"".join(it.line(n) for n, it in enumerate(profiles, start=1)))
            files[str(path)] = path
            packed.append(
                _packed(read, str(path), START + timedelta(hours=self.loads, minutes=number))
            )
        manifest = Manifest(Project("1", "us", "UTC", None), tuple(packed))
        return replace_profiles.update_profiles(
            self.connection, manifest, files, packed, f"load {self.loads}"
        )

    def table(self) -> Table:
        return {
            (key, name): json.loads(text)["v"]
            for key, name, text in self._rows(
                "SELECT '', distinct_id, properties FROM profiles "
                "UNION ALL SELECT group_key, distinct_id, properties FROM group_profiles"
            )
        }

    def history(self) -> list[tuple[str, str, int, bool]]:
        rows = self._rows(
            "SELECT '', distinct_id, properties, is_deleted FROM _profiles_history "
            "UNION ALL SELECT group_key, distinct_id, properties, is_deleted FROM _group_profiles_history"
        )
        return [(key, name, json.loads(text)["v"], gone) for key, name, text, gone in rows]

    def size(self) -> int:
        return self._rows(
            "SELECT (SELECT count(*) FROM profiles) + (SELECT count(*) FROM group_profiles)"
        )[0][0]

    def _rows(self, query: str) -> list[tuple[Any, ...]]:
        return self.connection.execute(query).fetchall()


def _packed(read: Read, mark: str, fetched_at: datetime) -> PackedFile:
    day = date(2026, 3, 10)
    landed = Landed(
        path=Path(), kind="group_profiles" if read.group_key else "profiles", window=Window(day, day),
        lines=len(read.profiles), size=1, requests=1, fetched_at=fetched_at, duration_seconds=0,
        filter_hash=f"{read.group_key} {read.complete}", snapshot_complete=read.complete,
        largest_object=200, raw_size=1, group_key=read.group_key, since=None,
        rejects=tuple(Reject(0, "?", "not valid JSON", name) for name in read.unread),
    )  # fmt: skip
    return PackedFile(mark, landed)


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(reads=st.lists(READS, min_size=1, max_size=6))
def test_promise_1_reads_one_after_the_other_leave_the_profiles_they_fetched(tmp_path, reads):
    database, model = Database(tmp_path), Model()

    for read in reads:
        assert database.load(read)
        model.load(read)

        assert database.table() == model.table
        assert database.size() == len(model.table)
        assert sorted(database.history()) == sorted(model.history)

    counts = database._rows("SELECT row_count FROM _metadata ORDER BY fetched_at")
    assert counts == [(len(dict(read.profiles)),) for read in reads]


@settings(
    max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(reads=st.lists(READS.filter(lambda read: read.group_key), min_size=1, max_size=5))
def test_promise_1_one_package_of_many_files_is_as_one_after_the_other(tmp_path, reads):
    together, model = Database(tmp_path), Model()

    assert together.load(*reads)
    for read in reads:
        model.load(read)

    assert together.table() == model.table
    assert sorted(together.history()) == sorted(model.history)


def test_the_same_file_twice_changes_nothing(tmp_path):
    database = Database(tmp_path)
    read = Read("", True, [("a", 1), ("b", 2)], frozenset())

    database.load(read)
    database.load(read)

    assert database.table() == {("", "a"): 1, ("", "b"): 2}
    assert database.history() == []


def test_promise_3_a_file_with_fewer_lines_than_were_landed_is_not_loaded(tmp_path):
    database = Database(tmp_path)
    assert database.load(Read("", True, [("a", 1)], frozenset()))
    short = _packed(Read("", True, [("a", 1), ("b", 2)], frozenset()), "short", START)
    path = tmp_path / "short.ndjson"
    path.write_bytes((tmp_path / "1-0.ndjson").read_bytes())

    manifest = Manifest(Project("1", "us", "UTC", None), (short,))

    assert not replace_profiles.update_profiles(
        database.connection, manifest, {"short": path}, [short], "load 2"
    )
