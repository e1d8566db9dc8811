"""``mp inspect``: what there is in the tables. No account is needed, and nothing is asked of Mixpanel."""

from typing import Annotated

import typer

from mixpanel_data.cli.open_workspace import answer
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
    """List the tables, published and fetched, and their rows.

    Example: mp inspect tables
    """
    from mixpanel_data.types import TableInfo

    answer(lambda ws: ws.tables(), fmt, data_dir=data_dir, quiet=quiet, of=TableInfo)


def schema(
    table: Table,
    data_dir: DataDirOption = None,
    quiet: QuietOption = False,
    fmt: FormatOption = Format.table,
) -> None:
    """Show the columns of a table.

    Example: mp inspect schema events
    """
    answer(lambda ws: ws.schema(table), fmt, data_dir=data_dir, quiet=quiet)


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
    """Show some rows of a table, taken at random.

    Example: mp inspect sample events --rows 3 --format jsonl
    """
    answer(lambda ws: ws.sample(table, rows, seed=seed), fmt, data_dir=data_dir, quiet=quiet)


def summarize(
    table: Table,
    data_dir: DataDirOption = None,
    quiet: QuietOption = False,
    fmt: FormatOption = Format.table,
) -> None:
    """Show what each column of a table holds.

    Type, smallest and greatest value, about how many distinct ones, mean, quartiles, and missing ones in percent.

    Example: mp inspect summarize sessions
    """
    answer(lambda ws: ws.summarize(table), fmt, data_dir=data_dir, quiet=quiet)


def info(
    account: AccountOption = None,
    data_dir: DataDirOption = None,
    quiet: QuietOption = False,
    fmt: FormatOption = Format.table,
) -> None:
    """Show which database is read, and whose project it is.

    Example: mp inspect info --format json
    """
    answer(lambda ws: ws.info(), fmt, account=account, data_dir=data_dir, quiet=quiet)
