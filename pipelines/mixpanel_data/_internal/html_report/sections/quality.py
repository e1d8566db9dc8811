"""Data-quality checks: late, duplicate and unreadable events, and unusual counts."""

from dataclasses import dataclass
from datetime import date

from mixpanel_data._internal.html_report.date_range import Unit, bucket_sql, line_unit
from mixpanel_data._internal.html_report.published_tables import PublishedTables
from mixpanel_data._internal.streams.windows import Window

MOST_ANOMALIES = 10
MOST_CASTS = 10


@dataclass(frozen=True)
class LateStart:
    """Events of a day, week or month by their delay."""

    start: date
    events: int | None
    """None if unknown."""
    over_1_day: int | None
    over_5_days: int | None


@dataclass(frozen=True)
class LateArrivals:
    """Events that Mixpanel processed long after they occurred."""

    unit: Unit
    starts: tuple[LateStart, ...]
    events: int
    over_1_day: int
    over_5_days: int
    unknown: int
    """Events without a processing time."""
    latest_seconds: float | None


@dataclass(frozen=True)
class Duplicates:
    """Rows of the export that repeat another."""

    exported: int
    repeats: int


@dataclass(frozen=True)
class Anomaly:
    """A day with an unusually high or low count of an event."""

    event: str
    day: date
    count: int
    usual: float
    score: float


@dataclass(frozen=True)
class Anomalies:
    """The largest deviations, newest first, and the number of all."""

    worst: tuple[Anomaly, ...]
    in_all: int


@dataclass(frozen=True)
class FailedCast:
    """Values of a column that do not have its type: of one event, or of profiles."""

    column: str
    event: str | None
    failed: int
    last_date: date


def read_late(db: PublishedTables, span: Window) -> LateArrivals:
    """Read late events from ``dq_late_arrivals``, with the days of ``daily_active_users``."""
    unit = line_unit(span)
    within = {"first": span.first, "last": span.last}
    # A known day without events is 0, an unknown day NULL; daily_active_users shows which days are
    # known.
    rows = db.rows(
        f"""
        SELECT {bucket_sql(unit, "event_date")} AS start, sum(coalesce(events, known))::BIGINT,
               sum(coalesce(later_than_1_day, known))::BIGINT, sum(coalesce(later_than_5_days, known))::BIGINT
        FROM (SELECT event_date, CASE WHEN dau IS NOT NULL THEN 0 END AS known FROM daily_active_users)
        LEFT JOIN dq_late_arrivals USING (event_date)
        WHERE event_date BETWEEN $first AND $last GROUP BY start ORDER BY start
        """,
        **within,
    )
    unknown, latest = db.row(
        """
        SELECT coalesce(sum(without_processing_time), 0)::BIGINT, max(max_lateness_seconds)
        FROM dq_late_arrivals WHERE event_date BETWEEN $first AND $last
        """,
        **within,
    )
    starts = tuple(LateStart(*row) for row in rows)
    return LateArrivals(
        unit=unit,
        starts=starts,
        events=sum(each.events or 0 for each in starts),
        over_1_day=sum(each.over_1_day or 0 for each in starts),
        over_5_days=sum(each.over_5_days or 0 for each in starts),
        unknown=unknown,
        latest_seconds=latest,
    )


def read_duplicates(db: PublishedTables, span: Window) -> Duplicates:
    """Read duplicates from ``dq_duplicates``."""
    return Duplicates(
        *db.row(
            """
            SELECT coalesce(sum(exported_rows), 0)::BIGINT, coalesce(sum(duplicates), 0)::BIGINT
            FROM dq_duplicates WHERE event_date BETWEEN $first AND $last
            """,
            first=span.first,
            last=span.last,
        )
    )


def read_anomalies(db: PublishedTables, span: Window) -> Anomalies:
    """Read anomalies from ``dq_volume``."""
    rows = db.rows(
        f"""
        SELECT event, event_date, event_count, usual_count, score, count(*) OVER ()
        FROM dq_volume WHERE is_anomaly AND event_date BETWEEN $first AND $last
        ORDER BY abs(score) DESC, event_date DESC, event LIMIT {MOST_ANOMALIES}
        """,
        first=span.first,
        last=span.last,
    )
    # By size in SQL, so that the limit keeps the largest; by day here, as people read a log.
    worst = sorted((Anomaly(*row[:5]) for row in rows), key=lambda each: each.day, reverse=True)
    return Anomalies(tuple(worst), rows[0][5] if rows else 0)


def read_casts(db: PublishedTables) -> tuple[FailedCast, ...]:
    """Read failed casts from ``dq_casts``, over the complete history."""
    return tuple(
        FailedCast(*row)
        for row in db.rows(
            f"SELECT column_name, event, failed, last_date FROM dq_casts ORDER BY failed DESC, event, column_name LIMIT {MOST_CASTS}"
        )
    )
