"""What can't be right is refused before a request is spent; what is right arrives as Mixpanel spells it."""

import json
from datetime import UTC, date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from unit.services.conftest import FakeClient, Services

from mixpanel_data._internal.services.query_api.expressions import (
    as_expression,
    property_expression,
)
from mixpanel_data.exceptions import ConfigError
from mixpanel_data.sandbox.expressions import EventSubject, parse_value

# No project has the events that are asked for here.
pytestmark = pytest.mark.filterwarnings("ignore::mixpanel_data.ConfigWarning")

DAYS = "2024-01-01", "2024-01-31"
EMPTY = {"data": {"series": [], "values": {}}, "legend_size": 0}
HARD_NAMES = ['say "hi"', "$email", "a.b", "emoji 🦆", "it's", "back\\slash", "line\nbreak", "[x]", "properties[", ""]  # fmt: skip

ASKS = {
    "segmentation": lambda live, *days: live.segmentation("Paid", *days),
    "numeric_buckets": lambda live, *days: live.numeric_buckets("Paid", *days, on="x"),
    "numeric_sum": lambda live, *days: live.numeric_sum("Paid", *days, on="x"),
    "numeric_average": lambda live, *days: live.numeric_average("Paid", *days, on="x"),
    "event_counts": lambda live, *days: live.event_counts("Paid", *days),
    "property_counts": lambda live, *days: live.property_counts("Paid", "x", *days),
    "funnel": lambda live, *days: live.funnel(1, *days),
    "retention": lambda live, *days: live.retention("A", "B", *days),
    "frequency": lambda live, *days: live.frequency(*days),
    "activity_feed": lambda live, *days: live.activity_feed("u1", *days),
}


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
@pytest.mark.parametrize("ask", ASKS.values(), ids=ASKS)
@pytest.mark.parametrize(
    ("days", "says"),
    [
        (("2024-02-01", "2024-01-01"), "from_date 2024-02-01 is after to_date 2024-01-01"),
        (("2024-02-30", "2024-03-01"), "'2024-02-30' is not a date"),
        (("yesterday", "2024-03-01"), "YYYY-MM-DD"),
        (("2024-01-01", ""), "to_date is empty"),
    ],
)
def test_days_that_can_not_be_right(ask, days, says, services: Services, client: FakeClient):
    with pytest.raises(ConfigError, match=says):
        ask(services.live, *days)
    assert client.asked == []


@pytest.mark.parametrize(
    "day", [date(2024, 1, 5), "2024-01-05", datetime(2024, 1, 5, 23, 59, tzinfo=UTC)]
)
def test_a_day_may_be_a_date_or_a_text(day, services: Services, client: FakeClient):
    client.answers = {"segmentation": EMPTY, "events/names": []}

    result = services.live.segmentation("Paid", day, day)

    assert (result.from_date, result.to_date) == ("2024-01-05", "2024-01-05")
    assert client.asked[0][1]["from_date"] == "2024-01-05"


@pytest.mark.parametrize(
    "ask",
    [
        lambda live: live.segmentation("Paid", *DAYS, unit="fortnight"),
        lambda live: live.segmentation("Paid", *DAYS, type="some"),
        lambda live: live.segmentation("Paid", *DAYS, type="unique", unit="hour"),
        lambda live: live.numeric_sum("Paid", *DAYS, on="x", unit="week"),
        lambda live: live.numeric_buckets("Paid", *DAYS, on="x", unit="hour", type="unique"),
        lambda live: live.event_counts("Paid", *DAYS, type="unique", unit="minute"),
        lambda live: live.property_counts("Paid", "x", *DAYS, unit="year"),
        lambda live: live.funnel(1, *DAYS, unit="hour"),
        lambda live: live.funnel(1, *DAYS, length=1, length_unit="week"),
        lambda live: live.retention("A", "B", *DAYS, retention_type="rolling"),
        lambda live: live.retention("A", "B", *DAYS, unit="hour"),
        lambda live: live.retention(None, "B", *DAYS),
        lambda live: live.frequency(*DAYS, addiction_unit="minute"),
    ],
)
def test_a_choice_that_mixpanel_does_not_have(ask, services: Services, client: FakeClient):
    with pytest.raises(ConfigError):
        ask(services.live)
    assert client.asked == []


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
@pytest.mark.parametrize(
    ("ask", "says"),
    [
        (lambda s: s.live.event_counts([], *DAYS), "events is empty"),
        (lambda s: s.live.event_counts("", *DAYS), "events is empty"),
        (lambda s: s.live.property_counts("Paid", "x", *DAYS, values=[]), "values is empty"),
        (lambda s: s.live.property_counts("Paid", "x", *DAYS, limit=0), "limit is 0"),
        (lambda s: s.live.activity_feed([], *DAYS), "distinct_ids is empty"),
        (lambda s: s.live.segmentation("Paid", 20240101, *DAYS[1:]), "from_date is 20240101"),
        (lambda s: s.live.segmentation("Paid", *DAYS, limit="7"), "limit is '7'"),
        (lambda s: s.live.segmentation("Paid", *DAYS, limit=10_001), "limit is 10001"),
        (lambda s: s.live.frequency(*DAYS, limit=0), "limit is 0"),
        (lambda s: s.live.retention("A", "B", *DAYS, interval_count=0), "interval_count is 0"),
        (lambda s: s.live.funnel(1, *DAYS, length=0), "length is 0"),
        (lambda s: s.live.funnel(1, *DAYS, length_unit=""), "length_unit is ''"),
        (lambda s: s.discovery.properties("Paid", limit=0), "limit is 0"),
        (lambda s: s.discovery.property_values("Paid", "x", limit=-1), "limit is -1"),
        (lambda s: s.discovery.top_events(limit=0), "limit is 0"),
        (lambda s: s.discovery.top_events("sum"), "type is 'sum'"),
        (lambda s: s.discovery.lexicon("user"), "entity_type is 'user'"),
    ],
)
def test_an_argument_that_can_not_be_right(ask, says, services: Services, client: FakeClient):
    with pytest.raises(ConfigError, match=says):
        ask(services)
    assert client.asked == []


# -- names


@pytest.mark.parametrize("name", HARD_NAMES)
def test_an_expression_finds_the_property_of_any_name(name):
    subject = EventSubject("Paid", {name: "found", "other": 1}, lambda _: None)

    assert parse_value(property_expression(name))(subject) == "found"


# `time` and `$time` are numbers, which the sandbox has in seconds.
@given(st.text(st.characters(codec="utf-8")).filter(lambda name: name not in ("time", "$time")))
def test_an_expression_finds_a_property_of_any_name(name):
    subject = EventSubject("Paid", {name: "found"}, lambda _: None)

    assert parse_value(property_expression(name))(subject) == "found"


def test_a_property_of_the_user():
    assert property_expression("$email", of="user") == 'user["$email"]'


@pytest.mark.parametrize(
    ("on", "sent"),
    [
        (None, None),
        ("plan", 'properties["plan"]'),
        ("$city", 'properties["$city"]'),
        ('say "hi"', 'properties["say \\"hi\\""]'),
        ('properties["plan"]', 'properties["plan"]'),
        ("properties['plan']", "properties['plan']"),
        ('user["$email"]', 'user["$email"]'),
        ('number(properties["x"]) * 2', 'number(properties["x"]) * 2'),
        ("user [beta]", 'properties["user [beta]"]'),
    ],
)
def test_a_name_becomes_an_expression_and_an_expression_stays(on, sent):
    assert as_expression(on) == sent


@pytest.mark.parametrize("name", HARD_NAMES)
def test_names_arrive_as_they_are(name, services: Services, client: FakeClient):
    client.answers = {"events": EMPTY, "events/properties": EMPTY, "events/names": []}

    services.live.event_counts([name, "Paid"], *DAYS)
    services.live.property_counts(name, name, *DAYS, values=[name])

    sent = [params for operation, params in client.asked if operation != "events/names"]
    assert json.loads(sent[0]["event"]) == [name, "Paid"]
    assert sent[1]["event"] == sent[1]["name"] == name
    assert json.loads(sent[1]["values"]) == [name]


def test_parameters_that_are_not_given_are_not_sent(services: Services, client: FakeClient):
    client.answers = {"retention": {"2024-01-01": {"first": 1, "counts": [1]}}}

    services.live.retention("A", None, *DAYS)
    services.live.retention(None, "B", *DAYS, retention_type="compounded", unbounded=True)

    birth, compounded = (params for _, params in client.asked)
    assert birth == {
        "from_date": "2024-01-01",
        "to_date": "2024-01-31",
        "retention_type": "birth",
        "born_event": "A",
        "interval_count": "7",
        "unit": "day",
    }
    assert "born_event" not in compounded
    assert (compounded["event"], compounded["unbounded_retention"]) == ("B", "true")


def test_a_data_view_narrows_every_question(client: FakeClient):
    from mixpanel_data._internal.services.discovery import DiscoveryService
    from mixpanel_data._internal.services.live_query import LiveQueryService

    client.answers = {"events/names": [], "segmentation": EMPTY, "cohorts/list": []}

    DiscoveryService(client, workspace_id=7).events()
    DiscoveryService(client, workspace_id=7).cohorts()
    LiveQueryService(client, workspace_id=7).segmentation("Paid", *DAYS)

    assert [params["workspace_id"] for _, params in client.asked] == ["7", "7", "7"]


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_a_script_gets_its_parameters_as_json(services: Services, client: FakeClient):
    client.answers = {"jql": []}

    services.live.jql("main()", {"day": date(2024, 1, 5), "names": ["é"]})
    services.live.jql("main()")

    assert json.loads(client.asked[0][1]["params"]) == {"day": "2024-01-05", "names": ["é"]}
    assert client.asked[1][1] == {"script": "main()"}
