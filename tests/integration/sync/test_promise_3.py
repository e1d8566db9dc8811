"""A cut stream: the right rows after a retry, or a named error with nothing of that window loaded."""

from collections import Counter
from datetime import timedelta

import pytest
from support.project import LAST

from mixpanel_data._internal.streams.windows import Window
from mixpanel_data.cli.output.summary import summary_lines
from mixpanel_data.exceptions import APIError, IncompleteExportError, ServerError
from mixpanel_data.sandbox.faults import Fault, FaultKind

# As planned on an empty ledger: the newest five days, the five before, ten more, and so on.
WINDOWS = [(4, 0), (9, 5), (19, 10), (39, 20)]
FIRST = LAST - timedelta(days=39)


FAULTY = [
    FaultKind.RESET_MID_BODY,
    FaultKind.SHORT_CONTENT_LENGTH,
    FaultKind.MISSING_LAST_CHUNK,
    FaultKind.CUT_GZIP,
    FaultKind.LOST_GZIP_TRAILER,
    FaultKind.CORRUPT_GZIP,
    FaultKind.FALSE_GZIP_HEADER,
    FaultKind.TERMINATED_EARLY,
    FaultKind.HALF_LAST_LINE,
    FaultKind.CUT_AFTER_NEWLINE,
    FaultKind.HTML_200,
    FaultKind.ERROR_OBJECT_200,
]

HARMLESS = [
    FaultKind.TWO_GZIP_MEMBERS,
    FaultKind.PLAIN_INSTEAD_OF_GZIP,
    FaultKind.WRONG_CONTENT_TYPE,
    FaultKind.NO_CHARSET,
    FaultKind.SLOW_DRIP,
]


def days(window):
    return LAST - timedelta(days=window[0]), LAST - timedelta(days=window[1])


@pytest.mark.parametrize("kind", FAULTY)
def test_promise_3_windows_that_stay_faulty_are_left_out_and_named(project, fill, kind):
    fill(40, 12)  # enough to be compressed: a plain body cut after a line shows nothing
    bad = [days(WINDOWS[place]) for place in (0, 1, 3)]  # the first, one in the middle, the last
    for first, _ in bad:
        project.sandbox.faults.add(Fault(kind, from_date=first, times=None))

    report = project.sync(FIRST, LAST)

    assert {type(error) for error in report.failures} == {IncompleteExportError}
    assert sorted((e.from_date, e.to_date) for e in report.failures) == sorted(
        (str(first), str(last)) for first, last in bad
    )
    assert report.requests == len(project.asked())
    for error in report.failures:
        assert f"--from {error.from_date} --to {error.to_date}" in str(error)
    there = days(WINDOWS[2])
    assert project.loaded() == project.served(*there)
    assert sorted(project.ledger().days) == sorted(Window(*there).days())


UNANSWERED = {
    FaultKind.RESET_BEFORE_HEADERS: APIError,
    FaultKind.STALL_BEFORE_HEADERS: APIError,
    FaultKind.STALL: IncompleteExportError,
    FaultKind.STATUS_503: ServerError,
}


@pytest.mark.parametrize("kind", UNANSWERED)
def test_promise_3_windows_that_are_never_answered_are_left_out_and_the_others_go_on(
    project, fill, kind
):
    fill(40, 12)
    bad = [days(WINDOWS[place]) for place in (0, 1, 3)]
    for first, _ in bad:
        project.sandbox.faults.add(Fault(kind, from_date=first, seconds=60, times=None))

    report = project.sync(FIRST, LAST, read_timeout=0.3)

    assert [type(error) for error in report.failures] == [UNANSWERED[kind]] * 3
    [missing] = [line for line in summary_lines(report) if line.startswith("Missing")]
    assert "2026-01-30..2026-02-18, 2026-03-01..2026-03-10: not complete" in missing
    assert "`mp sync` retries them" in missing
    assert report.missing == [Window(*bad[2]), Window(bad[1][0], bad[0][1])]
    assert project.loaded() == project.served(*days(WINDOWS[2]))


def test_promise_10_a_bad_line_costs_no_other_window_anything(project, fill):
    fill(20)
    event = project.sandbox.dataset.events_on(LAST)[0]
    project.sandbox.dataset.add_line(LAST, PERMANENT["half a line"])
    project.sandbox.dataset.add_event("after", event.time_ms, distinct_id="u")

    report = project.sync(LAST - timedelta(days=19), LAST)

    assert (report.failures, report.rejected) == ([], 1)
    assert project.loaded() == project.served(LAST - timedelta(days=19), LAST)
    asked = Counter(project.asked())
    assert {window: count for window, count in asked.items() if count > 1} == {
        (str(LAST - timedelta(days=4)), str(LAST)): 2
    }


def test_a_server_that_answers_nothing_at_all_is_given_up(project, fill):
    fill(40, 2)
    project.sandbox.faults.add(Fault(FaultKind.RESET_BEFORE_HEADERS, times=None))

    report = project.sync(FIRST, LAST)

    assert {type(error) for error in report.failures} == {APIError}
    assert len(set(project.asked())) == 3


@pytest.mark.parametrize(
    "kind", [*FAULTY, FaultKind.RESET_BEFORE_HEADERS, FaultKind.STATUS_503, *HARMLESS]
)
def test_what_passes_is_survived(project, fill, kind):
    fill(5)
    project.sandbox.faults.add(Fault(kind, times=1))

    report = project.sync(LAST - timedelta(days=4), LAST)

    assert report.failures == []
    assert project.loaded() == project.served(LAST - timedelta(days=4), LAST)


def test_a_server_that_falls_silent_is_left_and_asked_once_more(project, fill):
    fill(5)
    project.sandbox.faults.add(Fault(FaultKind.STALL, seconds=60, times=1))

    report = project.sync(LAST - timedelta(days=4), LAST, read_timeout=0.5)

    assert report.failures == []
    assert project.loaded() == project.served(LAST - timedelta(days=4), LAST)


def test_a_line_of_20_megabytes_is_an_event_like_any_other(project, fill):
    fill(5)
    project.sandbox.faults.add(Fault(FaultKind.HUGE_LINE, size=20_000_000, times=None))

    report = project.sync(LAST - timedelta(days=4), LAST)

    assert report.failures == []
    assert sum(project.loaded().values()) == 200
    [(longest,)] = project.query("SELECT max(length(properties::VARCHAR)) FROM mixpanel.events")
    assert longest > 19_000_000


def test_an_empty_answer_where_there_were_events_has_to_come_twice(project, fill):
    fill(5)
    project.sync(LAST - timedelta(days=4), LAST)
    project.sandbox.faults.add(Fault(FaultKind.EMPTY_BODY, times=1))

    report = project.sync(LAST, LAST)

    assert report.failures == []
    assert project.loaded() == project.served(LAST - timedelta(days=4), LAST)


def test_promise_10_a_faulty_day_reread_leaves_what_was_there(project, fill):
    fill(5)
    project.sync(LAST - timedelta(days=4), LAST)
    before = project.loaded()
    project.sandbox.faults.add(Fault(FaultKind.TERMINATED_EARLY, times=None))

    report = project.sync(LAST, LAST)

    assert len(report.failures) == 1
    assert project.loaded() == before


@pytest.mark.parametrize("kind", [FaultKind.MALFORMED_MIDDLE_LINE, FaultKind.SPLIT_RECORD])
def test_a_bad_line_in_the_middle_that_does_not_come_once_more_is_forgotten(project, fill, kind):
    fill(5)
    project.sandbox.faults.add(Fault(kind, times=1))

    report = project.sync(LAST - timedelta(days=4), LAST)

    assert report.failures == []
    assert project.loaded() == project.served(LAST - timedelta(days=4), LAST)
    assert project.query("SELECT count(*) FROM mixpanel._rejected") == [(0,)]


PERMANENT = {
    "half a line": b'{"event":"a","prop\n',
    "an object that is no JSON": b'{"event":"a","properties":{"time":1,,}}\n',
    "no properties": b'{"event":"a"}\n',
    "no time": b'{"event":"a","properties":{"distinct_id":"u"}}\n',
    "a time of another day": b'{"event":"a","properties":{"time":1000}}\n',
    "not UTF-8": b'{"event":"a\xff","properties":{"time":%d,,}}\n',
}


@pytest.mark.parametrize("line", PERMANENT.values(), ids=PERMANENT)
def test_promise_10_a_line_that_mixpanel_has_so_is_rejected_and_the_day_is_loaded(
    project, fill, line
):
    fill(5)
    dataset = project.sandbox.dataset
    event = dataset.events_on(LAST)[0]
    dataset.add_line(LAST, line.replace(b"%d", str(event.time_ms).encode()))
    dataset.add_event(
        "after", event.time_ms, distinct_id="u"
    )  # so that the bad line is not the last

    report = project.sync(LAST - timedelta(days=4), LAST)

    assert report.failures == []
    assert project.loaded() == project.served(LAST - timedelta(days=4), LAST)
    assert report.rejected == 1
    [(first, last, raw)] = project.query(
        "SELECT window_start, window_end, raw FROM mixpanel._rejected"
    )
    assert (first, last) == (LAST - timedelta(days=4), LAST)
    assert raw == line.replace(b"%d", str(event.time_ms).encode()).strip().decode(
        "utf-8", "backslashreplace"
    )
