"""Promise 15: a line that can't be read costs that line only, wherever it is in the file."""

from collections import Counter
from datetime import date, timedelta

import duckdb
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from support.account import account_of
from support.project import LAST

from mixpanel_data._internal.landing.files import Landed
from mixpanel_data._internal.landing.invalid_lines import (
    find_invalid_lines,
    longest_line,
    rewrite_without,
)
from mixpanel_data._internal.landing.repair_lines import is_complete_object, repair_line
from mixpanel_data._internal.sql.events import events_query, in_windows, read_event_lines
from mixpanel_data._internal.streams.windows import Window
from mixpanel_data._internal.time_zones import Zone
from mixpanel_data.exceptions import IncompleteExportError, MixpanelDataError

DAY = Window(LAST, LAST)
MIDNIGHT = 1_773_100_800_000  # 2026-03-10, in milliseconds
UTC = Zone()


def event(properties: bytes) -> bytes:
    return b'{"event":"odd","properties":{"time":%d,%s}}' % (MIDNIGHT + 5, properties)


LOADED = {
    "an integer of 5,000 digits": event(b'"a":' + b"9" * 5_000),
    "4,000 lists": event(b'"a":' + b"[" * 4_000 + b"]" * 4_000),
    "an escaped NUL": event(b'"a":"\\u0000"'),
    "a processing time beyond range": event(b'"mp_processing_time_ms":9223372036854776'),
    "a processing time before all range": event(b'"mp_processing_time_ms":-9223372036854775808'),
    "a key twice": b'{"event":"odd","event":"b","properties":{"time":%d}}' % MIDNIGHT,
    "a property twice": event(b'"a":1,"a":2'),
    "keys that differ in case": b'{"Event":"b",%s' % event(b'"A":1,"a":2')[1:],
    "U+2028": event('"a":"\u2028"'.encode()),
    "a carriage return at its end": event(b'"a":1') + b"\r",
    "an id that is a number": event(b'"distinct_id":12345678901234567890123,"$insert_id":4.5'),
    "an event that is a number": b'{"event":5,"properties":{"time":%d}}' % MIDNIGHT,
    "a time that is a float": b'{"event":"odd","properties":{"time":%d.5}}' % MIDNIGHT,
    "a time that is a text": b'{"event":"odd","properties":{"time":"%d"}}' % MIDNIGHT,
    "texts with the names of numbers": event(b'"NaN":"[NaN","b":"\\",Infinity"'),
    "a line of 3 MB": event(b'"a":"' + b"x" * 3_000_000 + b'"'),
}
REPAIRED = {
    "half an emoji": event(b'"a":"cut \\ud83d"'),
    "the other half": event(b'"\\ude00":"\\ude00 cut"'),
    "half an emoji in the name": event(b'"a":1').replace(b"odd", b"odd\\uD83D"),
    "a raw control character": event(b'"a":"x\x01y"'),
    "a raw tab": event(b'"a":\t"x\ty"'),
    "a raw NUL": event(b'"a":"x\x00y"'),
    "bytes that are not UTF-8": event(b'"a":"x\xff\xed\xa0\xbd"'),
    "not a number": event(b'"a":NaN,"b":"NaN"'),
    "infinities": event(b'"a":[Infinity,-Infinity],"b":{"c":-Infinity}'),
    "a byte order mark": b"\xef\xbb\xbf" + event(b'"a":1'),  # at the start of a file it is nothing
}
REJECTED = {
    "not valid JSON": event(b'"a":1,,'),
    "not UTF-8 at byte": event(b'"a":"\xff",,'),
    "no event name": b'{"event":null,"properties":{"time":%d}}' % MIDNIGHT,
    "no properties": b'{"event":"odd","properties":null}',
    "no readable time": b'{"event":"odd","properties":{"time":"soon"}}',
    "time outside 2026-03-10": b'{"event":"odd","properties":{"time":1000}}',
}
ALSO_REJECTED = [
    b'{"event":"odd"}',
    b'{"event":"odd","properties":[1]}',
    b'{"event":"odd","properties":"a"}',
    b'{"event":"odd","properties":{"time":NaN}}',
    b'{"event":"odd","properties":{"time":1e400}}',
    b'{"event":"odd","properties":{"time":-%d}}' % MIDNIGHT,
    b'{"event":"odd","properties":{"time":' + b"9" * 5_000 + b"}}",
    b'{"event":"odd","properties":{"time":null}}',
    b'{"event":"odd","properties":{}}',
    b'[{"event":"odd","properties":{"time":%d}}]' % MIDNIGHT,
    event(b'"a":1') + event(b'"a":2'),
    event(b'"a":1') + b"}",
    event(b'"a":"\\q"'),
    event(b'"a":1')[:-9],
    b'"event"',
    b"null",
    b"5",
    b"oops",
    b"\x00",
]
ODD = {**LOADED, **REPAIRED, **REJECTED} | {str(n): line for n, line in enumerate(ALSO_REJECTED)}


def good(number: int) -> bytes:
    return b'{"event":"good","properties":{"time":%d,"$insert_id":"%d"}}' % (
        MIDNIGHT + number,
        number,
    )


def loaded(path):
    """What the loader's statement makes of the file: insert ids and events."""
    rows = events_query(read_event_lines([path], longest=longest_line(path)), UTC)
    query = f"SELECT insert_id, event, properties FROM ({rows}) WHERE event IS NOT NULL AND {in_windows([DAY], UTC)}"
    return duckdb.connect().execute(query).fetchall()


@pytest.mark.parametrize("name", ODD)
def test_a_line_is_judged_alike_wherever_it_stands(tmp_path, name):
    path = tmp_path / "lines.ndjson"
    for place in range(3):
        lines = [good(1), good(2)]
        lines.insert(place, ODD[name])
        path.write_bytes(b"\n".join(lines) + b"\n")

        bad = find_invalid_lines(path, DAY, UTC)
        kept = rewrite_without(path, bad)

        is_good = name in LOADED or (name == "a byte order mark" and place == 0)
        assert [(line.number, line.raw) for line in bad] == (
            [] if is_good else [(place + 1, ODD[name].strip())]
        )
        if name in REPAIRED and not is_good:
            assert bad[0].reason == "repaired"
        elif name in REJECTED:
            assert bad[0].reason.startswith(name)
        assert len(loaded(path)) == kept == (3 if name in LOADED | REPAIRED else 2)


@pytest.mark.parametrize(
    ("line", "better"),
    [
        (rb'{"a":"cut \ud83d"}', rb'{"a":"cut \ufffd"}'),
        (rb'{"a":"\uD83D\uDE00 \ude00\ud83d"}', rb'{"a":"\uD83D\uDE00 \ufffd\ufffd"}'),
        (rb'{"a":"\\ud83d \\\ud83d"}', rb'{"a":"\\ud83d \\\ufffd"}'),
        (b'{"a":\t"b\tc"}', rb'{"a":	"b\u0009c"}'),
        (b'\xef\xbb\xbf{"a":"\xef\xbb\xbf"}', b'{"a":"\xef\xbb\xbf"}'),
        (b'{"a":"\xff"}', '{"a":"\ufffd"}'.encode()),
        (b'{"a":1,,}', b'{"a":1,,}'),
        (b'{"a":"\\', b'{"a":"\\'),
    ],
)
def test_only_what_json_can_not_hold_is_replaced(line, better):
    assert repair_line(line) == better


@given(st.dictionaries(st.text(), st.text() | st.integers() | st.lists(st.text())), st.data())
def test_no_beginning_of_an_object_is_taken_for_a_whole_one(value, data):
    import json

    line = json.dumps(value).encode()
    kept = data.draw(st.integers(0, len(line) - 1))

    assert is_complete_object(line)
    assert not is_complete_object(line[:kept])


BYTES = st.binary(min_size=1, max_size=4) | st.sampled_from(
    [b"\\ud83d", b"\xff", b"\x00", b'"', b"\\", b"{", b"}", b",", b"\r", b"\x0b", b" ", b'"event"']
)


@st.composite
def mutated(draw: st.DrawFn, line: bytes) -> bytes:
    """``line`` with bytes replaced, added or removed; never with a line break more."""
    for _ in range(draw(st.integers(1, 3))):
        start = draw(st.integers(0, len(line)))
        end = draw(st.sampled_from([start, start, start + 1, start + 5, len(line)]))
        line = line[:start] + draw(BYTES | st.just(b"")) + line[end:]
    return line.replace(b"\n", b"?")


@st.composite
def days(draw: st.DrawFn) -> list[tuple[bytes, bool]]:
    """The lines of a day, and which of them were left alone."""
    count = draw(st.integers(1, 25))
    changed = draw(st.sets(st.integers(0, count - 1)))
    odd = st.sampled_from([line for line in ODD.values() if len(line) < 10_000])
    return [
        (draw(mutated(good(n)) | odd), False) if n in changed else (good(n), True)
        for n in range(count)
    ]


@settings(
    max_examples=25,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(days(), st.sampled_from([b"\n", b"\r\n", b"\n\n", b"\n \t\n"]))
def test_the_good_lines_load_and_every_other_is_kept_once(tmp_path, lines, line_break):
    path = tmp_path / "lines.ndjson"
    lines = [(good(99), True), *lines]  # one that makes it an export
    path.write_bytes(line_break.join(line for line, _ in lines) + line_break)

    bad = find_invalid_lines(path, DAY, UTC)
    kept = rewrite_without(path, bad)
    rows = loaded(path)

    assert len(rows) == kept
    assert len({line.number for line in bad}) == len(bad)
    untouched = {line for line, alone in lines if alone}
    assert not untouched & {line.raw for line in bad}
    there = Counter(line.strip() for line, _ in lines if line.strip())
    assert kept == there.total() - sum(line.repaired is None for line in bad)
    assert {str(n) for n in range(99) if good(n) in untouched} <= {row[0] for row in rows}


def run_over(project, lines: list[bytes]):
    """The report of a run over one day that has these lines, and the texts in ``_rejected``."""
    project.sandbox.dataset.remove_events(lambda _event: True)
    project.sandbox.dataset._days.clear()
    for line in lines:
        project.sandbox.dataset.add_line(LAST, line + b"\n")
    report = project.sync(LAST, LAST)
    kept = project.query("SELECT raw, reason FROM mixpanel._rejected ORDER BY line_number")
    return report, kept


@settings(
    max_examples=4,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(days())
def test_the_counts_of_a_run_say_so(project, lines):
    lines = [(good(99), True), *lines, (good(98), True)]

    report, kept = run_over(project, [line for line, _ in lines])

    rejected = [raw for raw, reason in kept if reason != "repaired"]
    there = sum(bool(line.strip()) for line, _ in lines)
    assert report.failures == []
    assert (report.rejected, report.repaired) == (len(rejected), len(kept) - len(rejected))
    [(rows, count)] = project.query(
        "SELECT row_count, rejected_count FROM mixpanel._metadata ORDER BY load_number DESC LIMIT 1"
    )
    assert (rows + count, count) == (there, len(rejected))
    assert project.query("SELECT count(*) FROM mixpanel.events") == [(rows,)]
    untouched = {line.decode() for line, alone in lines if alone}
    assert not untouched & {raw for raw, _ in kept}


@pytest.mark.parametrize("place", ["first", "middle", "last"])
def test_promise_15_odd_lines_cost_no_other_line_anything_and_one_request_more_once(project, place):
    odd = [*ODD.values()]
    lines = [good(n) for n in range(30)]
    at = {"first": 0, "middle": 15, "last": 30}[place]
    lines[at:at] = odd

    report, kept = run_over(project, lines)
    asked = len(project.asked())
    repeated, kept_repeated = run_over(project, lines)

    assert (report.failures, repeated.failures) == ([], [])
    assert (asked, len(project.asked())) == (2, 1)
    assert (report.requests, repeated.requests) == (2, 1)
    assert report.rejected == repeated.rejected == len(odd) - len(LOADED) - len(REPAIRED)
    assert report.repaired == repeated.repaired == len(REPAIRED)
    assert len(kept) == report.rejected + report.repaired
    assert kept_repeated == kept
    assert repeated.events == 30 + len(LOADED) + len(REPAIRED)
    [(late,)] = project.query("SELECT count(*) FROM mixpanel._metadata WHERE late_count > 0")
    assert late == 0


def test_a_repaired_line_costs_no_request(project):
    report, kept = run_over(project, [good(1), *REPAIRED.values(), good(2)])  # not the first

    assert len(project.asked()) == 1
    assert (report.rejected, report.repaired) == (0, len(REPAIRED))
    assert report.events == 2 + len(REPAIRED)
    assert {reason for _, reason in kept} == {"repaired"}


def test_the_record_of_rejected_lines_follows_the_day(project):
    bad = REJECTED["no properties"]
    run_over(project, [good(1), bad, good(2)])

    _, kept = run_over(project, [good(1), good(2)])

    assert kept == []


def test_a_rejected_line_of_a_longer_window_is_kept_once(project):
    project.sandbox.dataset.add_line(LAST, REJECTED["no properties"] + b"\n")
    project.sandbox.dataset.add_line(LAST, good(1) + b"\n")
    yesterday = LAST - timedelta(days=1)
    project.sandbox.dataset.add_event("e", MIDNIGHT - 1000, insert_id="y")
    project.sync(yesterday, LAST)
    project.asked()

    report = project.sync(LAST, LAST)

    assert len(project.asked()) == 1
    assert report.rejected == 1
    assert project.query("SELECT window_start, count(*) FROM mixpanel._rejected GROUP BY 1") == [
        (LAST, 1)
    ]


def assert_has_request(project, error: MixpanelDataError) -> None:
    """The error names the export of the day; a run that loads a file that an earlier one fetched
    reads the request from the file's note."""
    assert isinstance(error, IncompleteExportError)
    assert (error.request_method, error.status_code) == ("GET", 200)
    assert error.request_url == f"{project.sandbox.base_url}/api/2.0/export"
    assert error.request_params
    assert error.request_params["from_date"] == error.request_params["to_date"] == str(LAST)
    assert error.request_params["project_id"] == account_of(project.sandbox).project_id
    assert account_of(project.sandbox).secret.get_secret_value() not in str(error.to_dict())


def test_the_error_about_a_file_of_an_earlier_run_has_its_request(project):
    project.sandbox.dataset.add_line(LAST, b'["event"]\n')
    first = project.job()
    wanted = first.begin(LAST, LAST)
    assert first.land(first.plan(wanted))  # and this run is killed
    project.asked()

    report = project.sync(LAST, LAST, refetch=False)

    assert project.asked() == []
    assert [error.reason for error in report.failures] == ["not an export"]
    assert_has_request(project, report.failures[0])


def test_the_error_about_a_file_that_no_part_of_duckdb_reads_has_its_request(project, monkeypatch):
    """No such content is known: the file is damaged between its check and its second load."""
    project.sandbox.dataset.add_event("e", MIDNIGHT)
    project.sandbox.dataset.add_line(LAST, b'{"event": "cut"\n')
    job = project.job(refetch=True)
    refetch = job.extraction.refetch

    def refetch_damaged(file: Landed) -> Landed:
        repeated = refetch(file)
        repeated.path.write_bytes(b"[]\n")
        return repeated

    monkeypatch.setattr(job.extraction, "refetch", refetch_damaged)

    report = job.run(first=LAST, last=LAST, only="events", build=False)

    assert [error.reason for error in report.failures] == ["unreadable"]
    assert_has_request(project, report.failures[0])


@pytest.mark.parametrize(
    "page",
    [
        b'<html>\n<script>{"event":"gtm.js"}</script>\n</html>\n',
        b'["event"]\n',
        b'"event"\n',
    ],
)
def test_a_page_of_something_else_is_no_export(project, page):
    project.sandbox.dataset.add_line(LAST, page)

    report = project.sync(LAST, LAST)

    assert [error.reason for error in report.failures] == ["not an export"]
    assert_has_request(project, report.failures[0])
    assert project.query("SELECT count(*) FROM mixpanel._metadata") == [(0,)]
    assert report.missing == [DAY]
    assert date(2026, 3, 10) not in project.ledger().days
