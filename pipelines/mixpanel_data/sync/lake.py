"""The steps of a sync that differ with the engine ``spark``: the ledger and the loads are those of
an Iceberg catalog."""

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from importlib.metadata import version

from mixpanel_data._internal.landing.files import Landed
from mixpanel_data._internal.ledger.records import Project
from mixpanel_data._internal.ledger.row_check import Disagreement
from mixpanel_data._internal.settings import Settings
from mixpanel_data._internal.transform.build import BuildResult, current_fingerprint
from mixpanel_data._internal.transform.build_on_spark import build_on_spark
from mixpanel_data.destinations.iceberg import ledger, load, publication
from mixpanel_data.destinations.iceberg.catalog import open_lake
from mixpanel_data.destinations.iceberg.catalog_lock import exclusive_catalog, require_held
from mixpanel_data.destinations.iceberg.changed_days import BY_DAY, days_to_replace
from mixpanel_data.destinations.iceberg.check_rows import mark_disagreeing_days
from mixpanel_data.destinations.iceberg.ledger_copy import write_ledger_copy

__all__ = [
    "begin", "build", "exclusive_catalog", "load_files", "move_tags", "refresh_ledger",
]  # fmt: skip


def refresh_ledger(settings: Settings) -> None:
    """Copy the catalog's ledger into the data folder.

    Raises:
        ConfigError: if the extra ``spark`` is not installed.
        StorageError: if the catalog can't be reached.
    """
    write_ledger_copy(open_lake(settings), settings.folder)


def begin(settings: Settings) -> list[Disagreement]:
    """Prepare a run: remove what killed loads left, copy the ledger, and mark days whose number of
    rows differs as missing. Return these."""
    lake = open_lake(settings)
    load.clean_up(lake)
    ledger.expire_snapshots(lake, datetime.now(UTC))
    write_ledger_copy(lake, settings.folder)
    return mark_disagreeing_days(lake, settings.folder)


def load_files(settings: Settings, project: Project, landed: Sequence[Landed]) -> str:
    """Load verified files into the catalog; return the id of the load.

    Raises:
        StorageError: if the lock of the catalog was lost.
    """
    require_held(settings)
    limit = settings.memory_limit
    return load.load(open_lake(settings), settings.folder, project, landed, memory_limit=limit)


def build(settings: Settings, on_progress: Callable[[str], None]) -> BuildResult:
    """Build and test all tables on Spark, and copy them into the build file of the data folder.

    Raises:
        ConfigError: if there is no Spark session.
        MixpanelDataError: if dbt failed; the message names the models.
        StorageError: if the lock of the catalog was lost.
    """
    require_held(settings)
    folder, lake = settings.folder, open_lake(settings)
    lake.create_namespaces()
    days = days_to_replace(lake, _fingerprint(settings))
    if days is None:
        on_progress("all tables are built from scratch")
    done = build_on_spark(
        folder,
        project=settings.dbt_project,
        catalog=str(settings.catalog),
        warehouse=str(settings.warehouse),
        on_progress=on_progress,
        variables=settings.dbt_variables,
        days=days,
    )
    on_progress("copying the tables into the data folder")
    tables = publication.read_built_tables(folder)
    warnings = publication.copy_tables(
        lake, folder, tables, _fingerprint_of_file(settings), settings.storage_version
    )
    return replace(done, warnings=(*done.warnings, *warnings))


def move_tags(settings: Settings) -> None:
    """Let readers of the catalog find the tables of the last build; then expire old snapshots.

    Raises:
        StorageError: if the lock of the catalog was lost.
    """
    require_held(settings)
    lake = open_lake(settings)
    tables = publication.read_built_tables(settings.folder)
    others = [each for each in BY_DAY if each[0] != publication.BUILD]
    publication.move_tags(lake, tables, _fingerprint(settings), others)
    publication.expire_snapshots(lake, settings.folder, datetime.now(UTC))


def _fingerprint(settings: Settings) -> str:
    """Return a hash of what shapes the tables on Spark: models and variables, the time zone, and the
    versions of what translates their SQL."""
    versions = [f"{name} {version(name)}" for name in ("mixpanel-data", "sqlglot")]
    shaping = [_fingerprint_of_file(settings), settings.project_timezone, *versions]
    return hashlib.sha256(repr(shaping).encode()).hexdigest()


def _fingerprint_of_file(settings: Settings) -> str:
    return current_fingerprint(settings.storage_version, settings.dbt_project)
