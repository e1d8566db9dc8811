"""With any arguments of a report, Mixpanel can answer it, or it is refused before a request is spent."""

from collections.abc import Callable, Iterator
from datetime import date
from typing import Any, get_args, get_type_hints

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from unit.services.conftest import FakeClient, Services
from unit.services.test_coverage import SPECS

from mixpanel_data import Workspace
from mixpanel_data.exceptions import ConfigError
from mixpanel_data.sandbox import Dataset, Sandbox

pytestmark = [
    pytest.mark.filterwarnings("ignore::mixpanel_data.ConfigWarning"),
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
]

TODAY = date(2026, 3, 1)
DAYS = "2026-02-20", "2026-02-28"
OS = 'properties["$os"] == "Linux"'

units = st.sampled_from(["minute", "hour", "day", "week", "month", "quarter", ""])
counts = st.sampled_from([-1, 0, 1, 2, 5, 13, 90, 91, 10_000, 10_001, True, 1.5, "3"])
types = st.sampled_from(["general", "unique", "average", "birth", "compounded"])
limits = counts.filter(lambda count: count != 10_001)  # where no maximum is documented
where = st.just(OS)
on = st.just("$os")
EVENT = st.sampled_from(["Purchase", "Page Viewed"])

SEGMENTED = {"on": on, "where": where, "limit": counts}
REPORTS: dict[str, tuple[Callable[..., Any], dict[str, st.SearchStrategy[Any]]]] = {
    "segmentation": (
        lambda live, **given: live.segmentation("Purchase", *DAYS, **given),
        {"unit": units, "type": types, "interval": counts, **SEGMENTED},
    ),
    "retention": (
        lambda live, **given: live.retention("Purchase", None, *DAYS, **given),
        {
            "retention_type": types,
            "unit": units,
            "interval": counts,
            "interval_count": counts,
            "born_where": where,
            "unbounded": st.booleans(),
            **SEGMENTED,
            "limit": limits,
        },
    ),
    "frequency": (
        lambda live, **given: live.frequency(*DAYS, **given),
        {"event": EVENT, "unit": units, "addiction_unit": units, **SEGMENTED, "limit": limits},
    ),
    "funnel": (
        lambda live, **given: live.funnel(7001, *DAYS, **given),
        {"unit": units, "length": counts, "length_unit": units, **SEGMENTED},
    ),
    "event_counts": (
        lambda live, **given: live.event_counts("Purchase", *DAYS, **given),
        {"unit": units, "type": types},
    ),
    "property_counts": (
        lambda live, **given: live.property_counts("Purchase", "coupon", *DAYS, **given),
        {
            "unit": units,
            "type": types,
            "limit": limits,
            "values": st.sampled_from([[], ["A"], "A"]),
        },
    ),
    "numeric_buckets": (
        lambda live, **given: live.numeric_buckets("Purchase", *DAYS, on="revenue", **given),
        {"unit": units, "type": types, "where": where},
    ),
    "numeric_sum": (
        lambda live, **given: live.numeric_sum("Purchase", *DAYS, on="revenue", **given),
        {"unit": units, "where": where},
    ),
    "numeric_average": (
        lambda live, **given: live.numeric_average("Purchase", *DAYS, on="revenue", **given),
        {"unit": units, "where": where},
    ),
}


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    dataset = Dataset.sample(today=TODAY, days=9, users=20)
    with Sandbox(dataset, today=TODAY) as sandbox:
        yield sandbox


@pytest.mark.parametrize("report", REPORTS)
@settings(
    max_examples=30,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(data=st.data())
def test_mixpanel_answers_what_is_not_refused(report, data, sandbox, over):
    ask, options = REPORTS[report]
    given_ = data.draw(st.fixed_dictionaries({}, optional=options))
    if "length_unit" not in given_:
        given_.pop("length", None)  # in the unit that is saved with the funnel: Mixpanel knows it
    services = over(sandbox)

    before = len(sandbox.requests)
    try:
        ask(services.live, **given_)  # a refusal of the server would be a QueryError
    except ConfigError:
        assert len(sandbox.requests) == before


def documented(operation: str, parameter: str) -> set[str]:
    """The values that Mixpanel's query OpenAPI file allows for a parameter."""
    for item in SPECS["query"]["paths"][operation]["get"]["parameters"]:
        if "$ref" in item:
            item = SPECS["query"]["components"]["parameters"][item["$ref"].rpartition("/")[2]]
        if item["name"] == parameter:
            return set(item["schema"]["enum"])
    raise AssertionError(f"{operation} has no {parameter}")


def literals(hint: Any) -> set[str]:
    """The texts of a Literal, or of the one in a union."""
    return {value for arg in get_args(hint) for value in (literals(arg) or {arg})} - {type(None)}


@pytest.mark.parametrize(
    ("method", "operation", "parameters"),
    [
        ("segmentation", "/segmentation", ["unit", "type"]),
        ("numeric_buckets", "/segmentation/numeric", ["unit", "type"]),
        ("numeric_sum", "/segmentation/sum", ["unit"]),
        ("numeric_average", "/segmentation/average", ["unit"]),
        ("event_counts", "/events", ["unit", "type"]),
        ("property_counts", "/events/properties", ["unit", "type"]),
        ("top_events", "/events/top", ["type"]),
        ("funnel", "/funnels", ["unit", "length_unit"]),
        ("retention", "/retention", ["unit", "retention_type"]),
        ("frequency", "/retention/addiction", ["unit", "addiction_unit"]),
    ],
)
def test_a_choice_has_the_values_that_mixpanel_documents(method, operation, parameters):
    hints = get_type_hints(getattr(Workspace, method))

    for parameter in parameters:
        assert literals(hints[parameter]) == documented(operation, parameter), parameter


# -- a unit and an interval


@pytest.mark.parametrize(
    ("asked", "sent"),
    [
        ({}, {"unit": "day"}),
        ({"unit": "week"}, {"unit": "week"}),
        ({"unit": "week", "interval": 1}, {"unit": "week"}),
        ({"unit": "week", "interval": 2}, {"interval": "14"}),
        ({"unit": "month", "interval": 3}, {"interval": "90"}),
        ({"interval": 5}, {"interval": "5"}),
    ],
)
def test_retention_sends_a_unit_or_an_interval(asked, sent, services: Services, client: FakeClient):
    client.answers = {"retention": {"2024-01-01": {"first": 1, "counts": [1]}}}

    services.live.retention("A", "B", *DAYS, **asked)

    params = client.asked[0][1]
    assert {name: params[name] for name in ("unit", "interval") if name in params} == sent


@pytest.mark.parametrize(
    "ask",
    [
        lambda live: live.retention("A", "B", *DAYS, interval=91),
        lambda live: live.retention("A", "B", *DAYS, unit="week", interval=13),
        lambda live: live.retention("A", "B", *DAYS, unit="month", interval=4),
        lambda live: live.segmentation("A", *DAYS, type="unique", unit="day", interval=7),
        lambda live: live.segmentation("A", *DAYS, interval=7),
        lambda live: live.segmentation("A", *DAYS, unit="week"),
        lambda live: live.funnel(1, *DAYS, length=91, length_unit="day"),
        lambda live: live.funnel(1, *DAYS, length=2161, length_unit="hour"),
        lambda live: live.retention(None, "B", *DAYS, retention_type="compounded", born_where=OS),
    ],
)
def test_what_excludes_each_other_is_refused(ask, services: Services, client: FakeClient):
    with pytest.raises(ConfigError):
        ask(services.live)
    assert client.asked == []


def test_several_units_are_as_many_days(sandbox, over):
    live = over(sandbox).live

    weeks = live.retention("Page Viewed", None, *DAYS, unit="week", interval=2, interval_count=1)
    days = live.retention("Page Viewed", None, *DAYS, unit="day", interval=14, interval_count=1)

    assert weeks.raw == days.raw
    assert list(weeks.raw) == [DAYS[0]]


def test_an_interval_of_segmentation_counts_days(sandbox, over):
    result = over(sandbox).live.segmentation("Page Viewed", *DAYS, type="unique", interval=7)

    assert result.unit == "day"
    assert list(result.series["Page Viewed"]) == ["2026-02-20", "2026-02-27"]
