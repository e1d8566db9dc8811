"""GET /api/2.0/export, as section 5 of docs/mixpanel-facts.md describes it."""

import gzip
import zlib
from datetime import UTC, date, datetime, timedelta

import httpx
import pytest
from sandbox.conftest import Connect
from support.wiretap import DAY, body_lines, export_path, fill, raw_get

from mixpanel_data.sandbox import Dataset, Sandbox
from mixpanel_data.sandbox.bodies import FIRST_PIECE

EXPORT = "/api/2.0/export"


def test_events_come_one_a_line_with_times_in_seconds(client, day_params):
    answer = client.get(EXPORT, params=day_params)

    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/plain")
    events = body_lines(answer.content)
    assert len(events) == 40
    assert all(set(event) == {"event", "properties"} for event in events)
    assert events[0]["properties"]["time"] == int(datetime(2026, 3, 4, 12, tzinfo=UTC).timestamp())


def test_time_in_ms_keeps_the_milliseconds(client, day_params):
    answer = client.get(EXPORT, params=day_params | {"time_in_ms": "true"})

    assert body_lines(answer.content)[0]["properties"]["time"] % 1000 == 123


def test_both_dates_are_included_and_days_are_utc(mixpanel_sandbox, connect):
    midnight = datetime(2026, 3, 4, tzinfo=UTC)
    for moment in (midnight - timedelta(milliseconds=1), midnight, midnight + timedelta(days=1)):
        mixpanel_sandbox.dataset.add_event("E", moment)

    params = {"from_date": "2026-03-04", "to_date": "2026-03-04"}
    one = connect(mixpanel_sandbox).get(EXPORT, params=params)
    two = connect(mixpanel_sandbox).get(EXPORT, params=params | {"to_date": "2026-03-05"})

    assert len(body_lines(one.content)) == 1
    assert len(body_lines(two.content)) == 2


def test_no_events_are_a_200_with_zero_bytes(client):
    answer = client.get(EXPORT, params={"from_date": "2026-03-05", "to_date": "2026-03-05"})

    assert (answer.status_code, answer.content) == (200, b"")


def test_only_bodies_over_1400_bytes_are_compressed(mixpanel_sandbox):
    dataset = mixpanel_sandbox.dataset
    dataset.add_line(DAY, b"x" * 1399 + b"\n")
    small = raw_get(mixpanel_sandbox, export_path(), gzip=True)
    dataset.add_line(DAY, b"\n")
    large = raw_get(mixpanel_sandbox, export_path(), gzip=True)

    assert "content-encoding" not in small.headers
    assert large.headers["content-encoding"] == "gzip"
    assert gzip.decompress(large.chunks()[0]) == b"x" * 1399 + b"\n\n"


@pytest.mark.parametrize("coding", ["identity", "", "br", "gzip;q=0"])
def test_nothing_is_compressed_unless_gzip_is_asked_for(client, day_params, coding):
    answer = client.get(EXPORT, params=day_params, headers={"Accept-Encoding": coding})

    assert "content-encoding" not in answer.headers
    assert len(body_lines(answer.content)) == 40


def test_chunks_do_not_end_where_lines_do(sandbox):
    answer = raw_get(sandbox, export_path())
    first_size = int(answer.body.partition(b"\r\n")[0], 16)

    assert first_size == FIRST_PIECE
    assert not answer.chunks()[0][:first_size].endswith(b"\n")


def test_event_filter_is_a_json_array_of_names(client, sandbox, day_params):
    sandbox.dataset.add_event("Bought", datetime(2026, 3, 4, tzinfo=UTC))

    bought = client.get(EXPORT, params=day_params | {"event": '["Bought","Nothing"]'})
    bare = client.get(EXPORT, params=day_params | {"event": "Bought"})

    assert [event["event"] for event in body_lines(bought.content)] == ["Bought"]
    assert bare.status_code == 400


def test_where_filters(client, day_params):
    where = 'properties["distinct_id"] in ["u1", "u2"] and not defined(properties["gone"])'

    answer = client.get(EXPORT, params=day_params | {"where": where})

    ids = [event["properties"]["distinct_id"] for event in body_lines(answer.content)]
    assert ids == ["u1", "u2"]


def test_where_may_ask_for_the_exact_time(client, day_params):
    noon = int(datetime(2026, 3, 4, 12, 0, 38, tzinfo=UTC).timestamp())
    where = f'properties["$time"]>=datetime({noon})'

    answer = client.get(EXPORT, params=day_params | {"where": where})

    assert len(body_lines(answer.content)) == 2


def test_a_line_that_is_no_event_matches_no_filter(sandbox, client, day_params):
    for raw in (b"{", b"[]", b'{"event":1,"properties":{}}', b'{"event":"E","properties":[]}'):
        sandbox.dataset.add_line(DAY, raw + b"\n")
    sandbox.dataset.add_line(DAY, b'{"event":"No time","properties":{}}\n')

    answer = client.get(EXPORT, params=day_params | {"where": 'properties["time"] < 0 or 1 == 1'})

    assert len(body_lines(answer.content)) == 41


def test_limit_cuts(client, day_params):
    answer = client.get(EXPORT, params=day_params | {"limit": "3"})

    assert len(body_lines(answer.content)) == 3


@pytest.mark.parametrize(
    ("change", "text"),
    [
        ({"from_date": None}, "from_date is required"),
        ({"to_date": None}, "to_date is required"),
        ({"from_date": "04.03.2026"}, "from_date is not a date"),
        ({"from_date": "2026-02-30"}, "from_date is not a date"),
        ({"from_date": "20260304"}, "from_date is not a date"),
        ({"from_date": "1999-12-31"}, "invalid date"),
        ({"from_date": "2026-03-05"}, "from_date cannot be later than to_date"),
        ({"event": "[1"}, "event must be a JSON array"),
        ({"limit": "100001"}, "limit cannot be over 100000"),
        ({"limit": "-1"}, "limit must be a non-negative integer"),
        ({"time_in_ms": "perhaps"}, "time_in_ms must be true or false"),
        ({"where": "properties['a'"}, "Unable to parse expression"),
    ],
)
def test_bad_parameters_are_refused_in_plain_text(client, day_params, change, text):
    params = {k: v for k, v in (day_params | change).items() if v is not None}

    answer = client.get(EXPORT, params=params)

    assert answer.status_code == 400
    assert answer.headers["content-type"].startswith("text/plain")
    assert text in answer.text


def test_today_may_be_asked_for_but_not_tomorrow(connect: Connect):
    with Sandbox(today=DAY) as sandbox:
        client = connect(sandbox)
        today = client.get(EXPORT, params={"from_date": "2026-03-04", "to_date": "2026-03-04"})
        tomorrow = client.get(EXPORT, params={"from_date": "2026-03-04", "to_date": "2026-03-05"})

    assert today.status_code == 200
    assert (tomorrow.status_code, tomorrow.text.strip()) == (
        400,
        "to_date cannot be later than today",
    )


def test_an_old_projects_today_is_that_of_its_time_zone(connect: Connect):
    late_evening = datetime(2026, 3, 4, 23, 30, tzinfo=UTC).timestamp()
    params = {"from_date": "2026-03-05", "to_date": "2026-03-05"}

    def status(**options: object) -> int:
        with Sandbox(clock=lambda: late_evening, timezone="Europe/Berlin", **options) as sandbox:
            return connect(sandbox).get(EXPORT, params=params).status_code

    assert status() == 400
    assert status(time_basis="project") == 200


def test_lines_are_served_byte_for_byte(mixpanel_sandbox):
    raw = b'{"event":"\xff faulty'
    mixpanel_sandbox.dataset.add_line(DAY, raw)

    assert raw_get(mixpanel_sandbox, export_path()).chunks() == (raw, True)


def test_several_days_are_one_gzip_stream(sandbox: Sandbox):
    fill(sandbox.dataset, day=date(2026, 3, 6))
    target = export_path(to_date=date(2026, 3, 6))

    compressed = raw_get(sandbox, target, gzip=True).chunks()[0]

    member = zlib.decompressobj(31)
    assert member.decompress(compressed) == raw_get(sandbox, target).chunks()[0]
    assert (member.eof, member.unused_data) == (True, b"")


def test_an_answer_that_has_begun_does_not_see_later_changes():
    dataset = Dataset.empty()
    fill(dataset)
    body = dataset.body(DAY, DAY, time_in_ms=True)

    fill(dataset)

    assert body.size * 2 == dataset.body(DAY, DAY, time_in_ms=True).size


def test_every_request_is_logged_without_credentials(sandbox, client, day_params):
    client.get(EXPORT, params=day_params)
    client.post("/api/query/engage", data={"where": "true"})

    export, engage = sandbox.requests
    assert (export.method, export.path, export.status) == ("GET", EXPORT, 200)
    assert export.params["from_date"] == DAY.isoformat()
    assert export.bytes_sent > 0
    assert engage.form == {"where": "true"}
    assert sandbox.credentials.secret not in repr(sandbox.requests)


def test_post_is_not_allowed(client: httpx.Client):
    assert client.post(EXPORT).status_code == 405
