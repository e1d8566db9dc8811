"""Retention: the users who returned, and when."""

from dataclasses import dataclass
from datetime import date
from typing import Any

from mixpanel_data._internal.html_report.model_settings import Definitions, format_event_names
from mixpanel_data._internal.html_report.published_tables import PublishedTables
from mixpanel_data._internal.streams.windows import Window

MOST_REPORTS = 6
MOST_COHORTS = 14
MOST_INTERVALS = 31
ANY_EVENT = "any event"


@dataclass(frozen=True)
class Cell:
    """The users of a cohort who returned after ``interval`` days, weeks or months."""

    interval: int
    on_or_after: float
    """Shares of the cohort; ``on`` is of exactly this interval, and final once it is complete."""
    on: float | None
    """None if nothing is known of the interval."""
    is_complete: bool


@dataclass(frozen=True)
class Cohort:
    """Users born in the same day, week or month; ``start`` None is the average of all cohorts."""

    start: date | None
    size: int
    cells: tuple[Cell, ...]


@dataclass(frozen=True)
class Retention:
    """A configured retention report: its newest cohorts, oldest first, after the average."""

    name: str
    kind: str
    unit: str
    mode: str
    birth: str
    comeback: str
    cohorts: tuple[Cohort, ...]
    cohorts_in_all: int

    @property
    def average(self) -> Cohort | None:
        """The average over all complete cells, weighted like Mixpanel's retention curve."""
        return next((cohort for cohort in self.cohorts if cohort.start is None), None)


def read_retentions(
    db: PublishedTables, definitions: Definitions, span: Window, *, since: date | None
) -> tuple[Retention, ...]:
    """Read the first configured reports, for cohorts from ``since``, if given, to the end of
    ``span``."""
    order = [str(entry.get("name")) for entry in definitions.entries("retentions")]
    # In the order of the variables; a report that is no longer there is last.
    found = db.rows(
        """
        SELECT retention, any_value(kind), any_value(unit), any_value(mode), count(DISTINCT cohort_start)
        FROM retention_cohorts GROUP BY retention ORDER BY coalesce(list_position($order, retention), 1000), retention
        """,
        order=order,
    )
    given = {str(entry.get("name")): entry for entry in definitions.entries("retentions")}
    return tuple(
        Retention(
            *(name, kind, unit, mode),
            birth=_events(given.get(name, {}), "birth_events"),
            comeback=_events(given.get(name, {}), "return_events"),
            cohorts=(*_average(db, name), *_cohorts(db, name, span, since)),
            cohorts_in_all=count,
        )
        for name, kind, unit, mode, count in found[:MOST_REPORTS]
    )


def _events(entry: dict[str, Any], key: str) -> str:
    return format_event_names(entry.get(key) or []) or ANY_EVENT


def _average(db: PublishedTables, name: str) -> list[Cohort]:
    cells = db.rows(
        f"""
        SELECT interval_number, rate_on_or_after_weighted, rate_on_weighted, true, max(users) OVER ()
        FROM retention_averages WHERE retention = $name AND segment IS NULL AND interval_number < {MOST_INTERVALS} ORDER BY interval_number
        """,
        name=name,
    )
    return [Cohort(None, cells[0][4], tuple(Cell(*cell[:4]) for cell in cells))] if cells else []


def _cohorts(db: PublishedTables, name: str, span: Window, since: date | None) -> list[Cohort]:
    # The newest cohorts are chosen before the cells are collected, so that LIMIT counts cohorts,
    # not cells.
    rows = db.rows(
        f"""
        WITH newest AS (
            SELECT DISTINCT cohort_start FROM retention_cohorts
            WHERE retention = $name AND cohort_start BETWEEN coalesce($since, DATE '0001-01-01') AND $last
            ORDER BY cohort_start DESC LIMIT {MOST_COHORTS}
        )
        SELECT cohort_start, any_value(cohort_size), list(
            {{'i': interval_number, 'a': rate_on_or_after, 'o': rate_on, 'c': is_complete}} ORDER BY interval_number
        )
        FROM retention_cohorts JOIN newest USING (cohort_start)
        WHERE retention = $name AND segment IS NULL AND interval_number < {MOST_INTERVALS}
        GROUP BY cohort_start ORDER BY cohort_start
        """,
        name=name,
        since=since,
        last=span.last,
    )
    return [
        Cohort(start, size, tuple(Cell(c["i"], c["a"], c["o"], c["c"]) for c in cells))
        for start, size, cells in rows
    ]
