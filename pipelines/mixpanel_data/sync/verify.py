"""Reads everything in a data folder once: all blocks of all databases; and compares rows and
ledger."""

from dataclasses import dataclass
from typing import Any

import duckdb

from mixpanel_data._display import Displayed
from mixpanel_data._internal.data_folder.damage import database_files, require_raw
from mixpanel_data._internal.data_folder.file_check import FileCheck, check_file
from mixpanel_data._internal.data_folder.paths import DataFolder
from mixpanel_data._internal.ledger.reader import read_ledger
from mixpanel_data._internal.ledger.row_check import (
    Disagreement,
    disagreeing_days,
    disagreeing_profiles,
    mark_missing,
    rejected_counts,
)

WHOLE = "whole"


@dataclass(frozen=True, repr=False)
class FolderCheck(Displayed):
    """The result of a check."""

    files: tuple[FileCheck, ...]
    disagreements: tuple[Disagreement, ...] = ()
    """Days and profiles with another number of rows than in the ledger."""
    rejected: tuple[int, int] = (0, 0)
    """Rejected lines counted by the newest ledger rows, and those that are stored."""
    repaired: bool = False
    """True if the disagreements were marked as missing."""

    @property
    def damaged(self) -> tuple[FileCheck, ...]:
        """The files that can't be read completely."""
        return tuple(found for found in self.files if not found.is_whole)

    def rows(self) -> list[tuple[str, str, int | None, str]]:
        """Return file, table, rows and result of each; disagreements with the ledger are last."""
        found: list[tuple[str, str, int | None, str]] = []
        for file in self.files:
            if file.error is not None:
                found.append((file.path.name, "", None, file.error))
            found += [
                (file.path.name, table.name, table.rows, table.error or WHOLE)
                for table in file.tables
            ]
        found += [
            (
                "raw.duckdb",
                f"mixpanel.{each.table}",
                each.found,
                f"{each.part or 'users'}: {each.in_ledger:,} rows by the ledger",
            )
            for each in self.disagreements
        ]
        return found

    def to_dict(self) -> dict[str, Any]:
        """Return values for JSON."""
        return {
            "files": [
                {
                    "path": str(file.path),
                    "whole": file.is_whole,
                    "error": file.error,
                    "tables": [
                        {"table": table.name, "rows": table.rows, "error": table.error}
                        for table in file.tables
                    ],
                }
                for file in self.files
            ],
            "disagreements": [
                {
                    "table": each.table,
                    "part": each.part,
                    "rows": each.found,
                    "rows_by_ledger": each.in_ledger,
                }
                for each in self.disagreements
            ],
            "rejected_lines_by_ledger": self.rejected[0],
            "rejected_lines_kept": self.rejected[1],
            "repaired": self.repaired,
        }


def check_folder(folder: DataFolder, *, repair: bool = False) -> FolderCheck:
    """Read everything. With ``repair``, mark disagreements with the ledger as missing.

    The caller must hold the lock.

    Args:
        folder: The data folder.
        repair: Mark days and profiles with another number of rows as missing.

    Raises:
        DatabaseMissingError: if there is no raw database, although other files show that there was
            one.
        DatabaseDamagedError: if the raw database lacks a table that it had.
    """
    require_raw(folder)
    files = tuple(map(check_file, database_files(folder.root)))
    raw = next((found for found in files if found.path == folder.raw), None)
    if raw is None or not raw.is_whole:
        return FolderCheck(files)
    read_ledger(folder.raw)  # raises an error if a table is missing
    # For reading only unless asked: a check must not change the file that it checks.
    with duckdb.connect(str(folder.raw), read_only=not repair) as connection:
        found = (*disagreeing_days(connection), *disagreeing_profiles(connection))
        rejected = rejected_counts(connection)
        if repair:
            mark_missing(connection, found)
    return FolderCheck(files, found, rejected, repaired=repair and bool(found))
