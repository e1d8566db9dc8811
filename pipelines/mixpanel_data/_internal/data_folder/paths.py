"""Where everything lies. One setting, MP_DATA_DIR, and from it every path, always absolute."""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from mixpanel_data._internal.data_folder.dlt_folder import make_own
from mixpanel_data._internal.data_folder.os_errors import os_errors_explained
from mixpanel_data._internal.data_folder.private_files import (
    PRIVATE_FOLDER,
    make_private,
    refuse_link,
)
from mixpanel_data.exceptions import ConfigError

# dlt makes file names by Python's % and splits lists of them at line breaks; DuckDB takes what
# follows a question mark for options, and a backslash for a slash. Each was tried.
_NOT_IN_PATHS = {
    "%": "a percent sign",
    "?": "a question mark",
    "\\": "a backslash",
    "\n": "a line break",
    "\r": "a line break",
}

LONGEST_PATH = 3_000
"""Bytes. Systems allow about 4,096, and the files within need their share."""


@dataclass(frozen=True)
class DataFolder:
    """The folder that holds one Mixpanel project's data."""

    root: Path

    @classmethod
    def at(cls, root: Path | str) -> "DataFolder":
        """The folder at ``root``, which need not exist yet; relative paths count from the working
        directory.

        Raises:
            ConfigError: dlt or DuckDB can't work under a path of this name.
        """
        path = Path(root).expanduser().resolve()
        if problem := _unusable(str(path)):
            raise ConfigError(
                f"{str(path)!r} can't be the data folder: {problem}. Name another: MP_DATA_DIR or --data-dir.",
                details={"data_dir": ascii(str(path))},
            )
        return cls(path)

    @property
    def raw(self) -> Path:
        """The database dlt writes: raw tables and the ledger. dbt attaches it read-only."""
        return self.root / "raw.duckdb"

    @property
    def published(self) -> Path:
        """The database readers open. It is only ever replaced as a whole."""
        return self.root / "mixpanel.duckdb"

    @property
    def workspace(self) -> Path:
        """The database that workspaces put what they fetch into."""
        return self.root / "workspace.duckdb"

    @property
    def export(self) -> Path:
        """Parquet files of published tables, unless another folder is asked for."""
        return self.root / "export"

    @property
    def build(self) -> Path:
        """dbt's targets and logs. Nobody else opens these."""
        return self.root / "build"

    @property
    def landing(self) -> Path:
        """Verified bodies that await their load, and what was set aside."""
        return self.root / "landing"

    @property
    def dlt(self) -> Path:
        """dlt's working folder. It may be lost at any time."""
        return self.root / "dlt"

    @property
    def budget(self) -> Path:
        """What was asked of Mixpanel in the last hour. Lost, it is begun anew, as if nothing had
        been asked."""
        return self.root / "budget"

    @property
    def answers(self) -> Path:
        """Answers of Mixpanel's query API of the last minutes. It may be lost at any time."""
        return self.root / "answers" / "answers.sqlite"

    @property
    def lock(self) -> Path:
        """The file lock around load, build and publish."""
        return self.root / ".lock"

    @property
    def lock_holder(self) -> Path:
        """Who has the lock. Beside it: opening the lock file empties it, so it can't say anything
        itself."""
        return self.root / ".lock-holder.json"

    def create(self) -> "DataFolder":
        """Itself, with its folders made: private, as all that is ours in them.

        A folder that was there before keeps its rights: its user may let others in, to the
        published file.

        Raises:
            StorageError: the machine refuses that.
            ConfigError: a file or folder of ours is a symbolic link.
        """
        with os_errors_explained(self.root):
            if not self.root.exists():
                self.root.parent.mkdir(parents=True, exist_ok=True)
                self.root.mkdir(mode=PRIVATE_FOLDER, exist_ok=True)
            self.create_dlt()
            for folder in (self.build, self.landing, self.dlt, self.budget):
                refuse_link(folder)
                folder.mkdir(mode=PRIVATE_FOLDER, exist_ok=True)
            for path in self._ours():
                refuse_link(path)
                make_private(path)
        return self

    def create_dlt(self) -> Path:
        """The folder of dlt's pipelines, made if it is not there.

        Raises:
            ConfigError: it is a symbolic link.
        """
        make_own(self.dlt)
        return self.dlt

    def _ours(self) -> Iterator[Path]:
        """What nobody but us writes or needs to read."""
        databases = (self.raw, self.workspace)
        yield from (self.lock, self.lock_holder, *databases)
        yield from (path.with_name(f"{path.name}.wal") for path in databases)
        for top in (self.build, self.landing, self.dlt, self.budget, self.answers.parent):
            yield top
            for folder, folders, files in os.walk(top):
                yield from (Path(folder, name) for name in (*folders, *files))


def _unusable(path: str) -> str | None:
    """Why no data folder can lie at ``path``; None when one can."""
    try:
        size = len(path.encode())
    except UnicodeEncodeError:
        return "its name is not UTF-8"
    if size > LONGEST_PATH:
        return f"its path has {size:,} bytes, and {LONGEST_PATH:,} is the most"
    found = next((words for sign, words in _NOT_IN_PATHS.items() if sign in path), None)
    return f"its path has {found}" if found else None
