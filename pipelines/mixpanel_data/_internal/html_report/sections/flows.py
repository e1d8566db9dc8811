"""The first events of sessions, and which event follows which."""

from dataclasses import dataclass

from mixpanel_data._internal.html_report.published_tables import PublishedTables
from mixpanel_data._internal.streams.windows import Window

STEPS = 5
"""The steps of ``session_paths``."""
MOST_EVENTS = 6
"""Events of a step that have a name of their own; the rest are one."""


@dataclass(frozen=True)
class Stage:
    """The sessions that have a certain event at a step."""

    step: int
    """1 to 5."""
    event: str | None
    """None for all events but the most frequent ones of the step."""
    sessions: int


@dataclass(frozen=True)
class Move:
    """The sessions that go from the event of a step to that of the next one."""

    start: Stage
    end: Stage | None
    """None for sessions that end with ``start``."""
    sessions: int


@dataclass(frozen=True)
class Flows:
    """The paths of the sessions of the report's days.

    The moves from a stage add up to its sessions, but for the last step, after which a session may
    go on.
    """

    sessions: int
    stages: tuple[Stage, ...]
    """By step, the most frequent first, the rest of a step last."""
    moves: tuple[Move, ...]
    """By step and by the order of the stages; those that end a session are the last of each
    stage."""


def read_flows(db: PublishedTables, span: Window) -> Flows | None:
    """Read the paths from ``session_paths``; None if there are no sessions."""
    pairs = " UNION ALL ".join(
        f"SELECT {step} AS step, step_{step} AS event, {f'step_{step + 1}' if step < STEPS else 'NULL'} AS next_event, sessions FROM paths"
        for step in range(1, STEPS + 1)
    )
    # A step that a session does not have is null: it is no stage, and ends the step before. Place
    # MOST_EVENTS + 1 is that of all other events.
    rows = db.rows(
        f"""
        WITH paths AS (
            SELECT COLUMNS('step_.'), sum(sessions)::BIGINT AS sessions FROM session_paths
            WHERE session_date BETWEEN $first AND $last GROUP BY ALL
        ),
        pairs AS ({pairs}),
        places AS (
            SELECT step, event, row_number() OVER (PARTITION BY step ORDER BY sum(sessions) DESC, event) AS place
            FROM pairs WHERE event IS NOT NULL GROUP BY step, event
        )
        SELECT pairs.step, least(here.place, {MOST_EVENTS + 1}) AS start_place,
               min(here.event) FILTER (WHERE here.place <= {MOST_EVENTS}),
               CASE WHEN there.place IS NOT NULL THEN least(there.place, {MOST_EVENTS + 1}) END AS end_place, sum(pairs.sessions)::BIGINT
        FROM pairs
        JOIN places AS here ON here.step = pairs.step AND here.event = pairs.event
        LEFT JOIN places AS there ON there.step = pairs.step + 1 AND there.event = pairs.next_event
        GROUP BY pairs.step, start_place, end_place ORDER BY pairs.step, start_place, end_place NULLS LAST
        """,
        first=span.first,
        last=span.last,
    )
    if not rows:
        return None
    names = {(step, place): event for step, place, event, _, _ in rows}
    totals = dict.fromkeys(names, 0)
    for step, place, _, _, sessions in rows:
        totals[step, place] += sessions
    stages = {key: Stage(key[0], names[key], totals[key]) for key in names}
    moves = [
        Move(stages[step, place], None if end is None else stages[step + 1, end], sessions)
        for step, place, _, end, sessions in rows
        if step < STEPS
    ]
    first = sum(total for (step, _), total in totals.items() if step == 1)
    return Flows(first, tuple(stages.values()), tuple(moves))
