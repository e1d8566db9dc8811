"""Any name of a file or folder works, or is refused before the work."""

import os
from pathlib import Path

import pytest
from support.made_file import full

from mixpanel_data._internal.config import ConfigManager
from mixpanel_data._internal.html_report import write
from mixpanel_data._internal.publication import parquet_export
from mixpanel_data.cli.app import run
from mixpanel_data.exceptions import ConfigError

WORKS = [
    "100%",
    "%41",
    "a?b=c&d",
    "a\\b",
    'it\'s "quoted"',
    "a#b;c",
    "-dash",
    "--",
    "😀 ü",
    "  spaces  ",
    "a\nb\tc",
    "a*[b]{c}",
    "$HOME",
    "😀" * 60,
]
NOT_UTF_8 = os.fsdecode(b"a\xff")
TOO_LONG = "x" * 300


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return full(tmp_path_factory.mktemp("data"), days=3).folder


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize("name", [*WORKS, NOT_UTF_8])
def test_a_report_goes_to_a_file_of_any_name(data, here, name):
    assert run(["report", f"--output={name}", "--data-dir", str(data)]) == 0

    assert [path.name for path in here.iterdir()] == [name]
    assert (here / name).read_text(encoding="utf-8").startswith("<!doctype html>")


@pytest.mark.parametrize("name", WORKS)
def test_tables_go_to_a_folder_of_any_name(data, here, name):
    assert run(["export", "days", f"--output={name}", "--data-dir", str(data)]) == 0

    assert [path.name for path in here.iterdir()] == [name]
    assert (here / name / "days.parquet").read_bytes()[:4] == b"PAR1"


@pytest.mark.parametrize("name", [*WORKS, NOT_UTF_8])
def test_accounts_are_kept_in_a_file_of_any_name(here, name):
    path = here / name

    ConfigManager(path).add_account("me", "user", "secret", "1", "us")

    assert path.is_file()
    assert ConfigManager(path).get_credentials("me").username == "user"


@pytest.mark.parametrize("name", [TOO_LONG, ".", "no such folder/report.html"])
def test_a_file_that_can_not_be_is_refused_before_the_report_is_made(
    data, here, name, monkeypatch, capsys
):
    monkeypatch.setattr(write, "read_report", lambda *_, **__: pytest.fail("it was made"))

    assert run(["report", f"--output={name}", "--data-dir", str(data)]) == 1

    assert "can't be written" in capsys.readouterr().err
    assert list(here.iterdir()) == []


@pytest.mark.parametrize("name", [TOO_LONG, NOT_UTF_8])
def test_a_folder_that_can_not_be_is_refused_before_the_export(
    data, here, name, monkeypatch, capsys
):
    monkeypatch.setattr(
        parquet_export.parquet_tables, "open_for_export", lambda *_: pytest.fail("it was opened")
    )

    assert run(["export", "days", f"--output={name}", "--data-dir", str(data)]) == 3

    assert "can't be the folder to export into" in capsys.readouterr().err
    assert list(here.iterdir()) == []


@pytest.mark.parametrize("name", [TOO_LONG, "😀" * 63])
def test_an_accounts_file_that_can_not_be_is_refused_by_name(here, name, monkeypatch):
    monkeypatch.setenv("MP_CONFIG_PATH", str(here / name))

    with pytest.raises(ConfigError, match="File name too long"):
        ConfigManager().add_account("me", "user", "secret", "1", "us")
    assert list(here.iterdir()) == []
