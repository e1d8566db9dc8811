"""Files and variables as editors, shells and containers write them, and what is not a setting."""

import json
from pathlib import Path

import pytest

from .conftest import SECRET

MARK = "\ufeff"
ADD = ("auth", "add", "x", "-u", "U", "-p", "1", "--secret-stdin")


def test_a_sync_reads_a_file_with_a_byte_order_mark(mp, shop, tmp_path: Path):
    (tmp_path / ".dlt").mkdir()
    settings = "[sources.mixpanel]\nlookback_days = 2\n"
    (tmp_path / ".dlt" / "config.toml").write_text(settings, encoding="utf-8-sig")
    (tmp_path / ".dlt" / "secrets.toml").write_text(
        f'[sources.mixpanel.credentials]\nusername = "{shop.credentials.username}"\nsecret = "{SECRET}"\n'
        f'project_id = "{shop.credentials.project_id}"\nregion = "us"\n',
        encoding="utf-8-sig",
    )
    first = str(shop.dataset.days()[-3])
    env = {"MP_API_BASE_URL": shop.base_url, "MP_START_DATE": first}

    for days in (3, 2):
        done = mp("sync", "--only", "events", "--no-build", "--format", "json", env=env)
        assert done.returncode == 0, done.stderr
        assert json.loads(done.stdout)["days_loaded"] == days
    assert mp("pipeline", "mixpanel", "info", program="dlt").returncode == 0


@pytest.mark.parametrize("name", ["config", "secrets"])
def test_a_sync_beside_a_file_of_another_dlt_project(mp, shop, tmp_path: Path, name: str):
    file = tmp_path / ".dlt" / f"{name}.toml"
    file.parent.mkdir()
    env = shop.env() | {"MP_START_DATE": str(shop.dataset.days()[-1])}
    sync = ("sync", "--only", "events", "--no-build", "--refetch")

    file.write_text('[other]\nkey = "value"\n', encoding="utf-8-sig")
    marked = mp(*sync, env=env)
    file.write_text("[other\n", encoding="utf-8")
    damaged = mp(*sync, env=env)

    assert marked.returncode == 0, marked.stderr
    assert damaged.returncode == 3
    assert f"{name}.toml" in damaged.stderr


def test_a_secret_by_a_pipe_needs_no_region(mp):
    done = mp(*ADD, stdin=f"{MARK}{SECRET}\r\n")

    assert (done.returncode, done.stdout) == (0, "")
    assert done.stderr.startswith("Account 'x' is stored")
    shown = json.loads(mp("auth", "show", "x", "--format", "json").stdout)
    assert (shown["region"], shown["project_id"]) == ("us", "1")


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("-u", "U", "-p", "abc"), "project_id is not a number"),
        (("-u", "U"), "--project-id"),
        (("-p", "1"), "--username"),
    ],
)
def test_what_is_wrong_or_missing_beside_a_piped_secret_is_named(mp, arguments, says):
    done = mp("auth", "add", "x", *arguments, "--secret-stdin", stdin=f"{SECRET}\n")

    assert done.returncode == 3
    assert says in done.stderr
    assert SECRET not in done.stderr
    assert json.loads(mp("auth", "list", "--format", "json").stdout) == []


def test_options_that_are_prompted_for_are_not_marked_as_required(mp):
    options = mp("auth", "add", "--help").stdout.partition("Options:")[2]

    assert "required" not in options


def test_each_run_and_doctor_name_what_is_no_setting(mp, shop):
    env = shop.env() | {"MP_LOOKBACKDAYS": "3"}

    done = mp("status", env=env)
    checks = json.loads(mp("doctor", "--format", "json", env=env).stdout)

    expected = "MP_LOOKBACKDAYS is not a setting and has no effect. Did you mean MP_LOOKBACK_DAYS?"
    assert f"Warning: {expected}\n" in done.stderr
    assert [c["value"] for c in checks if c["what"] == "unknown setting"] == [expected]


def test_a_part_of_the_credentials_is_no_reason_to_take_others(mp, shop):
    mp(*ADD, stdin="s\n")
    env = shop.env()
    del env["MP_REGION"]

    done = mp("sync", "--no-build", env=env)

    assert done.returncode == 3
    assert "set without MP_REGION" in done.stderr


def test_doctor_names_another_program_that_is_called_mp(mp, shop, tmp_path: Path):
    other = tmp_path / "bin" / "mp"
    other.parent.mkdir()
    other.write_text("#!/bin/sh\nexit 0\n")
    other.chmod(0o755)

    def found(path: str) -> str:
        checks = json.loads(
            mp("doctor", "--format", "json", env=shop.env() | {"PATH": path}).stdout
        )
        return next(check["value"] for check in checks if check["what"] == "mp")

    assert found(str(other.parent)).startswith(f"WARNING: {other} is another program")
    assert "not on the PATH" in found(str(tmp_path))
