"""The board of data quality: missing days, late events, duplicates, anomalies, changes of the schema."""

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
from mixpanel_data._internal.html_report.charts.data_quality import (
    late_events_chart,
    stored_rows_chart,
)
from mixpanel_data._internal.html_report.charts.style import BAD, SERIES
from mixpanel_data._internal.html_report.formatting import (
    day,
    duration,
    moment,
    name,
    number,
    percent,
    plural,
)
from mixpanel_data._internal.html_report.published_tables import PublishedTables
from mixpanel_data._internal.html_report.sections.freshness import read_freshness
from mixpanel_data._internal.html_report.sections.quality import (
    read_anomalies,
    read_casts,
    read_duplicates,
    read_late,
)
from mixpanel_data._internal.time_zones import today

MOST_CHANGES = 20


def quality_board(db: PublishedTables, view: View) -> Board:
    """Read the board. Its numbers are of all events."""
    sections = (
        section_or_reason("Freshness", db.section(("dq_days",), lambda: _freshness(db, view))),
        section_or_reason(
            "Late events",
            db.section(("dq_late_arrivals", "daily_active_users"), lambda: _late(db, view)),
        ),
        section_or_reason(
            "Duplicates", db.section(("dq_duplicates",), lambda: _duplicates(db, view))
        ),
        section_or_reason(
            "Unusual volumes", db.section(("dq_volume",), lambda: _anomalies(db, view))
        ),
        section_or_reason(
            "Changes of events and properties",
            db.section(("schema_changes",), lambda: _changes(db, view)),
        ),
        section_or_reason("Failed casts", db.section(("dq_casts",), lambda: _casts(db))),
    )
    return Board(
        "Data quality", "Whether the data are complete, and what is odd in them.", sections
    )


def _freshness(db: PublishedTables, view: View) -> Section:
    found = read_freshness(db, view.span, today(view.definitions.zone, view.now))
    parts: list[Part] = [
        Tiles(
            (
                Tile("Newest complete day", day(found.complete_until)),
                Tile("Missing days", number(found.days_missing), f"of {number(found.days_wanted)}"),
                Tile("Lines not read", number(found.rejected)),
                Tile("Last fetch", moment(found.fetched_at)),
            )
        )
    ]
    if found.gaps:
        gaps = ", ".join(
            day(gap.first) if gap.first == gap.last else f"{day(gap.first)} to {day(gap.last)}"
            for gap in found.gaps
        )
        others = " and others" if found.gaps_in_all > len(found.gaps) else ""
        parts.append(Note(f"Missing: {gaps}{others}. mp sync fetches them.", "warning"))
    if any(each.rows for each in found.stored):
        legend = (("Rows", SERIES[0]), ("Missing days", BAD))
        parts.append(Chart(f"Rows fetched, by {found.unit}", stored_rows_chart(found), legend))
    return Section("Freshness", tuple(parts))


def _late(db: PublishedTables, view: View) -> Section:
    found = read_late(db, view.span)
    late = found.over_1_day / found.events if found.events else None
    parts: list[Part] = [
        Tiles(
            (
                Tile("Over one day late", number(found.over_1_day), percent(late)),
                Tile("Over five days late", number(found.over_5_days)),
                Tile("The latest", duration(found.latest_seconds)),
            )
        )
    ]
    if found.over_1_day:
        legend = (("1 to 5 days", SERIES[0]), ("Over 5 days", SERIES[2]))
        parts.append(
            Chart(f"Share of late events, by {found.unit}", late_events_chart(found), legend)
        )
    return Section("Late events", tuple(parts))


def _duplicates(db: PublishedTables, view: View) -> Section:
    found = read_duplicates(db, view.span)
    share = found.repeats / found.exported if found.exported else None
    tiles = Tiles(
        (
            Tile("Exported rows", number(found.exported)),
            Tile("Repeats", number(found.repeats), percent(share)),
        )
    )
    return Section("Duplicates", (tiles, Note("The tables have each event once.")))


def _anomalies(db: PublishedTables, view: View) -> Section:
    found = read_anomalies(db, view.span)
    if not found.in_all:
        return Section("Unusual volumes", (Note("No event was unusually frequent or rare."),))
    table = Table(
        ("Event", "Day", "Events", "Usual", "Score"),
        tuple(
            (
                name(each.event),
                day(each.day),
                number(each.count),
                number(each.usual),
                f"{each.score:+.1f}",
            )
            for each in found.worst
        ),
        texts=2,
    )
    shown = plural(found.in_all, "day of an event", "days of an event")
    return Section("Unusual volumes", (table, Note(f"{shown} in all, the greatest are shown.")))


def _changes(db: PublishedTables, view: View) -> Section:
    rows = db.rows(
        f"""
        SELECT change_date, change, event, property, former_value, new_value, count(*) OVER ()
        FROM schema_changes WHERE change_date BETWEEN $first AND $last
        ORDER BY change_date DESC, change, event, property LIMIT {MOST_CHANGES}
        """,
        **view.within,
    )
    title = "Changes of events and properties"
    if not rows:
        return Section(title, (Note("None in these days."),))
    table = Table(
        ("Day", "Change", "Event", "Property", "Before", "After"),
        tuple(
            (day(changed), kind.replace("_", " "), *(name(text) if text else "" for text in texts))
            for changed, kind, *texts, _ in rows
        ),
        texts=6,
    )
    return Section(title, (table, Note(f"{plural(rows[0][-1], 'change')} in these days.")))


def _casts(db: PublishedTables) -> Section:
    found = read_casts(db)
    if not found:
        return Section("Failed casts", (Note("Every value has the type of its column."),))
    table = Table(
        ("Column", "Event", "Last day", "Values"),
        tuple(
            (
                name(each.column),
                name(each.event) if each.event is not None else "user profiles",
                day(each.last_date),
                number(each.failed),
            )
            for each in found
        ),
        texts=3,
    )
    return Section("Failed casts", (table,))
