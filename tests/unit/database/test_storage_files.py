"""Files: shared, locked, read only, in memory."""

import os
import subprocess
import sys
import threading

import duckdb
import pytest

from mixpanel_data._internal.database.connections import create_database
from mixpanel_data._internal.storage import StorageEngine
from mixpanel_data.exceptions import (
    ConfigError,
    DatabaseDamagedError,
    DatabaseLockedError,
    QueryError,
)

from .conftest import event

HOLD = "import duckdb, sys; c = duckdb.connect(sys.argv[1]); c.execute('FROM duckdb_tables()'); print(flush=True); input()"


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "a folder" / "it's 100% mine.duckdb"
    with StorageEngine(path=path) as storage:
        storage.create_events_table("events", [event(n) for n in range(20)])
    return path


def test_a_file_keeps_its_tables(file):
    with StorageEngine(str(file)) as storage:
        assert storage.list_tables()[0].row_count == 20
        assert storage.path == file


def test_a_reader_changes_nothing_and_blocks_no_process(file):
    before = file.read_bytes()
    with StorageEngine(file, read_only=True) as one, StorageEngine(file, read_only=True) as two:
        assert one.execute_scalar("SELECT count(*) FROM events") == 20
        assert two.list_tables() == one.list_tables()
        with pytest.raises(ConfigError, match="read-only"):
            one.create_events_table("more", [event(1)])
        with pytest.raises(ConfigError, match="read-only"):
            one.drop("events")
        with pytest.raises(QueryError):
            one.execute("DROP TABLE events")
        read = "import duckdb, sys; print(duckdb.connect(sys.argv[1], read_only=True).sql('FROM events'))"
        subprocess.run([sys.executable, "-c", read, str(file)], check=True, capture_output=True)
    assert file.read_bytes() == before


def test_two_engines_of_one_process_share_a_file(file):
    with StorageEngine(file) as one, StorageEngine(file) as two:
        one.create_events_table("more", [event(1)])
        assert [table.name for table in two.list_tables()] == ["events", "more"]


@pytest.mark.parametrize("read_only", [False, True])
def test_who_holds_the_file_is_named(file, read_only):
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(file)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    try:
        holder.stdout.readline()
        with pytest.raises(DatabaseLockedError) as caught:
            StorageEngine(file, read_only=read_only)
    finally:
        holder.communicate(b"\n")

    assert caught.value.pid == holder.pid
    assert str(holder.pid) in str(caught.value)
    assert "python" in caught.value.command


def test_the_holder_is_named_by_its_script_and_no_option(file, tmp_path):
    script = tmp_path / "nightly report.py"
    script.write_text(HOLD)
    holder = subprocess.Popen(
        [sys.executable, str(script), str(file), "--password", "hunter2"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    try:
        holder.stdout.readline()
        with pytest.raises(DatabaseLockedError) as caught:
            StorageEngine(file)
    finally:
        holder.communicate(b"\n")

    assert "'nightly report.py'" in caught.value.command
    assert "hunter2" not in str(caught.value.to_dict())


def test_this_process_is_named_too(file):
    with StorageEngine(file), pytest.raises(DatabaseLockedError) as caught:
        StorageEngine(file, read_only=True)

    assert caught.value.pid == os.getpid()


def test_a_file_that_is_no_database_is_an_error(tmp_path):
    with pytest.raises(ConfigError, match="does not exist"):
        StorageEngine(tmp_path / "none.duckdb", read_only=True)
    text = tmp_path / "text.duckdb"
    text.write_text("hello" * 1000)
    for read_only in (False, True):
        with pytest.raises(ConfigError, match="not a valid DuckDB"):
            StorageEngine(text, read_only=read_only)


def test_older_duckdbs_can_open_a_new_file(file):
    with duckdb.connect() as connection:
        connection.execute(f"ATTACH '{str(file).replace(chr(39), chr(39) * 2)}' AS f (READ_ONLY)")
        tags = connection.execute("SELECT tags FROM duckdb_databases() WHERE database_name = 'f'")
        assert tags.fetchall()[0][0]["storage_version"].startswith("v1.2")


def test_a_closed_engine_lets_go_and_says_so(file):
    storage = StorageEngine(file)
    pending = storage.execute("SELECT * FROM events, range(100000)")
    pending.fetchone()
    storage.close()
    storage.close()

    with pytest.raises(ConfigError, match="closed"):
        storage.list_tables()
    with duckdb.connect(str(file), config={"threads": 1}) as other:  # another configuration
        assert other.execute("SELECT count(*) FROM events").fetchone() == (20,)


def test_sql_gives_rows_scalars_cursors_and_frames(storage):
    rows = storage.execute_rows("SELECT i, -i AS minus FROM range(?) t(i)", [3])
    assert rows == [(0, 0), (1, -1), (2, -2)]
    assert rows.columns == ["i", "minus"]
    assert rows.to_dicts()[2] == {"i": 2, "minus": -2}
    assert storage.execute_scalar("SELECT $x + 1", {"x": 1}) == 2
    assert storage.execute_scalar("SELECT 1 WHERE false") is None
    assert storage.execute("SELECT 5").fetchall() == [(5,)]
    pytest.importorskip("pandas")
    assert list(storage.execute_df("SELECT 1 AS a, 'x' AS b").columns) == ["a", "b"]


@pytest.mark.parametrize(
    "sql", ["SELEC 1", "SELECT nonsense FROM nothing", "SELECT '\ud800'", "SELECT 'x"]
)
@pytest.mark.parametrize("ask", ["execute", "execute_rows", "execute_scalar"])
def test_wrong_sql_is_a_query_error(storage, sql, ask):
    with pytest.raises(QueryError) as caught:
        getattr(storage, ask)(sql)

    assert "sql" in caught.value.details


def test_threads_ask_and_write_at_the_same_time(storage):
    storage.create_events_table("events", [event(n) for n in range(1000)])
    failures: list[BaseException] = []

    def work(number: int) -> None:
        try:
            storage.create_events_table(f"table {number}", [event(n) for n in range(50)])
            storage.create_events_table("events", [event(2000 + number)], append=True)
            for _ in range(20):
                assert storage.execute_scalar("SELECT count(*) FROM events") >= 1000
        except BaseException as error:  # noqa: BLE001
            failures.append(error)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert failures == []
    assert storage.execute_scalar("SELECT count(*) FROM events") == 1008
    assert len(storage.list_tables()) == 9


@pytest.mark.parametrize("read_only", [False, True])
@pytest.mark.parametrize("part", [0.3, 0.6, 0.9])
def test_a_cut_workspace_is_damaged_and_the_message_is_about_a_workspace(tmp_path, part, read_only):
    file = tmp_path / "workspace.duckdb"
    create_database(file)
    with duckdb.connect(str(file)) as db:
        db.execute("CREATE TABLE jan AS SELECT md5(range::VARCHAR) AS t FROM range(100000)")
    whole = file.read_bytes()
    file.write_bytes(whole[: int(len(whole) * part)])

    with (
        pytest.raises(DatabaseDamagedError) as caught,
        StorageEngine(file, read_only=read_only) as storage,
    ):
        storage.execute_scalar("SELECT max(t) FROM jan")

    assert caught.value.path == str(file)
    assert "refetch its tables: `mp fetch`" in str(caught.value)
    assert "mp sync" not in str(caught.value)
