"""What Mixpanel's OpenAPI files say of reports, Lexicon and annotations, the sandbox answers; their errors are named here.

The files describe only answers with status 200 for queries. Their version is 3.0, whose schemas ``OAS30Validator`` understands.
"""

import copy
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from openapi_schema_validator import OAS30Validator
from support.openapi import specification

QUERY = specification("query")
LEXICON = specification("lexicon-schemas")
ANNOTATIONS = specification("annotations")

DATES = {"from_date": "2026-05-01", "to_date": "2026-05-10"}
REVENUE = 'properties["revenue"]'
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
            "interval": "2",
            "interval_count": "4",
            "unbounded_retention": "false",
            **DATES,
        },
        {"retention_type": "compounded", "unit": "week", "unbounded_retention": "true", **DATES},
    ],
    "GET /insights": [{"bookmark_id": "8001"}, {"bookmark_id": "8003"}],
    "GET /retention/addiction": [
        {"unit": "day", "addiction_unit": "hour", **DATES},
        {
            "unit": "week",
            "addiction_unit": "day",
            "event": "Page Viewed",
            "where": LINUX,
            **DATES,
        },
    ],
    "GET /segmentation/numeric": [
        {"event": "Purchase", "on": REVENUE, "unit": "hour", "type": "general", **DATES},
        {"event": "Purchase", "on": REVENUE, "where": LINUX, "type": "unique", **DATES},
    ],
    "GET /segmentation/sum": [
        {"event": "Purchase", "on": REVENUE, "unit": "hour", "where": LINUX, **DATES},
    ],
    "GET /segmentation/average": [
        {"event": "Purchase", "on": REVENUE, "unit": "hour", "where": LINUX, **DATES},
    ],
    "GET /stream/query": [{"distinct_ids": '["user_10000", "user_10003"]', **DATES}],
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
    if operation == "GET /segmentation/sum":
        # The file says integer; sums of prices are none.
        schema["properties"]["results"]["additionalProperties"]["type"] = "number"
    if operation == "GET /segmentation/numeric":
        # The file says integer, of averages too.
        values = schema["properties"]["data"]["properties"]["values"]
        values["additionalProperties"]["additionalProperties"]["type"] = "number"
    return schema | {"components": spec["components"]}


def _examples() -> Iterator[tuple[str, dict[str, str]]]:
    for operation, examples in EXAMPLES.items():
        for example in examples:
            yield operation, example


def test_every_operation_is_served():
    described = _operations(QUERY, "get", "post", "put", "patch", "delete")

    assert described == set(EXAMPLES) | {"POST /engage", "POST /jql"}  # with tests of their own


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
    if "retention" in operation:
        common |= {"on", "limit"}  # with them answers have a form the file does not show
    assert described | common == used | common


def test_the_documented_script_is_answered_as_described(shop: httpx.Client):
    body = QUERY["paths"]["/jql"]["post"]["requestBody"]["content"]
    example = body["application/x-www-form-urlencoded"]["schema"]["example"]
    # The file's params are no JSON: the dates lack their quotes. They are also before the sample.
    assert '"from_date": 2016-01-01T00:00:00.000Z' in example["params"]
    params = '{"from_date": "2026-05-01T00:00:00.000Z", "to_date": "2026-05-07T00:00:00.000Z"}'

    answer = shop.post("/api/query/jql", data={"script": example["script"], "params": params})

    assert answer.status_code == 200, answer.text
    OAS30Validator(_schema(QUERY, "POST /jql")).validate(answer.json())
    assert ["Purchase"] in [row["key"] for row in answer.json()]


APP_EXAMPLES = [
    (LEXICON, "GET /projects/{projectId}/schemas", "schemas", {}),
    (LEXICON, "GET /projects/{projectId}/schemas/{entityType}", "schemas/profile", {}),
    (
        LEXICON,
        "GET /projects/{projectId}/schemas/{entityType}",
        "schemas/event",
        {"entity_name": "Purchase"},
    ),
    (
        LEXICON,
        "GET /projects/{projectId}/schemas/{entityType}/{name}",
        "schemas/event/Purchase",
        {},
    ),
    (ANNOTATIONS, "GET /projects/{projectId}/annotations", "annotations", {}),
    (
        ANNOTATIONS,
        "GET /projects/{projectId}/annotations",
        "annotations",
        {"fromDate": "2026-01-01", "toDate": "2026-05-31"},
    ),
    (ANNOTATIONS, "GET /projects/{projectId}/annotations/{annotationId}", "annotations/501", {}),
    (ANNOTATIONS, "GET /projects/{projectId}/annotations/tags", "annotations/tags", {}),
]


def test_every_operation_of_the_app_api_that_reads_has_an_example_here():
    described = _operations(LEXICON, "get") | _operations(ANNOTATIONS, "get")

    assert described == {operation for _, operation, _, _ in APP_EXAMPLES}


@pytest.mark.parametrize(("spec", "operation", "path", "params"), APP_EXAMPLES)
def test_the_app_api_answers_as_described(shop: httpx.Client, spec, operation, path, params):
    url = f"/api/app/projects/1234567/{path}"

    answer = httpx.get(shop.base_url.join(url), params=params, auth=shop.auth)

    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "application/json"
    OAS30Validator(_schema(spec, operation)).validate(answer.json())
    assert answer.json()
