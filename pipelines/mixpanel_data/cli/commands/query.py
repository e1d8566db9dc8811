"""``mp query``: SQL over the tables, and reports of Mixpanel."""

from typing import Annotated

import typer

from mixpanel_data.cli.commands import query_events, query_saved, query_users
from mixpanel_data.cli.options import DataDirOption, Format, FormatOption, QuietOption

app = typer.Typer(
    help="Run SQL over the tables here, or reports of Mixpanel.",
    no_args_is_help=True,
    rich_markup_mode=None,
)


@app.command("sql")
def sql(
    statement: Annotated[
        str, typer.Argument(help="A SQL query, in DuckDB's dialect; - reads it from stdin.")
    ],
    data_dir: DataDirOption = None,
    quiet: QuietOption = False,
    fmt: FormatOption = Format.table,
) -> None:
    """Run SQL over the published tables and the fetched ones.

    Read-only. `mp inspect tables` lists the tables; `_metadata` records what was fetched when.

    Example: mp query sql "SELECT event, count(*) AS n FROM events GROUP BY ALL ORDER BY n DESC" --format json
    """
    import sys

    from mixpanel_data.cli.errors import warnings_to_stderr
    from mixpanel_data.cli.output.rows import print_rows
    from mixpanel_data.published import query as query_tables
    from mixpanel_data.settings import load_settings

    text = sys.stdin.read() if statement == "-" else statement
    with warnings_to_stderr(quiet=quiet):
        rows = query_tables(load_settings(data_dir=data_dir).folder, text)
    print_rows(rows.columns, rows, fmt)


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
