"""Files stay small: a database is rewritten when a fresh copy would be much smaller."""

import errno
import json
import os
from pathlib import Path

import duckdb
import pytest
from integration.publication.test_publication import Killed, kill_at

from mixpanel_data._internal.database import compaction, contents

COMMENTED = """
create schema mixpanel;
create table mixpanel.events (event varchar not null, properties json using compression zstd, check (event <> ''));
comment on table mixpanel.events is 'One row per event.';
comment on column mixpanel.events.event is 'Its name.';
create table mixpanel.loads (load_id varchar);
"""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A database that 40 small loads wrote, each of which replaced most rows of the one before."""
    path = tmp_path / "raw.duckdb"
    with duckdb.connect(path) as db:
        db.execute(COMMENTED)
    for number in range(40):
        with duckdb.connect(path) as db:
            db.execute("set max_vacuum_tasks = 0")
            db.execute("delete from mixpanel.events where event > 'event 1'")
            db.execute(
                "insert into mixpanel.events select 'event ' || range, '{\"n\": ' || range || '}' from range(500)"
            )
            db.execute("insert into mixpanel.loads values (?)", [str(number)])
    return path


def compact(path: Path) -> bool:
    return compaction.compact_if_larger(path, "512MB", path.with_name("sizes.json"))


def fresh_size(path: Path) -> int:
    """Bytes of a copy that DuckDB writes at once."""
    copy = path.with_name("copy.duckdb")
    copy.unlink(missing_ok=True)
    with duckdb.connect() as db:
        db.execute(
            f"attach '{path}' as a (read_only); attach '{copy}' as b; copy from database a to b"
        )
    return copy.stat().st_size


def described(path: Path) -> list[object]:
    """All that a file has beside its rows."""
    with duckdb.connect(path, read_only=True) as db:
        return [
            db.execute(sql).fetchall()
            for sql in (
                "select sql, comment from duckdb_tables() order by all",
                "select table_name, column_name, data_type, comment from duckdb_columns() where not internal order by all",
                "select tags from duckdb_databases() where not internal",
                "select distinct compression from pragma_storage_info('mixpanel.events') where column_name = 'properties' order by all",
            )
        ]


def assert_same(one: Path, other: bytes) -> None:
    """Both hold the same rows."""
    before = one.with_name("before.duckdb")
    before.write_bytes(other)
    with duckdb.connect(one, read_only=True) as db, duckdb.connect(before, read_only=True) as old:
        assert contents.differences(db, old) == []


def test_a_file_that_grew_is_rewritten_with_the_same_content(path: Path) -> None:
    path.chmod(0o600)
    before, description = path.read_bytes(), described(path)
    assert len(before) > 3 * fresh_size(path)

    assert compact(path)

    assert path.stat().st_size <= 1.1 * fresh_size(path)
    assert described(path) == description
    assert path.stat().st_mode & 0o777 == 0o600
    assert_same(path, before)
    assert not compact(path)


def test_rows_too_large_for_little_memory_get_all_that_the_limit_allows(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with duckdb.connect(path) as db:
        db.execute("insert into mixpanel.events select 'large', to_json(repeat('x', 30_000_000))")
        db.execute("checkpoint")
    before = path.read_bytes()
    monkeypatch.setattr(compaction, "MAX_RATIO", 0.0)
    monkeypatch.setattr(compaction, "SMALL_MEMORY", 5_000_000)

    assert compact(path)

    assert_same(path, before)
    assert [p.name for p in path.parent.iterdir() if "wal" in p.name or "tmp" in p.name] == []


def test_a_fresh_file_is_left_alone(path: Path) -> None:
    compact(path)
    path.with_name("sizes.json").unlink()
    before = path.stat().st_ino

    assert not compact(path)

    assert path.stat().st_ino == before


@pytest.mark.parametrize("known", ["", "[]", "no JSON", '{"raw.duckdb": "x"}'])
def test_what_is_known_of_sizes_may_be_lost(path: Path, known: str) -> None:
    path.with_name("sizes.json").write_text(known)

    assert compact(path)
    assert json.loads(path.with_name("sizes.json").read_text())["raw.duckdb"][1] > 0


def test_without_room_for_a_copy_nothing_is_done(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = path.read_bytes()

    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(compaction, "_copy", full)

    assert not compact(path)
    assert path.read_bytes() == before
    assert [p.name for p in path.parent.iterdir()] == ["raw.duckdb"]


def test_a_copy_that_differs_is_not_put_in_place(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = path.read_bytes()
    monkeypatch.setattr(contents, "differences", lambda *_: ["events has other values"])

    assert not compact(path)
    assert path.read_bytes() == before


@pytest.mark.e2e
def test_killed_at_any_step_the_file_is_whole(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = path.read_bytes()
    for point in range(100):
        path.write_bytes(before)
        path.with_name("sizes.json").unlink(missing_ok=True)
        with monkeypatch.context() as patch:
            kill_at(patch, point)
            try:
                compact(path)
            except Killed:
                pass
            else:
                break
        assert_same(path, before)
        compact(path)
        assert_same(path, before)
        assert path.stat().st_size <= 1.3 * fresh_size(path)
    assert point > 5
