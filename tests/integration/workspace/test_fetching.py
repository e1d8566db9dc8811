"""Fetches are whole, or nothing is stored."""

import json
import tempfile
from collections import Counter
from datetime import UTC, date, datetime, timedelta

import httpx
import pytest

from mixpanel_data._internal.api_client import MixpanelAPIClient
from mixpanel_data._internal.services.fetcher import FetcherService
from mixpanel_data._internal.storage import StorageEngine
from mixpanel_data.exceptions import (
    ConfigError,
    ConfigWarning,
    IncompleteExportError,
    QueryError,
    RejectedLinesWarning,
    ServerError,
    TableExistsError,
    TableNotFoundError,
)
from mixpanel_data.sandbox.faults import Fault, FaultKind
from mixpanel_data.workspace import Workspace

from .conftest import FIRST, LAST, canonical, once, served


def test_the_seeds_example_works_as_written(workspace, shop):
    pytest.importorskip("pandas")
    result = workspace.fetch_events("2026-03-01", "2026-03-10")

    assert result.rows == len(once(served(shop)))
    assert json.loads(json.dumps(result.to_dict()))["date_range"] == ["2026-03-01", "2026-03-10"]
    assert len(result.df) == result.rows
    assert list(result.df.columns) == ["event", "time", "distinct_id", "insert_id", "properties"]
    assert (result.table, result.type) == ("events", "events")
    assert abs(datetime.now(UTC) - result.fetched_at) < timedelta(minutes=1)
    assert result.duration_seconds > 0


def test_what_mixpanel_has_is_what_the_table_has(workspace, shop):
    workspace.fetch_events(name="events", from_date=FIRST, to_date=str(LAST))

    rows = workspace.sql_rows("SELECT event, epoch_ms(time), properties FROM events")
    found = Counter((event, ms, canonical(properties)) for event, ms, properties in rows)
    truth = once(served(shop))
    assert found == Counter((e.name, e.time_ms, canonical(json.dumps(e.properties))) for e in truth)


def test_profiles_are_all_there_once(workspace, shop):
    progress = []

    result = workspace.fetch_profiles(progress=progress.append)

    ids = {str(profile.distinct_id) for profile in shop.dataset.profiles()}
    assert {row[0] for row in workspace.sql_rows("SELECT distinct_id FROM profiles")} == ids
    assert (result.rows, result.date_range, result.type) == (len(ids), None, "profiles")
    assert progress[-1] >= len(ids)


def test_only_what_was_asked_for_comes(workspace, shop):
    name = served(shop)[0].name

    result = workspace.fetch_events(
        "some", FIRST, LAST, events=[name], where='defined(properties["$browser"])'
    )

    expected = [
        e for e in once(served(shop)) if e.name == name and e.properties.get("$browser") is not None
    ]
    assert result.rows == len(expected) > 0
    metadata = workspace.storage.get_metadata("some")
    assert (metadata.filter_events, metadata.filter_where) == (
        [name],
        'defined(properties["$browser"])',
    )

    bare = workspace.fetch_events("bare", FIRST, LAST, events=name)
    assert bare.rows == len([e for e in once(served(shop)) if e.name == name])
    few = workspace.fetch_profiles("few", output_properties=["$name"])
    keys = {key for key, *_ in workspace.property_keys("few")}
    assert few.rows > 0
    assert keys <= {"$name"}


def test_a_misspelled_event_is_an_error(workspace, shop):
    name = served(shop)[0].name

    with pytest.warns(ConfigWarning, match=f"'{name}x', did you mean '{name}'") as warned:
        assert workspace.fetch_events(FIRST, FIRST, events=[f"{name}x"]).rows == 0
    assert [each.filename for each in warned] == [__file__]

    shop.requests.clear()
    workspace.fetch_events("some", FIRST, LAST, events=[name, f"{name}x"])
    assert {call.path for call in shop.requests} == {"/api/2.0/export"}


def test_the_users_of_a_cohort_are_fetched(workspace):
    cohort = min(workspace.cohorts(), key=lambda each: each.count or 10**9)

    result = workspace.fetch_profiles("few", cohort_id=cohort.id)
    streamed = [each["$distinct_id"] for each in workspace.stream_profiles(cohort_id=cohort.id)]

    assert result.rows == len(streamed) == cohort.count > 0
    assert workspace.storage.get_metadata("few").filter_cohorts == [cohort.id]


def test_appended_days_never_double(workspace, shop):
    workspace.fetch_events(FIRST, LAST - timedelta(days=3))
    second = workspace.fetch_events("events", LAST - timedelta(days=5), LAST, append=True)

    rows = (
        "SELECT event, time, distinct_id, insert_id, properties::VARCHAR FROM events ORDER BY ALL"
    )
    with workspace.memory(_api_client=workspace._session.client) as whole:
        whole.fetch_events(FIRST, LAST)
        assert workspace.sql_rows(rows) == whole.sql_rows(rows)
    assert second.rows == len(once(served(shop, LAST - timedelta(days=5), LAST)))


def test_progress_hears_rows(workspace, shop):
    progress = []

    workspace.fetch_events(FIRST, LAST, progress=progress.append)

    assert progress == sorted(progress)
    assert progress[-1] == len(served(shop))
    assert len(progress) >= 2


@pytest.mark.parametrize(
    "kind",
    [FaultKind.TERMINATED_EARLY, FaultKind.CUT_GZIP, FaultKind.HTML_200, FaultKind.RESET_MID_BODY],
)
def test_one_faulty_day_stores_nothing(workspace, shop, kind):
    shop.faults.add(Fault(kind, day=LAST, times=30))

    with pytest.raises(IncompleteExportError) as caught:
        workspace.fetch_events(FIRST, LAST)

    assert caught.value.to_date == str(LAST)
    assert workspace.tables() == []
    with pytest.raises(IncompleteExportError):
        list(workspace.stream_events(FIRST, LAST))


@pytest.mark.parametrize(
    ("first", "last", "says"),
    [
        ("0001-01-01", "0001-01-02", "0001-01-01 is before 1971-01-01"),
        ("2026-01-01", "9999-12-31", "9999-12-31 has not begun yet"),
    ],
)
def test_days_at_the_ends_of_the_calendar_are_refused(workspace, shop, first, last, says):
    shop.requests.clear()

    with pytest.raises(ConfigError, match=says):
        workspace.fetch_events(first, last)
    with pytest.raises(ConfigError, match=says):
        workspace.stream_events(first, last)
    assert list(shop.requests) == []


def test_a_faulty_stream_says_what_it_yielded_and_how_to_go_on(workspace, shop):
    shop.faults.add(Fault(FaultKind.TERMINATED_EARLY, day=LAST, times=30))
    events = []

    with pytest.raises(IncompleteExportError) as caught:
        events.extend(workspace.stream_events(FIRST, LAST))

    error, resume = caught.value, date.fromisoformat(caught.value.details["resume_from"])
    complete = resume - timedelta(days=1)
    assert FIRST < resume <= LAST
    assert error.details["yielded"] == len(events) == len(once(served(shop, FIRST, complete))) > 0
    assert error.reason == "terminated early"
    assert error.from_date == str(resume)
    assert str(error).endswith(
        f"The stream yielded {len(events):,} events before, all of {FIRST} to {complete}; "
        f"read the others from {resume} to {LAST}."
    )
    assert "load" not in str(error)
    assert "mp sync" not in str(error)
    assert error.request_params["to_date"] == str(LAST)

    shop.faults.clear()
    events.extend(workspace.stream_events(resume, LAST))
    assert len(events) == len(once(served(shop)))


def test_a_stream_that_breaks_at_once_says_that_it_yielded_nothing(workspace, shop):
    shop.faults.add(Fault(FaultKind.CUT_GZIP, day=FIRST, times=30))

    with pytest.raises(IncompleteExportError) as caught:
        next(workspace.stream_events(FIRST, LAST))

    assert str(caught.value).endswith(
        f"The stream yielded nothing; reread it from {FIRST} to {LAST}."
    )
    assert caught.value.details["yielded"] == 0


def test_a_stream_that_is_refused_later_notes_what_it_yielded(workspace, shop):
    shop.faults.add(Fault(FaultKind.STATUS_503, day=LAST, times=30))
    events = []

    with pytest.raises(ServerError) as caught:
        events.extend(workspace.stream_events(FIRST, LAST))

    assert caught.value.details["yielded"] == len(events) > 0
    assert f"The stream yielded {len(events):,} events before" in caught.value.__notes__[0]


def test_lines_that_differ_each_time_are_named_by_the_stream(client):
    lines = iter(range(1_000))

    def unexpected_line(_request: httpx.Request) -> httpx.Response:
        number = next(lines)
        return httpx.Response(200, content=line_of(number) + b'\n{"event": "%d\n' % number)

    with (
        MixpanelAPIClient(
            client._credentials, _transport=httpx.MockTransport(unexpected_line)
        ) as mock,
        Workspace.memory(_api_client=mock) as workspace,
        pytest.raises(IncompleteExportError) as caught,
    ):
        list(workspace.stream_events(LAST, LAST))

    assert f"The events of {LAST} did not arrive completely: malformed line." in str(caught.value)
    assert "line 2: not valid JSON" in str(caught.value)
    assert str(caught.value).endswith(
        f"The stream yielded nothing; reread it from {LAST} to {LAST}."
    )


def test_a_faulty_stream_of_profiles_and_a_faulty_fetch_say_what_is_left(workspace, shop):
    shop.faults.add(Fault(FaultKind.TERMINATED_EARLY, times=30))
    shop.faults.add(Fault(FaultKind.HTML_200, path="/api/query/engage", times=30))

    with pytest.raises(IncompleteExportError, match=r"The stream yielded nothing; reread it.$"):
        list(workspace.stream_profiles())
    with pytest.raises(IncompleteExportError, match=r"Nothing was stored; refetch it.$"):
        workspace.fetch_profiles()
    with pytest.raises(IncompleteExportError, match=r"Nothing was stored; refetch it.$"):
        workspace.fetch_events(FIRST, LAST)


def line_of(number: int, **properties: str) -> bytes:
    """An event of the last day as a line; in ``properties`` a backslash begins an escape."""
    noon = int(datetime(LAST.year, LAST.month, LAST.day, 12, tzinfo=UTC).timestamp() * 1000)
    known = {"time": noon, "distinct_id": "u", "$insert_id": f"i{number}", **properties}
    return json.dumps({"event": "A", "properties": known}).replace("\\\\", "\\").encode()


def test_a_passing_fault_is_refetched(workspace, shop):
    for kind in (FaultKind.TERMINATED_EARLY, FaultKind.MALFORMED_MIDDLE_LINE):
        shop.faults.add(Fault(kind, times=1))

    assert workspace.fetch_events(FIRST, LAST).rows == len(once(served(shop)))
    assert workspace.sql_rows("FROM _rejected") == []


def test_a_line_that_stays_bad_costs_that_line_and_is_named(workspace, shop):
    shop.faults.add(Fault(FaultKind.MALFORMED_MIDDLE_LINE, day=LAST, times=30))

    with pytest.warns(RejectedLinesWarning, match=f"1 left out.*{LAST}") as warned:
        result = workspace.fetch_events(LAST, LAST)

    [line] = result.rejected
    assert (line.from_date, line.to_date, line.reason) == (str(LAST), str(LAST), "not valid JSON")
    lines = len(served(shop, LAST, LAST))
    assert result.rows + result.duplicates + 1 == lines
    assert workspace.sql_rows("SELECT rejected_count, row_count FROM _metadata") == [
        (1, result.rows)
    ]
    kept = workspace.sql_rows("SELECT line_number, raw, reason FROM _rejected")
    assert kept == [(line.line_number, line.raw, line.reason)]
    assert warned[0].filename == __file__
    assert result.to_dict()["rejected"][0]["line_number"] == line.line_number


def test_what_is_streamed_is_what_a_fetch_stores(workspace, shop):
    shop.faults.add(Fault(FaultKind.MALFORMED_MIDDLE_LINE, day=LAST, times=30))

    with pytest.warns(RejectedLinesWarning):
        result = workspace.fetch_events(FIRST, LAST)
    stream = workspace.stream_events(FIRST, LAST)
    with pytest.warns(RejectedLinesWarning, match="1 left out") as warned:
        streamed = [(e["event"], canonical(json.dumps(e["properties"]))) for e in stream]

    stored = workspace.sql_rows("SELECT event, properties FROM events")
    assert Counter(streamed) == Counter((event, canonical(text)) for event, text in stored)
    assert (stream.rejected, stream.repaired) == (result.rejected, result.repaired)
    assert stream.duplicates == result.duplicates > 0
    assert warned[0].filename == __file__


def test_lines_of_every_kind_are_treated_alike(client, shop):
    good = [line_of(n) for n in range(3)]
    lines = [
        b'\xff{"event": "bad"}',
        good[0],
        b'{"event": "A", "properties": null}',
        line_of(7, note="half \\ud83d"),
        good[1],
        good[1],
        line_of(8, big="9" * 5_000).replace(b'"' + b"9" * 5_000 + b'"', b"9" * 5_000),
        good[2],
        b'{"event": "cut", "prop',
    ]

    def raw(request: httpx.Request) -> httpx.Response:
        return httpx.Response(200, content=b"\n".join(lines) + b"\n")

    credentials = client._credentials
    with (
        MixpanelAPIClient(credentials, _transport=httpx.MockTransport(raw)) as mock,
        Workspace.memory(_api_client=mock) as workspace,
    ):
        with pytest.warns(RejectedLinesWarning):
            result = workspace.fetch_events(LAST, LAST)
        stream = workspace.stream_events(LAST, LAST)
        with pytest.warns(RejectedLinesWarning):
            streamed = list(stream)

        assert [line.line_number for line in result.rejected] == [1, 3, 9]
        assert [line.line_number for line in result.repaired] == [4]
        assert (result.rows, result.duplicates) == (5, 1)
        assert stream.rejected == result.rejected
        assert stream.repaired == result.repaired
        assert stream.duplicates == 1
        assert len(streamed) == 5
        notes = {e["properties"].get("note") for e in streamed}
        assert "half \ufffd" in notes
        assert max(e["properties"].get("big", 0) for e in streamed) > 10**4_000
        assert workspace.sql_scalar("SELECT count(*) FROM _rejected") == 4


def test_a_stream_that_is_left_early_leaves_nothing_behind(workspace, tmp_path, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))

    with workspace.stream_events(FIRST, LAST) as stream:
        next(stream)
        assert list(tmp_path.iterdir())

    assert list(tmp_path.iterdir()) == []
    assert list(stream) == []


def test_profiles_that_break_off_store_nothing(workspace, shop):
    shop.faults.add(Fault(FaultKind.TOTAL_MOVES, times=30))

    with pytest.raises(IncompleteExportError):
        workspace.fetch_profiles()

    assert workspace.tables() == []


def test_a_stream_yields_what_mixpanel_sends(workspace, shop):
    events = list(workspace.stream_events(FIRST, LAST))
    assert Counter((e["event"], canonical(json.dumps(e["properties"]))) for e in events) == Counter(
        (e.name, canonical(json.dumps(e.properties))) for e in once(served(shop))
    )

    people = list(workspace.stream_profiles())
    assert sorted(str(p["$distinct_id"]) for p in people) == sorted(
        str(profile.distinct_id) for profile in shop.dataset.profiles()
    )


def test_profiles_that_are_on_two_pages_are_streamed_and_stored_once(workspace, shop):
    shop.faults.add(Fault(FaultKind.DUPLICATE_PROFILE, times=1))
    result = workspace.fetch_profiles()
    shop.faults.add(Fault(FaultKind.DUPLICATE_PROFILE, times=1))
    stream = workspace.stream_profiles()

    streamed = [str(profile["$distinct_id"]) for profile in stream]

    assert len(set(streamed)) == len(streamed) == result.rows
    assert stream.duplicates == result.duplicates


@pytest.mark.parametrize(
    ("given", "keywords"),
    [
        (("2026-03-02", "2026-03-01"), {}),
        (("2026-03-01",), {}),
        ((), {"from_date": "2026-03-01"}),
        (("events", "2026-03-01", "soon"), {}),
        (("2026-03-01", "2026-03-02"), {"to_date": "2026-03-03"}),
        (("a", "2026-03-01", "2026-03-02"), {"name": "b"}),
        (("2026-03-01", "2026-03-02"), {"events": []}),
        (("", "2026-03-01", "2026-03-02"), {}),
    ],
)
def test_arguments_that_cant_be_are_refused_before_anything_is_asked(
    workspace, shop, given, keywords
):
    with pytest.raises(ConfigError):
        workspace.fetch_events(*given, **keywords)

    assert list(shop.requests) == []


def test_a_table_that_is_there_costs_no_request(workspace, shop):
    workspace.storage.create_events_table("events", [])

    with pytest.raises(TableExistsError):
        workspace.fetch_events(FIRST, LAST)
    with pytest.raises(TableNotFoundError):
        workspace.fetch_profiles("nobody", append=True)

    assert list(shop.requests) == []


def test_a_wrong_expression_is_a_query_error(workspace):
    with pytest.raises(QueryError):
        workspace.fetch_events(FIRST, LAST, where="properties[")


def test_the_services_stand_alone_too(client, shop, tmp_path):
    with StorageEngine(path=tmp_path / "test.db") as storage:
        result = FetcherService(client, storage).fetch_events("events", FIRST, FIRST)

        assert result.rows == len(once(served(shop, FIRST, FIRST)))
    assert [path.name for path in tmp_path.iterdir() if "fetching" in path.name] == []
