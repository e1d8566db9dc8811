"""The conversion and duration of funnels."""

from dataclasses import dataclass
from typing import Any

from mixpanel_data._internal.html_report.model_settings import Definitions, format_event_names
from mixpanel_data._internal.html_report.published_tables import PublishedTables
from mixpanel_data._internal.streams.windows import Window

MOST_FUNNELS = 6
MOST_STEPS = 20
MOST_SEGMENTS = 8


@dataclass(frozen=True)
class Step:
    """One step: how many reached it, and after how many seconds."""

    number: int
    events: str
    reached: int
    median_from_first: float | None
    p90_from_first: float | None
    median_from_previous: float | None


@dataclass(frozen=True)
class Segment:
    """The attempts with one value of the funnel's segment."""

    value: str
    entries: int
    converted: int


@dataclass(frozen=True)
class Funnel:
    """A configured funnel over the days of the report, by the day of the first step."""

    name: str
    window: str
    counting: str
    segment_column: str
    steps: tuple[Step, ...]
    open_entries: int
    """Attempts that may still convert: their window has not ended, or includes unknown days."""
    segments: tuple[Segment, ...]

    @property
    def entries(self) -> int:
        return self.steps[0].reached if self.steps else 0

    @property
    def rate(self) -> float | None:
        """The share of the entries that converted."""
        return self.steps[-1].reached / self.entries if self.entries else None


def read_funnels(db: PublishedTables, definitions: Definitions, span: Window) -> tuple[Funnel, ...]:
    """Read the first configured funnels from ``funnel_attempts``: medians of days don't add up."""
    return tuple(
        _funnel(db, entry, span) for entry in definitions.entries("funnels")[:MOST_FUNNELS]
    )


def _funnel(db: PublishedTables, entry: dict[str, Any], span: Window) -> Funnel:
    name = str(entry.get("name"))
    segment = str(entry.get("segment") or "")
    within = {"name": name, "first": span.first, "last": span.last}
    # The defaults of the model `funnel_attempts`, in dbt/dbt_project.yml.
    window, unit = entry.get("window", 7), entry.get("window_unit", "day")
    return Funnel(
        name=name,
        window=f"{window} {unit}{'' if window == 1 else 's'}",
        counting=str(entry.get("counting", "uniques")),
        segment_column=segment,
        steps=tuple(
            _step(db, number, format_event_names(step), within)
            for number, step in enumerate((entry.get("steps") or [])[:MOST_STEPS], 1)
        ),
        open_entries=_open(db, within),
        segments=_segments(db, within) if segment else (),
    )


def _step(db: PublishedTables, number: int, events: str, within: dict[str, Any]) -> Step:
    # `step_times` counts from 1, and step 1 has no step before it: step_times[0] is NULL in DuckDB,
    # and so is the median. A factor of 1e6 since epoch_us is exact, and seconds of an interval are
    # not.
    row = db.row(
        """
        WITH reached AS (
            SELECT epoch_us(step_times[$number]) AS this, epoch_us(entered_at) AS entered,
                epoch_us(step_times[$number - 1]) AS previous
            FROM funnel_attempts
            WHERE funnel = $name AND segment IS NULL AND entry_date BETWEEN $first AND $last AND steps_reached >= $number
        )
        SELECT count(*), median((this - entered) / 1e6), quantile_cont((this - entered) / 1e6, 0.9),
            median((this - previous) / 1e6)
        FROM reached
        """,
        number=number,
        **within,
    )
    return Step(number, events, *row)


def _open(db: PublishedTables, within: dict[str, Any]) -> int:
    return int(
        db.row(
            """
            SELECT count(*) FROM funnel_attempts LEFT JOIN days ON entry_date = event_date
            WHERE funnel = $name AND segment IS NULL AND entry_date BETWEEN $first AND $last AND NOT is_converted
              AND coalesce(open_until > known_until, true)
            """,
            **within,
        )[0]
    )


def _segments(db: PublishedTables, within: dict[str, Any]) -> tuple[Segment, ...]:
    rows = db.rows(
        f"""
        SELECT segment, count(*) AS entries, count(*) FILTER (WHERE is_converted)
        FROM funnel_attempts
        WHERE funnel = $name AND segment IS NOT NULL AND entry_date BETWEEN $first AND $last
        GROUP BY segment ORDER BY entries DESC, segment LIMIT {MOST_SEGMENTS}
        """,
        **within,
    )
    return tuple(Segment(*row) for row in rows)
