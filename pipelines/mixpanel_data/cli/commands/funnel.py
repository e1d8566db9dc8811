"""``mp funnel``: a funnel over the published tables. It needs no account and sends no request."""

from typing import Annotated

import typer

from mixpanel_data.cli.open_workspace import print_answer, set_options
from mixpanel_data.cli.options import (
    DataDirOption,
    Format,
    FormatOption,
    QuietOption,
    one_of,
)


def funnel(
    steps: Annotated[list[str], typer.Argument(help="The events, in their order.")],
    by: Annotated[
        str | None,
        typer.Option(metavar="COLUMN", help="A column of events, properties.NAME or cohort.NAME."),
    ] = None,
    window: Annotated[
        str | None,
        typer.Option(metavar="DURATION", help="From the first step, such as 30m or 12h; else 7d."),
    ] = None,
    counting: Annotated[
        str | None,
        typer.Option(
            metavar="HOW",
            help="uniques (one attempt a user), totals, or sessions (one each); else uniques.",
            autocompletion=one_of("uniques", "totals", "sessions"),
        ),
    ] = None,
    reentry: Annotated[
        str | None,
        typer.Option(
            metavar="HOW",
            help="default or optimized (any attempt may convert).",
            autocompletion=one_of("default", "optimized"),
        ),
    ] = None,
    order: Annotated[
        str | None,
        typer.Option(
            metavar="ORDER",
            help="specific or any, of the steps; else specific.",
            autocompletion=one_of("specific", "any"),
        ),
    ] = None,
    first: Annotated[
        str | None,
        typer.Option("--from", metavar="DAY", help="First day of entries, YYYY-MM-DD; else all."),
    ] = None,
    last: Annotated[
        str | None, typer.Option("--to", metavar="DAY", help="Last day of entries, included.")
    ] = None,
    unit: Annotated[
        str | None,
        typer.Option(
            metavar="UNIT",
            help="Also by day, week or month of the entry.",
            autocompletion=one_of("day", "week", "month"),
        ),
    ] = None,
    per: Annotated[
        str | None,
        typer.Option(
            metavar="UNIT",
            help="A funnel of its own for each day, week or month: a user counts in each.",
            autocompletion=one_of("day", "week", "month"),
        ),
    ] = None,
    where: Annotated[
        str | None,
        typer.Option(metavar="SQL", help="A condition on the columns of events, for each step."),
    ] = None,
    value: Annotated[
        str | None,
        typer.Option(metavar="COLUMN", help="A column of numbers that is summed for each step."),
    ] = None,
    exclude: Annotated[
        list[str] | None,
        typer.Option(metavar="EVENT", help="An event that ends an attempt; repeatable."),
    ] = None,
    hold_constant: Annotated[
        list[str] | None,
        typer.Option(metavar="COLUMN", help="A column equal on all steps; repeatable."),
    ] = None,
    segment_at: Annotated[
        str | None,
        typer.Option(
            metavar="STEP",
            help="Whose value --by has: 1, 2, …, first_defined or last_defined; else 1.",
        ),
    ] = None,
    data_dir: DataDirOption = None,
    quiet: QuietOption = False,
    fmt: FormatOption = Format.table,
) -> None:
    """Count a funnel over the published tables.

    By the SQL and the settings of the table funnels. No account is needed, and no request is sent.

    Example: mp funnel "Product Viewed" "Product Added" Purchase --by os --window 7d
    """
    number = int(segment_at) if segment_at and segment_at.isdigit() else segment_at
    options = set_options(
        by=by,
        window=window,
        counting=counting,
        reentry=reentry,
        order=order,
        from_date=first,
        to_date=last,
        unit=unit,
        per=per,
        where=where,
        value=value,
        exclude=exclude or None,
        hold_constant=hold_constant or None,
        segment_at=number,
    )
    print_answer(lambda ws: ws.funnel_local(steps, **options), fmt, data_dir=data_dir, quiet=quiet)
