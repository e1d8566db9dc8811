"""Faults of lines, content, status and paging, and the rules by which a request is hit."""

import json
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

import pytest
from support.wiretap import DAY, body_lines

from mixpanel_data.sandbox import ENGAGE_KINDS, Fault, FaultKind, Sandbox

EXPORT = "/api/2.0/export"
ENGAGE = "/api/query/engage"


@pytest.fixture
def spoil(sandbox, client, day_params):
    """Exports ``DAY`` with one fault in play."""

    def ask(kind: FaultKind | str, **options):
        sandbox.faults.add(Fault(kind, **options))
        return client.get(EXPORT, params=day_params)

    return ask


@pytest.fixture
def right(sandbox, client, day_params) -> bytes:
    """The undamaged body."""
    return client.get(EXPORT, params=day_params).content


def test_terminated_early_after_half_of_the_lines(spoil, right):
    *whole, last, end = spoil(FaultKind.TERMINATED_EARLY).content.split(b"\n")

    assert (last, end) == (b"terminated early", b"")
    assert right.startswith(b"\n".join(whole) + b"\n")
    assert 0 < len(whole) < 40


@pytest.mark.parametrize(("at", "lines"), [(0.0, 1), (1.0, 41)])
def test_terminated_early_alone_or_at_the_end(spoil, at, lines):
    answer = spoil(FaultKind.TERMINATED_EARLY, at=at, text="export terminated early: code 5")

    assert len(answer.content.splitlines()) == lines
    assert answer.content.endswith(b"export terminated early: code 5\n")


def test_half_last_line(spoil, right):
    answer = spoil(FaultKind.HALF_LAST_LINE)

    assert right.startswith(answer.content)
    assert answer.content.count(b"\n") == 39
    assert not answer.content.endswith(b"\n")


def test_malformed_middle_line(spoil, right):
    lines = spoil(FaultKind.MALFORMED_MIDDLE_LINE).content.split(b"\n")

    wrong = [n for n, line in enumerate(right.split(b"\n")) if lines[n] != line]
    assert wrong == [20]
    with pytest.raises(ValueError, match=r"Unterminated|Expecting"):
        json.loads(lines[20])


def test_the_malformed_line_can_be_given(spoil):
    assert (
        b'\n{"event":"\\ud83d"}\n'
        in spoil("malformed_middle_line", text='{"event":"\\ud83d"}').content
    )


def test_split_record(spoil, right):
    content = spoil(FaultKind.SPLIT_RECORD).content
    lines = content.split(b"\n")

    assert len(content) == len(right) + 1
    assert lines[20] + lines[21] == right.split(b"\n")[20]


def test_huge_line_is_whole(spoil):
    content = spoil(FaultKind.HUGE_LINE).content

    assert max(map(len, content.split(b"\n"))) == 20_000_000
    assert len(body_lines(content)) == 40


def test_html_with_200(spoil):
    answer = spoil(FaultKind.HTML_200)

    assert (answer.status_code, answer.headers["content-type"]) == (200, "text/html; charset=utf-8")
    assert answer.text.startswith("<!DOCTYPE html>")


def test_error_object_with_200(spoil):
    answer = spoil(FaultKind.ERROR_OBJECT_200, text="too busy")

    assert (answer.status_code, answer.json()["error"]) == (200, "too busy")


def test_empty_body(spoil):
    answer = spoil(FaultKind.EMPTY_BODY)

    assert (answer.status_code, answer.content) == (200, b"")


@pytest.mark.parametrize(
    ("kind", "content_type"),
    [
        (FaultKind.WRONG_CONTENT_TYPE, "application/octet-stream"),
        (FaultKind.NO_CHARSET, "text/plain"),
    ],
)
def test_content_types(spoil, right, kind, content_type):
    answer = spoil(kind)

    assert answer.headers["content-type"] == content_type
    assert answer.content == right


@pytest.mark.parametrize("status", [402, 403, 429, 500, 502, 503, 504])
def test_statuses(spoil, status):
    answer = spoil(f"status_{status}")

    assert answer.status_code == status
    assert answer.headers["content-type"].startswith("text/plain")
    assert "retry-after" not in answer.headers


def test_texts_of_limits_and_plans(spoil):
    assert spoil(FaultKind.STATUS_429).text.strip() == "Query rate limit exceeded"
    assert "plan does not support raw data export" in spoil(FaultKind.STATUS_402).text
    assert (
        spoil(FaultKind.STATUS_429, text="60 queries per hour").text.strip()
        == "60 queries per hour"
    )


def test_retry_after_in_seconds_or_as_a_date(spoil):
    later = datetime.now(UTC).replace(microsecond=0) + timedelta(minutes=2)

    assert spoil(FaultKind.STATUS_429, retry_after=30).headers["retry-after"] == "30"
    dated = spoil(FaultKind.STATUS_503, retry_after=later).headers["retry-after"]
    assert parsedate_to_datetime(dated) == later


def test_redirect_to_another_host(spoil, client):
    with Sandbox() as other:
        answer = spoil(FaultKind.REDIRECT, location=other.base_url + EXPORT)
        followed = client.send(answer.next_request)

        assert (answer.status_code, followed.status_code) == (302, 401)
        assert len(other.requests) == 1


def test_a_fault_occurs_as_often_as_set(sandbox, client, day_params):
    sandbox.faults.add(Fault("status_500", times=2))
    sandbox.faults.add(Fault("status_503", times=None))

    statuses = [client.get(EXPORT, params=day_params).status_code for _ in range(5)]
    sandbox.faults.clear()

    assert statuses == [500, 500, 503, 503, 503]
    assert client.get(EXPORT, params=day_params).status_code == 200
    assert [call.fault for call in sandbox.requests] == ["status_500"] * 2 + ["status_503"] * 3 + [
        None
    ]


def test_a_fault_hits_only_what_it_is_meant_for(sandbox, client, day_params):
    other_day = {"from_date": "2026-03-05", "to_date": "2026-03-05"}
    sandbox.faults.add(Fault("status_500", from_date=DAY, to_date=DAY))
    sandbox.faults.add(Fault("status_503", match=lambda call: call.params.get("limit") == "7"))

    assert client.get(EXPORT, params=other_day).status_code == 200
    assert client.post(ENGAGE).status_code == 200
    assert client.get(EXPORT, params=day_params | {"limit": "7"}).status_code == 500
    assert client.get(EXPORT, params=day_params | {"limit": "7"}).status_code == 503


@pytest.mark.parametrize(("last", "status"), [("2026-03-03", 200), ("2026-03-04", 500)])
def test_a_fault_can_wait_for_a_range_with_a_day(sandbox, client, last, status):
    sandbox.faults.add(Fault("status_500", day=DAY))

    answer = client.get(EXPORT, params={"from_date": "2026-03-01", "to_date": last})

    assert answer.status_code == status


def test_an_unknown_kind_is_refused_at_once():
    with pytest.raises(ValueError, match="no such kind"):
        Fault("no such kind")


@pytest.fixture
def pages(sandbox, client):
    """Reads 25 profiles, 10 a page, with one fault in play; a page is a (status, body) pair."""
    for number in range(25):
        sandbox.dataset.set_profile(f"u{number}", {"n": number})

    def read(kind: FaultKind, **options):
        sandbox.faults.add(Fault(kind, **options))
        first = client.post(ENGAGE, data={"page_size": "10"}).json()
        later = [
            client.post(ENGAGE, data={"session_id": first["session_id"], "page": str(page)})
            for page in (1, 2)
        ]
        return [(200, first)] + [(answer.status_code, answer.json()) for answer in later]

    return read


def test_session_expired(pages):
    (_, _), (status, body), (next_status, _) = pages(FaultKind.SESSION_EXPIRED)

    assert status == next_status == 400
    assert body["error"] == "request for page in uncached query for params"


def test_total_moves(pages):
    assert [page["total"] for _, page in pages(FaultKind.TOTAL_MOVES, page=1)] == [25, 26, 25]


def test_duplicate_profile(pages):
    first, second, third = (
        [result["$distinct_id"] for result in page["results"]]
        for _, page in pages(FaultKind.DUPLICATE_PROFILE)
    )

    assert len(first + second + third) == 25
    assert second[-1] == first[-1]
    assert "u19" not in first + second + third


def test_html_and_half_a_body_on_a_page(sandbox, client):
    for kind in (FaultKind.HTML_200, FaultKind.HALF_LAST_LINE):
        sandbox.faults.add(Fault(kind, path=ENGAGE))
        answer = client.post(ENGAGE)
        assert answer.status_code == 200
        with pytest.raises(ValueError, match=r"Expecting|Unterminated"):
            answer.json()


def test_only_three_kinds_are_for_engage_alone():
    assert len(ENGAGE_KINDS) == 3
    assert all(Fault(kind).path == ENGAGE for kind in ENGAGE_KINDS)
    assert Fault(FaultKind.STALL).path == EXPORT
