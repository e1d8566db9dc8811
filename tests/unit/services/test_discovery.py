"""Lists of a project are requested once a session, and a misspelled event is not a day without events."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from unit.services.conftest import FakeClient, Services

from mixpanel_data._internal.services.catalog.cache import SessionCache
from mixpanel_data.exceptions import ConfigError, ConfigWarning, QueryError, RateLimitError

DAYS = "2024-01-01", "2024-01-31"
NAMES = ["Page Viewed", "Product Viewed", "Sign up", "Paid"]
EMPTY = {"data": {"series": ["2024-01-01"], "values": {}}}


# -- once a session


def test_a_list_is_asked_for_once(services: Services, client: FakeClient):
    client.answers = {"events/names": NAMES}

    first = services.discovery.events()
    first.append("mine")

    assert services.discovery.events() == sorted(NAMES)  # a caller may change their copy
    assert len(client.asked) == 1


def test_other_arguments_are_another_question(services: Services, client: FakeClient):
    client.answers = {"events/properties/values": ["a"], "bookmarks": {"results": []}}

    for _ in range(2):
        services.discovery.property_values("Paid", "plan")
        services.discovery.property_values("Paid", "city")
        services.discovery.property_values("Paid", "plan", limit=3)
        services.discovery.bookmarks()
        services.discovery.bookmarks("funnels")

    assert len(client.asked) == 5


def test_one_list_is_asked_for_once_more_or_all_of_them(services: Services, client: FakeClient):
    client.answers = {"events/names": ["A"], "funnels/list": []}
    services.discovery.events()
    services.discovery.funnels()
    client.answers = {"events/names": ["B"], "funnels/list": [{"funnel_id": 1, "name": "F"}]}

    assert services.discovery.events(refresh=True) == ["B"]
    assert services.discovery.funnels() == []
    services.discovery.refresh()
    assert services.discovery.funnels() != []


def test_a_failure_is_not_remembered(services: Services, client: FakeClient):
    client.answers = {"events/names": RateLimitError("later")}
    with pytest.raises(RateLimitError):
        services.discovery.events()

    client.answers = {"events/names": ["A"]}
    assert services.discovery.events() == ["A"]


def test_many_threads_ask_one_question_once():
    cache, loads, began = SessionCache(), [], threading.Barrier(8)

    def ask(_: int) -> str:
        began.wait()
        return cache.get("events", lambda: loads.append(1) or "answer")

    with ThreadPoolExecutor(8) as threads:
        assert set(threads.map(ask, range(8))) == {"answer"}
    assert loads == [1]


def test_a_slow_question_does_not_hold_up_another():
    cache, slow_began, quick_done = SessionCache(), threading.Event(), threading.Event()

    def slow() -> str:
        slow_began.set()
        assert quick_done.wait(10)
        return "slow"

    with ThreadPoolExecutor(1) as threads:
        answer = threads.submit(cache.get, "a", slow)
        assert slow_began.wait(10)
        assert cache.get("b", lambda: "quick") == "quick"
        quick_done.set()
        assert answer.result(10) == "slow"


# -- what Mixpanel sends


def test_computed_properties_without_a_count_are_properties(services: Services, client: FakeClient):
    client.answers = {"events/properties/top": {"plan": {"count": 2}, "$duration_s": {}}}

    assert services.discovery.properties("Paid") == ["$duration_s", "plan"]


def test_values_that_are_no_texts_are_shown_as_json(services: Services, client: FakeClient):
    client.answers = {"events/properties/values": ["a", 1, True, None, {"é": 1}]}

    values = services.discovery.property_values("Paid", "x")
    assert values == ["a", "1", "true", "null", '{"é": 1}']


def test_a_property_called_error_is_no_error(services: Services, client: FakeClient):
    client.answers = {"events/properties/top": {"error": {"count": 3}}}

    assert services.discovery.properties("Paid") == ["error"]


def test_the_lexicon_knows_two_kinds(services: Services, client: FakeClient):
    with pytest.raises(ConfigError, match="event, profile"):
        services.discovery.lexicon("group")
    assert client.asked == []


# -- misspelled names


@pytest.mark.parametrize(
    ("asked", "near"),
    [("Page Viewd", "'Page Viewed'"), ("sign up", "'Sign up'"), ("PAID", "'Paid'")],
)
def test_a_misspelt_event_is_an_error_with_near_matches(
    asked, near, services: Services, client: FakeClient
):
    client.answers = {"segmentation": EMPTY, "events/names": NAMES}

    with pytest.raises(
        QueryError, match=f"Unknown event '{asked}', did you mean .*{near}"
    ) as caught:
        services.live.segmentation(asked, *DAYS)
    assert caught.value.details["event"] == asked
    assert near.strip("'") in caught.value.details["near_matches"]


@pytest.mark.filterwarnings("ignore::mixpanel_data.ConfigWarning")
@pytest.mark.parametrize("asked", ["Paid", "Legacy Ping"])
def test_an_event_that_did_not_happen_is_an_empty_answer(
    asked, services: Services, client: FakeClient
):
    # One is known, the other may be older than the 31 days Mixpanel lists.
    client.answers = {"segmentation": EMPTY, "events/names": NAMES}

    assert services.live.segmentation(asked, *DAYS).total == 0


def test_an_event_that_is_not_listed_is_named(services: Services, client: FakeClient):
    client.answers = {"segmentation": EMPTY, "events/names": NAMES}

    with pytest.warns(ConfigWarning, match="no event 'Legacy Ping' of the last 31 days") as warned:
        services.live.segmentation("Legacy Ping", *DAYS)

    assert [each.filename for each in warned] == [__file__]


@pytest.mark.parametrize(
    ("operation", "answer", "ask"),
    [
        ("segmentation/numeric", EMPTY, lambda s: s.live.numeric_buckets("Payd", *DAYS, on="x")),
        ("segmentation/sum", {"results": {"2024-01-01": 0}}, lambda s: s.live.numeric_sum("Payd", *DAYS, on="x")),
        ("segmentation/average", {"results": {}}, lambda s: s.live.numeric_average("Payd", *DAYS, on="x")),
        ("events", EMPTY, lambda s: s.live.event_counts(["Payd", "Other"], *DAYS)),
        ("events/properties", EMPTY, lambda s: s.live.property_counts("Payd", "x", *DAYS)),
        ("retention", {"2024-01-01": {"first": 0, "counts": [0]}}, lambda s: s.live.retention("Payd", None, *DAYS)),
        ("retention/addiction", {"data": {"2024-01-01": [0, 0]}}, lambda s: s.live.frequency(*DAYS, event="Payd")),
        ("events/properties/top", {}, lambda s: s.discovery.properties("Payd")),
        ("events/properties/values", [], lambda s: s.discovery.property_values("Payd", "x")),
    ],
)  # fmt: skip
def test_every_question_about_an_event_knows_slips(
    operation, answer, ask, services: Services, client: FakeClient
):
    client.answers = {operation: answer, "events/names": NAMES}

    with pytest.raises(QueryError, match="did you mean 'Paid'"):
        ask(services)


def test_a_slip_among_events_that_happened_is_named_and_costs_no_answer(
    services: Services, client: FakeClient
):
    counted = {"data": {"series": ["2024-01-01"], "values": {"Paid": {"2024-01-01": 2}}}}
    client.answers = {"events": counted, "events/names": NAMES}

    with pytest.warns(ConfigWarning, match="'Payd', did you mean 'Paid'") as warned:
        result = services.live.event_counts(["Payd", "Paid"], *DAYS)

    assert result.series == {"Payd": {"2024-01-01": 0}, "Paid": {"2024-01-01": 2}}
    assert [each.filename for each in warned] == [__file__]
    services.live.event_counts(["Paid"], *DAYS)
    assert [operation for operation, _ in client.asked] == ["events", "events/names", "events"]


def test_a_return_event_that_is_never_sent_is_named(services: Services, client: FakeClient):
    left = {"2024-01-01": {"first": 3, "counts": [0, 0]}}
    client.answers = {"retention": left, "events/names": NAMES}

    with pytest.warns(ConfigWarning, match="'Payd', did you mean 'Paid'"):
        result = services.live.retention("Paid", "Payd", *DAYS)

    assert [cohort.size for cohort in result.cohorts] == [3]


def test_an_empty_answer_is_returned_when_the_list_of_events_is_missing(
    services: Services, client: FakeClient
):
    client.answers = {"segmentation": EMPTY, "events/names": RateLimitError("later")}

    assert services.live.segmentation("Payd", *DAYS).total == 0


def test_a_funnel_has_no_name_when_the_list_of_funnels_is_missing(
    services: Services, client: FakeClient
):
    funnel = {"data": {"2024-01-01": {"steps": [{"event": "A", "count": 1}]}}}
    client.answers = {"funnels": funnel, "funnels/list": RateLimitError("later")}

    assert services.live.funnel(1, *DAYS).funnel_name is None
