"""A sync from a command line: `mp sync`, dlt's command, or the pipeline script."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import typer

from mixpanel_data.cli.options import Format
from mixpanel_data.sync.defaults import LOCK_WAIT_SECONDS

if TYPE_CHECKING:
    from mixpanel_data.sync import SyncReport


@dataclass(frozen=True)
class SyncOptions:
    """The options of a sync, unparsed."""

    first: str | None = None
    last: str | None = None
    refetch: bool = False
    only: str | None = None
    build: bool = True
    fetch: bool = True
    reload_days: int | None = None
    events: tuple[str, ...] = ()
    where: str | None = None
    oldest_first: bool = False
    full_profiles: bool = False
    start_over: bool = False
    max_wait: str | None = None
    lock_wait: float = LOCK_WAIT_SECONDS
    account: str | None = None
    data_dir: Path | None = None


def run_sync(
    options: SyncOptions, *, quiet: bool = False, verbose: bool = False, fmt: Format = Format.table
) -> int:
    """Run the job, print its outcome, and return the exit code."""
    from mixpanel_data.cli.errors import worst_code
    from mixpanel_data.cli.output.progress import show_progress
    from mixpanel_data.exceptions import MixpanelDataError
    from mixpanel_data.sync import sync

    only = _only(options.only)
    # Profiles are read as they are now, so a snapshot (--full-profiles) already starts over.
    if options.start_over and only == "profiles":
        raise typer.BadParameter(
            "it works without --only, or with --only events.", param_hint="--start-over"
        )
    if not options.fetch and (wrong := _about_the_fetch(options)):
        raise typer.BadParameter(
            f"it only builds and publishes: leave out {', '.join(wrong)}.", param_hint="--no-fetch"
        )
    try:
        with show_progress(quiet) as progress:
            report = sync(
                first=options.first,
                last=options.last,
                only=only,
                events=options.events,
                where=options.where,
                refetch=options.refetch,
                reload_days=options.reload_days,
                oldest_first=options.oldest_first,
                full_profiles=options.full_profiles,
                start_over=options.start_over,
                build=options.build,
                fetch=options.fetch,
                account=options.account,
                data_dir=options.data_dir,
                max_wait=options.max_wait,
                lock_wait_seconds=options.lock_wait,
                progress=progress,
            )
    except MixpanelDataError as error:
        # After a failed build, what was fetched is loaded all the same.
        if error.report and (error.report.days or error.report.profile_reads):
            _print_report(error.report, fmt, quiet=quiet, verbose=verbose)
        raise
    _print_report(report, fmt, quiet=quiet, verbose=verbose)
    return worst_code([*report.failures, *report.failed_copies])


def _about_the_fetch(options: SyncOptions) -> list[str]:
    """Return the options that have no meaning without a fetch."""
    given = {
        "--from": options.first,
        "--to": options.last,
        "--refetch": options.refetch,
        "--only": options.only,
        "--no-build": not options.build,
        "--reload-days": options.reload_days is not None,
        "--event": options.events,
        "--where": options.where,
        "--oldest-first": options.oldest_first,
        "--full-profiles": options.full_profiles,
        "--start-over": options.start_over,
    }
    return [option for option, value in given.items() if value]


def _only(value: str | None) -> Literal["events", "profiles"] | None:
    if value is None or value == "events" or value == "profiles":
        return value  # type: ignore[return-value]
    raise typer.BadParameter(f"{value!r} is neither events nor profiles.", param_hint="--only")


def _print_report(report: "SyncReport", fmt: Format, *, quiet: bool, verbose: bool) -> None:
    from mixpanel_data.cli.errors import show_error
    from mixpanel_data.cli.output.rows import print_object
    from mixpanel_data.cli.output.summary import print_summary

    if fmt in (Format.json, Format.jsonl):
        print_object(report.to_dict())
    elif not quiet:
        print_summary(report, verbose=verbose)
    # After the summary, so that the last lines on the terminal are those to act on.
    for error in (*report.failures, *report.failed_copies):
        show_error(error, as_json=fmt in (Format.json, Format.jsonl))
