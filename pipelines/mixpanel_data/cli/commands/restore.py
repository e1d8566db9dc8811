"""``mp restore``: puts the databases of a backup into a data folder."""

from pathlib import Path
from typing import Annotated

import typer

from mixpanel_data.cli.commands.backup import VERIFY, differing, show_backup
from mixpanel_data.cli.errors import INCOMPLETE
from mixpanel_data.cli.options import DataDirOption, Format, FormatOption, QuietOption
from mixpanel_data.sync.defaults import LOCK_WAIT_SECONDS

Source = Annotated[Path, typer.Argument(metavar="FOLDER", help="A folder that `mp backup` made.")]
Replace = Annotated[
    bool,
    typer.Option(
        "--replace",
        help="Replace the databases of a data folder that has some; they are renamed and kept.",
    ),
]


def restore(
    source: Source,
    replace: Replace = False,
    data_dir: DataDirOption = None,
    quiet: QuietOption = False,
    fmt: FormatOption = Format.table,
) -> int:
    """Restore a backup, and publish its tables.

    Every file is compared with the backup's manifest and read completely before anything in the
    data folder is touched. Without --replace, a data folder with databases is refused.

    Example: mp restore /mnt/backups/mixpanel-2026-01-31
    """
    from mixpanel_data.cli.output.results import print_result
    from mixpanel_data.settings import load_settings
    from mixpanel_data.sync import restore as restore_backup

    folder = load_settings(data_dir=data_dir).folder
    done = restore_backup(source, folder, replace=replace, lock_wait_seconds=LOCK_WAIT_SECONDS)
    if fmt is Format.table:
        rows = [("data folder", str(done.data_dir))]
        rows += [("published", str(done.published))] if done.published else []
        rows += [("kept", str(path)) for path in done.kept]
        show_backup(done.backup, rows, fmt)
    else:
        print_result(done.to_dict(), fmt)
    # A backup of a folder that was never built has nothing to publish, which is no failure.
    if done.published is None and not quiet:
        typer.echo("Nothing is published: `mp sync --no-fetch` builds and publishes.", err=True)
    if done.disagreements:
        message = "The backup has another number of rows than its ledger"
        typer.echo(f"{message}: {differing(done.disagreements)}. {VERIFY}", err=True)
        return INCOMPLETE
    if not quiet:
        typer.echo(
            "The rows agree with the ledger. `mp sync` fetches what came since the backup.",
            err=True,
        )
    return 0
