"""At any request, a report answers in JSON or refuses: no parameter makes the server fail."""

import json
from datetime import date
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from starlette.responses import Response

from mixpanel_data.sandbox import Dataset, Sandbox
from mixpanel_data.sandbox.errors import RefusedError
from mixpanel_data.sandbox.query import REPORTS
from mixpanel_data.sandbox.records import encode_json

TODAY = date(2026, 6, 1)
PROJECT = Sandbox(Dataset.sample(today=TODAY, users=40, days=7), today=TODAY).project

EXPRESSIONS = [
    'properties["price"]',
    'properties["price"] / properties["quantity"]',
    'properties["cart"]',
    'properties["discount"]',
    'properties["biggest"]',
    'properties["deep"]',
    'user["plan"] == "pro"',
    "[1, undefined, [undefined]]",
    "1e308 * 1e308 - 1e308 * 1e308",
    "not",
    "",
]
NUMBERS = ["", "0", "1", "7", "-1", "x", "1" * 18, "1" * 30]
DATES = ["2026-05-25", "2026-05-31", "2026-06-01", "2026-06-02", "2000-01-01", "1999-01-01", "x"]
EVENTS = ["Page Viewed", "Discount Applied", "Survey Sent", "nothing", '["Page Viewed", 7]', ""]
UNITS = ["minute", "hour", "day", "week", "month", "second", "x", ""]
FIELDS: dict[str, list[str]] = {
    "event": EVENTS,
    "born_event": EVENTS,
    "name": ["price", "cart", "", "\x00"],
    "values": ["", "[]", "[null, {}, [1]]", "{"],
    "on": EXPRESSIONS,
    "where": EXPRESSIONS,
    "born_where": EXPRESSIONS,
    "unit": UNITS,
    "addiction_unit": UNITS,
    "length_unit": UNITS,
    "type": ["general", "unique", "average", "x", ""],
    "retention_type": ["birth", "compounded", "x"],
    "unbounded_retention": ["true", "false", "x"],
    "format": ["json", "csv", "x"],
    "interval": NUMBERS,
    "interval_count": NUMBERS,
    "length": NUMBERS,
    "limit": NUMBERS,
    "funnel_id": ["7001", "7002", "7003", "7004", *NUMBERS],
    "bookmark_id": ["8001", "8002", "8003", "8004", *NUMBERS],
    "distinct_ids": ["[]", '["user_10000", 4, null]', "x", ""],
    "script": ["function main(){return Events(params)}", "function main(){return People()}", "x"],
    "params": ["{}", '{"from_date": "2026-05-31", "to_date": "2026-06-01"}', "[]", "x"],
}
ANY_FIELDS = st.fixed_dictionaries(
    # Few refusals here, so that the others are reached.
    {"from_date": st.just("2026-05-25") | st.sampled_from(DATES), "to_date": st.just("2026-06-01")},
    optional={name: st.sampled_from(values) for name, values in FIELDS.items()},
)


def _answer(path: str, fields: dict[str, Any]) -> Any:
    """What a report returns, or its refusal."""
    _, compute = REPORTS[path]
    try:
        return compute(PROJECT, fields)
    except RefusedError as refusal:
        return refusal


@pytest.mark.parametrize("path", sorted(REPORTS))
@settings(max_examples=60, deadline=None)
@given(fields=ANY_FIELDS)
def test_no_parameter_makes_a_report_fail(path: str, fields: dict[str, Any]):
    answer = _answer(path, fields)

    if isinstance(answer, RefusedError):
        assert answer.status in (400, 404, 501)
    elif not isinstance(answer, Response):
        text = encode_json(answer).decode()
        json.loads(text, parse_constant=pytest.fail)  # neither NaN nor Infinity


def test_an_answer_does_not_grow_without_end():
    asked = {"event": "E", "unit": "minute", "from_date": "2000-01-01", "to_date": "2026-06-01"}

    assert _answer("/segmentation", asked).status == 400
