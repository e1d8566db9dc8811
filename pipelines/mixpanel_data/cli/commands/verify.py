"""``mp verify``: whether all that is stored can be read, and agrees with the ledger."""

from typing import TYPE_CHECKING, Annotated

import typer

from mixpanel_data.cli.errors import FAILED, INCOMPLETE
from mixpanel_data.cli.options import DataDirOption, Format, FormatOption, QuietOption
from mixpanel_data.sync.defaults import LOCK_WAIT_SECONDS

if TYPE_CHECKING:
    from mixpanel_data.sync import FolderCheck

Repair = Annotated[
    bool,
    typer.Option(
        "--repair",
        help="Days whose rows are not those of the ledger count as missing from now on: the next sync fetches them.",
    ),
]


def verify(
    repair: Repair = False,
    data_dir: DataDirOption = None,
    quiet: QuietOption = False,
    fmt: FormatOption = Format.table,
) -> int:
    """Read all that is stored, and compare rows with the ledger.

    Every block of every database in the data folder is read: raw, build, published and workspace.
    Ends with 1 when a file is damaged, and with 6 when days or profiles are not as many rows as the ledger has.
    Nothing is asked of Mixpanel.

    Example: mp verify --repair
    """
    from mixpanel_data.cli.output.rows import print_object, print_rows
    from mixpanel_data.settings import load_settings
    from mixpanel_data.sync import check_folder, exclusive

    folder = load_settings(data_dir=data_dir).folder
    with exclusive(folder, wait_seconds=LOCK_WAIT_SECONDS):
        found = check_folder(folder, repair=repair)
    if fmt in (Format.json, Format.jsonl):
        print_object(found.to_dict())
    else:
        print_rows(["file", "table", "rows", "result"], [list(row) for row in found.rows()], fmt)
        if not quiet:
            typer.echo(_sentence(found), err=True)
    if found.damaged:
        return FAILED
    return INCOMPLETE if found.disagreements else 0


def _sentence(found: "FolderCheck") -> str:
    from mixpanel_data.sync import damage_error

    if found.damaged:
        return " ".join(str(damage_error(file)) for file in found.damaged)
    if not found.files:
        return "There is no database here yet."
    if not found.disagreements:
        return (
            f"{len(found.files)} databases were read whole, and the rows are those of the ledger."
        )
    what = ", ".join(map(str, found.disagreements[:10]))
    more = f" and {len(found.disagreements) - 10} more" if len(found.disagreements) > 10 else ""
    next_step = (
        "They count as missing now: `mp sync` fetches them."
        if found.repaired
        else "`mp verify --repair` makes them missing, and `mp sync` fetches them again."
    )
    return f"Not as many rows as the ledger has: {what}{more}. {next_step}"
