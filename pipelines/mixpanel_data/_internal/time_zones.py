"""Time zones, all from one source: the zone data that are compiled into DuckDB.

DuckDB turns the times of events into UTC and back. Python's ``zoneinfo`` reads the system's zone
data, which may be of another year: a day would then end an hour before its events do.
"""

import os
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from difflib import get_close_matches
from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import duckdb

# Names that ICU keeps from early Java, such as BST for Bangladesh. They are no IANA names, and mean
# other things.
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
    """A time zone by its IANA name."""

    key: str = "UTC"


def require_known(name: str) -> str:
    """``name``, of a zone that DuckDB knows.

    Raises:
        ValueError: it knows none of this name; the message has the nearest one.
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
    """The IANA names that DuckDB knows."""
    rows = _cursor().execute("SELECT name FROM pg_timezone_names()").fetchall()
    return frozenset(
        name for (name,) in rows if name not in _NOT_IANA and not name.startswith("SystemV/")
    )


def to_utc(clock: str, key: str) -> str:
    """SQL for the UTC time at which a clock in the zone shows ``clock``, within that clock's day.

    Where the clock is put back, an hour is there twice: the first is meant. Where it is put
    forward, an hour is not there at all: it counts as if the clock had not been moved, or, where
    that is the next day, as if it had been moved before.
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
    """SQL for the UTC time at which the day of ``midnight`` begins in the zone.

    A day that the zone left out begins, and ends, where the next one begins.
    """
    return midnight if key == "UTC" else _not_moved(midnight, key)


def to_local(time: str, key: str) -> str:
    """SQL for what a clock in the zone shows at ``time``, a UTC timestamp."""
    return time if key == "UTC" else f"timezone({_literal(key)}, timezone('UTC', {time}))"


def day_start(day: date, zone: Zone) -> datetime:
    """The instant ``day`` begins in ``zone``, as a naive UTC time, the form DuckDB's TIMESTAMP has
    here."""
    if zone.key == "UTC":
        return datetime.combine(day, time.min)
    return _starts(day.year, zone.key)[day.timetuple().tm_yday - 1]


def local_date(moment: datetime, zone: Zone) -> date:
    """The date it is in ``zone`` at ``moment``, a naive UTC time."""
    return moment.date() if zone.key == "UTC" else _date(moment, zone.key)


def today(zone: Zone, now: datetime | None = None) -> date:
    """The date it is in ``zone``."""
    return local_date((now or datetime.now(UTC)).astimezone(UTC).replace(tzinfo=None), zone)


@lru_cache(maxsize=1_000)
def _starts(year: int, key: str) -> list[datetime]:
    """When each day of a year begins: one query for all, since planning costs more than the answer."""
    days = f"SELECT TIMESTAMP '{year:04}-01-01' + to_days(n::INTEGER) AS midnight FROM range(366) AS r(n)"
    sql = f"SELECT {day_start_of('midnight', key)} FROM ({days}) ORDER BY midnight"
    return [start for (start,) in _cursor().execute(sql).fetchall()]


def _date(moment: datetime, key: str) -> date:
    sql = f"SELECT CAST({to_local('$moment::TIMESTAMP', key)} AS DATE)"
    found: date = _cursor().execute(sql, {"moment": moment}).fetchall()[0][0]
    return found


def _not_moved(clock: str, key: str) -> str:
    """The first time at which ``clock`` is shown, or would be if the clock were not put forward."""
    before = f"({clock} - INTERVAL 1 DAY)"
    first = f"({clock} - ({before} - {_utc(before, key)}))"
    # DuckDB alone takes the second of two.
    return f"CASE WHEN {to_local(first, key)} = {clock} THEN {first} ELSE {_utc(clock, key)} END"


def _utc(clock: str, key: str) -> str:
    return f"timezone('UTC', timezone({_literal(key)}, {clock}))"


def _literal(key: str) -> str:
    return "'" + key.replace("'", "''") + "'"


def _cursor() -> "duckdb.DuckDBPyConnection":
    return _connection(os.getpid()).cursor()


@lru_cache(maxsize=1)
def _connection(_pid: int) -> "duckdb.DuckDBPyConnection":
    """One for each process: a fork has none of its parent's threads. One thread is enough."""
    import duckdb  # settings are read before it is needed

    return duckdb.connect(config={"threads": 1})
