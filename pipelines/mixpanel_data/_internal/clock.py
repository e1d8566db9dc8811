"""This machine's clock, and how far it is from Mixpanel's.

What is newest is decided by the order of loads. A clock is only asked how old something is, and
whether a day was over when it was fetched; there the earlier of the two clocks counts, so that a
day is fetched once more rather than left half.
"""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

TOLERANCE = timedelta(minutes=10)
"""Clocks that differ by less count as equal."""


def now() -> datetime:
    """The present moment by this machine's clock, in UTC."""
    return datetime.now(UTC)


class ServerClock:
    """What the ``Date`` headers of a server's answers say of this machine's clock."""

    def __init__(self) -> None:
        self.ahead = timedelta(0)
        """How far this machine's clock is ahead of the server's; negative where it is behind, 0
        while unknown."""

    def read(self, headers: Mapping[str, str]) -> None:
        """Take note of the headers of an answer that has just arrived. One from a cache is passed
        over."""
        if "age" in headers:
            return
        try:
            moment = parsedate_to_datetime(headers.get("date", ""))
            ahead = now() - (moment if moment.tzinfo else moment.replace(tzinfo=UTC))
        except (ValueError, TypeError, OverflowError):
            return  # none, or no date
        self.ahead = ahead if abs(ahead) > TOLERANCE else timedelta(0)

    def earliest(self, moment: datetime) -> datetime:
        """``moment``, read from this machine's clock, by the slower of the two clocks."""
        return moment - max(self.ahead, timedelta(0))


def clock_warning(ahead: timedelta, newest_fetch: datetime | None) -> str | None:
    """A sentence about a clock that is wrong or was; None where nothing is seen of that.

    ``ahead`` is what the server's answers say of the clock, ``newest_fetch`` (naive UTC) when the
    newest load of the data folder was fetched, by the clock of then.
    """
    kept = "What was loaded last still counts as the newest, and nothing is lost."
    if ahead:
        which = "ahead of" if ahead > timedelta(0) else "behind"
        return (
            f"The clock of this machine is {_duration(abs(ahead))} {which} Mixpanel's. Days are chosen by it: "
            f"set it right. {kept}"
        )
    present = now().replace(tzinfo=None)
    if newest_fetch and newest_fetch - present > TOLERANCE:
        return (
            f"The clock of this machine was put back: the newest load of this data folder was fetched at "
            f"{newest_fetch:%Y-%m-%d %H:%M} UTC, and it is {present:%Y-%m-%d %H:%M} UTC now. It was wrong then, or is "
            f"wrong now. {kept}"
        )
    return None


def _duration(length: timedelta) -> str:
    hours, minutes = divmod(round(length / timedelta(minutes=1)), 60)
    parts = [(hours // 24, "day"), (hours % 24, "hour"), (minutes, "minute")]
    shown = [f"{count} {unit}{'s' if count > 1 else ''}" for count, unit in parts if count]
    return " ".join(shown[:2])
