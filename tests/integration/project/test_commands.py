"""dlt, the commands and the flow take the same project."""

import json

import pytest
from dlt.common.runtime.run_context import RunContext

from mixpanel_data import ConfigError
from mixpanel_data._internal.project.init import init_project
from mixpanel_data.cli import dlt_plugin
from mixpanel_data.cli.app import run
from mixpanel_data.sync import Sync


@pytest.fixture
def shop(tmp_path):
    init_project(tmp_path / "shop")
    return tmp_path / "shop"


def plugged(run_dir=None) -> RunContext | None:
    return dlt_plugin._plug_run_context(run_dir=run_dir, runtime_kwargs=None)


def doctor(capsys):
    code = run(["doctor", "--format", "json"])
    rows = {row["what"]: row for row in json.loads(capsys.readouterr().out)}
    return code, rows


@pytest.mark.parametrize("by", ["variable", "working folder"])
def test_dlt_reads_the_settings_of_the_project(shop, tmp_path, monkeypatch, by):
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere" if by == "variable" else shop / "models")
    if by == "variable":
        monkeypatch.setenv("MP_PROJECT_DIR", str(shop))

    context = plugged()

    assert context is not None
    assert context.run_dir == str(shop)
    assert context.settings_dir == str(shop / ".dlt")
    assert context.data_dir == str(shop / "data" / "dlt")


def test_dlt_is_left_alone_elsewhere(shop, tmp_path, monkeypatch):
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")

    assert plugged() is None
    assert plugged(str(tmp_path / "elsewhere")) is None
    assert plugged(str(shop)) is not None


def test_doctor_says_which_project_counts_and_why(shop, monkeypatch, capsys):
    monkeypatch.chdir(shop / "models")

    code, rows = doctor(capsys)

    assert code == 3  # no account
    assert rows["project folder"] == {
        "what": "project folder",
        "value": str(shop),
        "from": "parent of the working folder",
        "state": "ok",
    }
    assert rows["dbt project"]["value"] == str(shop)
    assert rows["package"]["value"].startswith("mixpanel_data ")
    assert rows["variables"]["value"] == "set: week_start; the others have their defaults"
    assert rows["variables"]["from"] == str(shop / "dbt_project.yml")
    assert rows["data_dir"]["value"] == str(shop / "data")


def test_doctor_names_a_mistake_in_the_variables(shop, monkeypatch, capsys):
    monkeypatch.chdir(shop)
    file = shop / "dbt_project.yml"
    file.write_text(file.read_text().replace("week_start: monday", "week_strat: monday"))

    _, rows = doctor(capsys)

    assert rows["variables"]["value"] == (
        "wrong: There is no variable week_strat. Did you mean week_start?"
    )


def test_a_mistake_in_the_variables_costs_no_request(shop, monkeypatch, capsys):
    monkeypatch.chdir(shop)
    for name, value in (("USERNAME", "u"), ("SECRET", "s"), ("PROJECT_ID", "1"), ("REGION", "us")):
        monkeypatch.setenv(f"MP_{name}", value)
    file = shop / "dbt_project.yml"
    file.write_text(file.read_text().replace("week_start: monday", "week_start: mon"))
    monkeypatch.setattr(Sync, "begin", lambda *_, **__: pytest.fail("the run began"))

    assert run(["sync"]) == 3
    assert f"{file}: Variable week_start: mon is none of" in capsys.readouterr().err
    assert run(["plan"]) == 3


def test_a_project_that_is_gone_is_named(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("MP_PROJECT_DIR", str(tmp_path / "gone"))

    assert run(["status"]) == 3
    assert "which is no folder. `mp init" in capsys.readouterr().err
    with pytest.raises(ConfigError):
        plugged()
