"""Exports whose days are those of another zone than configured.

Mixpanel files an event under a day of its export by the event's time, so no event of a day's file
lies outside that day, unless the server's days begin at another hour than ours. Then each file
holds events before or after its days, and none in as many hours at the other end. Loading a part of
them would lose the rest, and reading a day again would delete events of its neighbour: such a file
is refused as a whole.

A few stray events are told from that by the other end: there the file has events. They are rejected
line by line.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

import duckdb

from mixpanel_data._internal.landing.body_verifier import broken
from mixpanel_data._internal.sql.events import window_bounds
from mixpanel_data._internal.sql_literals import timestamp
from mixpanel_data._internal.streams.windows import Window
from mixpanel_data._internal.time_zones import Zone
from mixpanel_data.exceptions import OTHER_BASIS

STEP = timedelta(minutes=15)
"""Offsets of zones are multiples of it."""
FURTHEST = timedelta(hours=14)
"""No zone's days begin further from those of UTC."""
HOUR = timedelta(hours=1)
NEAREST = HOUR
"""No zone but those of UTC has days that begin nearer to those of UTC. Two zones may be a STEP
apart."""


@dataclass(frozen=True)
class Span:
    """The bounds of a file's days, naive UTC, and the first and last time in it that is not far
    from them."""

    start: datetime
    end: datetime
    """The first instant after the days."""
    first: datetime
    last: datetime

    def shift(self, nearest: timedelta) -> timedelta | None:
        """How much later than ours the days begin that hold all of these times.

        None if ours hold them, or no others do. ``nearest`` is the least shift. Of several that
        fit, it is the one that puts a time at midnight, else a whole number of hours.
        """
        early, late = self.first < self.start, self.last >= self.end
        if early == late:
            return None
        if late:
            least, most = (self.last - self.end) // STEP + 1, (self.first - self.start) // STEP
            at_midnight = most if self.first - self.start == most * STEP else None
        else:
            least, most = (
                -((self.first - self.start) // STEP),
                -((self.last - self.end) // STEP) - 1,
            )
            at_midnight = least if self.start - self.first == least * STEP else None
        fitting = range(max(least, nearest // STEP), min(most, FURTHEST // STEP) + 1)
        if not fitting:
            return None
        whole_hours = (steps for steps in fitting if steps * STEP % HOUR == timedelta(0))
        steps = next(whole_hours, fitting[0])
        if at_midnight is not None and at_midnight in fitting:
            steps = at_midnight
        return (1 if late else -1) * steps * STEP


def require_basis(rows: str, window: Window, zone: Zone) -> None:
    """Nothing, if the times of ``rows``, a query, are not those of days of another zone.

    Raises:
        IncompleteExportError: they are; the message names the settings.
    """
    start, end = window_bounds(window, zone)
    near = f"time >= {timestamp(start - FURTHEST)} AND time < {timestamp(end + FURTHEST)}"
    with duckdb.connect(config={"threads": 1}) as connection:  # one buffer for long lines
        query = f"SELECT min(time), max(time) FROM ({rows}) WHERE event IS NOT NULL AND {near}"
        [(first, last)] = connection.execute(query).fetchall()
    if first is None:
        return
    span = Span(start, end, first, last)
    shift = span.shift(NEAREST if zone.key == "UTC" else STEP)
    if shift is not None:
        raise broken(OTHER_BASIS, _explanation(span, shift, zone))


def _explanation(span: Span, shift: timedelta, zone: Zone) -> str:
    hours = f"{abs(shift) // HOUR:02}:{abs(shift) % HOUR // timedelta(minutes=1):02}"
    if zone.key == "UTC":
        ours = "MP_TIME_BASIS=utc"
        theirs = f"at UTC{'-' if shift > timedelta(0) else '+'}{hours}"
    else:
        ours = f"MP_TIME_BASIS=project and MP_PROJECT_TIMEZONE={zone.key}"
        theirs = f"that begin {hours} hours {'later' if shift > timedelta(0) else 'earlier'}"
    return (
        f"Its events, from {span.first:%Y-%m-%d %H:%M:%S} to {span.last:%Y-%m-%d %H:%M:%S} UTC, do not fit the days of "
        f"{ours}; they fit days {theirs}. Check MP_TIME_BASIS and MP_PROJECT_TIMEZONE; what is stored is unchanged"
    )
