"""A write-ahead log that a crash cut short, at any byte: no row that the ledger does not know, and the next run is right."""

import json
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import duckdb
import pytest

from mixpanel_data._internal.data_folder.paths import DataFolder
from mixpanel_data._internal.landing.files import Landed, LandingFolder
from mixpanel_data._internal.ledger.records import Project
from mixpanel_data._internal.streams.windows import Window
from mixpanel_data.destinations import replace_job
from mixpanel_data.sync import load as pipeline
from mixpanel_data.sync.verify import check_folder

ROW_GROUP = 122_880
"""From so many rows on DuckDB writes them into the database itself, ahead of the commit in its log."""

LAST_BYTES = 64
DAY = date(2026, 3, 10)
PROJECT = Project("1", "us", "UTC", DAY)

KNOWN = """
    SELECT (SELECT count(*) FROM mixpanel.events), coalesce(sum(row_count), 0)::BIGINT FROM (
        FROM mixpanel._metadata WHERE table_name = 'events'
        QUALIFY row_number() OVER (PARTITION BY window_start ORDER BY load_number DESC) = 1
    )
"""


def landed(folder: DataFolder, count: int) -> Landed:
    """A verified file of ``count`` events on ``DAY``."""
    path = LandingFolder(folder.landing, project="1", region="us").path_for(
        "events", Window(DAY, DAY)
    )
    midnight = int(datetime(DAY.year, DAY.month, DAY.day, tzinfo=UTC).timestamp())
    with path.open("w", encoding="utf-8") as file:
        for n in range(count):
            properties = {"time": midnight + n % 86_400, "distinct_id": f"u{n % 9}", "n": n}
            file.write(json.dumps({"event": "e", "properties": properties}) + "\n")
    return Landed(
        path=path, kind="events", window=Window(DAY, DAY), lines=count, size=count, requests=1,
        fetched_at=datetime.now(UTC), duration_seconds=1, raw_size=path.stat().st_size,
        largest_object=1000,
    ).save()  # fmt: skip


@pytest.fixture
def cut(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[DataFolder, Path]:
    """A folder whose second load was stopped between its commit and the next checkpoint, and the files of then."""
    folder = DataFolder.at(tmp_path / "data").create()
    at_commit = tmp_path / "at commit"
    at_commit.mkdir()
    kept_open, whole = pipeline._kept_open, replace_job._replace_all_or_nothing

    @contextmanager
    def without_checkpoints(path: Path) -> Iterator[None]:
        with kept_open(path), duckdb.connect(path) as connection:
            connection.execute("SET GLOBAL wal_autocheckpoint = '1TB'")
            yield

    def copied(*args: Any, **how: Any) -> bool:
        done = whole(*args, **how)
        for path in folder.root.glob("raw.duckdb*"):
            shutil.copy(path, at_commit)
        return done

    pipeline.load(folder, PROJECT, [landed(folder, 5)])
    with monkeypatch.context() as patched:
        patched.setattr(pipeline, "_kept_open", without_checkpoints)
        patched.setattr(replace_job, "_replace_all_or_nothing", copied)
        pipeline.load(folder, PROJECT, [landed(folder, ROW_GROUP + 10)])
    return folder, at_commit


def test_a_log_cut_at_any_of_its_last_bytes_leaves_no_unknown_row(cut):
    folder, at_commit = cut
    log = (at_commit / "raw.duckdb.wal").read_bytes()
    outcomes = set()

    for missing in range(LAST_BYTES + 1):
        for path in folder.root.glob("raw.duckdb*"):
            path.unlink()
        shutil.copy(at_commit / "raw.duckdb", folder.raw)
        folder.raw.with_name("raw.duckdb.wal").write_bytes(log[: len(log) - missing])
        rows, known = counted(folder)
        assert rows == known, missing
        if rows not in outcomes:
            outcomes.add(rows)
            pipeline.load(folder, PROJECT, [landed(folder, ROW_GROUP + 10)])
            assert counted(folder) == (ROW_GROUP + 10, ROW_GROUP + 10)
            assert check_folder(folder).disagreements == ()

    assert outcomes == {5, ROW_GROUP + 10}


def counted(folder: DataFolder) -> tuple[int, int]:
    """The raw events, and those that the ledger has."""
    with duckdb.connect(str(folder.raw), read_only=True) as connection:
        [found] = connection.execute(KNOWN).fetchall()
    return found
