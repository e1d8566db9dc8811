"""The datasets: published tables with saved metrics, which charts name."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Metric:
    """A saved metric. ``form`` is how d3 formats it."""

    name: str
    sql: str
    title: str
    form: str = ",d"


@dataclass(frozen=True)
class Dataset:
    """A published table, its column of time, and its metrics."""

    table: str
    time: str | None
    metrics: tuple[Metric, ...]


_DECIMAL = ",.2f"
_SHARE = ".1%"

DATASETS = (
    Dataset(
        "daily_active_users",
        "event_date",
        (
            Metric("dau", "avg(dau)", "DAU, mean of the days"),
            Metric("wau", "arg_max(wau, event_date)", "WAU of the last day"),
            Metric("mau", "arg_max(mau, event_date)", "MAU of the last day"),
            Metric(
                "stickiness",
                "sum(dau) FILTER (WHERE NOT is_mau_partial) / sum(mau) FILTER (WHERE NOT is_mau_partial)",
                "DAU / MAU",
                _SHARE,
            ),
            Metric("new_users", "sum(new_users)", "New users"),
            Metric("event_count", "sum(event_count)", "Events"),
        ),
    ),
    Dataset(
        "active_users_by_segment",
        "event_date",
        (
            Metric("dau", "avg(dau)", "DAU, mean of the days"),
            Metric("mau", "arg_max(mau, event_date)", "MAU of the last day"),
            Metric("new_users", "sum(new_users)", "New users"),
        ),
    ),
    Dataset(
        "user_days",
        "event_date",
        (
            Metric("users", "count(DISTINCT user_id)", "Users"),
            Metric("times", "sum(event_count) FILTER (WHERE user_id IS NOT NULL)", "Events"),
            Metric(
                "times_per_user",
                "sum(event_count) FILTER (WHERE user_id IS NOT NULL) / count(DISTINCT user_id)",
                "Events per user",
                _DECIMAL,
            ),
        ),
    ),
    Dataset(
        "revenue_periods",
        "period_start",
        (
            Metric("amount", "sum(amount)", "Revenue", _DECIMAL),
            Metric(
                "arpu", "sum(amount) / nullif(sum(active_users), 0)", "ARPU of the day", _DECIMAL
            ),
        ),
    ),
    Dataset(
        "lifecycle",
        "period_start",
        (
            Metric("new", "sum(new_users)", "New"),
            Metric("retained", "sum(retained_users)", "Retained"),
            Metric("resurrected", "sum(resurrected_users)", "Resurrected"),
            Metric("dormant", "-sum(dormant_users)", "Dormant"),
        ),
    ),
    Dataset(
        "retention_averages",
        None,
        (Metric("rate", "max(rate_on_weighted)", "Returned just then", _SHARE),),
    ),
    Dataset("users", None, (Metric("users", "count(*)", "Users"),)),
    Dataset(
        "daily_events",
        "event_date",
        (
            Metric("times", "sum(event_count)", "Events"),
            Metric("users_28d", "arg_max(trailing_users_28d, event_date)", "Users of 28 days"),
            Metric("new_users", "sum(new_users)", "First-time users"),
        ),
    ),
    Dataset("impacts", None, (Metric("lift", "max(lift)", "Lift", _SHARE),)),
    Dataset("experiment_variants", None, (Metric("users", "sum(users)", "Users"),)),
    Dataset("experiment_results", None, (Metric("lift", "max(lift)", "Lift", "+.1%"),)),
    Dataset(
        "dq_days",
        "day",
        (
            Metric("rows", "sum(row_count)", "Rows fetched"),
            Metric("missing", "count(*) FILTER (WHERE NOT is_complete)", "Days not complete"),
        ),
    ),
    Dataset(
        "dq_late_arrivals",
        "event_date",
        (
            Metric(
                "late_share",
                "sum(later_than_1_day) / nullif(sum(events), 0)",
                "Over one day late",
                _SHARE,
            ),
        ),
    ),
    Dataset(
        "dq_duplicates",
        "event_date",
        (
            Metric(
                "duplicate_share",
                "sum(duplicates) / nullif(sum(exported_rows), 0)",
                "Repeats",
                _SHARE,
            ),
        ),
    ),
    Dataset(
        "dq_volume",
        "event_date",
        (Metric("anomalies", "count(*) FILTER (WHERE is_anomaly)", "Unusual days"),),
    ),
)
