"""Writes the zip that Superset imports."""

import io
import json
import uuid
import zipfile
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import quote

import yaml

from mixpanel_data._internal.dashboard.superset.charts import Chart, Tab, tabs
from mixpanel_data._internal.dashboard.superset.datasets import DATASETS, Dataset
from mixpanel_data._internal.dashboard.view import Events, require_events
from mixpanel_data._internal.dashboard.written import WrittenDashboard
from mixpanel_data._internal.data_folder.output_files import require_writable, write_output_file
from mixpanel_data._internal.html_report.published_tables import (
    PublishedTables,
    open_published_tables,
)
from mixpanel_data._internal.settings import Settings
from mixpanel_data._internal.sql_literals import identifier

ROOT = "mixpanel_dashboard"
VERSION = "1.0.0"
OPTION = "mp dashboard --superset"
ROW_WIDTH = 12
CONFIGURE: Mapping[str, str] = {
    "active_users_by_segment": "the variable `segments`",
    "revenue_periods": "the variable `revenue`",
    "retention_averages": "the variable `retentions`",
    "impacts": "the variable `impacts`",
    "experiment_variants": "events `$experiment_started`, and the variable `experiments`",
    "experiment_results": "the variable `experiment_metrics`",
}
"""What a table has no rows without."""


def write_superset_dashboard(
    settings: Settings,
    output: Path,
    *,
    sign_up: str | None = None,
    value_moment: str | None = None,
    feature: str | None = None,
) -> WrittenDashboard:
    """Write a zip with database, datasets, metrics, charts and a dashboard, to import into Superset.

    Charts of tables without rows are left out, and a text in their place names what to configure.
    The ids in it depend on the path of the published file and on the charts, so that another import
    replaces the dashboard.

    Args:
        settings: The settings, as :func:`load_settings` returns them.
        output: The zip, or a folder that exists.
        sign_up: The event of a sign-up.
        value_moment: The event by which a user gets what the product is for.
        feature: The event of the tab on a feature launch. None: ``value_moment``, else all events.

    Raises:
        NothingPublishedError: if nothing is published.
        ConfigError: if no user ever did an event.
        StorageError: if the file can't be written.
    """
    target = output.expanduser().absolute()
    if target.is_dir():
        target /= "superset.zip"
    require_writable(target, option=OPTION)
    events = Events(sign_up, value_moment, feature)
    with open_published_tables(settings.folder, memory_limit=settings.memory_limit) as db:
        require_events(db, events)
        files = _files(db, settings.folder.published.absolute(), events)
    content = _zipped(files)
    write_output_file(target, content, option=OPTION)
    return WrittenDashboard(target, len(content))


def _zipped(files: dict[str, Any]) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            text = yaml.safe_dump(content, sort_keys=False, allow_unicode=True)
            archive.writestr(f"{ROOT}/{name}", text)
    return packed.getvalue()


def _files(db: PublishedTables, published: Path, events: Events) -> dict[str, Any]:
    """Return what the zip has: names of YAML files, and their content."""
    uri = f"duckdb:///{quote(str(published))}?access_mode=read_only"
    database = uuid.uuid5(uuid.NAMESPACE_URL, uri)
    shown = [_without_empty(db, tab) for tab in tabs(events)]
    used = {chart.table for tab in shown for chart in tab.charts}
    datasets = {each.table: each for each in DATASETS if each.table in used}
    ids = {table: str(uuid.uuid5(database, table)) for table in datasets}
    # Databases and datasets of a Superset have names that differ: those of two files do, too.
    label = f"Mixpanel {_project(db)} ({str(database)[:4]})"
    files: dict[str, Any] = {
        "metadata.yaml": {
            "version": VERSION,
            "type": "Dashboard",
            "timestamp": datetime.now(UTC).isoformat(),
        },
        f"databases/{_file_name(label)}.yaml": _database(label, uri, database),
    }
    for table, dataset in datasets.items():
        files[f"datasets/{_file_name(label)}/{table}.yaml"] = _dataset(
            db, dataset, ids[table], database, label
        )
    chart_ids: dict[int, str] = {}
    numbers: dict[str, int] = {}
    for tab in shown:
        for chart in tab.charts:
            # Superset keeps a chart that it has: one with another query needs another id.
            content = json.dumps([tab.title, chart.title, chart.kind, chart.params, chart.query])
            chart_ids[id(chart)] = str(uuid.uuid5(database, content))
            numbers[chart_ids[id(chart)]] = len(numbers) + 1
            name = f"charts/{_file_name(chart.title)}_{len(numbers)}.yaml"
            files[name] = _chart(chart, chart_ids[id(chart)], ids[chart.table])
    files[f"dashboards/{ROOT}.yaml"] = {
        "dashboard_title": label,
        "description": "Boards of the tables that mixpanel_data publishes.",
        "slug": None,
        "uuid": str(uuid.uuid5(database, "dashboard")),
        "position": _position(label, shown, chart_ids, numbers),
        "metadata": {
            "native_filter_configuration": _native_filters(ids.get("active_users_by_segment")),
            "filter_bar_orientation": "HORIZONTAL",
            "color_scheme": "supersetColors",
            "cross_filters_enabled": True,
        },
        "version": VERSION,
        "published": True,
    }
    return files


def _project(db: PublishedTables) -> str:
    found = db.rows("SELECT project_id FROM _metadata LIMIT 1") if "_metadata" in db.tables else []
    return f"project {found[0][0]}" if found else "tables"


def _has_rows(db: PublishedTables, table: str, where: str = "true") -> bool:
    return table in db.tables and bool(db.rows(f'SELECT 1 FROM "{table}" WHERE {where} LIMIT 1'))


def _without_empty(db: PublishedTables, tab: Tab) -> Tab:
    """Return the tab with the charts that have rows, and notes in place of the others."""
    charts, notes = [], list(tab.notes)
    for chart in tab.charts:
        if _has_rows(db, chart.table, chart.query["extras"].get("where", "true")):
            charts.append(chart)
        elif _has_rows(db, chart.table):
            notes.append(f"{chart.title}: there are none.")
        else:
            needed = CONFIGURE.get(chart.table, "a sync")
            notes.append(f"{chart.title}: the table {chart.table} has no rows. It needs {needed}.")
    return Tab(tab.title, tuple(charts), tuple(notes))


def _database(label: str, uri: str, database: uuid.UUID) -> dict[str, Any]:
    return {
        "database_name": label,
        "sqlalchemy_uri": uri,
        "cache_timeout": None,
        "expose_in_sqllab": True,
        "allow_run_async": False,
        "allow_ctas": False,
        "allow_cvas": False,
        "allow_dml": False,
        "allow_csv_upload": False,
        "extra": {},
        "uuid": str(database),
        "version": VERSION,
    }


def _dataset(
    db: PublishedTables, dataset: Dataset, own: str, database: uuid.UUID, label: str
) -> dict[str, Any]:
    columns = db.rows(
        "SELECT column_name, data_type, comment FROM duckdb_columns() WHERE table_name = $table "
        "AND schema_name = 'main' ORDER BY column_index",
        table=dataset.table,
    )
    (comment,) = db.rows(
        "SELECT comment FROM duckdb_tables() WHERE table_name = $table AND schema_name = 'main'",
        table=dataset.table,
    )[0]
    return {
        "table_name": f"{label} {dataset.table}",
        "main_dttm_col": dataset.time,
        "description": comment,
        "schema": "main",
        # A query: a Superset may have a dataset of this table already.
        "sql": f"SELECT * FROM {identifier('main', dataset.table)}",
        "filter_select_enabled": True,
        "uuid": own,
        "metrics": [
            {
                "metric_name": metric.name,
                "verbose_name": metric.title,
                "expression": metric.sql,
                "d3format": metric.form,
            }
            for metric in dataset.metrics
        ],
        "columns": [
            {
                "column_name": name,
                "is_dttm": kind in ("DATE", "TIMESTAMP"),
                "is_active": True,
                "type": kind,
                "groupby": True,
                "filterable": True,
                "description": text,
            }
            for name, kind, text in columns
        ],
        "version": VERSION,
        "database_uuid": str(database),
    }


def _chart(chart: Chart, own: str, dataset: str) -> dict[str, Any]:
    params = {"viz_type": chart.kind, **chart.params}
    context = {
        "datasource": {"id": 0, "type": "table"},  # Superset puts the id of the dataset here
        "force": False,
        "queries": [chart.query],
        "form_data": params,
        "result_format": "json",
        "result_type": "full",
    }
    return {
        "slice_name": chart.title,
        "description": chart.description or None,
        "viz_type": chart.kind,
        "params": params,
        "query_context": json.dumps(context),
        "cache_timeout": None,
        "uuid": own,
        "version": VERSION,
        "dataset_uuid": dataset,
    }


def _native_filters(segments: str | None) -> list[dict[str, Any]]:
    """Return the filters of the dashboard: days, and dimension and segment where there are some."""
    days = _native_filter("days", "Days", "filter_time", [{}], "ROOT_ID")
    if segments is None:
        return [days]
    return [
        days,
        *(
            _native_filter(
                column,
                column.capitalize(),
                "filter_select",
                [{"datasetUuid": segments, "column": {"name": column}}],
                _tab_id("Segments"),
            )
            for column in ("dimension", "segment")
        ),
    ]


def _native_filter(
    own: str, title: str, kind: str, targets: list[dict[str, Any]], scope: str
) -> dict[str, Any]:
    return {
        "id": f"NATIVE_FILTER-{own}",
        "name": title,
        "filterType": kind,
        "type": "NATIVE_FILTER",
        "targets": targets,
        "scope": {"rootPath": [scope], "excluded": []},
        "defaultDataMask": {"extraFormData": {}, "filterState": {}},
        "cascadeParentIds": ["NATIVE_FILTER-dimension"] if own == "segment" else [],
        "controlValues": {"enableEmptyFilter": False, "multiSelect": True},
        "description": "",
    }


def _position(
    label: str, shown: list[Tab], chart_ids: dict[int, str], numbers: dict[str, int]
) -> dict[str, Any]:
    """Return the layout: a tab for each board, and its charts in rows."""
    top = ["ROOT_ID", "TABS-boards"]
    found: dict[str, Any] = {
        "DASHBOARD_VERSION_KEY": "v2",
        "ROOT_ID": {"type": "ROOT", "id": "ROOT_ID", "children": ["TABS-boards"]},
        "GRID_ID": {"type": "GRID", "id": "GRID_ID", "children": [], "parents": ["ROOT_ID"]},
        "HEADER_ID": {"type": "HEADER", "id": "HEADER_ID", "meta": {"text": label}},
        "TABS-boards": {
            "type": "TABS",
            "id": "TABS-boards",
            "children": [_tab_id(tab.title) for tab in shown],
            "parents": ["ROOT_ID"],
            "meta": {},
        },
    }
    for tab in shown:
        own = _tab_id(tab.title)
        rows: list[str] = []
        if tab.notes:
            text = "\n\n".join(tab.notes)
            meta = {"code": text, "width": ROW_WIDTH, "height": 10 + 6 * len(tab.notes)}
            rows.append(_add_row(found, [*top, own], rows, [("MARKDOWN", f"MARKDOWN-{own}", meta)]))
        for line in _lines(tab.charts):
            members = []
            for chart in line:
                key = chart_ids[id(chart)]
                meta = {
                    "chartId": numbers[key],
                    "uuid": key,
                    "sliceName": chart.title,
                    "width": chart.width,
                    "height": 28 if all(each.width == 3 for each in line) else 50,
                }
                members.append(("CHART", f"CHART-{key}", meta))
            rows.append(_add_row(found, [*top, own], rows, members))
        found[own] = {
            "type": "TAB",
            "id": own,
            "children": rows,
            "parents": top,
            "meta": {"text": tab.title},
        }
    return found


def _add_row(
    found: dict[str, Any],
    parents: list[str],
    rows: list[str],
    members: list[tuple[str, str, dict[str, Any]]],
) -> str:
    row = f"ROW-{parents[-1]}-{len(rows)}"
    for kind, own, meta in members:
        found[own] = {
            "type": kind,
            "id": own,
            "children": [],
            "parents": [*parents, row],
            "meta": meta,
        }
    found[row] = {
        "type": "ROW",
        "id": row,
        "children": [own for _, own, _ in members],
        "parents": parents,
        "meta": {"background": "BACKGROUND_TRANSPARENT"},
    }
    return row


def _lines(charts: tuple[Chart, ...]) -> list[list[Chart]]:
    """Return the charts in lines that are as wide as the page at most."""
    lines: list[list[Chart]] = []
    for chart in charts:
        if not lines or sum(each.width for each in lines[-1]) + chart.width > ROW_WIDTH:
            lines.append([])
        lines[-1].append(chart)
    return lines


def _tab_id(title: str) -> str:
    return "TAB-" + _file_name(title).lower()


def _file_name(title: str) -> str:
    kept = "".join(letter if letter.isascii() and letter.isalnum() else "_" for letter in title)
    return kept[:60]
