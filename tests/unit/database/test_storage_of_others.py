"""A database that another program filled: its tables are listed, none of them is changed, and what can't be read is an error."""

import duckdb
import pytest

from mixpanel_data import Workspace
from mixpanel_data._internal.storage import StorageEngine
from mixpanel_data.exceptions import ConfigError, QueryError, TableExistsError

from .conftest import event, profile

LEDGER = (
    "CREATE TABLE _metadata (table_name VARCHAR, fetch_type VARCHAR, window_start DATE, "
    "window_end DATE, fetched_at {})"
)
FOREIGN = {
    "other columns": "CREATE TABLE _metadata (id INTEGER)",
    "no columns in common": "CREATE TABLE _METADATA AS SELECT 'x' AS key, 1 AS value",
    "other types": LEDGER.format("VARCHAR"),
    "a zone": LEDGER.format("TIMESTAMPTZ"),
    "a view": "CREATE VIEW _metadata AS SELECT 1 AS id",
    "a view over what is gone": "CREATE TABLE gone (i INT); CREATE VIEW _metadata AS FROM gone; DROP TABLE gone",
    "rejected": "CREATE TABLE _rejected (why VARCHAR)",
}


@pytest.fixture(params=FOREIGN.values(), ids=FOREIGN)
def file(request, tmp_path):
    path = tmp_path / "theirs.duckdb"
    with duckdb.connect(str(path)) as connection:
        connection.execute("CREATE TABLE orders AS FROM range(3)")
        connection.execute(request.param)
    return path


def read(file, sql):
    with duckdb.connect(str(file), read_only=True) as connection:
        return connection.execute(sql).fetchall()


def test_its_tables_are_listed_and_asked(file):
    with Workspace.open(file) as workspace:
        if "gone" in str(read(file, "SELECT sql FROM duckdb_views() WHERE NOT internal")):
            with pytest.raises(QueryError, match="gone"):
                workspace.tables()
        else:
            listed = {table.name.lower(): table.type for table in workspace.tables()}
            assert listed["orders"] == "table"
            assert len(listed) == 2
        assert workspace.schema("orders").columns[0].type == "BIGINT"
        assert workspace.sql_scalar("SELECT count(*) FROM orders") == 3


@pytest.mark.parametrize("append", [False, True])
def test_nothing_is_fetched_into_it(file, append):
    with StorageEngine(file) as storage:
        name = "orders" if append else "mine"
        with pytest.raises(ConfigError, match="of another program"):
            storage.require_storable(name, append=append)
        with pytest.raises(ConfigError, match="Fetch into another database"):
            storage.create_events_table(name, [event(1)], append=append)

    assert read(file, "SELECT count(*) FROM orders") == [(3,)]


def test_dropping_one_of_its_tables_changes_no_other(file):
    before = read(file, "SELECT table_name, sql FROM duckdb_tables() ORDER BY ALL")

    with StorageEngine(file) as storage:
        storage.drop("orders")

    after = read(file, "SELECT table_name, sql FROM duckdb_tables() ORDER BY ALL")
    assert after == [table for table in before if table[0] != "orders"]


@pytest.mark.parametrize(
    "sql",
    ["CREATE TABLE mine AS SELECT 1 AS event", "CREATE VIEW mine AS SELECT 1 AS event"],
)
@pytest.mark.parametrize("kind", ["events", "profiles"])
def test_only_a_table_of_the_right_columns_is_added_to(storage, sql, kind):
    storage.execute(sql)
    given = {"events": [event(1)], "profiles": [profile(1)]}[kind]

    with pytest.raises(ConfigError, match=f"'mine' is not a table of fetched {kind}"):
        storage.require_storable("mine", append=True, kind=kind)
    with pytest.raises(ConfigError, match=f"'mine' is not a table of fetched {kind}"):
        getattr(storage, f"create_{kind}_table")("mine", given, append=True)

    with pytest.raises(TableExistsError):
        storage.require_storable("mine")


def test_a_ledger_of_another_version_is_added_to(storage):
    storage.create_events_table("events", [event(1)])
    for column in ("filter_cohorts", "requests", "rejected_count"):
        storage.execute(f"ALTER TABLE _metadata DROP COLUMN {column}")
    storage.execute("ALTER TABLE _metadata ADD COLUMN later VARCHAR")

    storage.create_events_table("events", [event(2)], append=True)

    assert storage.execute_rows("SELECT rejected_count, later FROM _metadata ORDER BY ALL") == [
        (0, None),
        (None, None),
    ]
