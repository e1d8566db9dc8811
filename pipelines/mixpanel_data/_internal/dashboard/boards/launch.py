"""The board of a feature launch: who uses the feature, how many are new to it, and what it changes."""

from mixpanel_data._internal.dashboard.counts import read_periods, times_chart, users_chart
from mixpanel_data._internal.dashboard.parts import (
    Board,
    Note,
    Section,
    Table,
    Tile,
    Tiles,
    section_or_reason,
)
from mixpanel_data._internal.dashboard.view import View
from mixpanel_data._internal.html_report.formatting import (
    decimal,
    name,
    number,
    percent,
)
from mixpanel_data._internal.html_report.published_tables import PublishedTables

MOST_IMPACTS = 20


def launch_board(db: PublishedTables, view: View) -> Board:
    """Read the board of the event ``view.events.feature``."""
    feature = view.events.feature
    lead = "How many users a feature has, and what they do after they begin to use it."
    if feature is None:
        text = "No event was ever done by a user. The next mp sync fetches more."
        use = Section("Use", (Note(text, "configure"),))
    else:
        use = section_or_reason(
            "Use",
            db.section(("user_days", "daily_active_users"), lambda: _use(db, view, feature)),
        )
    impact = section_or_reason(
        "Impact of the first use", db.section(("impacts",), lambda: _impact(db, view))
    )
    return Board("Feature launch", lead, (use, impact))


def _use(db: PublishedTables, view: View, event: str) -> Section:
    days = view.user_days()
    users, times, first_users, returned, active = db.row(
        f"""
        WITH days_of_users AS (SELECT * FROM {days} AS found WHERE event_date <= $last),
        feature AS (
            SELECT user_id, min(event_date) AS first_date, max(event_date) AS last_date,
                coalesce(sum(event_count) FILTER (WHERE event_date >= $first), 0) AS times
            FROM days_of_users WHERE event = $event GROUP BY user_id
        )
        SELECT count(*) FILTER (WHERE times > 0), coalesce(sum(times), 0)::BIGINT,
            count(*) FILTER (WHERE first_date >= $first),
            count(*) FILTER (WHERE first_date >= $first AND last_date > first_date),
            (SELECT count(DISTINCT user_id) FROM days_of_users
             WHERE event_date >= $first AND NOT list_contains($hidden, event))
        FROM feature
        """,
        event=event,
        hidden=view.definitions.hidden_events,
        **view.within,
    )
    unit, periods = read_periods(db, view, event)
    tiles = Tiles(
        (
            Tile("Users", number(users), name(event)),
            Tile(
                "Share of active users",
                percent(users / active if active else None),
                f"of {number(active)}",
            ),
            Tile("Times per user", decimal(times / users) if users else number(None)),
            Tile("First use in these days", number(first_users), "users"),
            Tile(
                "Used it on a later day",
                percent(returned / first_users if first_users else None),
                f"{number(returned)} of {number(first_users)}",
            ),
        )
    )
    drawn = (
        (
            users_chart(f"Users of {name(event)}", unit, periods),
            times_chart(f"Times of {name(event)}", unit, periods),
            Note("Pale: not all of it is known, or it is not whole within these days."),
        )
        if periods
        else ()
    )
    return Section(f"Use of {name(event)}", (tiles, *drawn), view.scope)


def _impact(db: PublishedTables, view: View) -> Section:
    rows = db.rows(
        f"""
        SELECT impact, days, adopters, compared_users, mean_before, mean_after, difference, difference_low,
            difference_high, lift, p_value
        FROM impacts ORDER BY impact LIMIT {MOST_IMPACTS}
        """
    )
    title = "Impact of the first use"
    if not rows:
        text = (
            "The variable impacts in dbt_project.yml names features, and the events to compare "
            "before and after their first use."
        )
        return Section(title, (Note(text, "configure"),))
    table = Table(
        (
            *("Feature", "Days", "Users", "Compared", "Before", "After"),
            *("Difference", "From", "To", "Lift", "p-value"),
        ),
        tuple(
            (
                name(impact),
                number(days),
                number(adopters),
                number(compared),
                *(_exact(value) for value in numbers),
                percent(lift),
                _exact(p_value),
            )
            for impact, days, adopters, compared, *numbers, lift, p_value in rows
        ),
    )
    note = Note(
        "Events per user in as many days before the first use as after it, over all days of the "
        "tables. Users who begin to use a feature may differ in more than that: no proof of a cause."
    )
    return Section(title, (table, note), view.all_users)


def _exact(value: float | None) -> str:
    return number(None) if value is None else f"{value:.3f}"
