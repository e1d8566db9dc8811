"""``mp inspect`` for the tables. It needs no account and sends no request."""

from typing import Annotated

import typer

from mixpanel_data.cli.open_workspace import open_workspace, print_answer
from mixpanel_data.cli.options import (
    AccountOption,
    DataDirOption,
    Format,
    FormatOption,
    QuietOption,
)

Table = Annotated[str, typer.Argument(help="The table's name: `mp inspect tables`.")]


def tables(
    data_dir: DataDirOption = None,
    quiet: QuietOption = False,
    fmt: FormatOption = Format.table,
) -> None:
    """List the tables, published and fetched.

    Example: mp inspect tables
    """
    from mixpanel_data.cli.output.table_comments import print_tables

    with open_workspace(data_dir=data_dir, quiet=quiet) as workspace:
        found = workspace.tables()
    print_tables(found, fmt)


def schema(
    table: Annotated[
        str | None, typer.Argument(help="The table's name: `mp inspect tables`; else all tables.")
    ] = None,
    data_dir: DataDirOption = None,
    quiet: QuietOption = False,
    fmt: FormatOption = Format.table,
) -> None:
    """Show the columns of a table, or of all tables.

    With their types and descriptions.

    Example: mp inspect schema events
    """
    from mixpanel_data.cli.output.table_comments import print_columns

    with open_workspace(data_dir=data_dir, quiet=quiet) as workspace:
        found = workspace.schema(table) if table else workspace.schema()
    print_columns(found, fmt)


def describe(
    table: Table,
    data_dir: DataDirOption = None,
    quiet: QuietOption = False,
    fmt: FormatOption = Format.table,
) -> None:
    """Show what a table means.

    Its rows, keys, joins, caveats, example questions and columns.

    Example: mp inspect describe daily_active_users
    """
    from mixpanel_data.cli.output.table_comments import print_description

    with open_workspace(data_dir=data_dir, quiet=quiet) as workspace:
        found = workspace.schema(table)
    print_description(found, fmt)


def sample(
    table: Table,
    rows: Annotated[int, typer.Option(min=1, metavar="N", help="How many rows.")] = 10,
    seed: Annotated[
        int | None, typer.Option(metavar="N", help="The same rows for the same number.")
    ] = None,
    data_dir: DataDirOption = None,
    quiet: QuietOption = False,
    fmt: FormatOption = Format.table,
) -> None:
    """Show some rows of a table at random.

    Example: mp inspect sample events --rows 3 --format jsonl
    """
    print_answer(lambda ws: ws.sample(table, rows, seed=seed), fmt, data_dir=data_dir, quiet=quiet)


def summarize(
    table: Table,
    data_dir: DataDirOption = None,
    quiet: QuietOption = False,
    fmt: FormatOption = Format.table,
) -> None:
    """Show statistics of each column.

    These are type, minimum, maximum, approximate number of distinct values, mean, quartiles, and
    missing values in percent.

    Example: mp inspect summarize sessions
    """
    print_answer(lambda ws: ws.summarize(table), fmt, data_dir=data_dir, quiet=quiet)


def info(
    account: AccountOption = None,
    data_dir: DataDirOption = None,
    quiet: QuietOption = False,
    fmt: FormatOption = Format.table,
) -> None:
    """Show which database is read, and whose project it is.

    Example: mp inspect info --format json
    """
    print_answer(lambda ws: ws.info(), fmt, account=account, data_dir=data_dir, quiet=quiet)
