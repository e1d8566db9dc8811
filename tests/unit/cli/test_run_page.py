"""The table and the page that a scheduler shows of a run."""

from datetime import date

from mixpanel_data._internal.planning.events import Range
from mixpanel_data._internal.run.report import DayOutcome, SyncReport
from mixpanel_data.cli.output.run_page import day_table, summary_page
from mixpanel_data.exceptions import ConfigError, IncompleteExportError

FIRST, LAST = date(2026, 3, 1), date(2026, 3, 6)


def report() -> SyncReport:
    """Four days of six: two failed with an error of their own, one was left alone after it."""
    made = SyncReport(wanted=Range(FIRST, LAST), due=frozenset(day(n) for n in range(1, 7)))
    made.days = [
        DayOutcome(day(4), 9, 7, 2, 100, 0.25),
        DayOutcome(day(1), 5, None, 0, 50, 0.1),
        DayOutcome(day(5), 5, 5, 0, 50, 0.1),
    ]
    made.failures = [
        IncompleteExportError("It ended.", reason="cut gzip", from_date=day(2), to_date=day(3))
    ]
    return made


def day(number: int) -> date:
    return FIRST.replace(day=number)


def test_the_table_has_every_day_in_order_with_its_change_and_its_state():
    rows = {row["day"]: row for row in day_table(report())}

    assert list(rows) == [str(day(n)) for n in range(1, 7)]
    assert rows["2026-03-04"] == {
        "day": "2026-03-04",
        "rows": 9,
        "change": 2,
        "late": 2,
        "bytes": 100,
        "seconds": 0.25,
        "state": "changed",
    }
    assert [row["state"] for row in rows.values()] == [
        *("new", "missing: INCOMPLETE_EXPORT", "missing: INCOMPLETE_EXPORT"),
        *("changed", "unchanged", "missing: INCOMPLETE_EXPORT"),
    ]
    assert (rows["2026-03-02"]["rows"], rows["2026-03-05"]["change"]) == (None, 0)


def test_the_page_has_the_command_for_each_missing_period():
    page = summary_page("sync 2026-03-01..06", report())

    assert page.startswith("# sync 2026-03-01..06: failed\n")
    assert "3 days did not arrive." in page
    commands = (
        "mp sync --from 2026-03-02 --to 2026-03-03\nmp sync --from 2026-03-06 --to 2026-03-06"
    )
    assert f"```\n{commands}\n```" in page
    assert "/how-to/runbook/)" in page


def test_text_of_others_is_no_markdown_and_no_control_character():
    made = SyncReport(warnings=["<img src=x> [a](javascript:b) `c` **d** \x1b]52;c;x\x07"])

    page = summary_page("sync", made)

    assert r"- \<img src=x\> \[a\](javascript:b) \`c\` \*\*d\*\* \\x1b\]52;c;x\\x07" in page


def test_an_error_before_the_fetch_is_the_failure_of_the_page():
    page = summary_page("sync", SyncReport(), error=ConfigError("These days can't be fetched."))

    assert "- CONFIG\\_ERROR: These days can't be fetched." in page
    assert "Nothing to do" not in page
