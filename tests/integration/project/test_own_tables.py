"""Tables of the user's are kept when all of ours are built from scratch."""

import subprocess
import sys

import duckdb
import pytest
from support.building import STORAGE_VERSION, begin

from mixpanel_data import DatabaseLockedError
from mixpanel_data._internal.data_folder.paths import DataFolder
from mixpanel_data._internal.publication import build_file

OURS = frozenset({"events", "days"})
TABLES = """
    create schema working; create schema mine;
    create table events as select 1 as a;
    create table renamed as select 1 as a;
    create table working.int_things as select 1 as a;
    create table working.build_state as
        select * from (values ('model', 'model.mixpanel_data.renamed'), ('model', 'model.shop.own')) t(kind, name);
    create table own as select 'kept' as a;
    create table mine.days as select 'kept' as a;
    create table mine."odd ""name" as select 'kept' as a;
    create view a_view as from own;
"""


@pytest.fixture
def folder(tmp_path):
    folder = DataFolder.at(tmp_path / "data").create()
    begin(folder, models="before")
    with duckdb.connect(build_file.build_file(folder)) as db:
        db.execute(TABLES)
    return folder


def tables(folder):
    with duckdb.connect(build_file.build_file(folder), read_only=True) as db:
        rows = db.execute("select schema_name, table_name from duckdb_tables()").fetchall()
        assert {db.execute(f'select a from {s}."{t.replace(chr(34), chr(34) * 2)}"').fetchone()
                for s, t in rows if t != "_build"} <= {("kept",)}  # fmt: skip
    return {f"{schema}.{table}" for schema, table in rows}


def _raise(*_):
    raise duckdb.IOException("a block is faulty")


def prepare(folder, **options):
    return build_file.prepare_build_file(folder, "after", STORAGE_VERSION, **options)


def test_an_empty_file_keeps_the_tables_of_others(folder):
    prepared = prepare(folder, ours=OURS, in_project=True)

    assert prepared.empty
    assert prepared.warning is None
    assert tables(folder) == {"main._build", "main.own", "mine.days", 'mine.odd "name'}
    assert [path.name for path in folder.build.glob("*.duckdb*")] == ["next.duckdb"]


def test_a_build_outside_of_the_project_keeps_them_too_and_names_them(folder):
    warning = prepare(folder, ours=OURS).warning

    assert "main.own" in tables(folder)
    assert "no project was found here" in warning
    assert 'own, mine.days, mine.odd "name' in warning


def test_a_file_that_can_not_be_read_is_put_aside(folder, monkeypatch):
    monkeypatch.setattr(build_file, "_tables_of_others", _raise)

    prepared = prepare(folder, ours=OURS, in_project=True)

    assert prepared.empty
    assert "next.duckdb is damaged (a block is faulty)" in prepared.warning
    assert (folder.build / "damaged" / "next.duckdb").is_file()
    assert tables(folder) == {"main._build"}


def test_a_file_of_the_same_models_is_carried_on(folder):
    assert not build_file.prepare_build_file(folder, "before", STORAGE_VERSION, ours=OURS).empty


def test_nothing_is_lost_while_another_process_writes_the_file(folder, monkeypatch):
    monkeypatch.setattr(build_file, "LONGEST_END_SECONDS", 0)
    target = build_file.build_file(folder)
    code = (
        "import duckdb, sys; db = duckdb.connect(sys.argv[1]); print('open', flush=True); input()"
    )
    command = [sys.executable, "-c", code, str(target)]
    with subprocess.Popen(command, stdin=-1, stdout=-1, text=True) as writer:
        assert writer.stdout.readline() == "open\n"
        with pytest.raises(DatabaseLockedError, match="is in use by another process"):
            prepare(folder, ours=OURS, in_project=True)
        writer.communicate("\n")

    assert prepare(folder, ours=OURS).empty
    assert "main.own" in tables(folder)
