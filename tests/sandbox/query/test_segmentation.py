"""/segmentation: counts over time, against SQL over the same events."""

import csv
import io
import json

import pytest
from support.sandbox_project import TODAY, ask, running_project

DATES = {"from_date": "2026-04-06", "to_date": "2026-05-17"}
WITHIN = "day between date '2026-04-06' and date '2026-05-17'"
FORMATS = {"hour": "%Y-%m-%d %H:00:00"}
MEASURES = {
    "general": "count(*)",
    "unique": "count(distinct who)",
    "average": "count(who) / count(distinct who)",
}


def _values(sql, measure, unit, segment, where):
    """segment → label → number, computed by DuckDB."""
    rows = sql.execute(
        f"""
        select {segment} as segment, strftime(date_trunc('{unit}', moment), $format) as label, {measure}
        from facts where {WITHIN} and {where} group by all having {measure} > 0
        """,
        {"format": FORMATS.get(unit, "%Y-%m-%d")},
    ).fetchall()
    values = {}
    for name, label, number in rows:
        values.setdefault(name, {})[label] = number
    return values


@pytest.mark.parametrize(
    ("kind", "unit"),
    [
        ("general", "hour"),
        ("general", "day"),
        ("general", "month"),
        ("unique", "day"),
        ("unique", "month"),
        ("average", "day"),
    ],
)
def test_one_event(shop, sql, kind, unit):
    answer = ask(shop, "/segmentation", event="Page Viewed", type=kind, unit=unit, **DATES)

    expected = _values(sql, MEASURES[kind], unit, "event", "event = 'Page Viewed'")
    assert answer["data"]["values"] == {
        name: pytest.approx(numbers) for name, numbers in expected.items()
    }
    assert answer["legend_size"] == 1


@pytest.mark.parametrize("kind", ["general", "unique"])
@pytest.mark.parametrize("unit", ["day", "month"])
def test_segments(sample_project, shop, sql, unit, kind):
    answer = ask(
        shop,
        "/segmentation",
        event="Product Viewed",
        on='properties["category"]',
        where='properties["price"] > 50 and user["plan"] != "free"',
        type=kind,
        unit=unit,
        **DATES,
    )

    # A user of whom there is no profile has no plan, which is not "free" either.
    rich = "event = 'Product Viewed' and (p->>'price')::double > 50"
    free = [
        p.distinct_id
        for p in sample_project.dataset.profiles()
        if (p.properties or {}).get("plan") == "free"
    ]
    sql.execute("create or replace temp table free as select unnest($ids) as id", {"ids": free})
    where = f"{rich} and (who is null or who not in (select id from free))"
    assert answer["data"]["values"] == _values(sql, MEASURES[kind], unit, "p->>'category'", where)


def test_missing_null_and_empty_values_are_segments(shop, sql):
    answer = ask(
        shop, "/segmentation", event="Purchase", on='properties["coupon"]', unit="month", **DATES
    )

    segment = "coalesce(p->>'coupon', '(not set)')"
    assert answer["data"]["values"] == _values(
        sql, "count(*)", "month", segment, "event = 'Purchase'"
    )
    assert "(not set)" in answer["data"]["values"]


def test_names_of_segments(project):
    values = ["text", "", None, True, 7, 7.0, 0.5, {"a": [1]}, [], 2**70]
    for number, value in enumerate(values):
        project.did("E", f"2026-03-04 10:{number:02}", value=value)
    project.did("E", "2026-03-04 11:00")

    answer = project.ask("/segmentation", event="E", on='properties["value"]')

    assert {name: sum(days.values()) for name, days in answer["data"]["values"].items()} == {
        "text": 1,
        "(empty string)": 1,
        "(not set)": 3,  # null, missing, and a list without items
        "true": 1,
        "7": 2,
        "0.5": 1,
        '{"a":[1]}': 1,
        str(2**70): 1,
    }


def test_b1_a_list_counts_under_each_item(project):
    for number, products in enumerate((["P1", "P2", "P4"], ["P2", "P3", "P4"], ["P3", "P4"])):
        project.did("E", f"2026-03-04 1{number}:00", products=products)

    values = project.ask("/segmentation", event="E", on='properties["products"]')["data"]["values"]

    assert {name: days["2026-03-04"] for name, days in values.items()} == {
        "P1": 1,
        "P2": 2,
        "P3": 2,
        "P4": 3,
    }


def test_n5_n6_a_user_counts_in_every_segment_of_uniques(project):
    project.did("Viewed", "2026-02-28 10:00", "joey", page="Contact Page")
    project.did("Viewed", "2026-03-07 10:00", "joey", page="Shop Page")
    dates = {"from_date": "2026-02-01", "to_date": "2026-03-31"}

    overall = project.ask("/segmentation", event="Viewed", type="unique", interval=60, **dates)
    pages = project.ask(
        "/segmentation",
        event="Viewed",
        type="unique",
        interval=60,
        on='properties["page"]',
        **dates,
    )

    assert overall["data"]["values"] == {"Viewed": {"2026-02-01": 1}}
    assert pages["data"]["values"] == {
        "Contact Page": {"2026-02-01": 1},
        "Shop Page": {"2026-02-01": 1},
    }


def test_uniques_of_a_longer_interval_are_no_sum(project):
    for day in ("2026-03-02", "2026-03-03", "2026-03-09"):
        project.did("E", f"{day} 10:00")

    def numbers(**params):
        return project.ask("/segmentation", event="E", type="unique", **params)["data"]["values"][
            "E"
        ]

    assert numbers(unit="month") == {"2026-03-01": 1}
    assert numbers(interval=8) == {"2026-03-01": 1, "2026-03-09": 1}


def test_where_not_equal_holds_for_a_missing_property(project):
    project.did("E", "2026-03-04 10:00", city="X", price=7)
    project.did("E", "2026-03-04 11:00", city="Y")
    project.did("E", "2026-03-04 12:00")

    def count(where):
        values = project.ask("/segmentation", event="E", where=where)["data"]["values"]
        return sum(values.get("E", {}).values())

    assert count('properties["city"] != "X"') == 2
    assert count('not (properties["price"] > 5)') == 2
    assert count('properties["price"] > 5') == 1


def test_segments_are_limited_to_the_largest(shop, sql):
    rows = sql.execute(
        f"""
        select p->>'$."$city"' as city from facts
        where event = 'Purchase' and {WITHIN} group by 1 order by count(*) desc, 1 limit 3
        """
    ).fetchall()

    answer = ask(
        shop, "/segmentation", event="Purchase", on='properties["$city"]', limit=3, **DATES
    )

    assert list(answer["data"]["values"]) == [city for (city,) in rows]
    assert answer["legend_size"] == 3


def test_60_segments_by_default(project):
    for number in range(70):
        project.did("E", f"2026-03-04 10:{number % 60:02}", n=number)

    assert project.ask("/segmentation", event="E", on='properties["n"]')["legend_size"] == 60
    assert (
        project.ask("/segmentation", event="E", on='properties["n"]', limit=65)["legend_size"] == 65
    )


def test_the_documented_example_can_be_served():
    with running_project() as project:
        for day, number in (("06", 147), ("07", 146), ("08", 776), ("09", 1376)):
            for minute in range(number):
                at = f"2011-08-{day} {minute // 60:02}:{minute % 60:02}"
                project.did("Signed up", at)

        answer = project.ask(
            "/segmentation", event="Signed up", from_date="2011-08-06", to_date="2011-08-09"
        )

    assert answer == {
        "data": {
            "series": ["2011-08-08", "2011-08-09", "2011-08-06", "2011-08-07"],
            "values": {
                "Signed up": {
                    "2011-08-06": 147,
                    "2011-08-07": 146,
                    "2011-08-08": 776,
                    "2011-08-09": 1376,
                }
            },
        },
        "legend_size": 1,
    }


def test_csv_has_a_row_for_each_interval(shop):
    asked = {"event": "Purchase", "on": 'properties["payment_method"]', **DATES}
    values = ask(shop, "/segmentation", **asked)["data"]["values"]

    answer = shop.get("/api/query/segmentation", params=asked | {"format": "csv"})

    assert answer.headers["content-type"].startswith("text/csv")
    rows = list(csv.DictReader(io.StringIO(answer.text)))
    assert [row["date"] for row in rows][:2] == ["2026-04-06", "2026-04-07"]
    for name, numbers in values.items():
        assert {r["date"]: int(r[name]) for r in rows if int(r[name])} == numbers


def test_an_unknown_event_is_an_empty_answer(shop):
    answer = ask(shop, "/segmentation", event="page viewed", **DATES)

    assert (answer["data"]["values"], answer["legend_size"]) == ({}, 0)
    assert len(answer["data"]["series"]) == 42


@pytest.mark.parametrize(
    ("params", "name"),
    [
        ({"event": None}, "event"),
        ({"from_date": None}, "from_date"),
        ({"to_date": "2026-5-1"}, "to_date"),
        ({"to_date": "2026-06-02"}, "to_date"),
        ({"from_date": "2026-05-18"}, "from_date"),
        ({"unit": "fortnight"}, "unit"),
        ({"unit": "week"}, "unit"),  # which /events has
        ({"type": "sum"}, "type"),
        ({"type": "unique", "unit": "hour"}, "uniques"),
        ({"where": "properties["}, "expression"),
        ({"on": "country"}, "expression"),
        ({"on": 'properties["a"]', "limit": "10001"}, "limit"),
        ({"on": 'properties["a"]', "limit": "0"}, "limit"),
        ({"interval": "7"}, "interval"),
        ({"type": "unique", "unit": "day", "interval": "7"}, "interval"),
        ({"format": "xml"}, "format"),
    ],
    ids=json.dumps,
)
def test_bad_parameters_are_named(sample_project, params, name):
    asked = {"event": "Purchase", **DATES} | params

    assert name in sample_project.refusal(
        "/segmentation", **{k: v for k, v in asked.items() if v is not None}
    )


def test_today_may_be_asked_for(shop):
    ask(shop, "/segmentation", event="Purchase", from_date="2026-06-01", to_date=str(TODAY))


def test_an_interval_needs_no_dates(project):
    project.did("E", "2026-05-31 10:00")
    project.did("E", "2026-06-01 10:00")

    answer = ask(project.client, "/segmentation", event="E", type="unique", interval=2)

    assert answer["data"] == {"series": ["2026-05-31"], "values": {"E": {"2026-05-31": 1}}}
