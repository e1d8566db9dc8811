"""A broken stream: the right rows after a retry, or a named error with nothing of that window loaded."""

from datetime import timedelta

import pytest

from mixpanel_data.exceptions import IncompleteExportError
from mixpanel_data.sandbox.faults import Fault, FaultKind

from .conftest import LAST

FIRST = LAST - timedelta(days=14)
# As planned on an empty ledger: the newest five days, the five before, then the rest.
WINDOWS = [(4, 0), (9, 5), (14, 10)]

BROKEN = [
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


@pytest.mark.parametrize("window", WINDOWS, ids=["first", "middle", "last"])
@pytest.mark.parametrize(
    "kind", [FaultKind.CUT_GZIP, FaultKind.TERMINATED_EARLY, FaultKind.RESET_MID_BODY]
)
def test_promise_3_a_window_that_stays_broken_is_left_out_and_named(project, fill, kind, window):
    fill(15)
    first, last = days(window)
    project.sandbox.faults.add(Fault(kind, from_date=first, times=None))

    report = project.sync(FIRST, LAST)

    _only_the_window_is_missing(project, report, first, last)


@pytest.mark.parametrize("kind", BROKEN)
def test_promise_3_every_kind_of_break_is_seen(project, fill, kind):
    fill(10)
    first, last = days(WINDOWS[0])
    project.sandbox.faults.add(Fault(kind, from_date=first, times=None))

    report = project.sync(LAST - timedelta(days=9), LAST)

    _only_the_window_is_missing(project, report, first, last)


def _only_the_window_is_missing(project, report, first, last):
    [error] = report.failures
    assert isinstance(error, IncompleteExportError)
    assert (error.from_date, error.to_date) == (str(first), str(last))
    assert f"--from {first} --to {last}" in str(error)
    missing = project.served(first, last)
    assert missing
    wanted = report.wanted
    assert project.loaded() == project.served(wanted.first, wanted.last) - missing
    assert not [day for day in project.ledger().days if first <= day <= last]


@pytest.mark.parametrize(
    "kind", [*BROKEN, FaultKind.RESET_BEFORE_HEADERS, FaultKind.STATUS_503, *HARMLESS]
)
def test_what_passes_is_survived(project, fill, kind):
    fill(5)
    project.sandbox.faults.add(Fault(kind, times=1))

    report = project.sync(LAST - timedelta(days=4), LAST)

    assert report.failures == []
    assert project.loaded() == project.served(LAST - timedelta(days=4), LAST)


def test_a_broken_day_read_again_leaves_what_was_there(project, fill):
    fill(5)
    project.sync(LAST - timedelta(days=4), LAST)
    before = project.loaded()
    project.sandbox.faults.add(Fault(FaultKind.TERMINATED_EARLY, times=None))

    report = project.sync(LAST, LAST)

    assert len(report.failures) == 1
    assert project.loaded() == before


@pytest.mark.parametrize("kind", [FaultKind.MALFORMED_MIDDLE_LINE, FaultKind.SPLIT_RECORD])
def test_a_bad_line_in_the_middle_that_does_not_come_again_is_forgotten(project, fill, kind):
    fill(5)
    project.sandbox.faults.add(Fault(kind, times=1))

    report = project.sync(LAST - timedelta(days=4), LAST)

    assert report.failures == []
    assert project.loaded() == project.served(LAST - timedelta(days=4), LAST)
    assert project.query("SELECT count(*) FROM mixpanel._rejected") == [(0,)]


PERMANENT = {
    "half a line": b'{"event":"a","prop\n',
    "an object that is no JSON": b'{"event":"a","properties":{"time":1,,}}\n',
    "a lone surrogate": b'{"event":"a","properties":{"time":%d,"x":"\\ud83d"}}\n',
    "no properties": b'{"event":"a"}\n',
    "no time": b'{"event":"a","properties":{"distinct_id":"u"}}\n',
    "a time of another day": b'{"event":"a","properties":{"time":1000}}\n',
    "not UTF-8": b'{"event":"a\xff","properties":{"time":%d}}\n',
}


@pytest.mark.parametrize("line", PERMANENT.values(), ids=PERMANENT)
def test_a_line_that_mixpanel_has_so_is_set_apart_and_the_day_is_loaded(project, fill, line):
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
