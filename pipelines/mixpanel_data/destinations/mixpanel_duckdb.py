"""dlt's DuckDB destination with one change: landed files are not copied one by one.

The jobs of the files themselves do nothing. When all files of a table are in the package's folder
of completed jobs, one job replaces their days in one transaction. The reason: with one job a file,
a kill between DuckDB's commit and dlt's record of it loads the file twice (measured: 25,268 rows of
20,211).
"""

from collections.abc import Sequence
from functools import cached_property
from typing import Any

from dlt.common.destination import DestinationCapabilitiesContext
from dlt.common.destination.client import (
    FollowupJobRequest,
    HasFollowupJobs,
    LoadJob,
    RunnableLoadJob,
)
from dlt.common.destination.typing import PreparedTableSchema
from dlt.common.normalizers.naming import NamingConvention
from dlt.common.schema.typing import TColumnSchema, TSchemaTables
from dlt.common.storages.load_package import LoadJobInfo, load_package_state
from dlt.destinations import duckdb
from dlt.destinations.impl.duckdb.configuration import DuckDbCredentials
from dlt.destinations.impl.duckdb.duck import DuckDbClient
from dlt.destinations.job_impl import ReferenceFollowupJobRequest

from mixpanel_data.destinations.replace_job import ReplaceJob
from mixpanel_data.sources.manifest import read_manifest
from mixpanel_data.sources.schema import (
    LEDGER,
    LEDGER_COLUMNS,
    LEDGER_HINT,
    RAW_HINT,
    RAW_TABLES,
)


class FileJob(RunnableLoadJob, HasFollowupJobs):
    """A job that does nothing for its file.

    It runs nevertheless, since dlt looks only every second for jobs that were created as completed,
    but at once for those that end.
    """

    def run(self) -> None:
        pass


class MixpanelDuckDbClient(DuckDbClient):
    """Loads the landed files of a package together."""

    def update_stored_schema(
        self,
        # Any, since dlt declares these without None and passes None
        only_tables: Any = None,
        expected_update: Any = None,
        force: bool = False,
    ) -> TSchemaTables | None:
        applied = super().update_stored_schema(only_tables, expected_update, force)
        # dlt creates a table with its first row; dbt, and the job below, need all of them.
        for name, columns in RAW_TABLES.items():
            table = {"name": name, "columns": columns}
            definitions = ", ".join(self._get_column_def_sql(c, table) for c in columns.values())
            qualified = self.sql_client.make_qualified_table_name(name)
            self.sql_client.execute_sql(f"CREATE TABLE IF NOT EXISTS {qualified} ({definitions})")
        self._add_missing_columns()
        return applied

    def _add_missing_columns(self) -> None:
        """Add the columns that tables of an earlier version lack."""
        found = self.sql_client.execute_sql(
            "SELECT table_name, column_name FROM duckdb_columns() WHERE schema_name = %s",
            self.sql_client.dataset_name,
        )
        there = set(found or ())
        for name, columns in {**RAW_TABLES, LEDGER: LEDGER_COLUMNS}.items():
            for column in columns.values():
                if (name, column["name"]) not in there:
                    qualified = self.sql_client.make_qualified_table_name(name)
                    definition = self._get_column_def_sql(column, {"name": name})
                    self.sql_client.execute_sql(f"ALTER TABLE {qualified} ADD COLUMN {definition}")

    def _get_column_def_sql(self, c: TColumnSchema, table: Any = None) -> str:
        definition = super()._get_column_def_sql(c, table)
        # zstd halves the file without taking longer (measured: 136 instead of 276 MB for a million
        # events).
        return f"{definition} USING COMPRESSION zstd" if c["data_type"] == "json" else definition

    def create_load_job(
        self, table: PreparedTableSchema, file_path: str, load_id: str, restore: bool = False
    ) -> LoadJob:
        if table.get(RAW_HINT) and ReferenceFollowupJobRequest.is_reference_job(file_path):
            return ReplaceJob(file_path, read_manifest(load_package_state()["state"]))
        if table.get(RAW_HINT) or table.get(LEDGER_HINT):
            return FileJob(file_path)
        return super().create_load_job(table, file_path, load_id, restore)

    def create_table_chain_completed_followup_jobs(
        self,
        table_chain: Sequence[PreparedTableSchema],
        completed_table_chain_jobs: Sequence[LoadJobInfo] | None = None,
    ) -> list[FollowupJobRequest]:
        if table_chain[0].get(RAW_HINT):
            files = [
                job.file_path for job in completed_table_chain_jobs or () if not _is_reference(job)
            ]
            return [ReferenceFollowupJobRequest(files[0].rsplit("/", 1)[-1], files)]
        if table_chain[0].get(LEDGER_HINT):
            return []
        return super().create_table_chain_completed_followup_jobs(
            table_chain, completed_table_chain_jobs
        )


def _is_reference(job: LoadJobInfo) -> bool:
    return ReferenceFollowupJobRequest.is_reference_job(job.file_path)


class mixpanel_duckdb(duckdb):  # noqa: N801  (dlt finds a destination by its name in lower case)
    """A DuckDB file that loads Mixpanel's raw files; otherwise dlt's own ``duckdb``."""

    imports_landed_files = True
    """The source imports files into its load packages, and yields no rows."""

    def capabilities(
        self, config: Any = None, naming: NamingConvention | None = None
    ) -> DestinationCapabilitiesContext:
        # dlt calls this a dozen times a load, and searches all configuration providers each time: a
        # third of the time of a small load.
        return super().capabilities(config or self._given_configuration, naming)

    @cached_property
    def _given_configuration(self) -> Any:
        """The configuration if the database was passed in; else None, and dlt searches for it."""
        credentials: Any = self.config_params.get("credentials")
        if not isinstance(credentials, DuckDbCredentials):
            return None
        copy: Any = credentials.copy()
        return self.configuration(self.spec(credentials=copy), accept_partial=True)

    def _raw_capabilities(self) -> DestinationCapabilitiesContext:
        capabilities = super()._raw_capabilities()
        # The replacing job is written as a list of files, which dlt calls a reference.
        capabilities.supported_loader_file_formats = [
            *capabilities.supported_loader_file_formats,
            "reference",
        ]
        return capabilities

    @property
    def client_class(self) -> type[DuckDbClient]:
        return MixpanelDuckDbClient
