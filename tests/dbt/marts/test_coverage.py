"""What tables say of their coverage, for any set of fetched days: a row is marked exactly when a day it depends on is
not known, which plain Python says of each table in its own words.

dbt compiles the models once; their SQL then runs in memory, as in a first build. That builds which grow
end where a first one does is `test_increments_at_random.py`.
"""

import json
import random
from collections.abc import Callable, Iterator
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Any

import duckdb
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from support import warm_dbt
from support.marts.known import DAY, Known
from support.raw_file import SCHEMA, Event, RawFile

ROOT = Path(__file__).parents[3]
ZONES = ["UTC", "Europe/Berlin", "America/New_York"]
FIRST = date(2026, 2, 1)
DAYS = 75
EVENTS_FROM = 12
"""Before this day of them nothing happened."""
VARS: dict[str, Any] = {
    "retentions": [
        {"name": "rolling", "intervals": 6},
        {"name": "calendar", "unit": "week", "mode": "calendar", "intervals": 3},
        {"name": "repeated", "unit": "month", "kind": "compounded", "intervals": 1},
    ],
    "funnels": [
        {"name": "once", "steps": ["A", "B"], "window": 3},
        {
            "name": "often",
            "steps": ["A", "B"],
            "window": 30,
            "window_unit": "hour",
            "counting": "totals",
        },
        {"name": "soon", "steps": ["A", "B"], "window": 2, "window_unit": "hour"},
        {"name": "since", "steps": ["A", "B"], "window": 2, "since": "2026-03-10"},
    ],
    "attributions": [
        {"name": "all", "conversion_events": ["B"], "touch": "event", "lookback_days": 3},
        {
            "name": "first",
            "conversion_events": ["B"],
            "touch": "event",
            "lookback_days": 3,
            "counting": "first",
        },
    ],
}
MODELS = [
    *(
        "days",
        "user_days",
        "user_activity",
        "daily_active_users",
        "daily_events",
        "monthly_events",
        "lifecycle",
    ),
    *(
        "retention_cohorts",
        "retention_averages",
        "funnels",
        "attribution_touches",
        "dq_late_arrivals",
        "dq_duplicates",
        "dq_volume",
        "dq_days",
    ),
    "event_catalog",
]
# Read only when tables grow, or changing no row of these events.
LEFT_OUT = {
    *(
        "int_refetched_dates",
        "int_refetched_ranges",
        "int_reassigned_user_days",
        "int_affected_users",
    ),
    *("int_id_activity_by_day", "identities"),
}
COMPILED_FOR = "Europe/Berlin"

Row = dict[str, Any]


class Compiled:
    """The models' SQL in the order in which it runs, with the relations it makes. It names the zone as a literal."""

    def __init__(self, folder: Path) -> None:
        (folder / "build").mkdir(parents=True)
        RawFile(folder / "raw.duckdb")
        done = warm_dbt.dbt(
            "compile",
            *("--vars", json.dumps(VARS | {"project_timezone": COMPILED_FOR})),
            *warm_dbt.PROJECT,
            cwd=ROOT,
            own=warm_dbt.over(folder),
        )
        assert done.returncode == 0, done.stdout
        manifest = json.loads((folder / "target" / "manifest.json").read_bytes())
        self.steps: list[tuple[str, str]] = []
        self._nodes = {
            node["name"]: node
            for node in manifest["nodes"].values()
            if node["resource_type"] == "model"
        }
        self._compiled = folder / "target" / "compiled" / "mixpanel_data"
        self._placed: set[str] = set()
        for name in MODELS:
            self._place(name)

    def _place(self, name: str) -> None:
        if name in self._placed | LEFT_OUT:
            return
        self._placed.add(name)
        node = self._nodes[name]
        for needed in node["depends_on"]["nodes"]:
            if needed.startswith("model."):
                self._place(needed.rpartition(".")[2])
        sql = (self._compiled / node["original_file_path"]).read_text()
        self.steps.append((node["relation_name"], sql))

    def build(self, db: duckdb.DuckDBPyConnection, zone: str) -> None:
        for relation, sql in self.steps:
            in_zone = sql.replace(f"'{COMPILED_FOR}'", f"'{zone}'")
            db.execute(f"create or replace table {relation} as {in_zone}")


@pytest.fixture(scope="module")
def compiled(parsed: Path, tmp_path_factory: pytest.TempPathFactory) -> Compiled:
    return Compiled(tmp_path_factory.mktemp("compiled") / "data")


@pytest.fixture(scope="module")
def db() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as connection:
        for name in ("raw", "dbt"):
            connection.execute(f"attach ':memory:' as {name}")
        connection.execute(f"use raw; {SCHEMA}")
        for name in ("staging", "working"):
            connection.execute(f"create schema dbt.{name}")
        connection.execute("set threads = 1")  # of few rows there is nothing to share
        yield connection


def happened() -> list[Event]:
    """All events there are: on most days, at any hour, by a few users."""
    chance = random.Random(3)
    found = []
    for number in range(EVENTS_FROM, DAYS):
        for _ in range(chance.choice([0, 3, 4, 5])):
            at = datetime.combine(
                FIRST + number * DAY, time(chance.randrange(24), chance.randrange(60))
            )
            user = chance.choice(["u1", "u2", "u3", f"new{number}"])
            found.append(Event(at, chance.choice("AAB"), user, f"{number}-{len(found)}"))
    return sorted(found, key=lambda event: event.time)


HAPPENED = happened()
Fetch = tuple[datetime, datetime, datetime]


@st.composite
def fetches(draw: st.DrawFn) -> tuple[str, list[Fetch]]:
    """A zone, and fetches: ranges of days, some of them fetched while they went on, some days fetched twice."""
    zone = draw(st.sampled_from(ZONES))
    basis = draw(st.sampled_from(["UTC", zone]))
    clock = Known([], basis)
    made: list[Fetch] = []
    for start, length in draw(
        st.lists(st.tuples(st.integers(0, DAYS - 1), st.integers(1, 40)), min_size=1, max_size=4)
    ):
        for number in range(start, min(start + length, DAYS)):
            day = FIRST + number * DAY
            made.append((clock.start(day), clock.start(day + DAY), clock.start(day + 3 * DAY)))
    for number in draw(st.lists(st.integers(0, DAYS - 1), max_size=3)):
        day = FIRST + number * DAY
        hours = draw(st.integers(0, 23))
        partial = (
            clock.start(day),
            clock.start(day + DAY),
            clock.start(day) + timedelta(hours=hours),
        )
        if draw(st.booleans()):  # else it was refetched later
            made = [fetch for fetch in made if fetch[0] != partial[0]]
        made.append(partial)
    return zone, made


def load(db: duckdb.DuckDBPyConnection, made: list[Fetch]) -> None:
    """What raw.duckdb holds after these fetches: of a fetch before a day was over, what had happened by then."""
    newest = {
        start: (start, end, max(m for s, _, m in made if s == start)) for start, end, _ in made
    }
    rows = [
        event.row()
        for event in HAPPENED
        if any(start <= event.time < min(end, at) for start, end, at in newest.values())
    ]
    db.execute(
        "use raw; delete from mixpanel.events; delete from mixpanel._metadata; delete from mixpanel._dlt_loads"
    )
    if rows:
        db.executemany("insert into mixpanel.events values (?, ?, ?, ?, ?)", rows)
    db.executemany(
        """
        insert into mixpanel._metadata by name
        select 'events' as table_name, 'events' as fetch_type, ?::timestamp as range_start, ?::timestamp as range_end,
            ?::timestamp as fetched_at, ?::date as window_start, window_start as window_end, '1' as load_id, 1 as row_count
        """,
        [(*fetch, fetch[0].date()) for fetch in made],
    )
    db.execute("insert into mixpanel._dlt_loads values ('1', 'mixpanel', 0, now(), 'x'); use dbt")


def rows(db: duckdb.DuckDBPyConnection, table: str) -> list[Row]:
    found = db.execute(f"from dbt.main.{table}")
    names = [column[0] for column in found.description or ()]
    return [dict(zip(names, row, strict=True)) for row in found.fetchall()]


def month_of(day: date) -> date:
    return day.replace(day=1)


def next_month(day: date) -> date:
    return month_of(month_of(day) + 31 * DAY)


def week_of(day: date) -> date:
    return day - day.weekday() * DAY


STARTS: dict[str, Callable[[date], date]] = {
    "day": lambda day: day,
    "week": week_of,
    "month": month_of,
}
NEXT: dict[str, Callable[[date], date]] = {
    "day": lambda day: day + DAY,
    "week": lambda day: day + 7 * DAY,
    "month": next_month,
}
BEFORE: dict[str, Callable[[date], date]] = {
    "day": lambda day: day - DAY,
    "week": lambda day: day - 7 * DAY,
    "month": lambda day: month_of(day - DAY),
}


@given(drawn=fetches())
@settings(max_examples=8, phases=[Phase.explicit, Phase.reuse, Phase.generate])
def test_a_row_is_marked_exactly_when_a_day_it_depends_on_is_unknown(
    db: duckdb.DuckDBPyConnection, compiled: Compiled, drawn: tuple[str, list[Fetch]]
) -> None:
    zone, made = drawn
    load(db, made)
    compiled.build(db, zone)

    known = Known(made, zone)
    counted = [
        event for event in HAPPENED if any(start <= event.time < end for start, end in known.ranges)
    ]
    if not counted:
        for table in MODELS:
            assert table == "dq_days" or rows(db, table) == []
        return
    calendar = days_between(
        known.day(counted[0].time),
        max(known.day(counted[-1].time), known.day(known.end - timedelta.resolution)),
    )
    check_days(db, known, calendar)
    check_daily(db, known, calendar)
    check_periods(db, known, calendar)
    check_users(db, known)
    check_retention(db, known)
    check_funnels(db, known)
    check_attributions(db, known)
    check_quality(db, known, calendar)


def days_between(first: date, last: date) -> list[date]:
    return [first + n * DAY for n in range((last - first).days + 1)]


def check_days(db: duckdb.DuckDBPyConnection, known: Known, calendar: list[date]) -> None:
    found = {row["event_date"]: row for row in rows(db, "days")}

    assert sorted(found) == [day for day in calendar if known.touches(day)]
    for day, row in found.items():
        assert row["is_partial"] == (not known.days(day, day))
        since = row["known_since"]
        assert since == day or known.days(since, day - DAY)
        assert not known.days(since - DAY, day - DAY)
        until = row["known_until"]
        assert (until is None) == (
            not known.time(known.start(day), known.start(day) + timedelta.resolution)
        )
        if until:
            assert known.time(known.start(day), until)
            assert not known.time(known.start(day), until + timedelta.resolution)


def check_daily(db: duckdb.DuckDBPyConnection, known: Known, calendar: list[date]) -> None:
    found = rows(db, "daily_active_users")
    assert sorted(row["event_date"] for row in found) == calendar
    for row in found:
        day = row["event_date"]
        look_back(
            row,
            known,
            day,
            is_partial=0,
            is_wau_partial=6,
            is_mau_partial=29,
            is_lifecycle_partial=30,
        )
        numbers = (
            "dau",
            "wau",
            "mau",
            "new_users",
            "returning_users",
            "churned_users",
            "event_count",
        )
        are_null_unless(row, numbers, known.touches(day))

    found = rows(db, "daily_events")
    for name in {row["event"] for row in found}:
        own = [row["event_date"] for row in found if row["event"] == name]
        assert sorted(own) == [day for day in calendar if day >= min(own)]
    for row in found:
        day = row["event_date"]
        windows = {
            "is_trailing_7d_partial": 6,
            "is_trailing_28d_partial": 27,
            "is_trailing_30d_partial": 29,
        }
        look_back(row, known, day, is_partial=0, is_lifecycle_partial=30, **windows)
        numbers = ("event_count", "users", "new_users", "repeat_users", "trailing_users_28d")
        are_null_unless(row, numbers, known.touches(day))


def look_back(row: Row, known: Known, day: date, **marks: int) -> None:
    """Each mark is true unless all of so many days before the day, and the day, are known."""
    for mark, back in marks.items():
        assert row[mark] == (not known.days(day - back * DAY, day)), (mark, row)


def are_null_unless(row: Row, numbers: tuple[str, ...], is_known: bool) -> None:
    for number in numbers:
        assert (row[number] is not None) == is_known, (number, row)


def check_periods(db: duckdb.DuckDBPyConnection, known: Known, calendar: list[date]) -> None:
    found = rows(db, "lifecycle")
    for unit, start in STARTS.items():
        starts = {start(day) for day in calendar}
        assert {row["period_start"] for row in found if row["period"] == unit} == starts
    for row in found:
        check_period(row, known, calendar, row["period"], row["period_start"])
        has_any = any_known(known, calendar, row["period"], row["period_start"])
        are_null_unless(row, ("active_users", "new_users", "dormant_users"), has_any)

    for row in rows(db, "monthly_events"):
        start = row["month_start"]
        check_period(row, known, calendar, "month", start)
        has_any = any_known(known, calendar, "month", start)
        are_null_unless(row, ("event_count", "users", "churned_users"), has_any)
        last = max(
            (day for day in calendar if month_of(day) == start and known.touches(day)), default=None
        )
        look_back(row, known, last or start, is_wau_partial=6, is_mau_partial=29)


def check_period(row: Row, known: Known, calendar: list[date], unit: str, start: date) -> None:
    last = NEXT[unit](start) - DAY
    assert row["is_partial"] == (not known.days(start, last)), row
    since = min(BEFORE[unit](start), start - 30 * DAY)
    assert row["is_lifecycle_partial"] == (not known.days(since, last)), row


def any_known(known: Known, calendar: list[date], unit: str, start: date) -> bool:
    return any(known.touches(day) for day in calendar if STARTS[unit](day) == start)


def check_users(db: duckdb.DuckDBPyConnection, known: Known) -> None:
    for row in rows(db, "user_days") + rows(db, "user_activity"):
        day, before = row["event_date"], row["previous_date"]
        first = before + DAY if before else day - 30 * DAY
        assert row["is_gap_before"] == (first < day and not known.days(first, day - DAY)), row


def check_retention(db: duckdb.DuckDBPyConnection, known: Known) -> None:
    length = {"day": DAY, "week": 7 * DAY, "month": 30 * DAY}
    found = rows(db, "retention_cohorts")
    for row in found:
        start, unit, number = row["cohort_start"], row["unit"], row["interval_number"]
        born_by = NEXT[unit](start)
        if row["mode"] == "calendar":
            opens, closes = (
                known.start(start + number * 7 * DAY),
                known.start(start + (number + 1) * 7 * DAY),
            )
        else:
            opens = known.start(start) + number * length[unit]
            closes = known.start(born_by) + (number + 1) * length[unit]
        assert row["is_complete"] == known.time(known.start(start), closes), row
        since = start - 30 * DAY if row["kind"] == "birth" else start
        assert row["is_cohort_partial"] == (not known.days(since, born_by - DAY)), row
        is_known = any(
            known.touches(day)
            for day in days_between(known.day(opens), known.day(closes - timedelta.resolution))
        )
        are_null_unless(row, ("retained_on", "rate_on"), is_known)
        assert opens < known.end
    for row in rows(db, "retention_averages"):
        cells = [
            cell
            for cell in found
            if cell["is_complete"]
            and all(cell[key] == row[key] for key in ("retention", "interval_number"))
        ]
        assert row["cohorts"] == len(cells)
        assert row["partial_cohorts"] == sum(cell["is_cohort_partial"] for cell in cells)


def check_attributions(db: duckdb.DuckDBPyConnection, known: Known) -> None:
    for row in rows(db, "attribution_touches"):
        first = known.day(row["converted_at"] - 3 * DAY)
        if row["attribution"] == "first":
            first = min(first, row["conversion_date"] - 30 * DAY)
        just_after = row["converted_at"] + timedelta.resolution
        assert row["is_lookback_partial"] == (not known.time(known.start(first), just_after)), row


def check_funnels(db: duckdb.DuckDBPyConnection, known: Known) -> None:
    windows = {
        "once": 3 * DAY,
        "often": timedelta(hours=30),
        "since": 2 * DAY,
        "soon": timedelta(hours=2),
    }
    back = {"once": 30, "often": 2, "since": 30, "soon": 30}
    attempts = rows(db, "funnel_attempts")
    for row in rows(db, "funnels"):
        name, day = row["funnel"], row["entry_date"]
        entered = [
            a["entered_at"] for a in attempts if (a["funnel"], a["entry_date"]) == (name, day)
        ]
        end = max(known.start(day + DAY), max(entered) + windows[name])
        assert row["is_complete"] == known.time(known.start(day), end), row
        since = day - back[name] * DAY
        since = max(since, date(2026, 3, 10)) if name == "since" else since
        assert row["is_entry_partial"] == (not known.days(since, day)), row


def check_quality(db: duckdb.DuckDBPyConnection, known: Known, calendar: list[date]) -> None:
    for row in rows(db, "dq_late_arrivals") + rows(db, "dq_duplicates"):
        look_back(row, known, row["event_date"], is_partial=0)
    counts = {
        (row["event"], row["event_date"]): row["event_count"] for row in rows(db, "daily_events")
    }
    found = {(row["event"], row["event_date"]): row for row in rows(db, "dq_volume")}
    for (name, day), count in counts.items():
        usual = [
            counts[name, day - n * 7 * DAY]
            for n in range(1, 9)
            if (name, day - n * 7 * DAY) in counts
            and known.days(day - n * 7 * DAY, day - n * 7 * DAY)
        ]
        row = found.pop((name, day), None)
        assert (row is not None) == (count is not None and len(usual) >= 3)
        if row:
            assert row["is_partial"] == (not known.days(day, day))
            assert not (row["is_partial"] and row["is_anomaly"])
            ordered = sorted(usual)
            half = len(ordered) // 2
            assert row["usual_count"] == (ordered[half] + ordered[-half - 1]) / 2
    assert not found
    last = max(row["event_date"] for row in rows(db, "user_days"))
    for row in rows(db, "event_catalog"):
        look_back(row, known, last, is_30d_partial=29)
