"""/events/properties, /top and /values, against SQL over the same events."""

import pytest
from support.sandbox_project import ask

DATES = {"from_date": "2026-04-06", "to_date": "2026-05-17"}
WITHIN = "day between date '2026-04-06' and date '2026-05-17'"
RECENT = "day >= date '2026-05-02'"  # the last 31 days, of which 1 June is the last


@pytest.mark.parametrize(("kind", "measure"), [("general", "*"), ("unique", "distinct who")])
def test_counts_by_value(shop, sql, kind, measure):
    rows = sql.execute(
        f"""
        select coalesce(p->>'coupon', '(not set)'), date_trunc('week', moment)::date::varchar, count({measure})
        from facts where event = 'Purchase' and {WITHIN} group by 1, 2
        """
    ).fetchall()

    asked = {"event": "Purchase", "name": "coupon", "type": kind, "unit": "week", **DATES}
    answer = ask(shop, "/events/properties", **asked)

    values = answer["data"]["values"]
    assert {(v, d, n) for v, numbers in values.items() for d, n in numbers.items()} == set(rows)
    assert answer["legend_size"] == 3


def test_counts_of_certain_values(shop):
    asked = {"event": "Purchase", "name": "coupon", "type": "general", "unit": "day", **DATES}
    every = ask(shop, "/events/properties", **asked)["data"]["values"]

    some = ask(shop, "/events/properties", values='["AUTUMN", "none such"]', **asked)
    one = ask(shop, "/events/properties", limit=1, **asked)

    assert some["data"]["values"] == {"AUTUMN": every["AUTUMN"]}
    assert list(one["data"]["values"]) == ["(not set)"]


def test_values_are_compared_as_the_names_of_segments(project):
    project.did("E", "2026-03-04 10:00", size=42, gift=True)
    asked = {"event": "E", "type": "general", "unit": "day"}

    for name, values in (("size", "[42]"), ("size", '["42"]'), ("gift", "[true]")):
        answer = project.ask("/events/properties", name=name, values=values, **asked)
        assert answer["legend_size"] == 1


def test_any_name_can_be_asked_for(project):
    names = ['a "quoted" name', "dotted.name", "naïve 名前 🛒", "$.path", "back\\slash", "Plan"]
    project.did("E", "2026-03-04 10:00", **dict.fromkeys(names, "v"))
    project.did("E", "2026-03-04 11:00", plan="other")
    asked = {"event": "E", "type": "general", "unit": "day", "values": '["v"]'}

    for name in names:
        answer = project.ask("/events/properties", name=name, **asked)
        assert answer["data"]["values"] == {"v": {"2026-03-04": 1}}


@pytest.mark.parametrize("limit", [10, 40])
def test_top_properties(shop, sql, limit):
    rows = sql.execute(
        f"""
        with keys as (
            select unnest(json_keys(p)) as name, p from facts where event = 'Page Viewed' and {RECENT}
        ),
        set_ones as (select name from keys where json_type(p -> ('$."' || name || '"')) <> 'NULL')
        select name, count(*) from set_ones group by 1 order by 2 desc, 1 limit {limit}
        """
    ).fetchall()
    asked = {} if limit == 10 else {"limit": limit}

    answer = ask(shop, "/events/properties/top", event="Page Viewed", **asked)

    assert list(answer.items()) == [(name, {"count": count}) for name, count in rows]


def test_top_values(shop, sql):
    rows = sql.execute(
        f"""
        select p->>'product' from facts where event = 'Product Viewed' and {RECENT}
        group by 1 order by count(*) desc, 1
        """
    ).fetchall()
    asked = {"event": "Product Viewed", "name": "product"}

    assert ask(shop, "/events/properties/values", **asked) == [value for (value,) in rows]
    assert ask(shop, "/events/properties/values", limit=2, **asked) == [v for (v,) in rows[:2]]


def test_not_being_set_is_no_value(shop):
    values = ask(shop, "/events/properties/values", event="Purchase", name="coupon")

    assert sorted(values) == ["AUTUMN", "WELCOME10"]


@pytest.mark.parametrize("limit", [None, 300])
def test_255_values_by_default(project, limit):
    for number in range(310):
        project.dataset.add_event("E", 1_780_000_000_000, n=number)

    asked = {} if limit is None else {"limit": limit}
    values = project.ask("/events/properties/values", event="E", name="n", **asked)

    assert len(values) == (limit or 255)


@pytest.mark.parametrize(
    ("path", "params", "name"),
    [
        ("", {"event": ""}, "event"),
        ("", {"name": ""}, "name"),
        ("", {"type": ""}, "type"),
        ("", {"unit": ""}, "unit"),
        ("", {"values": "female"}, "values"),
        ("", {"from_date": ""}, "from_date"),
        ("", {"type": "unique", "unit": "minute"}, "uniques"),
        ("/top", {"event": ""}, "event"),
        ("/top", {"limit": "-1"}, "limit"),
        ("/values", {"event": ""}, "event"),
        ("/values", {"name": ""}, "name"),
        ("/values", {"limit": "x"}, "limit"),
    ],
)
def test_bad_parameters_are_named(sample_project, path, params, name):
    asked = {"event": "Purchase", "name": "coupon", "type": "general", "unit": "day", **DATES}

    assert name in sample_project.refusal("/events/properties" + path, **asked | params)
