"""Time zones, all from one source: the zone data compiled into DuckDB.

DuckDB converts the times of events to UTC and back. Python's ``zoneinfo`` reads the zone data of
the system, which may be of another year: a day would then end an hour before its events do.
"""

import os
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from difflib import get_close_matches
from functools import lru_cache
from typing import TYPE_CHECKING

from mixpanel_data._internal.sql_literals import literal

if TYPE_CHECKING:
    import duckdb

# Names that ICU keeps from early Java, such as BST for Bangladesh. They are not IANA names, and
# have other meanings.
_NOT_IANA = frozenset(
    [
        "ACT",
        "AET",
        "AGT",
        "ART",
        "AST",
        "BET",
        "BST",
        "CAT",
        "CNT",
        "CST",
        "CTT",
        "EAT",
        "ECT",
        "IET",
        "IST",
        "JST",
        "MIT",
        "NET",
        "NST",
        "PLT",
        "PNT",
        "PRT",
        "PST",
        "SST",
        "VST",
    ]
)


@dataclass(frozen=True)
class Zone:
    """A time zone, by its IANA name."""

    key: str = "UTC"


def require_zone(name: str) -> str:
    """Return ``name`` if DuckDB has a time zone of this name.

    Raises:
        ValueError: if it has none; the message suggests the nearest name.
    """
    if name == "UTC" or name in zone_names():
        return name
    by_lower = {known.lower(): known for known in zone_names()}
    cities = {known.rpartition("/")[2]: known for known in by_lower.values()}
    wanted = name.strip().lower().replace(" ", "_")
    city = wanted.rpartition("/")[2]
    near = get_close_matches(wanted, by_lower, n=1) or [wanted]
    nearest = (
        by_lower.get(near[0])
        or next((known for place, known in cities.items() if place.lower() == city), None)
        or "Europe/Stockholm"
    )
    raise ValueError(f"{name!r} is no IANA time zone; did you mean {nearest}?")


@lru_cache
def zone_names() -> frozenset[str]:
    """Return the IANA names of DuckDB's time zones."""
    rows = _cursor().execute("SELECT name FROM pg_timezone_names()").fetchall()
    return frozenset(
        name for (name,) in rows if name not in _NOT_IANA and not name.startswith("SystemV/")
    )


def to_utc(clock: str, key: str) -> str:
    """Return SQL for the UTC time at which a clock in the zone shows ``clock`` on that clock's day.

    Where the clock is put back, an hour occurs twice: the first one is meant. Where it is put
    forward, an hour does not occur at all: it counts as if the clock had not been moved, or, if
    that falls on the next day, as if it had been moved before.
    """
    if key == "UTC":
        return clock
    shown = _not_moved(clock, key)
    after = f"({clock} + INTERVAL 1 DAY)"
    return (
        f"CASE WHEN CAST({to_local(shown, key)} AS DATE) = CAST({clock} AS DATE) THEN {shown} "
        f"ELSE {clock} - ({after} - {_utc(after, key)}) END"
    )


def day_start_of(midnight: str, key: str) -> str:
    """Return SQL for the UTC time at which the day of ``midnight`` begins in the zone.

    A day that the zone skipped begins, and ends, where the next one begins.
    """
    return midnight if key == "UTC" else _not_moved(midnight, key)


def to_local(time: str, key: str) -> str:
    """Return SQL for the time that a clock in the zone shows at ``time``, a UTC timestamp."""
    return time if key == "UTC" else f"timezone({literal(key)}, timezone('UTC', {time}))"


def day_start(day: date, zone: Zone) -> datetime:
    """Return the instant at which ``day`` begins in ``zone``, as naive UTC, like DuckDB's
    TIMESTAMP."""
    if zone.key == "UTC":
        return datetime.combine(day, time.min)
    return _starts(day.year, zone.key)[day.timetuple().tm_yday - 1]


def local_date(moment: datetime, zone: Zone) -> date:
    """Return the date in ``zone`` at ``moment``, a naive UTC time."""
    return moment.date() if zone.key == "UTC" else _date(moment, zone.key)


def today(zone: Zone, now: datetime | None = None) -> date:
    """Return the current date in ``zone``."""
    return local_date((now or datetime.now(UTC)).astimezone(UTC).replace(tzinfo=None), zone)


@lru_cache(maxsize=1_000)
def _starts(year: int, key: str) -> list[datetime]:
    """Return the start of each day of a year, in one query: planning costs more than the answer."""
    days = f"SELECT TIMESTAMP '{year:04}-01-01' + to_days(n::INTEGER) AS midnight FROM range(366) AS r(n)"
    sql = f"SELECT {day_start_of('midnight', key)} FROM ({days}) ORDER BY midnight"
    return [start for (start,) in _cursor().execute(sql).fetchall()]


def _date(moment: datetime, key: str) -> date:
    sql = f"SELECT CAST({to_local('$moment::TIMESTAMP', key)} AS DATE)"
    found: date = _cursor().execute(sql, {"moment": moment}).fetchall()[0][0]
    return found


def _not_moved(clock: str, key: str) -> str:
    """Return SQL for the first time at which ``clock`` is shown, or would be without the change."""
    before = f"({clock} - INTERVAL 1 DAY)"
    first = f"({clock} - ({before} - {_utc(before, key)}))"
    # timezone() of DuckDB takes the second of two equal clock times; this takes the first.
    return f"CASE WHEN {to_local(first, key)} = {clock} THEN {first} ELSE {_utc(clock, key)} END"


def _utc(clock: str, key: str) -> str:
    return f"timezone('UTC', timezone({literal(key)}, {clock}))"


def _cursor() -> "duckdb.DuckDBPyConnection":
    return _connection(os.getpid()).cursor()


@lru_cache(maxsize=1)
def _connection(_pid: int) -> "duckdb.DuckDBPyConnection":
    """Return one connection a process, since a fork has none of its parent's threads."""
    import duckdb  # slow to import, and reading settings needs none

    return duckdb.connect(config={"threads": 1})
