"""``mp sync``: the whole job."""

from typing import Annotated

import typer

from mixpanel_data.cli.options import AccountOption, DataDirOption, Format, FormatOption
from mixpanel_data.cli.run_sync import SyncOptions, run_sync
from mixpanel_data.sync.defaults import LOCK_WAIT_SECONDS

First = Annotated[
    str | None,
    typer.Option(
        "--from",
        metavar="DAY",
        help="First day, YYYY-MM-DD; of the days from then on the missing ones.",
    ),
]
Last = Annotated[
    str | None,
    typer.Option(
        "--to",
        metavar="DAY",
        help="Last day, included. With it, recent days are not refetched, unless by --reload-days.",
    ),
]
Refetch = Annotated[
    bool, typer.Option("--refetch", help="Fetch all days of the range, complete ones too.")
]
Only = Annotated[
    str | None, typer.Option(metavar="WHAT", help="Fetch only events, or only profiles.")
]
NoBuild = Annotated[
    bool, typer.Option("--no-build", help="Load only; leave dbt and the published file.")
]
NoFetch = Annotated[
    bool,
    typer.Option(
        "--no-fetch",
        help="Build and publish what is loaded. Nothing is requested, and no account is needed.",
    ),
]
ReloadDays = Annotated[
    int | None,
    typer.Option(
        min=0,
        metavar="N",
        help="Refetch so many recent days for late events, in place of MP_LOOKBACK_DAYS.",
    ),
]
Event = Annotated[
    list[str] | None,
    typer.Option(metavar="NAME", help="Only this event; repeatable. Needs its own data folder."),
]
Where = Annotated[
    str | None,
    typer.Option(metavar="EXPRESSION", help="Only events for which this is true. As --event."),
]
OldestFirst = Annotated[
    bool, typer.Option("--oldest-first", help="Fetch the oldest days first, not the newest.")
]
FullProfiles = Annotated[
    bool,
    typer.Option(
        "--full-profiles", help="Read all profiles, also if the last complete snapshot is recent."
    ),
]
StartOver = Annotated[
    bool,
    typer.Option(
        "--start-over",
        help=(
            "Start with an empty raw database; the old one is kept beside it. "
            "With --only events, profiles are kept."
        ),
    ),
]
MaxWait = Annotated[
    str | None,
    typer.Option(
        metavar="SECONDS",
        help="Longest wait for the request budget, also as 15m or 1h; after it, exit with code 5.",
    ),
]
LockWait = Annotated[
    float,
    typer.Option(
        min=0,
        metavar="SECONDS",
        help="Longest wait for another process that works in the data folder.",
    ),
]
Verbose = Annotated[
    bool, typer.Option("--verbose", "-v", help="Also list the published tables with their rows.")
]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="No progress and no summary.")]


def sync(
    first: First = None,
    last: Last = None,
    refetch: Refetch = False,
    only: Only = None,
    no_build: NoBuild = False,
    no_fetch: NoFetch = False,
    reload_days: ReloadDays = None,
    event: Event = None,
    where: Where = None,
    oldest_first: OldestFirst = False,
    full_profiles: FullProfiles = False,
    start_over: StartOver = False,
    max_wait: MaxWait = None,
    lock_wait: LockWait = LOCK_WAIT_SECONDS,
    account: AccountOption = None,
    data_dir: DataDirOption = None,
    quiet: Quiet = False,
    verbose: Verbose = False,
    fmt: FormatOption = Format.table,
) -> int:
    """Fetch what is missing, build and publish the tables.

    Events: every day up to yesterday that is not complete, and the last MP_LOOKBACK_DAYS (5) days,
    which are refetched for late events. --from and --to bound the days. After an interruption,
    rerun it: it continues where it stopped. Profiles: those seen since the last read, and all of
    them every MP_PROFILES_SNAPSHOT_DAYS (7).

    Example: mp sync --from 2026-01-01 --to 2026-01-31
    """
    # Unparsed: `dlt pipeline mixpanel run` passes the same options, and one place checks both.
    options = SyncOptions(
        first=first,
        last=last,
        refetch=refetch,
        only=only,
        build=not no_build,
        fetch=not no_fetch,
        reload_days=reload_days,
        events=tuple(event or ()),
        where=where,
        oldest_first=oldest_first,
        full_profiles=full_profiles,
        start_over=start_over,
        max_wait=max_wait,
        lock_wait=lock_wait,
        account=account,
        data_dir=data_dir,
    )
    return run_sync(options, quiet=quiet, verbose=verbose, fmt=fmt)
