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
    from datetime import date

    from mixpanel_data.sync import Reconciliation, Repair
    from mixpanel_data.sync.compare_counts import DayDifference

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
RepairOption = Annotated[
    bool,
    typer.Option(
        "--repair",
        "--reload",
        help="Refetch the days that a refetch can correct, as far as the budget allows; build and publish.",
    ),
]
MostRequests = Annotated[
    int | None,
    typer.Option(
        "--max-requests",
        min=1,
        max=60,
        metavar="N",
        help="The most export requests of --repair.",
    ),
]


def reconcile(
    first: First = None,
    last: Last = None,
    repair: RepairOption = False,
    max_requests: MostRequests = None,
    account: AccountOption = None,
    data_dir: DataDirOption = None,
    quiet: QuietOption = False,
    fmt: FormatOption = Format.table,
) -> int:
    """Find days that differ from Mixpanel's counts, and why.

    It takes a few requests of the query API, for any number of days. Each difference has a verdict:
    late, deleted, still_exported, renamed, hidden, dropped, not_counted, time_basis, sampling, plan
    or unknown. --repair refetches days with the verdicts late and deleted, which a refetch can
    correct. Every comparison is kept in the published table _reconciliations.

    The exit code is that of the refetch; a difference is no failure.

    Example: mp reconcile --from 2026-01-01 --repair
    """
    from mixpanel_data.auth import find_credentials
    from mixpanel_data.cli.errors import show_error, worst_code
    from mixpanel_data.cli.output.progress import show_progress
    from mixpanel_data.settings import load_settings, parse_day
    from mixpanel_data.sync import Reconciler

    settings = load_settings(data_dir=data_dir)
    credentials = find_credentials(settings, account).credentials
    as_json = fmt in (Format.json, Format.jsonl)
    done = None
    with show_progress(quiet) as progress:
        reconciler = Reconciler(settings, credentials, progress=progress)
        found = reconciler.compare(parse_day(first), parse_day(last))
        is_due = repair and bool(found.to_reload)
        published = reconciler.record(found, publication=not is_due)
        if is_due:
            done = reconciler.repair(found, lock_wait=LOCK_WAIT_SECONDS, max_requests=max_requests)
            # Counted once more: what is left is no longer explained by late events.
            found = reconciler.recount(found)
            published = reconciler.record(found)
    _print_comparison(found, fmt, _of_repair(done) | {"in_table": published})
    if not quiet and not as_json:
        typer.echo(_comparison_summary(found, done), err=True)
    failures = [*done.report.failures, *done.report.failed_copies] if done else []
    for error in failures:
        show_error(error, as_json=as_json)
    # A difference is a finding, not a failure: the exit code is that of the refetch.
    return worst_code(failures)


def _of_repair(done: "Repair | None") -> dict[str, object]:
    if done is None:
        return {}
    return {
        "reloaded_days": [str(day.day) for day in done.report.days],
        "left_days": [str(day) for day in done.left],
    }


def _print_comparison(found: "Reconciliation", fmt: Format, extra: dict[str, object]) -> None:
    from mixpanel_data.cli.output.rows import print_object, print_rows

    if fmt in (Format.json, Format.jsonl):
        print_object(found.to_dict() | extra)
        return
    verdicts: dict[date | None, dict[str, None]] = {}
    for each in found.verdicts:
        verdicts.setdefault(each.day, {})[each.verdict] = None
    totals: dict[date | None, DayDifference] = {
        each.day: each for each in found.comparison.differences
    }
    rows = []
    for day, kinds in verdicts.items():
        judged = [each for each in found.verdicts if each.day == day]
        whole = totals.get(day)
        there = whole.mixpanel if whole else sum(each.mixpanel for each in judged)
        here = whole.here if whole else sum(each.here for each in judged)
        names = tuple(each.event for each in judged)
        rows.append([day or "all", there, here, there - here, ", ".join(kinds), _some(names)])
    print_rows(["day", "mixpanel", "here", "difference", "verdict", "events"], rows, fmt)


def _comparison_summary(found: "Reconciliation", done: "Repair | None") -> str:
    from mixpanel_data.sync import VERDICTS

    if not found.days:
        return "There is no complete day to compare."
    differ = len({each.day for each in found.verdicts if each.day})
    lines = [
        f"{len(found.days)} days, {found.days[0]} to {found.days[-1]} in {found.zone.key}, were "
        f"compared by {found.requests} requests; "
        f"{differ or 'none'} differ{'s' if differ == 1 else ''}."
    ]
    lines += [
        f"{verdict} ({number}): {VERDICTS[verdict]}." for verdict, number in found.numbers.items()
    ]
    if found.plan_days is not None:
        lines.append(
            f"The project's plan gives access to {found.plan_days} days; older ones were not compared."
        )
    if done and done.left:
        lines.append(
            f"{len(done.left)} days are left, since the budget of the hour did not suffice: "
            "repeat the command later."
        )
    elif done and "late" in found.numbers:
        lines.append(
            "The late ones were refetched, and the export does not have them yet: repeat it tomorrow."
        )
    elif found.to_reload:
        lines.append("`mp reconcile --repair` refetches what is late or deleted.")
    return "\n".join(lines)


def _some(names: tuple[str, ...]) -> str:
    more = len(names) - SHOWN
    shown = (
        name if len(name) <= LONGEST_NAME else f"{name[:LONGEST_NAME]}…" for name in names[:SHOWN]
    )
    return ", ".join(shown) + (f" and {more} more" if more > 0 else "")
