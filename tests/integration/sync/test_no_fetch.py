"""A sync without a fetch builds and publishes what is loaded: without a request, and without an account."""

import json

import duckdb
import pytest

from mixpanel_data.cli.app import run
from mixpanel_data.exceptions import ConfigError
from mixpanel_data.sync import sync

from .conftest import LAST


@pytest.fixture
def folder(project, monkeypatch):
    for name in ("MP_USERNAME", "MP_SECRET", "MP_PROJECT_ID", "MP_REGION"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("MP_CONFIG_PATH", str(project.folder.parent / "accounts.toml"))
    monkeypatch.setenv("MP_DATA_DIR", str(project.folder))
    return project.folder


@pytest.mark.usefixtures("only_core")
def test_it_builds_and_publishes_without_an_account(project, fill, folder, capsys):
    fill(2)
    project.sync(LAST, LAST)
    project.asked()

    code = run(["sync", "--no-fetch", "--format", "json"])

    report = json.loads(capsys.readouterr().out)
    assert (code, report["days_loaded"], report["requests"], report["built"]) == (0, 0, 0, True)
    with duckdb.connect(str(folder / "mixpanel.duckdb"), read_only=True) as connection:
        assert connection.execute("SELECT count(*) FROM events").fetchall() == [(40,)]
    assert project.asked() == []
    assert sync(fetch=False).published is None  # nothing is left to do


def test_without_loaded_data_the_error_names_the_command(folder, capsys):
    code = run(["sync", "--no-fetch"])

    assert code == 1
    assert "There is nothing to build" in capsys.readouterr().err


@pytest.mark.parametrize(
    "arguments",
    [("--from", "2026-01-01"), ("--refetch",), ("--no-build",), ("--reload-days", "0")],
)
def test_options_about_the_fetch_are_refused(folder, arguments, capsys):
    assert run(["sync", "--no-fetch", *arguments]) == 3
    assert f"leave out {arguments[0]}" in capsys.readouterr().err


def test_arguments_about_the_fetch_are_refused(folder):
    with pytest.raises(ConfigError, match=r"leave out first, build=False\."):
        sync(fetch=False, first="2026-01-01", build=False)
