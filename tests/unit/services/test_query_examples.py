"""Every operation over the answer that Mixpanel documents for it, at Mixpanel's own address, written by hand."""

from typing import Any

import pytest
from support.openapi import specification
from unit.api.conftest import Connect
from unit.services.conftest import Services

from mixpanel_data.types import (
    BookmarkInfo,
    CohortInfo,
    FunnelInfo,
    FunnelStep,
    SavedCohort,
    TopEvent,
)

# Never recorded, with any --record-mode; scheme and host count, too.
pytestmark = pytest.mark.vcr(
    record_mode="none", match_on=["method", "scheme", "host", "path", "query", "body"]
)

DAYS = "2020-01-01", "2020-01-31"


@pytest.fixture
def asked(connect: Connect) -> Services:
    services = Services(connect(max_attempts=1))
    services.live._discovery = None  # one request a cassette
    return services


def example(path: str, method: str = "get") -> Any:
    """The documented answer, which the cassette must be."""
    answer = specification("query")["paths"][path][method]["responses"]["200"]
    return answer["content"]["application/json"]["examples"]["example"]["value"]


def test_segmentation(asked):
    result = asked.live.segmentation("Signed up", *DAYS)

    assert result.raw == example("/segmentation")
    assert list(result.series) == ["Signed up"]
    assert list(result.series["Signed up"].values()) == [147, 146, 776, 1376]  # oldest first
    assert result.total == 147 + 146 + 776 + 1376
    assert result.df["date"].tolist() == ["2011-08-06", "2011-08-07", "2011-08-08", "2011-08-09"]
    assert (result.event, result.unit, result.segment_property) == ("Signed up", "day", None)


def test_numeric_buckets(asked):
    result = asked.live.numeric_buckets("Signed up", *DAYS, on="amount")

    assert result.raw == example("/segmentation/numeric")
    assert list(result.series) == [f"2,{n}00 - 2,{n + 1}00" for n in range(5)]
    assert list(result.series["2,400 - 2,500"].values()) == [0, 0, 2, 5]  # two days are left out
    assert result.df.shape == (20, 3)


def test_numeric_sum(asked):
    result = asked.live.numeric_sum("Signed up", *DAYS, on="amount")

    assert result.raw == example("/segmentation/sum")
    assert list(result.results.items()) == [("2019-10-06", 7), ("2019-10-07", 4)]
    assert result.computed_at == "2019-10-07T23:02:11.666218+00:00"


def test_numeric_average(asked):
    result = asked.live.numeric_average("Signed up", *DAYS, on="amount")

    assert result.raw == example("/segmentation/average")
    assert result.results["2011-08-07"] == 4.640625
    assert len(result.df) == 4


def test_funnel(asked):
    result = asked.live.funnel(7509, *DAYS, unit="week")

    assert result.raw == example("/funnels")
    entered, converted = 32688 + 32486 + 16103, 20524 + 20809 + 12679
    assert result.steps == [
        FunnelStep("App Open", entered, 1.0),
        FunnelStep("Game Played", converted, converted / entered),  # not $custom_event:12345
    ]
    assert result.conversion_rate == converted / entered
    assert result.funnel_name is None
    assert result.segments == {}


def test_saved_funnels(asked):
    assert asked.discovery.funnels() == [
        FunnelInfo(7509, "Signup funnel"),
        FunnelInfo(9070, "Funnel tutorial"),
    ]


def test_retention(asked):
    result = asked.live.retention("Added to cart", "Viewed report", *DAYS, interval_count=2)

    assert result.raw == example("/retention")
    assert result.cohorts == [
        CohortInfo("2012-01-01", 2, [1.0, 0.5, 1.0]),
        CohortInfo("2012-01-02", 10, [0.9, 0.7, 0.6]),
        CohortInfo("2012-01-03", 10, [0.9, 0.6, 0.4]),
    ]
    assert result.df["period_2"].tolist() == [1.0, 0.6, 0.4]


def test_frequency(asked):
    result = asked.live.frequency(*DAYS)

    assert result.raw == example("/retention/addiction")
    assert result.data["2012-01-02"][:3] == [495, 204, 117]
    assert list(result.df.columns) == ["date", *(f"at_least_{n}" for n in range(1, 25))]


def test_insights(asked):
    result = asked.live.insights(12345)

    assert result.raw == example("/insights")
    assert result.headers == ["$event"]
    assert result.from_date == "2020-08-31T00:00:00-07:00"
    assert result.records()[1] == {
        "$event": "Logged in",
        "date": "2020-09-07T00:00:00-07:00",
        "count": 4325,
    }


def test_activity_feed(asked):
    user = "12a34aa567eb8d-9ab1c26f345b67-89123c45-6aeaa7-89f12af345f678"
    with pytest.deprecated_call(match="in maintenance"):
        result = asked.live.activity_feed(user, *DAYS)

    assert result.raw == example("/stream/query")
    assert [event.event for event in result.events] == ["Game Played", "Viewed Page"]
    assert {event.distinct_id for event in result.events} == {user}  # spelt in two ways
    assert result.events[0].time.isoformat() == "2020-09-08T18:24:13+00:00"
    assert result.events[0].properties["$browser"] == "Chrome"


def test_saved_cohorts(asked):
    one, two = asked.discovery.cohorts()

    [documented, _] = example("/cohorts/list", "post")
    assert one == SavedCohort(
        id=1000,
        name="Cohort One",
        count=150,
        description=documented["description"],
        created="2019-03-19 23:49:51",
        is_visible=True,
        project_id=1,
    )
    assert not two.is_visible


def test_event_counts(asked):
    result = asked.live.event_counts(["account-page", "splash features"], *DAYS)

    assert result.raw == example("/events")
    assert result.series == {
        "account-page": {"2010-05-29": 0, "2010-05-30": 1, "2010-05-31": 0},
        "splash features": {"2010-05-29": 6, "2010-05-30": 4, "2010-05-31": 5},
    }


def test_top_events(asked):
    assert asked.discovery.top_events("unique") == [
        TopEvent("funnel", 2, -0.35635745999582824),
        TopEvent("pages", 75, -0.20209602478821687),
        TopEvent("projects", 2, 1),
    ]


def test_event_names(asked):
    assert asked.discovery.events() == sorted(example("/events/names"))


def test_property_counts(asked):
    result = asked.live.property_counts("page", "feature", *DAYS)

    assert result.raw == example("/events/properties")
    assert result.df.loc[0].to_dict() == {
        "date": "2010-05-29",
        "value": "splash features",
        "count": 6,
    }


def test_properties(asked):
    assert asked.discovery.properties("page") == list(example("/events/properties/top"))


def test_property_values(asked):
    assert asked.discovery.property_values("page", "pet") == ["cat", "dog", "rabbit", "gecko"]


def test_a_script(asked):
    script = 'function main() {\n  return Events(params).groupBy(["name"], mixpanel.reducer.count())\n}\n'
    with pytest.deprecated_call(match="in maintenance"):
        result = asked.live.jql(script, {"from_date": "2016-01-01", "to_date": "2016-01-07"})

    assert result.df["value"].tolist() == [1102, 67]
    assert result.df["key"].tolist() == [["Play Song"], ["Sign Up"]]


def test_the_lexicon(asked):
    cart, user = asked.discovery.lexicon()

    assert (cart.entity_type, cart.name) == ("event", "Added To Cart")
    assert cart.definition.metadata.to_dict() == {
        "display_name": "Cart",
        "tags": ["core"],
        "hidden": False,
        "dropped": False,
        "contacts": ["a@example.com"],
        "team_contacts": ["Shop"],
        "source": "partner",
    }
    assert cart.definition.properties["item_id"].metadata.display_name == "Item"
    assert cart.definition.properties["price"].type == "number"
    assert user.definition.properties == {}
    assert asked.discovery.lexicon("profile") == [user]  # from the same answer
    assert asked.discovery.lexicon(name="Added To Cart") == [cart]


def test_saved_reports(asked):
    [report] = asked.discovery.bookmarks("insights")

    assert report == BookmarkInfo(
        12345,
        "Orders a day",
        "insights",
        project_id=12345,
        created="2024-01-02T03:04:05",
        modified="2024-02-03T04:05:06",
    )
