"""The summary of a run."""

import sys

from mixpanel_data.cli.output.visible import visible
from mixpanel_data.sync import ProfileOutcome, SyncReport


def print_summary(report: SyncReport) -> None:
    """Print on stderr what was fetched, what changed and what is missing."""
    for line in summary_lines(report):
        print(visible(line), file=sys.stderr)


def summary_lines(report: SyncReport) -> list[str]:
    """Return the summary, one sentence a line."""
    lines = []
    if report.days:
        first, last = min(day.day for day in report.days), max(day.day for day in report.days)
        lines.append(
            f"Loaded {report.events:,} events of {len(report.days)} days, {first} to {last}."
            f"{_changes(report)}"
        )
    lines += [_profiles(read) for read in report.profile_reads]
    lines += report.warnings
    if report.rejected:
        lines.append(
            f"{report.rejected:,} lines can't be read; they are stored in the table _rejected."
        )
    if report.repaired:
        lines.append(
            f"{report.repaired:,} lines were loaded with replaced characters; "
            "the originals are stored in the table _rejected."
        )
    if report.failures:
        days = ", ".join(map(str, report.missing[:10])) or "no days of events"
        more = f" and {len(report.missing) - 10} more" if len(report.missing) > 10 else ""
        retry = " `mp sync` retries them." if report.missing else ""
        lines.append(
            f"NOT complete. Not fetched: {days}{more}. The reasons follow. Data loaded before is "
            f"kept.{retry}"
        )
    if report.published:
        tables = ", ".join(
            f"{name} {rows:,}" for name, rows in report.published.tables.items() if name[0] != "_"
        )
        lines.append(
            f"Published {report.published.path} ({report.published.bytes / 1e6:.1f} MB): {tables}."
        )
    elif not (report.days or report.profile_reads or report.failures):
        lines.append("Nothing to do.")
    lines.append(
        f"{report.requests} requests, {report.bytes / 1e6:.1f} MB over the wire, "
        f"{report.seconds:.1f} s.{_remaining_budget(report)}"
    )
    return lines


def _remaining_budget(report: SyncReport) -> str:
    left = [
        f"{state['remaining']} {family} requests"
        for family, state in report.budget.items()
        if state["spent"]
    ]
    return f" The hour has {' and '.join(left)} left." if left else ""


def _profiles(read: ProfileOutcome) -> str:
    what = f"{read.group_key} profiles" if read.group_key else "profiles"
    if read.since is None:
        return f"Loaded {read.fetched_rows:,} {what}, a complete snapshot."
    since = f"{read.since:%Y-%m-%d %H:%M:%S} UTC"
    return (
        f"Loaded {read.fetched_rows:,} {what} seen since {since}; there are {read.current_rows:,}."
    )


def _changes(report: SyncReport) -> str:
    refetched = [day for day in report.days if day.rows_before is not None]
    if not refetched:
        return ""
    # Two sums, since a total would hide late events behind deleted ones.
    gained = sum(max(0, day.rows - (day.rows_before or 0)) for day in refetched)
    lost = sum(max(0, (day.rows_before or 0) - day.rows) for day in refetched)
    return f" {len(refetched)} of them refetched: {gained:,} events more, {lost:,} fewer."
