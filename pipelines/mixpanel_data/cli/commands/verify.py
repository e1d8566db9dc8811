"""``mp verify``: reads all stored data, and compares it with the ledger."""

from typing import TYPE_CHECKING, Annotated

import typer

from mixpanel_data.cli.errors import FAILED, INCOMPLETE
from mixpanel_data.cli.options import DataDirOption, Format, FormatOption, QuietOption
from mixpanel_data.exceptions import NothingPublishedError
from mixpanel_data.sync.defaults import LOCK_WAIT_SECONDS

if TYPE_CHECKING:
    from mixpanel_data.sync import FolderCheck

Repair = Annotated[
    bool,
    typer.Option(
        "--repair",
        help="Record days whose rows differ from the ledger as missing: the next sync fetches them.",
    ),
]


def verify(
    repair: Repair = False,
    data_dir: DataDirOption = None,
    quiet: QuietOption = False,
    fmt: FormatOption = Format.table,
) -> int:
    """Read all stored data; compare rows with the ledger.

    Every block of every database in the data folder is read: raw, build, published and workspace.
    The exit code is 1 if a file is damaged, and 6 if the number of rows of days or profiles differs
    from the ledger. No request is sent.

    Example: mp verify --repair
    """
    from mixpanel_data.cli.output.rows import print_object, print_rows
    from mixpanel_data.settings import load_settings
    from mixpanel_data.sync import check_folder, exclusive

    folder = load_settings(data_dir=data_dir).folder
    # A folder that does not exist would be created by the lock, and found whole.
    if not folder.root.is_dir() or not any(folder.root.iterdir()):
        raise NothingPublishedError(str(folder.root))
    with exclusive(folder, wait_seconds=LOCK_WAIT_SECONDS):
        found = check_folder(folder, repair=repair)
    if fmt in (Format.json, Format.jsonl):
        print_object(found.to_dict())
    else:
        print_rows(["file", "table", "rows", "result"], [list(row) for row in found.rows()], fmt)
        if not quiet:
            typer.echo(_check_summary(found), err=True)
    if found.damaged:
        return FAILED
    # Damage first: a damaged file may also be why rows are missing.
    return INCOMPLETE if found.disagreements else 0


def _check_summary(found: "FolderCheck") -> str:
    from mixpanel_data.sync import damage_error

    if found.damaged:
        return " ".join(str(damage_error(file)) for file in found.damaged)
    if not found.files:
        return "There is no database here."
    if not found.disagreements:
        return (
            f"{len(found.files)} databases were read completely, and their rows agree with the "
            "ledger."
        )
    what = ", ".join(map(str, found.disagreements[:10]))
    more = f" and {len(found.disagreements) - 10} more" if len(found.disagreements) > 10 else ""
    next_step = (
        "They are recorded as missing: `mp sync` refetches them."
        if found.repaired
        else "`mp verify --repair` records them as missing, and `mp sync` refetches them."
    )
    return f"Not as many rows as the ledger has: {what}{more}. {next_step}"
