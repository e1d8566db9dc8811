"""``mp plan``: the requests of a sync, without sending them."""

from typing import TYPE_CHECKING, Any

import typer

from mixpanel_data.cli.commands.sync import First, Last, OldestFirst, Refetch, ReloadDays
from mixpanel_data.cli.options import AccountOption, DataDirOption, Format, FormatOption

if TYPE_CHECKING:
    from mixpanel_data.sync import PlannedRequest, Preview


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
    """Show the requests that `mp sync` would make.

    No request is sent. Where the volume of days is unknown, small requests are planned; a sync
    enlarges them as days arrive, and so needs fewer.

    Example: mp plan --from 2026-01-01
    """
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
    print_preview(preview, fmt)


def print_preview(preview: "Preview", fmt: Format = Format.table) -> None:
    """Print the requests of a run, and below a table what they need of the budget."""
    from mixpanel_data.cli.output.rows import print_object, print_rows

    if fmt is Format.json:
        print_object(preview.to_dict())
        return
    if fmt is Format.table:
        columns = ["from", "to", "days", "loaded", "expected"]
        sizes = [_size(request) for request in preview.requests]
    else:
        # Programs get bytes and a flag in place of a text such as "about 12 MB".
        columns = ["from_date", "to_date", "days", "days_there", "expected_bytes", "is_estimate"]
        sizes = [[request.expected_bytes, request.is_estimate] for request in preview.requests]
    rows = [
        [
            str(request.window.first),
            str(request.window.last),
            len(request.window),
            request.days_there,
            *size,
        ]
        for request, size in zip(preview.requests, sizes, strict=True)
    ]
    print_rows(columns, rows, fmt)
    if fmt is Format.table:
        typer.echo(_footer(preview), err=True)


def _size(request: "PlannedRequest") -> list[Any]:
    from mixpanel_data.settings import format_size

    if request.expected_bytes is None:
        return ["unknown"]
    about = "about " if request.is_estimate else ""
    return [f"{about}{format_size(request.expected_bytes)}"]


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
