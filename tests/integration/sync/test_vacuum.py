"""Dead rows are kept until a merge is worth its cost, which follows what changed (Promise 7), as the file does."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb
import pytest
from support.project import LAST

from mixpanel_data._internal.database import vacuum
from mixpanel_data._internal.database.vacuum import set_vacuum_threshold
from mixpanel_data.destinations import replace_job
from mixpanel_data.sync import load

ALIVE = 250_000


@pytest.fixture(autouse=True)
def _small_tables_count(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(vacuum, "ROW_GROUPS", 50_000)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "raw.duckdb"
    with duckdb.connect(path) as db:
        db.execute(f'CREATE SCHEMA m; CREATE TABLE m."day""s" AS SELECT i FROM range({ALIVE}) t(i)')
    return path


def replace_some(db: duckdb.DuckDBPyConnection, part: str) -> None:
    db.execute(f'DELETE FROM m."day""s" WHERE {part}')
    db.execute(f'INSERT INTO m."day""s" SELECT i FROM range({ALIVE}) t(i) WHERE {part}')


def rows(db: duckdb.DuckDBPyConnection) -> int:
    """Of the table, the dead ones among them."""
    found = db.execute("SELECT estimated_size FROM duckdb_tables() WHERE schema_name = 'm'")
    return int(found.fetchall()[0][0])


def test_few_dead_rows_are_left_alone(file: Path) -> None:
    with duckdb.connect(file) as db:
        replace_some(db, "i % 10 = 0")

        assert not set_vacuum_threshold(db)


def test_promise_7_a_file_whose_days_are_reread_repeatedly_stays_small(file: Path) -> None:
    vacuumed = []
    for number in range(12):
        with duckdb.connect(file, config={"max_vacuum_tasks": 0}) as db:
            vacuumed.append(set_vacuum_threshold(db))
            replace_some(db, f"hash(i, {number}) % 10 < 3")

    assert True in vacuumed
    assert False in vacuumed
    with duckdb.connect(file, config={"max_vacuum_tasks": 0}) as db:
        assert rows(db) < 3 * ALIVE  # twelve times a third would be nearly five
        assert db.execute('SELECT count(*) FROM m."day""s"').fetchall() == [(ALIVE,)]


@pytest.mark.parametrize("tasks", [0, 100])
def test_promise_7_what_a_load_decides_holds_when_its_file_is_closed(
    project, fill, monkeypatch: pytest.MonkeyPatch, tasks: int
) -> None:
    fill(2)
    decided = f"SET GLOBAL max_vacuum_tasks = {tasks}"
    monkeypatch.setattr(replace_job, "set_vacuum_threshold", lambda db: db.execute(decided))
    found = []

    @contextmanager
    def watched(path: Path) -> Iterator[None]:
        with duckdb.connect(path) as beside, kept_open(path):
            yield
            found.extend(beside.execute("SELECT current_setting('max_vacuum_tasks')").fetchall())

    kept_open = load._kept_open
    monkeypatch.setattr(load, "_kept_open", watched)

    project.sync(LAST, LAST)

    assert found == [(tasks,)]
