"""Every variable with a list of values, and every such key of a definition, gives the right numbers with each of them."""

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, datetime
from functools import cache
from pathlib import Path
from typing import Any

import duckdb
import pytest
import yaml
from dbt.marts.conftest import ROOT, dbt
from support.raw_file import Event, RawFile, at

pytestmark = pytest.mark.e2e

ANON, REPLACED = "6467e7ad-7d94-4132-a35c-1eee48c1a8f2", "0a67e7ad-7d94-4132-a35c-1eee48c1a8f2"
FREE = {"project_timezone", "session_property"}
"""Variables of text that may be any."""


@dataclass(frozen=True)
class Case:
    """What a query finds while a variable has a value."""

    name: str
    value: Any
    query: str
    wanted: list[tuple[Any, ...]]
    also: dict[str, Any] = field(default_factory=dict)

    @property
    def group(self) -> str:
        """Variables of one group are tried in different builds, since they touch the same tables."""
        return (
            self.name.partition("_")[0]
            .replace("canonical", "identity")
            .replace("bounce", "session")
        )

    def __str__(self) -> str:
        return f"{self.name}={self.value}"


def cases(name: str, query: str, wanted: dict[Any, Any], **also: Any) -> list[Case]:
    """One for each value, with the rows that the query finds: a single value stands for one row of it."""
    return [
        Case(name, value, query, rows if isinstance(rows, list) else [(rows,)], also)
        for value, rows in wanted.items()
    ]


FIRST_WEEK = """
    select min(period_start), (select min(cohort_start) from retention_cohorts where retention = 'week')
    from lifecycle where period = 'week' and active_users > 0
"""
WHO = "select user_id from identities where distinct_id = "
SESSIONS = (
    "select event_count, duration_seconds from sessions where user_id = '{}' order by started_at"
)
CONVERTED = "select is_converted from funnel_attempts where funnel = '{}' and user_id = '{}'"
TOUCHES = "select touch from attribution_touches where attribution = 'sales' and user_id = '{}' order by converted_at"
COHORTS = "select distinct cohort_start from retention_cohorts where retention = '{}' and cohort_size > 0 order by 1"

VARIABLES = [
    *cases(
        "week_start",
        FIRST_WEEK,
        {
            day: [(date(2026, month, number),) * 2]
            for day, month, number in [
                *(("monday", 3, 2), ("tuesday", 3, 3), ("wednesday", 3, 4), ("thursday", 2, 26)),
                *(("friday", 2, 27), ("saturday", 2, 28), ("sunday", 3, 1)),
            ]
        },
    ),
    *cases(
        "identity_rule",
        f"select user_id from identities where distinct_id in ('$device:dev1', '{ANON}') order by distinct_id",
        {
            "simplified": [("ann",), (ANON,)],
            "original": [("$device:dev1",), ("bob",)],
            "legacy": [("$device:dev1",), (ANON,)],
            "none": [("$device:dev1",), (ANON,)],
        },
    ),
    *cases(
        "identity_device_conflict",
        WHO + "'$device:dev2'",
        {"first": "cyd1", "last": "cyd2", "none": "$device:dev2"},
    ),
    *cases(
        "canonical_pick_original",
        WHO + f"'{REPLACED}'",
        {"exported": "mmm", "identified_id": "zed", "smallest_id": REPLACED},
        identity_rule="original",
    ),
    *cases(
        "session_kind",
        SESSIONS.format("s4"),
        {
            "timeout": [(3, 1200.0), (1, 0.0)],
            "event": [(3, 1200.0)],
            "property": [(2, 600.0), (1, 0.0)],
        },
    ),
    *cases(
        "session_gap_inclusive",
        SESSIONS.format("s1"),
        {False: [(2, 1800.0)], True: [(1, 0.0), (1, 0.0)]},
    ),
    *cases(
        "session_split_at_midnight",
        SESSIONS.format("s2"),
        {True: [(1, 0.0), (1, 0.0)], False: [(2, 1200.0)]},
    ),
    *cases(
        "session_identity",
        SESSIONS.format("s3"),
        {"user": [(2, 300.0)], "device": [(1, 0.0), (1, 0.0)]},
    ),
    *cases(
        "bounce_rule",
        "select is_bounce from sessions where user_id in ('s5', 's6', 's7') order by user_id",
        {
            "single_page_view": [(True,), (True,), (False,)],
            "single_event": [(False,), (False,), (True,)],
            "duration_le_10s": [(True,), (False,), (True,)],
        },
    ),
    *cases(
        "retention_return_at_birth_instant",
        "select retained_on from retention_cohorts where retention = 'instant' and interval_number = 0",
        {False: 0, True: 1},
    ),
    *cases("funnel_window_inclusive", CONVERTED.format("hour", "f1"), {True: True, False: False}),
    *cases("funnel_held_null_matches", CONVERTED.format("any", "f2"), {False: False, True: True}),
    *cases(
        "attribution_include_conversion_event",
        TOUCHES.format("a1"),
        {True: "x", False: "(not set)"},
    ),
    *cases("attribution_lookback_inclusive", TOUCHES.format("a2"), {True: "y", False: "(not set)"}),
    *cases(
        "attribution_reset_after_conversion",
        TOUCHES.format("a3"),
        {False: [("z",), ("z",)], True: [("z",), ("(not set)",)]},
    ),
]
"""The first value of each variable is its default."""

KEYS = [
    *cases("retentions.kind", COHORTS.format("birth"), {"birth": date(2026, 3, 4)}),
    *cases(
        "retentions.kind",
        COHORTS.format("compounded"),
        {"compounded": [(date(2026, 3, 4),), (date(2026, 3, 6),)]},
    ),
    *cases("retentions.unit", COHORTS.format("birth"), {"day": date(2026, 3, 4)}),
    *cases("retentions.unit", COHORTS.format("week"), {"week": date(2026, 3, 2)}),
    *cases("retentions.unit", COHORTS.format("month"), {"month": date(2026, 3, 1)}),
    *(
        Case(
            "retentions.mode",
            mode,
            "select interval_number from retention_cohorts where retained_on = 1 and retention = '"
            + mode
            + "'",
            [(interval,)],
        )
        for mode, interval in (("rolling", 0), ("calendar", 1))
    ),
    *(
        Case(
            "funnels.window_unit",
            unit,
            f"select count(*) from funnel_attempts where funnel = '{unit} long' and is_converted",
            [(converted,)],
        )
        for converted, unit in enumerate(("second", "minute", "hour", "day", "week"), 1)
    ),
    *(
        Case(
            "funnels.counting",
            counting,
            f"select count(*), count_if(is_converted) from funnel_attempts where funnel = '{counting}'",
            [attempts],
        )
        for counting, attempts in (("uniques", (1, 1)), ("totals", (2, 2)), ("sessions", (2, 0)))
    ),
    *(
        Case(
            "funnels.order",
            order,
            f"select entered_at from funnel_attempts where funnel = 'order {order}'",
            [(at(f"2026-03-04 {entered}:00"),)],
        )
        for order, entered in (("specific", 11), ("any", 10))
    ),
    *(
        Case(
            "funnels.per",
            per,
            f"select count(*) from funnel_attempts where funnel = 'per {per}'",
            [(entries,)],
        )
        for per, entries in (("", 1), ("day", 3), ("week", 2), ("month", 1))
    ),
    *(
        Case(
            "cohorts.match",
            match,
            f"select from_date from cohort_members where cohort = '{match}' and user_id = 'p1' order by 1",
            [(date(2026, 3, day),) for day in days],
        )
        for match, days in (("all", (12,)), ("any", (4, 11)))  # p1 did PA on 4, 5, 11 and PB on 12
    ),
    *(
        Case(
            "segments.of",
            of,
            "select dau from active_users_by_segment "
            f"where dimension = '{of}' and segment = 'y' and event_date = date '2026-03-05'",
            [(users,)],
        )
        for of, users in (
            ("events", 0),
            ("users", 1),
        )  # a2 bought on the day after, without a source
    ),
    *(
        Case(
            "funnels.reentry",
            reentry,
            f"select entered_at from funnel_attempts where funnel = '{reentry}'",
            [(at(f"2026-03-04 {entered}:00"),)],
        )
        for reentry, entered in (("default", 10), ("optimized", 11))
    ),
    *cases("funnels.held_value", CONVERTED.format("any", "h1"), {"any": True}),
    *cases("funnels.held_value", CONVERTED.format("first", "h1"), {"first": False}),
    *(
        Case(
            "attributions.counting",
            counting,
            "select distinct hour(converted_at) from attribution_touches where user_id = 'a3' and attribution = '"
            + ("sales" if counting == "totals" else counting)
            + "' order by 1",
            [(hour,) for hour in hours],
        )
        for counting, hours in (("totals", (11, 12)), ("first", (11,)), ("last", (12,)))
    ),
]
"""Keys of definitions, all in one build."""

SETTINGS: dict[str, Any] = {
    "event_properties": [{"name": "item", "alias": "item", "type": "string"}],
    "session_start_events": ["Start"],
    "session_end_events": ["End"],
    "session_property": "level",
    "retentions": [
        {"name": "instant", "birth_events": ["R1"], "return_events": ["R2"], "intervals": 1},
        *(
            {"name": name, "birth_events": ["K"], "return_events": ["K"], "intervals": 1, **more}
            for name, more in {
                "birth": {},
                "compounded": {"kind": "compounded"},
                "week": {"unit": "week"},
                "month": {"unit": "month"},
            }.items()
        ),
        *({"name": mode, "mode": mode, "birth_events": ["M"]} for mode in ("rolling", "calendar")),
    ],
    "funnels": [
        {"name": "hour", "steps": ["FA", "FB"], "window": 1, "window_unit": "hour"},
        *(
            {"name": f"{unit} long", "steps": ["WA", "WB"], "window": 1, "window_unit": unit}
            for unit in ("second", "minute", "hour", "day", "week")
        ),
        *(
            {"name": how, "steps": ["CA", "CB"], "counting": how}
            for how in ("uniques", "totals", "sessions")
        ),
        *(
            {"name": f"order {how}", "steps": ["CB", "CA"], "order": how}
            for how in ("specific", "any")
        ),
        *(
            {"name": f"per {unit}", "steps": ["PA", "PB"], "per": unit}
            for unit in ("", "day", "week", "month")
        ),
        *({"name": how, "steps": ["DA", "DB"], "reentry": how} for how in ("default", "optimized")),
        *(
            {
                "name": value,
                "steps": ["HA", "HB"],
                "hold_constant": ["item"],
                "reentry": "optimized",
                "held_value": value,
            }
            for value in ("any", "first")
        ),
    ],
    "cohorts": [
        {
            "name": match,
            "match": match,
            "conditions": [{"events": ["PA"], "days": 2}, {"events": ["PB"], "days": 2}],
        }
        for match in ("all", "any")
    ],
    "segments": [
        {"name": "events", "column": "utm_source"},
        {"name": "users", "of": "users", "column": "first_utm_source"},
    ],
    "attributions": [
        {"name": "sales", "conversion_events": ["Buy"], "lookback_days": 1},
        *(
            {"name": counting, "conversion_events": ["Buy"], "counting": counting}
            for counting in ("first", "last")
        ),
    ],
}

HAPPENED: list[tuple[str, str, str, dict[str, Any]]] = [
    ("s1", "04 10:00", "S", {}),
    ("s1", "04 10:30", "S", {}),
    ("s2", "04 23:50", "S", {}),
    ("s2", "05 00:10", "S", {}),
    ("s3", "04 12:00", "S", {"$user_id": "s3", "$device_id": "p1"}),
    ("s3", "04 12:05", "S", {"$user_id": "s3", "$device_id": "p2"}),
    ("s4", "04 13:00", "Start", {"level": "1"}),
    ("s4", "04 13:10", "X", {"level": "1"}),
    ("s4", "04 13:20", "End", {"level": "2"}),
    ("s4", "04 14:30", "X", {}),
    ("s5", "04 15:00:00", "Page View", {}),
    ("s5", "04 15:00:05", "X", {}),
    ("s6", "04 15:00", "Page View", {}),
    ("s6", "04 15:05", "X", {}),
    ("s7", "04 15:00", "X", {}),
    ("$device:dev1", "04 08:00", "Seen", {"$device_id": "dev1"}),
    ("ann", "04 08:01", "Seen", {"$device_id": "dev1", "$user_id": "ann"}),
    (ANON, "04 08:00", "Seen", {}),
    ("bob", "04 08:01", "$identify", {"$identified_id": "bob", "$anon_id": ANON}),
    ("cyd1", "04 08:01", "Seen", {"$device_id": "dev2", "$user_id": "cyd1"}),
    ("cyd2", "04 08:02", "Seen", {"$device_id": "dev2", "$user_id": "cyd2"}),
    ("$device:dev2", "04 08:03", "Seen", {"$device_id": "dev2"}),
    ("zed", "04 08:01", "$identify", {"$identified_id": "zed", "$anon_id": REPLACED}),
    ("mmm", "04 08:02", "Seen", {"$distinct_id_before_identity": REPLACED}),
    ("r1", "04 16:00", "R1", {}),
    ("r1", "04 16:00", "R2", {}),
    ("r2", "04 16:00", "K", {}),
    ("r2", "06 16:00", "K", {}),
    ("r3", "04 20:00", "M", {}),
    ("r3", "05 06:00", "M", {}),
    ("f1", "04 17:00", "FA", {}),
    ("f1", "04 18:00", "FB", {}),
    ("f2", "04 17:00", "HA", {}),
    ("f2", "04 18:00", "HB", {}),
    ("h1", "04 17:00", "HA", {"item": "x"}),
    ("h1", "04 17:10", "HA", {"item": "y"}),
    ("h1", "04 18:00", "HB", {"item": "y"}),
    *(
        (f"w{n}", time, name, {})
        for n, end in enumerate(("04 00:00:01", "04 00:01", "04 01:00", "05 00:00", "11 00:00"))
        for time, name in (("04 00:00:00", "WA"), (end, "WB"))
    ),
    *(("c1", f"04 1{n}:00", name, {}) for n, name in enumerate(("CA", "CB", "CA", "CB"))),
    *(("d1", f"04 1{n}:00", name, {}) for n, name in enumerate(("DA", "DA", "DB"))),
    *(("p1", f"{day} 10:00", "PA", {}) for day in ("04", "05", "11")),
    ("p1", "12 10:00", "PB", {}),
    ("a1", "04 09:00", "Buy", {"utm_source": "x"}),
    ("a2", "04 09:00", "Seen", {"utm_source": "y"}),
    ("a2", "05 09:00", "Buy", {}),
    ("a3", "04 10:00", "Seen", {"utm_source": "z"}),
    ("a3", "04 11:00", "Buy", {}),
    ("a3", "04 12:00", "Buy", {}),
]


DEFAULTS = {case.name: case.value for case in reversed(VARIABLES)}


def is_of(settings: dict[str, Any], case: Case) -> bool:
    """Whether a build with these variables tries the case."""
    wanted = {**case.also, case.name: case.value}
    return "." in case.name or all(
        (DEFAULTS | settings)[name] == value for name, value in wanted.items()
    )


def plan() -> list[dict[str, Any]]:
    """The variables of each build: the defaults, then one other value of each group at a time."""
    builds: list[dict[str, Any]] = [{}]
    taken: dict[str, int] = {}
    for case in VARIABLES:
        if not any(is_of(settings, case) for settings in builds):
            number = taken[case.group] = taken.get(case.group, 0) + 1
            builds += [{}] * (number + 1 - len(builds))
            builds[number] = {**builds[number], **case.also, case.name: case.value}
    return builds


@pytest.fixture(scope="module")
def raw(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The raw data, two weeks of them."""
    path = tmp_path_factory.mktemp("choices") / "raw.duckdb"
    days: dict[date, list[Event]] = {date(2026, 3, day): [] for day in range(4, 15)}
    for number, (user, time, name, properties) in enumerate(HAPPENED):
        moment: datetime = at(f"2026-03-{time}")
        days[moment.date()].append(Event(moment, name, user, f"{number}", properties))
    RawFile(path).load(days)
    return path


@pytest.fixture(scope="module")
def built(raw: Path, tmp_path_factory: pytest.TempPathFactory) -> Callable[[int], Path]:
    """The database of a build of the plan, by its number."""

    @cache
    def database(number: int) -> Path:
        folder = tmp_path_factory.mktemp(f"choice{number}")
        (folder / "build").mkdir()
        (folder / "raw.duckdb").symlink_to(raw)
        done = dbt(
            folder,
            *("run", "--select", "+sessions", "+lifecycle", "+retention_cohorts"),
            *(
                "+funnel_attempts",
                "+attribution_touches",
                "+active_users_by_segment",
                "+cohort_members",
            ),
            settings=SETTINGS | plan()[number],
        )
        assert done.returncode == 0, f"{plan()[number]}: {done.stdout}"
        return folder / "build" / "dbt.duckdb"

    return database


@pytest.mark.parametrize("case", [*VARIABLES, *KEYS], ids=str)
def test_each_value_gives_its_numbers(built: Callable[[int], Path], case: Case) -> None:
    number = next(n for n, settings in enumerate(plan()) if is_of(settings, case))

    with duckdb.connect(built(number), read_only=True) as db:
        assert db.execute(case.query).fetchall() == case.wanted


def test_every_value_of_every_choice_is_tried() -> None:
    """A variable that is added, or a value, needs its case here."""
    sources = [
        path.read_text(encoding="utf-8")
        for folder in ("macros", "models")
        for path in sorted((ROOT / "dbt" / folder).rglob("*.sql"))
    ]
    allowed: dict[str, set[Any]] = {}
    for source in sources:
        lists = dict(re.findall(r"set (\w+) = (\[[^\]{}]*\])", source))
        for name, values in re.findall(r"choice\('(\w+)', (\[[^\]]*\]|\w+)\)", source):
            allowed.setdefault(name, set()).update(yaml.safe_load(lists.get(values, values)))
        for name in re.findall(r"switch\('(\w+)'\)", source):
            allowed[name] = {True, False}
        for variable, key, values in re.findall(
            r"require_one_of\('(\w+)', \w+, '(\w+)', (\[[^\]]*\])\)", source
        ):
            allowed.setdefault(f"{variable}.{key}", set()).update(yaml.safe_load(values))
    tried: dict[str, set[Any]] = {}
    for case in [*VARIABLES, *KEYS]:
        tried.setdefault(case.name, set()).add(case.value)
    assert tried == allowed

    project = yaml.safe_load((ROOT / "dbt" / "dbt_project.yml").read_text(encoding="utf-8"))
    texts = {name for name, value in project["vars"].items() if isinstance(value, str | bool)}
    assert texts - FREE <= allowed.keys()
    assert {name: project["vars"][name] for name in DEFAULTS} == DEFAULTS
