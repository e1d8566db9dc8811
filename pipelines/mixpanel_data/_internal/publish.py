"""The publication of a green build, by one rename."""

from dataclasses import dataclass
from pathlib import Path

import duckdb

from mixpanel_data._internal import publish_turns
from mixpanel_data._internal.data_folder import DataFolder
from mixpanel_data._internal.vacuum import tidy_when_worth_it
from mixpanel_data.exceptions import MixpanelDataError


@dataclass(frozen=True)
class Published:
    """The file readers open from now on: its path, its size in bytes, its tables with their numbers of rows."""

    path: Path
    bytes: int
    tables: dict[str, int]


def publish(folder: DataFolder) -> Published:
    """Puts the last green build where readers look. Those who have the former one open keep it until they close it.

    The caller holds the folder's lock. Raises ``MixpanelDataError``, with nothing changed, when there is no green build.
    """
    target = publish_turns.next_file(folder)
    tables = _seal(target)
    publish_turns.put_in_place(folder)
    return Published(folder.published, folder.published.stat().st_size, tables)


def _seal(path: Path) -> dict[str, int]:
    """The tables of ``path`` and their rows, once the file is whole without its log."""
    if not path.exists():
        raise MixpanelDataError("There is no build to publish.", details={"path": str(path)})
    with duckdb.connect(path) as db:
        if db.execute("from _build where built_at is not null").fetchone() is None:
            raise MixpanelDataError(
                "The last build did not end well, so it can't be published.",
                details={"path": str(path)},
            )
        # views over raw data, which readers lack
        db.execute("drop schema if exists staging cascade")
        tidy_when_worth_it(db)
        db.execute("force checkpoint")
        names = db.execute(
            "select table_name from duckdb_tables() where schema_name = 'main' order by all"
        ).fetchall()
        return {name: _rows(db, name) for (name,) in names}


def _rows(db: duckdb.DuckDBPyConnection, table: str) -> int:
    quoted = table.replace('"', '""')
    found = db.execute(f'select count(*) from "{quoted}"').fetchone()
    return int(found[0]) if found else 0
