"""Revenue: the sums of a property of events that is configured as a column of numbers."""

from dataclasses import dataclass
from datetime import date

from mixpanel_data._internal.html_report.date_range import Unit, bucket_sql, line_unit
from mixpanel_data._internal.html_report.model_settings import Definitions
from mixpanel_data._internal.html_report.published_tables import PublishedTables
from mixpanel_data._internal.streams.windows import Window

NAMES = ("revenue", "amount")
"""Names of a property, or of its column, that mean revenue; the first that is there counts."""

MOST_EVENTS = 6


@dataclass(frozen=True)
class RevenueStart:
    """The revenue of a day, week or month; None if unknown."""

    start: date
    amount: float | None
    payments: int | None
    is_partial: bool
    """True if not all of it is known."""


@dataclass(frozen=True)
class RevenueOf:
    """The revenue that one event has."""

    event: str
    amount: float
    payments: int
    users: int


@dataclass(frozen=True)
class Revenue:
    """The revenue of the report's days."""

    property: str
    amount: float
    payments: int
    """Events with an amount other than 0."""
    users: int
    """Those who paid."""
    unit: Unit
    starts: tuple[RevenueStart, ...]
    events: tuple[RevenueOf, ...]


def revenue_column(definitions: Definitions) -> tuple[str, str] | None:
    """Return property and column of the revenue; None if no column of numbers is named like it."""
    columns = [
        (str(entry.get("name")), str(entry.get("alias")))
        for entry in definitions.entries("event_properties")
        # A text such as "12 EUR" can't be summed.
        if entry.get("type") in ("number", "integer")
    ]
    # Names outside, columns inside: `revenue` counts before `amount`, wherever both stand.
    for name in NAMES:
        for found in columns:
            if name in (found[0].lower().lstrip("$"), found[1].lower()):
                return found
    return None


def read_revenue(db: PublishedTables, definitions: Definitions, span: Window) -> Revenue | None:
    """Read revenue from ``events``, with the known days of ``daily_active_users``; None if nothing
    was paid, or no property is configured."""
    found = revenue_column(definitions)
    if found is None:
        return None
    name, alias = found
    within = {"first": span.first, "last": span.last}
    column = '"' + alias.replace('"', '""') + '"'
    paid = f"""
        SELECT event_date, event, user_id, {column}::DOUBLE AS amount FROM events
        WHERE event_date BETWEEN $first AND $last AND {column} <> 0
    """
    amount, payments, users = db.row(
        f"SELECT sum(amount), count(*), count(DISTINCT user_id) FROM ({paid})", **within
    )
    if not payments:
        return None
    unit = line_unit(span)
    starts = db.rows(
        f"""
        SELECT {bucket_sql(unit, "event_date")} AS start, CASE WHEN count(dau) > 0 THEN coalesce(sum(amount), 0) END,
               CASE WHEN count(dau) > 0 THEN coalesce(sum(payments), 0)::BIGINT END, bool_or(is_partial)
        FROM daily_active_users
        LEFT JOIN (SELECT event_date, sum(amount) AS amount, count(*) AS payments FROM ({paid}) GROUP BY event_date) USING (event_date)
        WHERE event_date BETWEEN $first AND $last GROUP BY start ORDER BY start
        """,
        **within,
    )
    events = db.rows(
        f"""
        SELECT event, sum(amount) AS total, count(*), count(DISTINCT user_id) FROM ({paid})
        GROUP BY event ORDER BY total DESC, event LIMIT {MOST_EVENTS}
        """,
        **within,
    )
    return Revenue(
        property=name,
        amount=amount,
        payments=payments,
        users=users,
        unit=unit,
        starts=tuple(RevenueStart(*row) for row in starts),
        events=tuple(RevenueOf(*row) for row in events),
    )
