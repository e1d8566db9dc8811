"""What Mixpanel's own OpenAPI files say of export and engage, the sandbox answers; where they err, the error is named here.

The other operations are in ``query/test_described.py``. The files describe only answers with status 200. Their version is 3.0, whose schemas ``OAS30Validator`` understands.
"""

import copy
from typing import Any

import pytest
from openapi_schema_validator import OAS30Validator
from support.openapi import specification

EXPORT = specification("export")
QUERY = specification("query")

DATES = {"from_date": "2026-03-04", "to_date": "2026-03-04"}

# One request for each parameter the files describe, with the example they give for it if they give one.
EXPORT_EXAMPLES = [
    {},
    {"limit": "100000"},
    {"event": '["Viewed"]'},
    {"where": 'properties["$os"]=="Linux"'},
    {"time_in_ms": "true"},
    {"time_in_ms": "false"},
]
ENGAGE_EXAMPLES = [
    {},
    {"workspace_id": "7"},
    {"distinct_id": "id1"},
    {"distinct_ids": '["id1", "id2"]'},
    {"data_group_id": "1001"},
    {"where": 'properties["$os"]=="Linux"'},
    {"output_properties": '["$last_name", "$email", "Total Spent"]'},
    {"page": "0"},
    {"as_of_timestamp": "1772582400"},
    {"filter_by_cohort": '{"id":3001}', "include_all_users": "false"},
]
# Described, but not served: refused by name, with 400.
REFUSED = [{"behaviors": '[{"window": "30d"}]'}]


def _engage_schema() -> dict[str, Any]:
    """The described answer of engage, with its one error mended."""
    content = QUERY["paths"]["/engage"]["post"]["responses"]["200"]["content"]
    schema: dict[str, Any] = copy.deepcopy(content["application/json"]["schema"])
    # The file says integer; real ids are mostly strings (docs/mixpanel-facts.md, sections 6 and 12).
    distinct_id = schema["properties"]["results"]["items"]["properties"]["$distinct_id"]
    assert distinct_id["type"] == "integer"
    distinct_id.clear()
    distinct_id["anyOf"] = [{"type": "integer"}, {"type": "string"}]
    return schema


@pytest.mark.parametrize("example", EXPORT_EXAMPLES, ids=str)
def test_documented_exports_are_answered_as_described(client, example):
    described = EXPORT["paths"]["/export"]["get"]["responses"]["200"]["content"]

    answer = client.get("/api/2.0/export", params=DATES | example)

    assert answer.status_code == 200
    (media_type,) = described
    assert answer.headers["content-type"].partition(";")[0] == media_type
    OAS30Validator(described[media_type]["schema"]).validate(answer.text)


def test_every_parameter_of_export_has_an_example_here():
    parameters = EXPORT["paths"]["/export"]["get"]["parameters"]
    described = {parameter["name"] for parameter in parameters if parameter["in"] == "query"}

    used = {name for example in EXPORT_EXAMPLES for name in example}
    assert described == used | set(DATES) | {"project_id"}


@pytest.mark.parametrize("example", ENGAGE_EXAMPLES, ids=str)
def test_documented_profile_queries_are_answered_as_described(
    mixpanel_sample_sandbox, connect, example
):
    answer = connect(mixpanel_sample_sandbox).post("/api/query/engage", data=example)

    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/json"
    OAS30Validator(_engage_schema()).validate(answer.json())


def test_pages_of_profiles_are_answered_as_described(mixpanel_sample_sandbox, connect):
    client = connect(mixpanel_sample_sandbox)
    session_id = client.post("/api/query/engage").json()["session_id"]

    answer = client.post("/api/query/engage", data={"session_id": session_id, "page": "1"})

    assert answer.json()["results"]
    OAS30Validator(_engage_schema()).validate(answer.json())


def test_every_field_of_engage_has_an_example_here():
    body = QUERY["paths"]["/engage"]["post"]["requestBody"]["content"]
    (described,) = (media["schema"]["properties"] for media in body.values())

    used = {name for example in ENGAGE_EXAMPLES + REFUSED for name in example}
    assert set(described) | {"workspace_id"} == used | {"session_id"}


@pytest.mark.parametrize("example", REFUSED, ids=str)
def test_behaviors_are_refused_by_name(client, example):
    answer = client.post("/api/query/engage", data=example)

    assert answer.status_code == 400
    assert next(iter(example)) in answer.json()["error"]


def test_an_answer_has_the_fields_of_the_documented_example(sandbox, client):
    content = QUERY["paths"]["/engage"]["post"]["responses"]["200"]["content"]
    example = content["application/json"]["examples"]["example"]["value"]
    sandbox.dataset.set_profile(4, example["results"][0]["$properties"])

    answer = client.post("/api/query/engage").json()

    assert answer | {"session_id": example["session_id"]} == example


def test_the_documented_export_example_can_be_served(mixpanel_sandbox, connect):
    content = EXPORT["paths"]["/export"]["get"]["responses"]["200"]["content"]
    example = content["text/plain"]["schema"]["example"]
    for event, time, insert_id, processed in (
        ("Signed up", 1602611311, "hpuDqcvpltpCjBsebtxwadtEBDnFAdycabFb", 1602625711874),
        ("Signed up", 1602787121, "jajcebutltmvhbbholfhxtCcycwnBjDtndha", 1602801521561),
    ):
        mixpanel_sandbox.dataset.add_event(
            event, time * 1000, insert_id=insert_id, mp_processing_time_ms=processed
        )

    params = {"from_date": "2020-10-13", "to_date": "2020-10-15"}
    answer = connect(mixpanel_sandbox).get("/api/2.0/export", params=params)

    assert answer.text == example
