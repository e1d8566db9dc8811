"""The completeness and age of the data."""

from dataclasses import dataclass
from datetime import date, datetime

from mixpanel_data._internal.html_report.date_range import Unit, bucket_sql, line_unit
from mixpanel_data._internal.html_report.published_tables import PublishedTables
from mixpanel_data._internal.streams.windows import Window

MOST_GAPS = 12
# The newest fetched day may be incomplete, and is not missing.
DAYS = """
    SELECT *, NOT is_complete AND day < (SELECT max(day) FROM dq_days WHERE is_fetched) AS is_missing FROM dq_days
"""


@dataclass(frozen=True)
class Stored:
    """Rows fetched for a day, week or month, and its missing or incomplete days."""

    start: date
    rows: int
    missing_days: int


@dataclass(frozen=True)
class Freshness:
    """The fetched days, over the complete history. Times are naive UTC."""

    first_day: date | None
    last_day: date | None
    days_wanted: int
    days_missing: int
    gaps: tuple[Window, ...]
    """The newest gaps, oldest first."""
    gaps_in_all: int
    fetched_at: datetime | None
    rejected: int
    complete_until: date | None
    """The newest day that was fetched after it had ended."""
    days_behind: int | None
    """Days from the newest fetched day to today, in the project's zone."""
    unit: Unit
    stored: tuple[Stored, ...]
    """Within the days of the report."""

    @property
    def is_complete(self) -> bool:
        return self.days_wanted > 0 and not self.days_missing


def read_freshness(db: PublishedTables, span: Window | None, today: date) -> Freshness:
    """Read the freshness from ``dq_days``, which has a row for every day that was to be fetched."""
    first, last, wanted, missing, fetched_at, rejected, complete_until = db.row(
        f"""
        SELECT min(day) FILTER (WHERE is_fetched), max(day) FILTER (WHERE is_fetched), count(*),
               count(*) FILTER (WHERE is_missing), max(fetched_at), coalesce(sum(rejected_count), 0)::BIGINT,
               max(day) FILTER (WHERE is_complete)
        FROM ({DAYS})
        """
    )
    # Consecutive days minus their rank are equal, which groups missing days into gaps.
    gaps = db.rows(
        f"""
        SELECT min(day), max(day), count(*) OVER () FROM (
            SELECT day, day - CAST(row_number() OVER (ORDER BY day) AS INTEGER) AS run FROM ({DAYS})
            WHERE is_missing
        ) GROUP BY run ORDER BY 1 DESC LIMIT {MOST_GAPS}
        """
    )
    unit = line_unit(span) if span else "day"
    return Freshness(
        first_day=first,
        last_day=last,
        days_wanted=wanted,
        days_missing=missing,
        gaps=tuple(Window(start, end) for start, end, _ in reversed(gaps)),
        gaps_in_all=gaps[0][2] if gaps else 0,
        fetched_at=fetched_at,
        rejected=rejected,
        complete_until=complete_until,
        days_behind=(today - last).days if last else None,
        unit=unit,
        stored=_stored(db, span, unit) if span else (),
    )


def _stored(db: PublishedTables, span: Window, unit: Unit) -> tuple[Stored, ...]:
    rows = db.rows(
        f"""
        SELECT {bucket_sql(unit, "day")} AS start, coalesce(sum(row_count), 0)::BIGINT, count(*) FILTER (WHERE is_missing)
        FROM ({DAYS}) WHERE day BETWEEN $first AND $last GROUP BY start ORDER BY start
        """,
        first=span.first,
        last=span.last,
    )
    return tuple(Stored(*row) for row in rows)
