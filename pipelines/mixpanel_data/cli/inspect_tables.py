"""``mp inspect``: what there is in the tables. No account is needed, and nothing is asked of Mixpanel."""

from typing import Annotated

import typer

from mixpanel_data.cli.ask import answer
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
    """List the published tables and the fetched ones, with the number of their rows.

    Example: mp inspect tables
    """
    answer(lambda ws: ws.tables(), fmt, data_dir=data_dir, quiet=quiet)


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
    rows: Annotated[int, typer.Option(min=1, help="How many rows.")] = 10,
    seed: Annotated[int | None, typer.Option(help="The same rows for the same number.")] = None,
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
    """Show smallest, greatest, distinct and missing values of each column of a table.

    Example: mp inspect summarize sessions
    """
    answer(lambda ws: ws.summarize(table), fmt, data_dir=data_dir, quiet=quiet)


def info(
    account: AccountOption = None,
    data_dir: DataDirOption = None,
    quiet: QuietOption = False,
    fmt: FormatOption = Format.table,
) -> None:
    """Show which database is read, whose project it is, and its tables.

    Example: mp inspect info --format json
    """
    answer(lambda ws: ws.info(), fmt, account=account, data_dir=data_dir, quiet=quiet)
