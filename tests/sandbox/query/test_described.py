"""What Mixpanel's OpenAPI files say of reports, Lexicon and annotations, the sandbox answers; their errors are named here.

The files describe only answers with status 200 for queries. Their version is 3.0, whose schemas ``OAS30Validator`` understands.
"""

import copy
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml
from openapi_schema_validator import OAS30Validator

FOLDER = Path(__file__).parents[1] / "openapi"
QUERY = yaml.safe_load((FOLDER / "query.openapi.yaml").read_text())
LEXICON = yaml.safe_load((FOLDER / "lexicon-schemas.openapi.yaml").read_text())
ANNOTATIONS = yaml.safe_load((FOLDER / "annotations.openapi.yaml").read_text())

# Read operations the sandbox does not answer yet. Whoever makes it answer one takes it out of this list.
NOT_SERVED_YET = {
    "GET /insights",
    "GET /retention/addiction",
    "GET /segmentation/numeric",
    "GET /segmentation/sum",
    "GET /segmentation/average",
    "GET /stream/query",
    "POST /jql",
}
DATES = {"from_date": "2026-05-01", "to_date": "2026-05-10"}
LINUX = 'properties["$os"]=="Linux"'

# For each operation requests that together use every parameter, with the example the file gives for it if it gives one.
EXAMPLES: dict[str, list[dict[str, str]]] = {
    "POST /cohorts/list": [{}, {"workspace_id": "7"}],
    "GET /events": [
        {"event": '["Page Viewed", "Purchase"]', "type": "general", "unit": "day", **DATES},
        {"event": '["Page Viewed"]', "type": "unique", "unit": "week", "interval": "2"},
        {"event": '["Page Viewed"]', "type": "average", "unit": "hour", "format": "json", **DATES},
    ],
    "GET /events/names": [
        {"type": "general"},
        {"type": "unique", "limit": "3"},
        {"type": "average"},
    ],
    "GET /events/properties": [
        {"event": "Purchase", "name": "coupon", "type": "general", "unit": "day", **DATES},
        {"event": "Purchase", "name": "price", "type": "unique", "unit": "week", "interval": "2"},
        {
            "event": "Purchase",
            "name": "payment_method",
            "type": "average",
            "unit": "month",
            "values": '["card", "paypal"]',
            "limit": "1",
            "format": "json",
            **DATES,
        },
    ],
    "GET /events/properties/top": [{"event": "Purchase"}, {"event": "Purchase", "limit": "3"}],
    "GET /events/properties/values": [{"event": "Purchase", "name": "coupon", "limit": "1"}],
    "GET /events/top": [{"type": "unique"}, {"type": "average", "limit": "2"}],
    "GET /funnels": [
        {"funnel_id": "7001", **DATES},
        {"funnel_id": "7003", "length": "1", "length_unit": "day", "interval": "3", **DATES},
        {"funnel_id": "7001", "unit": "week", "where": LINUX, **DATES},
        {"funnel_id": "7001", "on": 'properties["$os"]', "limit": "2", **DATES},
    ],
    "GET /funnels/list": [{}],
    "GET /retention": [
        {"born_event": "Signed Up", **DATES},
        {
            "retention_type": "birth",
            "born_event": "Product Added",
            "event": "Purchase",
            "born_where": LINUX,
            "where": LINUX,
            "interval": "1",
            "interval_count": "4",
            "unit": "day",
            "unbounded_retention": "false",
            **DATES,
        },
        {"retention_type": "compounded", "unit": "week", "unbounded_retention": "true", **DATES},
    ],
    "GET /segmentation": [
        {"event": "Purchase", **DATES},
        {"event": "Purchase", "on": 'properties["$os"]', "where": LINUX, "limit": "5", **DATES},
        {"event": "Purchase", "type": "unique", "unit": "month", **DATES},
        {"event": "Purchase", "type": "average", "interval": "5", **DATES},
    ],
}


def _operations(spec: dict[str, Any], *methods: str) -> set[str]:
    return {
        f"{method.upper()} {path}"
        for path, item in spec["paths"].items()
        for method in set(methods) & set(item)
    }


def _schema(spec: dict[str, Any], operation: str) -> dict[str, Any]:
    """The described answer, its references resolvable."""
    method, _, path = operation.partition(" ")
    content = spec["paths"][path][method.lower()]["responses"]["200"]["content"]
    schema = copy.deepcopy(content["application/json"]["schema"])
    if operation == "GET /funnels":
        # The file says null in its text and integer in its schema.
        step = schema["properties"]["data"]["additionalProperties"]["properties"]["steps"]["items"]
        step["properties"]["avg_time"]["nullable"] = True
        step["properties"]["avg_time_from_start"]["nullable"] = True
    return schema | {"components": spec["components"]}


def _examples() -> Iterator[tuple[str, dict[str, str]]]:
    for operation, examples in EXAMPLES.items():
        for example in examples:
            yield operation, example


def test_every_operation_is_served_or_listed():
    described = _operations(QUERY, "get", "post", "put", "patch", "delete")

    assert described == set(EXAMPLES) | NOT_SERVED_YET | {"POST /engage"}


@pytest.mark.parametrize("operation", sorted(NOT_SERVED_YET))
def test_what_is_not_served_yet_says_so_in_json(shop: httpx.Client, operation):
    method, _, path = operation.partition(" ")

    answer = shop.request(method, "/api/query" + path, params=DATES)

    assert answer.status_code == 501
    assert path in answer.json()["error"]


@pytest.mark.parametrize(("operation", "example"), list(_examples()), ids=str)
def test_documented_queries_are_answered_as_described(shop: httpx.Client, operation, example):
    method, _, path = operation.partition(" ")

    answer = shop.request(method, "/api/query" + path, params=example)

    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "application/json"
    OAS30Validator(_schema(QUERY, operation)).validate(answer.json())
    assert answer.json()


@pytest.mark.parametrize("operation", sorted(EXAMPLES))
def test_every_parameter_has_an_example_here(operation):
    method, _, path = operation.partition(" ")
    described = set()
    for parameter in QUERY["paths"][path][method.lower()]["parameters"]:
        if "$ref" in parameter:
            parameter = QUERY["components"]["parameters"][parameter["$ref"].rpartition("/")[2]]
        described.add(parameter["name"])

    used = {name for example in EXAMPLES[operation] for name in example}
    common = {"project_id", "workspace_id", "format"}  # CSV has a test of its own
    assert described | common == used | common
