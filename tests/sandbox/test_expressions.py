"""The expression language: section 7.1 of docs/mixpanel-facts.md."""

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mixpanel_data.sandbox.errors import RefusedError
from mixpanel_data.sandbox.expressions import EventSubject, ProfileSubject, parse
from mixpanel_data.sandbox.records import Profile

PROPERTIES = {
    "time": 1_772_625_600_500,
    "distinct_id": "u1",
    "price": 12.5,
    "count": 3,
    "name": 'so-called "pro"',
    "city": "Köln",
    "yes": True,
    "none": None,
    "tags": ["a", 7],
    "dotted.name": 1,
}


def _holds(text: str) -> bool:
    profile = Profile("u1", {"$email": "a@example.com"})
    subject = EventSubject("E", PROPERTIES, {"u1": profile}.get)
    return parse(text)(subject)


@pytest.mark.parametrize(
    "text",
    [
        'properties["price"] == 12.5',
        "properties['count'] != 4",
        'properties["count"] >= 3 and properties["count"] <= 3',
        'properties["count"] < 2 or properties["price"] > 12',
        'not properties["count"] == 4',
        'not (properties["price"] > 100)',
        'properties["name"] == "so-called \\"pro\\""',
        '"called" in properties["name"]',
        'properties["city"] in ["Köln", "Bonn"]',
        'properties["count"] in [1,2,3]',
        '7 in properties["tags"]',
        'defined(properties["price"])',
        'not defined(properties["none"])',
        'not defined(properties["gone"])',
        'properties["city"] != "X" and properties["gone"] != "X"',
        'not (properties["gone"] > 5)',
        'properties["yes"] == true',
        'properties["yes"]',
        'properties["none"] == null',
        'properties["gone"] == undefined',
        'properties["dotted.name"] + 1 == 2',
        'properties["count"] * 2 - 1 == 5',
        "-7 % 3 == -1",
        "-(2 + 3) == -5",
        "--2 == 2 and ---2 == -2 and -" + "-" * 5000 + "1 == -1",
        "not not true and not " + "not " * 5000 + "false",
        "007 == 7",
        "9007199254740993 != 9007199254740992",
        "7 / 2 == 3.5",
        "floor(3.7) == 3 and ceil(3.2) == 4 and round(3.6) == 4",
        'string(properties["count"]) == "3"',
        'number("12.5") == properties["price"]',
        "number(true) == 1",
        'boolean("false") == false',
        'string("a") + "b" == "ab"',
        'properties["$time"] >= datetime(1772625600)',
        'event["$time"] >= datetime("2026-03-04T12:00:00")',
        'properties["time"] < datetime("2026-03-04T12:00:01")',
        'user["$email"] == "a@example.com"',
        '"2026-03-04T10:00:00" > "2026-03-03T23:59:59"',
    ],
)
def test_true(text):
    assert _holds(text)


@pytest.mark.parametrize(
    "text",
    [
        'properties["count"] == "3"',
        'properties["yes"] == 1',
        'properties["city"] < 5',
        'properties["gone"] > 5',
        "1 / 0 == 1",
        'properties["count"]',
        'not properties["count"]',
        'number("x") == 0',
        'properties["city"] in 5',
        'user["gone"] == "x"',
    ],
)
def test_not_true(text):
    assert not _holds(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "properties",
        'properties["a"',
        'properties["a"] = 1',
        'properties["a"] == ',
        "1 == 1 extra",
        "unknown(1)",
        'properties["a"] ; 1',
        "properties[a]",
        '"open',
        "(" * 100 + "1" + ")" * 100,
        "1" * 200,
        "__import__('os')",
    ],
)
def test_what_is_no_expression_is_refused(text):
    with pytest.raises(RefusedError) as caught:
        parse(text)

    assert caught.value.status == 400


def test_profiles_answer_for_their_id_and_properties():
    subject = ProfileSubject(Profile(4, {"plan": "pro"}))

    assert parse('properties["plan"] == "pro" and user["$distinct_id"] == 4')(subject)
    assert not parse('properties["plan"] == "pro"')(ProfileSubject(Profile("bare", None)))


TOKENS = st.sampled_from(
    [
        'properties["price"]',
        'properties["gone"]',
        'properties["tags"]',
        'user["x"]',
        "and",
        "or",
        "not",
        "in",
        "==",
        "!=",
        "<",
        "<=",
        ">",
        ">=",
        "+",
        "-",
        "*",
        "/",
        "%",
        "(",
        ")",
        "[",
        "]",
        ",",
        "true",
        "null",
        "undefined",
        "0",
        "7",
        "1.5",
        "1e308",
        '"x"',
        "'y'",
        "floor(",
        "ceil(",
        "round(",
        "string(",
        "number(",
        "boolean(",
        "datetime(",
        "defined(",
    ]
)


@given(st.lists(TOKENS, max_size=12).map(" ".join))
def test_no_text_breaks_the_parser_and_no_expression_the_evaluation(text):
    with contextlib.suppress(RefusedError):
        _holds(text)
