"""With any fault of an answer, the error names the request and shows how the answer begins, without the secret."""

import gzip
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from support.scripted_server import ScriptedServer, http
from unit.api.conftest import CANARY, Connect

from mixpanel_data._internal.api_client import MixpanelAPIClient
from mixpanel_data._internal.services.account_check import reached_project
from mixpanel_data._internal.services.discovery import DiscoveryService
from mixpanel_data._internal.services.fetcher import FetcherService
from mixpanel_data._internal.services.live_query import LiveQueryService
from mixpanel_data._internal.services.streamer import StreamerService
from mixpanel_data._internal.storage import StorageEngine
from mixpanel_data.exceptions import APIError, IncompleteExportError, QueryError

pytestmark = [
    pytest.mark.filterwarnings("ignore::mixpanel_data.ConfigWarning"),
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
]

DAYS = "2024-01-01", "2024-01-02"
HTML = "<html><body>Sign in</body></html>"
ECHO = json.dumps({"error": f"no, {CANARY}"})
Ask = Callable[[MixpanelAPIClient, Path], Any]


def live(name: str, *args: Any, **options: Any) -> Ask:
    return lambda client, _: getattr(LiveQueryService(client), name)(*args, **options)


def listed(name: str, *args: Any) -> Ask:
    return lambda client, _: getattr(DiscoveryService(client), name)(*args)


def fetched(name: str, *args: Any) -> Ask:
    def ask(client: MixpanelAPIClient, folder: Path) -> Any:
        with StorageEngine(folder / "own.duckdb") as storage:
            return getattr(FetcherService(client, storage), name)("mine", *args)

    return ask


def streamed(name: str, *args: Any) -> Ask:
    return lambda client, _: list(getattr(StreamerService(client), name)(*args))


QUERIES: dict[str, tuple[Ask, str, str]] = {
    "segmentation": (live("segmentation", "A", *DAYS), "GET", "segmentation"),
    "buckets": (live("numeric_buckets", "A", *DAYS, on="x"), "GET", "segmentation/numeric"),
    "sum": (live("numeric_sum", "A", *DAYS, on="x"), "GET", "segmentation/sum"),
    "average": (live("numeric_average", "A", *DAYS, on="x"), "GET", "segmentation/average"),
    "event_counts": (live("event_counts", "A", *DAYS), "GET", "events"),
    "property_counts": (live("property_counts", "A", "x", *DAYS), "GET", "events/properties"),
    "funnel": (live("funnel", 1, *DAYS), "GET", "funnels"),
    "retention": (live("retention", "A", "B", *DAYS), "GET", "retention"),
    "frequency": (live("frequency", *DAYS), "GET", "retention/addiction"),
    "insights": (live("insights", 1), "GET", "insights"),
    "activity": (live("activity_feed", "u", *DAYS), "GET", "stream/query"),
    "jql": (live("jql", "main()"), "POST", "jql"),
    "events": (listed("events"), "GET", "events/names"),
    "properties": (listed("properties", "A"), "GET", "events/properties/top"),
    "property_values": (listed("property_values", "A", "x"), "GET", "events/properties/values"),
    "top_events": (listed("top_events"), "GET", "events/top"),
    "funnels": (listed("funnels"), "GET", "funnels/list"),
    "cohorts": (listed("cohorts"), "POST", "cohorts/list"),
    "fetch_profiles": (fetched("fetch_profiles"), "POST", "engage"),
    "stream_profiles": (streamed("stream_profiles"), "POST", "engage"),
}
APP: dict[str, tuple[Ask, str, str]] = {
    "bookmarks": (listed("bookmarks"), "GET", "projects/12345/bookmarks"),
    "lexicon": (listed("lexicon"), "GET", "projects/12345/schemas"),
    "me": (lambda client, _: reached_project(client, "12345"), "GET", "me"),
}
EXPORTS: dict[str, tuple[Ask, str, str]] = {
    "fetch_events": (fetched("fetch_events", *DAYS), "GET", "export"),
    "stream_events": (streamed("stream_events", *DAYS), "GET", "export"),
}
BODIES: dict[str, tuple[str, Any]] = {
    "an error": ('{"error": "no such thing"}', {"error": "no such thing"}),
    "a page for people": (HTML, HTML),
    "nothing": ("", None),
    "another shape": ("3", "3"),
    "cut JSON": ('{"data": {"series', '{"data": {"series'),
    "the secret": (ECHO, {"error": "no, [redacted]"}),
}
NO_ERROR = {
    ("another shape", "jql"),  # a script may return anything
    ("nothing", "fetch_events"),  # a day without events
    ("nothing", "stream_events"),
    ("an error", "me"),  # Mixpanel does not say who asks
    ("the secret", "me"),
}


def caught(ask: Ask, answers: list[bytes], connect: Connect, folder: Path) -> tuple[Any, str]:
    with ScriptedServer(*answers) as server:
        client = connect(server.base_url, max_attempts=1)
        with pytest.raises((APIError, IncompleteExportError)) as info:
            ask(client, folder)
        return info.value, server.base_url


@pytest.mark.parametrize("body", BODIES)
@pytest.mark.parametrize("name", QUERIES | APP | EXPORTS)
def test_an_answer_with_status_200_that_is_none(name, body, connect, tmp_path):
    if (body, name) in NO_ERROR:
        return
    ask, method, path = (QUERIES | APP | EXPORTS)[name]
    sent, shown = BODIES[body]
    root = "/api/app" if name in APP else "/api/2.0" if name in EXPORTS else "/api/query"

    error, base_url = caught(ask, [http(200, sent)] * 9, connect, tmp_path)

    assert error.request_method == method
    assert error.request_url == f"{base_url}{root}/{path}"
    assert (error.status_code, error.response_body) == (200, shown)
    if name not in APP:
        assert error.request_params["project_id"] == "12345"
    if name in EXPORTS:
        assert error.request_params["from_date"] == "2024-01-01"
    if name == "jql":
        assert error.request_body == {"script": "main()"}


LINE = json.dumps({"event": "A", "properties": {"time": 1704067200000, "distinct_id": "u"}})


@pytest.mark.parametrize(
    ("answer", "begins"),
    [
        (http(200, f"{LINE}\nterminated early"), f"{LINE}\nterminated early"),
        (http(200, gzip.compress(f"{LINE}\n{LINE}".encode())[:-9], Content_Encoding="gzip"), LINE),
        (http(200, f"{LINE}\n{LINE[:40]}"), LINE),
        (http(200, f"{LINE}\n{LINE}\n", Content_Length="9999"), LINE),
        (http(200, f"{LINE}\n", Content_Encoding="gzip"), None),
        (http(200, f"{LINE}\n", Content_Encoding="br"), None),
    ],
)
@pytest.mark.parametrize("name", EXPORTS)
def test_an_export_that_is_not_whole(name, answer, begins, connect, tmp_path):
    error, base_url = caught(EXPORTS[name][0], [answer] * 9, connect, tmp_path)

    assert isinstance(error, IncompleteExportError)
    assert error.request_url == f"{base_url}/api/2.0/export"
    assert error.request_params["to_date"] == "2024-01-02"
    if begins is None:
        assert error.response_body is None
    else:
        assert str(error.response_body).startswith(begins[:60])


PAGE = {"page": 0, "page_size": 1, "total": 2, "session_id": "s", "results": [{"$distinct_id": 1}]}


@pytest.mark.parametrize(
    ("second", "reason"),
    [
        ({**PAGE, "page": 7}, "wrong page"),
        ({"page": 1, "page_size": 1, "results": []}, "fewer profiles than total"),
        ({"error": "uncached query"}, "session expired"),
        ({"results": "none"}, "not a page of profiles"),
    ],
)
def test_profiles_that_are_not_whole(second, reason, connect, tmp_path):
    answers = [http(200, PAGE), http(200, second)] * 3

    error, base_url = caught(fetched("fetch_profiles"), answers, connect, tmp_path)

    assert error.reason == reason
    assert error.request_url == f"{base_url}/api/query/engage"
    assert error.request_body["page"] == "1"
    assert error.response_body == second


def test_an_export_of_megabytes_is_shown_by_its_beginning(connect, tmp_path):
    body = "".join(f"{LINE}\n" for _ in range(20_000)) + "terminated early"

    error, _ = caught(EXPORTS["fetch_events"][0], [http(200, body)] * 9, connect, tmp_path)

    assert len(error.response_body) < 2_010
    assert error.response_body.startswith(LINE)


def test_a_misspelled_event_is_an_error_with_the_request(connect, tmp_path):
    def ask(client: MixpanelAPIClient, _: Path) -> None:
        services = LiveQueryService(client, discovery=DiscoveryService(client))
        services.segmentation("Sing Up", *DAYS)

    answers = [http(200, {"data": {"series": [], "values": {}}}), http(200, '["Sign Up"]')]
    error, base_url = caught(ask, answers, connect, tmp_path)

    assert isinstance(error, QueryError)
    assert error.details["near_matches"] == ["Sign Up"]
    assert error.request_url == f"{base_url}/api/query/segmentation"


def test_an_account_that_does_not_reach_the_project(connect, tmp_path):
    answer = http(200, {"results": {"projects": {"1": {"name": "other"}}}})

    error, base_url = caught(APP["me"][0], [answer], connect, tmp_path)

    assert error.request_url == f"{base_url}/api/app/me"
