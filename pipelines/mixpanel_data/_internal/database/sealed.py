"""A database that may be somebody else's: its views, and SQL over it, reach no other file and no
network."""

import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

import duckdb

from mixpanel_data._internal.data_folder.private_files import PRIVATE_FOLDER
from mixpanel_data._internal.sql_literals import literal

_LOGS = (".wal", ".wal.checkpoint", ".wal.recovery")
"""What DuckDB makes beside a database that it writes."""

SPOOL = ".fetching"
"""The folder beside a database that files on their way into it lie in."""


@contextmanager
def spool(database: Path | None) -> Iterator[Path]:
    """A folder for files on their way into ``database``, on its disk and private; gone behind the
    block.

    Where the database is in memory (None), it is one among the system's temporary files.
    """
    near = database.parent / SPOOL if database else None
    with _temporary(near) as folder:
        yield Path(folder)
    if near:
        with suppress(OSError):  # another one is in use
            near.rmdir()


def _temporary(near: Path | None) -> tempfile.TemporaryDirectory[str]:
    while True:
        if near:
            near.mkdir(mode=PRIVATE_FOLDER, parents=True, exist_ok=True)
        with suppress(FileNotFoundError):  # whoever was last has just removed it
            return tempfile.TemporaryDirectory(prefix="mixpanel-data-", dir=near)


def seal(
    connection: duckdb.DuckDBPyConnection,
    *,
    writes: Sequence[Path] = (),
    folders: Sequence[Path] = (),
) -> None:
    """From now on the instance opens no files but those it has open, and keeps its configuration.

    The databases ``writes`` and files in ``folders`` may be opened, to be written, too.

    Views of a foreign database would otherwise read local files and fetch addresses, and a
    statement could write logs anywhere, or raise the memory limit.
    """
    logs = [path.with_name(path.name + end) for path in writes for end in _LOGS]
    connection.execute(f"SET allowed_paths = {_list([*writes, *logs])}")
    connection.execute(f"SET allowed_directories = {_list(folders)}")
    # Otherwise a name in SQL may be a variable of the program that asks.
    connection.execute("SET python_enable_replacements = false")
    connection.execute("SET enable_external_access = false")
    connection.execute("SET lock_configuration = true")


def is_sealed(connection: duckdb.DuckDBPyConnection) -> bool:
    """Whether the instance keeps its configuration."""
    found = connection.execute("SELECT current_setting('lock_configuration')").fetchone()
    return bool(found and found[0])


def _list(paths: Sequence[Path]) -> str:
    return f"[{', '.join(literal(path) for path in paths)}]::VARCHAR[]"
