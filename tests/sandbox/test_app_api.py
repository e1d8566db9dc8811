"""/api/app/projects/…: bookmarks, Lexicon and annotations (sections 8 and 9 of docs/mixpanel-facts.md)."""

from dataclasses import dataclass
from urllib.parse import quote

import httpx
import pytest

from mixpanel_data.sandbox import Sandbox
from mixpanel_data.sandbox.saved import Entry


@dataclass
class App:
    """A sandbox with a copy of the sample, asked for paths below its project."""

    sandbox: Sandbox

    def __call__(self, path: str, project: str = "1234567", **params: str) -> httpx.Response:
        known = self.sandbox.credentials
        url = f"{self.sandbox.base_url}/api/app/projects/{project}/{path}"
        return httpx.get(url, params=params, auth=(known.username, known.secret), timeout=60)


@pytest.fixture
def get(mixpanel_sample_sandbox: Sandbox) -> App:
    """The sample's app API."""
    return App(mixpanel_sample_sandbox)


def test_bookmarks_of_every_kind_and_of_one(get):
    everything = get("bookmarks", v="2").json()
    insights = get("bookmarks", v="2", type="insights").json()["results"]

    assert everything["status"] == "ok"
    assert {each["type"] for each in everything["results"]} == {
        "insights",
        "funnels",
        "retention",
        "flows",
    }
    assert [each["id"] for each in insights] == [8001, 8002, 8003, 8004]
    assert {each["project_id"] for each in insights} == {1234567}
    assert get("bookmarks", type="launch-analysis").json()["results"] == []


def test_schemas_by_type_and_name(get):
    everything = get("schemas").json()["results"]

    events = get("schemas/event").json()["results"]
    assert events == [each for each in everything if each["entityType"] == "event"]
    (purchase,) = get("schemas/event", entity_name="Purchase").json()["results"]
    assert get("schemas/event/Purchase").json() == purchase["schemaJson"]


@pytest.mark.parametrize("name", ["a b/c?d#e", "100 % $old", "ünï ☕", "tags", "%2F"])
def test_a_name_is_taken_as_it_is_once_decoded(get, name):
    get.sandbox.dataset.saved.lexicon.append(Entry("event", name, {"description": name}))

    assert get("schemas/event/" + quote(name, safe="")).json() == {"description": name}


def test_property_definitions_say_which_are_classified(get):
    get.sandbox.dataset.saved.classified["Event"] = {"iban", "$os"}
    path = "data-definitions/properties/"

    of_events = get(path, resourceType="Event").json()["results"]
    of_users = get(path, resourceType="User").json()["results"]

    assert {each["name"] for each in of_events if each["sensitive"]} == {"iban", "$os"}
    assert len(of_events) > 2
    assert {each["sensitive"] for each in of_users} == {False}


def test_annotations_between_dates(get):
    dates = sorted(each["date"] for each in get("annotations").json()["results"])
    day = dates[-1][:10]

    found = get("annotations", fromDate=day, toDate=day).json()["results"]

    assert [each["date"] for each in found] == dates[1:]
    assert found[0]["tags"] == [{"id": 1, "name": "release"}]
    assert get("annotations", fromDate="2027-01-01").json()["results"] == []
    assert get("annotations/501").json()["results"]["id"] == 501


def test_tags_in_use_are_a_bare_array(get):
    assert [tag["name"] for tag in get("annotations/tags").json()] == ["release", "campaign"]


@pytest.mark.parametrize(
    ("path", "params", "status"),
    [
        ("bookmarks", {"type": "charts"}, 400),
        ("bookmarks", {"project_id": "1234567"}, 400),
        ("schemas", {"limit": "5"}, 400),
        ("schemas/group", {}, 400),
        ("schemas/event/Nothing", {}, 404),
        ("annotations", {"from_date": "2026-01-01"}, 400),
        ("annotations", {"fromDate": "January"}, 400),
        ("annotations/1", {}, 404),
        ("data-definitions/properties/", {"resourceType": "event"}, 400),
        ("nothing", {}, 404),
    ],
)
def test_refusals_have_the_shape_of_the_family(get, path, params, status):
    answer = get(path, **params)

    assert answer.status_code == status
    assert answer.json()["status"] == "error"


def test_another_project_is_403(get):
    assert get("schemas", project="7").status_code == 403


def test_an_empty_project_has_saved_nothing(mixpanel_sandbox, connect):
    client = connect(mixpanel_sandbox)
    client.params = {}
    for path in ("bookmarks", "schemas", "annotations"):
        assert client.get(f"/api/app/projects/1234567/{path}").json()["results"] == []
    assert client.get("/api/app/projects/1234567/annotations/tags").json() == []
