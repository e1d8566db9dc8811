"""The report of a run as a table and as Markdown, for the pages of a scheduler."""

import re
from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any

from mixpanel_data.cli.output.summary import summary_lines, warning_lines
from mixpanel_data.cli.output.visible import visible
from mixpanel_data.exceptions import IncompleteExportError, MixpanelDataError
from mixpanel_data.sync import SyncReport, Window

DOCUMENTATION = "https://mixpanel-data.readthedocs.io"
"""The published documentation, to which pages link."""

SHOWN = 20
"""Missing windows, failures or warnings that a page lists."""

_SPECIAL = re.compile(r"([\\`*_{}\[\]<>#|~])")


def day_table(report: SyncReport) -> list[dict[str, Any]]:
    """Return a row for each day that was loaded or is missing, oldest first.

    Keys are ``day``, ``rows``, ``change`` (rows more or fewer than before; None for a new day),
    ``late`` (events that arrived after the day), ``bytes`` (received, compressed), ``seconds`` (of
    its request) and ``state``: new, changed, unchanged, or missing with the code of the error.
    """
    rows = [
        {
            "day": str(day.day),
            "rows": day.rows,
            "change": None if day.rows_before is None else day.rows - day.rows_before,
            "late": day.late,
            "bytes": day.bytes,
            "seconds": round(day.seconds, 3),
            "state": _state(day.rows, day.rows_before),
        }
        for day in report.days
    ]
    nothing = dict.fromkeys(("rows", "change", "late", "bytes", "seconds"))
    for window in report.missing:
        for day in window.days():
            code = _code_for(day, report.failures)
            rows.append({"day": str(day), **nothing, "state": f"missing: {code}"})
    return sorted(rows, key=lambda row: str(row["day"]))


def _state(rows: int, before: int | None) -> str:
    if before is None:
        return "new"
    return "unchanged" if rows == before else "changed"


def _code_for(day: date, failures: list[MixpanelDataError]) -> str:
    for error in failures:
        if isinstance(error, IncompleteExportError):
            first, last = error.from_date, error.to_date
            if first and last and first <= str(day) <= last:
                return error.code
    # Without an error of its own, it was not requested: an earlier error ended the requests.
    return failures[0].code if failures else "not requested"


def summary_page(name: str, report: SyncReport, *, error: Exception | None = None) -> str:
    """Return the summary of a run in Markdown: what was done, what is missing, the command that
    fetches it, each failure and warning, and links.

    Args:
        name: Name of the run.
        report: Its report.
        error: The error that ended it early, if any.
    """
    return "\n".join(_page(name, report, error))


def _page(name: str, report: SyncReport, error: Exception | None) -> Iterator[str]:
    failures = [*report.failures, *report.failed_copies]
    failed = bool(failures or error)
    yield f"# {_plain(name)}: {'failed' if failed else 'done'}"
    yield ""
    lines = summary_lines(report)
    if failed:  # a run that ended before it fetched anything has not found that nothing is due
        lines = [line for line in lines if not line.startswith("Nothing to do")]
    yield from _list(_labelled(line) for line in lines)
    if report.missing:
        yield from _heading("Missing days")
        yield f"{_count_days(report.missing)} did not arrive. The next run fetches them, or type:"
        yield ""
        yield from _code(map(_command, report.missing[:SHOWN]))
        yield from _more(len(report.missing) - SHOWN, "periods")
    if failed:
        yield from _heading("Failures")
        shown = [*failures[:SHOWN], *([error] if error and error not in failures else [])]
        yield from _list(_plain(_text(each)) for each in shown)
        yield from _more(len(failures) - SHOWN, "failures")
    if report.warnings:
        yield from _heading("Warnings")
        yield from _list(
            _plain(line.removeprefix("Warning: ")) for line in warning_lines(report)[:SHOWN]
        )
        yield from _more(len(report.warnings) - SHOWN, "warnings")
    if report.published:
        yield from _heading("Published tables")
        yield "| table | rows |"
        yield "|:--|--:|"
        for table, rows in report.published.tables.items():
            yield f"| {_plain(table)} | {rows:,} |"
    yield ""
    links = {"Errors": "reference/errors/", "Runbook": "how-to/runbook/"} if failed else {}
    links |= {"Limits of the data": "limits/", "Prefect": "schedulers/prefect/"}
    yield " · ".join(f"[{text}]({DOCUMENTATION}/{path})" for text, path in links.items())


def _labelled(line: str) -> str:
    label, _, rest = line.partition(" ")
    return f"**{label}** {_plain(rest.strip())}" if line[10:11] == " " else _plain(line)


def _text(error: Exception) -> str:
    return f"{error.code}: {error}" if isinstance(error, MixpanelDataError) else str(error)


def _command(window: Window) -> str:
    return f"mp sync --from {window.first} --to {window.last}"


def _count_days(windows: list[Window]) -> str:
    days = sum((window.last - window.first + timedelta(1)).days for window in windows)
    return f"{days:,} day{'' if days == 1 else 's'}"


def _heading(text: str) -> list[str]:
    return ["", f"## {text}", ""]


def _list(lines: Iterator[str]) -> Iterator[str]:
    return (f"- {line}" for line in lines)


def _code(lines: Iterator[str]) -> list[str]:
    return ["```", *lines, "```"]


def _more(number: int, what: str) -> list[str]:
    return ["", f"and {number:,} more {what}"] if number > 0 else []


def _plain(text: str) -> str:
    """Return text that Markdown and a terminal show as it is: a name of an event may contain
    anything."""
    return _SPECIAL.sub(r"\\\1", " ".join(visible(text).split()))
