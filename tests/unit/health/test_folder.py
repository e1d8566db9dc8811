"""What `mp doctor` says of a data folder, each check with its fault, and what `--fix` does."""

import os
import shutil
from collections import namedtuple
from datetime import timedelta
from importlib import metadata
from pathlib import Path

import duckdb
import pytest

from mixpanel_data._internal.data_folder.lock import exclusive
from mixpanel_data._internal.data_folder.paths import DataFolder
from mixpanel_data._internal.health import versions
from mixpanel_data._internal.health.folder import check_data_folder
from mixpanel_data._internal.health.versions import check_versions
from mixpanel_data._internal.publication import build_stamp
from mixpanel_data._internal.settings import load_settings
from mixpanel_data.sync import check_health

Usage = namedtuple("Usage", "total used free")


@pytest.fixture
def folder(tmp_path: Path) -> DataFolder:
    """A data folder that a run has used."""
    with exclusive(found := DataFolder.at(tmp_path / "data")):
        pass
    return found


def checked(folder: DataFolder, *private: Path, fix: bool = False) -> dict[str, tuple[str, str]]:
    return {
        each.what: (each.state, each.value) for each in check_data_folder(folder, private, fix=fix)
    }


def test_a_used_folder_is_fine(folder):
    assert {state for state, _ in checked(folder).values()} == {"ok"}


def test_a_folder_that_does_not_exist_is_fine_and_is_not_made(tmp_path):
    found = checked(DataFolder.at(tmp_path / "none"), fix=True)

    assert {state for state, _ in found.values()} == {"ok"}
    assert not (tmp_path / "none").exists()


@pytest.mark.parametrize(
    ("free", "state"), [(10**12, "ok"), (150 * 10**6, "warning"), (1, "error")]
)
def test_a_disk_without_room_for_the_next_run_is_named(folder, monkeypatch, free, state):
    with folder.raw.open("wb") as file:
        file.truncate(100 * 10**6)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: Usage(10**12, 0, free))

    assert checked(folder)["disk"][0] == state


def test_the_holder_of_the_lock_is_named_and_its_files_are_no_leftovers(folder):
    with exclusive(folder):
        (folder.root / ".raw.duckdb.new").touch()
        found = checked(folder, fix=True)
        assert (folder.root / ".raw.duckdb.new").exists()

    assert str(os.getpid()) in found["lock"][1]
    assert "leftover files" not in found
    assert checked(folder)["lock"] == ("ok", "free")


LEFT = [
    ".raw.duckdb.new",
    ".raw.duckdb.new.wal",
    ".mixpanel.duckdb.new",
    "build/.next.duckdb.new",
    "build/emptied.duckdb",
    "build/retired.duckdb.wal",
    "build/published.part",
    "export/.events.parquet.mp-half",
    ".restore/raw.duckdb",
    "landing/us-1/events/2026-01-01_2026-01-02_all.ndjson.part",
    "landing/eu-2/profiles/a.ndjson",
    ".lock-holder.json",
]


@pytest.mark.parametrize("name", LEFT)
def test_what_a_killed_run_left_is_named_and_removed(folder, name):
    path = folder.root / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("{}")
    kept = folder.landing / "us-1" / "quarantine" / "a.ndjson"
    kept.parent.mkdir(parents=True, exist_ok=True)
    kept.touch()

    state, value = checked(folder)["leftover files"]
    assert state == "warning"
    assert Path(name).parts[0] in value
    assert path.exists()
    checked(folder, fix=True)

    assert not path.exists()
    assert checked(folder)["leftover files"] == ("ok", "none")
    assert kept.exists()


def test_a_leftover_that_is_a_link_is_removed_and_its_target_kept(folder, tmp_path):
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "file").touch()
    (folder.root / ".restore").symlink_to(tmp_path / "mine")

    checked(folder, fix=True)

    assert not (folder.root / ".restore").is_symlink()
    assert (tmp_path / "mine" / "file").exists()


def test_databases_that_were_replaced_are_named_and_kept(folder):
    (folder.root / "raw-before-20260101T000000000000.duckdb").write_bytes(b"x" * 5000)

    found = checked(folder, fix=True)

    assert "raw-before-" in found["kept files"][1]
    assert "5 KB" in found["kept files"][1]
    assert list(folder.root.glob("raw-before-*"))


@pytest.mark.parametrize("which", ["raw.duckdb", "landing", "secrets.toml"])
def test_private_files_that_others_can_read_are_named_and_made_private(folder, tmp_path, which):
    path = tmp_path / which if which == "secrets.toml" else folder.root / which
    if which != "landing":
        path.touch(mode=0o644)
    path.chmod(0o755)

    assert checked(folder, tmp_path / "secrets.toml")["permissions"][0] == "warning"
    assert path.stat().st_mode & 0o077
    checked(folder, tmp_path / "secrets.toml", fix=True)

    assert not path.stat().st_mode & 0o077
    assert checked(folder, tmp_path / "secrets.toml")["permissions"][0] == "ok"


def test_a_build_that_did_not_succeed_is_named(folder):
    built = folder.build / "next.duckdb"
    build_stamp.create_stamped_file(built, "f", "v1.2.0")
    assert checked(folder)["build"][0] == "warning"

    build_stamp.mark_built(built)

    assert checked(folder)["build"][0] == "ok"


def test_the_installed_packages_are_within_their_bounds():
    assert [each.state for each in check_versions()] == ["ok"]


@pytest.mark.parametrize("name", versions.WHY)
def test_a_version_that_breaks_is_named_with_its_reason(monkeypatch, name):
    there = metadata.version

    def fake(asked: str) -> str:
        return "99.0" if asked == name else there(asked)

    monkeypatch.setattr(versions, "version", fake)

    found = check_versions()
    assert {each.state for each in found} == {"error"}
    assert all(each.value.startswith(f"{name} 99.0 is installed") for each in found)
    assert all(versions.WHY[name] in each.value for each in found)


def health(tmp_path: Path, **values: object) -> dict[str, str]:
    ahead = values.pop("clock_ahead", timedelta(0))
    zone = values.pop("timezone", None)
    settings = load_settings({}, data_dir=tmp_path / "data", **values)
    found = check_health(settings, clock_ahead=ahead, timezone=zone)  # type: ignore[arg-type]
    return {each.what: each.state for each in found}


def test_a_wrong_clock_is_an_error(tmp_path):
    assert health(tmp_path)["clock"] == "ok"
    assert health(tmp_path, clock_ahead=timedelta(days=3))["clock"] == "error"
    assert health(tmp_path, clock_ahead=timedelta(hours=-3))["clock"] == "error"


def test_a_zone_that_is_not_the_project_s_is_named(tmp_path):
    basis = {"time_basis": "project", "project_timezone": "Asia/Kolkata"}

    assert "time basis" not in health(tmp_path, **basis, timezone="Asia/Kolkata")
    assert health(tmp_path, **basis, timezone="Europe/Oslo")["time basis"] == "warning"
    assert "time basis" not in health(tmp_path, timezone="Europe/Oslo")


def test_a_damaged_ledger_is_an_error(folder, tmp_path):
    folder.raw.write_bytes(b"no database" * 1000)
    assert health(tmp_path)["ledger"] == "error"

    folder.raw.unlink()
    duckdb.connect(str(folder.raw)).close()

    assert "ledger" not in health(tmp_path)
