"""``mp query``: funnels, retention and frequency."""

from typing import Annotated

import typer

from mixpanel_data.cli.open_workspace import print_answer, set_options
from mixpanel_data.cli.options import (
    AccountOption,
    DataDirOption,
    Format,
    FormatOption,
    FreshOption,
    FromOption,
    MostValuesOption,
    OnOption,
    PeriodOption,
    QuietOption,
    ToOption,
    WhereOption,
    one_of,
)


def funnel(
    funnel_id: Annotated[
        int, typer.Argument(help="A saved funnel's number: `mp inspect funnels`.")
    ],
    first: FromOption,
    last: ToOption,
    on: OnOption = None,
    where: WhereOption = None,
    length: Annotated[
        int | None,
        typer.Option(min=1, metavar="N", help="The time people have; else that of the funnel."),
    ] = None,
    length_unit: Annotated[
        str | None,
        typer.Option(
            metavar="UNIT",
            help="Of --length: day, hour, minute or second.",
            autocompletion=one_of("day", "hour", "minute", "second"),
        ),
    ] = None,
    limit: MostValuesOption = None,
    fresh: FreshOption = False,
    account: AccountOption = None,
    data_dir: DataDirOption = None,
    quiet: QuietOption = False,
    fmt: FormatOption = Format.table,
) -> None:
    """Show how many people reach each step of a saved funnel.

    Example: mp query funnel 7509 --from 2026-01-01 --to 2026-01-31
    """
    options = set_options(on=on, where=where, length=length, length_unit=length_unit, limit=limit)
    print_answer(
        lambda ws: ws.funnel(funnel_id, first, last, **options),
        fmt,
        account=account,
        fresh=fresh,
        data_dir=data_dir,
        quiet=quiet,
    )


def retention(
    born: Annotated[str, typer.Argument(metavar="BORN_EVENT", help="What people begin with.")],
    first: FromOption,
    last: ToOption,
    back: Annotated[
        str | None,
        typer.Option(
            "--return", metavar="EVENT", help="The event with which they return; else any."
        ),
    ] = None,
    unit: PeriodOption = None,
    interval: Annotated[
        int | None,
        typer.Option(min=1, metavar="N", help="Units in a period; else 1. At most 90 days."),
    ] = None,
    count: Annotated[
        int | None,
        typer.Option("--periods", min=1, metavar="N", help="How many periods; else 7."),
    ] = None,
    type_: Annotated[
        str | None,
        typer.Option(
            "--type",
            metavar="TYPE",
            help="birth: by the first BORN_EVENT. compounded: by each EVENT of --return. Else birth.",
            autocompletion=one_of("birth", "compounded"),
        ),
    ] = None,
    unbounded: Annotated[
        bool, typer.Option("--unbounded", help="Count a return in a period or any later one.")
    ] = False,
    born_where: Annotated[
        str | None, typer.Option(metavar="EXPRESSION", help="As --where, of the beginning.")
    ] = None,
    where: WhereOption = None,
    on: OnOption = None,
    limit: MostValuesOption = None,
    fresh: FreshOption = False,
    account: AccountOption = None,
    data_dir: DataDirOption = None,
    quiet: QuietOption = False,
    fmt: FormatOption = Format.table,
) -> None:
    """Show how many people return, by when they began.

    Example: mp query retention Signup --return Purchase --unit week --from 2026-01-01 --to 2026-03-31
    """
    options = set_options(
        # A flag is always a bool: False means that the option was not given.
        unit=unit, interval=interval, interval_count=count, retention_type=type_,
        unbounded=unbounded or None, born_where=born_where, where=where, on=on, limit=limit,
    )  # fmt: skip
    print_answer(
        lambda ws: ws.retention(born, back, first, last, **options),
        fmt,
        account=account,
        fresh=fresh,
        data_dir=data_dir,
        quiet=quiet,
    )


def frequency(
    first: FromOption,
    last: ToOption,
    event: Annotated[
        str | None, typer.Option(metavar="NAME", help="Only this event; else any.")
    ] = None,
    unit: PeriodOption = None,
    per: Annotated[
        str | None,
        typer.Option(
            metavar="UNIT",
            help="Count active hours (hour) or days (day); else hour.",
            autocompletion=one_of("hour", "day"),
        ),
    ] = None,
    where: WhereOption = None,
    on: OnOption = None,
    limit: MostValuesOption = None,
    fresh: FreshOption = False,
    account: AccountOption = None,
    data_dir: DataDirOption = None,
    quiet: QuietOption = False,
    fmt: FormatOption = Format.table,
) -> None:
    """Show how often people were active in each period.

    It counts the people active in at least one hour or day of the period, in at least two, and so
    on.

    Example: mp query frequency --unit week --per day --from 2026-01-01 --to 2026-01-31
    """
    options = set_options(
        event=event, unit=unit, addiction_unit=per, where=where, on=on, limit=limit
    )
    print_answer(
        lambda ws: ws.frequency(first, last, **options),
        fmt,
        account=account,
        fresh=fresh,
        data_dir=data_dir,
        quiet=quiet,
    )
