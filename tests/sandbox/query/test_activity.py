"""/stream/query."""

import json

import pytest
from support.sandbox_project import ask

DATES = {"from_date": "2026-04-06", "to_date": "2026-05-17"}


def test_what_users_did_in_order_of_time(shop, sql):
    ids = ["user_10003", "user_10007"]
    expected = sql.execute(
        """
        select event, time_ms // 1000, who from facts
        where who in ('user_10003', 'user_10007') and day between date '2026-04-06' and date '2026-05-17'
        """
    ).fetchall()

    answer = ask(shop, "/stream/query", distinct_ids=json.dumps(ids), **DATES)

    shown = [(each["event"], each["properties"]) for each in answer["results"]["events"]]
    times = [properties["time"] for _, properties in shown]
    assert times == sorted(times)
    assert answer["status"] == "ok"
    assert sorted(
        (name, p["time"], p.get("distinct_id") or p["$distinct_id"]) for name, p in shown
    ) == sorted(expected)


def test_the_id_has_two_names_alternately(project):
    for minute in range(3):
        project.did("E", f"2026-03-04 10:0{minute}", page="/")

    events = project.ask("/stream/query", distinct_ids='["u"]')["results"]["events"]

    assert [{name for name in each["properties"] if "distinct_id" in name} for each in events] == [
        {"$distinct_id"},
        {"distinct_id"},
        {"$distinct_id"},
    ]
    assert events[0]["properties"]["page"] == "/"


def test_only_canonical_ids_find_anything(project):
    project.did("E", "2026-03-04 10:00", "$device:D", **{"$device_id": "D"})
    project.did("E", "2026-03-04 11:00", "U", **{"$device_id": "D", "$user_id": "U"})

    def found(user):
        return len(project.ask("/stream/query", distinct_ids=f'["{user}"]')["results"]["events"])

    assert (found("U"), found("$device:D")) == (2, 0)


@pytest.mark.parametrize(
    ("params", "name"),
    [
        ({"distinct_ids": ""}, "distinct_ids"),
        ({"distinct_ids": "user_10003"}, "distinct_ids"),
        ({"from_date": ""}, "from_date"),
    ],
)
def test_bad_parameters_are_named(sample_project, params, name):
    assert name in sample_project.refusal(
        "/stream/query", **{"distinct_ids": "[]", **DATES} | params
    )
