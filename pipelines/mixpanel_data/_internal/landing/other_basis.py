"""Detects exports whose days are those of another time zone than configured.

Mixpanel assigns an event to a day of its export by the event's time, so all events of a day's file
are within that day, unless the days of the server begin at another hour than ours. Then each file
has events before or after its days, and none in as many hours at the other end. Loading only a part
of them would lose the rest, and refetching a day would delete events of the day beside it. Such a
file is rejected as a whole.

If a few events are outside the days for another reason, the file has events at the other end. Those
events are rejected line by line.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

import duckdb

from mixpanel_data._internal.landing.body_verifier import incomplete_export
from mixpanel_data._internal.sql.events import window_bounds
from mixpanel_data._internal.sql_literals import timestamp
from mixpanel_data._internal.streams.windows import Window
from mixpanel_data._internal.time_zones import Zone
from mixpanel_data.exceptions import OTHER_BASIS

STEP = timedelta(minutes=15)
"""The offsets of zones are multiples of this."""
MAX_OFFSET = timedelta(hours=14)
"""The days of no zone begin further from those of UTC."""
HOUR = timedelta(hours=1)
MIN_OFFSET = HOUR
"""The days of other zones than UTC begin at least this far from those of UTC. Two zones may differ by
one STEP."""


@dataclass(frozen=True)
class Span:
    """The bounds of a file's days in naive UTC, and the first and last time in it near them."""

    start: datetime
    end: datetime
    """The first instant after the days."""
    first: datetime
    last: datetime

    def shift(self, nearest: timedelta) -> timedelta | None:
        """Return how much later than ours the days begin that contain all of these times.

        Return None if ours contain them, or no others do. ``nearest`` is the smallest shift. Of
        several that fit, the result is the one that puts a time at midnight, otherwise a whole
        number of hours.
        """
        early, late = self.first < self.start, self.last >= self.end
        # Events at both ends, or at none, fit no shift: those outside are strays, rejected by line.
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
        # The shift must at least cover the times outside, and at most leave the opposite end empty.
        fitting = range(max(least, nearest // STEP), min(most, MAX_OFFSET // STEP) + 1)
        if not fitting:
            return None
        whole_hours = (steps for steps in fitting if steps * STEP % HOUR == timedelta(0))
        steps = next(whole_hours, fitting[0])
        if at_midnight is not None and at_midnight in fitting:
            steps = at_midnight
        return (1 if late else -1) * steps * STEP


def require_time_basis(rows: str, window: Window, zone: Zone) -> None:
    """Raise IncompleteExportError if the times of the query ``rows`` fit the days of another zone.

    The message names the settings.
    """
    start, end = window_bounds(window, zone)
    near = f"time >= {timestamp(start - MAX_OFFSET)} AND time < {timestamp(end + MAX_OFFSET)}"
    with duckdb.connect(config={"threads": 1}) as connection:  # one buffer for long lines
        query = f"SELECT min(time), max(time) FROM ({rows}) WHERE event IS NOT NULL AND {near}"
        [(first, last)] = connection.execute(query).fetchall()
    if first is None:
        return
    span = Span(start, end, first, last)
    shift = span.shift(MIN_OFFSET if zone.key == "UTC" else STEP)
    if shift is not None:
        raise incomplete_export(OTHER_BASIS, _explanation(span, shift, zone))


def _explanation(span: Span, shift: timedelta, zone: Zone) -> str:
    hours = f"{abs(shift) // HOUR:02}:{abs(shift) % HOUR // timedelta(minutes=1):02}"
    if zone.key == "UTC":
        ours = "MP_TIME_BASIS=utc"
        theirs = f"at UTC{'-' if shift > timedelta(0) else '+'}{hours}"
    else:
        ours = f"MP_TIME_BASIS=project and MP_PROJECT_TIMEZONE={zone.key}"
        theirs = f"that begin {hours} hours {'later' if shift > timedelta(0) else 'earlier'}"
    return (
        f"Its events, from {span.first:%Y-%m-%d %H:%M:%S} to {span.last:%Y-%m-%d %H:%M:%S} UTC, "
        f"do not fit the days of {ours}; they fit days {theirs}. Check MP_TIME_BASIS and "
        "MP_PROJECT_TIMEZONE; what is stored is unchanged"
    )
