"""A data folder with a published file made by hand: what no shop would have in its tables."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import pytest
from support.crash.command import Command

from mixpanel_data._internal.data_folder.paths import DataFolder
from mixpanel_data._internal.database import connections

TABLES = """
create table events (event varchar, time timestamp, distinct_id varchar, insert_id varchar, properties json);
insert into events values
    ('Paid', '2026-01-01 12:00:00.123456', 'u1', 'i1', '{"amount": 12345678901234567890123, "nested": [{"a": null}]}'),
    ('🎉 "quoted"', '1970-01-01 00:00:00', null, null, '{"line": "a\\u2028b", "nothing": null}'),
    ('', '9999-12-31 23:59:59', '', 'i3', '{"Twin": 1, "twin": 2}');
create table daily_active_users as
    select (date '2026-01-01' + n::int) as date, n as active_users, n / 7 as stickiness, n % 2 = 0 as odd
    from range(60) days(n);
create table sessions (session_id uuid, started_at timestamp with time zone, length_seconds double);
create table wide as select 'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11'::uuid as id, 170141183460469231731687303715884105727::hugeint as huge,
    interval '1 month 2 microseconds' as lasted, 'nan'::double as number, true as flag, [timestamp '2026-01-01'] as times;
create table "odd/na me.%" as select 1 as "a column", [1, 2] as "list", 1.50::decimal(9, 2) as "money";
create table "../away" as select 2 as n;
create table _metadata as select 'events' as table_name, 3::bigint as row_count;
create table _build as select 'x' as fingerprint;
"""


def publish(folder: DataFolder, sql: str) -> None:
    """Puts a file with these tables where readers look, by a rename, as publishing does."""
    new = folder.root / "new.duckdb"
    connections.create_database(new)
    with duckdb.connect(new) as db:
        db.execute(sql)
    new.replace(folder.published)


def in_file(path: Path) -> list[Any]:
    sql = "select columns(*)::varchar from read_parquet(?) order by all"
    return duckdb.execute(sql, [str(path)]).fetchall()


def in_table(folder: DataFolder, table: str) -> list[Any]:
    with duckdb.connect(folder.published, read_only=True) as db:
        return db.execute(f'select columns(*)::varchar from "{table}" order by all').fetchall()


def left_in(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir() if path.name != ".mp-export.lock")


@pytest.fixture
def folder(tmp_path: Path) -> DataFolder:
    folder = DataFolder.at(tmp_path / "data")
    publish(folder, TABLES)
    return folder


@pytest.fixture
def mp(folder: DataFolder, tmp_path: Path, started_mp: None) -> Iterator[Command]:
    command = Command(tmp_path, {"MP_DATA_DIR": str(folder.root)})
    yield command
    command.close()
