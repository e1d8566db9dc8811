"""A DuckDB database of fetched tables: filled at bulk speed, asked by SQL."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from mixpanel_data._internal.data_folder.duckdb_version import require_writable_version
from mixpanel_data._internal.data_folder.paths import DataFolder
from mixpanel_data._internal.database import catalog as storage_tables
from mixpanel_data._internal.database import fetch_log, write
from mixpanel_data._internal.database.attached import PUBLISHED, AttachedFiles
from mixpanel_data._internal.database.connections import Connection, Files, OneFile
from mixpanel_data._internal.database.errors import asking
from mixpanel_data._internal.database.input_files import Data, Kind, lines_of
from mixpanel_data._internal.database.table_names import is_same, require_usable
from mixpanel_data._internal.time_zones import Zone
from mixpanel_data.exceptions import TableExistsError, TableNotFoundError
from mixpanel_data.types import TableInfo, TableMetadata, TableSchema
from mixpanel_data.types._dataframes import require_pandas
from mixpanel_data.types.rows import Rows

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Rows", "StorageEngine"]

Parameters = Sequence[Any] | Mapping[str, Any] | None


class StorageEngine:
    """A database file, its tables, and SQL over them. A context manager; safe to share between
    threads.

    ``path`` None is memory. ``read_only`` shares the file with other readers and changes nothing.
    ``zone`` is that of the export's clock: UTC, or the project's for those created before 2023
    (Mixpanel's page on the raw export); the ``time`` of tables is UTC in any case.
    ``external_access`` lets SQL, and views of a file that was there, reach other files.

    Raises:
        DatabaseLockedError: another process has the file open; the error names it.
        ConfigError: there is no such file to read, or it is no DuckDB database.
    """

    def __init__(
        self,
        path: Path | str | None = None,
        *,
        read_only: bool = False,
        zone: Zone | None = None,
        external_access: bool = False,
        _files: Files | None = None,
    ) -> None:
        self._zone = zone or Zone()
        self._files = _files or _open(path, read_only=read_only, external_access=external_access)

    @classmethod
    def memory(cls) -> Self:
        """One that is gone when it is closed."""
        return cls()

    @classmethod
    def project(
        cls,
        folder: DataFolder,
        *,
        zone: Zone | None = None,
        read_only: bool = False,
        external_access: bool = False,
    ) -> Self:
        """One over a data folder: its published tables, and beside them what workspaces fetched.

        Published tables come first where names are equal, and are never changed. The file of the
        others is held only while rows go in.
        """
        files = AttachedFiles(
            folder.workspace,
            published=folder.published,
            writable=not read_only,
            external_access=external_access,
        )
        return cls(zone=zone, _files=files)

    @property
    def path(self) -> Path | None:
        """The file that tables are put into; None in memory."""
        return self._files.path

    def create_events_table(
        self, name: str, data: Data, metadata: TableMetadata | None = None, *, append: bool = False
    ) -> int:
        """How many rows ``data`` brought into the table ``name``: event, time (UTC), distinct_id,
        insert_id, properties.

        ``data`` is an iterable of events as Mixpanel exports them (``{"event": …, "properties":
        {"time": …}}``), or files of them, one a line. With ``append`` they join the rows of a table
        that is there, and an event that is there already (by Mixpanel's rule: equal event, time,
        distinct_id and ``$insert_id``) is replaced. All or nothing.

        Raises:
            TableExistsError: there is such a table, and ``append`` is not asked for.
            TableNotFoundError: there is none to append to.
            QueryError: a record or line is no event; the message has its number.
            IncompleteExportError: a file is not whole.
            ConfigError: the name can't be a table's, the table to append to has other columns,
                another program has tables where notes of fetches are kept, or the database was
                opened to be read only.
        """
        return self._store("events", name, data, metadata, append=append)

    def create_profiles_table(
        self, name: str, data: Data, metadata: TableMetadata | None = None, *, append: bool = False
    ) -> int:
        """How many rows ``data`` brought into the table ``name``: distinct_id, properties; one row
        for each id, the last.

        ``data`` is an iterable of profiles as Mixpanel has them (``{"$distinct_id": …,
        "$properties": {…}}``), or files of them. With ``append``, a profile of an id that is there
        is replaced. Raises as :meth:`create_events_table`.
        """
        return self._store("profiles", name, data, metadata, append=append)

    def require_room(self, name: str, *, append: bool = False, kind: Kind | None = None) -> None:
        """Nothing, when a fetch, of that ``kind``, may go into the table ``name``. Raises as
        :meth:`create_events_table`."""
        require_writable_version()
        require_usable(name)
        own = self._files.own
        with self._looking() as cursor:
            if own in self._files.catalogs:
                fetch_log.require_ours(cursor, own)
            tables = storage_tables.found(cursor, self._files.catalogs)
        there = [item for item in tables if is_same(item.name, name)]
        if there and not (append and any(item.catalog == own for item in there)):
            raise TableExistsError(name)
        if append and not there:
            raise TableNotFoundError(name, [item.name for item in tables])
        if kind and there:
            with self._looking() as cursor:
                write.require_fit(cursor, there[0], kind)

    def is_published(self, name: str) -> bool:
        """Whether a query would find ``name`` in a project's published file."""
        with self._looking() as cursor:
            tables = storage_tables.found(cursor, self._files.catalogs)
        return any(is_same(item.name, name) and item.catalog == PUBLISHED for item in tables)

    def list_tables(self) -> list[TableInfo]:
        """Every table and view by name, with the number of its rows. Raises QueryError for a view
        over what is gone."""
        with self._looking() as cursor:
            return storage_tables.infos(cursor, self._files.catalogs)

    def get_schema(self, name: str) -> TableSchema:
        """The columns of a table or view. Raises TableNotFoundError."""
        with self._looking() as cursor:
            item = storage_tables.find(cursor, self._files.catalogs, name)
            return TableSchema(item.name, storage_tables.columns(cursor, item))

    def get_metadata(self, name: str) -> TableMetadata:
        """Where the rows of a fetched table come from. Raises TableNotFoundError, also for one that
        was not fetched."""
        with self._looking() as cursor:
            item = storage_tables.find(cursor, self._files.catalogs, name)
            known = fetch_log.read(cursor, item.catalog)
        if item.name not in known:
            raise TableNotFoundError(name, known)
        return known[item.name]

    def drop(self, name: str) -> None:
        """Removes a table or view. Raises TableNotFoundError, also for what is published: that is
        only read."""
        write.drop(self._files, name)

    def execute(self, sql: str, parameters: Parameters = None) -> Connection:
        """A cursor of DuckDB's that holds the answer. Raises QueryError, as all that run SQL."""
        cursor = self._files.cursor()
        with asking(sql):
            return cursor.execute(sql, parameters)

    def execute_df(self, sql: str, parameters: Parameters = None) -> "pd.DataFrame":
        """The answer as a pandas DataFrame. Raises ConfigError when pandas is not installed."""
        require_pandas()
        with self._files.reading() as cursor, asking(sql):
            return cursor.execute(sql, parameters).df()

    def execute_scalar(self, sql: str, parameters: Parameters = None) -> Any:
        """The first value of the first row; None when there is no row."""
        with self._files.reading() as cursor, asking(sql):
            row = cursor.execute(sql, parameters).fetchone()
        return row[0] if row else None

    def execute_rows(self, sql: str, parameters: Parameters = None) -> Rows:
        """The answer as a list of tuples, whose ``columns`` are the names."""
        with self._files.reading() as cursor, asking(sql):
            rows = cursor.execute(sql, parameters).fetchall()
            return Rows(rows, [column[0] for column in cursor.description or ()])

    def close(self) -> None:
        """Lets go of the file, and of cursors that are still read. A second time does nothing."""
        self._files.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"StorageEngine({str(self.path) if self.path else 'memory'!r})"

    @contextmanager
    def _looking(self) -> Iterator[Connection]:
        with self._files.reading() as cursor, asking("the tables of this database"):
            yield cursor

    def _store(
        self, kind: Kind, name: str, data: Data, metadata: TableMetadata | None, *, append: bool
    ) -> int:
        self.require_room(name, append=append, kind=kind)
        metadata = replace(
            metadata or TableMetadata(type=kind, fetched_at=datetime.now(UTC)), type=kind
        )
        with lines_of(data, kind, self.path) as lines:
            return write.store(self._files, name, lines, metadata, self._zone, append=append)


def _open(path: Path | str | None, *, read_only: bool, external_access: bool) -> Files:
    where = Path(path).expanduser().absolute() if path is not None else None
    if where and read_only:
        return AttachedFiles(where, external_access=external_access)
    return OneFile(where, external_access=external_access)
