"""The clock of this machine, and its difference from Mixpanel's.

The order of loads decides which data is newest. A clock is used only for the age of something, and
for whether a day had ended when it was fetched. The earlier of the two clocks counts there, so that
a day is fetched once more rather than kept incomplete.
"""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

TOLERANCE = timedelta(minutes=10)
"""Clocks that differ by less are taken as equal."""


def now() -> datetime:
    """Return the current time of this machine's clock, in UTC."""
    return datetime.now(UTC)


class ServerClock:
    """The difference between this machine's clock and a server's, read from ``Date`` headers."""

    def __init__(self) -> None:
        self.ahead = timedelta(0)
        """How far this machine's clock is ahead of the server's; negative if it is behind, 0 while
        unknown."""

    def read(self, headers: Mapping[str, str]) -> None:
        """Compare the clock with the headers of a response that has just arrived; ignore a cached
        one."""
        if "age" in headers:
            return
        try:
            moment = parsedate_to_datetime(headers.get("date", ""))
            ahead = now() - (moment if moment.tzinfo else moment.replace(tzinfo=UTC))
        except (ValueError, TypeError, OverflowError):
            return  # no ``Date`` header, or not a date
        self.ahead = ahead if abs(ahead) > TOLERANCE else timedelta(0)

    def earliest(self, moment: datetime) -> datetime:
        """Return ``moment``, read from this machine's clock, by the slower of the two clocks."""
        return moment - max(self.ahead, timedelta(0))


def clock_warning(ahead: timedelta, newest_fetch: datetime | None) -> str | None:
    """Return a warning about a clock that is wrong or was wrong; None if nothing suggests so.

    ``ahead`` is the difference measured by :class:`ServerClock`. ``newest_fetch`` (naive UTC) is
    when the newest load of the data folder was fetched, by this machine's clock at that time.
    """
    kept = "What was loaded last still counts as the newest, and nothing is lost."
    if ahead:
        which = "ahead of" if ahead > timedelta(0) else "behind"
        return (
            f"The clock of this machine is {_duration(abs(ahead))} {which} Mixpanel's. The days "
            f"to fetch depend on it: correct it. {kept}"
        )
    present = now().replace(tzinfo=None)
    if newest_fetch and newest_fetch - present > TOLERANCE:
        return (
            "The clock of this machine was put back: the newest load of this data folder was "
            f"fetched at {newest_fetch:%Y-%m-%d %H:%M} UTC, and it is {present:%Y-%m-%d %H:%M} "
            f"UTC now. It was wrong then, or is wrong now. {kept}"
        )
    return None


def _duration(length: timedelta) -> str:
    hours, minutes = divmod(round(length / timedelta(minutes=1)), 60)
    parts = [(hours // 24, "day"), (hours % 24, "hour"), (minutes, "minute")]
    shown = [f"{count} {unit}{'s' if count > 1 else ''}" for count, unit in parts if count]
    return " ".join(shown[:2])
