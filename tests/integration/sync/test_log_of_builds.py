"""A build that a crash ended, its write-ahead log cut at any of the last bytes: the next sync publishes right rows."""

import shutil
from datetime import timedelta
from pathlib import Path

import duckdb
import pytest
from support.project import LAST

from mixpanel_data._internal.publication.build_file import build_file
from mixpanel_data._internal.transform import build

LAST_BYTES = 64


@pytest.mark.e2e
def test_a_build_goes_on_right_from_a_log_cut_at_any_of_its_last_bytes(
    project, fill, only_core, tmp_path
):
    before = LAST - timedelta(days=1)
    fill(2, 10)
    project.sync(before, before, build=True)
    fill(1, 500)
    project.sync(LAST, LAST)
    folder = project.settings().folder
    target, crashed = build_file(folder), tmp_path / "crashed"
    crashed.mkdir()

    def copied(_node: str) -> None:
        """The files as a crash at this moment leaves them."""
        for path in target.parent.glob("next.duckdb*"):
            shutil.copy(path, crashed)

    build.build(folder, on_progress=copied)
    log = (crashed / "next.duckdb.wal").read_bytes()
    outcomes = {}
    for missing in range(LAST_BYTES + 1):
        restore(target, crashed, log[: len(log) - missing])
        outcomes.setdefault(state(target), missing)

    assert len(outcomes) > 1
    for missing in outcomes.values():
        restore(target, crashed, log[: len(log) - missing])
        report = project.sync(LAST, LAST, lookback_days=0, build=True)
        assert report.failures == []
        with duckdb.connect(str(folder.published), read_only=True) as db:
            found = db.execute(
                "SELECT count(*), count(DISTINCT insert_id), sum((properties->>'number')::BIGINT)::BIGINT FROM events"
            ).fetchall()
        assert found == wanted(project), missing


def restore(target: Path, crashed: Path, log: bytes) -> None:
    for path in target.parent.glob("next.duckdb*"):
        path.unlink()
    shutil.copy(crashed / target.name, target)
    target.with_name(f"{target.name}.wal").write_bytes(log)


def state(path: Path) -> str:
    """What a reader finds in each table of a build file, or the words it is refused with."""
    try:
        with duckdb.connect(path, read_only=True) as db:
            names = db.execute(
                "SELECT schema_name, table_name FROM duckdb_tables() ORDER BY ALL"
            ).fetchall()
            return str(
                [
                    (
                        *name,
                        db.execute(
                            'SELECT bit_xor(hash(t)) FROM "{}"."{}" AS t'.format(*name)
                        ).fetchall(),
                    )
                    for name in names
                ]
            )
    except duckdb.Error as error:
        return str(error)


def wanted(project) -> list[tuple[int, int, int]]:
    events = [
        event
        for day in (LAST - timedelta(days=1), LAST)
        for event in project.sandbox.dataset.events_on(day)
    ]
    ids = {event.properties["$insert_id"] for event in events}
    numbers = {event.properties["$insert_id"]: event.properties["number"] for event in events}
    return [(len(ids), len(ids), sum(numbers.values()))]
