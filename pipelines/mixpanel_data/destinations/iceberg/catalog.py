"""The Iceberg catalog of the settings, and the raw tables in it."""

import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from mixpanel_data._internal.settings import Settings, without_password
from mixpanel_data.exceptions import ConfigError, DatabaseLockedError, StorageError
from mixpanel_data.sources import schema

if TYPE_CHECKING:
    from pyiceberg.catalog import Catalog
    from pyiceberg.table import Table

CATALOG = "lake"
"""The name of the catalog, which Spark's configuration must give it, too."""

NAMESPACE = "mx_raw"

BUILD_NAMESPACES = ("mx_build", "staging", "working")
"""The schemas of dbt's models: the published tables, views, and tables that only builds read."""

LOADS = "_dlt_loads"

KEPT = timedelta(days=7)
"""The age from which a snapshot may expire."""

_TYPES = {
    "text": "string",
    "json": "string",
    "bigint": "long",
    "double": "double",
    "bool": "boolean",
    "timestamp": "timestamp",
    "date": "date",
}

_DAY_AND_LOAD: Mapping[str, str] = {"day": "date", "load_id": "string"}


def _types(columns: Mapping[str, Any], **more: str) -> dict[str, str]:
    return {name: _TYPES[column["data_type"]] for name, column in columns.items()} | more


TABLES: dict[str, dict[str, str]] = {
    schema.EVENTS: _types(schema.EVENT_COLUMNS, **_DAY_AND_LOAD),
    schema.PROFILES: _types(schema.PROFILE_COLUMNS),
    schema.PROFILES_HISTORY: _types(schema.HISTORY_COLUMNS),
    schema.GROUP_PROFILES: _types(schema.GROUP_PROFILE_COLUMNS),
    schema.GROUP_PROFILES_HISTORY: _types(schema.GROUP_HISTORY_COLUMNS),
    schema.REJECTED: _types(schema.REJECTED_COLUMNS),
    schema.LEDGER: _types(schema.LEDGER_COLUMNS, _dlt_load_id="string", _dlt_id="string"),
    LOADS: {"load_id": "string", "status": "long"},
}
"""Columns of the raw tables, with Iceberg's types."""


def expire_old_snapshots(table: "Table", now: datetime) -> None:
    """Remove the snapshots of a table that are older than ``KEPT``. Those that a tag names, and the
    present one, stay. Files of the others stay until the engine deletes orphans."""
    oldest = now - KEPT
    named = {ref.snapshot_id for ref in table.metadata.refs.values()}
    old = (
        snapshot.timestamp_ms < oldest.timestamp() * 1000 and snapshot.snapshot_id not in named
        for snapshot in table.metadata.snapshots
    )
    if any(old):
        with translate_iceberg_errors():
            table.maintenance.expire_snapshots().older_than(oldest).commit()


class Lake:
    """The catalog of the settings. Tables are made when they are first used."""

    def __init__(self, catalog: "Catalog") -> None:
        self.catalog = catalog
        self._has_namespace = False

    def create_namespaces(self) -> None:
        """Create the namespaces that a build writes to."""
        with translate_iceberg_errors():
            for name in BUILD_NAMESPACES:
                self.catalog.create_namespace_if_not_exists(name)

    def table(self, name: str) -> "Table":
        """Return the present state of a raw table. The table is made if there is none."""
        from pyiceberg.exceptions import NoSuchTableError, TableAlreadyExistsError

        identifier = (NAMESPACE, name)
        with translate_iceberg_errors():
            try:
                return self.catalog.load_table(identifier)
            except NoSuchTableError:
                pass
            if not self._has_namespace:
                self.catalog.create_namespace_if_not_exists(NAMESPACE)
                self._has_namespace = True
            try:
                return self._create(name)
            except TableAlreadyExistsError:
                return self.catalog.load_table(identifier)

    def _create(self, name: str) -> "Table":
        from pyiceberg.partitioning import PartitionField, PartitionSpec
        from pyiceberg.schema import Schema
        from pyiceberg.transforms import IdentityTransform
        from pyiceberg.types import NestedField

        fields = [
            NestedField(number, column, kind, required=False)
            for number, (column, kind) in enumerate(TABLES[name].items(), 1)
        ]
        spec = PartitionSpec()
        if "day" in TABLES[name]:
            number = list(TABLES[name]).index("day") + 1
            spec = PartitionSpec(PartitionField(number, 1000, IdentityTransform(), "day"))
        return self.catalog.create_table(
            (NAMESPACE, name),
            Schema(*fields),
            partition_spec=spec,
            properties={
                "write.parquet.compression-codec": "zstd",
                # A commit that finds another one since its plan is refused, and never repeated on
                # top of it: that other load may have newer rows of the same days.
                "commit.retry.num-retries": "0",
            },
        )


def open_lake(settings: Settings) -> Lake:
    """Open the catalog of the settings.

    Raises:
        ConfigError: if the extra ``spark`` is not installed, or its address is not valid.
        StorageError: if the catalog can't be reached.
    """
    try:
        from pyiceberg.catalog import load_catalog
    except ImportError as error:
        raise ConfigError(
            "The engine spark needs pyiceberg. Install it with: pip install 'mixpanel-data[spark]'."
        ) from error
    address = database_of(str(settings.catalog))
    with translate_iceberg_errors():
        # pyiceberg adds what its own variables and file say, such as the endpoint of a bucket.
        return Lake(
            load_catalog(CATALOG, type="sql", uri=address, warehouse=_location(settings.warehouse))
        )


def database_of(catalog: str) -> str:
    """Return the address of a catalog as SQLAlchemy reads it."""
    return catalog.replace("postgresql://", "postgresql+psycopg2://", 1)


def _location(warehouse: str | None) -> str:
    return str(warehouse) if "://" in str(warehouse) else f"file://{warehouse}"


@contextmanager
def translate_iceberg_errors() -> Iterator[None]:
    """Raise errors of this package for those of the catalog.

    Raises:
        DatabaseLockedError: if another process changed the table since it was read.
        StorageError: if the catalog or the warehouse can't be reached.
    """
    from pyiceberg.exceptions import CommitFailedException, ValidationException
    from sqlalchemy.exc import SQLAlchemyError

    try:
        # It warns of deletes that find nothing, which is usual here.
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", message="Delete operation did not match")
            yield
    except (CommitFailedException, ValidationException) as error:
        raise DatabaseLockedError(
            "Another process loaded into the same Iceberg table in the meantime, so this load was "
            "refused, and nothing of it was kept. Run `mp sync` once more: it plans from the new "
            "ledger.",
            details={"cause": type(error).__name__},
        ) from error
    except SQLAlchemyError as error:
        cause = without_password(str(getattr(error, "orig", None) or error)).strip()
        raise StorageError(
            f"The Iceberg catalog of MP_CATALOG can't be used: {cause}",
            details={"cause": type(error).__name__},
        ) from None
