"""What readers find: one file, whole in itself, that BI tools and older clients open."""

import os
import subprocess
import sys
from datetime import date
from pathlib import Path

import duckdb
import pytest
import sqlalchemy
from support.raw_file import Event, RawFile, at

from mixpanel_data._internal.data_folder.paths import DataFolder
from mixpanel_data._internal.database.comments import parse_comment
from mixpanel_data._internal.publication.publish import publish
from mixpanel_data._internal.sql.properties import CREATE_PROP
from mixpanel_data._internal.transform.build import build

DAY = date(2026, 1, 1)
_MACROS = "select function_name, parameters, macro_definition, comment from duckdb_functions() where not internal"


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory, parsed: Path) -> Path:
    """A file as readers find it, with all marts."""
    folder = DataFolder.at(tmp_path_factory.mktemp("data"))
    noon = at("2026-01-01 12:00")
    RawFile(folder.raw).load(
        {
            DAY: [
                Event(
                    noon, insert_id=f"i{n}", properties={"n": n, "$browser": "Chrome", "a.b/c~": n}
                )
                for n in range(3)
            ]
        }
    )
    build(folder)
    return publish(folder).path


def test_a_published_file_is_whole_in_itself(published: Path) -> None:
    with duckdb.connect(published, read_only=True) as db:
        kinds = db.execute("select distinct table_type from information_schema.tables").fetchall()
        tables = [row[0] for row in db.execute("show tables").fetchall()]

    assert kinds == [("BASE TABLE",)]
    assert {
        "_build",
        "_metadata",
        "_rejected",
        "_settings",
        "events",
        "identities",
        "profiles",
    } <= set(tables)
    assert not published.with_name("mixpanel.duckdb.wal").exists()


def test_every_published_table_and_column_has_a_comment(published: Path) -> None:
    with duckdb.connect(published, read_only=True) as db:
        tables = db.execute(
            "select table_name, comment from duckdb_tables() where schema_name = 'main'"
        ).fetchall()
        columns = db.execute(
            "select table_name || '.' || column_name, comment from duckdb_columns() "
            "where not internal and schema_name = 'main'"
        ).fetchall()

    assert len(tables) > 20
    parsed = {name: parse_comment(comment) for name, comment in tables if name != "_build"}
    assert [n for n, found in parsed.items() if not (found.grain and found.questions)] == []
    assert [name for name, comment in tables + columns if not (comment or "").strip()] == []


def test_properties_are_kept_compressed_in_the_old_format(published: Path) -> None:
    with duckdb.connect(published, read_only=True) as db:
        held = db.execute(
            "select distinct compression from pragma_storage_info('events') "
            "where column_name = 'properties' and segment_type <> 'VALIDITY'"
        ).fetchall()
        tags = db.execute("select tags from duckdb_databases() where not internal").fetchall()

    assert held == [("ZSTD",)]
    assert tags == [({"storage_version": "v1.2.0+"},)]


def test_an_older_duckdb_reads_it(published: Path) -> None:
    old = Path(sys.prefix) / "old-duckdb"
    code = (
        "import sys, duckdb; db = duckdb.connect(sys.argv[1], read_only=True);"
        "print(duckdb.__version__, *db.execute(\"select sum((properties->>'n')::int), "
        "max(prop(properties, '$browser')), sum(prop(properties, 'a.b/c~')::int) from events\").fetchone())"
    )

    read = subprocess.run(
        [sys.executable, "-c", code, str(published)],
        env={**os.environ, "PYTHONPATH": str(old)},
        capture_output=True,
        text=True,
        check=True,
    )

    assert read.stdout.split() == ["1.2.2", "3", "Chrome", "3"]


def test_prop_of_the_file_is_that_of_the_library(published: Path) -> None:
    with duckdb.connect(published, read_only=True) as db:
        in_file = db.execute(_MACROS).fetchall()
        db.execute(f"create temporary {CREATE_PROP.replace('prop(', 'ours(', 1)}")
        ours = db.execute(_MACROS + " and function_name = 'ours'").fetchall()

    assert [row[0] for row in in_file] == ["prop"]
    assert [row[1:3] for row in in_file] == [row[1:3] for row in ours]
    assert in_file[0][3].startswith("prop(properties, name): ")


def test_sqlalchemy_reads_it_as_a_bi_tool_would(published: Path) -> None:
    engine = sqlalchemy.create_engine(f"duckdb:///{published}", connect_args={"read_only": True})
    try:
        inspector = sqlalchemy.inspect(engine)
        tables, views = inspector.get_table_names(), inspector.get_view_names()
        comments = [column["comment"] for column in inspector.get_columns("sessions")]
        with engine.connect() as connection:
            names = connection.execute(sqlalchemy.text("select event, time from events")).all()
    finally:
        engine.dispose()

    assert {"events", "sessions", "daily_active_users"} <= set(tables)
    assert views == []
    assert all(comments)
    assert names == [("Paid", at("2026-01-01 12:00"))] * 3
