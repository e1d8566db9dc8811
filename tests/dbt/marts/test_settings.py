"""A bad setting is refused by name, before anything is built; a changed one rebuilds everything."""

from datetime import date
from pathlib import Path
from typing import Any

import duckdb
import pytest
import yaml
from dbt.marts import conftest
from support.raw_file import Event, RawFile, at

BAD: list[tuple[dict[str, Any], str]] = [
    (
        {"event_properties": [{"name": "a", "alias": "a", "type": "text"}]},
        "Variable event_properties, entry 1: the type of a is text",
    ),
    (
        {"event_properties": [{"name": n, "alias": "a", "type": "number"} for n in "ab"]},
        "Variable event_properties, entry 2: there is a column a already",
    ),
    (
        {"profile_properties": [{"name": "a", "alias": "a", "type": "text"}]},
        "Variable profile_properties, entry 1: the type of a is text",
    ),
    (
        {"profile_properties": [{"name": "E", "alias": "email", "type": "string"}]},
        "Variable profile_properties, entry 1: there is a column email already",
    ),
    ({"funnels": [{"name": "f", "steps": ["A"]}]}, "Variable funnels, f: it needs two steps"),
    (
        {"funnels": [{"name": "f", "steps": ["A", {"event": "B", "filter": "x"}]}]},
        "Variable funnels, f, step 2: it takes event and where",
    ),
    (
        {"funnels": [{"name": "f", "steps": ["A", "B"], "segment": "os", "segment_at": 3}]},
        "Variable funnels, f: segment_at is 3, which is none of 1, 2, first_defined, last_defined",
    ),
    (
        {"funnels": [{"name": "f", "steps": ["A", "B"], "held_value": "last"}]},
        "Variable funnels, f: held_value is last, which is none of any, first",
    ),
    (
        {"funnels": [{"name": "f", "steps": ["A", "B"], "window": 1.5}]},
        "Variable funnels, f: window is 1.5, which is no whole number above 0",
    ),
    (
        {"revenue": [{"name": "sales", "events": [1], "amount": "price"}]},
        "Variable revenue, sales: events: [1] is no list of names",
    ),
    (
        {"metrics": [{"name": "m", "measure": "mean"}]},
        "Variable metrics, m: measure is mean, which is none of total, unique, sessions",
    ),
    ({"metrics": [{"name": "m", "measure": "p50"}]}, "Variable metrics, m: p50 needs of."),
    (
        {"metrics": [{"name": "m", "segments": [{"column": "os", "property": "os"}]}]},
        "Variable metrics, m, segment 1: it takes a column or a property, and field, list, buckets and borrow_days, not",
    ),
    (
        {
            "metrics": [
                {
                    "name": "m",
                    "segments": [{"column": "os", "buckets": {"from": 1, "to": 9, "by": 3}}],
                }
            ]
        },
        "Variable metrics, m, segment 1: buckets of one size are {from, to, by}, where (to - from) / by is a whole number from 1 to",
    ),
    (
        {"metrics": [{"name": "m", "units": ["days"]}]},
        "Variable metrics, m: units is days, which is none of",
    ),
    (
        {"metrics": [{"name": "m", "segment_at": "first"}]},
        "Variable metrics, m: segment_at needs segments, and none by a list.",
    ),
    (
        {"experiment_metrics": [{"name": "m", "events": []}]},
        "Variable experiment_metrics, m: it needs events.",
    ),
    (
        {"experiments": [{"name": "e", "shares": {"a": 0}}]},
        "Variable experiments, e: shares is 0, which is no number above 0",
    ),
    (
        {"impacts": [{"name": "i", "events": ["A"], "outcome_events": ["B"], "days": 1.5}]},
        "Variable impacts, i: days is 1.5, which is no whole number above 0",
    ),
    (
        {"signals": [{"name": "s", "goal_events": ["A"], "times": [0]}]},
        "Variable signals, s: times is 0, which is no number above 0",
    ),
    ({"cohorts": [{"name": "c", "conditions": []}]}, "Variable cohorts, c: it needs conditions."),
    (
        {"cohorts": [{"name": "c", "match": "some", "conditions": [{"events": []}]}]},
        "Variable cohorts, c: match is some, which is none of all, any",
    ),
    (
        {"cohorts": [{"name": "c", "conditions": [{"events": ["A"], "days": 0}]}]},
        "Variable cohorts, c, condition 1: days is 0, which is no",
    ),
    (
        {
            "cohorts": [
                {"name": "c", "conditions": [{"events": ["A"], "at_least": 1, "exactly": 2}]}
            ]
        },
        "Variable cohorts, c, condition 1: it takes one of at_least, at_most and exactly.",
    ),
    ({"junk_ids": [None]}, "Variable junk_ids: [None] is no list of names"),
    ({"week_start": "someday"}, "Variable week_start: someday is none of"),
]


@pytest.mark.parametrize(("settings", "complaint"), BAD)
def test_a_bad_setting_is_refused_by_name(
    tmp_path: Path, settings: dict[str, Any], complaint: str
) -> None:
    done = conftest.dbt(tmp_path, "parse", settings=settings)

    assert done.returncode != 0
    assert complaint in done.stdout


def test_an_unknown_event_is_refused_by_name(by_loads: Path, tmp_path: Path) -> None:
    for name in ("raw.duckdb", "build/dbt.duckdb"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes((by_loads / name).read_bytes())
    misspelt = {**conftest.VARS, "funnels": [{"name": "f", "steps": ["Page View", "Payed"]}]}

    done = conftest.dbt(tmp_path, "run", settings=misspelt)

    assert "Variable funnels: no event Payed was ever seen." in done.stdout


@pytest.mark.e2e
def test_more_funnels_than_duckdb_nests_expressions(tmp_path: Path) -> None:
    raw = RawFile(tmp_path / "raw.duckdb")
    raw.load(
        {date(2026, 3, 2): [Event(at(f"2026-03-02 12:0{n}"), name) for n, name in enumerate("AB")]}
    )
    funnels = [{"name": f"f{number}", "steps": ["A", "B"]} for number in range(72)]

    conftest.build(tmp_path, {"funnels": funnels})

    with duckdb.connect(tmp_path / "build" / "dbt.duckdb", read_only=True) as db:
        found = db.execute(
            "select count(*), count(distinct funnel) from funnel_attempts where is_converted"
        )
        assert found.fetchall() == [(72, 72)]


def test_every_variable_is_recorded(at_once: Path) -> None:
    project = yaml.safe_load((conftest.ROOT / "dbt" / "dbt_project.yml").read_text())

    with duckdb.connect(at_once / "build" / "dbt.duckdb", read_only=True) as db:
        recorded = dict(db.execute("select name, value from _settings").fetchall())

    # all but those that no table shows
    assert project["vars"].keys() - recorded.keys() == {"events_in_a_batch"}
    assert recorded["project_timezone"] == '"Europe/Berlin"'
