"""Compares the published file with what was published last."""

from dataclasses import dataclass

import duckdb

from mixpanel_data._internal.data_folder import place
from mixpanel_data._internal.data_folder.os_errors import lock_holder
from mixpanel_data._internal.data_folder.paths import DataFolder
from mixpanel_data._internal.database import contents
from mixpanel_data._internal.database.definitions import definition_differences
from mixpanel_data._internal.publication import build_stamp, file_copy, record
from mixpanel_data._internal.publication.build_file import (
    build_file,
    copy_to_damaged,
    error_summary,
)

SHOWN = 5
"""Differences that a warning lists."""


@dataclass(frozen=True)
class PublicationCheck:
    """``due`` is True if the file must be published; ``warning`` reports changes by other
    programs."""

    due: bool
    warning: str | None = None


def check_published(folder: DataFolder) -> PublicationCheck:
    """Compare the published file with the record of the last publication.

    A damaged file is copied to the folder of damaged files. The caller must hold the folder's lock.

    Raises:
        ConfigError: if the path of the published file is a dangling link, or not a file.
    """
    where = place.resolve_published(folder.published)
    place.remove_candidate(where)
    known = record.read_record(folder)
    if known is None:
        return PublicationCheck(due=True)
    if not where.exists():
        return PublicationCheck(True, f"{folder.published} was missing; it is republished.")
    logs = place.write_ahead_logs(folder.published, where)
    # An equal identity means that the file was not written to, so its bytes need not be read.
    if not logs and place.file_identity(where) == known.identity:
        return PublicationCheck(due=_built_at(folder) != known.built_at)
    digest = "" if logs else file_copy.digest_in_subprocess(where)
    if digest == known.digest:
        # Moved or restored with the same bytes: only its identity is new.
        known.identity = place.file_identity(where)
        record.write_record(folder, known)
        return PublicationCheck(due=_built_at(folder) != known.built_at)
    if digest and digest == known.next_digest:
        # A run died after the rename, before it recorded the publication.
        return PublicationCheck(due=True)
    return PublicationCheck(True, _describe_change(folder, known))


def _built_at(folder: DataFolder) -> str | None:
    """Return when the file to publish was built; None without a successful build."""
    try:
        stamp = build_stamp.read_stamp(build_file(folder))
    except duckdb.Error:
        return None
    return str(stamp.built_at) if stamp and stamp.built_at else None


def _describe_change(folder: DataFolder, known: record.PublicationRecord) -> str:
    path = folder.published
    try:
        with duckdb.connect(
            path, read_only=True, config={"enable_external_access": False}
        ) as theirs:
            found = _differences(folder, known, theirs)
    except duckdb.Error as error:
        if lock_holder(str(error)) or isinstance(error, duckdb.ConnectionException):
            return (
                f"{path} was changed by another program, which still has it open. It is replaced."
            )
        kept = copy_to_damaged(folder, path)
        return f"{path} is damaged ({error_summary(error)}); it is kept as {kept}, and republished."
    shown = "; ".join(found[:SHOWN]) or "only its bytes; its content is the same"
    more = f"; and {len(found) - SHOWN} more" if len(found) > SHOWN else ""
    return (
        f"{path} was changed by another program: {shown}{more}. It is replaced by what was built."
    )


def _differences(
    folder: DataFolder, known: record.PublicationRecord, theirs: duckdb.DuckDBPyConnection
) -> list[str]:
    if _built_at(folder) != known.built_at:
        # A failed build has changed the file to compare with, or there is none.
        for table in contents.list_tables(theirs):
            contents.sum_rows(theirs, table)
        return ["which tables differ is unknown after another build"]
    with duckdb.connect(build_file(folder), read_only=True) as ours:
        return contents.differences(theirs, ours) + definition_differences(theirs, ours)
