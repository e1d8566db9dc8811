"""``mp query``: how far people get, and whether they come back."""

from typing import Annotated

import typer

from mixpanel_data.cli.ask import answer, given
from mixpanel_data.cli.options import (
    AccountOption,
    DataDirOption,
    Format,
    FormatOption,
    FromOption,
    OnOption,
    QuietOption,
    ToOption,
    UnitOption,
    WhereOption,
)


def funnel(
    funnel_id: Annotated[
        int, typer.Argument(help="A saved funnel's number: `mp inspect funnels`.")
    ],
    first: FromOption,
    last: ToOption,
    on: OnOption = None,
    where: WhereOption = None,
    unit: UnitOption = None,
    account: AccountOption = None,
    data_dir: DataDirOption = None,
    quiet: QuietOption = False,
    fmt: FormatOption = Format.table,
) -> None:
    """Show how many people reach each step of a saved funnel.

    Example: mp query funnel 7509 --from 2026-01-01 --to 2026-01-31
    """
    options = given(on=on, where=where, unit=unit)
    answer(
        lambda ws: ws.funnel(funnel_id, first, last, **options),
        fmt,
        account=account,
        data_dir=data_dir,
        quiet=quiet,
    )


def retention(
    born: Annotated[str, typer.Argument(metavar="BORN_EVENT", help="What people begin with.")],
    first: FromOption,
    last: ToOption,
    back: Annotated[
        str | None,
        typer.Option("--return", metavar="EVENT", help="What they come back for; else any."),
    ] = None,
    unit: UnitOption = None,
    count: Annotated[int | None, typer.Option("--periods", min=1, help="How many periods.")] = None,
    born_where: Annotated[
        str | None, typer.Option(metavar="EXPRESSION", help="As --where, of the beginning.")
    ] = None,
    where: WhereOption = None,
    on: OnOption = None,
    account: AccountOption = None,
    data_dir: DataDirOption = None,
    quiet: QuietOption = False,
    fmt: FormatOption = Format.table,
) -> None:
    """Show who comes back, by the day, week or month of their first event.

    Example: mp query retention Signup --return Purchase --unit week --from 2026-01-01 --to 2026-03-31
    """
    options = given(unit=unit, interval_count=count, born_where=born_where, where=where, on=on)
    answer(
        lambda ws: ws.retention(born, back, first, last, **options),
        fmt,
        account=account,
        data_dir=data_dir,
        quiet=quiet,
    )


def frequency(
    first: FromOption,
    last: ToOption,
    event: Annotated[
        str | None, typer.Option(metavar="NAME", help="Only this event; else any.")
    ] = None,
    unit: UnitOption = None,
    per: Annotated[
        str | None, typer.Option(metavar="UNIT", help="Count active hours (hour) or days (day).")
    ] = None,
    where: WhereOption = None,
    account: AccountOption = None,
    data_dir: DataDirOption = None,
    quiet: QuietOption = False,
    fmt: FormatOption = Format.table,
) -> None:
    """Show in how many hours or days of each period people were active.

    Example: mp query frequency --unit week --per day --from 2026-01-01 --to 2026-01-31
    """
    options = given(event=event, unit=unit, addiction_unit=per, where=where)
    answer(
        lambda ws: ws.frequency(first, last, **options),
        fmt,
        account=account,
        data_dir=data_dir,
        quiet=quiet,
    )
