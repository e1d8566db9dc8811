"""``mp query``: ask the published file."""

from pathlib import Path
from typing import Annotated, Any

import typer

from mixpanel_data.cli.options import DataDirOption, Format, FormatOption

app = typer.Typer(help="Ask questions of the data.", no_args_is_help=True, rich_markup_mode=None)


@app.callback()
def _group() -> None:
    """Ask questions of the data."""


@app.command("sql")
def sql(
    statement: Annotated[
        str, typer.Argument(help="A SQL query, in DuckDB's dialect; - reads it from stdin.")
    ],
    data_dir: DataDirOption = None,
    fmt: FormatOption = Format.table,
) -> None:
    """Run SQL over the published tables: events, profiles, _metadata and the marts. Read-only.

    Example: mp query sql "SELECT event, count(*) AS n FROM events GROUP BY ALL ORDER BY n DESC" --format json
    """
    import sys

    from mixpanel_data._internal.settings import load_settings
    from mixpanel_data.cli.output import print_rows

    text = sys.stdin.read() if statement == "-" else statement
    columns, rows = ask(load_settings(data_dir=data_dir).folder.published, text)
    print_rows(columns, rows, fmt)


def ask(published: Path, statement: str) -> tuple[list[str], list[tuple[Any, ...]]]:
    """The columns and rows that the published file answers ``statement`` with. Read-only, and no other file is touched.

    Raises:
        ConfigError: nothing is published yet.
        QueryError: DuckDB refused the SQL.
    """
    import duckdb

    from mixpanel_data.exceptions import ConfigError, QueryError

    if not published.is_file():
        raise ConfigError(f"Nothing is published in {published.parent} yet. Run `mp sync` first.")
    with duckdb.connect(str(published), read_only=True) as connection:
        try:
            # Only this file: a query that some agent wrote reads and writes no other.
            connection.execute("SET enable_external_access = false")
            found = connection.execute(statement)
            return [column[0] for column in found.description or []], found.fetchall()
        except duckdb.Error as error:
            raise QueryError(f"The SQL can't be run: {error}", details={"sql": statement}) from None
