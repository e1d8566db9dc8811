"""Sources of sessions and conversions, and the countries of sessions."""

from dataclasses import dataclass

from mixpanel_data._internal.html_report.model_settings import Definitions
from mixpanel_data._internal.html_report.published_tables import PublishedTables
from mixpanel_data._internal.html_report.sections.sessions import SessionsOf, sessions_by
from mixpanel_data._internal.streams.windows import Window

MOST_SOURCES = 10
MOST_COUNTRIES = 12
MOST_ATTRIBUTIONS = 4


@dataclass(frozen=True)
class Credit:
    """What a value gets of the conversions, by the model of attribution."""

    touch: str
    first: float
    last: float
    linear: float


@dataclass(frozen=True)
class Attribution:
    """A configured attribution: the values with the most credit."""

    name: str
    property: str
    lookback_days: int
    conversions: int
    partial: int
    """Conversions of which not all of the look-back is known."""
    credits: tuple[Credit, ...]


@dataclass(frozen=True)
class Sources:
    """Sessions by ``utm_source``, and the configured attributions."""

    sessions: tuple[SessionsOf, ...]
    attributions: tuple[Attribution, ...]


def read_sources(db: PublishedTables, definitions: Definitions, span: Window) -> Sources | None:
    """Read sources from ``sessions`` and ``attribution_touches``; None if no event has one."""
    sessions = sessions_by(db, "utm_source", span, MOST_SOURCES)
    entries = definitions.entries("attributions")[:MOST_ATTRIBUTIONS]
    found = [
        _attribution(
            db,
            str(entry.get("name")),
            str(entry.get("touch", "utm_source")),
            int(entry.get("lookback_days", 30)),
            span,
        )
        for entry in entries
        if "attribution_touches" in db.tables
    ]
    attributions = tuple(each for each in found if each.conversions)
    return Sources(sessions, attributions) if sessions or attributions else None


def _attribution(
    db: PublishedTables, name: str, touch: str, lookback_days: int, span: Window
) -> Attribution:
    within = {"name": name, "first": span.first, "last": span.last}
    rows = (
        "attribution_touches WHERE attribution = $name AND conversion_date BETWEEN $first AND $last"
    )
    conversions, partial = db.row(
        f"""
        SELECT count(DISTINCT conversion_key), count(DISTINCT conversion_key) FILTER (WHERE is_lookback_partial)
        FROM {rows}
        """,
        **within,
    )
    credits = db.rows(
        f"""
        SELECT touch, sum(first_touch), sum(last_touch), sum(linear) AS shared FROM {rows}
        GROUP BY touch ORDER BY shared DESC, touch LIMIT {MOST_SOURCES}
        """,
        **within,
    )
    return Attribution(
        name, touch, lookback_days, conversions, partial, tuple(Credit(*row) for row in credits)
    )


def read_countries(db: PublishedTables, span: Window) -> tuple[SessionsOf, ...] | None:
    """Read countries from ``sessions``; None if no event has one."""
    return sessions_by(db, "country_code", span, MOST_COUNTRIES) or None
