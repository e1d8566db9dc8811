"""Files that are attached read-only: the published database, and the workspace's beside it.

They are attached to an instance in memory. If opened directly, DuckDB would give a second reader in
this process the file as the first one found it, although another was published meanwhile (measured
with 2.0).
"""

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb

from mixpanel_data._internal.data_folder.private_files import private_files
from mixpanel_data._internal.database.connections import Connection, Cursors, create_database
from mixpanel_data._internal.database.errors import (
    translate_open_errors,
    translate_published_errors,
)
from mixpanel_data._internal.database.read_write_lock import ReadWriteLock
from mixpanel_data._internal.database.sealed import SPOOL, seal
from mixpanel_data._internal.sql_literals import literal
from mixpanel_data.exceptions import ConfigError, ConfigWarning, DatabaseLockedError

OWN = "workspace"
"""The catalog into which tables are written."""

PUBLISHED = "published"
"""The catalog of the published file."""


class AttachedFiles:
    """The files ``own`` and ``published``, with read locks released between statements.

    Other processes can't open ``own`` while it is written. Names are looked up in the published
    file first. Without ``external_access`` no statement can reach any other file.
    """

    own = OWN

    def __init__(
        self,
        own: Path,
        *,
        published: Path | None = None,
        writable: bool = False,
        external_access: bool = False,
    ) -> None:
        self.path: Path | None = own
        self._file = own
        self._published = published
        self._writable = writable
        self._external_access = external_access
        self._lock = ReadWriteLock()
        self._open()

    def _open(self) -> None:
        own = self._file
        self._instance = duckdb.connect()
        self._cursors = Cursors(self._instance)
        self._attached: dict[str, Path] = {}
        self._instance.execute("SET preserve_insertion_order = false")
        self._instance.execute(f"SET temp_directory = {literal(own.with_name(own.name + '.tmp'))}")
        if self._published and self._published.is_file():
            self._attach(PUBLISHED, self._published)
        self._attach_own(needed=self._published is None)
        if not self._external_access:
            spooled = [own.parent / SPOOL]
            seal(
                self._instance, **({"writes": [own], "folders": spooled} if self._writable else {})
            )

    @property
    def catalogs(self) -> list[str]:
        return list(self._attached)

    def cursor(self) -> Connection:
        with self._lock.reading():
            return self._cursors.new()

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        with self._lock.reading(), self._cursors.open() as cursor:
            yield cursor

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        if not self._writable:
            raise ConfigError(f"{self._file} was opened read-only.")
        self.require_no_open_reads()
        if not self._file.exists():
            create_database(self._file)
        with private_files(), self._lock.writing():
            self._detach_own()
            try:
                self._attach(OWN, self._file, read_only=False)
                with self._cursors.open() as cursor:
                    yield cursor
            finally:
                self._detach_own()
                self._attach_own(needed=False)

    def require_no_open_reads(self) -> None:
        if self._lock.is_read_by_this_thread():
            raise ConfigError(
                "Batches of a query are still being read. Read them to the end, or call close() of "
                "the iterator, and retry."
            )

    def reopen(self) -> None:
        self.require_no_open_reads()
        with self._lock.writing():
            self._cursors.close()
            self._open()

    def close(self) -> None:
        self._cursors.close()

    def _attach_own(self, *, needed: bool) -> None:
        if not needed and not self._file.exists():
            return
        try:
            self._attach(OWN, self._file)
        except DatabaseLockedError as error:
            if needed:
                raise
            # Queries of the published tables still work.
            warnings.warn(
                f"The tables in {self._file.name} are not available now: {error}",
                ConfigWarning,
                stacklevel=2,
            )

    def _attach(self, catalog: str, path: Path, *, read_only: bool = True) -> None:
        mode = "READ_ONLY" if read_only else "READ_WRITE"
        translate_errors = (
            translate_published_errors if catalog == PUBLISHED else translate_open_errors
        )
        with translate_errors(path):
            self._instance.execute(f"ATTACH {literal(path)} AS {catalog} ({mode})")
        self._attached[catalog] = path
        self._set_search_path()

    def _detach_own(self) -> None:
        self._instance.execute(f"DETACH DATABASE IF EXISTS {OWN}")
        self._attached.pop(OWN, None)
        self._set_search_path()

    def _set_search_path(self) -> None:
        self._cursors.search_path = (
            ",".join(f"{catalog}.main" for catalog in self._attached) or None
        )
