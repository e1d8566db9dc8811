"""Options that several commands share."""

from collections.abc import Callable
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer


class Format(StrEnum):
    """The formats of printed data."""

    table = "table"
    json = "json"
    jsonl = "jsonl"
    csv = "csv"


def _account_names(incomplete: str) -> list[str]:
    from mixpanel_data.auth import ConfigManager
    from mixpanel_data.exceptions import ConfigError

    try:
        names = [account.name for account in ConfigManager().list_accounts()]
    except ConfigError:
        return []  # shell completion can't show errors
    return [name for name in names if name.startswith(incomplete)]


def one_of(*values: str) -> Callable[[str], list[str]]:
    """Return shell completion for ``values``; the library decides whether others are valid."""

    def complete(incomplete: str) -> list[str]:
        return [value for value in values if value.startswith(incomplete)]

    return complete


# One definition of each option, so that its name and meaning are the same in all commands.
FormatOption = Annotated[Format, typer.Option("--format", help="How to print the data.")]
AccountOption = Annotated[
    str | None,
    typer.Option(
        "--account",
        "-a",
        help="A named account; else the default one.",
        metavar="NAME",
        autocompletion=_account_names,
    ),
]
DataDirOption = Annotated[
    Path | None,
    typer.Option(
        "--data-dir",
        help="The data folder; else MP_DATA_DIR, else the project's.",
        metavar="FOLDER",
    ),
]
FreshOption = Annotated[
    bool,
    typer.Option("--fresh", help="Send a new request, also if one was answered minutes ago."),
]
QuietOption = Annotated[bool, typer.Option("--quiet", "-q", help="Nothing on stderr but errors.")]
# As text: the library parses days, and its errors name the right form.
FromOption = Annotated[str, typer.Option("--from", metavar="DAY", help="First day, YYYY-MM-DD.")]
ToOption = Annotated[str, typer.Option("--to", metavar="DAY", help="Last day, included.")]
WhereOption = Annotated[
    str | None,
    typer.Option(
        metavar="EXPRESSION",
        help="""Only what this is true for, such as 'properties["plan"] == "pro"'.""",
    ),
]
OnOption = Annotated[
    str | None,
    typer.Option(metavar="PROPERTY", help="Split by this property, or by an expression."),
]
UnitOption = Annotated[
    str | None,
    typer.Option(
        metavar="UNIT",
        help="minute, hour, day, week or month; else day.",
        autocompletion=one_of("minute", "hour", "day", "week", "month"),
    ),
]
SegmentationUnitOption = Annotated[
    str | None,
    typer.Option(
        "--unit",
        metavar="UNIT",
        help="minute, hour, day or month; else day. Weeks: `mp query event-counts`.",
        autocompletion=one_of("minute", "hour", "day", "month"),
    ),
]
PeriodOption = Annotated[
    str | None,
    typer.Option(
        "--unit",
        metavar="UNIT",
        help="day, week or month; else day.",
        autocompletion=one_of("day", "week", "month"),
    ),
]
TypeOption = Annotated[
    str | None,
    typer.Option(
        "--type",
        metavar="TYPE",
        help="Count events (general), users (unique), or events a user (average).",
        autocompletion=one_of("general", "unique", "average"),
    ),
]
LimitOption = Annotated[int | None, typer.Option(min=1, metavar="N", help="At most so many.")]
MostValuesOption = Annotated[
    int | None,
    typer.Option("--limit", min=1, metavar="N", help="With --on: at most so many values."),
]

FirstShownDayOption = Annotated[
    str | None,
    typer.Option(
        "--from", metavar="DAY", help="First day, YYYY-MM-DD; else 90 days up to the last."
    ),
]
LastShownDayOption = Annotated[
    str | None,
    typer.Option("--to", metavar="DAY", help="Last day, included; else the newest there is."),
]
OpenOption = Annotated[bool, typer.Option("--open/--no-open", help="Open it in the browser.")]
