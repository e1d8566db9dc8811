"""``mp inspect`` for a Mixpanel project. Each command is one of the 60 requests an hour."""

from typing import Annotated

import typer

from mixpanel_data.cli.open_workspace import print_answer, set_options
from mixpanel_data.cli.options import (
    AccountOption,
    DataDirOption,
    Format,
    FormatOption,
    FreshOption,
    LimitOption,
    QuietOption,
    TypeOption,
    one_of,
)

Event = Annotated[str, typer.Argument(help="The event's name.")]


# Answers are kept for a while in the data folder, because a project has 60 requests an hour for all
# of its users [docs/mixpanel-facts.md, 3]; --fresh asks once more.
def events(
    fresh: FreshOption = False,
    account: AccountOption = None,
    data_dir: DataDirOption = None,
    quiet: QuietOption = False,
    fmt: FormatOption = Format.table,
) -> None:
    """List the events of the last 31 days.

    Example: mp inspect events --format json
    """
    print_answer(
        lambda ws: ws.events(), fmt, account=account, fresh=fresh, data_dir=data_dir, quiet=quiet
    )


def properties(
    event: Event,
    limit: LimitOption = None,
    fresh: FreshOption = False,
    account: AccountOption = None,
    data_dir: DataDirOption = None,
    quiet: QuietOption = False,
    fmt: FormatOption = Format.table,
) -> None:
    """List the properties of an event.

    Example: mp inspect properties Signup
    """
    options = set_options(limit=limit)
    print_answer(
        lambda ws: ws.properties(event, **options),
        fmt,
        account=account,
        fresh=fresh,
        data_dir=data_dir,
        quiet=quiet,
    )


def values(
    event: Event,
    property_name: Annotated[str, typer.Argument(metavar="PROPERTY", help="The property's name.")],
    limit: LimitOption = None,
    fresh: FreshOption = False,
    account: AccountOption = None,
    data_dir: DataDirOption = None,
    quiet: QuietOption = False,
    fmt: FormatOption = Format.table,
) -> None:
    """List the most common values of a property.

    Example: mp inspect values Signup country --limit 20
    """
    options = set_options(limit=limit)
    print_answer(
        lambda ws: ws.property_values(event, property_name, **options),
        fmt,
        account=account,
        fresh=fresh,
        data_dir=data_dir,
        quiet=quiet,
    )


def top_events(
    type_: TypeOption = None,
    limit: LimitOption = None,
    fresh: FreshOption = False,
    account: AccountOption = None,
    data_dir: DataDirOption = None,
    quiet: QuietOption = False,
    fmt: FormatOption = Format.table,
) -> None:
    """List today's most common events.

    Example: mp inspect top-events --type unique --limit 10
    """
    from mixpanel_data.types import TopEvent

    options = set_options(type=type_, limit=limit)
    print_answer(
        lambda ws: ws.top_events(**options),
        fmt,
        account=account,
        fresh=fresh,
        data_dir=data_dir,
        quiet=quiet,
        # An empty answer has no row to take the columns from.
        of=TopEvent,
    )


def funnels(
    fresh: FreshOption = False,
    account: AccountOption = None,
    data_dir: DataDirOption = None,
    quiet: QuietOption = False,
    fmt: FormatOption = Format.table,
) -> None:
    """List the saved funnels.

    Example: mp inspect funnels
    """
    from mixpanel_data.types import FunnelInfo

    print_answer(
        lambda ws: ws.funnels(),
        fmt,
        account=account,
        fresh=fresh,
        data_dir=data_dir,
        quiet=quiet,
        of=FunnelInfo,
    )


def cohorts(
    fresh: FreshOption = False,
    account: AccountOption = None,
    data_dir: DataDirOption = None,
    quiet: QuietOption = False,
    fmt: FormatOption = Format.table,
) -> None:
    """List the saved cohorts.

    Example: mp inspect cohorts --format csv
    """
    from mixpanel_data.types import SavedCohort

    print_answer(
        lambda ws: ws.cohorts(),
        fmt,
        account=account,
        fresh=fresh,
        data_dir=data_dir,
        quiet=quiet,
        of=SavedCohort,
    )


def bookmarks(
    type_: Annotated[
        str | None,
        typer.Option(
            "--type",
            metavar="TYPE",
            help="insights, funnels, retention or flows; else all.",
            autocompletion=one_of("insights", "funnels", "retention", "flows"),
        ),
    ] = None,
    fresh: FreshOption = False,
    account: AccountOption = None,
    data_dir: DataDirOption = None,
    quiet: QuietOption = False,
    fmt: FormatOption = Format.table,
) -> None:
    """List the saved reports.

    Example: mp inspect bookmarks --type insights
    """
    from mixpanel_data.types import BookmarkInfo

    print_answer(
        lambda ws: ws.bookmarks(type_),
        fmt,
        account=account,
        fresh=fresh,
        data_dir=data_dir,
        quiet=quiet,
        of=BookmarkInfo,
    )


def lexicon(
    entity_type: Annotated[
        str | None,
        typer.Option(
            "--type",
            metavar="TYPE",
            help="event or profile; else both.",
            autocompletion=one_of("event", "profile"),
        ),
    ] = None,
    name: Annotated[
        str | None, typer.Option(metavar="NAME", help="Only the entry of this name.")
    ] = None,
    fresh: FreshOption = False,
    account: AccountOption = None,
    data_dir: DataDirOption = None,
    quiet: QuietOption = False,
    fmt: FormatOption = Format.table,
) -> None:
    """Show the descriptions of events and profiles.

    Example: mp inspect lexicon --type event --format json
    """
    from mixpanel_data.types import LexiconSchema

    options = set_options(entity_type=entity_type, name=name)
    print_answer(
        lambda ws: ws.lexicon(**options),
        fmt,
        account=account,
        fresh=fresh,
        data_dir=data_dir,
        quiet=quiet,
        of=LexiconSchema,
    )
