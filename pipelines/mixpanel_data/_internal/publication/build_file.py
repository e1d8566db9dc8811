"""The file that dbt builds into. It is ours alone: readers get a copy, so nothing that they do reaches the next build."""

import shutil
from dataclasses import dataclass
from pathlib import Path

import duckdb

from mixpanel_data._internal.data_folder.paths import DataFolder
from mixpanel_data._internal.publication import build_stamp


@dataclass(frozen=True)
class Prepared:
    """Whether the file is ``empty``, so that all is built, and a ``warning`` when what was there is damaged."""

    empty: bool
    warning: str | None = None


def build_file(folder: DataFolder) -> Path:
    """The file the build writes, and ``publish`` copies."""
    return folder.build / "next.duckdb"


def damaged_folder(folder: DataFolder) -> Path:
    """Where damaged files are kept, the last one of each name."""
    return folder.build / "damaged"


def prepare(
    folder: DataFolder, fingerprint: str, storage_version: str, *, anew: bool = False
) -> Prepared:
    """Leave a file at ``build_file`` that the build can write.

    It is what the last build left, unless that was made by other models or settings, is damaged, or ``anew`` asks
    for an empty one.
    """
    target, warning = build_file(folder), None
    folder.build.mkdir(parents=True, exist_ok=True)
    discard(folder.build / "retired.duckdb")  # of versions in which readers' files were built on
    if target.exists() and not anew:
        try:
            if build_stamp.begin(target, fingerprint):
                return Prepared(empty=False)
        except duckdb.Error as error:
            if not _is_in_use(error):
                kept = put_aside(folder, target)
                warning = (
                    f"{target} is damaged ({first_line(error)}); it is kept as {kept}, and all tables "
                    f"are built again from {folder.raw.name}."
                )
    discard(target)
    build_stamp.create(target, fingerprint, storage_version)
    return Prepared(empty=True, warning=warning)


def put_aside(folder: DataFolder, path: Path) -> Path:
    """Move a damaged file out of the way and return where it is kept: private, in place of an older one."""
    kept = _kept_as(folder, path)
    _log_of(path).unlink(missing_ok=True)
    path.replace(kept)
    kept.chmod(0o600)
    return kept


def copy_aside(folder: DataFolder, path: Path) -> Path:
    """As ``put_aside``, for a file that stays until another takes its place, and its rights."""
    kept = _kept_as(folder, path)
    kept.unlink(missing_ok=True)
    kept.touch(mode=0o600)
    shutil.copyfile(path, kept)
    return kept


def _kept_as(folder: DataFolder, path: Path) -> Path:
    where = damaged_folder(folder)
    where.mkdir(mode=0o700, parents=True, exist_ok=True)
    return where / path.name


def discard(path: Path) -> None:
    """Remove a database and its log, the log first: without it the rest is still a whole, older database."""
    _log_of(path).unlink(missing_ok=True)
    path.unlink(missing_ok=True)


def first_line(error: Exception) -> str:
    """What an error says, without DuckDB's stack trace."""
    return str(error).strip().split("\n", 1)[0]


def _is_in_use(error: duckdb.Error) -> bool:
    # As when a killed run left its dbt behind, which ends by itself. A new file is not its.
    return "Could not set lock" in str(error)


def _log_of(path: Path) -> Path:
    return path.with_name(path.name + ".wal")
