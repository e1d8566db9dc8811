"""Sessions: how many, how long, and on which systems."""

from dataclasses import dataclass
from datetime import date

from mixpanel_data._internal.html_report.date_range import Unit, bucket_sql, line_unit
from mixpanel_data._internal.html_report.published_tables import PublishedTables
from mixpanel_data._internal.streams.windows import Window

MOST_SYSTEMS = 6

# A user counts once, a session without an end has no duration.
_FIGURES = """
    count(*) AS sessions, count(DISTINCT user_id), median(duration_seconds), avg(is_bounce::INTEGER), avg(event_count)
"""


@dataclass(frozen=True)
class Figures:
    """Figures of some sessions; None if there are none."""

    sessions: int
    users: int
    median_seconds: float | None
    bounce_rate: float | None
    events: float | None
    """Events of a session, the mean."""


@dataclass(frozen=True)
class SessionsOf:
    """The sessions with one value of a property; ``value`` None if it was not sent."""

    value: str | None
    figures: Figures


@dataclass(frozen=True)
class SessionStart:
    """The sessions that began in a day, week or month; None if unknown."""

    start: date
    sessions: int | None
    is_partial: bool
    """True if not all of it is known."""


@dataclass(frozen=True)
class Sessions:
    """The sessions of the report's days."""

    figures: Figures
    unit: Unit
    starts: tuple[SessionStart, ...]
    systems: tuple[SessionsOf, ...]
    """By operating system, the most frequent first; empty if none was sent."""


def read_sessions(db: PublishedTables, span: Window) -> Sessions | None:
    """Read sessions from ``sessions``, with the known days of ``daily_active_users``; None if there
    are no sessions."""
    within = {"first": span.first, "last": span.last}
    figures = Figures(
        *db.row(
            f"SELECT {_FIGURES} FROM sessions WHERE session_date BETWEEN $first AND $last", **within
        )
    )
    if not figures.sessions:
        return None
    unit = line_unit(span)
    # A known day without sessions is 0, an unknown day NULL.
    starts = db.rows(
        f"""
        SELECT {bucket_sql(unit, "event_date")} AS start,
               CASE WHEN count(dau) > 0 THEN coalesce(sum(sessions), 0)::BIGINT END, bool_or(is_partial)
        FROM daily_active_users LEFT JOIN (
            SELECT session_date AS event_date, count(*) AS sessions FROM sessions GROUP BY session_date
        ) USING (event_date)
        WHERE event_date BETWEEN $first AND $last GROUP BY start ORDER BY start
        """,
        **within,
    )
    return Sessions(
        figures=figures,
        unit=unit,
        starts=tuple(SessionStart(*row) for row in starts),
        systems=sessions_by(db, "os", span, MOST_SYSTEMS),
    )


def sessions_by(
    db: PublishedTables, column: str, span: Window, limit: int
) -> tuple[SessionsOf, ...]:
    """Read the figures of the most frequent values of a column of ``sessions``, those without a
    value among them; empty if no session has a value."""
    rows = db.rows(
        f"""
        SELECT {column}, {_FIGURES} FROM sessions WHERE session_date BETWEEN $first AND $last
        GROUP BY {column} ORDER BY sessions DESC, {column} LIMIT {limit + 1}
        """,
        first=span.first,
        last=span.last,
    )
    if all(row[0] is None for row in rows):
        return ()
    return tuple(SessionsOf(value, Figures(*figures)) for value, *figures in rows[:limit])
