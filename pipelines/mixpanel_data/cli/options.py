"""Options that several commands share."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer


class Format(StrEnum):
    """How data is printed."""

    table = "table"
    json = "json"
    jsonl = "jsonl"
    csv = "csv"


FormatOption = Annotated[Format, typer.Option("--format", help="How to print the data.")]
AccountOption = Annotated[
    str | None,
    typer.Option("--account", "-a", help="A named account; else the default one.", metavar="NAME"),
]
DataDirOption = Annotated[
    Path | None,
    typer.Option(
        "--data-dir",
        help="The data folder; else MP_DATA_DIR, else the project's.",
        metavar="FOLDER",
    ),
]
