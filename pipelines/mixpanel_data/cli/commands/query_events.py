"""``mp query``: counts of events."""

from enum import StrEnum
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
    LimitOption,
    MostValuesOption,
    OnOption,
    QuietOption,
    SegmentationUnitOption,
    ToOption,
    TypeOption,
    UnitOption,
    WhereOption,
    one_of,
)

Event = Annotated[str, typer.Argument(help="The event's name.")]
Property = Annotated[str, typer.Argument(help="The property's name.")]


class Aggregate(StrEnum):
    """The aggregation of numbers."""

    buckets = "buckets"
    sum = "sum"
    average = "average"


def segmentation(
    event: Event,
    first: FromOption,
    last: ToOption,
    on: OnOption = None,
    where: WhereOption = None,
    unit: SegmentationUnitOption = None,
    interval: Annotated[
        int | None,
        typer.Option(
            min=1,
            metavar="DAYS",
            help="By so many days instead of --unit; with --type unique or average.",
        ),
    ] = None,
    type_: TypeOption = None,
    limit: MostValuesOption = None,
    fresh: FreshOption = False,
    account: AccountOption = None,
    data_dir: DataDirOption = None,
    quiet: QuietOption = False,
    fmt: FormatOption = Format.table,
) -> None:
    """Count an event over time, also split by a property.

    Example: mp query segmentation Signup --from 2026-01-01 --to 2026-01-31 --on country --format csv
    """
    # Only what the user gave is passed on, so the defaults are those of the library.
    options = set_options(on=on, where=where, unit=unit, interval=interval, type=type_, limit=limit)
    print_answer(
        lambda ws: ws.segmentation(event, first, last, **options),
        fmt,
        account=account,
        fresh=fresh,
        data_dir=data_dir,
        quiet=quiet,
    )


def event_counts(
    events: Annotated[list[str], typer.Argument(help="The events' names.")],
    first: FromOption,
    last: ToOption,
    unit: UnitOption = None,
    type_: TypeOption = None,
    fresh: FreshOption = False,
    account: AccountOption = None,
    data_dir: DataDirOption = None,
    quiet: QuietOption = False,
    fmt: FormatOption = Format.table,
) -> None:
    """Count several events over time.

    Example: mp query event-counts Signup Purchase --from 2026-01-01 --to 2026-01-31 --unit week
    """
    options = set_options(unit=unit, type=type_)
    print_answer(
        lambda ws: ws.event_counts(events, first, last, **options),
        fmt,
        account=account,
        fresh=fresh,
        data_dir=data_dir,
        quiet=quiet,
    )


def property_counts(
    event: Event,
    property_name: Property,
    first: FromOption,
    last: ToOption,
    value: Annotated[
        list[str] | None, typer.Option(metavar="TEXT", help="Only this value; repeatable.")
    ] = None,
    unit: UnitOption = None,
    type_: TypeOption = None,
    limit: LimitOption = None,
    fresh: FreshOption = False,
    account: AccountOption = None,
    data_dir: DataDirOption = None,
    quiet: QuietOption = False,
    fmt: FormatOption = Format.table,
) -> None:
    """Count an event by the values of one of its properties.

    Example: mp query property-counts Signup plan --from 2026-01-01 --to 2026-01-31
    """
    # typer may give an empty list for an option that was not given, which would mean no value.
    options = set_options(values=value or None, unit=unit, type=type_, limit=limit)
    print_answer(
        lambda ws: ws.property_counts(event, property_name, first, last, **options),
        fmt,
        account=account,
        fresh=fresh,
        data_dir=data_dir,
        quiet=quiet,
    )


def numeric(
    event: Event,
    on: Annotated[str, typer.Argument(metavar="PROPERTY", help="A property, or an expression.")],
    first: FromOption,
    last: ToOption,
    aggregate: Annotated[
        Aggregate, typer.Option(help="What to make of the numbers.")
    ] = Aggregate.sum,
    where: WhereOption = None,
    unit: Annotated[
        str | None,
        typer.Option(
            metavar="UNIT", help="hour or day; else day.", autocompletion=one_of("hour", "day")
        ),
    ] = None,
    type_: Annotated[
        str | None,
        typer.Option(
            "--type",
            metavar="TYPE",
            help="Of buckets: general, unique or average.",
            autocompletion=one_of("general", "unique", "average"),
        ),
    ] = None,
    fresh: FreshOption = False,
    account: AccountOption = None,
    data_dir: DataDirOption = None,
    quiet: QuietOption = False,
    fmt: FormatOption = Format.table,
) -> None:
    """Sum, average or bucket a property of numbers over time.

    Example: mp query numeric Purchase amount --aggregate average --from 2026-01-01 --to 2026-01-31
    """
    # A sum and an average have no type (Mixpanel's query OpenAPI file).
    if type_ and aggregate is not Aggregate.buckets:
        raise typer.BadParameter("goes with --aggregate buckets only.", param_hint="--type")
    options = set_options(where=where, unit=unit, type=type_)
    print_answer(
        lambda ws: getattr(ws, f"numeric_{aggregate}")(event, first, last, on=on, **options),
        fmt,
        account=account,
        fresh=fresh,
        data_dir=data_dir,
        quiet=quiet,
    )
