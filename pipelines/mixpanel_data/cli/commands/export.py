"""``mp export``: the published tables as Parquet files."""

from pathlib import Path
from typing import Annotated

import typer

from mixpanel_data.cli.options import DataDirOption, Format, FormatOption


def export(
    tables: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[TABLE]...",
            help="Published tables, such as sessions; else all but those about the tables.",
        ),
    ] = None,
    output: Annotated[
        Path | None,
        typer.Option(
            "--output",
            "-o",
            metavar="FOLDER",
            help="Where the files go; else `export` in the data folder.",
        ),
    ] = None,
    data_dir: DataDirOption = None,
    fmt: FormatOption = Format.table,
) -> None:
    """Write the tables of one build as Parquet files.

    Older files are replaced only when all new ones are complete.

    Example: mp export daily_active_users sessions --output marts
    """
    from mixpanel_data.cli.output.rows import print_rows
    from mixpanel_data.published import export_tables
    from mixpanel_data.settings import load_settings

    settings = load_settings(data_dir=data_dir)
    done = export_tables(
        settings.folder, tables or (), output=output, memory_limit=settings.memory_limit
    )
    rows = [list(each.to_dict().values()) for each in done]
    print_rows(["table", "path", "rows", "bytes"], rows, fmt)
