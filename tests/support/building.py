"""A build without dbt, where only its publication matters."""

from pathlib import Path

import duckdb

from mixpanel_data._internal.data_folder.paths import DataFolder
from mixpanel_data._internal.publication import build_file, build_stamp
from mixpanel_data._internal.publication.build_file import BuildFileState
from mixpanel_data._internal.publication.publish import Published, publish

STORAGE_VERSION = "v1.2.0"


def begin(
    folder: DataFolder, *, models: str = "these", start_empty: bool = False
) -> BuildFileState:
    """A file that the build can write."""
    return build_file.prepare_build_file(folder, models, STORAGE_VERSION, start_empty=start_empty)


def built(folder: DataFolder, events: int) -> None:
    """A successful build that leaves so many events, and a profile."""
    begin(folder)
    target = build_file.build_file(folder)
    with duckdb.connect(target) as db:
        db.execute(
            f"create or replace table events as select 'event ' || range as event, 's' as shop from range({events})"
        )
        db.execute("create table if not exists profiles as select 'u1' as distinct_id")
    build_stamp.mark_built(target)


def publish_built(folder: DataFolder, events: int) -> Published:
    """The same, published."""
    built(folder, events)
    return publish(folder)


def count(path: Path) -> int:
    """The events of a file."""
    with duckdb.connect(path, read_only=True) as db:
        return len(db.execute("from events").fetchall())
