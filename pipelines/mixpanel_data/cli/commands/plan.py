"""``mp plan``: the requests of a sync, without sending them."""

from typing import TYPE_CHECKING

import typer

from mixpanel_data.cli.commands.sync import First, Last, OldestFirst, Refetch, ReloadDays
from mixpanel_data.cli.options import AccountOption, DataDirOption, Format, FormatOption

if TYPE_CHECKING:
    from mixpanel_data.sync import Preview


def plan(
    first: First = None,
    last: Last = None,
    refetch: Refetch = False,
    reload_days: ReloadDays = None,
    oldest_first: OldestFirst = False,
    account: AccountOption = None,
    data_dir: DataDirOption = None,
    fmt: FormatOption = Format.table,
) -> None:
    """Show the requests that `mp sync` would make for events.

    No request is sent. Where the volume of days is unknown, small requests are planned; a sync
    enlarges them as days arrive, and so needs fewer.

    Example: mp plan --from 2026-01-01
    """
    from mixpanel_data.cli.output.rows import print_object, print_rows
    from mixpanel_data.sync import plan as plan_requests

    preview = plan_requests(
        first=first,
        last=last,
        refetch=refetch,
        reload_days=reload_days,
        oldest_first=oldest_first,
        account=account,
        data_dir=data_dir,
    )
    if fmt is Format.json:
        print_object(preview.to_dict())
        return
    columns = ["from", "to", "days", "already loaded", "expected MB"]
    rows = [
        [
            str(request.window.first),
            str(request.window.last),
            len(request.window),
            request.days_there,
            None if request.expected_bytes is None else round(request.expected_bytes / 1e6, 1),
        ]
        for request in preview.requests
    ]
    print_rows(columns, rows, fmt)
    if fmt is Format.table:
        typer.echo(_footer(preview), err=True)


def _footer(preview: "Preview") -> str:
    from mixpanel_data.settings import format_duration

    wanted = preview.wanted
    when = (
        "now"
        if preview.seconds < 1
        else f"in {format_duration(preview.seconds)}, at {preview.done_at:%Y-%m-%d %H:%M} UTC"
    )
    days = (wanted.last - wanted.first).days + 1
    return (
        f"{len(preview.requests)} requests for {preview.days_due} of {days} days, {wanted.first} "
        f"to {wanted.last}; {preview.days_there} are already loaded. The budget allows "
        f"{preview.remaining} exports now; the last of these can be sent {when}."
    )
