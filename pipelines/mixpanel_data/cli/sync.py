"""``mp sync``: the whole job."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from mixpanel_data.cli.options import AccountOption, DataDirOption, Format, FormatOption

if TYPE_CHECKING:
    from mixpanel_data._internal.report import SyncReport

LOCK_WAIT_SECONDS = 10.0


def sync(
    first: Annotated[
        str | None,
        typer.Option(
            "--from", metavar="DAY", help="First day to bring, YYYY-MM-DD, read again if there."
        ),
    ] = None,
    last: Annotated[
        str | None, typer.Option("--to", metavar="DAY", help="Last day, included.")
    ] = None,
    only: Annotated[str | None, typer.Option(help="Bring only events, or only profiles.")] = None,
    no_build: Annotated[
        bool, typer.Option("--no-build", help="Load only; leave dbt and the published file.")
    ] = False,
    account: AccountOption = None,
    data_dir: DataDirOption = None,
    quiet: Annotated[
        bool, typer.Option("--quiet", "-q", help="No progress and no summary.")
    ] = False,
    fmt: FormatOption = Format.table,
) -> int:
    """Bring what is missing, and the look-back days again; build and publish.

    Without dates: every day up to yesterday that is not there yet, and the last days (MP_LOOKBACK_DAYS, 5) again for
    what came late. All profiles are read anew.

    Example: mp sync --from 2026-01-01 --to 2026-01-31
    """
    return run_sync(
        first=first,
        last=last,
        only=only,
        build=not no_build,
        account=account,
        data_dir=data_dir,
        quiet=quiet,
        fmt=fmt,
    )


def run_sync(
    *,
    first: str | None = None,
    last: str | None = None,
    only: str | None = None,
    build: bool = True,
    account: str | None = None,
    data_dir: Path | None = None,
    quiet: bool = False,
    fmt: Format = Format.table,
) -> int:
    """The exit code of the job, after it was done and its outcome printed."""
    from mixpanel_data._internal.accounts import resolve
    from mixpanel_data._internal.dates import parse_day
    from mixpanel_data._internal.locking import exclusive
    from mixpanel_data._internal.progress import QUIET
    from mixpanel_data._internal.settings import load_settings
    from mixpanel_data._internal.sync import Sync
    from mixpanel_data.cli.errors import worst_code
    from mixpanel_data.cli.progress import drawn

    days = parse_day(first), parse_day(last)
    which = _only(only)
    settings = load_settings(data_dir=data_dir)
    credentials = resolve(settings, account).credentials
    with exclusive(settings.folder, wait_seconds=LOCK_WAIT_SECONDS), drawn(quiet) as progress:
        job = Sync(settings, credentials, progress=QUIET if quiet else progress)
        report = job.run(first=days[0], last=days[1], only=which, build=build)
    _print(report, fmt, quiet=quiet)
    return worst_code(report.failures)


def _only(value: str | None) -> Literal["events", "profiles"] | None:
    if value is None or value == "events" or value == "profiles":
        return value  # type: ignore[return-value]
    raise typer.BadParameter(f"{value!r} is neither events nor profiles.", param_hint="--only")


def _print(report: "SyncReport", fmt: Format, *, quiet: bool) -> None:
    from mixpanel_data.cli.errors import show_error
    from mixpanel_data.cli.output import print_object
    from mixpanel_data.cli.summary import print_summary

    if fmt in (Format.json, Format.jsonl):
        print_object(report.to_dict())
    elif not quiet:
        print_summary(report)
    for error in report.failures:
        show_error(error, as_json=fmt in (Format.json, Format.jsonl))
