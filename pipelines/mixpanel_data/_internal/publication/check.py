"""Whether readers find what was published last."""

from dataclasses import dataclass

import duckdb

from mixpanel_data._internal.data_folder import place
from mixpanel_data._internal.data_folder.os_errors import lock_holder
from mixpanel_data._internal.data_folder.paths import DataFolder
from mixpanel_data._internal.database import contents
from mixpanel_data._internal.publication import build_stamp, file_copy, record
from mixpanel_data._internal.publication.build_file import build_file, copy_aside, first_line

SHOWN = 5
"""Differences that a warning lists."""


@dataclass(frozen=True)
class Check:
    """Whether a publication is ``due``, and a ``warning`` when somebody else changed the file."""

    due: bool
    warning: str | None = None


def check(folder: DataFolder) -> Check:
    """Compare the published file with the record of the last publication.

    A damaged file is moved out of the way. The caller holds the folder's lock.

    Raises:
        ConfigError: the place of the published file is a link to nothing, or no file.
    """
    where = place.resolve_published(folder.published)
    place.remove_candidate(where)
    known = record.read(folder)
    if known is None:
        return Check(due=True)
    if not where.exists():
        return Check(True, f"{folder.published} was gone; it is published again.")
    logs = place.write_ahead_logs(folder.published, where)
    if not logs and place.file_identity(where) == known.identity:
        return Check(due=_built_at(folder) != known.built_at)
    digest = "" if logs else file_copy.digest_of_shared(where)
    if digest == known.digest:
        known.identity = place.file_identity(where)
        record.write(folder, known)
        return Check(due=_built_at(folder) != known.built_at)
    if digest and digest == known.next_digest:
        return Check(due=True)
    return Check(True, _what_was_seen(folder, known))


def _built_at(folder: DataFolder) -> str | None:
    """When the file to publish was built; None when there is none, or none that succeeded."""
    try:
        stamp = build_stamp.read(build_file(folder))
    except duckdb.Error:
        return None
    return str(stamp.built_at) if stamp and stamp.built_at else None


def _what_was_seen(folder: DataFolder, known: record.Record) -> str:
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
        kept = copy_aside(folder, path)
        return (
            f"{path} is damaged ({first_line(error)}); it is kept as {kept}, and published again."
        )
    shown = "; ".join(found[:SHOWN]) or "its tables are as they were"
    more = f"; and {len(found) - SHOWN} more" if len(found) > SHOWN else ""
    return (
        f"{path} was changed by another program: {shown}{more}. It is replaced by what was built."
    )


def _differences(
    folder: DataFolder, known: record.Record, theirs: duckdb.DuckDBPyConnection
) -> list[str]:
    if _built_at(folder) != known.built_at:
        # A build that failed has changed what there is to compare with, or there is none.
        for table in contents.list_tables(theirs):
            contents.sum_rows(theirs, table)
        return ["which tables differ can't be seen after another build"]
    with duckdb.connect(build_file(folder), read_only=True) as ours:
        return contents.differences(theirs, ours)
