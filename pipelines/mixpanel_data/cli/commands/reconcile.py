"""``mp reconcile``: changes on days that runs do not refetch."""

from typing import TYPE_CHECKING, Annotated

import typer

from mixpanel_data.cli.options import (
    AccountOption,
    DataDirOption,
    Format,
    FormatOption,
    QuietOption,
)
from mixpanel_data.sync.defaults import LOCK_WAIT_SECONDS

if TYPE_CHECKING:
    from mixpanel_data.sync import Reconciliation

SHOWN = 5
"""Names that the summary lists."""

LONGEST_NAME = 80
"""Characters of a name in the summary."""

First = Annotated[
    str | None,
    typer.Option("--from", metavar="DAY", help="First day to compare; else the first there is."),
]
Last = Annotated[
    str | None,
    typer.Option("--to", metavar="DAY", help="Last day; else the last before the look-back."),
]
Reload = Annotated[
    bool, typer.Option("--reload", help="Refetch the days that differ, build and publish.")
]


def reconcile(
    first: First = None,
    last: Last = None,
    reload: Reload = False,
    account: AccountOption = None,
    data_dir: DataDirOption = None,
    quiet: QuietOption = False,
    fmt: FormatOption = Format.table,
) -> int:
    """Find days whose events differ from Mixpanel's own counts.

    It finds events that arrived after the look-back, and deleted ones. It takes a few requests of
    the query API, for any number of days. If a day still differs after --reload, Mixpanel's reports
    count it in another way than its export.

    Example: mp reconcile --from 2026-01-01 --reload
    """
    from mixpanel_data.auth import find_credentials
    from mixpanel_data.cli.errors import show_error, worst_code
    from mixpanel_data.cli.output.progress import show_progress
    from mixpanel_data.settings import load_settings, parse_day
    from mixpanel_data.sync import Reconciler

    settings = load_settings(data_dir=data_dir)
    credentials = find_credentials(settings, account).credentials
    as_json = fmt in (Format.json, Format.jsonl)
    with show_progress(quiet) as progress:
        reconciler = Reconciler(settings, credentials, progress=progress)
        found = reconciler.compare(parse_day(first), parse_day(last))
        report = None
        if reload and found.to_reload:
            report = reconciler.reload(found, lock_wait=LOCK_WAIT_SECONDS)
            # Counted once more, to tell late events from days that reports and export count
            # differently.
            found = reconciler.recount(found)
    extra = {"reloaded_days": [str(day.day) for day in report.days]} if report else {}
    _print_comparison(found, fmt, extra)
    if not quiet and not as_json:
        reloaded = report is not None and not report.failures
        typer.echo(_comparison_summary(found, reloaded=reloaded), err=True)
    failures = [*report.failures, *report.failed_copies] if report else []
    for error in failures:
        show_error(error, as_json=as_json)
    # A difference is a finding, not a failure: the exit code is that of the reload.
    return worst_code(failures)


def _print_comparison(found: "Reconciliation", fmt: Format, extra: dict[str, list[str]]) -> None:
    from mixpanel_data.cli.output.rows import print_object, print_rows

    if fmt in (Format.json, Format.jsonl):
        print_object(found.to_dict() | extra)
        return
    rows = [
        [each.day, each.mixpanel, each.here, each.mixpanel - each.here, _some(each.events)]
        for each in found.comparison.differences
    ]
    print_rows(["day", "mixpanel", "here", "difference", "events"], rows, fmt)


def _comparison_summary(found: "Reconciliation", *, reloaded: bool) -> str:
    if not found.days:
        return "There is no complete day to compare."
    differ = len(found.comparison.differences)
    lines = [
        f"{len(found.days)} days, {found.days[0]} to {found.days[-1]} in {found.zone.key}, were "
        f"compared by {found.requests} requests; "
        f"{differ or 'none'} differ{'s' if differ == 1 else ''}."
    ]
    if differ and reloaded:
        lines.append(
            "They were refetched: Mixpanel's reports count them in another way than its export."
        )
    elif differ:
        lines.append("`mp reconcile --reload` refetches them.")
    if found.comparison.not_in_reports:
        lines.append(
            f"Left out, because reports do not have them: {_some(found.comparison.not_in_reports)}."
        )
    return " ".join(lines)


def _some(names: tuple[str, ...]) -> str:
    more = len(names) - SHOWN
    shown = (
        name if len(name) <= LONGEST_NAME else f"{name[:LONGEST_NAME]}…" for name in names[:SHOWN]
    )
    return ", ".join(shown) + (f" and {more} more" if more > 0 else "")
