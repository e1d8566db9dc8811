"""Errors for databases of the data folder that are damaged or missing, with the ways to recover."""

from pathlib import Path

from mixpanel_data._internal.data_folder.file_check import FileCheck, check_file
from mixpanel_data._internal.data_folder.paths import DataFolder
from mixpanel_data.exceptions import DatabaseDamagedError, DatabaseMissingError

_START_OVER = (
    "`mp sync --start-over` refetches everything that Mixpanel still has: events as far back as it "
    "keeps them, and profiles as they are now. It can't restore earlier versions of profiles, nor "
    "events that Mixpanel has deleted"
)


def first_damage(root: Path) -> DatabaseDamagedError | None:
    """Return an error for the first unreadable database of the data folder; None if all are
    readable."""
    return next(
        (damage_error(found) for found in map(check_file, database_files(root)) if found.damage),
        None,
    )


def database_files(root: Path) -> list[Path]:
    """Return the databases that exist in a data folder: raw, builds, published, workspace."""
    folder = DataFolder(root)
    builds = sorted(folder.build.glob("*.duckdb"))
    paths = (folder.raw, *builds, folder.published, folder.workspace)
    return [path for path in paths if path.is_file()]


def require_raw(folder: DataFolder) -> None:
    """Raise DatabaseMissingError if a folder that had a raw database has none.

    Other files of the folder show that it had one; a new folder passes.
    """
    if folder.raw.is_file():
        return
    traces = [path for path in database_files(folder.root) if path != folder.workspace]
    loaded = folder.dlt / "pipelines" / "mixpanel" / "load" / "loaded"
    traces += [loaded] if any(loaded.glob("*")) else []
    if not traces:
        return
    seen = ", ".join(str(path.relative_to(folder.root)) for path in traces)
    copy = (
        f" {folder.published.name} still has the tables of the last build: copy it first if you "
        "need them."
        if folder.published in traces
        else ""
    )
    raise DatabaseMissingError(
        f"{folder.raw} is missing. It had everything that was loaded, and other files ({seen}) "
        "show that it existed. If it was moved, or there is a backup, put it back. Otherwise "
        f"{_START_OVER}.{copy}",
        details={"path": str(folder.raw), "found": [str(path) for path in traces]},
    )


def missing_tables_error(raw: Path, missing: list[str], tables: list[str]) -> DatabaseDamagedError:
    """Return the error for a raw database that lacks tables which it is known to have had."""
    return DatabaseDamagedError(
        f"{raw} lacks the tables {', '.join(missing)}, which had what was loaded: another program "
        f"dropped them, or it is another database. {ways_out(raw)}",
        details={
            "path": str(raw),
            "readable": tables,
            "unreadable": missing,
            "damage": "missing tables",
        },
    )


def damage_error(found: FileCheck) -> DatabaseDamagedError:
    """Return the error for a file that can't be read completely.

    Args:
        found: The checked files.
    """
    good = [table.name for table in found.tables if table.error is None]
    bad = [table.name for table in found.tables if table.error is not None]
    tables = (
        f" These tables can still be read: {', '.join(good) or 'none'}; "
        f"these can't: {', '.join(bad)}."
        if found.tables
        else " None of its tables can be read."
    )
    return DatabaseDamagedError(
        f"{found.path} is damaged: {found.damage}.{tables} {_log_way_out(found)}"
        f"{ways_out(found.path)}",
        details={
            "path": str(found.path),
            "readable": good,
            "unreadable": bad,
            "damage": found.damage,
        },
    )


def _log_way_out(found: FileCheck) -> str:
    if "replaying WAL file" not in str(found.damage):
        return ""
    return (
        f"The damage is in its write-ahead log. Move {found.path.name}.wal away, and `mp verify` "
        "shows whether the rest is whole: what was in the log counts as not loaded, and `mp sync` "
        "fetches it. If the rest is damaged, too: "
    )


def ways_out(path: Path) -> str:
    """Return what to do about a damaged database, by its place: raw, made from raw, or workspace.

    Args:
        path: The damaged file.
    """
    if path.name == "raw.duckdb":
        return (
            f"Put a backup of {path.name} in its place (`mp verify` checks it), or start over: "
            f"{_START_OVER}. The damaged file is kept beside the new one."
        )
    if path.name == "mixpanel.duckdb" or path.parent.name == "build":
        return "It is made from raw.duckdb: `mp sync` rebuilds it."
    # A workspace: that of the data folder, or a file of any name.
    return (
        "Put a backup in its place, or move it away and refetch its tables: `mp fetch`, "
        "`Workspace.fetch_events`."
    )
