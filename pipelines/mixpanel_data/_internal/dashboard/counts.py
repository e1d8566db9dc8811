"""Counts of one event by day, week or month, and tables of them."""

from dataclasses import dataclass
from datetime import date

from mixpanel_data._internal.dashboard.parts import Chart
from mixpanel_data._internal.dashboard.view import View
from mixpanel_data._internal.html_report.charts.totals import Total, totals_chart
from mixpanel_data._internal.html_report.date_range import Unit, bar_unit, bucket_sql
from mixpanel_data._internal.html_report.published_tables import PublishedTables


@dataclass(frozen=True)
class Period:
    """The users of an event in a day, week or month, and how often they did it.

    Numbers are None where nothing is known. ``is_partial``: not all of it is known, or it begins or
    ends outside of the days of the board.
    """

    start: date
    users: int | None
    times: int | None
    is_partial: bool


def read_periods(db: PublishedTables, view: View, event: str) -> tuple[Unit, tuple[Period, ...]]:
    """Return the unit, and the counts of ``event`` by its periods."""
    unit = bar_unit(view.span)
    rows = db.rows(
        f"""
        WITH periods AS (
            SELECT {bucket_sql(unit, "event_date")} AS start, count(dau) > 0 AS is_known, bool_or(is_partial) AS is_partial
            FROM daily_active_users WHERE event_date BETWEEN $first AND $last GROUP BY start
        ),
        done AS (
            SELECT {bucket_sql(unit, "event_date")} AS start, count(DISTINCT user_id) AS users, sum(event_count) AS times
            FROM {view.user_days()} AS days_of_users
            WHERE event = $event AND event_date BETWEEN $first AND $last GROUP BY start
        )
        SELECT start, CASE WHEN is_known THEN coalesce(users, 0) END, CASE WHEN is_known THEN coalesce(times, 0)::BIGINT END,
            is_partial OR start < $first OR start + INTERVAL 1 {unit} - INTERVAL 1 DAY > $last
        FROM periods LEFT JOIN done USING (start) ORDER BY start
        """,
        event=event,
        **view.within,
    )
    return unit, tuple(Period(*row) for row in rows)


def users_chart(title: str, unit: Unit, periods: tuple[Period, ...]) -> Chart:
    """Return bars of the users by period."""
    totals = [Total(each.start, each.users, each.is_partial) for each in periods]
    return Chart(f"{title}, by {unit}", totals_chart(totals, unit, "Users"))


def times_chart(title: str, unit: Unit, periods: tuple[Period, ...]) -> Chart:
    """Return bars of the events by period."""
    totals = [Total(each.start, each.times, each.is_partial) for each in periods]
    return Chart(f"{title}, by {unit}", totals_chart(totals, unit, "Events"))
