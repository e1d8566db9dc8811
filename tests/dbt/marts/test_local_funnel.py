"""`mp funnel` and `Workspace.funnel_local`: the rows of the table `funnels`, and plain Python for a range of days."""

import json
import shutil
from collections import Counter, defaultdict
from collections.abc import Iterator
from datetime import date, timedelta
from math import erfc, sqrt
from pathlib import Path
from typing import Any

import pytest
from dbt.marts.conftest import VARS
from dbt.marts.test_analysis import DB, same_times_aside, steps_reached
from support.marts import plain

from mixpanel_data import ConfigError, Workspace
from mixpanel_data.cli.app import run

PAYING = ["Page View", "Search", ["Paid", "paid"]]


@pytest.fixture(scope="module")
def folder(by_loads: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder whose published file has the tables of the build."""
    folder = tmp_path_factory.mktemp("published")
    shutil.copy(by_loads / "build" / "dbt.duckdb", folder / "mixpanel.duckdb")
    return folder


@pytest.fixture
def ws(folder: Path) -> Iterator[Workspace]:
    with Workspace(data_dir=folder) as workspace:
        yield workspace


@pytest.mark.parametrize("asked", VARS["funnels"], ids=lambda asked: asked["name"])
def test_it_equals_the_table_of_the_same_definition(
    ws: Workspace, db: DB, asked: dict[str, Any]
) -> None:
    found = ws.funnel_local(
        asked["steps"],
        by=asked.get("segment"),
        window=f"{asked.get('window', 7)}{asked.get('window_unit', 'day')[0]}",
        counting=asked.get("counting", "uniques"),
        segment_at=asked.get("segment_at", 1),
        per=asked.get("per"),
        order=asked.get("order", "specific"),
        value=asked.get("value"),
        exclude=asked.get("exclude", ()),
        unit="day",
    )

    tests = ("rate_low", "rate_high", "p_value")
    columns = [name for name in found._columns() if name not in tests]
    table = [name.replace("period_start", "entry_date") for name in columns]
    expected = db.execute(
        f"select {', '.join(table)} from funnels where funnel = ?", [asked["name"]]
    ).fetchall()
    assert len(expected) > 20
    rows = [tuple(row[name] for name in columns) for row in found.records()]
    assert sorted(rows, key=repr) == sorted(expected, key=repr)


def test_a_range_has_the_first_entry_in_it_of_each_user(
    ws: Workspace, seen: list[plain.Seen]
) -> None:
    days = sorted({event.day for event in seen})
    first, last = days[3], days[-4]

    found = ws.funnel_local(PAYING, from_date=first, to_date=str(last))

    reached = []
    for user in {event.user for event in seen} - {None}:
        own = [event for event in seen if event.user == user and event.day >= first]
        views = [e for e in own if e.name == "Page View" and e.day <= last]
        if views:
            reached.append(steps_reached(own, views[0].time))
    assert [(each.entries, each.reached) for each in found.steps] == [
        (len(reached), sum(steps >= number for steps in reached)) for number in (1, 2, 3)
    ]
    assert 0 < found.steps[2].reached < found.steps[0].reached
    assert (found.from_date, found.to_date) == (str(first), str(last))
    whole = ws.funnel_local(PAYING).steps
    assert whole[0].entries != found.steps[0].entries
    assert {each.period_start for each in whole} == {None}


def test_an_optimized_attempt_begins_in_the_range(ws: Workspace) -> None:
    # A user whose attempt in the range failed is not counted by a later one that converted.
    by_day = ws.funnel_local(["Search", "Paid"], reentry="optimized", counting="totals", unit="day")
    days = sorted({each.period_start for each in by_day.steps if each.period_start})
    last = days[len(days) // 2]

    found = ws.funnel_local(["Search", "Paid"], reentry="optimized", to_date=last, unit="day")

    assert max(each.period_start or date.max for each in found.steps) <= last
    users = ws.sql_rows(
        "SELECT count(DISTINCT user_id) FROM events WHERE event = 'Search' AND event_date <= ?",
        [last],
    )[0][0]
    assert sum(each.entries for each in found.steps if each.step_number == 1) == users


def test_a_property_and_a_condition(ws: Workspace) -> None:
    by_column = ws.funnel_local(["Page View", "Paid"], by="current_url")
    by_property = ws.funnel_local(["Page View", "Paid"], by="properties.$current_url")
    of_one = ws.funnel_local(["Page View", "Paid"], where="event_date >= '2026-01-05'")
    since = ws.funnel_local(["Page View", "Paid"], from_date="2026-01-05")

    assert by_property.steps == by_column.steps
    assert [(s.entries, s.reached) for s in of_one.steps] == [
        (s.entries, s.reached) for s in since.steps
    ]


def test_every_format(folder: Path, ws: Workspace, capsys: pytest.CaptureFixture[str]) -> None:
    asked = ["funnel", "Page View", "Search", "--by", "current_url", "--window", "12h"]
    expected = ws.funnel_local(["Page View", "Search"], by="current_url", window="12h")
    printed = {}
    for fmt in ("table", "json", "jsonl", "csv"):
        assert run([*asked, "--data-dir", str(folder), "--format", fmt]) == 0
        printed[fmt] = capsys.readouterr().out

    assert json.loads(printed["json"]) == expected.to_dict()
    lines = [json.loads(line) for line in printed["jsonl"].splitlines()]
    assert lines == [each.to_dict() for each in expected.steps]
    assert printed["csv"].splitlines()[0] == ",".join(expected._columns())
    assert len(printed["csv"].splitlines()) == len(expected.steps) + 1
    assert "Page View" in printed["table"]


@pytest.mark.parametrize(
    ("steps", "options", "message"),
    [
        (["Page View", "Serch"], {}, "No event Serch was ever seen. Did you mean Search?"),
        (["Page View", "Paid"], {"exclude": ["Pad"]}, "No event Pad was ever seen."),
        (["Page View"], {}, "it needs two steps or more."),
        (
            ["Page View", "Paid"],
            {"by": "current_ur"},
            "by is current_ur, which is no column of events. Did you mean current_url?",
        ),
        (["Page View", "Paid"], {"hold_constant": ["prise"]}, "Did you mean price?"),
        (["Page View", "Paid"], {"window": "7 moons"}, "window is '7 moons'. Write it like"),
        (["Page View", "Paid"], {"window": 0.5}, "It must be a second or more"),
        (
            ["Page View", "Paid"],
            {"counting": "unique"},
            "none of uniques, totals, sessions. Did you",
        ),
        (["Page View", "Paid"], {"unit": "hour"}, "unit is 'hour'. It may be day, week, month."),
        (["Page View", "Paid"], {"segment_at": 3}, "which is none of 1, 2, first_defined"),
        (["Page View", "Paid"], {"from_date": "2026-02-01", "to_date": "2026-01-01"}, "Swap them"),
        ([{"event": "Paid", "were": "1"}, "Paid"], {}, "it takes event and where"),
    ],
)
def test_what_is_wrong_is_named(
    ws: Workspace, steps: list[Any], options: dict[str, Any], message: str
) -> None:
    with pytest.raises(ConfigError) as raised:
        ws.funnel_local(steps, **options)

    assert message in str(raised.value)


def test_a_funnel_of_each_week_counts_each_user_once_in_each(
    ws: Workspace, db: DB, seen: list[plain.Seen]
) -> None:
    expected: dict[tuple[date, int], int] = defaultdict(int)
    for user in {event.user for event in seen} - {None}:
        own = [event for event in seen if event.user == user]
        firsts: dict[date, plain.Seen] = {}
        for event in own:
            if event.name == "Page View":
                firsts.setdefault(event.day - timedelta(days=event.day.weekday()), event)
        for week, first in firsts.items():
            for step in range(steps_reached(own, first.time)):
                expected[week, step + 1] += 1

    found = ws.funnel_local(PAYING, per="week").steps

    assert {(s.period_start, s.step_number): s.reached for s in found if s.reached} == expected
    table = db.execute(
        "select date_trunc('week', entry_date)::date, step_number, sum(reached)::bigint from funnels"
        " where funnel = 'weekly' and segment is null group by all having sum(reached) > 0"
    ).fetchall()
    assert {(week, step): n for week, step, n in table} == expected


def test_each_session_has_one_attempt(db: DB, seen: list[plain.Seen]) -> None:
    entries = converted = 0
    for events in plain.sessions(seen):
        first = next((e for e in events if e.name == "Page View"), None)
        if first is None:
            continue
        entries += 1
        grace = timedelta(seconds=2)
        search = next(
            (e for e in events if e.name == "Search" and e.time >= first.time - grace), None
        )
        between = search and any(
            e.name == "Paid" and first.time + grace < e.time < search.time - grace for e in events
        )
        converted += search is not None and not between

    found = db.execute(
        "select count(*), count(*) filter (where is_converted) from funnel_attempts where funnel = 'in a session'"
    ).fetchall()
    assert found == [(entries, converted)]
    assert 0 < converted < entries


def test_segments_have_an_interval_and_a_test_against_the_others(db: DB) -> None:
    found = db.execute(
        "select funnel, segment, step_number, entries, reached, rate_low, rate_high, z_score, p_value from funnel_segments"
    ).fetchall()

    sums = {
        (funnel, step): (entries, reached)
        for funnel, step, entries, reached in db.execute(
            "select funnel, step_number, sum(entries), sum(reached) from funnels"
            " where segment is not null and is_complete group by 1, 2"
        ).fetchall()
    }
    for funnel, _, step, entries, reached, low, high, z_score, p_value in found:
        share, z = reached / entries, 1.959963984540054
        middle, width = (
            share + z * z / 2 / entries,
            z * sqrt(share * (1 - share) / entries + z * z / 4 / entries**2),
        )
        assert low == pytest.approx((middle - width) / (1 + z * z / entries), abs=1e-9)
        assert high == pytest.approx((middle + width) / (1 + z * z / entries), abs=1e-9)
        all_entries, all_reached = sums[funnel, step]
        pooled, others = all_reached / all_entries, all_entries - entries
        if z_score is not None:
            error = sqrt(pooled * (1 - pooled) * (1 / entries + 1 / others))
            assert z_score == pytest.approx((share - (all_reached - reached) / others) / error)
            assert p_value == pytest.approx(erfc(abs(z_score) / sqrt(2)), rel=1e-6)
        else:
            assert pooled in (0, 1) or not others
    assert {row[0] for row in found} == {"any order", "repeated", "weekly"}
    assert sum(row[8] is not None for row in found) >= 4


def test_times_to_convert_are_those_of_the_attempts(db: DB) -> None:
    found = db.execute(
        "select funnel, segment, entry_date, step_number, seconds_from, seconds_to, attempts from funnel_times"
    ).fetchall()

    counted: dict[tuple[Any, ...], int] = defaultdict(int)
    buckets = {(low, high) for *_, low, high, _ in found}
    for funnel, segment, entry_date, times in db.execute(
        "select funnel, segment, entry_date, step_times from funnel_attempts where steps_reached > 1"
    ).fetchall():
        for step, time in enumerate(times[1:], 2):
            seconds = (time - times[0]).total_seconds()
            [bucket] = [b for b in buckets if b[0] <= seconds and (b[1] is None or seconds < b[1])]
            counted[funnel, segment, entry_date, step, *bucket] += 1
    assert {tuple(row[:-1]): row[-1] for row in found} == counted
    assert len(buckets) > 3


def test_a_funnel_by_a_column_tests_each_segment(ws: Workspace) -> None:
    found = ws.funnel_local(["Page View", "Search"], by="current_url").steps

    segments = [step for step in found if step.step_number == 2 and step.segment is not None]
    entries, reached = sum(s.entries for s in segments), sum(s.reached for s in segments)
    pooled = reached / entries
    for step in segments:
        others = entries - step.entries
        error = sqrt(pooled * (1 - pooled) * (1 / step.entries + 1 / others))
        z = (step.reached / step.entries - (reached - step.reached) / others) / error
        assert step.p_value == pytest.approx(erfc(abs(z) / sqrt(2)), rel=1e-6)
        assert step.rate_low <= step.rate_from_first <= step.rate_high
    assert len(segments) > 1
    assert {step.p_value for step in found if step.segment is None} == {None}


def test_the_values_of_steps_are_those_of_their_events(ws: Workspace, db: DB) -> None:
    # The price of the event of each step, found once more by its time.
    found = db.execute(
        """
        select a.entry_date, n, sum(a.step_values[n]), count(*)
        from funnel_attempts as a, range(1, 4) as numbers(n)
        where a.funnel = 'weekly' and a.segment is null and n <= a.steps_reached
        group by all
        """
    ).fetchall()
    table = db.execute(
        "select entry_date, step_number, value_sum, reached from funnels"
        " where funnel = 'weekly' and segment is null and reached > 0"
    ).fetchall()
    assert sorted(table) == sorted(found)
    others = db.execute(
        """
        select count(*) from funnel_attempts as a, range(1, 4) as numbers(n)
        where a.funnel = 'weekly' and a.segment is null and n <= a.steps_reached and a.step_values[n] not in (
            select coalesce(e.price, 0) from events as e
            where
                e.user_id = a.user_id
                and e.time between a.step_times[n] - interval 2 second and a.step_times[n]
                and e.event in (if(n = 1, 'Page View', if(n = 2, 'Search', 'Paid')), if(n = 3, 'paid', 'Search'))
        )
        """
    ).fetchall()
    assert others == [(0,)]
    assert sum(row[2] for row in table) > 0
    assert ws.funnel_local(PAYING).steps[0].value_sum is None


def test_in_any_order_each_step_counts_once(db: DB, seen: list[plain.Seen]) -> None:
    kind = {"Page View": 1, "Search": 2, "Paid": 3, "paid": 3}
    window = timedelta(days=2)
    expected: Counter[tuple[object, ...]] = Counter()
    for user in {event.user for event in seen} - {None}:
        entry: plain.Seen | None = None
        done: set[int] = set()
        for event in [e for e in seen if e.user == user and e.name in kind]:
            if entry and (len(done) == 3 or event.time > entry.time + window):
                expected[user, entry.time, len(done)] += 1
                entry = None
            if entry is None:
                entry, done = event, set()
            done.add(kind[event.name])
        if entry:
            expected[user, entry.time, len(done)] += 1

    found = db.execute(
        "select user_id, entered_at, steps_reached from funnel_attempts"
        " where funnel = 'any order' and segment is null"
    ).fetchall()
    assert same_times_aside(Counter(found), seen) == same_times_aside(expected, seen)
    assert {row[2] for row in found} == {1, 2, 3}
