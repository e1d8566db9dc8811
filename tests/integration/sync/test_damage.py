"""A raw database that is damaged, gone, or not what the ledger says: what a run says, and the way out."""

import random
import shutil
import subprocess
import sys
from datetime import timedelta

import duckdb
import pytest
from support.project import LAST

from mixpanel_data._internal.data_folder.file_check import check_file
from mixpanel_data._internal.data_folder.lock import exclusive
from mixpanel_data.exceptions import (
    ConfigError,
    DatabaseDamagedError,
    DatabaseMissingError,
)
from mixpanel_data.sync.status import gap_days, read_status
from mixpanel_data.sync.verify import check_folder

FIRST = LAST - timedelta(days=3)
TODAY = LAST + timedelta(days=1)


KILLED_IN_A_LOG = """
import duckdb, os, sys
db = duckdb.connect(sys.argv[1])
db.execute("SET wal_autocheckpoint = '1TB'")
db.execute("DELETE FROM mixpanel.events")
db.execute("DELETE FROM mixpanel._metadata WHERE table_name = 'events'")
for n in range(5):
    db.execute(f"CREATE TABLE t{n} AS SELECT range AS n FROM range(1000)")
os._exit(0)
"""


@pytest.fixture
def loaded(project, fill):
    """A project whose days and profiles are loaded."""
    fill(4, 10)
    project.sandbox.dataset.set_profile("u", {"n": 1})
    project.sync(start_date=FIRST, only=None)
    project.asked()
    return project


def raw(project):
    return project.folder / "raw.duckdb"


def flip(content: bytes) -> bytes:
    """Eight changed bytes in each block."""
    changed = bytearray(content)
    for start in range(0, len(changed) - 100, 100_000):
        for place in range(start + 50, start + 58):
            changed[place] ^= 0xFF
    return bytes(changed)


DAMAGES = {
    "empty": lambda _: b"",
    "text": lambda _: b"no database at all " * 1000,
    "garbage": lambda _: random.Random(1).randbytes(100_000),
    "half": lambda content: content[: len(content) // 2],
    "first 1000 bytes": lambda content: content[:1000],
    "flipped": flip,
}


@pytest.mark.parametrize("how", DAMAGES)
def test_a_damaged_file_is_named_and_start_over_is_a_way_out(loaded, how):
    raw(loaded).write_bytes(DAMAGES[how](raw(loaded).read_bytes()))

    with pytest.raises(DatabaseDamagedError, match="start-over") as caught:
        loaded.sync(start_date=FIRST, only=None)
    with pytest.raises(DatabaseDamagedError):
        read_status(loaded.settings())
    assert caught.value.path == str(raw(loaded))
    assert "rerun the command" not in str(caught.value)
    assert loaded.asked() == []

    report = loaded.sync(start_date=FIRST, only=None, start_over=True)

    assert report.failures == []
    assert loaded.loaded() == loaded.served(FIRST, LAST)
    [kept] = loaded.folder.glob("raw-before-*.duckdb")
    assert str(kept) in report.warnings[0]


@pytest.mark.parametrize("how", ["half", "flipped"])
def test_the_error_says_which_tables_can_still_be_read(loaded, how):
    with duckdb.connect(str(raw(loaded))) as db:
        db.execute("CREATE TABLE mixpanel.large AS SELECT random() AS n FROM range(300_000)")
    content = raw(loaded).read_bytes()
    damaged = bytearray(content)
    [place] = [p for p in range(12288, len(content), 262144) if check_after(loaded, content, p)][:1]
    damaged[place + 50] ^= 0xFF
    raw(loaded).write_bytes(damaged)

    found = check_file(raw(loaded))

    assert not found.is_whole
    assert [table.name for table in found.tables if table.error] == ["mixpanel.large"]
    assert check_folder(loaded.settings().folder).damaged == (found,)


def check_after(project, content: bytes, place: int) -> bool:
    """Whether a flipped byte in this block leaves every table but the large one."""
    changed = bytearray(content)
    changed[place + 50] ^= 0xFF
    copy = project.folder / "copy.duckdb"
    copy.write_bytes(changed)
    found = check_file(copy)
    copy.unlink()
    return [table.name for table in found.tables if table.error] == ["mixpanel.large"]


def test_start_over_is_a_way_out_of_a_folder_that_was_published(loaded):
    duckdb.connect(str(loaded.folder / "mixpanel.duckdb")).close()
    raw(loaded).write_bytes(DAMAGES["text"](b""))

    report = loaded.sync(start_date=FIRST, only=None, start_over=True)

    assert report.failures == []
    assert loaded.loaded() == loaded.served(FIRST, LAST)


@pytest.mark.parametrize("share", [0.01, 0.5, 0.99])
def test_a_damaged_write_ahead_log_is_named_and_moving_it_away_is_a_way_out(loaded, share):
    subprocess.run([sys.executable, "-c", KILLED_IN_A_LOG, str(raw(loaded))], check=True)
    log = raw(loaded).with_name("raw.duckdb.wal")
    content = bytearray(log.read_bytes())
    content[int(len(content) * share)] ^= 0xFF
    log.write_bytes(content)

    with pytest.raises(DatabaseDamagedError, match=r"Move raw.duckdb.wal away"):
        loaded.sync(start_date=FIRST)
    assert check_folder(loaded.settings().folder).damaged
    log.rename(log.with_name("raw.duckdb.wal.damaged"))

    assert check_folder(loaded.settings().folder).damaged == ()
    loaded.sync(start_date=FIRST)
    assert loaded.loaded() == loaded.served(FIRST, LAST)


def test_a_backup_is_a_way_out(loaded):
    backup = raw(loaded).read_bytes()
    raw(loaded).write_bytes(flip(backup))
    with pytest.raises(DatabaseDamagedError, match="Put a backup"):
        loaded.sync()
    raw(loaded).write_bytes(backup)

    loaded.sync(only=None)

    assert loaded.loaded() == loaded.served(FIRST, LAST)


def test_a_raw_database_that_is_gone_stops_the_run(loaded):
    raw(loaded).unlink()

    with pytest.raises(DatabaseMissingError, match="earlier versions of profiles") as caught:
        loaded.sync(start_date=FIRST)
    with pytest.raises(DatabaseMissingError):
        read_status(loaded.settings())
    with pytest.raises(DatabaseMissingError):
        check_folder(loaded.settings().folder)

    assert "mp sync --start-over" in str(caught.value)
    assert loaded.asked() == []
    loaded.sync(start_date=FIRST, start_over=True)
    assert loaded.loaded() == loaded.served(FIRST, LAST)
    loaded.sync()


@pytest.mark.parametrize("left", ["mixpanel.duckdb", "build/next.duckdb", "build/retired.duckdb"])
def test_any_trace_of_it_is_enough(project, left):
    path = project.folder / left
    path.parent.mkdir(parents=True)
    duckdb.connect(str(path)).close()

    with pytest.raises(DatabaseMissingError):
        project.sync(start_date=FIRST)


def test_a_first_run_that_was_killed_needs_no_flag(project, fill):
    fill(4, 10)
    job = project.job(start_date=FIRST)
    job.extraction.land_package(job.extraction.next_windows(job.begin()))
    assert list((project.folder / "landing").rglob("*.ndjson"))

    project.sync(start_date=FIRST)

    assert project.loaded() == project.served(FIRST, LAST)


@pytest.mark.parametrize(
    "change",
    [
        "DELETE FROM mixpanel.events WHERE time::DATE = DATE '2026-03-07' AND insert_id LIKE '%-1'",
        "INSERT INTO mixpanel.events FROM mixpanel.events WHERE time::DATE = DATE '2026-03-07'",
        "DELETE FROM mixpanel.events WHERE time::DATE = DATE '2026-03-07'",
        "UPDATE mixpanel._metadata SET row_count = 3 WHERE window_start = DATE '2026-03-07'",
    ],
)
def test_a_day_that_disagrees_with_the_ledger_is_refetched(loaded, change):
    with duckdb.connect(str(raw(loaded))) as db:
        db.execute(change)

    report = loaded.sync(lookback_days=0)

    assert loaded.asked() == [("2026-03-07", "2026-03-07")]
    assert ["2026-03-07" in warning for warning in report.warnings] == [True]
    assert loaded.loaded() == loaded.served(FIRST, LAST)
    assert loaded.sync(lookback_days=0).warnings == []


def test_a_day_that_can_not_be_refetched_stays_missing_and_keeps_its_rows(loaded):
    with duckdb.connect(str(raw(loaded))) as db:
        db.execute("DELETE FROM mixpanel.events WHERE insert_id = '3-1'")
    there = loaded.loaded()

    loaded.sync(LAST, LAST)

    assert loaded.loaded() == there
    assert gap_days(loaded.ledger(), TODAY) == [FIRST]
    loaded.sync(lookback_days=0)
    assert loaded.loaded() == loaded.served(FIRST, LAST)


@pytest.mark.parametrize("basis", ["utc", "project"])
def test_only_days_that_differ_are_found_in_any_zone(project, fill, basis):
    zone = {"time_basis": basis, "project_timezone": "Asia/Kolkata"}
    fill(4, 10)
    project.sync(start_date=FIRST, **zone)
    assert check_folder(project.settings().folder).disagreements == ()
    with duckdb.connect(str(raw(project))) as db:
        db.execute("DELETE FROM mixpanel.events WHERE insert_id = '1-1'")

    found = check_folder(project.settings().folder)

    assert [str(each.day) for each in found.disagreements] == [str(LAST - timedelta(days=1))]


def test_profiles_that_are_gone_are_reread(loaded):
    with duckdb.connect(str(raw(loaded))) as db:
        db.execute("DELETE FROM mixpanel.profiles")
    found = check_folder(loaded.settings().folder)

    report = loaded.sync(only=None)

    assert [(each.table, each.in_ledger, each.found) for each in found.disagreements] == [
        ("profiles", 1, 0)
    ]
    assert report.profiles == 1
    assert loaded.query("SELECT distinct_id FROM mixpanel.profiles") == [("u",)]


def test_repair_makes_days_missing(loaded):
    with duckdb.connect(str(raw(loaded))) as db:
        db.execute("DELETE FROM mixpanel.events WHERE insert_id = '3-1'")
    folder = loaded.settings().folder
    with exclusive(folder):
        assert check_folder(folder, repair=True).repaired

    assert check_folder(folder).disagreements == ()
    assert gap_days(loaded.ledger(), TODAY) == [FIRST]


def test_another_time_basis_is_refused_and_events_can_be_refetched_in_it(loaded):
    other = {"time_basis": "project", "project_timezone": "America/New_York"}

    with pytest.raises(ConfigError, match="--start-over --only events"):
        loaded.sync(**other)
    assert loaded.asked() == []
    history = loaded.query("FROM mixpanel.profiles")

    report = loaded.sync(start_over=True, **other)

    assert report.failures == []
    assert min(loaded.ledger().days) == FIRST
    assert loaded.query("FROM mixpanel.profiles") == history
    loaded.sync(**other)


def test_a_zone_with_the_same_days_is_no_other_basis(project, fill):
    fill(4, 10)
    project.sync(start_date=FIRST, time_basis="project", project_timezone="Europe/Stockholm")

    report = project.sync(time_basis="project", project_timezone="Europe/Berlin")

    assert report.failures == []


def test_the_dlt_folder_may_be_lost(loaded):
    shutil.rmtree(loaded.folder / "dlt")

    assert loaded.sync().failures == []


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("state.json", b"\xff\x00" * 200),
        ("state.json", b'{"a":[1]}'),
        ("state.json", b"\0" * 4096),
        ("schemas/mixpanel.schema.json", b""),
        ("load/.version", b'{"a":[1]}'),
        ("normalize/.version", b"\0" * 4096),
    ],
)
def test_a_damaged_dlt_folder_is_recreated(loaded, caplog, name, content):
    """After a power failure a file may be empty, or have zeros."""
    before = loaded.loaded()
    damaged = loaded.folder / "dlt" / "pipelines" / "mixpanel" / name
    assert damaged.is_file()
    damaged.write_bytes(content)

    report = loaded.sync(LAST, LAST)

    assert report.failures == []
    assert "It is recreated" in caplog.text
    assert loaded.loaded() == before


@pytest.mark.parametrize("table", ["events", "profiles", "_metadata", "_dlt_loads"])
def test_a_raw_database_without_one_of_its_tables_is_named_and_left_as_it_is(loaded, table):
    (loaded.folder / "build").mkdir(exist_ok=True)
    (loaded.folder / "build" / "next.duckdb").touch()  # tables were built from it
    with duckdb.connect(str(loaded.folder / "raw.duckdb")) as db:
        db.execute(f"DROP TABLE mixpanel.{table}")
    before = (loaded.folder / "raw.duckdb").read_bytes()
    loaded.asked()

    with pytest.raises(DatabaseDamagedError, match=f"mixpanel.{table}.*--start-over") as caught:
        loaded.sync()
    with pytest.raises(DatabaseDamagedError, match=f"mixpanel.{table}"):
        check_folder(loaded.settings().folder)

    assert caught.value.unreadable == [f"mixpanel.{table}"]
    assert loaded.asked() == []
    assert (loaded.folder / "raw.duckdb").read_bytes() == before


def test_another_database_in_the_place_of_the_raw_one_is_not_loaded_into(loaded):
    (loaded.folder / "build").mkdir(exist_ok=True)
    (loaded.folder / "build" / "next.duckdb").touch()
    (loaded.folder / "raw.duckdb").unlink()
    with duckdb.connect(str(loaded.folder / "raw.duckdb")) as db:
        db.execute("CREATE TABLE x (i INTEGER)")
    loaded.asked()

    with pytest.raises(DatabaseDamagedError, match="another database"):
        loaded.sync()

    assert loaded.asked() == []
