"""The storage engine: a DuckDB database of fetched tables, and SQL over it."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from mixpanel_data._internal.data_folder.duckdb_version import require_writable_version
from mixpanel_data._internal.data_folder.paths import DataFolder
from mixpanel_data._internal.database import catalog, fetch_log, write
from mixpanel_data._internal.database.attached import PUBLISHED, AttachedFiles
from mixpanel_data._internal.database.connections import Connection, Files, OneFile
from mixpanel_data._internal.database.errors import translate_sql_errors
from mixpanel_data._internal.database.input_files import Data, Kind, open_lines
from mixpanel_data._internal.database.queries import (
    Parameters,
    fetch_frame,
    fetch_rows,
    run_one,
)
from mixpanel_data._internal.database.relations import (
    arrow_table,
    create_relation,
    polars_frame,
    read_batches,
)
from mixpanel_data._internal.database.table_names import is_same, require_table_name
from mixpanel_data._internal.time_zones import Zone
from mixpanel_data.exceptions import ConfigError, TableExistsError, TableNotFoundError
from mixpanel_data.types import TableInfo, TableMetadata, TableSchema
from mixpanel_data.types._dataframes import require_pandas, require_polars, require_pyarrow
from mixpanel_data.types.rows import Rows

if TYPE_CHECKING:
    import duckdb
    import pandas as pd
    import polars as pl
    import pyarrow as pa

__all__ = ["Rows", "StorageEngine"]


class StorageEngine:
    """A database file, its tables, and SQL over them. Safe to share between threads.

    A context manager. ``path`` None means in memory. ``read_only`` shares the file with other
    readers and changes nothing. ``zone`` is that of the export's clock: UTC, or the project's for
    those created before 2023 (Mixpanel's page on the raw export); the ``time`` of tables is always
    UTC. ``external_access`` lets SQL, and views of an existing file, reach other files.

    Raises:
        DatabaseLockedError: if another process has the file open; the error names it.
        ConfigError: if there is no such file to read, or it is not a DuckDB database.
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
        self._only_reads = read_only
        self._files = _files or _open(path, read_only=read_only, external_access=external_access)

    @classmethod
    def memory(cls) -> Self:
        """Create an engine in memory, whose data is lost when it is closed."""
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
        """Open the tables of a data folder: the published ones, and those that workspaces fetched.

        If a name exists in both, it means the published table. Published tables are never changed.
        The file of the others is locked only while rows are written.
        """
        files = AttachedFiles(
            folder.workspace,
            published=folder.published,
            writable=not read_only,
            external_access=external_access,
        )
        return cls(read_only=read_only, zone=zone, _files=files)

    @property
    def path(self) -> Path | None:
        """The file into which tables are written; None in memory."""
        return self._files.path

    def create_events_table(
        self, name: str, data: Data, metadata: TableMetadata | None = None, *, append: bool = False
    ) -> int:
        """Load events into the table ``name`` and return their number.

        The columns are event, time (UTC), distinct_id, insert_id, properties. ``data`` is an
        iterable of events as Mixpanel exports them (``{"event": …, "properties": {"time": …}}``),
        or files of them, one a line. With ``append`` they are added to an existing table, where an
        event that exists already (by Mixpanel's rule: equal event, time, distinct_id and
        ``$insert_id``) is replaced. On an error nothing changes.

        Raises:
            TableExistsError: if the table exists and ``append`` is false.
            TableNotFoundError: if there is no table to append to.
            QueryError: if a record or line is not an event; the message has its number.
            IncompleteExportError: if a file is truncated.
            ConfigError: if no table can have this name, the table to append to has other columns,
                another program has tables where records of fetches are stored, or the database was
                opened read-only.
        """
        return self._store("events", name, data, metadata, append=append)

    def create_profiles_table(
        self, name: str, data: Data, metadata: TableMetadata | None = None, *, append: bool = False
    ) -> int:
        """Load profiles into the table ``name`` and return their number: one row an id, the last.

        The columns are distinct_id and properties. ``data`` is an iterable of profiles as Mixpanel
        returns them (``{"$distinct_id": …, "$properties": {…}}``), or files of them. With
        ``append``, an existing profile of the same id is replaced. Raises like
        :meth:`create_events_table`.
        """
        return self._store("profiles", name, data, metadata, append=append)

    def require_storable(
        self, name: str, *, append: bool = False, kind: Kind | None = None
    ) -> None:
        """Raise an error unless a fetch of this ``kind`` can be stored in the table ``name``.

        Raises like :meth:`create_events_table`.
        """
        require_writable_version()
        require_table_name(name)
        own = self._files.own
        with self._reading_catalog() as cursor:
            if own in self._files.catalogs:
                fetch_log.require_ours(cursor, own)
            tables = catalog.list_tables(cursor, self._files.catalogs)
        there = [item for item in tables if is_same(item.name, name)]
        if there and not (append and any(item.catalog == own for item in there)):
            raise TableExistsError(name)
        if append and not there:
            raise TableNotFoundError(name, [item.name for item in tables])
        if kind and there:
            with self._reading_catalog() as cursor:
                write.require_matching_table(cursor, there[0], kind)

    def is_published(self, name: str) -> bool:
        """Return True if a query finds ``name`` in the published file of a project."""
        with self._reading_catalog() as cursor:
            tables = catalog.list_tables(cursor, self._files.catalogs)
        return any(is_same(item.name, name) and item.catalog == PUBLISHED for item in tables)

    def list_tables(self) -> list[TableInfo]:
        """Return every table and view by name, with its number of rows.

        Raise QueryError for a view over a table that no longer exists.
        """
        with self._reading_catalog() as cursor:
            return catalog.table_infos(cursor, self._files.catalogs)

    def get_schema(self, name: str) -> TableSchema:
        """Return the columns of a table or view, and its comments. Raises TableNotFoundError."""
        with self._reading_catalog() as cursor:
            item = catalog.find_table(cursor, self._files.catalogs, name)
            return catalog.table_schema(cursor, item)

    def list_schemas(self) -> list[TableSchema]:
        """Return the columns and comments of every table that :meth:`list_tables` lists."""
        with self._reading_catalog() as cursor:
            found = catalog.list_public_tables(cursor, self._files.catalogs)
            return [catalog.table_schema(cursor, item) for item in found]

    def get_metadata(self, name: str) -> TableMetadata:
        """Return the origin of a fetched table's rows.

        Raise TableNotFoundError, also for a table that was not fetched.
        """
        with self._reading_catalog() as cursor:
            item = catalog.find_table(cursor, self._files.catalogs, name)
            known = fetch_log.read_metadata(cursor, item.catalog)
        if item.name not in known:
            raise TableNotFoundError(name, known)
        return known[item.name]

    def drop(self, name: str) -> None:
        """Drop a table or view.

        Raise TableNotFoundError, also for a published one, since those are read-only.
        """
        write.drop_table(self._files, name)

    def execute(self, sql: str, parameters: Parameters = None) -> Connection:
        """Run one statement of SQL and return the cursor with the result.

        Raises QueryError, like all methods that run SQL.
        """
        return run_one(self._files.cursor(), sql, parameters)

    def execute_df(
        self,
        sql: str,
        parameters: Parameters = None,
        *,
        max_rows: int | None = None,
        timeout: float | None = None,
    ) -> "pd.DataFrame":
        """Return the result as a pandas DataFrame. Raise ConfigError if pandas is not installed."""
        require_pandas()
        with self._files.reading() as cursor:
            return fetch_frame(
                cursor,
                sql,
                parameters,
                max_rows=max_rows,
                timeout=timeout,
                only_reads=self._only_reads,
            )

    def execute_arrow(self, sql: str, parameters: Parameters = None) -> "pa.Table":
        """Return the result as a pyarrow Table. Raise ConfigError if pyarrow is not installed."""
        require_pyarrow()
        with self._files.reading() as cursor, translate_sql_errors(sql):
            return arrow_table(self._relation(cursor, sql, parameters))

    def execute_pl(self, sql: str, parameters: Parameters = None) -> "pl.DataFrame":
        """Return the result as a polars DataFrame. Raise ConfigError if polars, or pyarrow, is not
        installed."""
        require_polars()
        require_pyarrow()
        with self._files.reading() as cursor, translate_sql_errors(sql):
            return polars_frame(self._relation(cursor, sql, parameters), sql)

    def execute_batches(
        self, sql: str, parameters: Parameters = None, *, rows: int
    ) -> Iterator["pa.RecordBatch"]:
        """Yield the result in batches of up to ``rows`` rows, while DuckDB computes it.

        Nothing runs before the first batch is requested. Raise ConfigError if pyarrow is not
        installed, or ``rows`` is not positive.
        """
        require_pyarrow()
        if rows < 1:
            raise ConfigError(f"A batch has at least 1 row, not {rows}.")
        return self._batches(sql, parameters, rows)

    def _batches(self, sql: str, parameters: Parameters, rows: int) -> Iterator["pa.RecordBatch"]:
        with self._files.reading() as cursor:
            with translate_sql_errors(sql):
                batches = read_batches(self._relation(cursor, sql, parameters), rows)
            while True:
                with translate_sql_errors(sql):
                    batch = next(batches, None)
                if batch is None:
                    return
                yield batch

    def relation(self, sql: str, parameters: Parameters = None) -> "duckdb.DuckDBPyRelation":
        """Return the query as a relation of DuckDB, which runs when its rows are requested."""
        with translate_sql_errors(sql):
            return self._relation(self._files.cursor(), sql, parameters)

    def _relation(
        self, cursor: Connection, sql: str, parameters: Parameters
    ) -> "duckdb.DuckDBPyRelation":
        return create_relation(cursor, sql, parameters, only_reads=self._only_reads)

    def require_no_open_batches(self) -> None:
        """Raise ConfigError if this thread is reading batches, and would wait for itself."""
        self._files.require_no_open_reads()

    def reopen(self) -> None:
        """Read the published file as it is now. Cursors and relations opened before are closed."""
        self._files.reopen()

    def execute_scalar(
        self, sql: str, parameters: Parameters = None, *, timeout: float | None = None
    ) -> Any:
        """Return the first value of the first row; None if there is no row."""
        rows = self.execute_rows(sql, parameters, max_rows=1, timeout=timeout)
        return rows[0][0] if rows else None

    def execute_rows(
        self,
        sql: str,
        parameters: Parameters = None,
        *,
        max_rows: int | None = None,
        timeout: float | None = None,
    ) -> Rows:
        """Return the result as a list of tuples, with the column names in ``columns``.

        With ``max_rows``, ``truncated`` says whether there are more. After ``timeout`` seconds the
        query is interrupted, and QueryTimeoutError raised.
        """
        with self._files.reading() as cursor:
            return fetch_rows(
                cursor,
                sql,
                parameters,
                max_rows=max_rows,
                timeout=timeout,
                only_reads=self._only_reads,
            )

    def close(self) -> None:
        """Close the file and all open cursors. A second call does nothing."""
        self._files.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"StorageEngine({str(self.path) if self.path else 'memory'!r})"

    @contextmanager
    def _reading_catalog(self) -> Iterator[Connection]:
        with self._files.reading() as cursor, translate_sql_errors("the tables of this database"):
            yield cursor

    def _store(
        self, kind: Kind, name: str, data: Data, metadata: TableMetadata | None, *, append: bool
    ) -> int:
        self.require_storable(name, append=append, kind=kind)
        metadata = replace(
            metadata or TableMetadata(type=kind, fetched_at=datetime.now(UTC)), type=kind
        )
        with open_lines(data, kind, self.path) as lines:
            return write.store_fetch(self._files, name, lines, metadata, self._zone, append=append)


def _open(path: Path | str | None, *, read_only: bool, external_access: bool) -> Files:
    where = Path(path).expanduser().absolute() if path is not None else None
    if where and read_only:
        return AttachedFiles(where, external_access=external_access)
    return OneFile(where, external_access=external_access)
