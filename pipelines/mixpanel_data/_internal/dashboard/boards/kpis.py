"""The board of company KPIs: active users, sign-ups, activation, value moments and revenue."""

from typing import Any

from mixpanel_data._internal.dashboard.counts import read_periods, times_chart, users_chart
from mixpanel_data._internal.dashboard.parts import (
    Board,
    Chart,
    Note,
    Part,
    Section,
    Tile,
    Tiles,
    section_or_reason,
)
from mixpanel_data._internal.dashboard.view import NOT_SET, View
from mixpanel_data._internal.html_report.charts.style import SERIES
from mixpanel_data._internal.html_report.charts.totals import Total, totals_chart
from mixpanel_data._internal.html_report.charts.users import active_users_chart
from mixpanel_data._internal.html_report.date_range import bar_unit
from mixpanel_data._internal.html_report.formatting import (
    decimal,
    money,
    name,
    number,
    percent,
    weekday,
)
from mixpanel_data._internal.html_report.published_tables import PublishedTables
from mixpanel_data._internal.html_report.sections.activity import Headline, read_activity

ACTIVATION_DAYS = 7
MOST_REVENUES = 4
PARTIAL = (
    "Pale: not all of it is known, or it is not whole within these days. Grey: nothing is known."
)


def kpi_board(db: PublishedTables, view: View) -> Board:
    """Read the board."""
    tables = ("daily_active_users", "user_days", "days")
    sections = [
        section_or_reason(
            "Active users", db.section(("daily_active_users",), lambda: _active(db, view))
        )
    ]
    sign_up, value_moment = view.events.sign_up, view.events.value_moment
    if sign_up is None:
        sections.append(_unnamed("Sign-ups", "--sign-up", "Sign Up"))
    else:
        sections.append(
            section_or_reason("Sign-ups", db.section(tables, lambda: _sign_ups(db, view, sign_up)))
        )
    if value_moment is None:
        sections.append(_unnamed("Value moments", "--value-moment", "Purchase"))
    else:
        sections.append(
            section_or_reason(
                "Value moments", db.section(tables, lambda: _value_moments(db, view, value_moment))
            )
        )
    sections.append(
        section_or_reason("Revenue", db.section(("revenue_periods",), lambda: _revenue(db, view)))
    )
    lead = "How many users there are, how many arrive, and how many find what the product is for."
    return Board("Company KPIs", lead, tuple(sections))


def _unnamed(title: str, option: str, example: str) -> Section:
    text = f"Name the event: mp dashboard {option} EVENT, such as {option} '{example}'."
    return Section(title, (Note(text, "configure"),))


def _active(db: PublishedTables, view: View) -> Section:
    activity = read_activity(db, view.span, table=view.activity() + " AS activity")
    parts: list[Part] = [
        Tiles(
            (
                _headline("Daily users", activity.dau, "7 days before"),
                _headline("Weekly users", activity.wau, "7 days before"),
                _headline("Monthly users", activity.mau, "30 days before"),
                Tile(
                    "DAU / MAU",
                    percent(None if activity.stickiness.is_partial else activity.stickiness.value),
                    "needs 30 complete days" if activity.stickiness.is_partial else "",
                ),
                _headline("New users, 7 days", activity.new_users, "the 7 before them"),
                _headline("Events, 7 days", activity.events, "the 7 before them"),
            )
        )
    ]
    if activity.day is None:
        parts.append(Note("No day is complete yet, so there are no headline figures."))
    else:
        parts.append(Note(f"As of {weekday(activity.day)}, the newest complete day."))
    if any(each.dau is not None for each in activity.active):
        colours = tuple(zip(("MAU, 30 days", "WAU, 7 days", "DAU"), SERIES, strict=False))
        parts.append(Chart("Active users", active_users_chart(activity), colours))
        if activity.has_lower_bounds:
            parts.append(
                Note("Dotted: not all of the 7 or 30 days are known, so it is a lower bound.")
            )
    return Section("Active users", tuple(parts), view.scope)


def _headline(label: str, found: Headline, before: str) -> Tile:
    if found.value is None:
        return Tile(label, number(None))
    if found.is_partial:
        return Tile(label, number(found.value), "or more: not all is known")
    if found.before is None:
        return Tile(label, number(found.value))
    return Tile(label, number(found.value), f"{before}: {number(found.before)}")


def _sign_ups(db: PublishedTables, view: View, event: str) -> Section:
    unit, periods = read_periods(db, view, event)
    parts: list[Part] = []
    users, first_time = db.row(
        f"""
        SELECT count(DISTINCT user_id), count(DISTINCT user_id) FILTER (WHERE event_date = first_date)
        FROM (
            SELECT user_id, event_date, min(event_date) OVER (PARTITION BY user_id) AS first_date
            FROM {view.user_days()} AS days_of_users WHERE event = $event
        ) WHERE event_date BETWEEN $first AND $last
        """,
        event=event,
        **view.within,
    )
    tiles = [
        Tile("Users who signed up", number(users), name(event)),
        Tile("For the first time", number(first_time)),
    ]
    value_moment = view.events.value_moment
    if value_moment is not None:
        tiles += _activation(db, view, event, value_moment)
        parts.append(
            Note(
                f"Activated: {name(value_moment)} within {ACTIVATION_DAYS} days after the first "
                f"{name(event)}, which is within the days of this board. Users whose "
                f"{ACTIVATION_DAYS} days have not passed, or are not all known, are open."
            )
        )
    chart = users_chart(f"Users with {name(event)}", unit, periods)
    drawn: tuple[Part, ...] = (chart, Note(PARTIAL)) if periods else ()
    return Section("Sign-ups", (Tiles(tuple(tiles)), *parts, *drawn), view.scope)


def _activation(db: PublishedTables, view: View, sign_up: str, value_moment: str) -> list[Tile]:
    # `first_at` and `last_at` of a day suffice: of a day that begins before the sign-up, the last
    # event is after it or none is.
    closed, activated, open_users, open_activated = db.row(
        f"""
        WITH days_of_users AS (SELECT * FROM {view.user_days()} AS found WHERE event IN ($sign_up, $value_moment)),
        signed AS (
            SELECT user_id, min(first_at) AS signed_at, min(event_date) AS signed_date
            FROM days_of_users WHERE event = $sign_up GROUP BY user_id
        ),
        outcomes AS (
            SELECT signed.user_id,
                coalesce(signed_at + INTERVAL {ACTIVATION_DAYS} DAY > any_value(known_until), true) AS is_open,
                bool_or(
                    done.first_at BETWEEN signed_at AND signed_at + INTERVAL {ACTIVATION_DAYS} DAY
                    OR done.last_at BETWEEN signed_at AND signed_at + INTERVAL {ACTIVATION_DAYS} DAY
                ) IS TRUE AS is_activated
            FROM signed
            LEFT JOIN days ON days.event_date = signed_date
            LEFT JOIN days_of_users AS done ON done.user_id = signed.user_id AND done.event = $value_moment
            WHERE signed_date BETWEEN $first AND $last GROUP BY signed.user_id, signed_at
        )
        SELECT count(*) FILTER (WHERE NOT is_open), count(*) FILTER (WHERE NOT is_open AND is_activated),
            count(*) FILTER (WHERE is_open), count(*) FILTER (WHERE is_open AND is_activated)
        FROM outcomes
        """,
        sign_up=sign_up,
        value_moment=value_moment,
        **view.within,
    )
    return [
        Tile(
            f"Activated within {ACTIVATION_DAYS} days",
            percent(activated / closed if closed else None),
            f"{number(activated)} of {number(closed)}",
        ),
        Tile(
            "Still open", number(open_users), f"{number(open_activated)} of them activated so far"
        ),
    ]


def _value_moments(db: PublishedTables, view: View, event: str) -> Section:
    unit, periods = read_periods(db, view, event)
    users, times = db.row(
        f"""
        SELECT count(DISTINCT user_id), coalesce(sum(event_count), 0)::BIGINT
        FROM {view.user_days()} AS days_of_users WHERE event = $event AND event_date BETWEEN $first AND $last
        """,
        event=event,
        **view.within,
    )
    tiles = Tiles(
        (
            Tile("Value moments", number(times), name(event)),
            Tile("Users with one", number(users)),
            Tile("Value moments per user", decimal(times / users) if users else number(None)),
        )
    )
    note = Note("Per user: of the users with at least one. Events without a user do not count.")
    drawn: tuple[Part, ...] = (
        (
            times_chart(f"Value moments: {name(event)}", unit, periods),
            users_chart("Users with a value moment", unit, periods),
            Note(PARTIAL),
        )
        if periods
        else ()
    )
    return Section("Value moments", (tiles, note, *drawn), view.scope)


def _revenue(db: PublishedTables, view: View) -> Section:
    within: dict[str, Any] = {**view.within}
    found = db.rows(
        f"""
        SELECT revenue, currency, sum(amount) AS total, max(paying_users), bool_or(is_partial)
        FROM revenue_periods WHERE unit = 'day' AND period_start BETWEEN $first AND $last
        GROUP BY revenue, currency ORDER BY revenue, total DESC NULLS LAST, currency LIMIT {MOST_REVENUES}
        """,
        **within,
    )
    if not found:
        text = (
            "The variable revenue in dbt_project.yml names events, amount and currency of revenue."
        )
        return Section("Revenue", (Note(text, "configure"),), view.all_users)
    unit = bar_unit(view.span)
    parts: list[Part] = [
        Tiles(
            tuple(
                Tile(
                    _revenue_name(revenue, currency),
                    money(total),
                    "or more: not all is known" if is_partial else "in these days",
                )
                for revenue, currency, total, _, is_partial in found
            )
        )
    ]
    for revenue, currency, *_ in found:
        rows = db.rows(
            """
            SELECT period_start, amount::DOUBLE, is_partial OR period_start < $first OR period_end > $last
            FROM (
                SELECT *, CASE unit WHEN 'day' THEN period_start WHEN 'week' THEN period_start + 6
                    ELSE last_day(period_start) END AS period_end
                FROM revenue_periods
            )
            WHERE revenue = $revenue AND currency IS NOT DISTINCT FROM $currency AND unit = $unit
                AND period_end >= $first AND period_start <= $last
            ORDER BY period_start
            """,
            revenue=revenue,
            currency=currency,
            unit=unit,
            **within,
        )
        title = _revenue_name(revenue, currency)
        if not rows:
            continue
        totals = [Total(*row) for row in rows]
        parts.append(Chart(f"{title}, by {unit}", totals_chart(totals, unit, title)))
    parts.append(
        Note("Each bar is of a whole period, also where the days of this board begin in it.")
    )
    return Section("Revenue", tuple(parts), view.all_users)


def _revenue_name(revenue: str, currency: str | None) -> str:
    if currency is None or currency == NOT_SET:
        return name(revenue)
    return f"{name(revenue)} {name(currency)}"
