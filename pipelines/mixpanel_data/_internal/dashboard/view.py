"""What a reader chose: days, a segment and events; and SQL for it."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime

from mixpanel_data._internal.html_report.date_range import covered_days, resolve_span
from mixpanel_data._internal.html_report.formatting import day, name, plural
from mixpanel_data._internal.html_report.model_settings import Definitions, read_definitions
from mixpanel_data._internal.html_report.published_tables import PublishedTables
from mixpanel_data._internal.project.variables import near_name
from mixpanel_data._internal.sql_literals import identifier, literal
from mixpanel_data._internal.streams.windows import Window
from mixpanel_data.exceptions import ConfigError

MOST_SEGMENTS = 50
MOST_EVENTS = 200
MOST_DAYS_NAMED = 5
NOT_SET = "(not set)"
"""The segment of users, or events, without a value; as the model has it."""


@dataclass(frozen=True)
class Segment:
    """A value of a dimension, which the variable ``segments`` names."""

    dimension: str
    value: str

    @property
    def label(self) -> str:
        return f"{name(self.dimension)} = {name(self.value)}"


@dataclass(frozen=True)
class Events:
    """The events that the boards are about; None for one that is not chosen."""

    sign_up: str | None = None
    value_moment: str | None = None
    feature: str | None = None


@dataclass(frozen=True)
class View:
    """The days of a board, its segment and its events.

    ``now`` is a time with a zone; days are those of the project's zone.
    """

    span: Window
    events: Events
    definitions: Definitions
    now: datetime
    segment: Segment | None = None

    @property
    def scope(self) -> str:
        """Return whose numbers these are: those of the segment, if one is chosen."""
        return self.segment.label if self.segment else "all users"

    @property
    def all_users(self) -> str:
        """Return the scope of numbers that the tables have for all users only."""
        return "all users: the filter has no effect" if self.segment else "all users"

    @property
    def within(self) -> dict[str, date]:
        """The parameters ``first`` and ``last`` of SQL."""
        return {"first": self.span.first, "last": self.span.last}

    def activity(self) -> str:
        """Return SQL with the columns of ``daily_active_users``, of the segment."""
        if self.segment is None:
            return "daily_active_users"
        # A day without a user of the segment in 30 days has no row: it has no users, if it is known.
        numbers = ", ".join(
            f"CASE WHEN known.dau IS NOT NULL THEN coalesce(found.{column}, 0) END AS {column}"
            for column in (
                *("dau", "wau", "mau", "new_users", "returning_users", "resurrected_users"),
                "event_count",
            )
        )
        return f"""(
            SELECT known.event_date, {numbers}, found.stickiness, known.is_partial, known.is_wau_partial,
                known.is_mau_partial, known.is_lifecycle_partial
            FROM daily_active_users AS known
            LEFT JOIN active_users_by_segment AS found
                ON found.event_date = known.event_date AND found.dimension = {literal(self.segment.dimension)}
                AND found.segment = {literal(self.segment.value)}
        )"""

    def user_days(self) -> str:
        """Return SQL with user, day, event, ``event_count``, ``first_at`` and ``last_at`` of the segment.

        Raises:
            ConfigError: if the variable ``segments`` does not have the dimension.
        """
        # Events without a user are in the table, too.
        if self.segment is None:
            return "(SELECT * FROM user_days WHERE user_id IS NOT NULL)"
        of_users = self.users_condition()
        if of_users:
            return f"(SELECT * FROM user_days WHERE user_id IN (SELECT user_id FROM users WHERE {of_users}))"
        of_segment = self._condition(self.segment)
        return f"""(
            SELECT event_date, user_id, event, count(*) AS event_count, min(time) AS first_at, max(time) AS last_at
            FROM events WHERE user_id IS NOT NULL AND {of_segment} GROUP BY event_date, user_id, event
        )"""

    def users_condition(self) -> str | None:
        """Return a condition on ``users``; None if the segment is one of events, or is not chosen."""
        if self.segment is None:
            return None
        if self._dimension(self.segment.dimension).get("of", "events") != "users":
            return None
        return self._condition(self.segment)

    def _condition(self, segment: Segment) -> str:
        column = identifier(str(self._dimension(segment.dimension)["column"]))
        return f"coalesce({column}::VARCHAR, {literal(NOT_SET)}) = {literal(segment.value)}"

    def _dimension(self, dimension: str) -> dict[str, str]:
        for entry in self.definitions.entries("segments"):
            if entry.get("name") == dimension:
                return entry
        raise ConfigError(f"The variable segments has no {dimension}.")


def open_view(
    db: PublishedTables,
    *,
    now: datetime,
    first: date | None = None,
    last: date | None = None,
    segment: Segment | None = None,
    events: Events | None = None,
) -> View | None:
    """Return the view of these days, by default the last 90; None for a file without days.

    Raises:
        ConfigError: if the file has none of the days.
    """
    span = resolve_span(covered_days(db), first, last)
    if span is None:
        return None
    return View(span, events or Events(), read_definitions(db), now, segment)


def read_segments(db: PublishedTables) -> tuple[Segment, ...]:
    """Return the segments of ``active_users_by_segment``, the largest of each dimension first."""
    if "active_users_by_segment" not in db.tables:
        return ()
    rows = db.rows(
        f"""
        SELECT dimension, segment FROM active_users_by_segment GROUP BY dimension, segment
        QUALIFY row_number() OVER (PARTITION BY dimension ORDER BY max(mau) DESC NULLS LAST, segment) <= {MOST_SEGMENTS}
        ORDER BY dimension, max(mau) DESC NULLS LAST, segment
        """
    )
    return tuple(Segment(*row) for row in rows)


def find_segment(db: PublishedTables, text: str) -> Segment:
    """Return the segment that ``text`` names, such as ``country=DE``.

    Raises:
        ConfigError: if the file has no such segment, with the nearest one that it has.
    """
    dimension, equals, value = text.partition("=")
    if not equals:
        raise ConfigError(f"--segment is {text}. Write it as DIMENSION=VALUE, such as country=DE.")
    found = read_segments(db)
    if Segment(dimension, value) in found:
        return Segment(dimension, value)
    dimensions = {each.dimension for each in found}
    if not dimensions:
        raise ConfigError(
            "This file has no segments. The variable segments in dbt_project.yml names their columns."
        )
    if dimension not in dimensions:
        raise ConfigError(
            f"The variable segments has no {dimension}.{near_name(dimension, dimensions)}"
        )
    values = [each.value for each in found if each.dimension == dimension]
    raise ConfigError(f"{dimension} has no value {value}.{near_name(value, values)}")


def read_event_names(db: PublishedTables) -> tuple[str, ...]:
    """Return the names of the events, the most frequent first: those of ``event_catalog``."""
    if "event_catalog" not in db.tables:
        return ()
    rows = db.rows(
        f"SELECT event FROM event_catalog ORDER BY is_hidden, event_count DESC, event LIMIT {MOST_EVENTS}"
    )
    return tuple(event for (event,) in rows)


def require_events(db: PublishedTables, events: Events) -> None:
    """Raise ConfigError if an event was never seen, with the nearest one that was."""
    chosen = {
        "--sign-up": events.sign_up,
        "--value-moment": events.value_moment,
        "--feature": events.feature,
    }
    if not any(event is not None for event in chosen.values()) or "user_days" not in db.tables:
        return
    known: Collection[str] = {
        event
        for (event,) in db.rows("SELECT DISTINCT event FROM user_days WHERE user_id IS NOT NULL")
    }
    problems = [
        f"{option}: no user ever did {event}.{near_name(event, known)}"
        for option, event in chosen.items()
        if event is not None and event not in known
    ]
    if problems:
        raise ConfigError(" ".join(problems), details={"events": sorted(known)})


def coverage_notes(db: PublishedTables, view: View) -> tuple[str, ...]:
    """Return which days of the view are not complete, and of which nothing is known."""
    rows = db.rows(
        """
        SELECT dau IS NULL AS is_unknown, count(*), list(event_date ORDER BY event_date)
        FROM daily_active_users
        WHERE event_date BETWEEN $first AND $last AND (is_partial OR dau IS NULL) GROUP BY is_unknown
        """,
        **view.within,
    )
    notes = []
    for is_unknown, count, days in sorted(rows):
        named = ", ".join(day(each) for each in days[:MOST_DAYS_NAMED])
        if count > MOST_DAYS_NAMED:
            named += " and others"
        verb, them = ("is", "it") if count == 1 else ("are", "them")
        notes.append(
            f"{plural(count, 'day')} {verb} missing ({named}): nothing is known of {them}, which is not zero."
            if is_unknown
            else f"{plural(count, 'day')} {verb} not complete ({named}): numbers that include {them} can rise."
        )
    return tuple(notes)
