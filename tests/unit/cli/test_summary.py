"""The summary that closes a sync."""

from datetime import date, datetime, timedelta
from pathlib import Path

import pytest

from mixpanel_data._internal.publication.publish import Published
from mixpanel_data._internal.run.report import DayOutcome
from mixpanel_data.cli.output.summary import print_summary, summary_lines
from mixpanel_data.exceptions import IncompleteExportError, PublishTargetError
from mixpanel_data.published import TargetCopy
from mixpanel_data.sync import ProfileOutcome, SyncReport

DAY = date(2026, 3, 10)
TABLES = {"_metadata": 3} | {f"table_{n:02}": n for n in range(25)}


@pytest.fixture
def full() -> SyncReport:
    """A run in which everything happened that the summary names."""
    report = SyncReport(rejected=3, repaired=1, requests=7, bytes=3_200_000, seconds=12.3)
    report.due = frozenset(DAY - timedelta(days=2 * n) for n in range(20))
    report.days = [
        DayOutcome(DAY, 1_500, 1_490, 0),
        DayOutcome(DAY - timedelta(days=1), 9, None, 0),
    ]
    seen = datetime(2026, 3, 10, 12, 30, 59)
    report.profile_reads = [
        ProfileOutcome("", 3, 1_204, seen),
        *(ProfileOutcome(f"group_{n}", 10, 10, None) for n in range(9)),
    ]
    report.failures = [IncompleteExportError("It ended early.", reason="cut")]
    report.warnings = ["The file was changed.", "All tables were rebuilt: the models changed."]
    report.published = Published(Path("data/mixpanel.duckdb"), 19_400_000, TABLES)
    report.budget = {
        "export": {"spent": 7, "remaining": 53, "hourly_limit": 60},
        "query": {"spent": 0, "remaining": 60, "hourly_limit": 60},
    }
    return report


def test_it_has_eight_lines_at_most_after_any_run(full: SyncReport) -> None:
    lines = summary_lines(full)

    assert [line.split()[0] for line in lines] == [
        "Events",
        "Changed",
        "Profiles",
        "Lines",
        "Missing",
        "Published",
        "Requests",
        "Warnings",
    ]
    assert max(map(len, lines)) < 200
    assert lines[0] == "Events     1,509 in 2 days, 2026-03-09 to 2026-03-10"
    assert lines[1] == "Changed    1 day refetched: 10 events more, 0 fewer"
    assert lines[2].startswith("Profiles   3 seen since 2026-03-10 12:30 UTC, 1,204 in all; 10 of")
    assert lines[2].endswith("; 7 more groups")
    assert "3 can't be read, 1 loaded with replaced characters" in lines[3]
    assert "and 14 more: not complete" in lines[4]
    assert lines[5] == "Published  data/mixpanel.duckdb (19.4 MB, 25 tables)"
    assert lines[6] == "Requests   7, 3.2 MB, 12.3 s; 53 of 60 exports left this hour"


def test_with_verbose_it_lists_the_tables(full: SyncReport) -> None:
    lines = summary_lines(full, verbose=True)

    assert [line.split() for line in lines if line.startswith("  ")] == [
        [name, str(rows)] for name, rows in TABLES.items()
    ]


def test_each_warning_is_printed_above_it(
    full: SyncReport, capsys: pytest.CaptureFixture[str]
) -> None:
    print_summary(full)

    lines = capsys.readouterr().err.splitlines()
    assert lines[:2] == [f"Warning: {warning}" for warning in full.warnings]
    assert lines[-1] == "Warnings   2, above"


def test_a_run_without_work_says_so() -> None:
    lines = summary_lines(SyncReport())

    assert lines == [
        "Nothing to do: what is due is loaded, and the file is up to date.",
        "Requests   0, 0.0 MB, 0.0 s",
    ]


def copied(target: str, *, is_new: bool = True) -> TargetCopy:
    return TargetCopy(target, "parquet", "/out", "1", {"events": 3}, 3, is_new=is_new)


def test_copies_are_in_the_line_of_the_publication(full: SyncReport) -> None:
    full.copies = [copied("lake"), copied("warehouse", is_new=False)]
    full.failed_copies = [PublishTargetError("No.", details={"target": "bi"})]

    lines = summary_lines(full)

    assert len(lines) == 8
    assert lines[5].endswith(
        "; copied to lake; in warehouse already; NOT copied to bi, reasons follow"
    )
    full.published = None
    assert summary_lines(full)[5].startswith("Published  copied to lake; in warehouse")


def test_failed_copies_are_raised_after_failures_of_the_fetch() -> None:
    failure = IncompleteExportError("It ended early.", reason="cut")
    failed_copy = PublishTargetError("No.", details={"target": "bi"})

    with pytest.raises(ExceptionGroup, match="not copied to every publish target") as raised:
        SyncReport(failed_copies=[failed_copy]).raise_failures()
    assert raised.value.exceptions == (failed_copy,)
    with pytest.raises(ExceptionGroup, match="Not everything arrived") as raised:
        SyncReport(failures=[failure], failed_copies=[failed_copy]).raise_failures()
    assert raised.value.exceptions == (failure, failed_copy)
