"""The events of a project, and their properties."""

from dataclasses import dataclass

from mixpanel_data._internal.html_report.model_settings import Definitions
from mixpanel_data._internal.html_report.published_tables import PublishedTables
from mixpanel_data._internal.streams.windows import Window

MOST_EVENTS = 20
MOST_PROPERTIES = 30
MOST_TREND_POINTS = 60


@dataclass(frozen=True)
class Event:
    """The number of an event and of its users."""

    name: str
    count: int
    users: int | None
    trend: tuple[int | None, ...]
    """Counts over time, evenly spaced; None where not all is known."""
    is_hidden: bool


@dataclass(frozen=True)
class Events:
    """The most frequent events, and the number of all."""

    top: tuple[Event, ...]
    names: int
    total: int


@dataclass(frozen=True)
class Property:
    """A property of an event, from a sample."""

    name: str
    fill_rate: float
    types: tuple[str, ...]
    is_mixed: bool
    distinct: int
    examples: tuple[str, ...] | None
    """As JSON; None if examples are not to be shown."""

    @property
    def is_mixpanels(self) -> bool:
        """True if Mixpanel's libraries set it, not the project."""
        # Its libraries prefix all but three.
        return self.name.startswith(("$", "mp_")) or self.name in ("time", "distinct_id", "token")


@dataclass(frozen=True)
class Catalogue:
    """The properties of one event: the project's own first, then by fill rate."""

    event: str
    event_count: int
    properties: tuple[Property, ...]
    properties_in_all: int


def read_events(db: PublishedTables, definitions: Definitions, span: Window) -> Events:
    """Read events from ``daily_events``, and users from ``user_days``, since users don't add up
    over days."""
    within = {"first": span.first, "last": span.last}
    # One query for the top names, the number of all names, and the total: window functions are
    # computed before LIMIT.
    rows = db.rows(
        f"""
        SELECT event, sum(event_count)::BIGINT AS total, count(*) OVER (), sum(total) OVER ()::BIGINT FROM daily_events
        WHERE event_date BETWEEN $first AND $last GROUP BY event HAVING total > 0 ORDER BY total DESC, event LIMIT {MOST_EVENTS}
        """,
        **within,
    )
    names = [row[0] for row in rows]
    users = dict(
        db.rows(
            """
            SELECT event, count(DISTINCT user_id) FROM user_days
            WHERE event_date BETWEEN $first AND $last AND event IN (SELECT unnest($names)) GROUP BY event
            """,
            names=names,
            **within,
        )
        if names and "user_days" in db.tables
        else []
    )
    trends = _trends(db, names, span)
    hidden = set(definitions.hidden_events)
    return Events(
        top=tuple(
            Event(name, count, users.get(name), trends.get(name, ()), name in hidden)
            for name, count, _, _ in rows
        ),
        names=rows[0][2] if rows else 0,
        total=rows[0][3] if rows else 0,
    )


def _trends(
    db: PublishedTables, names: list[str], span: Window
) -> dict[str, tuple[int | None, ...]]:
    """Return counts of equal ranges of days, including zeros, up to the last complete day."""
    if not names:
        return {}
    # Rounded up, so that there are never more points than MOST_TREND_POINTS.
    days = -(-len(span) // MOST_TREND_POINTS)
    # Ranges are counted back from the newest complete day, so that the last one is complete. A
    # range with an unknown day is NULL, one without the event 0: hence the cross join of events and
    # ranges.
    rows = db.rows(
        f"""
        WITH whole AS (
            SELECT event_date, max(event_date) OVER () AS newest FROM days
            WHERE event_date BETWEEN $first AND $last AND NOT is_partial
        ),
        ranges AS (
            SELECT back, count(event_date) = {days} AS is_known
            FROM range({len(span) // days}) AS numbers(back) LEFT JOIN whole ON back = (newest - event_date) // {days}
            WHERE back < (SELECT (max(newest) - $first + 1) // {days} FROM whole) GROUP BY back
        ),
        counted AS (
            SELECT event, (newest - event_date) // {days} AS back, sum(event_count)::BIGINT AS total
            FROM daily_events JOIN whole USING (event_date) WHERE event IN (SELECT unnest($names)) GROUP BY ALL
        )
        SELECT event, list(CASE WHEN is_known THEN coalesce(total, 0) END ORDER BY back DESC)
        FROM (SELECT DISTINCT event FROM counted) CROSS JOIN ranges LEFT JOIN counted USING (event, back) GROUP BY event
        """,
        names=names,
        first=span.first,
        last=span.last,
    )
    return {event: tuple(counts) for event, counts in rows}


def read_catalogue(db: PublishedTables, events: tuple[str, ...]) -> tuple[Catalogue, ...]:
    """Read the properties of these events, in their order, from ``property_catalog``."""
    # Mixpanel's own properties are last within the limit, so that they never displace the
    # project's.
    rows = db.rows(
        f"""
        SELECT event, event_count, count(*) OVER (PARTITION BY event), property, fill_rate,
               list_filter([CASE WHEN strings > 0 THEN 'text' END, CASE WHEN numbers > 0 THEN 'number' END,
                            CASE WHEN booleans > 0 THEN 'true/false' END, CASE WHEN lists > 0 THEN 'list' END,
                            CASE WHEN objects > 0 THEN 'object' END], lambda kind: kind IS NOT NULL),
               is_mixed_type, distinct_estimate, examples
        FROM property_catalog WHERE event IN (SELECT unnest($events))
        QUALIFY row_number() OVER (
            PARTITION BY event ORDER BY property LIKE '$%' OR property LIKE 'mp\\_%' ESCAPE '\\', fill_rate DESC, property
        ) <= {MOST_PROPERTIES}
        """,
        events=list(events),
    )
    found: dict[str, list[tuple[int, int, Property]]] = {}
    for event, event_count, count, name, fill, types, mixed, distinct, examples in rows:
        shown = None if examples is None else tuple(examples)
        one = Property(name, fill or 0.0, tuple(types), bool(mixed), distinct or 0, shown)
        found.setdefault(event, []).append((event_count, count, one))
    return tuple(_catalogue(event, found[event]) for event in events if event in found)


def _catalogue(event: str, found: list[tuple[int, int, Property]]) -> Catalogue:
    properties = sorted(
        (one for _, _, one in found), key=lambda p: (p.is_mixpanels, -p.fill_rate, p.name)
    )
    return Catalogue(event, found[0][0], tuple(properties), found[0][1])
