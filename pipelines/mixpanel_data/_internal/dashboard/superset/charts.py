"""The charts of the dashboard, by tab: what Superset keeps of each, and the query of its data."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from mixpanel_data._internal.dashboard.superset.datasets import DATASETS
from mixpanel_data._internal.dashboard.view import Events
from mixpanel_data._internal.html_report.formatting import name

MOST_ROWS = 10_000
MOST_ROWS_OF_A_TABLE = 200
COLUMN_FORMS: Mapping[str, str] = {
    **dict.fromkeys(("rate_on_weighted", "rate_on_or_after_weighted"), ".1%"),
    **dict.fromkeys(("lift", "lift_low", "lift_high"), "+.1%"),
    **dict.fromkeys(("mean", "mean_before", "mean_after"), ",.3f"),
    **dict.fromkeys(("difference", "difference_low", "difference_high"), "+,.3f"),
    **dict.fromkeys(("p_value", "sample_ratio_p_value"), ".3f"),
    **dict.fromkeys(("expected_users", "usual_count", "score"), ",.1f"),
}
"""How d3 formats columns of tables."""
FORMS: Mapping[tuple[str, str], str] = {
    (dataset.table, metric.name): metric.form for dataset in DATASETS for metric in dataset.metrics
}
TIMES: Mapping[str, str | None] = {dataset.table: dataset.time for dataset in DATASETS}


@dataclass(frozen=True)
class Chart:
    """A chart over a dataset. ``width`` is in twelfths of the page."""

    title: str
    table: str
    kind: str
    params: dict[str, Any]
    query: dict[str, Any]
    width: int = 6
    description: str = ""


@dataclass(frozen=True)
class Tab:
    """A tab of the dashboard. ``notes`` are shown above its charts."""

    title: str
    charts: tuple[Chart, ...]
    notes: tuple[str, ...] = field(default=())


def tabs(events: Events) -> tuple[Tab, ...]:
    """Return the tabs with all charts, of tables with rows and without."""
    return (
        _kpis(events),
        Tab(
            "Segments",
            (
                _line(
                    "MAU by segment",
                    "active_users_by_segment",
                    "event_date",
                    ["mau"],
                    by=("dimension", "segment"),
                    where="NOT is_mau_partial",
                    width=12,
                ),
                _line(
                    "New users by segment",
                    "active_users_by_segment",
                    "event_date",
                    ["new_users"],
                    by=("dimension", "segment"),
                    where="NOT is_partial",
                    width=12,
                ),
            ),
        ),
        _lifecycle(),
        _launch(events),
        _experiments(),
        _quality(),
    )


def _kpis(events: Events) -> Tab:
    complete = "NOT is_partial"
    charts = [
        _number("Mean DAU", "daily_active_users", "dau", where=complete),
        _number("MAU of the last complete day", "daily_active_users", "mau", where=complete),
        _number("DAU / MAU", "daily_active_users", "stickiness"),
        _number("New users", "daily_active_users", "new_users", where=complete),
        _line(
            "Active users",
            "daily_active_users",
            "event_date",
            ["dau", "wau", "mau"],
            where=complete,
            width=12,
            description="Days that are not complete are left out.",
        ),
    ]
    notes = []
    if events.sign_up is None:
        notes.append(
            "Sign-ups: write this dashboard with `mp dashboard --superset FILE --sign-up EVENT`."
        )
    else:
        charts += _of_event("sign-up", events.sign_up)
    if events.value_moment is None:
        notes.append(
            "Value moments: write this dashboard with `mp dashboard --superset FILE --value-moment EVENT`."
        )
    else:
        charts += _of_event("value moment", events.value_moment)
        charts.append(
            _number(
                "Value moments per user", "user_days", "times_per_user", event=events.value_moment
            )
        )
    charts.append(
        _line(
            "Revenue by day",
            "revenue_periods",
            "period_start",
            ["amount"],
            by=("revenue", "currency"),
            where="unit = 'day'",
            width=12,
            kind="echarts_timeseries_bar",
        )
    )
    return Tab("Company KPIs", tuple(charts), tuple(notes))


def _of_event(role: str, event: str) -> list[Chart]:
    return [
        _number(f"Users with a {role}", "user_days", "users", event=event),
        _line(
            f"Users with a {role} by week: {name(event)}",
            "user_days",
            "event_date",
            ["users"],
            event=event,
            grain="P1W",
            kind="echarts_timeseries_bar",
            width=9,
        ),
    ]


def _lifecycle() -> Tab:
    return Tab(
        "User lifecycle",
        (
            _line(
                "Users by origin, by week",
                "lifecycle",
                "period_start",
                ["new", "retained", "resurrected", "dormant"],
                where="period = 'week' AND NOT is_partial",
                kind="echarts_timeseries_bar",
                stacked=True,
                width=12,
                description="Weeks that are not complete are left out. Below the line: users of the week before who did not return.",
            ),
            _table(
                "Average retention",
                "retention_averages",
                [
                    "retention",
                    "interval_number",
                    "cohorts",
                    "users",
                    "rate_on_weighted",
                    "rate_on_or_after_weighted",
                ],
                where="segment IS NULL",
                order=(("retention", True), ("interval_number", True)),
            ),
            _bars("Users by stage", "users", "stage", "users"),
            _bars("Users by activity", "users", "activity_level", "users"),
        ),
    )


def _launch(events: Events) -> Tab:
    feature = events.feature or events.value_moment
    return Tab(
        "Feature launch",
        (
            _line(
                "Users of 28 days by event",
                "daily_events",
                "event_date",
                ["users_28d"],
                by=("event",),
                event=feature,
                where="NOT is_partial",
                width=12,
            ),
            _line(
                "First-time users by event",
                "daily_events",
                "event_date",
                ["new_users"],
                by=("event",),
                event=feature,
                where="NOT is_partial",
                kind="echarts_timeseries_bar",
                width=12,
            ),
            _table(
                "Impact of the first use",
                "impacts",
                [
                    "impact",
                    "days",
                    "adopters",
                    "mean_before",
                    "mean_after",
                    "difference",
                    "difference_low",
                    "difference_high",
                    "lift",
                    "p_value",
                ],
                width=12,
            ),
        ),
    )


def _experiments() -> Tab:
    return Tab(
        "Experiments",
        (
            _table(
                "Variants",
                "experiment_variants",
                [
                    "experiment",
                    "variant",
                    "is_control",
                    "users",
                    "expected_users",
                    "sample_ratio_p_value",
                    "is_sample_ratio_mismatch",
                    "is_partial",
                ],
                width=12,
            ),
            _table(
                "Results",
                "experiment_results",
                [
                    "experiment",
                    "metric",
                    "measure",
                    "variant",
                    "users",
                    "mean",
                    "lift",
                    "lift_low",
                    "lift_high",
                    "p_value",
                    "is_sample_ratio_mismatch",
                    "is_partial",
                ],
                width=12,
            ),
        ),
    )


def _quality() -> Tab:
    return Tab(
        "Data quality",
        (
            _number("Days not complete", "dq_days", "missing"),
            _line(
                "Rows fetched by day",
                "dq_days",
                "day",
                ["rows"],
                kind="echarts_timeseries_bar",
                width=9,
            ),
            _line(
                "Share of late events",
                "dq_late_arrivals",
                "event_date",
                ["late_share"],
                kind="echarts_timeseries_bar",
            ),
            _line(
                "Share of repeats",
                "dq_duplicates",
                "event_date",
                ["duplicate_share"],
                kind="echarts_timeseries_bar",
            ),
            _table(
                "Unusual volumes",
                "dq_volume",
                ["event_date", "event", "event_count", "usual_count", "score"],
                where="is_anomaly",
                width=12,
                order=(("event_date", False), ("event", True)),
            ),
        ),
    )


def _filters(where: str, event: str | None) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    """Return the conditions as the chart keeps them, and as its query has them."""
    kept: list[dict[str, Any]] = []
    asked: dict[str, Any] = {"filters": [], "extras": {}}
    if where:
        kept.append({"clause": "WHERE", "expressionType": "SQL", "sqlExpression": where})
        asked["extras"] = {"where": f"({where})"}
    if event is not None:
        # As a value, not as SQL: names of events may hold anything.
        equal = {"clause": "WHERE", "expressionType": "SIMPLE", "subject": "event"}
        kept.append({**equal, "operator": "==", "operatorId": "EQUALS", "comparator": event})
        asked["filters"] = [{"col": "event", "op": "==", "val": event}]
    return kept, asked


def _days_of(table: str) -> list[dict[str, Any]]:
    """Return the condition that the filter of days of the dashboard replaces, if there are days."""
    time = TIMES[table]
    if time is None:
        return []
    return [
        {
            "clause": "WHERE",
            "expressionType": "SIMPLE",
            "subject": time,
            "operator": "TEMPORAL_RANGE",
            "comparator": "No filter",
        }
    ]


def _line(
    title: str,
    table: str,
    time: str,
    metrics: list[str],
    *,
    by: tuple[str, ...] = (),
    where: str = "",
    event: str | None = None,
    grain: str = "P1D",
    kind: str = "echarts_timeseries_line",
    stacked: bool = False,
    width: int = 6,
    description: str = "",
) -> Chart:
    kept, asked = _filters(where, event)
    axis = {
        "timeGrain": grain,
        "columnType": "BASE_AXIS",
        "sqlExpression": time,
        "label": time,
        "expressionType": "SQL",
    }
    params = {
        "x_axis": time,
        "time_grain_sqla": grain,
        "metrics": metrics,
        "groupby": list(by),
        "adhoc_filters": [*_days_of(table), *kept],
        "y_axis_format": FORMS[table, metrics[0]],
        "row_limit": MOST_ROWS,
        "show_legend": True,
        "rich_tooltip": True,
        "truncate_metric": True,
        "stack": "Stack" if stacked else None,
    }
    query = {
        **asked,
        "columns": [axis, *by],
        "metrics": metrics,
        "orderby": [[time, True]],
        "series_columns": list(by),
        "row_limit": MOST_ROWS,
    }
    return Chart(title, table, kind, params, query, width, description)


def _number(
    title: str, table: str, metric: str, *, where: str = "", event: str | None = None
) -> Chart:
    kept, asked = _filters(where, event)
    params = {
        "metric": metric,
        "adhoc_filters": [*_days_of(table), *kept],
        "header_font_size": 0.3,
        "y_axis_format": FORMS[table, metric],
    }
    query = {**asked, "columns": [], "metrics": [metric]}
    return Chart(title, table, "big_number_total", params, query, 3)


def _bars(title: str, table: str, column: str, metric: str) -> Chart:
    params = {
        "x_axis": column,
        "metrics": [metric],
        "groupby": [],
        "adhoc_filters": [],
        "row_limit": MOST_ROWS,
        "x_axis_sort": metric,
        "x_axis_sort_asc": False,
    }
    query = {
        "filters": [],
        "extras": {},
        "columns": [column],
        "metrics": [metric],
        "orderby": [[metric, False]],
        "row_limit": MOST_ROWS,
    }
    return Chart(title, table, "echarts_timeseries_bar", params, query, 6)


def _table(
    title: str,
    table: str,
    columns: Sequence[str],
    *,
    where: str = "",
    width: int = 6,
    order: Sequence[tuple[str, bool]] = (),
) -> Chart:
    """Return a table of columns; ``order`` has columns, and whether their values rise."""
    kept, asked = _filters(where, None)
    rising = order or [(column, True) for column in columns[:4]]
    params = {
        "query_mode": "raw",
        "all_columns": list(columns),
        "adhoc_filters": [*_days_of(table), *kept],
        "row_limit": MOST_ROWS_OF_A_TABLE,
        "order_by_cols": [json.dumps([column, rises]) for column, rises in rising],
        "table_timestamp_format": "%Y-%m-%d",
        "show_cell_bars": False,
        "column_config": {
            column: {"d3NumberFormat": form}
            for column, form in COLUMN_FORMS.items()
            if column in columns
        },
    }
    query = {
        **asked,
        "columns": list(columns),
        "orderby": [[column, rises] for column, rises in rising],
        "row_limit": MOST_ROWS_OF_A_TABLE,
    }
    return Chart(title, table, "table", params, query, width)
