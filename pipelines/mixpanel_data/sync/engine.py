"""The engine of the settings: what it needs, moving to another one, and comparing two."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from types import ModuleType
from typing import TYPE_CHECKING

from mixpanel_data._internal.data_folder.lock import OnLocked, ignore_wait
from mixpanel_data._internal.engine.session import require_python, session_settings
from mixpanel_data._internal.health.findings import Finding
from mixpanel_data._internal.settings import Settings
from mixpanel_data.exceptions import ConfigError

if TYPE_CHECKING:
    from mixpanel_data.sync.engine_compare import TableComparison
    from mixpanel_data.sync.engine_move import Moved
    from mixpanel_data.types.rows import Rows

_OF_THE_EXTRA = {
    "pyspark": "pyspark",
    "dbt.adapters.spark": "dbt-spark",
    "pyiceberg": "pyiceberg",
    "pyarrow": "pyarrow",
    "sqlalchemy": "sqlalchemy",
}
"""Modules that the engine spark imports, with the names of their packages."""


def import_lake() -> ModuleType:
    """Return :mod:`mixpanel_data.sync.lake`.

    Raises:
        ConfigError: if the extra ``spark`` is not installed, or Spark does not support this
            version of Python.
    """
    require_python()
    _require_extra()
    from mixpanel_data.sync import lake

    return lake


def _require_extra() -> None:
    if missing := [name for module, name in _OF_THE_EXTRA.items() if find_spec(module) is None]:
        raise ConfigError(
            f"The engine spark needs {', '.join(missing)}. Install it with: "
            "pip install 'mixpanel-data[spark]'.",
            details={"missing": missing},
        )


def refresh_ledger_copy(settings: Settings) -> None:
    """With the engine spark, copy the catalog's ledger into the data folder; else do nothing.

    Raises:
        ConfigError: if the extra ``spark`` is not installed.
        StorageError: if the catalog can't be reached.
    """
    if settings.engine == "spark":
        import_lake().refresh_ledger(settings)


@contextmanager
def exclusive_catalog(
    settings: Settings,
    *,
    wait_seconds: float = 0,
    on_locked: OnLocked = ignore_wait,
) -> Iterator[None]:
    """With the engine spark, hold the lock of the catalog: other data folders may load into it, too.
    With another engine there is nothing to lock.

    Args:
        settings: The settings.
        wait_seconds: The longest wait for another process, in seconds.
        on_locked: Called while it waits, with the process that has the lock and the seconds left.

    Raises:
        ConfigError: if the extra ``spark`` is not installed.
        DatabaseLockedError: if another process still has it after ``wait_seconds``.
        StorageError: if the catalog can't be reached.
    """
    if settings.engine != "spark":
        yield
        return
    with import_lake().exclusive_catalog(settings, wait_seconds=wait_seconds, on_locked=on_locked):
        yield


def check_engine(settings: Settings) -> list[Finding]:
    """With the engine spark, check Java, the packages, the catalog, the warehouse and a Spark
    session; a table is written, read and dropped. With another engine there is nothing to check."""
    if settings.engine != "spark":
        return []
    try:
        require_python()
        _require_extra()
    except ConfigError as error:
        return [Finding("spark packages", str(error), "error", "metadata")]
    from mixpanel_data.sync.engine_check import check_spark

    return check_spark(settings)


def query(
    settings: Settings, sql: str, *, max_rows: int | None = None, timeout: float | None = None
) -> "Rows":
    """Run a query on Spark over the tables that were published last: ``mp query sql --on-spark``.

    Args:
        settings: The settings, with the engine spark.
        sql: One query, in DuckDB's SQL.
        max_rows: The most rows of the result. None: all.
        timeout: Seconds after which the query is interrupted. None: never.

    Raises:
        ConfigError: if the engine is another one, there is no Spark session, or Spark refuses the
            query.
        NothingPublishedError: if nothing was published yet.
        QueryError: if ``sql`` is not one query.
        MixpanelDataError: if a function of it has no translation.
        QueryTimeoutError: if its rows are not there after ``timeout`` seconds.
        StorageError: if the catalog can't be reached.
    """
    _require_spark(settings)
    require_python()
    _require_extra()
    from mixpanel_data.sync.engine_query import query_on_spark

    return query_on_spark(settings, sql, max_rows=max_rows, timeout=timeout)


def spark_settings(settings: Settings) -> dict[str, str]:
    """Return the settings of a Spark session over the catalog, by name. A password is left out.

    Args:
        settings: The settings, with the engine spark.

    Raises:
        ConfigError: if the engine is another one.
    """
    _require_spark(settings)
    made = session_settings(str(settings.catalog), str(settings.warehouse))
    return {name: value for name, value in made.items() if not name.endswith("password")}


def _require_spark(settings: Settings) -> None:
    if settings.engine != "spark":
        raise ConfigError("The engine of this project is duckdb, and this needs MP_ENGINE=spark.")


def move(
    settings: Settings, to: str, *, on_progress: Callable[[str], None] = lambda _: None
) -> "Moved":
    """Copy the raw tables to the engine ``to``, ``duckdb`` or ``spark``, and compare each day: ``mp
    engine move``. The caller must hold the folder's lock.

    Args:
        settings: The settings; the catalog and the warehouse must be set, for any engine.
        to: The engine that gets the rows. The source is left as it is.
        on_progress: Called with each month and table.

    Raises:
        ConfigError: if the catalog or the warehouse is not set, there is nothing to move, or the
            target has data that the move would delete.
        MixpanelDataError: if a day or a table differs afterwards; the message names it.
    """
    _require_extra()
    from mixpanel_data.sync.engine_move import move_engine

    return move_engine(settings, to, on_progress=on_progress)


def compare(
    settings: Settings, *, on_progress: Callable[[str], None] = lambda _: None
) -> "list[TableComparison]":
    """Build all tables with DuckDB, and compare each with the published one of Spark: ``mp engine
    compare``. The caller must hold the folder's lock.

    Args:
        settings: The settings, with the engine spark.
        on_progress: Called with each step.

    Raises:
        ConfigError: if the engine is another one.
        NothingPublishedError: if nothing was published yet.
        MixpanelDataError: if DuckDB can't build the tables.
    """
    _require_spark(settings)
    _require_extra()
    from mixpanel_data.sync.engine_compare import compare_engines

    return compare_engines(settings, on_progress=on_progress)
