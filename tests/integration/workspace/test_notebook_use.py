"""A workspace in a notebook: relations, its tables as HTML, and a sync that the workspace reads from then on."""

import inspect
from pathlib import Path
from typing import Any

import duckdb
import pytest

from mixpanel_data.exceptions import ConfigError, QueryError
from mixpanel_data.sync import Progress, sync
from mixpanel_data.workspace import Workspace

from .conftest import FIRST, LAST, publish


def test_a_relation_is_refined_before_it_runs(data: Path) -> None:
    publish(data, 7)
    with Workspace() as workspace:
        relation = workspace.relation("SELECT number FROM events WHERE event = ?", ["Published"])

        assert relation.aggregate("sum(number) AS total").fetchall() == [(7,)]
        assert isinstance(relation, duckdb.DuckDBPyRelation)


def test_a_relation_still_runs_after_a_fetch(data: Path, client) -> None:
    with Workspace(_api_client=client) as workspace:
        first = workspace.fetch_events("mine", FIRST, FIRST)
        relation = workspace.relation("SELECT count(*) FROM mine")
        workspace.fetch_events("other", FIRST, FIRST)

        assert relation.fetchall() == [(first.rows,)]


@pytest.mark.parametrize("query", ["SELECT nope", "SELECT * FROM nothing", "", "SELECT"])
def test_a_relation_of_wrong_sql_is_an_error_at_once(data: Path, query: str) -> None:
    with Workspace() as workspace, pytest.raises(QueryError):
        workspace.relation(query)


def test_a_relation_reaches_no_other_file(data: Path) -> None:
    other = data / "other.csv"
    other.write_text("a\n1\n")
    with Workspace() as workspace, pytest.raises((QueryError, duckdb.Error)):
        workspace.relation(f"SELECT * FROM '{other}'").fetchall()


# -- HTML


def test_a_workspace_shows_its_tables(data: Path) -> None:
    publish(data, 1)
    with Workspace() as workspace:
        html = workspace._repr_html_()

    assert "mixpanel.duckdb" in html
    assert "<td>events</td><td>events</td><td>1</td>" in html
    assert "2 rows, 3 columns" in html


def test_showing_a_workspace_creates_no_file(tmp_path: Path, data: Path) -> None:
    path = tmp_path / "new.duckdb"
    with Workspace(path=path) as workspace:
        assert repr(workspace) == f"Workspace({str(path)!r})"
        assert "0 rows" in workspace._repr_html_()
    assert not path.exists()


def test_a_workspace_that_can_not_be_opened_shows_why(tmp_path: Path) -> None:
    path = tmp_path / "not.duckdb"
    path.write_text("no database")
    with Workspace(path=path) as workspace:
        assert "can&#x27;t be op" in workspace._repr_html_()


# -- sync


def test_its_parameters_are_those_of_the_function() -> None:
    function = dict(inspect.signature(sync).parameters)
    method = dict(inspect.signature(Workspace.sync).parameters)
    del method["self"], function["account"], function["data_dir"], function["job_type"]

    assert list(method.items()) == list(function.items())


class PublishWhenLoaded(Progress):
    """Publishes another file when the first rows are loaded, as a build would."""

    def __init__(self, data: Path, number: int) -> None:
        self.data, self.number = data, number

    def loaded(self, file: Any) -> None:
        publish(self.data, self.number)


@pytest.fixture
def account(shop, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in shop.env().items():
        monkeypatch.setenv(name, value)


@pytest.fixture
def loaded(data: Path, account) -> Path:
    """The data folder after a sync of one day, with a published file."""
    with Workspace() as workspace:
        workspace.sync(first=LAST, last=LAST, only="events", build=False)
    publish(data, 1)
    return data


def test_after_a_sync_the_workspace_reads_the_new_file(loaded: Path) -> None:
    with Workspace() as workspace:
        fetched = workspace.fetch_events("mine", FIRST, FIRST)
        relation = workspace.relation("SELECT number FROM events")
        assert workspace.sql_scalar("SELECT number FROM events") == 1

        report = workspace.sync(
            first=str(FIRST), last=LAST, only="events", build=False,
            progress=PublishWhenLoaded(loaded, 2),
        )  # fmt: skip

        assert report.events > 0
        assert report.failures == []
        assert workspace.sql_scalar("SELECT number FROM events") == 2
        assert workspace.sql_scalar("SELECT count(*) FROM mine") == len(fetched.df) == fetched.rows
        with pytest.raises(duckdb.Error):
            relation.fetchall()
        assert workspace.fetch_events("more", FIRST, FIRST).rows == fetched.rows


def test_a_sync_that_fails_leaves_the_workspace_usable(loaded: Path) -> None:
    with Workspace() as workspace:
        assert workspace.sql_scalar("SELECT number FROM events") == 1
        with pytest.raises(ConfigError):
            workspace.sync(first="2999-01-01")
        assert workspace.sql_scalar("SELECT number FROM events") == 1


@pytest.mark.parametrize("kind", ["path", "memory", "ephemeral"])
def test_a_workspace_on_a_database_of_its_own_does_not_sync(
    data: Path, account, tmp_path: Path, kind: str
) -> None:
    opened = {
        "path": lambda: Workspace(path=tmp_path / "own.duckdb"),
        "memory": Workspace.memory,
        "ephemeral": Workspace.ephemeral,
    }
    with opened[kind]() as workspace, pytest.raises(ConfigError, match="Workspace\\(data_dir="):
        workspace.sync()
    assert list(data.iterdir()) == []


def test_a_sync_without_an_account_says_how_to_add_one(
    data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MP_CONFIG_PATH", str(data / "none.toml"))
    with Workspace() as workspace, pytest.raises(ConfigError, match="mp auth add"):
        workspace.sync()
