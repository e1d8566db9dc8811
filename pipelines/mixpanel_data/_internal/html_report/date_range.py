"""The days of a report, and the unit of its charts."""

from datetime import date, timedelta
from typing import Literal

from mixpanel_data._internal.html_report.published_tables import PublishedTables
from mixpanel_data._internal.streams.windows import Window
from mixpanel_data.exceptions import ConfigError

Unit = Literal["day", "week", "month"]

DEFAULT_DAYS = 90
MAX_POINTS = 400


def covered_days(db: PublishedTables) -> Window | None:
    """Return the days in the file, in the project's zone; None if there are none."""
    for table, column in (("daily_active_users", "event_date"), ("dq_days", "day")):
        if table in db.tables:
            first, last = db.row(f"SELECT min({column}), max({column}) FROM {table}")
            if first:
                return Window(first, last)
    return None


def resolve_span(days: Window | None, first: date | None, last: date | None) -> Window | None:
    """Return the days to show: by default the last 90.

    Raises:
        ConfigError: if ``first`` is after ``last``, or the file has none of the requested days.
    """
    if first and last and first > last:
        raise ConfigError(f"--from {first} is after --to {last}.")
    if days is None:
        return None
    if (first and first > days.last) or (last and last < days.first):
        raise ConfigError(
            f"None of the requested days is available: the file has {days.first} to {days.last}."
        )
    end = min(last or days.last, days.last)
    begin = first or end - timedelta(days=DEFAULT_DAYS - 1)
    return Window(max(begin, days.first), end)


def line_unit(span: Window) -> Unit:
    """Return the unit that limits a line over ``span`` to a bounded number of points."""
    return "day" if len(span) <= MAX_POINTS else "week" if len(span) <= 7 * MAX_POINTS else "month"


def bar_unit(span: Window) -> Unit:
    """Return the unit that limits bars over ``span`` to a few."""
    return "day" if len(span) <= 31 else "week" if len(span) <= 400 else "month"


def bucket_sql(unit: Unit, column: str) -> str:
    """Return SQL for the first day of the ``unit`` that contains the date ``column``."""
    return f"CAST(date_trunc('{unit}', {column}) AS DATE)"
