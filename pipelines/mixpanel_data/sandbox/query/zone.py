"""Converts stored event times to instants, and to the project's wall-clock time."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import cache
from zoneinfo import ZoneInfo

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)
_SLOT_MS = 900_000  # zones change their offset at a quarter of an hour

Clock = Callable[[int], tuple[int, int]]


def clock(timezone: str, time_basis: str) -> Clock:
    """Return a function from a stored time to instant and wall time, in milliseconds since 1970.

    ``time_basis`` "utc" stores instants; "project", like projects created before 2023, stores wall
    times (docs/mixpanel-facts.md, section 11.1). The hour that occurs twice in autumn is read as
    the first.
    """
    zone = ZoneInfo(timezone)

    @cache
    def offset(slot: int) -> int:
        moment = _EPOCH + slot * _SLOT_MS * _MILLISECOND
        local = moment.astimezone(zone) if time_basis == "utc" else moment.replace(tzinfo=zone)
        return (local.utcoffset() or timedelta()) // _MILLISECOND

    if time_basis == "utc":
        return lambda stored: (stored, stored + offset(stored // _SLOT_MS))
    return lambda stored: (stored - offset(stored // _SLOT_MS), stored)
