"""``mp fetch``: events and profiles into a table of the user's."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Annotated

import typer

from mixpanel_data.cli.open_workspace import open_workspace
from mixpanel_data.cli.options import (
    AccountOption,
    DataDirOption,
    Format,
    FormatOption,
    FromOption,
    QuietOption,
    ToOption,
    WhereOption,
)

app = typer.Typer(
    help="Fetch events or profiles into tables of your own.",
    no_args_is_help=True,
    rich_markup_mode=None,
)

Append = Annotated[bool, typer.Option("--append", help="Add to an existing table.")]


@app.command("events")
def events(
    first: FromOption,
    last: ToOption,
    name: Annotated[
        str | None, typer.Option(metavar="TABLE", help="The table; else events, or fetched_events.")
    ] = None,
    event: Annotated[
        list[str] | None, typer.Option(metavar="NAME", help="Only this event; repeatable.")
    ] = None,
    where: WhereOption = None,
    append: Append = False,
    account: AccountOption = None,
    data_dir: DataDirOption = None,
    quiet: QuietOption = False,
    fmt: FormatOption = Format.table,
) -> None:
    """Fetch the events of some days, completely or not at all.

    Duplicates are removed. A line that can't be read does not affect others: it is reported on
    stderr, and stored in the table _rejected.

    Example: mp fetch events --from 2026-01-01 --to 2026-01-07 --event Signup --name signups
    """
    from mixpanel_data.cli.output.results import print_result

    with (
        open_workspace(account, data_dir, quiet=quiet) as workspace,
        _counted("events", quiet=quiet) as progress,
    ):
        result = workspace.fetch_events(
            # An empty list would be refused, and typer may give one for an option that was not
            # given.
            name=name, from_date=first, to_date=last, events=event or None, where=where,
            append=append, progress=progress,
        )  # fmt: skip
    print_result(result, fmt)


@app.command("profiles")
def profiles(
    name: Annotated[
        str | None,
        typer.Option(metavar="TABLE", help="The table; else profiles, or fetched_profiles."),
    ] = None,
    where: WhereOption = None,
    output_property: Annotated[
        list[str] | None,
        typer.Option("--property", metavar="NAME", help="Fetch this property only; repeatable."),
    ] = None,
    cohort: Annotated[
        int | None,
        typer.Option(metavar="ID", help="Only people of this saved cohort: `mp inspect cohorts`."),
    ] = None,
    append: Append = False,
    account: AccountOption = None,
    data_dir: DataDirOption = None,
    quiet: QuietOption = False,
    fmt: FormatOption = Format.table,
) -> None:
    """Fetch user profiles, completely or not at all.

    Example: mp fetch profiles --where 'properties["plan"] == "pro"' --name customers
    """
    from mixpanel_data.cli.output.results import print_result

    with (
        open_workspace(account, data_dir, quiet=quiet) as workspace,
        _counted("profiles", quiet=quiet) as progress,
    ):
        result = workspace.fetch_profiles(
            name, where=where, output_properties=output_property or None, cohort_id=cohort,
            append=append, progress=progress,
        )  # fmt: skip
    print_result(result, fmt)


@contextmanager
def _counted(what: str, *, quiet: bool) -> Iterator[Callable[[int], None] | None]:
    """Yield a callback that shows the number of rows received so far on a terminal."""
    if quiet or not sys.stderr.isatty():
        yield None
        return
    try:
        # In place, by a carriage return; into a log, each number would be a line.
        yield lambda rows: typer.echo(f"\r{rows:,} {what} ", nl=False, err=True)
    finally:
        typer.echo(err=True)
