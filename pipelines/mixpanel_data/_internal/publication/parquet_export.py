"""Parquet files of what is published: all of one publication, whatever is published meanwhile."""

import os
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb

from mixpanel_data._internal.data_folder.atomic_files import replace_files
from mixpanel_data._internal.data_folder.damage_messages import is_damage
from mixpanel_data._internal.data_folder.paths import DataFolder
from mixpanel_data._internal.publication import parquet_tables
from mixpanel_data.exceptions import ConfigError, StorageError

MEMORY_LIMIT = "1GB"

# What some system can't have in a file's name, and the % that stands for it.
_NOT_IN_FILES = re.compile(r'^\.|[/\\<>:"|?*%\x00-\x1f]')


@dataclass(frozen=True)
class ExportedTable:
    """A table's file: where it is, its rows, its size in bytes."""

    table: str
    path: Path
    rows: int
    bytes: int

    def to_dict(self) -> dict[str, Any]:
        """As JSON can hold it."""
        return {
            "table": self.table,
            "path": str(self.path),
            "rows": self.rows,
            "bytes": self.bytes,
        }


def export_tables(
    folder: DataFolder,
    names: Sequence[str] = (),
    *,
    output: Path | None = None,
    memory_limit: str | None = None,
) -> list[ExportedTable]:
    """Writes published tables as ``NAME.parquet`` into ``output``, else into the data folder's
    ``export``.

    Without ``names``, all but those about the tables (``_metadata`` and its like). The files
    replace older ones when all of them are whole; until then, and if anything fails, those stay. No
    lock of the data folder is taken.

    Raises:
        NothingPublishedError: there are no tables yet.
        TableNotFoundError: there is none of such a name.
        ConfigError: ``output`` can't be a folder of such files.
        DatabaseLockedError: another export writes there, or a program has the published file open
            to write.
        StorageError: the machine refuses: no room, no permission.
        DatabaseDamagedError: the published file can't be read.
    """
    target = (output or folder.export).expanduser().absolute()
    _require_name(target)
    with parquet_tables.opened(folder, memory_limit or MEMORY_LIMIT, target) as db:
        tables = parquet_tables.chosen(db, names)
        files = [f"{_file_name(table)}.parquet" for table in tables]
        _require_places(target, files)
        with _explained(target), replace_files(target, files) as halves:
            rows = [
                parquet_tables.write(db, table, half)
                for table, half in zip(tables, halves, strict=True)
            ]
            sizes = [half.stat().st_size for half in halves]
    paths = [target / file for file in files]
    return [ExportedTable(*found) for found in zip(tables, paths, rows, sizes, strict=True)]


def _file_name(table: str) -> str:
    return _NOT_IN_FILES.sub(lambda found: f"%{ord(found[0]):02X}", table)


def _require_name(target: Path) -> None:
    try:
        os.fspath(target).encode()  # as DuckDB has names
        (target / f"{'x' * 40}.parquet").stat()
    except (FileNotFoundError, NotADirectoryError, PermissionError):
        return
    except UnicodeEncodeError:
        problem = "its name is not UTF-8"
    except OSError as error:
        problem = error.strerror or str(error)
    else:
        return
    raise ConfigError(
        f"{str(target)!a} can't be the folder to export into: {problem}. Name another --output.",
        details={"path": ascii(str(target))},
    )


def _require_places(target: Path, files: Sequence[str]) -> None:
    if target.exists() and not target.is_dir():
        raise ConfigError(f"{target} is a file. Name a folder to export into.")
    for file in files:
        if (target / file).is_dir():
            raise ConfigError(f"{target / file} is a folder. Move it, or name another --output.")


@contextmanager
def _explained(target: Path) -> Iterator[None]:
    try:
        yield
    except duckdb.OutOfMemoryException as error:
        raise _failed(target, error, "Allow more memory: MP_MEMORY_LIMIT.") from error
    except (OSError, duckdb.Error) as error:
        if is_damage(error):
            raise  # what is read, not what is written
        more = "Make room, let this user write there, or name another folder: --output."
        raise _failed(target, error, more) from error


def _failed(target: Path, error: Exception, what_to_do: str) -> StorageError:
    said = " ".join(str(error).split()).rstrip(".")
    return StorageError(
        f"The export into {target} failed: {said}. The files that were there are whole. {what_to_do}",
        details={"path": str(target)},
    )
