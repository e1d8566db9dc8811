"""The board of the user lifecycle: where users come from, whether they stay, and how active they are."""

from mixpanel_data._internal.dashboard.parts import (
    Board,
    Chart,
    Note,
    Part,
    Section,
    Table,
    Tile,
    Tiles,
    section_or_reason,
)
from mixpanel_data._internal.dashboard.view import View
from mixpanel_data._internal.html_report.charts.cohorts import heat_map_chart
from mixpanel_data._internal.html_report.charts.style import SERIES
from mixpanel_data._internal.html_report.charts.users import lifecycle_chart
from mixpanel_data._internal.html_report.formatting import name, number, percent
from mixpanel_data._internal.html_report.published_tables import PublishedTables
from mixpanel_data._internal.html_report.sections.activity import (
    Lifecycle,
    Stage,
    read_lifecycle,
)
from mixpanel_data._internal.html_report.sections.retention import read_retentions

MOST_RETENTIONS = 3
MOST_DAYS = 62
"""The most bars of days in the chart of a segment."""
FAINT = "var(--faint)"


def lifecycle_board(db: PublishedTables, view: View) -> Board:
    """Read the board."""
    origin = ("active_users_by_segment", "daily_active_users") if view.segment else ("lifecycle",)
    sections = (
        section_or_reason("Origin of users", db.section(origin, lambda: _origin(db, view))),
        section_or_reason(
            "Retention",
            db.section(("retention_cohorts", "retention_averages"), lambda: _retention(db, view)),
        ),
        section_or_reason("Users today", db.section(("users",), lambda: _users(db, view))),
    )
    lead = "Where active users come from, how many return, and how active they are now."
    return Board("User lifecycle", lead, sections)


def _origin(db: PublishedTables, view: View) -> Section:
    found = _origin_of_segment(db, view) if view.segment else read_lifecycle(db, view.span)
    if all(each.active is None for each in found.stages):
        return Section("Origin of users", (Note("Nothing is known of these days."),), view.scope)
    below = (
        "Users of a segment have no row below the line: the tables have their origin by day."
        if view.segment
        else f"Below the line: users who were active in the {found.unit} before, and not in this one."
    )
    legend = [("New", SERIES[0]), ("Retained", SERIES[1]), ("Resurrected", SERIES[2])]
    if not view.segment:
        legend.append(("Dormant", FAINT))
    parts: list[Part] = [
        Chart(f"Users by origin, by {found.unit}", lifecycle_chart(found), tuple(legend)),
        Note(f"{below} Pale: not all is known that decides. Grey: nothing is known."),
    ]
    return Section("Origin of users", tuple(parts), view.scope)


def _origin_of_segment(db: PublishedTables, view: View) -> Lifecycle:
    rows = db.rows(
        f"""
        SELECT event_date, dau, new_users, returning_users, resurrected_users, NULL, is_partial, is_lifecycle_partial
        FROM {view.activity()} AS activity WHERE event_date BETWEEN $first AND $last
        ORDER BY event_date DESC LIMIT {MOST_DAYS}
        """,
        **view.within,
    )
    return Lifecycle("day", tuple(Stage(*row) for row in reversed(rows)))


def _retention(db: PublishedTables, view: View) -> Section:
    found = read_retentions(db, view.definitions, view.span, since=view.span.first)
    parts: list[Part] = []
    for retention in [each for each in found if len(each.cohorts) > 1][:MOST_RETENTIONS]:
        title = (
            f"{name(retention.name)}: from {name(retention.birth)} to {name(retention.comeback)}"
        )
        parts.append(Chart(title, heat_map_chart(retention)))
    if not parts:
        text = (
            "No cohort begins within these days. The variable retentions in dbt_project.yml "
            "names the events."
        )
        return Section("Retention", (Note(text, "configure"),), view.all_users)
    parts.append(
        Note(
            "Cohorts that begin within these days, and the average of all. Dashed: can still rise."
        )
    )
    return Section("Retention", tuple(parts), view.all_users)


def _users(db: PublishedTables, view: View) -> Section:
    condition, scope = _users_of_segment(view)
    day, users, is_partial = db.row(
        f"SELECT max(as_of_date), count(*), coalesce(bool_or(is_stage_partial), false) FROM users WHERE {condition}"
    )
    if not users:
        return Section("Users today", (Note("There are no users."),), scope)
    stages = db.rows(
        f"SELECT stage, count(*) FROM users WHERE {condition} GROUP BY stage ORDER BY count(*) DESC, stage"
    )
    levels = db.rows(
        f"SELECT activity_level, count(*) FROM users WHERE {condition} GROUP BY 1 ORDER BY count(*) DESC, 1"
    )
    weeks, months = db.row(
        f"SELECT avg(active_days_7d) FILTER (WHERE active_days_7d > 0), avg(active_days_28d) "
        f"FILTER (WHERE active_days_28d > 0) FROM users WHERE {condition}"
    )
    parts: list[Part] = [
        Tiles(
            (
                Tile("Users", number(users), "seen at least once"),
                Tile("L7", number(weeks), "active days of 7, of users with one"),
                Tile("L28", number(months), "active days of 28, of users with one"),
            )
        ),
        _shares("Stage", stages, users),
        _shares("Activity", levels, users),
        Note(f"As of {day}, the last day of the tables, whichever days are chosen."),
    ]
    if is_partial:
        parts.append(Note("Not all days that decide about the stage are known.", "warning"))
    return Section("Users today", tuple(parts), scope)


def _users_of_segment(view: View) -> tuple[str, str]:
    """Return a condition on ``users``, and whose numbers they are."""
    condition = view.users_condition()
    return (condition, view.scope) if condition else ("true", view.all_users)


def _shares(title: str, rows: list[tuple[str | None, int]], users: int) -> Table:
    return Table(
        (title, "Users", "Share"),
        tuple(
            (name(kind) if kind else "not known", number(count), percent(count / users))
            for kind, count in rows
        ),
    )
