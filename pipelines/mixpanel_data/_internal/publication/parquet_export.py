"""Exports published tables to Parquet files, all from the same publication."""

import os
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb

from mixpanel_data._internal.data_folder.damage_messages import is_damage
from mixpanel_data._internal.data_folder.duckdb_defaults import MEMORY_LIMIT
from mixpanel_data._internal.data_folder.file_sets import replace_files
from mixpanel_data._internal.data_folder.paths import DataFolder
from mixpanel_data._internal.publication import parquet_tables
from mixpanel_data.exceptions import ConfigError, StorageError

# Characters that some systems do not allow in file names, and the % that replaces them.
_NOT_IN_FILES = re.compile(r'^\.|[/\\<>:"|?*%\x00-\x1f]')


@dataclass(frozen=True)
class ExportedTable:
    """An exported table: its file, rows, and size in bytes."""

    table: str
    path: Path
    rows: int
    bytes: int

    def to_dict(self) -> dict[str, Any]:
        """Return values for JSON."""
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
    """Write published tables as ``NAME.parquet`` into ``output``, by default the folder's
    ``export``.

    Without ``names``, all tables are written except metadata tables (``_metadata`` and the like).
    The new files replace older ones together; until then, and on any error, those are kept. The
    data folder is not locked.

    Args:
        folder: The data folder.
        names: Names of the tables. Empty: all but metadata tables.
        output: The folder of the files. None: ``export`` in the data folder.
        memory_limit: The memory that DuckDB may use, such as ``1GB``. None: 1 GB.

    Raises:
        NothingPublishedError: if nothing is published.
        TableNotFoundError: if there is no table of a given name.
        ConfigError: if ``output`` can't be a folder of such files.
        DatabaseLockedError: if another export writes there, or a program has the published file
            open for writing.
        StorageError: if there is no space or no permission.
        DatabaseDamagedError: if the published file can't be read.
    """
    target = (output or folder.export).expanduser().absolute()
    _require_folder_name(target)
    with parquet_tables.open_for_export(folder, memory_limit or MEMORY_LIMIT, target) as db:
        tables = parquet_tables.choose_tables(db, names)
        files = [f"{file_name(table)}.parquet" for table in tables]
        _require_file_paths(target, files)
        with _translate_export_errors(target), replace_files(target, files) as paths:
            rows = [
                parquet_tables.write_parquet(db, table, path)
                for table, path in zip(tables, paths, strict=True)
            ]
            sizes = [path.stat().st_size for path in paths]
    paths = [target / file for file in files]
    return [ExportedTable(*found) for found in zip(tables, paths, rows, sizes, strict=True)]


def file_name(table: str) -> str:
    """Return ``table`` as a name of a file that every system allows."""
    return _NOT_IN_FILES.sub(lambda found: f"%{ord(found[0]):02X}", table)


def _require_folder_name(target: Path) -> None:
    try:
        os.fspath(target).encode()  # DuckDB needs names in UTF-8
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


def _require_file_paths(target: Path, files: Sequence[str]) -> None:
    if target.exists() and not target.is_dir():
        raise ConfigError(f"{target} is a file. Name a folder to export into.")
    for file in files:
        if (target / file).is_dir():
            raise ConfigError(f"{target / file} is a folder. Move it, or name another --output.")


@contextmanager
def _translate_export_errors(target: Path) -> Iterator[None]:
    try:
        yield
    except duckdb.OutOfMemoryException as error:
        raise _export_error(target, error, "Allow more memory: MP_MEMORY_LIMIT.") from error
    except (OSError, duckdb.Error) as error:
        if is_damage(error):
            raise  # it is about the file read, not the one written
        more = (
            "Free space on the disk, let this user write there, or name another folder: --output."
        )
        raise _export_error(target, error, more) from error


def _export_error(target: Path, error: Exception, what_to_do: str) -> StorageError:
    message = " ".join(str(error).split()).rstrip(".")
    return StorageError(
        f"The export into {target} failed: {message}. The former files are unchanged. {what_to_do}",
        details={"path": str(target)},
    )
