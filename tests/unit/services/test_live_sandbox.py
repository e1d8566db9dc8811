"""The services over the sandbox's reports: numbers agree with ones counted here, in another way, from the same events."""

import json
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest
from unit.services.conftest import TODAY, Services

from mixpanel_data._internal.services.query_api.expressions import property_expression
from mixpanel_data.exceptions import QueryError
from mixpanel_data.sandbox import Dataset, Sandbox
from mixpanel_data.sandbox.saved import Funnel, Step

FIRST, LAST = TODAY - timedelta(days=14), TODAY - timedelta(days=1)
DAYS = FIRST, LAST
Over = Callable[..., Services]
Counted = list[tuple[str, str, dict[str, Any]]]


@pytest.fixture(scope="module")
def sample() -> Iterator[Sandbox]:
    with Sandbox(Dataset.sample(today=TODAY, days=14, users=150), today=TODAY) as sandbox:
        yield sandbox


@pytest.fixture(scope="module")
def counted(sample: Sandbox) -> Counted:
    """Day, name and properties of the events, each once: by Mixpanel's four keys, also if it is sent twice."""
    kept = {}
    for n, event in enumerate(sample.dataset.events()):
        sent = event.properties
        who = sent.get("$distinct_id_before_identity", sent.get("distinct_id"))
        insert_id = sent.get("$insert_id")
        key = (n,) if insert_id is None else (event.name, event.time_ms, str(who), str(insert_id))
        rival = kept.get(key)
        if rival is None or sent.get("mp_processing_time_ms", 0) >= rival[2].get("mp_processing_time_ms", 0):  # fmt: skip
            kept[key] = (str(event.day), event.name, sent)
    return [found for found in kept.values() if str(FIRST) <= found[0] <= str(LAST)]


def by_day(counted: Counted, name: str) -> dict[str, int]:
    return dict(Counter(day for day, event, _ in counted if event == name))


def is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def nonzero(series: dict[str, float]) -> dict[str, float]:
    return {day: count for day, count in series.items() if count}


def test_counts_of_every_event(sample: Sandbox, counted: Counted, over: Over):
    services = over(sample)
    names = services.discovery.events()

    result = services.live.event_counts(names, *DAYS)

    assert set(names) >= {name for _, name, _ in counted} - {""}
    for name in names:
        assert nonzero(result.series[name]) == by_day(counted, name), name
        assert len(result.series[name]) == 14  # also the days on which nothing happened


def test_segmentation_as_a_whole_and_by_the_hour(sample: Sandbox, counted: Counted, over: Over):
    services = over(sample)

    daily = services.live.segmentation("Purchase", *DAYS)
    hourly = services.live.segmentation("Purchase", *DAYS, unit="hour")

    assert nonzero(daily.series["Purchase"]) == by_day(counted, "Purchase")
    assert daily.total == hourly.total == sum(by_day(counted, "Purchase").values())
    hours = Counter(
        f"{datetime.fromtimestamp(sent['time'] // 1000, UTC):%Y-%m-%d %H}:00:00"
        for _, name, sent in counted
        if name == "Purchase"
    )
    assert nonzero(hourly.series["Purchase"]) == hours


def test_segmentation_by_a_property_with_a_filter(sample: Sandbox, counted: Counted, over: Over):
    where = f"defined({property_expression('$city')})"

    result = over(sample).live.segmentation(
        "Page Viewed", *DAYS, on="$city", where=where, limit=1000
    )

    cities: dict[str, Counter[str]] = defaultdict(Counter)
    for day, name, sent in counted:
        if name == "Page Viewed" and isinstance(sent.get("$city"), str):
            cities[sent["$city"]][day] += 1
    assert {city: nonzero(days) for city, days in result.series.items()} == cities
    assert result.segment_property == "$city"


def test_counts_of_a_property_and_its_values(sample: Sandbox, counted: Counted, over: Over):
    services = over(sample)

    values = services.discovery.property_values("Purchase", "payment_method")
    result = services.live.property_counts("Purchase", "payment_method", *DAYS, values=values[:2])

    sent = Counter(
        (p["payment_method"], day)
        for day, name, p in counted
        if name == "Purchase" and p.get("payment_method") in values[:2]
    )
    assert values
    assert {(v, d): n for v, days in result.series.items() for d, n in days.items() if n} == sent


def test_sums_averages_and_buckets(sample: Sandbox, counted: Counted, over: Over):
    live = over(sample).live
    numbers = defaultdict(list)
    for day, name, sent in counted:
        if name == "Purchase":
            value = sent.get("revenue")
            numbers[day].append(value if is_number(value) else 0)

    sums = live.numeric_sum("Purchase", *DAYS, on="revenue")
    means = live.numeric_average("Purchase", *DAYS, on="revenue")
    buckets = live.numeric_buckets("Purchase", *DAYS, on="revenue")

    assert nonzero(sums.results) == pytest.approx(
        {day: sum(those) for day, those in numbers.items() if sum(those)}
    )
    assert means.results == pytest.approx(
        {d: sum(those) / len(those) for d, those in numbers.items()}
    )
    inside = [
        p["revenue"] for _, name, p in counted if name == "Purchase" and is_number(p.get("revenue"))
    ]
    assert sum(sum(days.values()) for days in buckets.series.values()) == len(inside) > 0


def test_properties_are_all_those_that_were_sent(sample: Sandbox, counted: Counted, over: Over):
    sent = {key for _, name, p in counted if name == "Purchase" for key in p if p[key] is not None}

    assert set(over(sample).discovery.properties("Purchase")) == sent


def test_what_was_saved_is_listed(sample: Sandbox, over: Over):
    saved, discovery = sample.dataset.saved, over(sample).discovery

    assert [(f.funnel_id, f.name) for f in discovery.funnels()] == [
        (f.id, f.name) for f in saved.funnels
    ]
    assert [(c.id, c.is_visible) for c in discovery.cohorts()] == [
        (c.id, c.is_visible) for c in saved.cohorts
    ]
    assert {r.id for r in discovery.bookmarks("insights")} == {r.id for r in saved.reports}
    assert {(e.entity_type, e.name) for e in discovery.lexicon()} == {
        (e.entity_type, e.name) for e in saved.lexicon
    }
    assert discovery.lexicon("event", saved.lexicon[0].name)[0].raw["schemaJson"] == (
        saved.lexicon[0].schema
    )


def test_a_saved_report(sample: Sandbox, counted: Counted, over: Over):
    report = next(r for r in sample.dataset.saved.reports if r.type == "general" and not r.on)

    result = over(sample).live.insights(report.id)

    sent = Counter((name, day) for day, name, _ in counted if name in report.events)
    rows = [(row["$event"], row["date"][:10], row["count"]) for row in result.records()]
    assert {(event, day): n for event, day, n in rows if str(FIRST) <= day <= str(LAST)} == sent


@pytest.mark.parametrize("ask", ["insights", "funnel"])
def test_a_report_that_does_not_exist(ask, sample: Sandbox, over: Over):
    live = over(sample).live

    with pytest.raises(QueryError, match="does not exist"):
        live.insights(1) if ask == "insights" else live.funnel(1, *DAYS)


def test_a_misspelt_event(sample: Sandbox, over: Over):
    with pytest.raises(QueryError, match="'Purchse', did you mean 'Purchase'"):
        over(sample).live.segmentation("Purchse", *DAYS)


def test_a_day_that_has_not_begun_is_mixpanels_to_refuse(sample: Sandbox, over: Over):
    with pytest.raises(QueryError, match="later than today"):
        over(sample).live.segmentation("Purchase", FIRST, TODAY + timedelta(days=2))


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_a_script_counts_what_was_sent(sample: Sandbox, counted: Counted, over: Over):
    script = 'function main() { return Events(params).groupBy(["name"], mixpanel.reducer.count()) }'

    result = over(sample).live.jql(script, {"from_date": FIRST, "to_date": LAST})

    found = {row["key"][0]: row["value"] for row in result.records()}
    assert found == Counter(name for _, name, _ in counted)


# -- people, over a few whose days are known by heart


def at(day: int, hour: int = 12) -> datetime:
    return datetime(2026, 2, day, hour, tzinfo=UTC)


@pytest.fixture(scope="module")
def few() -> Iterator[Sandbox]:
    data = Dataset.empty()
    paths = {
        "ann": [("Visit", 1, 9), ("Visit", 1, 11), ("Visit", 2, 10), ("Add", 2, 11), ("Pay", 3, 9)],
        "bob": [("Visit", 1, 9), ("Add", 1, 10), ("Visit", 4, 9)],
        "cat": [("Visit", 2, 9), ("Visit", 3, 12), ("Add", 3, 13)],
        "dan": [("Visit", 3, 9)],
    }
    for who, events in paths.items():
        for n, (name, day, hour) in enumerate(events):
            plan = "pro" if who < "c" else "free 🦆"
            data.add_event(
                name, at(day, hour), distinct_id=who, insert_id=f"{who}{n}", **{'my "plan".x': plan}
            )
    data.saved.funnels.append(Funnel(5, "Shop", (Step(("Visit",)), Step(("Add",)), Step(("Pay",)))))
    with Sandbox(data, today=TODAY) as sandbox:
        yield sandbox


RANGE = "2026-02-01", "2026-02-04"


def test_unique_users_and_events_a_user(few: Sandbox, over: Over):
    live = over(few).live

    users = live.segmentation("Visit", *RANGE, type="unique").series["Visit"]
    mean = live.segmentation("Visit", *RANGE, type="average").series["Visit"]

    assert list(users.values()) == [2, 2, 2, 1]
    assert list(mean.values()) == [1.5, 1.0, 1.0, 1.0]


def test_a_property_whose_name_is_full_of_signs(few: Sandbox, over: Over):
    services = over(few)

    name = 'my "plan".x'
    result = services.live.segmentation("Visit", *RANGE, on=name)
    free = f"{property_expression(name)} == {json.dumps('free 🦆', ensure_ascii=False)}"
    one = services.live.segmentation("Visit", *RANGE, where=free)

    assert {name: sum(days.values()) for name, days in result.series.items()} == {
        "pro": 5,
        "free 🦆": 3,
    }
    assert one.total == 3


def test_a_funnel_of_people(few: Sandbox, over: Over):
    result = over(few).live.funnel(5, *RANGE)

    assert [(step.event, step.count) for step in result.steps] == [
        ("Visit", 4),
        ("Add", 3),
        ("Pay", 1),
    ]
    assert [step.conversion_rate for step in result.steps] == [1.0, 3 / 4, 1 / 3]
    assert (result.funnel_name, result.conversion_rate) == ("Shop", 0.25)


@pytest.mark.parametrize("unit", [None, "day", "week", "month"])
def test_a_funnel_is_the_same_however_its_dates_are_cut(unit, few: Sandbox, over: Over):
    live = over(few).live

    assert live.funnel(5, *RANGE, unit=unit).steps == live.funnel(5, *RANGE).steps


def test_a_funnel_by_plan(few: Sandbox, over: Over):
    result = over(few).live.funnel(5, *RANGE, on='my "plan".x')

    assert {name: [s.count for s in steps] for name, steps in result.segments.items()} == {
        "pro": [2, 2, 1],
        "free 🦆": [2, 1, 0],
    }
    assert [step.count for step in result.steps] == [4, 3, 1]


def test_a_window_too_short_for_most(few: Sandbox, over: Over):
    result = over(few).live.funnel(5, *RANGE, length=2, length_unit="hour")

    assert [step.count for step in result.steps] == [4, 1, 0]


def test_who_comes_back_and_when(few: Sandbox, over: Over):
    result = over(few).live.retention("Visit", "Visit", *RANGE, interval_count=3)

    # ann: 1st 9:00, then after 2 and 25 hours. bob: after 72 hours. cat: 2nd 9:00, then after 27 hours. dan: never.
    sizes = [(cohort.date, cohort.size) for cohort in result.cohorts]
    assert sizes == [("2026-02-01", 2), ("2026-02-02", 1), ("2026-02-03", 1), ("2026-02-04", 0)]
    assert result.cohorts[0].retention == [0.5, 0.5, 0.0, 0.5]
    assert result.cohorts[1].retention == [0.0, 1.0, 0.0, 0.0]


def test_recurring_and_unbounded_retention(few: Sandbox, over: Over):
    live = over(few).live

    recurring = live.retention(None, "Visit", *RANGE, retention_type="compounded", interval_count=3)
    unbounded = live.retention("Visit", "Visit", *RANGE, interval_count=3, unbounded=True)

    assert [cohort.size for cohort in recurring.cohorts] == [2, 2, 2, 1]
    for cohort in unbounded.cohorts:  # a return counts for every period before it
        assert all(earlier >= later for earlier, later in pairwise(cohort.retention))


def test_in_how_many_hours(few: Sandbox, over: Over):
    live = over(few).live

    hours = live.frequency(*RANGE, event="Visit")
    days = live.frequency(*RANGE, event="Visit", unit="week", addiction_unit="day")

    assert hours.data["2026-02-01"][:3] == [2, 1, 0]  # ann in two hours, bob in one
    assert next(iter(days.data.values()))[:2] == [2, 0]  # Sunday the 1st ends a week
    assert list(days.data.values())[1][:3] == [4, 1, 0]


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_what_somebody_did(few: Sandbox, over: Over):
    result = over(few).live.activity_feed("bob", *RANGE)

    assert [(event.event, event.time, event.distinct_id) for event in result.events] == [
        ("Visit", at(1, 9), "bob"),
        ("Add", at(1, 10), "bob"),
        ("Visit", at(4, 9), "bob"),
    ]


def test_one_question_is_one_request(few: Sandbox, over: Over):
    services = over(few)
    before = len(few.requests)

    services.live.segmentation("Visit", *RANGE)
    services.live.retention("Visit", "Visit", *RANGE)

    assert len(few.requests) - before == 2


def test_every_question_asks_the_budget_of_its_family(few: Sandbox, over: Over):
    families: list[str] = []
    services = over(few, gate=families.append)

    services.live.segmentation("Visit", *RANGE)
    services.discovery.cohorts()
    services.discovery.lexicon()
    services.discovery.bookmarks()

    assert families == ["query", "query", "app", "app"]
