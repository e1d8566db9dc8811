"""/retention: the examples R1 to R10 of the definitions page that the API can show, and the sample against SQL."""

from datetime import datetime, timedelta

import pytest
from support.sandbox_project import ask, running_project

DATES = {"from_date": "2026-04-06", "to_date": "2026-05-17"}
_LENGTHS = {"day": 1, "week": 7, "month": 30}


def _row(project, date: str, **params) -> dict:
    asked = {"born_event": "A", "event": "B", "from_date": date, "to_date": date, **params}
    (row,) = project.ask("/retention", **asked).values()
    return row


def test_r1_first_and_counts(project):
    start = datetime(2012, 1, 2, 1)
    for number in range(10):
        user = f"u{number}"
        project.did("A", start.isoformat(), user)
        for bucket, size in enumerate((9, 7, 6)):
            # Those who come back later need not be those who came back first.
            if (number + bucket) % 10 < size:
                back = start + timedelta(days=bucket, hours=1)
                project.did("B", back.isoformat(), user)

    assert _row(project, "2012-01-02", interval_count=2) == {"first": 10, "counts": [9, 7, 6]}


@pytest.mark.parametrize(
    ("back", "counts"),
    [
        ("2026-03-03 16:00", [1, 0, 0]),
        ("2026-03-04 14:59", [1, 0, 0]),
        ("2026-03-04 15:00", [0, 1, 0]),
        ("2026-03-05 14:59", [0, 1, 0]),
        ("2026-03-05 15:00", [0, 0, 1]),
        ("2026-03-06 15:00", [0, 0, 0]),
    ],
)
def test_r2_buckets_roll_from_the_birth(project, back, counts):
    project.did("A", "2026-03-03 15:00")
    project.did("B", back)

    assert _row(project, "2026-03-03", interval_count=2)["counts"] == counts


def test_r3_each_user_has_a_clock_of_their_own(project):
    project.did("A", "2026-04-01 02:00", "early")
    project.did("A", "2026-04-01 18:00", "late")
    for user in ("early", "late"):
        project.did("B", "2026-04-02 10:00", user)

    assert _row(project, "2026-04-01") == {"first": 2, "counts": [1, 1]}


def test_r4_compounded_counts_a_user_in_every_row(project):
    for day in ("02", "09", "16"):
        project.did("A", f"2026-03-{day} 10:00")
        project.did("A", f"2026-03-{day} 11:00")
    dates = {"from_date": "2026-03-02", "to_date": "2026-03-22"}

    asked = {"unit": "week", "event": "A", **dates}
    compounded = project.ask("/retention", retention_type="compounded", **asked)
    birth = project.ask("/retention", born_event="A", **asked)

    assert compounded == {
        "2026-03-02": {"first": 1, "counts": [1, 1]},
        "2026-03-09": {"first": 1, "counts": [1, 1]},
        "2026-03-16": {"first": 1, "counts": [1, 0]},
    }
    assert {date: row["first"] for date, row in birth.items()} == {
        "2026-03-02": 1,
        "2026-03-09": 0,
        "2026-03-16": 0,
    }


@pytest.mark.parametrize(
    ("unit", "born", "back"),
    [
        ("day", "2026-03-02 20:00", "2026-03-03 06:00"),
        ("week", "2026-03-06 10:00", "2026-03-09 10:00"),
        ("month", "2026-02-25 10:00", "2026-03-03 10:00"),
    ],
)
def test_r7_the_next_calendar_interval_can_be_bucket_0(project, unit, born, back):
    project.did("A", born)
    project.did("B", back)

    assert _row(project, born[:10], unit=unit)["counts"] == [1, 0]


@pytest.mark.parametrize(
    ("last", "first", "bucket"),
    [
        ("2026-08-29", "2026-08-30", 1),
        ("2026-09-28", "2026-09-29", 2),
        ("2026-10-28", "2026-10-29", 3),
    ],
)
def test_r9_a_month_has_30_days(last, first, bucket):
    with running_project(today=datetime(2026, 12, 31).date()) as project:
        project.did("A", "2026-07-31 00:00")
        project.did("B", f"{last} 23:59", "u")
        before = _row(project, "2026-07-31", unit="month", interval_count=4)["counts"]
        project.did("B", f"{first} 00:00", "u")
        after = _row(project, "2026-07-31", unit="month", interval_count=4)["counts"]

    assert before[bucket - 1 : bucket + 1] == [1, 0]
    assert after[bucket - 1 : bucket + 1] == [1, 1]


def test_r10_on_and_on_or_after(project):
    project.did("A", "2026-03-02 10:00")
    project.did("B", "2026-03-05 11:00")

    on = _row(project, "2026-03-02", interval_count=4)
    on_or_after = _row(project, "2026-03-02", interval_count=4, unbounded_retention="true")

    assert on["counts"] == [0, 0, 0, 1, 0]
    assert on_or_after["counts"] == [1, 1, 1, 1, 0]


def test_the_birth_itself_is_no_return(project):
    project.did("A", "2026-03-02 10:00")

    assert _row(project, "2026-03-02", event="A")["counts"] == [0, 0]
    assert _row(project, "2026-03-02", event="")["counts"] == [0, 0]


def test_a_birth_is_the_first_in_the_range_not_of_all_time(project):
    project.did("A", "2026-02-02 10:00")
    project.did("A", "2026-03-02 10:00")

    assert _row(project, "2026-03-02")["first"] == 1


def test_all_events_leave_out_hidden_ones(sample_project, sql):
    dates = {"from_date": "2026-05-01", "to_date": "2026-05-10"}
    asked = {"retention_type": "compounded", **dates}
    rows = ask(sample_project.client, "/retention", **asked)

    # Lexicon hides Legacy Ping, all that the user "legacy" ever did.
    expected = sql.execute(
        """
        select day::varchar, count(distinct who) from facts
        where day between date '2026-05-01' and date '2026-05-10' and event <> 'Legacy Ping' group by 1
        """
    ).fetchall()
    assert {date: row["first"] for date, row in rows.items()} == dict(expected)
    legacy = ask(sample_project.client, "/retention", event="Legacy Ping", **asked)
    assert sum(row["first"] for row in legacy.values()) > 0


def test_buckets_that_no_user_can_have_reached_are_left_out(shop):
    dates = {"from_date": "2026-05-26", "to_date": "2026-05-31"}

    rows = ask(shop, "/retention", born_event="Signed Up", interval_count=3, **dates)

    assert [len(row["counts"]) for row in rows.values()] == [4, 4, 4, 4, 3, 2]


def _expected(sql, born: str, back: str, unit: str, *, once: bool) -> dict:
    """Rows and cells by SQL: births per user (and row), then elapsed time divided by the length of a bucket."""
    per = "who" if once else "who, row_start"
    sql.execute(
        f"""
        create or replace temp table born as
        select who, min(moment) as born_at, date_trunc('{unit}', min(moment))::date as row_start
        from (select *, date_trunc('{unit}', moment) as row_start from facts)
        where {born} and who is not null and day between date '2026-04-06' and date '2026-05-17'
        group by {per}
        """
    )
    cells = sql.execute(
        f"""
        select row_start::varchar as row_label, (epoch_ms(moment) - epoch_ms(born_at)) // (86400000::bigint * {_LENGTHS[unit]}) as n,
            count(distinct who) as users
        from born join facts using (who) where {back} and moment > born_at group by 1, 2
        """
    ).fetchall()
    first = dict(sql.execute("select row_start::varchar, count(*) from born group by 1").fetchall())
    return {"first": first, "cells": {(row, n): users for row, n, users in cells}}


@pytest.mark.parametrize("unit", ["day", "week", "month"])
@pytest.mark.parametrize("kind", ["birth", "compounded"])
def test_the_sample_comes_back_as_in_sql(shop, sql, kind, unit):
    linux = 'properties["plan"] != "free"'
    asked = {
        "birth": {
            "born_event": "Signed Up",
            "born_where": 'properties["method"] == "email"',
            "event": "Product Viewed",
            "where": linux,
        },
        "compounded": {"retention_type": "compounded", "event": "Product Viewed"},
    }[kind]
    back = "event = 'Product Viewed'"
    expected = _expected(
        sql,
        {"birth": "event = 'Signed Up' and p->>'method' = 'email'", "compounded": back}[kind],
        back + (" and p->>'plan' is distinct from 'free'" if kind == "birth" else ""),
        unit,
        once=kind == "birth",
    )

    rows = ask(shop, "/retention", unit=unit, interval_count=9, **asked, **DATES)

    assert {date: row["first"] for date, row in rows.items() if row["first"]} == expected["first"]
    for date, row in rows.items():
        cells = [expected["cells"].get((date, n), 0) for n in range(10)]
        assert row["counts"] == cells[: len(row["counts"])]
        assert not any(cells[len(row["counts"]) :])


def test_segments_are_those_of_the_return(project):
    project.did("A", "2026-03-02 10:00", plan="free")
    project.did("B", "2026-03-02 11:00", plan="pro")
    project.did("B", "2026-03-03 11:00", plan="plus")

    row = _row(project, "2026-03-02", on='properties["plan"]')

    assert row == {
        "plus": {"first": 1, "counts": [0, 1]},
        "pro": {"first": 1, "counts": [1, 0]},
    }


@pytest.mark.parametrize(
    ("params", "name"),
    [
        ({}, "born_event"),
        ({"retention_type": "addiction"}, "retention_type"),
        ({"born_event": "A", "unit": "hour"}, "unit"),
        ({"born_event": "A", "interval": "91"}, "interval"),
        ({"born_event": "A", "interval_count": "0"}, "interval_count"),
        ({"born_event": "A", "unbounded_retention": "maybe"}, "unbounded_retention"),
        ({"born_event": "A", "born_where": "x"}, "expression"),
        ({"born_event": "A", "to_date": "2027-01-01"}, "to_date"),
    ],
)
def test_bad_parameters_are_named(sample_project, params, name):
    assert name in sample_project.refusal("/retention", **DATES | params)


def test_a_unit_and_an_interval_are_too_much(project):
    asked = {"born_event": "A", "from_date": "2026-03-01", "to_date": "2026-03-03"}

    message = project.refusal("/retention", unit="week", interval="2", **asked)

    assert "unit and interval both set" in message
    assert list(project.ask("/retention", interval="2", **asked)) == ["2026-03-01", "2026-03-03"]
