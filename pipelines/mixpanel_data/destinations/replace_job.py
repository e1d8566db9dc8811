"""The one job that moves a package's landed files into the raw tables, in one transaction."""

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
from mixpanel_data.destinations.memory import frugal
from mixpanel_data.sources.manifest import Manifest, PackedFile, mark_of
from mixpanel_data.sources.schema import EVENTS, GROUP_PROFILES, PROFILES

Connection = duckdb.DuckDBPyConnection
Replace = Callable[[Connection, Manifest, dict[str, Path], list[PackedFile], str], bool]

# Kinds of failure that say "this file can't be read", not "this machine can't do it now".
UNREADABLE = (duckdb.InvalidInputException, duckdb.ConversionException)

# dlt runs the jobs of a package at once; what one of them grants DuckDB, all have.
_ONE_AT_A_TIME = threading.Lock()


class ReplaceJob(RunnableLoadJob):
    """Replaces the days, or the profiles, of its package.

    Files that turn out to be unreadable are left out, and so are their ledger rows: whoever ran the
    load learns from the ledger what was not loaded. A job that failed instead would block every
    later package.
    """

    def __init__(self, file_path: str, manifest: Manifest) -> None:
        super().__init__(file_path)
        self._manifest = manifest
        self._job_client: DuckDbClient

    def run(self) -> None:
        try:
            self._replace()
        except duckdb.Error as error:
            # Final: whoever started the load decides what to try again. dlt would try five times.
            raise DestinationTerminalException(str(error)) from error

    def _replace(self) -> None:
        files = _by_mark(Path(self._file_path))
        packed = [f for f in self._manifest.of(self.load_table_name) if f.mark in files]
        connection: Any = self._job_client.sql_client.native_connection
        connection.execute(f"USE {self._job_client.sql_client.fully_qualified_dataset_name()}")
        set_vacuum_threshold(connection)
        with _ONE_AT_A_TIME:
            if packed and self.load_table_name != EVENTS:
                lines = sum(file.lines for file in packed)
                largest = max(file.largest_object for file in packed)
                # Profiles so large that this is too little get what there is.
                with (
                    suppress(duckdb.OutOfMemoryException),
                    frugal(connection, lines=lines, largest=largest),
                ):
                    self._replace_readable(connection, files, packed)
                    return
            self._replace_readable(connection, files, packed)

    def _replace_readable(
        self, connection: Connection, files: dict[str, Path], packed: list[PackedFile]
    ) -> None:
        replace, load_id = _REPLACE[self.load_table_name], self._load_id
        if not _whole(replace, connection, self._manifest, files, packed, load_id):
            readable = [
                file
                for file in packed
                if _whole(replace, connection, self._manifest, files, [file], load_id, keep=False)
            ]
            _whole(replace, connection, self._manifest, files, readable, load_id)


_REPLACE: dict[str, Replace] = {
    EVENTS: replace_events.replace,
    PROFILES: replace_profiles.replace,
    GROUP_PROFILES: replace_profiles.replace,
}


def _whole(
    replace: Replace,
    connection: Connection,
    manifest: Manifest,
    files: dict[str, Path],
    packed: list[PackedFile],
    load_id: str,
    *,
    keep: bool = True,
) -> bool:
    """Whether all of ``packed`` could be loaded, and then, unless ``keep`` is False, it is loaded."""
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


def _by_mark(job: Path) -> dict[str, Path]:
    """The package's files. They lie beside this job, in the folder of completed jobs, wherever the
    package is now."""
    completed = job.parent.parent / "completed_jobs"
    names = (Path(path).name for path in ReferenceFollowupJobRequest.resolve_references(str(job)))
    return {mark_of(completed / name): completed / name for name in names}
