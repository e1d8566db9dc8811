"""``mp query``: SQL over the tables, and reports of Mixpanel."""

from typing import Annotated

import typer

from mixpanel_data.cli.commands import query_events, query_saved, query_users
from mixpanel_data.cli.commands.statement import StatementCommand
from mixpanel_data.cli.options import DataDirOption, Format, FormatOption, QuietOption

_ROWS_OF_A_TABLE = 200
"""Rows that are printed as a table if `--max-rows` is not given."""

app = typer.Typer(
    help="Run SQL over the tables here, or reports of Mixpanel.",
    no_args_is_help=True,
    rich_markup_mode=None,
)


@app.command("sql", cls=StatementCommand)
def sql(
    statement: Annotated[
        str, typer.Argument(help="A SQL query, in DuckDB's dialect; - reads it from stdin.")
    ],
    max_rows: Annotated[
        int | None,
        typer.Option(
            min=1,
            max=2**31 - 1,
            metavar="N",
            help=f"The most rows to print. Default: {_ROWS_OF_A_TABLE} as a table, all as json, jsonl or csv.",
        ),
    ] = None,
    timeout: Annotated[
        float | None,
        typer.Option(metavar="SECONDS", help="Interrupt the query after so many seconds."),
    ] = None,
    on_spark: Annotated[
        bool,
        typer.Option(
            "--on-spark",
            help="Run it on Spark, over the published tables of the catalog: with the engine spark only.",
        ),
    ] = False,
    data_dir: DataDirOption = None,
    quiet: QuietOption = False,
    fmt: FormatOption = Format.table,
) -> None:
    """Run SQL over the published tables and the fetched ones.

    One statement that reads; it reaches no other file, no network and no settings. `mp inspect tables` lists the
    tables, `mp inspect describe TABLE` explains one. prop(properties, '$browser') reads a property by its name.

    Example: mp query sql "SELECT event, count(*) AS n FROM events GROUP BY ALL ORDER BY n DESC" --format json
    """
    import sys

    from mixpanel_data.cli.output.results import print_result
    from mixpanel_data.published import query as query_tables
    from mixpanel_data.settings import load_settings
    from mixpanel_data.sync.engine import query as query_on_spark

    text = sys.stdin.read() if statement == "-" else statement
    # A terminal can't show more, and a file or a program gets all rows.
    if max_rows is None and fmt is Format.table:
        max_rows = _ROWS_OF_A_TABLE
    settings = load_settings(data_dir=data_dir)
    if on_spark:
        rows = query_on_spark(settings, text, max_rows=max_rows, timeout=timeout)
    else:
        rows = query_tables(settings.folder, text, max_rows=max_rows, timeout=timeout)
    print_result(rows, fmt)
    if rows.truncated and not quiet:
        typer.echo(
            f"These are the first {len(rows):,} rows; there are more. --max-rows N prints more of them"
            + (", --format csv all." if fmt is Format.table else "."),
            err=True,
        )


app.command("segmentation")(query_events.segmentation)
app.command("event-counts")(query_events.event_counts)
app.command("property-counts")(query_events.property_counts)
app.command("numeric")(query_events.numeric)
app.command("funnel")(query_users.funnel)
app.command("retention")(query_users.retention)
app.command("frequency")(query_users.frequency)
app.command("insights")(query_saved.insights)
app.command("activity")(query_saved.activity)
app.command("jql")(query_saved.jql)
