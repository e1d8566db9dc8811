"""Which data a workspace opens, and what it needs."""

import subprocess
import sys
import threading
import warnings
from datetime import UTC, datetime
from pathlib import Path

import pytest

from mixpanel_data._internal.config import ConfigManager
from mixpanel_data._internal.data_folder.paths import DataFolder
from mixpanel_data._internal.rate_limit.limiter import RateLimiter
from mixpanel_data._internal.storage import StorageEngine
from mixpanel_data.exceptions import (
    AccountNotFoundError,
    ConfigError,
    ConfigWarning,
    DatabaseLockedError,
    QueryError,
    TableExistsError,
    TableNotFoundError,
)
from mixpanel_data.workspace import Workspace

from .conftest import FIRST, LAST, once, publish, served


def count(workspace: Workspace, table: str = "events") -> int:
    return int(workspace.sql_scalar(f"SELECT count(*) FROM {table}"))


def test_on_a_data_folder_it_reads_what_is_published_without_an_account(data):
    publish(data, 1)

    with Workspace() as workspace:
        assert workspace.sql_rows("SELECT event, number FROM events") == [("Published", 1)]
        assert count(workspace, "sessions") == 1
        assert [(t.name, t.type) for t in workspace.tables()] == [
            ("events", "events"),
            ("sessions", "table"),
        ]
        assert workspace.storage.get_metadata("events").from_date == "2026-01-01"
        info = workspace.info()
    assert info.path == str(data / "mixpanel.duckdb")
    assert info.tables == ["events", "sessions"]
    assert info.project_id is None
    assert sorted(path.name for path in data.iterdir()) == ["mixpanel.duckdb"]


def test_a_publish_reaches_the_next_workspace_and_leaves_this_one_in_peace(data):
    number = "SELECT number FROM events"
    publish(data, 1)
    with Workspace() as old:
        assert old.sql_scalar(number) == 1
        publish(data, 2)
        with Workspace() as new:
            assert new.sql_scalar(number) == 2
            assert old.sql_scalar(number) == 1
        publish(data, 3)
    with Workspace() as newest:
        assert newest.sql_scalar(number) == 3


def test_a_fetch_on_a_data_folder_hides_nothing_that_is_published(data, client, shop):
    publish(data, 1)
    with Workspace(_api_client=client) as workspace:
        result = workspace.fetch_events(str(FIRST), str(LAST))

        assert (result.table, result.rows) == ("fetched_events", len(once(served(shop))))
        assert count(workspace, "fetched_events") == result.rows
        assert count(workspace) == 1
        with pytest.raises(TableExistsError):
            workspace.fetch_events("events", FIRST, LAST)
        with pytest.raises(TableExistsError):
            workspace.fetch_events("_settings", FIRST, LAST)
        with pytest.raises(TableNotFoundError):
            workspace.drop("events")
        workspace.fetch_events("more", FIRST, FIRST)
        workspace.drop("more")
    with Workspace() as second, Workspace() as other:
        assert count(second, "fetched_events") == count(other, "fetched_events") == result.rows
        assert [t.name for t in second.tables()] == ["events", "fetched_events", "sessions"]


def test_a_fetch_works_before_anything_is_published(data, client, shop):
    with Workspace(_api_client=client) as workspace:
        result = workspace.fetch_events(str(FIRST), str(LAST))
        assert result.table == "events"
        assert count(workspace) == result.rows
    publish(data, 7)
    with Workspace() as workspace:
        assert count(workspace) == 1
        assert count(workspace, "workspace.main.events") == result.rows


def test_readers_keep_their_published_file_while_another_process_fetches(data, client):
    publish(data, 1)
    with Workspace(_api_client=client) as workspace:
        workspace.fetch_events(FIRST, FIRST)
    hold = "import duckdb, sys; c = duckdb.connect(sys.argv[1]); print(flush=True); input()"
    holder = subprocess.Popen(
        [sys.executable, "-c", hold, str(data / "workspace.duckdb")],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    try:
        holder.stdout.readline()
        with Workspace(_api_client=client) as workspace:
            with pytest.warns(ConfigWarning, match=str(holder.pid)):
                assert count(workspace) == 1
            warnings.simplefilter("ignore")
            with pytest.raises(DatabaseLockedError) as caught:
                workspace.fetch_events("second", FIRST, FIRST)
            assert caught.value.pid == holder.pid
            assert count(workspace) == 1
    finally:
        holder.communicate(b"\n")


def test_threads_read_while_one_fetches(data, client):
    publish(data, 1)
    failures: list[BaseException] = []
    stop = threading.Event()
    with Workspace(_api_client=client) as workspace:
        workspace.fetch_events("first", FIRST, FIRST)

        def read() -> None:
            while not stop.is_set():
                try:
                    assert count(workspace, "first") > 0
                    assert count(workspace) == 1
                except BaseException as error:  # noqa: BLE001
                    failures.append(error)
                    return

        readers = [threading.Thread(target=read) for _ in range(3)]
        for reader in readers:
            reader.start()
        for number in range(5):
            workspace.fetch_events(f"t{number}", FIRST, FIRST)
        stop.set()
        for reader in readers:
            reader.join()

    assert failures == []


def test_an_ephemeral_one_leaves_nothing(client):
    with Workspace.ephemeral(_api_client=client) as workspace:
        workspace.fetch_profiles()
        path = Path(workspace.info().path)
        assert path.is_file()
    assert not path.parent.exists()


def test_open_reads_a_database_or_a_data_folder(data, tmp_path, client):
    path = tmp_path / "mine.duckdb"
    with Workspace(path=path, _api_client=client) as workspace:
        workspace.fetch_events(FIRST, FIRST)
        rows = count(workspace)
    publish(data, 5)

    with Workspace.open(path) as one, Workspace.open(str(path)) as two:
        assert count(one) == count(two) == rows
        with pytest.raises(QueryError):
            one.sql_rows("DROP TABLE events")
    with Workspace.open(data) as workspace:
        assert workspace.sql_scalar("SELECT number FROM events") == 5
    with Workspace.open(path, read_only=False) as workspace:
        workspace.sql_rows("CREATE VIEW seen AS FROM events")
    with pytest.raises(ConfigError):
        Workspace.open(tmp_path / "none.duckdb")


def test_accounts_and_regions(data, tmp_path, monkeypatch):
    manager = ConfigManager(tmp_path / "config.toml")
    manager.add_account("eu", "sa", "secret-1", "7", "eu")

    with Workspace("eu", _config_manager=manager, path=":memory:") as workspace:
        assert workspace._session.resolution.credentials.region == "eu"
    with Workspace.memory("eu", region="IN", _config_manager=manager) as workspace:
        info = workspace.info()
        assert (info.project_id, info.region, info.account) == ("7", "in", "eu")
        assert "secret-1" not in repr(workspace) + repr(vars(workspace)) + str(info)
    with pytest.raises(AccountNotFoundError):
        Workspace("nobody", _config_manager=manager)
    with pytest.raises(ConfigError, match="us, eu, in"):
        Workspace(region="mars")
    with Workspace() as workspace, pytest.raises(ConfigError, match="mp auth add"):
        workspace.events()


@pytest.mark.parametrize("make", [Workspace, Workspace.memory, Workspace.ephemeral])
def test_the_account_is_that_of_the_time_of_construction(data, tmp_path, monkeypatch, make):
    monkeypatch.setenv("MP_CONFIG_PATH", str(tmp_path / "config.toml"))
    manager = ConfigManager()
    manager.add_account("one", "sa-1", "secret-1", "1", "eu")
    manager.add_account("two", "sa-2", "secret-2", "2", "in")

    with make() as workspace:
        manager.set_default("two")
        manager.remove_account("one")
        monkeypatch.setenv("MP_ACCOUNT", "two")
        info = workspace.info()
        with workspace._session.client as client:
            assert str(client) == "MixpanelAPIClient(project 1, eu)"

    assert (info.project_id, info.account) == ("1", "one")
    with make() as workspace:
        assert workspace.info().project_id == "2"


def test_without_an_account_the_first_one_that_is_found_stays(data, tmp_path, monkeypatch):
    monkeypatch.setenv("MP_CONFIG_PATH", str(tmp_path / "config.toml"))
    manager = ConfigManager()

    with Workspace() as workspace:
        assert workspace.sql_scalar("SELECT 1") == 1
        with pytest.raises(ConfigError, match="mp auth add"):
            workspace.events()
        manager.add_account("one", "sa-1", "secret-1", "1", "eu")
        assert workspace.info().project_id == "1"
        manager.remove_account("one")
        assert workspace.info().project_id == "1"


@pytest.mark.parametrize("text", ["[accounts", "[accounts.x]\nusername = 1\n", 'default = "gone"'])
def test_sql_needs_no_accounts_file_that_can_be_read(data, tmp_path, monkeypatch, text):
    (tmp_path / "config.toml").write_text(text)
    (tmp_path / "config.toml").chmod(0o600)
    monkeypatch.setenv("MP_CONFIG_PATH", str(tmp_path / "config.toml"))

    with Workspace() as workspace:
        assert workspace.sql_scalar("SELECT 1") == 1
        with pytest.raises(ConfigError):
            workspace.events()


def test_its_own_connection_counts_in_the_folders_budget(data, shop, monkeypatch):
    for name, value in shop.env().items():
        monkeypatch.setenv(name, value)
    with Workspace(path=data / "mine.duckdb") as workspace:
        names = workspace.events()
        assert names == workspace.events()
        workspace.fetch_events(FIRST, FIRST)
        budget = workspace._session.client._requester
        assert budget is not None

    book = RateLimiter(data / "budget", project_id=shop.credentials.project_id, region="us")

    book = RateLimiter(
        DataFolder.at(data).budget, project_id=shop.credentials.project_id, region="us"
    )
    assert (book.spent("query"), book.spent("export")) == (1, 1)


def test_a_data_view_narrows_names_and_reports(client, shop):
    with Workspace.memory(_api_client=client, workspace_id=7) as workspace:
        name = workspace.events()[0]
        workspace.segmentation(name, FIRST, LAST)

    views = [call.params.get("workspace_id") for call in shop.requests]
    assert views == ["7", "7"]


def test_what_is_handed_in_stays_open(client):
    storage = StorageEngine.memory()
    with Workspace(_storage=storage, _api_client=client) as workspace:
        workspace.fetch_events(FIRST, FIRST)

    assert storage.execute_scalar("SELECT count(*) FROM events") > 0
    with Workspace(_storage=storage, _api_client=client) as workspace:
        assert workspace.events()
    storage.close()


def test_discovery_and_reports_are_those_of_the_services(workspace, shop):
    names = {event.name for event in served(shop)}
    name = served(shop)[0].name

    assert set(workspace.events()) == names
    assert workspace.properties(name)
    result = workspace.segmentation(name, FIRST, LAST)
    workspace.fetch_events(FIRST, LAST)
    assert result.total == workspace.sql_scalar(
        "SELECT count(*) FROM (SELECT DISTINCT ON (event, time, distinct_id, insert_id) * FROM events WHERE event = ?)",
        [name],
    )


def test_a_deprecation_points_at_the_caller(workspace):
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        workspace.activity_feed("nobody", FIRST, LAST)

    assert caught[0].filename == __file__


def test_tables_are_described(workspace):
    odd = 'we"ird/~ na$me.🎉'
    day = datetime(2026, 1, 1, tzinfo=UTC).timestamp()
    workspace.storage.create_events_table(
        "events",
        [
            {
                "event": "a",
                "properties": {"time": day, "distinct_id": n % 2, odd: f"v{n % 3}", "n": n},
            }
            for n in range(9)
        ]
        + [{"event": "b", "properties": {"time": day + 60, "distinct_id": 7, "0": 1}}],
    )

    breakdown = workspace.event_breakdown()
    assert breakdown.to_dicts()[0] == {
        "event": "a",
        "count": 9,
        "users": 2,
        "first": datetime(2026, 1, 1),
        "last": datetime(2026, 1, 1),
        "share": 0.9,
    }
    keys = {row[0]: row[1] for row in workspace.property_keys()}
    assert keys == {"time": 10, "distinct_id": 10, odd: 9, "n": 9, "0": 1}
    assert workspace.property_keys("events", "b").to_dicts()[0]["share"] == 1.0
    stats = workspace.column_stats("events", f"properties.{odd}", top=1)
    assert stats["top"] == [{"value": "v0", "count": 3}]
    assert (stats["count"], stats["nulls"], stats["distinct"]) == (9, 1, 3)
    assert workspace.column_stats("events", "properties.0")["count"] == 1
    assert workspace.column_stats("events", "event")["max"] == "b"
    assert len(workspace.sample("events", 3)) == 3
    assert workspace.sample("events", 3, seed=1) == workspace.sample("events", 3, seed=1)
    assert [row[0] for row in workspace.summarize("events")] == [
        column.name for column in workspace.schema("events").columns
    ]
    with pytest.raises(ConfigError, match=r"properties\.NAME"):
        workspace.column_stats("events", "nothing")
    for ask in (workspace.sample, workspace.summarize, workspace.schema):
        with pytest.raises(TableNotFoundError, match="events"):
            ask("evnts")


def test_sql_is_a_frame(workspace):
    pandas = pytest.importorskip("pandas")

    frame = workspace.sql("SELECT * FROM range(?) AS t(n)", [3])

    assert isinstance(frame, pandas.DataFrame)
    assert list(frame["n"]) == [0, 1, 2]
