"""/api/query/engage, as section 6 of docs/mixpanel-facts.md describes it."""

import json
from typing import Any

import httpx
import pytest
from sandbox.conftest import Connect

from mixpanel_data.sandbox import Sandbox
from mixpanel_data.sandbox.saved import Cohort
from mixpanel_data.sandbox.sessions import UNCACHED

ENGAGE = "/api/query/engage"


@pytest.fixture
def people(mixpanel_sandbox: Sandbox, connect: Connect) -> httpx.Client:
    """A client of a sandbox with 25 users, two of them odd, and one company."""
    for number in range(23):
        seen = f"2026-03-{number + 1:02}T10:00:00"
        mixpanel_sandbox.dataset.set_profile(f"u{number}", {"n": number, "$last_seen": seen})
    mixpanel_sandbox.dataset.set_profile(4, {"n": None})
    mixpanel_sandbox.dataset.set_profile("bare")
    mixpanel_sandbox.dataset.set_profile("u1", {"n": "company"}, data_group_id="1001")
    return connect(mixpanel_sandbox)


def _page(client: httpx.Client, **form: Any) -> dict[str, Any]:
    answer = client.post(ENGAGE, data={k: str(v) for k, v in form.items()})
    assert answer.status_code == 200, answer.text
    page: dict[str, Any] = answer.json()
    return page


def _ids(page: dict[str, Any]) -> list[Any]:
    return [result["$distinct_id"] for result in page["results"]]


def test_pages_of_a_session_hold_every_profile_once(people):
    first = _page(people, page_size=10)
    pages = [first] + [
        _page(people, page_size=10, session_id=first["session_id"], page=n) for n in (1, 2)
    ]

    assert [len(page["results"]) for page in pages] == [10, 10, 5]
    assert {page["total"] for page in pages} == {25}
    assert len({str(each) for page in pages for each in _ids(page)}) == 25


def test_the_session_id_comes_with_the_last_page_too_and_beyond_it(people):
    first = _page(people, page_size=10)
    beyond = _page(people, session_id=first["session_id"], page=3)

    assert beyond["session_id"] == first["session_id"]
    assert beyond["results"] == []


def test_a_page_holds_1000_by_default(people):
    assert _page(people)["page_size"] == 1000


def test_changes_between_pages_do_not_leak_in(people, mixpanel_sandbox):
    first = _page(people, page_size=10)
    mixpanel_sandbox.dataset.set_profile("u15", {"n": "changed"})
    mixpanel_sandbox.dataset.remove_profile("u16")
    second = _page(people, session_id=first["session_id"], page=1)

    assert second["results"][5]["$properties"]["n"] == 15
    assert "u16" in _ids(second)
    assert _page(people)["total"] == 24


def test_a_later_page_needs_a_session(people):
    answer = people.post(ENGAGE, data={"page": "1"})

    assert answer.status_code == 400
    assert "session_id" in answer.json()["error"]


def test_an_unknown_session_or_another_query_is_uncached(people):
    session_id = _page(people)["session_id"]

    for form in (
        {"session_id": "1-NONE", "page": "1"},
        {"session_id": session_id, "page": "1", "where": 'properties["n"] == 1'},
    ):
        answer = people.post(ENGAGE, data=form)
        assert (answer.status_code, answer.json()["error"]) == (400, UNCACHED)


def test_total_can_be_left_out_of_later_pages(mixpanel_sandbox, connect):
    with Sandbox(total_on_later_pages=False) as sandbox:
        sandbox.dataset.set_profile("u1", {})
        client = connect(sandbox)
        first = _page(client)
        second = _page(client, session_id=first["session_id"], page=1)

    assert first["total"] == 1
    assert "total" not in second


def test_where_drops_profiles_without_the_property(people):
    page = _page(people, where='properties["$last_seen"] >= "2026-03-20T00:00:00"')

    assert _ids(page) == ["u19", "u20", "u21", "u22"]


def test_one_or_several_profiles_can_be_asked_for(people):
    assert _ids(_page(people, distinct_id="u3")) == ["u3"]
    assert _ids(_page(people, distinct_ids='["u3", "4", "nobody"]')) == ["u3", 4]


def test_output_properties_limit_the_answer(people):
    page = _page(people, distinct_ids='["u3", "bare"]', output_properties='["n", "other"]')

    assert page["results"] == [
        {"$distinct_id": "u3", "$properties": {"n": 3}},
        {"$distinct_id": "bare"},
    ]


def test_group_profiles_are_apart_from_users(people):
    page = _page(people, data_group_id=1001)

    assert page["results"] == [{"$distinct_id": "u1", "$properties": {"n": "company"}}]


def test_get_and_json_work_like_the_form(people):
    where = 'properties["n"] == 3'
    form = _page(people, where=where)["results"]
    json_body = {"where": where, "output_properties": ["n", "$last_seen"], "page": 0}

    assert people.get(ENGAGE, params={"where": where}).json()["results"] == form
    assert people.post(ENGAGE, json=json_body).json()["results"] == form


def test_a_cohort_is_whom_its_condition_describes_now(people, mixpanel_sandbox):
    few = Cohort(7, "Few", 'properties["n"] < 3', "2026-03-04 10:00:00")
    mixpanel_sandbox.dataset.saved.cohorts.append(few)
    asked = {"filter_by_cohort": '{"id": 7}'}

    assert _ids(_page(people, **asked)) == ["u0", "u1", "u2"]
    assert _ids(_page(people, where='properties["n"] > 0', **asked)) == ["u1", "u2"]


@pytest.mark.parametrize(
    "form",
    [
        {"page": "x"},
        {"distinct_ids": "u1"},
        {"where": "properties["},
        {"filter_by_cohort": '{"id":12345}'},
        {"filter_by_cohort": "12345"},
        {"behaviors": "[]"},
        {"distinct_ids": json.dumps([str(n) for n in range(2001)])},
    ],
)
def test_what_cannot_be_served_is_a_400_in_json(people, form):
    answer = people.post(ENGAGE, data=form)

    assert answer.status_code == 400
    assert answer.json()["request"] == ENGAGE
