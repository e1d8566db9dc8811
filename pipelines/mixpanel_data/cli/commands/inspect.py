"""``mp inspect``: the contents of the Mixpanel project and of the tables."""

import typer

from mixpanel_data.cli.commands import inspect_project, inspect_tables

app = typer.Typer(
    help="List what Mixpanel has, and what the tables here have.",
    no_args_is_help=True,
    rich_markup_mode=None,
)

app.command("events")(inspect_project.events)
app.command("properties")(inspect_project.properties)
app.command("values")(inspect_project.values)
app.command("top-events")(inspect_project.top_events)
app.command("funnels")(inspect_project.funnels)
app.command("cohorts")(inspect_project.cohorts)
app.command("bookmarks")(inspect_project.bookmarks)
app.command("lexicon")(inspect_project.lexicon)
app.command("tables")(inspect_tables.tables)
app.command("schema")(inspect_tables.schema)
app.command("describe")(inspect_tables.describe)
app.command("sample")(inspect_tables.sample)
app.command("summarize")(inspect_tables.summarize)
app.command("info")(inspect_tables.info)
