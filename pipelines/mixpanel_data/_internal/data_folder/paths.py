"""The paths of everything in the data folder, absolute, from one setting: MP_DATA_DIR."""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from mixpanel_data._internal.data_folder.dlt_folder import make_dlt_folder_private
from mixpanel_data._internal.data_folder.os_errors import translate_os_errors
from mixpanel_data._internal.data_folder.private_files import (
    PRIVATE_FOLDER,
    make_private,
    require_file,
    require_file_or_link,
    require_folder,
    require_no_link,
)
from mixpanel_data.exceptions import ConfigError

# dlt formats file names with Python's % and splits lists of them at line breaks; DuckDB reads what
# follows a question mark as options, and a backslash as a slash. Each was tried.
_NOT_IN_PATHS = {
    "%": "a percent sign",
    "?": "a question mark",
    "\\": "a backslash",
    "\n": "a line break",
    "\r": "a line break",
}

LONGEST_PATH = 3_000
"""Bytes. Systems allow about 4,096, and the names of the files inside need their part of it."""


@dataclass(frozen=True)
class DataFolder:
    """The folder with the data of one Mixpanel project."""

    root: Path
    engine: str = "duckdb"
    """The engine that has the raw tables: ``duckdb``, or ``spark``."""

    @classmethod
    def at(cls, root: Path | str, *, engine: str = "duckdb") -> "DataFolder":
        """Return the folder at ``root``, which need not exist; a relative path starts at the
        working directory.

        Args:
            root: Path of the folder.
            engine: The engine that has the raw tables, ``duckdb`` or ``spark``.

        Raises:
            ConfigError: if dlt or DuckDB can't work under a path of this name.
        """
        path = Path(root).expanduser().resolve()
        if problem := _unusable(str(path)):
            raise ConfigError(
                f"{str(path)!r} can't be the data folder: {problem}. Name another: MP_DATA_DIR or "
                "--data-dir.",
                details={"data_dir": ascii(str(path))},
            )
        return cls(path, engine)

    @property
    def raw(self) -> Path:
        """The database that dlt writes: raw tables and the ledger. dbt attaches it read-only.

        With the engine ``spark``, a copy of the ledger that the catalog has.
        """
        return self.root / ("ledger.duckdb" if self.engine == "spark" else "raw.duckdb")

    @property
    def published(self) -> Path:
        """The database that readers open. It is only ever replaced as a whole."""
        return self.root / "mixpanel.duckdb"

    @property
    def workspace(self) -> Path:
        """The database into which workspaces write the data that they fetch."""
        return self.root / "workspace.duckdb"

    @property
    def export(self) -> Path:
        """Parquet files of published tables, unless another folder is given."""
        return self.root / "export"

    @property
    def build(self) -> Path:
        """The targets and logs of dbt. No other program opens these."""
        return self.root / "build"

    @property
    def landing(self) -> Path:
        """Verified response bodies that are not loaded yet, and quarantined files."""
        return self.root / "landing"

    @property
    def dlt(self) -> Path:
        """The working folder of dlt. It may be deleted at any time."""
        return self.root / "dlt"

    @property
    def budget(self) -> Path:
        """The log of requests of the last hour. If deleted, it starts empty, as if none had been
        sent."""
        return self.root / "budget"

    @property
    def answers(self) -> Path:
        """Cached answers of Mixpanel's query API. It may be deleted at any time."""
        return self.root / "answers" / "answers.sqlite"

    @property
    def runs(self) -> Path:
        """The history of runs. It may be deleted at any time."""
        return self.root / "runs.jsonl"

    @property
    def reconciliations(self) -> Path:
        """The history of comparisons with Mixpanel's counts, which publications copy into a table."""
        return self.root / "reconciliations.jsonl"

    @property
    def alerts(self) -> Path:
        """What is wrong now, and which alerts were sent. It may be deleted at any time."""
        return self.root / "alerts.json"

    @property
    def lock(self) -> Path:
        """The file lock around load, build and publish."""
        return self.root / ".lock"

    @property
    def lock_holder(self) -> Path:
        """The process that has the lock. A separate file, since opening the lock file empties
        it."""
        return self.root / ".lock-holder.json"

    def require_root(self) -> None:
        """Raise ConfigError if something other than a folder is in the place of the folder."""
        if self.root.exists() and not self.root.is_dir():
            raise ConfigError(
                f"{self.root} is not a folder. Name another for the data: MP_DATA_DIR or "
                "--data-dir.",
                details={"data_dir": str(self.root)},
            )

    def require_files(self) -> None:
        """Raise ConfigError if something other than a file is in the place of a database.

        Most readers take a database that is not a file for one that does not exist yet.
        """
        for database in (self.raw, self.published, self.workspace):
            require_file_or_link(database)

    def create(self) -> "DataFolder":
        """Create the folder and its subfolders, and make our files in it private. Return self.

        A folder that existed keeps its permissions: the user may let others read the published
        file.

        Raises:
            StorageError: if there is no space or no permission.
            ConfigError: if a file or folder of ours is a symbolic link, or a file is in the place
                of a folder, or the other way round.
        """
        with translate_os_errors(self.root):
            if not self.root.exists():
                self.root.parent.mkdir(parents=True, exist_ok=True)
                self.root.mkdir(mode=PRIVATE_FOLDER, exist_ok=True)
            self.require_root()
            for file in self._top_files():
                require_file(file)
            require_folder(self.answers.parent)
            self.create_dlt()
            for folder in (self.build, self.landing, self.dlt, self.budget):
                require_folder(folder)
                folder.mkdir(mode=PRIVATE_FOLDER, exist_ok=True)
            for path in self.private_paths():
                require_no_link(path)
                make_private(path)
        return self

    def create_dlt(self) -> Path:
        """The folder of dlt's pipelines, made if it is not there.

        Raises:
            ConfigError: it is a symbolic link.
        """
        make_dlt_folder_private(self.dlt)
        return self.dlt

    def _top_files(self) -> Iterator[Path]:
        databases = (self.raw, self.workspace)
        files = (self.lock, self.lock_holder, self.runs, self.reconciliations, self.alerts)
        yield from (*files, *databases)
        yield from (path.with_name(f"{path.name}.wal") for path in databases)

    def private_paths(self) -> Iterator[Path]:
        """Yield the files and folders that no other program writes or needs to read."""
        yield from self._top_files()
        for top in (self.build, self.landing, self.dlt, self.budget, self.answers.parent):
            yield top
            for folder, folders, files in os.walk(top):
                yield from (Path(folder, name) for name in (*folders, *files))


def _unusable(path: str) -> str | None:
    """Return the reason why no data folder can be at ``path``; None if one can."""
    try:
        size = len(path.encode())
    except UnicodeEncodeError:
        return "its name is not UTF-8"
    if size > LONGEST_PATH:
        return f"its path has {size:,} bytes, and {LONGEST_PATH:,} is the most"
    found = next((words for sign, words in _NOT_IN_PATHS.items() if sign in path), None)
    return f"its path has {found}" if found else None
