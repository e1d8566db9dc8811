"""/events, /events/top and /events/names, against SQL over the same events."""

import json

import pytest
from support.sandbox_project import RANGE, ask, running_project

DATES = {"from_date": "2026-04-06", "to_date": "2026-05-17"}
WITHIN = "day between date '2026-04-06' and date '2026-05-17'"
MEASURES = {
    "general": "count(*)",
    "unique": "count(distinct who)",
    "average": "count(who) / greatest(count(distinct who), 1)",
}
NAMES = ["Purchase", "Ad Spend", "nothing of that name"]


@pytest.mark.parametrize("unit", ["day", "week", "month"])
@pytest.mark.parametrize("kind", ["general", "unique", "average"])
def test_several_events(shop, sql, kind, unit):
    rows = sql.execute(
        f"""
        select event, date_trunc('{unit}', moment)::date::varchar, {MEASURES[kind]} as number from facts
        where event in ('Purchase', 'Ad Spend') and {WITHIN} group by 1, 2 having number > 0
        """
    ).fetchall()
    expected: dict[str, dict] = {}
    for event, label, number in rows:
        expected.setdefault(event, {})[label] = number

    asked = {"event": json.dumps(NAMES), "type": kind, "unit": unit, **DATES}
    answer = ask(shop, "/events", **asked)

    assert answer["data"]["values"] == {k: pytest.approx(v) for k, v in expected.items()}
    assert answer["legend_size"] == len(expected)
    assert set(answer["data"]["series"]) >= {label for _, label, _ in rows}


def test_interval_counts_back_from_the_current_unit(shop):
    asked = {"event": '["Purchase"]', "type": "general"}

    def series(unit, interval):
        answer = ask(shop, "/events", unit=unit, interval=interval, **asked)
        return sorted(answer["data"]["series"])

    # The project's today is Monday, 1 June 2026.
    assert series("day", 1) == ["2026-06-01"]
    assert series("day", 3) == ["2026-05-30", "2026-05-31", "2026-06-01"]
    assert series("week", 2) == ["2026-05-25", "2026-06-01"]
    assert series("month", 3) == ["2026-04-01", "2026-05-01", "2026-06-01"]


def test_the_documented_example_can_be_served(project):
    for day, event, number in (
        ("29", "splash features", 6),
        ("30", "splash features", 4),
        ("31", "splash features", 5),
        ("30", "account-page", 1),
    ):
        for minute in range(number):
            project.did(event, f"2010-05-{day} 10:0{minute}")

    answer = project.ask(
        "/events",
        event='["splash features", "account-page"]',
        type="general",
        unit="day",
        from_date="2010-05-29",
        to_date="2010-05-31",
    )

    answer["data"]["series"].sort()
    assert answer == {
        "data": {
            "series": ["2010-05-29", "2010-05-30", "2010-05-31"],
            "values": {
                "account-page": {"2010-05-30": 1},
                "splash features": {"2010-05-29": 6, "2010-05-30": 4, "2010-05-31": 5},
            },
        },
        "legend_size": 2,
    }


def test_csv(project):
    project.did("A", "2026-03-04 10:00")
    project.did('B "q", r', "2026-03-05 10:00")
    days = {"from_date": "2026-03-04", "to_date": "2026-03-05"}
    asked = {"event": '["A", "B \\"q\\", r"]', "type": "general", "unit": "day", **days}

    answer = project.client.get("/api/query/events", params=asked | {"format": "csv"})

    assert answer.text.splitlines() == [
        'date,A,"B ""q"", r"',
        "2026-03-04,1,0",
        "2026-03-05,0,1",
    ]


@pytest.mark.parametrize("kind", ["general", "unique"])
def test_names_of_the_last_31_days_the_commonest_first(shop, sql, kind):
    expected = sql.execute(
        f"""
        select event from facts where day >= date '2026-05-02'
        group by 1 order by {MEASURES[kind]} desc, event
        """
    ).fetchall()

    assert ask(shop, "/events/names", type=kind) == [name for (name,) in expected]
    assert ask(shop, "/events/names", type=kind, limit=2) == [name for (name,) in expected[:2]]


def test_names_of_other_dates(project):
    project.did("Old", "2026-03-04 10:00")

    assert project.ask("/events/names", type="general") == ["Old"]
    assert ask(project.client, "/events/names", type="general") == []


@pytest.mark.parametrize(("limit", "found"), [(None, 255), (300, 300), (5000, 5000), (9999, 5000)])
def test_limits_of_names(limit, found):
    with running_project() as project:
        for number in range(5_100):
            project.dataset.add_event(f"E{number}", 1_772_625_600_000)

        asked = {} if limit is None else {"limit": limit}
        assert len(project.ask("/events/names", type="general", **asked)) == found


def test_top_events_of_today_beside_yesterday():
    with running_project() as project:
        for number in range(4):
            project.did("Pages", f"2026-06-01 10:0{number}", f"u{number % 2}")
            project.did("Gone", f"2026-05-31 10:0{number}")
        for number in range(5):
            project.did("Pages", f"2026-05-31 11:0{number}", f"u{number}")
        project.did("New", "2026-06-01 11:00")

        general = project.ask("/events/top", type="general")
        unique = project.ask("/events/top", type="unique", limit=1)
        average = project.ask("/events/top", type="average")

    assert general == {
        "type": "general",
        "events": [
            {"event": "Pages", "amount": 4, "percent_change": pytest.approx(-0.2)},
            {"event": "New", "amount": 1, "percent_change": 1.0},
        ],
    }
    assert unique["events"] == [{"event": "Pages", "amount": 2, "percent_change": -0.6}]
    assert [row["amount"] for row in average["events"]] == [2, 1]


@pytest.mark.parametrize(
    ("path", "params", "name"),
    [
        ("/events", {"event": ""}, "event"),
        ("/events", {"event": "Purchase"}, "JSON array"),
        ("/events", {"type": ""}, "type"),
        ("/events", {"type": "sum"}, "type"),
        ("/events", {"unit": ""}, "unit"),
        ("/events", {"unit": "year"}, "unit"),
        ("/events", {"unit": "hour", "type": "unique"}, "uniques"),
        ("/events", {"from_date": "", "to_date": ""}, "from_date"),
        ("/events", {"from_date": "", "to_date": "", "interval": "0"}, "interval"),
        ("/events", {"from_date": "", "to_date": "", "interval": "9" * 12}, "interval"),
        ("/events", {"format": "xml"}, "format"),
        ("/events/names", {"type": ""}, "type"),
        ("/events/names", {"limit": "0"}, "limit"),
        ("/events/top", {"type": ""}, "type"),
        ("/events/top", {"limit": "many"}, "limit"),
    ],
)
def test_bad_parameters_are_named(sample_project, path, params, name):
    asked = {"event": '["Purchase"]', "type": "general", "unit": "day", **RANGE} | params

    assert name in sample_project.refusal(path, **asked)
