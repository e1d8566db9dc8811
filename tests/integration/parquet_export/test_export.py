"""``mp export``: parquet files of what is published."""

import csv
import io
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import duckdb
import pytest
from integration.parquet_export.conftest import in_file, in_table, left_in, publish
from support.crash.command import Command

from mixpanel_data._internal.data_folder.paths import DataFolder
from mixpanel_data._internal.publication import parquet_tables
from mixpanel_data._internal.publication.parquet_export import export_tables
from mixpanel_data.exceptions import (
    ConfigError,
    DatabaseDamagedError,
    DatabaseLockedError,
    TableNotFoundError,
)

PUBLIC = ["../away", "daily_active_users", "events", "odd/na me.%", "sessions", "wide"]

_ARROW = """
import json, sys, pyarrow.parquet
file = pyarrow.parquet.ParquetFile(sys.argv[1])
columns = {field.name: str(field.type) for field in file.schema_arrow}
group = file.metadata.row_group(0) if file.metadata.num_row_groups else None
json.dump({
    "columns": columns, "rows": file.read().to_pylist(),
    "compression": sorted({group.column(n).compression for n in range(group.num_columns)}) if group else [],
}, sys.stdout, default=str)
"""


def by_arrow(path: Path) -> Any:
    """What Arrow finds in the file."""
    done = subprocess.run(
        [sys.executable, "-c", _ARROW, str(path)],
        env={**os.environ, "PYTHONPATH": str(Path(sys.prefix) / "pyarrow")},
        capture_output=True,
        text=True,
        check=True,
    )
    return json.loads(done.stdout)


def test_every_public_table_is_in_a_file_with_its_rows(folder: DataFolder) -> None:
    done = export_tables(folder)

    assert [each.table for each in done] == PUBLIC
    for each in done:
        rows = in_table(folder, each.table)
        assert in_file(each.path) == rows
        assert (each.rows, each.bytes) == (len(rows), each.path.stat().st_size)


def test_another_reader_than_duckdb_finds_the_same(folder: DataFolder) -> None:
    files = {each.table: each.path for each in export_tables(folder)}

    events = by_arrow(files["events"])
    assert events["compression"] == ["ZSTD"]
    assert events["columns"]["time"] == "timestamp[us]"
    assert events["columns"]["properties"] == "string"
    by_name = {row["event"]: row for row in events["rows"]}
    assert by_name["Paid"]["time"] == "2026-01-01 12:00:00.123456"
    assert (
        by_name["Paid"]["properties"]
        == '{"amount": 12345678901234567890123, "nested": [{"a": null}]}'
    )
    assert by_name['🎉 "quoted"']["distinct_id"] is None
    assert json.loads(by_name['🎉 "quoted"']["properties"])["line"] == "a\u2028b"
    assert by_name[""]["properties"] == '{"Twin": 1, "twin": 2}'
    days = by_arrow(files["daily_active_users"])
    assert days["columns"]["date"] == "date32[day]"
    assert len(days["rows"]) == 60
    sessions = by_arrow(files["sessions"])
    assert (sessions["columns"]["started_at"], sessions["rows"]) == ("timestamp[us, tz=UTC]", [])
    assert sessions["columns"]["session_id"] == "string"
    odd = by_arrow(files["odd/na me.%"])["rows"]
    assert odd == [{"a column": 1, "list": [1, 2], "money": "1.50"}]


def test_files_stay_in_their_folder_with_any_names_of_tables(folder: DataFolder) -> None:
    files = {each.table: each.path for each in export_tables(folder)}

    assert {path.parent for path in files.values()} == {folder.export}
    assert files["../away"].name == "%2E.%2Faway.parquet"
    assert len(set(files.values())) == len(PUBLIC)
    assert left_in(folder.export) == sorted(path.name for path in files.values())


def test_tables_asked_for_are_taken_once_in_any_spelling(folder: DataFolder) -> None:
    done = export_tables(folder, ["Sessions", "_metadata", "sessions"])

    assert [each.table for each in done] == ["sessions", "_metadata"]
    assert left_in(folder.export) == ["_metadata.parquet", "sessions.parquet"]


def test_the_command_says_what_it_wrote(mp: Command, folder: DataFolder, tmp_path: Path) -> None:
    ended = mp.run("export", "daily_active_users", "--output", "out", "--format", "json")

    assert ended.returncode == 0, ended.stderr
    path = tmp_path / "out" / "daily_active_users.parquet"
    expected = {
        "table": "daily_active_users",
        "path": str(path),
        "rows": 60,
        "bytes": path.stat().st_size,
    }
    assert json.loads(ended.stdout) == [expected]
    second = mp.run("export", "events", "sessions", "--format", "jsonl").stdout.splitlines()
    assert [json.loads(line)["rows"] for line in second] == [3, 0]
    table = list(csv.DictReader(io.StringIO(mp.run("export", "--format", "csv").stdout)))
    assert [row["table"] for row in table] == PUBLIC
    assert str(folder.export / "events.parquet") in mp.run("export", "events").stdout


def test_an_unknown_table_is_not_found_and_nothing_is_written(
    mp: Command, folder: DataFolder
) -> None:
    ended = mp.run("export", "events", "sesions")
    odd = mp.run("export", 'events"; drop table "events', "--format", "json")

    assert (ended.returncode, ended.stdout) == (4, "")
    assert "no table 'sesions'. Did you mean 'sessions'?" in ended.stderr
    assert odd.returncode == 4
    assert json.loads(odd.stderr)["code"] == "TABLE_NOT_FOUND"
    assert not folder.export.exists()


def test_nothing_published_is_not_found(mp: Command, tmp_path: Path) -> None:
    ended = mp.at(tmp_path / "elsewhere").run("export")

    assert ended.returncode == 4
    assert "mp sync" in ended.stderr
    assert not (tmp_path / "elsewhere").exists()


def test_all_files_are_of_one_publication(
    folder: DataFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    write = parquet_tables.write_parquet

    def and_publish(*arguments: Any) -> int:
        publish(folder, "create table events as select 'newer' as event")
        return write(*arguments)

    monkeypatch.setattr(parquet_tables, "write_parquet", and_publish)
    done = export_tables(folder, ["events", "daily_active_users"])
    monkeypatch.undo()

    assert [each.rows for each in done] == [3, 60]
    assert in_table(folder, "events") == [("newer",)]
    assert [each.rows for each in export_tables(folder)] == [1]


def test_who_has_the_file_open_to_read_is_not_in_the_way(folder: DataFolder, mp: Command) -> None:
    with duckdb.connect(folder.published, read_only=True) as reader:
        assert mp.run("export", "events").returncode == 0
        assert reader.execute("select count(*) from events").fetchone() == (3,)


def test_places_that_are_taken_are_named(folder: DataFolder, tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.touch()
    (tmp_path / "out" / "events.parquet").mkdir(parents=True)

    with pytest.raises(ConfigError, match="is a file"):
        export_tables(folder, output=file)
    with pytest.raises(ConfigError, match=r"events\.parquet is a folder"):
        export_tables(folder, output=tmp_path / "out")
    assert left_in(tmp_path / "out") == ["events.parquet"]


def test_two_exports_into_one_folder_do_not_mix(
    folder: DataFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    write = parquet_tables.write_parquet
    refused = []

    def and_repeat(*arguments: Any) -> int:
        with pytest.raises(DatabaseLockedError, match="Another export"):
            export_tables(folder, ["sessions"])
        refused.append(arguments[1])
        return write(*arguments)

    monkeypatch.setattr(parquet_tables, "write_parquet", and_repeat)
    export_tables(folder, ["events"])

    assert refused == ["events"]
    assert left_in(folder.export) == ["events.parquet"]


def test_memory_holds_a_part_of_a_table(folder: DataFolder) -> None:
    """200 MB, of which DuckDB may hold 128."""
    publish(
        folder, "create table events as select repeat('x', 1400) || n as x from range(150000) r(n)"
    )

    [done] = export_tables(folder, memory_limit="128MB")

    assert done.rows == 150_000
    groups = "select count(distinct row_group_id) from parquet_metadata(?)"
    assert duckdb.execute(groups, [str(done.path)]).fetchall()[0][0] > 5


def test_a_file_that_is_no_database_is_named_as_such(folder: DataFolder) -> None:
    folder.published.write_text("no database")

    with pytest.raises(DatabaseDamagedError, match="mp sync"):
        export_tables(folder)


def test_an_error_names_near_matches_in_any_case(folder: DataFolder) -> None:
    with pytest.raises(TableNotFoundError, match="'daily_active_users'"):
        export_tables(folder, ["DAILY_ACTIVE_USER"])
