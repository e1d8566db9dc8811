"""``mp backup``: copies the databases of a data folder that is in use."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from mixpanel_data.cli.errors import INCOMPLETE
from mixpanel_data.cli.options import DataDirOption, Format, FormatOption, QuietOption
from mixpanel_data.sync.defaults import LOCK_WAIT_SECONDS

if TYPE_CHECKING:
    from mixpanel_data.sync import Backup

Target = Annotated[
    Path, typer.Argument(metavar="FOLDER", help="The folder to create; it must not exist.")
]
WithoutWorkspace = Annotated[
    bool,
    typer.Option("--without-workspace", help="Leave out the tables that workspaces fetched."),
]
LockWait = Annotated[
    float,
    typer.Option(
        min=0,
        metavar="SECONDS",
        help="Longest wait for another process that works in the data folder.",
    ),
]


def backup(
    target: Target,
    without_workspace: WithoutWorkspace = False,
    lock_wait: LockWait = LOCK_WAIT_SECONDS,
    data_dir: DataDirOption = None,
    quiet: QuietOption = False,
    fmt: FormatOption = Format.table,
) -> int:
    """Copy the databases of the data folder, even in use.

    The backup has what was loaded, the last build with a project's snapshots, and what workspaces
    fetched. All of it is read back and compared with the ledger. It holds no secret. `mp restore`
    restores it.

    Example: mp backup /mnt/backups/mixpanel-2026-01-31
    """
    from mixpanel_data.settings import load_settings
    from mixpanel_data.sync import back_up

    settings = load_settings(data_dir=data_dir)
    made = back_up(
        settings.folder,
        target,
        workspace=not without_workspace,
        lock_wait_seconds=lock_wait,
    )
    show_backup(made, [], fmt)
    if made.disagreements:
        # The copy is as good as the original, so it is kept, and the code says that both lack rows.
        message = "The data folder has another number of rows than its ledger"
        typer.echo(f"{message}: {differing(made.disagreements)}. {VERIFY}", err=True)
    elif not quiet:
        typer.echo("The backup was read completely, and agrees with the ledger.", err=True)
    return INCOMPLETE if made.disagreements else 0


VERIFY = "`mp verify --repair` records them as missing, and `mp sync` refetches them."


def differing(found: Sequence[object]) -> str:
    """Return the first days and profiles whose rows differ from the ledger's, for a message."""
    more = len(found) - 10
    shown = ", ".join(map(str, found[:10]))
    return f"{shown} and {more} more" if more > 0 else shown


def show_backup(made: "Backup", rows: list[tuple[str, str]], fmt: Format) -> None:
    """Print a backup; ``rows`` come first in a table."""
    from mixpanel_data.cli.output.results import print_result
    from mixpanel_data.cli.output.rows import print_rows

    if fmt is not Format.table:
        print_result(made.to_dict(), fmt)
        return
    # In MB of 10^6 bytes, as all sizes that `mp` prints.
    files = ", ".join(f"{file.path} ({file.bytes / 1e6:.1f} MB)" for file in made.files)
    project = f"{made.project_id} ({made.region})" if made.project_id else "none"
    rows = [
        *rows,
        ("backup", str(made.path)),
        ("made", f"{made.created_at:%Y-%m-%d %H:%M:%S} UTC"),
        ("project", project),
        ("files", files),
        ("days", f"{made.days:,}"),
        ("events", f"{made.events:,}"),
        ("profiles", f"{made.profiles:,}"),
    ]
    print_rows(["", "value"], rows, fmt)
