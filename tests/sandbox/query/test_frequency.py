"""/retention/addiction: the examples Q1 to Q3 of the definitions page, and the sample against SQL."""

import pytest
from support.sandbox_project import ask

DATES = {"from_date": "2026-04-06", "to_date": "2026-05-17"}
DAY = {"from_date": "2026-03-04", "to_date": "2026-03-04"}


def test_q1_q2_each_number_holds_the_next(project):
    project.did("Open", "2026-03-04 09:10", "once")
    project.did("Open", "2026-03-04 09:50", "once")
    for user in ("twice", "thrice"):
        project.did("Open", "2026-03-04 09:59", user)
        project.did("Open", "2026-03-04 10:00", user)
    project.did("Open", "2026-03-04 23:00", "thrice")

    asked = {"unit": "day", "addiction_unit": "hour", "event": "Open", **DAY}
    data = project.ask("/retention/addiction", **asked)["data"]

    assert data == {"2026-03-04": [3, 2, 1] + [0] * 21}


def test_q3_morning_noon_and_evening_are_three(project):
    for hour in ("08", "12", "19"):
        project.did("Play", f"2026-03-04 {hour}:30")

    asked = {"unit": "day", "addiction_unit": "hour", "event": "Play", **DAY}
    (numbers,) = project.ask("/retention/addiction", **asked)["data"].values()

    assert numbers[:4] == [1, 1, 1, 0]


@pytest.mark.parametrize(
    ("unit", "part", "sizes"),
    [
        ("day", "hour", {24}),
        ("day", "day", {1}),
        ("week", "day", {7}),
        ("week", "hour", {168}),
        ("month", "day", {30, 31}),
    ],
)
def test_the_sample_is_as_frequent_as_in_sql(shop, sql, unit, part, sizes):
    rows = sql.execute(
        f"""
        with users as (
            select who, date_trunc('{unit}', moment)::date as start,
                count(distinct date_trunc('{part}', moment)) as parts
            from facts
            where event = 'Page Viewed' and p->>'plan' is distinct from 'free' and who is not null
                and day between date '2026-04-06' and date '2026-05-17'
            group by 1, 2
        )
        select start::varchar, n, count(*) from users, range(1, 169) as numbers(n) where parts >= n group by 1, 2
        """
    ).fetchall()
    cells = {(start, n): users for start, n, users in rows}

    asked = {"unit": unit, "addiction_unit": part, "event": "Page Viewed"}
    where = 'properties["plan"] != "free"'
    data = ask(shop, "/retention/addiction", where=where, **asked, **DATES)["data"]

    assert {len(numbers) for numbers in data.values()} == sizes
    for start, numbers in data.items():
        assert numbers == [cells.get((start, n + 1), 0) for n in range(len(numbers))]


def test_without_an_event_all_visible_ones_count(shop, sql):
    (expected,) = sql.execute(
        "select count(distinct who) from facts where day = date '2026-05-10' and event <> 'Legacy Ping'"
    ).fetchone()
    day = {"from_date": "2026-05-10", "to_date": "2026-05-10"}

    data = ask(shop, "/retention/addiction", unit="day", addiction_unit="day", **day)["data"]

    assert data == {"2026-05-10": [expected]}


def test_segments(project):
    project.did("A", "2026-03-04 10:00", plan="pro")
    project.did("A", "2026-03-04 11:00", plan="free")
    asked = {"unit": "week", "addiction_unit": "day", "on": 'properties["plan"]', **DAY}

    data = project.ask("/retention/addiction", **asked)["data"]

    assert data == {"2026-03-02": {"free": [1] + [0] * 6, "pro": [1] + [0] * 6}}


@pytest.mark.parametrize(
    ("params", "name"),
    [
        ({"unit": ""}, "unit"),
        ({"unit": "hour"}, "unit"),
        ({"addiction_unit": ""}, "addiction_unit"),
        ({"addiction_unit": "minute"}, "addiction_unit"),
        ({"from_date": "yesterday"}, "from_date"),
        ({"on": "x"}, "expression"),
    ],
)
def test_bad_parameters_are_named(sample_project, params, name):
    asked = {"unit": "day", "addiction_unit": "hour", **DATES} | params

    assert name in sample_project.refusal("/retention/addiction", **asked)
