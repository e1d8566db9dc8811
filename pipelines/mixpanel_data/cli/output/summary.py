"""The summary of a run."""

import sys
from collections.abc import Iterator

from mixpanel_data.cli.output.visible import visible
from mixpanel_data.sync import ProfileOutcome, SyncReport

SHOWN_WINDOWS = 5
SHOWN_READS = 3


def print_summary(report: SyncReport, *, verbose: bool = False) -> None:
    """Print on stderr each warning, and below them the summary."""
    for line in (*warning_lines(report), *summary_lines(report, verbose=verbose)):
        print(visible(line), file=sys.stderr)


def warning_lines(report: SyncReport) -> list[str]:
    """Return a line for each warning of the run."""
    return [f"Warning: {warning}" for warning in report.warnings]


def summary_lines(report: SyncReport, *, verbose: bool = False) -> list[str]:
    """Return at most eight lines: what was fetched, what changed, what is missing, where the file
    and its copies are, and what is left of the rate limit; with ``verbose`` also each published table."""
    return [line if not label else f"{label:<10} {line}" for label, line in _lines(report, verbose)]


def _lines(report: SyncReport, verbose: bool) -> Iterator[tuple[str, str]]:
    if not (report.days or report.profile_reads or report.failures or report.published):
        yield "", "Nothing to do: what is due is loaded, and the file is up to date."
    if report.days:
        first, last = min(day.day for day in report.days), max(day.day for day in report.days)
        yield "Events", f"{report.events:,} in {_count(len(report.days), 'day')}, {first} to {last}"
    if changed := _changes(report):
        yield "Changed", changed
    if report.profile_reads:
        yield "Profiles", _profiles(report.profile_reads)
    if report.rejected or report.repaired:
        yield "Lines", f"{_odd_lines(report)}; originals are in the table _rejected"
    if report.failures:
        yield "Missing", _missing(report)
    if report.schema_changes:
        yield "Schema", f"{_schema(report)}; see the table schema_changes"
    if report.published or report.copies or report.failed_copies:
        yield "Published", "; ".join(_published(report))
        if verbose and report.published:
            for name, rows in report.published.tables.items():
                yield "", f"  {name:<40} {rows:>14,}"
    yield (
        "Requests",
        f"{report.requests}, {report.bytes / 1e6:.1f} MB, {report.seconds:.1f} s{_budget(report)}",
    )
    if report.warnings:
        yield "Warnings", f"{len(report.warnings)}, above"


def _schema(report: SyncReport) -> str:
    kinds: dict[str, int] = {}
    for each in report.schema_changes:
        kinds[each.change] = kinds.get(each.change, 0) + 1
    return ", ".join(f"{count} {kind.replace('_', ' ')}" for kind, count in sorted(kinds.items()))


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def _odd_lines(report: SyncReport) -> str:
    parts = [
        (report.rejected, "can't be read"),
        (report.repaired, "loaded with replaced characters"),
    ]
    return ", ".join(f"{number:,} {what}" for number, what in parts if number)


def _missing(report: SyncReport) -> str:
    days = ", ".join(map(str, report.missing[:SHOWN_WINDOWS])) or "no days of events"
    more = len(report.missing) - SHOWN_WINDOWS
    retry = "; `mp sync` retries them" if report.missing else ""
    return f"{days}{f' and {more} more' if more > 0 else ''}: not complete, reasons follow{retry}"


def _published(report: SyncReport) -> Iterator[str]:
    if report.published:
        # Tables about the tables begin with an underscore.
        tables = [name for name in report.published.tables if not name.startswith("_")]
        size = report.published.bytes / 1e6
        yield f"{report.published.path} ({size:.1f} MB, {_count(len(tables), 'table')})"
    if copied := [copy.target for copy in report.copies if copy.is_new]:
        yield f"copied to {', '.join(copied)}"
    if has := [copy.target for copy in report.copies if not copy.is_new]:
        yield f"in {', '.join(has)} already"
    if failed := [error.target for error in report.failed_copies]:
        yield f"NOT copied to {', '.join(failed)}, reasons follow"


def _budget(report: SyncReport) -> str:
    names = {"export": "exports", "query": "queries"}
    left = [
        f"{state['remaining']} of {state['hourly_limit']} {names.get(family, family)}"
        for family, state in report.budget.items()
        if state["spent"]
    ]
    return f"; {' and '.join(left)} left this hour" if left else ""


def _profiles(reads: list[ProfileOutcome]) -> str:
    more = len(reads) - SHOWN_READS
    shown = "; ".join(_profile_read(read) for read in reads[:SHOWN_READS])
    return shown + (f"; {_count(more, 'more group')}" if more > 0 else "")


def _profile_read(read: ProfileOutcome) -> str:
    of = f" of {read.group_key}" if read.group_key else ""
    if read.since is None:
        return f"{read.fetched_rows:,}{of}, a complete snapshot"
    since = f"{read.since:%Y-%m-%d %H:%M} UTC"
    return f"{read.fetched_rows:,}{of} seen since {since}, {read.current_rows:,} in all"


def _changes(report: SyncReport) -> str | None:
    refetched = [day for day in report.days if day.rows_before is not None]
    if not refetched:
        return None
    gained = sum(max(0, day.rows - (day.rows_before or 0)) for day in refetched)
    lost = sum(max(0, (day.rows_before or 0) - day.rows) for day in refetched)
    return f"{_count(len(refetched), 'day')} refetched: {gained:,} events more, {lost:,} fewer"
