"""The job that moves a package's landed files into the raw tables, in one transaction."""

import threading
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import duckdb
from dlt.common.destination.client import RunnableLoadJob
from dlt.common.destination.exceptions import DestinationTerminalException
from dlt.destinations.impl.duckdb.duck import DuckDbClient
from dlt.destinations.job_impl import ReferenceFollowupJobRequest

from mixpanel_data._internal.database.vacuum import set_vacuum_threshold
from mixpanel_data.destinations import replace_events, replace_profiles
from mixpanel_data.destinations.memory import limited_memory
from mixpanel_data.sources.manifest import Manifest, PackedFile, file_fingerprint
from mixpanel_data.sources.schema import EVENTS, GROUP_PROFILES, PROFILES

Connection = duckdb.DuckDBPyConnection
Replace = Callable[[Connection, Manifest, dict[str, Path], list[PackedFile], str], bool]

# Errors that mean "this file can't be read", not "this machine can't do it now".
UNREADABLE = (duckdb.InvalidInputException, duckdb.ConversionException)

# dlt runs the jobs of a package concurrently, but DuckDB's settings apply to all of them.
_ONE_AT_A_TIME = threading.Lock()


class ReplaceJob(RunnableLoadJob):
    """Replaces the days, or the profiles, of its package.

    Unreadable files are left out, together with their ledger rows: the caller of the load finds in
    the ledger what was not loaded. If the job failed instead, it would block every later package.
    """

    def __init__(self, file_path: str, manifest: Manifest) -> None:
        super().__init__(file_path)
        self._manifest = manifest
        self._job_client: DuckDbClient

    def run(self) -> None:
        try:
            self._replace()
        except duckdb.Error as error:
            # A terminal error: the caller decides about retries. dlt would try five times.
            raise DestinationTerminalException(str(error)) from error

    def _replace(self) -> None:
        files = _files_by_fingerprint(Path(self._file_path))
        packed = [f for f in self._manifest.of(self.load_table_name) if f.fingerprint in files]
        connection: Any = self._job_client.sql_client.native_connection
        connection.execute(f"USE {self._job_client.sql_client.fully_qualified_dataset_name()}")
        set_vacuum_threshold(connection)
        with _ONE_AT_A_TIME:
            if packed and self.load_table_name != EVENTS:
                lines = sum(file.landed.lines for file in packed)
                largest = max(file.landed.largest_object for file in packed)
                # If profiles are so large that this is too little, the load is repeated with all
                # memory.
                with (
                    suppress(duckdb.OutOfMemoryException),
                    limited_memory(connection, lines=lines, largest=largest),
                ):
                    self._replace_readable(connection, files, packed)
                    return
            self._replace_readable(connection, files, packed)

    def _replace_readable(
        self, connection: Connection, files: dict[str, Path], packed: list[PackedFile]
    ) -> None:
        table = self.load_table_name
        replace_readable(connection, table, self._manifest, files, packed, self._load_id)


def replace_readable(
    connection: Connection,
    table: str,
    manifest: Manifest,
    files: dict[str, Path],
    packed: list[PackedFile],
    load_id: str,
) -> None:
    """Replace what the readable files of ``packed`` are about, in one transaction, and add their
    ledger rows.

    ``files`` has the paths by fingerprint. ``table`` is ``events``, ``profiles`` or
    ``group_profiles``; it and the other raw tables are in the current schema.

    Raises:
        duckdb.Error: if the machine refused; nothing was changed.
    """
    replace = _REPLACE[table]
    if not _replace_all_or_nothing(replace, connection, manifest, files, packed, load_id):
        readable = [
            file
            for file in packed
            if _replace_all_or_nothing(
                replace, connection, manifest, files, [file], load_id, keep=False
            )
        ]
        _replace_all_or_nothing(replace, connection, manifest, files, readable, load_id)


_REPLACE: dict[str, Replace] = {
    EVENTS: replace_events.replace_days,
    PROFILES: replace_profiles.update_profiles,
    GROUP_PROFILES: replace_profiles.update_profiles,
}


def _replace_all_or_nothing(
    replace: Replace,
    connection: Connection,
    manifest: Manifest,
    files: dict[str, Path],
    packed: list[PackedFile],
    load_id: str,
    *,
    keep: bool = True,
) -> bool:
    """Load all of ``packed`` in one transaction; return True if all could be loaded.

    With ``keep`` False, roll back in any case.
    """
    if not packed:
        return True
    connection.execute("BEGIN")
    try:
        whole = replace(connection, manifest, files, packed, load_id)
    except UNREADABLE:
        whole = False
    except BaseException:
        with suppress(duckdb.Error):
            connection.execute("ROLLBACK")
        raise
    connection.execute("COMMIT" if whole and keep else "ROLLBACK")
    return whole


def _files_by_fingerprint(job: Path) -> dict[str, Path]:
    """Return the package's files by fingerprint.

    They are beside this job, in the folder of completed jobs, also after the package was moved.
    """
    completed = job.parent.parent / "completed_jobs"
    names = (Path(path).name for path in ReferenceFollowupJobRequest.resolve_references(str(job)))
    return {file_fingerprint(completed / name): completed / name for name in names}
