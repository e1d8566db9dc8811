"""/segmentation/numeric, /sum and /average, against SQL and the examples of the definitions page."""

import pytest
from support.sandbox_project import ask

from mixpanel_data.sandbox.query.buckets import bucketing

DATES = {"from_date": "2026-04-06", "to_date": "2026-05-17"}
REVENUE = 'properties["revenue"]'
WITHIN = "day between date '2026-04-06' and date '2026-05-17'"
FORMATS = {"hour": "%Y-%m-%d %H:00:00", "day": "%Y-%m-%d"}


def _by_time(sql, unit: str, number: str, event: str) -> dict[str, float]:
    return dict(
        sql.execute(
            f"select strftime(moment, $format), {number} from facts where event = '{event}' and {WITHIN} group by 1",
            {"format": FORMATS[unit]},
        ).fetchall()
    )


@pytest.mark.parametrize("unit", ["hour", "day"])
def test_sums(shop, sql, unit):
    asked = {"event": "Purchase", "on": REVENUE, "unit": unit, **DATES}
    answer = ask(shop, "/segmentation/sum", **asked)

    expected = _by_time(sql, unit, "sum((p->>'revenue')::double)", "Purchase")
    assert answer["status"] == "ok"
    assert {k: v for k, v in answer["results"].items() if v} == pytest.approx(expected)
    assert len(answer["results"]) == 42 * (24 if unit == "hour" else 1)


@pytest.mark.parametrize("unit", ["hour", "day"])
def test_averages(shop, sql, unit):
    asked = {"event": "Purchase", "on": REVENUE + " * 2", "unit": unit, **DATES}
    answer = ask(shop, "/segmentation/average", **asked)

    assert answer == {
        "status": "ok",
        "results": pytest.approx(
            _by_time(sql, unit, "2 * avg((p->>'revenue')::double)", "Purchase")
        ),
    }


def test_what_is_no_number_is_zero_and_pulls_the_average_down(project):
    for minute, price in enumerate([10, "10", True, None, [10]]):
        project.did("E", f"2026-03-04 10:0{minute}", price=price)
    day = {"from_date": "2026-03-04", "to_date": "2026-03-05"}
    asked = {"event": "E", "on": 'properties["price"]', **day}

    assert project.ask("/segmentation/sum", **asked)["results"] == {
        "2026-03-05": 0,
        "2026-03-04": 10,
    }
    assert project.ask("/segmentation/average", **asked)["results"] == {"2026-03-04": 2.0}


def test_drifting_types_of_the_sample_average_as_in_sql(shop, sql):
    asked = {"event": "Discount Applied", "on": 'properties["discount"]', **DATES}
    number = """avg(case when json_type(p->'discount') in ('DOUBLE', 'UBIGINT', 'BIGINT')
        then (p->>'discount')::double else 0 end)"""

    results = ask(shop, "/segmentation/average", **asked)["results"]

    assert results == pytest.approx(_by_time(sql, "day", number, "Discount Applied"))


def test_sums_of_integers_are_integers_and_of_prices_are_rounded_once(project):
    for minute in range(10):
        project.did("E", f"2026-03-04 10:0{minute}", price=0.1, count=2**60)
    day = {"event": "E", "from_date": "2026-03-04", "to_date": "2026-03-04"}

    prices = project.ask("/segmentation/sum", on='properties["price"]', **day)["results"]
    counts = project.ask("/segmentation/sum", on='properties["count"]', **day)["results"]

    assert prices == {"2026-03-04": 1.0}
    assert counts == {"2026-03-04": 10 * 2**60}


@pytest.mark.parametrize("kind", ["general", "unique"])
def test_buckets_of_the_sample(shop, sql, kind):
    asked = {"event": "Purchase", "on": REVENUE, "type": kind, **DATES}
    answer = ask(shop, "/segmentation/numeric", **asked)

    (first, *_) = values = answer["data"]["values"]
    low, high = (float(bound.replace(",", "")) for bound in first.split(" - "))
    size = high - low
    measure = {"general": "count(*)", "unique": "count(distinct who)"}[kind]
    expected = sql.execute(
        f"""
        select floor((p->>'revenue')::double / {size}) * {size}, day::varchar, {measure}
        from facts where event = 'Purchase' and {WITHIN} group by 1, 2
        """
    ).fetchall()
    assert answer["legend_size"] == len(values)
    assert {
        (float(name.split(" - ")[0].replace(",", "")), date, number)
        for name, numbers in values.items()
        for date, number in numbers.items()
    } == set(expected)


def test_b13_names_have_their_thousands_apart():
    name = bucketing([2_000, 2_499])

    assert [name(value) for value in (2_000, 2_099.5, 2_100, 2_499)] == [
        "2,000 - 2,050",
        "2,050 - 2,100",
        "2,100 - 2,150",
        "2,450 - 2,500",
    ]
    assert bucketing([2_000, 3_000])(2_000) == "2,000 - 2,100"


@pytest.mark.parametrize(
    ("values", "value", "bucket"),
    [
        ([0, 10], 0, "0 - 1"),
        ([0, 10], 1, "1 - 2"),
        ([0, 10], -0.5, "-1 - 0"),
        ([0, 1], 0.3, "0.3 - 0.4"),
        ([0.0, 0.2], 0.06, "0.06 - 0.08"),
        ([7], 7, "7 - 8"),
        ([0, 1e6], 1e6, "1,000,000 - 1,100,000"),
    ],
)
def test_the_lower_bound_belongs_to_a_bucket_and_the_upper_does_not(values, value, bucket):
    assert bucketing(values)(value) == bucket


def test_values_that_are_no_numbers_are_in_no_bucket(project):
    for minute, value in enumerate([5, "5", None, True]):
        project.did("E", f"2026-03-04 10:0{minute}", value=value)

    answer = project.ask("/segmentation/numeric", event="E", on='properties["value"]')

    assert answer["data"]["values"] == {"5 - 6": {"2026-03-04": 1}}


@pytest.mark.parametrize("path", ["numeric", "sum", "average"])
@pytest.mark.parametrize(
    ("params", "name"),
    [
        ({"event": ""}, "event"),
        ({"on": ""}, "on"),
        ({"on": "revenue"}, "expression"),
        ({"unit": "week"}, "unit"),
        ({"where": "("}, "expression"),
        ({"to_date": ""}, "to_date"),
    ],
)
def test_bad_parameters_are_named(sample_project, path, params, name):
    asked = {"event": "Purchase", "on": REVENUE, **DATES} | params

    assert name in sample_project.refusal(f"/segmentation/{path}", **asked)


def test_there_are_no_hourly_uniques(sample_project):
    asked = {"event": "Purchase", "on": REVENUE, "unit": "hour", "type": "unique", **DATES}

    assert "uniques" in sample_project.refusal("/segmentation/numeric", **asked)
