"""Profiles: one session of pages, whole or not at all."""

import gzip
import json
from typing import Any
from urllib.parse import parse_qs

import httpx
import pytest
from support.scripted_server import Answer, Asked, ScriptedServer, gzipped, http

from mixpanel_data._internal.api_client import EngagePage
from mixpanel_data._internal.auth.credentials import Credentials
from mixpanel_data.exceptions import (
    APIError,
    AuthenticationError,
    IncompleteExportError,
    QueryError,
)

from .conftest import Connect


def profiles(count: int, page: int = 0) -> list[dict[str, Any]]:
    return [{"$distinct_id": 100 * page + n, "$properties": {}} for n in range(count)]


def page(number: int, count: int, *, size: int = 2, total: Any = 5, **other: Any) -> dict[str, Any]:
    answer = {
        "page": number,
        "page_size": size,
        "session_id": "s-1",
        "status": "ok",
        "total": total,
        "results": profiles(count, number),
    } | other
    return {key: value for key, value in answer.items() if value is not ...}


def read(connect: Connect, *answers: Any, **filters: Any) -> tuple[list[EngagePage], list[Asked]]:
    wire = [http(200, answer) if isinstance(answer, dict) else answer for answer in answers]
    with ScriptedServer(*wire) as server:
        return list(connect(server.base_url).engage_pages(**filters)), server.asked


def forms(asked: list[Asked]) -> list[dict[str, str]]:
    return [
        {name: value for name, [value] in parse_qs(one.body, strict_parsing=True).items()}
        if one.body
        else {}
        for one in asked
    ]


def reason(connect: Connect, *answers: Any) -> str:
    with pytest.raises(IncompleteExportError) as caught:
        read(connect, *answers)
    return caught.value.reason


def test_pages_follow_each_other_in_one_session_until_a_short_one(connect: Connect) -> None:
    pages, asked = read(connect, page(0, 2), page(1, 2, total=...), page(2, 1, total=...))

    assert [(p.page, p.results, p.page_size, p.total, p.session_id, p.requests) for p in pages] == [
        (0, 2, 2, 5, "s-1", 1),
        (1, 2, 2, None, "s-1", 1),
        (2, 1, 2, None, "s-1", 1),
    ]
    assert forms(asked) == [
        {},
        {"session_id": "s-1", "page": "1"},
        {"session_id": "s-1", "page": "2"},
    ]
    assert {one.head.split(" HTTP")[0] for one in asked} == {
        "POST /api/query/engage?project_id=12345"
    }


def test_filters_are_sent_with_every_page(connect: Connect) -> None:
    _, asked = read(
        connect,
        page(0, 2, total=3),
        page(1, 1),
        where='properties["$last_seen"] > "2026-01-01"',
        output_properties=["$email", "é"],
        page_size=2,
        data_group_id="g",
        include_all_users=False,
    )

    filters = {
        "where": 'properties["$last_seen"] > "2026-01-01"',
        "output_properties": '["$email", "é"]',
        "page_size": "2",
        "data_group_id": "g",
        "include_all_users": "false",
    }
    assert forms(asked) == [filters, filters | {"session_id": "s-1", "page": "1"}]


def test_the_body_is_what_mixpanel_sent(connect: Connect) -> None:
    odd = (
        b'{"results": [{"$distinct_id": 123456789012345678901234567890, "a": "\\ud83d", '
        b'"b": "\xff", "c": 1.10, "d": NaN, "e": "\x01"}, {"n": '
        + b"9" * 5000
        + b'}], "page_size": 9}'
    )

    [single], _ = read(connect, gzipped(odd))

    assert (single.body, single.results) == (odd, 2)


def test_no_profiles_are_one_empty_page(connect: Connect) -> None:
    pages, asked = read(connect, page(0, 0, total=0))

    assert [p.results for p in pages] == [0]
    assert len(asked) == 1


def test_a_server_that_does_not_send_its_page_size_is_read_to_an_empty_page(
    connect: Connect,
) -> None:
    answers = [page(n, count, size=...) for n, count in enumerate([2, 1, 0])]  # type: ignore[arg-type]

    pages, _ = read(connect, *(answer | {"total": 3} for answer in answers))

    assert [p.results for p in pages] == [2, 1, 0]


def test_a_last_page_that_is_full_is_followed_by_an_empty_one(connect: Connect) -> None:
    pages, _ = read(connect, page(0, 2, total=2), page(1, 0))

    assert [p.results for p in pages] == [2, 0]


def test_fewer_profiles_than_announced_is_an_error_after_the_last_page(connect: Connect) -> None:
    with ScriptedServer(http(200, page(0, 2)), http(200, page(1, 1))) as server:
        pages = connect(server.base_url).engage_pages()
        assert [next(pages).results, next(pages).results] == [2, 1]
        with pytest.raises(IncompleteExportError, match="announced 5 profiles and sent 3") as error:
            next(pages)

    assert error.value.reason == "fewer profiles than total"
    assert error.value.from_date is None


@pytest.mark.parametrize("total", [..., None, "5", True, -1])
def test_a_total_that_is_no_count_is_not_held_against_the_pages(
    connect: Connect, total: Any
) -> None:
    assert read(connect, page(0, 1, total=total))[0][0].total is None


def test_more_profiles_than_announced_are_fine(connect: Connect) -> None:
    assert len(read(connect, page(0, 2, total=1), page(1, 1))[0]) == 2


@pytest.mark.parametrize(
    "expired",
    [
        http(400, {"error": "request for page in uncached query for params: {}"}),
        http(404, "unknown session"),
        http(200, {"status": "error", "error": "request for page in uncached query for params"}),
    ],
)
def test_an_expired_session_says_so(connect: Connect, expired: bytes) -> None:
    assert reason(connect, page(0, 2), expired) == "session expired"


def test_another_refusal_stays_a_refusal(connect: Connect) -> None:
    with pytest.raises(QueryError, match="bad where"):
        read(connect, page(0, 2), http(400, {"error": "bad where"}))


def test_a_session_can_not_have_expired_before_it_began(connect: Connect) -> None:
    with pytest.raises(QueryError):
        read(connect, http(400, {"error": "uncached query"}))
    assert reason(connect, http(200, {"error": "uncached query"})) == "not a page of profiles"


def test_a_page_too_many_without_a_session_is_an_error(connect: Connect) -> None:
    assert reason(connect, page(0, 2, session_id=...)) == "no session for the next page"


def test_another_page_than_asked_for_is_an_error(connect: Connect) -> None:
    assert reason(connect, page(0, 2), page(0, 2)) == "wrong page"


WHOLE = json.dumps(page(0, 1, total=1)).encode()


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<html>busy</html>",
        WHOLE[:-1],
        WHOLE + WHOLE,
        b"[]",
        b'{"results": {}}',
        b"[" * 100_000,
        b'{"error": "odd"}',
    ],
)
def test_what_is_no_page_is_an_error(connect: Connect, body: bytes) -> None:
    assert reason(connect, http(200, body)) == "not a page of profiles"


@pytest.mark.parametrize("cut", range(1, len(gzip.compress(WHOLE)), 7))
def test_a_cut_gzip_is_found_wherever_it_is_cut(connect: Connect, cut: int) -> None:
    assert reason(connect, *[gzipped(WHOLE, cut=cut)] * 4) == "cut gzip"


def test_a_body_in_several_gzip_members_is_read_to_the_last(connect: Connect) -> None:
    first, second = gzip.compress(WHOLE[:30]), gzip.compress(WHOLE[30:])
    whole = http(200, first + second, Content_Encoding="gzip")
    cut = http(200, first + second[:-1], Content_Encoding="gzip")

    [single], _ = read(connect, whole)

    assert single.body == WHOLE
    assert reason(connect, *[cut] * 4) == "cut gzip"


def test_a_damaged_gzip_is_found(connect: Connect) -> None:
    damaged = bytearray(gzipped(WHOLE))
    damaged[-6] ^= 1

    assert reason(connect, *[bytes(damaged)] * 4) == "damaged gzip"


def test_a_body_that_breaks_off_is_refetched_since_nothing_was_handed_on(
    connect: Connect,
) -> None:
    faulty = Answer(http(200, WHOLE, Content_Length="9999"), then="reset")

    [single], asked = read(connect, faulty, gzipped(WHOLE, cut=3), gzipped(WHOLE))

    assert (single.requests, single.body, len(asked)) == (3, WHOLE, 3)


def test_a_body_that_always_breaks_off_is_incomplete(connect: Connect) -> None:
    faulty = Answer(http(200, WHOLE, Content_Length="9999"))

    assert reason(connect, *[faulty] * 4) == "connection lost"


def test_nothing_is_asked_before_the_first_page_is_wanted(connect: Connect) -> None:
    with ScriptedServer() as server:
        connect(server.base_url).engage_pages()

    assert server.asked == []


@pytest.mark.parametrize(
    ("region", "host"),
    [("us", "mixpanel.com"), ("eu", "eu.mixpanel.com"), ("in", "in.mixpanel.com")],
)
def test_each_region_has_its_query_and_app_host(
    credentials: Credentials, connect: Connect, region: str, host: str
) -> None:
    urls = []

    def answer(request: httpx.Request) -> httpx.Response:
        urls.append(str(request.url.copy_with(query=None)))
        return httpx.Response(200, json={"results": []})

    moved = credentials.model_copy(update={"region": region})
    with type(connect())(moved, _transport=httpx.MockTransport(answer)) as client:
        list(client.engage_pages())
        client.me()

    assert urls == [f"https://{host}/api/query/engage", f"https://{host}/api/app/me"]


def test_me_is_the_credential_check_and_names_no_project(connect: Connect) -> None:
    with ScriptedServer(http(200, {"results": {"projects": {}}}), http(401)) as server:
        client = connect(server.base_url)
        assert client.me() == {"results": {"projects": {}}}
        with pytest.raises(AuthenticationError):
            client.me()

    assert [asked.target for asked in server.asked] == ["/api/app/me", "/api/app/me"]


def test_me_that_is_no_object_is_an_error(connect: Connect) -> None:
    with ScriptedServer(http(200, "<html>")) as server, pytest.raises(APIError, match="not a JSON"):
        connect(server.base_url).me()
