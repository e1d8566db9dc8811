"""Seals a database of unknown origin: its views, and SQL over it, reach no other file or
network."""

import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

import duckdb

from mixpanel_data._internal.data_folder.private_files import PRIVATE_FOLDER
from mixpanel_data._internal.sql_literals import literal

_LOGS = (".wal", ".wal.checkpoint", ".wal.recovery")
"""The files that DuckDB creates beside a database that it writes."""

SPOOL = ".fetching"
"""The folder beside a database for files that are being loaded into it."""


@contextmanager
def spool(database: Path | None) -> Iterator[Path]:
    """Create a private folder for files to load into ``database``, on its disk; delete it
    afterwards.

    For a database in memory (None) it is among the system's temporary files.
    """
    near = database.parent / SPOOL if database else None
    with _temporary(near) as folder:
        yield Path(folder)
    if near:
        with suppress(OSError):  # another fetch uses it
            near.rmdir()


def _temporary(near: Path | None) -> tempfile.TemporaryDirectory[str]:
    while True:
        if near:
            near.mkdir(mode=PRIVATE_FOLDER, parents=True, exist_ok=True)
        with suppress(FileNotFoundError):  # another fetch has just removed it
            return tempfile.TemporaryDirectory(prefix="mixpanel-data-", dir=near)


def seal(
    connection: duckdb.DuckDBPyConnection,
    *,
    writes: Sequence[Path] = (),
    folders: Sequence[Path] = (),
) -> None:
    """Keep the instance from opening other files, and lock its configuration.

    The databases ``writes`` and files in ``folders`` may still be opened, also for writing. Without
    this, views of a foreign database could read local files and fetch addresses, and a statement
    could write logs anywhere or raise the memory limit.
    """
    logs = [path.with_name(path.name + end) for path in writes for end in _LOGS]
    connection.execute(f"SET allowed_paths = {_list([*writes, *logs])}")
    connection.execute(f"SET allowed_directories = {_list(folders)}")
    # Otherwise a name in SQL could be a variable of the calling program.
    connection.execute("SET python_enable_replacements = false")
    connection.execute("SET enable_external_access = false")
    connection.execute("SET lock_configuration = true")


def is_sealed(connection: duckdb.DuckDBPyConnection) -> bool:
    """Return True if the configuration of the instance is locked."""
    found = connection.execute("SELECT current_setting('lock_configuration')").fetchone()
    return bool(found and found[0])


def _list(paths: Sequence[Path]) -> str:
    return f"[{', '.join(literal(path) for path in paths)}]::VARCHAR[]"
