"""The published tables: SQL over them, Parquet files and copies, the report and the dashboard.

    >>> from mixpanel_data.published import query
    >>> from mixpanel_data.settings import load_settings
    >>> folder = load_settings(data_dir="data").folder
    >>> rows = query(folder, "SELECT count(*) FROM events")  # doctest: +SKIP

Each name is imported when it is first used.
"""

from importlib import import_module
from typing import TYPE_CHECKING

from mixpanel_data._internal.data_folder.paths import DataFolder
from mixpanel_data._lazy import lazy_names
from mixpanel_data.exceptions import NothingPublishedError

if TYPE_CHECKING:
    from mixpanel_data._internal.dashboard.run import export_dashboard, serve_dashboard
    from mixpanel_data._internal.dashboard.superset.write import write_superset_dashboard
    from mixpanel_data._internal.dashboard.written import WrittenDashboard
    from mixpanel_data._internal.html_report.write import write_report
    from mixpanel_data._internal.publication.parquet_export import export_tables
    from mixpanel_data._internal.publish_targets.configuration import target_names
    from mixpanel_data._internal.publish_targets.outcome import (
        TargetCopy,
        TargetRecord,
        read_target_record,
    )
    from mixpanel_data._internal.publish_targets.publish import check_target, publish
    from mixpanel_data.types.rows import Rows

_HOMES = {
    "_internal.dashboard.run": ("export_dashboard", "serve_dashboard"),
    "_internal.dashboard.superset.write": ("write_superset_dashboard",),
    "_internal.dashboard.written": ("WrittenDashboard",),
    "_internal.html_report.write": ("write_report",),
    "_internal.publication.parquet_export": ("export_tables",),
    "_internal.publish_targets.configuration": ("target_names",),
    "_internal.publish_targets.outcome": ("TargetCopy", "TargetRecord", "read_target_record"),
    "_internal.publish_targets.publish": ("check_target", "publish"),
    "types.rows": ("Rows",),
}

__all__ = [
    "Rows",
    "TargetCopy",
    "TargetRecord",
    "WrittenDashboard",
    "check_target",
    "export_dashboard",
    "export_tables",
    "publish",
    "query",
    "read_target_record",
    "serve_dashboard",
    "target_names",
    "write_report",
    "write_superset_dashboard",
]


def query(
    folder: DataFolder, sql: str, *, max_rows: int | None = None, timeout: float | None = None
) -> "Rows":
    """Run ``sql`` over the published and the fetched tables of a data folder, and return its rows.

    The database is read-only, and SQL reaches no other file and no network: an agent may have
    written it. With ``max_rows``, ``truncated`` of the result says whether there are more rows.

    Args:
        folder: The data folder.
        sql: The SQL, one statement that reads.
        max_rows: The most rows of the result. None: all.
        timeout: Seconds after which the query is interrupted. None: never.

    Raises:
        NothingPublishedError: if there are no tables.
        QueryError: if ``sql`` is not one statement, or DuckDB rejects it.
        QueryTimeoutError: if its rows are not there after ``timeout`` seconds.
    """
    storage = import_module("mixpanel_data._internal.storage")
    if not folder.published.is_file() and not folder.workspace.is_file():
        raise NothingPublishedError(str(folder.root))
    with storage.StorageEngine.project(folder, read_only=True) as engine:
        rows: Rows = engine.execute_rows(sql, max_rows=max_rows, timeout=timeout)
    return rows


__getattr__, __dir__ = lazy_names(__name__, _HOMES)
