"""Answers that are not like the examples: the odd ones that are known, refusals, and anything at all."""

import json

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from unit.api.conftest import Connect
from unit.services.conftest import FakeClient, Services

from mixpanel_data.exceptions import (
    APIError,
    AuthenticationError,
    MixpanelDataError,
    QueryError,
)
from mixpanel_data.types import CohortInfo, FunnelStep

# No project has the events that are asked for here.
pytestmark = pytest.mark.filterwarnings("ignore::mixpanel_data.ConfigWarning")

DAYS = "2024-01-01", "2024-01-31"


def steps(*counts: int) -> dict:
    return {
        "steps": [{"event": f"E{n}", "count": c, "avg_time": None} for n, c in enumerate(counts)]
    }


# -- answers that differ from the documentation


def test_the_total_of_a_funnel_beside_its_dates_is_not_counted_twice(
    services: Services, client: FakeClient
):
    data = {"2024-01-01": steps(4, 2), "2024-01-02": steps(6, 3), "$overall": steps(10, 5)}
    client.answers = {"funnels": {"data": data}, "funnels/list": [{"funnel_id": 1, "name": "F"}]}

    result = services.live.funnel(1, *DAYS)

    assert result.steps == [FunnelStep("E0", 10, 1.0), FunnelStep("E1", 5, 0.5)]
    assert (result.funnel_name, result.conversion_rate) == ("F", 0.5)


@pytest.mark.parametrize("wrapped", [True, False])
def test_a_funnel_split_by_a_property(wrapped, services: Services, client: FakeClient):
    parts = {"$overall": steps(4, 2), "pro": steps(1, 1), "free": steps(3, 1)}
    entry = parts if wrapped else {name: part["steps"] for name, part in parts.items()}
    client.answers = {"funnels": {"data": {"2024-01-01": entry}}, "funnels/list": []}

    result = services.live.funnel(1, *DAYS, on="plan")

    assert [step.count for step in result.steps] == [4, 2]
    assert [step.count for step in result.segments["free"]] == [3, 1]
    assert result.df["segment"].tolist() == ["$overall"] * 2 + ["pro"] * 2 + ["free"] * 2
    assert list(json.loads(json.dumps(result.to_dict()))["segments"]) == ["pro", "free"]


def test_segments_that_are_called_like_parts_of_an_answer(services: Services, client: FakeClient):
    client.answers = {
        "funnels": {"data": {"2024-01-01": {"steps": steps(2, 1), "data": steps(1, 0)}}},
        "funnels/list": [],
        "retention": {"2024-01-01": {"counts": {"first": 4, "counts": [2]}}},
    }

    assert list(services.live.funnel(1, *DAYS, on="x").segments) == ["steps", "data"]
    assert list(services.live.retention("A", "B", *DAYS, on="x").segments) == ["counts"]


def test_a_funnel_that_no_user_entered(services: Services, client: FakeClient):
    client.answers = {"funnels": {"data": {"2024-01-01": steps(0, 0)}}, "funnels/list": []}

    result = services.live.funnel(1, *DAYS)

    assert [step.conversion_rate for step in result.steps] == [1.0, 0.0]
    assert result.conversion_rate == 0.0


def test_late_cohorts_have_fewer_periods(services: Services, client: FakeClient):
    client.answers = {
        "retention": {
            "2024-01-02": {"first": 2, "counts": [1]},
            "2024-01-01": {"first": 4, "counts": [4, 2, 1]},
            "2024-01-03": {"first": 0, "counts": []},
        }
    }

    result = services.live.retention("A", "B", *DAYS)

    assert result.cohorts == [
        CohortInfo("2024-01-01", 4, [1.0, 0.5, 0.25]),
        CohortInfo("2024-01-02", 2, [0.5]),
        CohortInfo("2024-01-03", 0, []),
    ]
    assert result.df["period_1"].isna().tolist() == [False, True, True]


def test_retention_and_frequency_split_by_a_property(services: Services, client: FakeClient):
    client.answers = {
        "retention": {"2024-01-01": {"pro": {"first": 4, "counts": [2]}}},
        "retention/addiction": {"data": {"2024-01-01": {"pro": [3, 1], "free": [2]}}},
    }

    retention = services.live.retention("A", "B", *DAYS, on="plan")
    frequency = services.live.frequency(*DAYS, on="plan")

    assert retention.segments == {"pro": [CohortInfo("2024-01-01", 4, [0.5])]}
    assert retention.records() == [
        {"segment": "pro", "cohort_date": "2024-01-01", "cohort_size": 4, "period_0": 0.5}
    ]
    assert frequency.segments["free"] == {"2024-01-01": [2]}
    assert list(frequency.df.columns) == ["segment", "date", "at_least_1", "at_least_2"]


def test_an_average_of_nothing_is_missing_not_zero(services: Services, client: FakeClient):
    values = {"Paid": {"2024-01-02": 1.5}}
    client.answers = {"segmentation": {"data": {"series": ["2024-01-01"], "values": values}}}

    assert services.live.segmentation("Paid", *DAYS, type="average").series == values


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
@pytest.mark.parametrize(
    ("time", "year"),
    [(1599589453, 2020), (1599589453123, 2020), (-1, 1969), (None, None), ("soon", None), (1e300, None), (float("nan"), None)],
)  # fmt: skip
def test_times_of_the_activity_feed(time, year, services: Services, client: FakeClient):
    event = {"event": "A", "properties": {"time": time, "$distinct_id": 4}}
    client.answers = {"stream/query": {"results": {"events": [event]}}}

    [found] = services.live.activity_feed("4", *DAYS).events

    assert (found.time and found.time.year) == year
    assert found.distinct_id == "4"


# -- refusals


@pytest.mark.parametrize(
    ("status", "body", "kind", "plan_limit"),
    [
        (402, {"error": "Payment required"}, QueryError, "call"),
        (400, {"error": "Your plan does not include this"}, QueryError, "call"),
        (403, {"error": "Forbidden"}, AuthenticationError, None),
    ],
)
def test_a_plan_without_the_query_api_in_plain_words(
    status, body, kind, plan_limit, connect: Connect
):
    transport = httpx.MockTransport(lambda _: httpx.Response(status, json=body))
    asked = Services(connect(max_attempts=1, _transport=transport))

    with pytest.raises(kind, match="Growth and Enterprise plans have") as caught:
        asked.live.segmentation("Paid", *DAYS)

    assert caught.value.status_code == status
    assert getattr(caught.value, "plan_limit", None) == plan_limit
    assert caught.value.request_url.endswith("/api/query/segmentation")


@pytest.mark.parametrize("status", [400, 401, 404])
def test_errors_that_the_plan_does_not_cause_do_not_name_it(status, connect: Connect):
    transport = httpx.MockTransport(lambda _: httpx.Response(status, json={"error": "no"}))
    asked = Services(connect(max_attempts=1, _transport=transport))

    with pytest.raises(APIError) as caught:
        asked.live.segmentation("Paid", *DAYS)
    assert "Growth" not in caught.value.message


def test_an_error_under_200_is_an_error(services: Services, client: FakeClient):
    client.answers = {"funnels": {"error": "unknown funnel"}}

    with pytest.raises(QueryError, match="unknown funnel"):
        services.live.funnel(1, *DAYS)


@pytest.mark.parametrize("body", [b"<html>", b"", b"\xff", b"[" * 100_000])
def test_a_body_that_is_no_json(body, connect: Connect):
    transport = httpx.MockTransport(lambda _: httpx.Response(200, content=body))
    asked = Services(connect(max_attempts=1, _transport=transport))

    with pytest.raises(APIError, match="not a JSON document"):
        asked.discovery.events()


# -- anything at all

KEYS = [
    "data", "series", "values", "results", "events", "steps", "counts", "first", "headers", "event", "date_range",
    "properties", "time", "id", "funnel_id", "schemaJson", "metadata", "com.mixpanel", "tags", "2024-01-01", "$overall",
]  # fmt: skip
anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=3) | st.sampled_from(KEYS),
    lambda inner: st.lists(inner, max_size=3)
    | st.dictionaries(st.sampled_from(KEYS) | st.text(max_size=3), inner, max_size=4),
    max_leaves=20,
)  # fmt: skip

ASKS = {
    "segmentation": lambda s: s.live.segmentation("A", *DAYS),
    "segmentation/sum": lambda s: s.live.numeric_sum("A", *DAYS, on="x"),
    "events": lambda s: s.live.event_counts("A", *DAYS),
    "funnels": lambda s: s.live.funnel(1, *DAYS),
    "retention": lambda s: s.live.retention("A", "B", *DAYS),
    "retention/addiction": lambda s: s.live.frequency(*DAYS),
    "insights": lambda s: s.live.insights(1),
    "stream/query": lambda s: s.live.activity_feed("u", *DAYS),
    "jql": lambda s: s.live.jql("x"),
    "events/names": lambda s: s.discovery.events(),
    "events/top": lambda s: s.discovery.top_events(),
    "events/properties/top": lambda s: s.discovery.properties("A"),
    "events/properties/values": lambda s: s.discovery.property_values("A", "x"),
    "funnels/list": lambda s: s.discovery.funnels(),
    "cohorts/list": lambda s: s.discovery.cohorts(),
    "bookmarks": lambda s: s.discovery.bookmarks(),
    "schemas": lambda s: s.discovery.lexicon(),
}


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
@pytest.mark.parametrize("operation", ASKS)
@settings(deadline=None, max_examples=60, suppress_health_check=list(HealthCheck))
@given(
    answer=anything
    | st.fixed_dictionaries({"data": anything})
    | st.fixed_dictionaries({"results": anything})
)
def test_any_answer_is_a_result_or_an_error_with_a_name(operation, answer):
    services = Services(FakeClient({"events/names": [], "funnels/list": []} | {operation: answer}))

    try:
        found = ASKS[operation](services)
    except MixpanelDataError:
        return
    for result in found if isinstance(found, list) else [found]:
        if hasattr(result, "to_dict"):
            json.dumps(result.to_dict(), allow_nan=False)
        if hasattr(result, "df"):
            assert len(result.df) == len(result.records())
