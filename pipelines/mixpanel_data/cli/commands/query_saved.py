"""``mp query``: saved reports, single users, scripts."""

import json
import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from mixpanel_data.cli.open_workspace import print_answer
from mixpanel_data.cli.options import (
    AccountOption,
    DataDirOption,
    Format,
    FormatOption,
    FreshOption,
    FromOption,
    QuietOption,
    ToOption,
)


def insights(
    bookmark_id: Annotated[
        int, typer.Argument(help="A saved report's number: `mp inspect bookmarks`.")
    ],
    fresh: FreshOption = False,
    account: AccountOption = None,
    data_dir: DataDirOption = None,
    quiet: QuietOption = False,
    fmt: FormatOption = Format.table,
) -> None:
    """Show the numbers of a saved Insights report.

    Example: mp query insights 12345 --format csv
    """
    print_answer(
        lambda ws: ws.insights(bookmark_id),
        fmt,
        account=account,
        fresh=fresh,
        data_dir=data_dir,
        quiet=quiet,
    )


def activity(
    distinct_ids: Annotated[list[str], typer.Argument(help="The users' ids.")],
    first: FromOption,
    last: ToOption,
    fresh: FreshOption = False,
    account: AccountOption = None,
    data_dir: DataDirOption = None,
    quiet: QuietOption = False,
    fmt: FormatOption = Format.table,
) -> None:
    """Show what single users did. In maintenance at Mixpanel; the table events has the same.

    Example: mp query activity user-17 --from 2026-01-01 --to 2026-01-31 --format jsonl
    """
    print_answer(
        lambda ws: ws.activity_feed(distinct_ids, first, last),
        fmt,
        account=account,
        fresh=fresh,
        data_dir=data_dir,
        quiet=quiet,
    )


def jql(
    script: Annotated[
        Path, typer.Argument(help="A file with the script; - reads it from stdin.", allow_dash=True)
    ],
    param: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME=VALUE", help="A parameter, its value JSON or text; repeatable."),
    ] = None,
    fresh: FreshOption = False,
    account: AccountOption = None,
    data_dir: DataDirOption = None,
    quiet: QuietOption = False,
    fmt: FormatOption = Format.table,
) -> None:
    """Run a JQL script. JQL is in maintenance at Mixpanel and may end: `mp query sql` does not.

    Example: mp query jql report.js --param first=2026-01-01 --format json
    """
    text = sys.stdin.read() if str(script) == "-" else _read(script)
    parameters = dict(_parameter(each) for each in param or ()) or None
    print_answer(
        lambda ws: ws.jql(text, parameters),
        fmt,
        account=account,
        fresh=fresh,
        data_dir=data_dir,
        quiet=quiet,
    )


def _read(script: Path) -> str:
    try:
        return script.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise typer.BadParameter(f"{script} can't be read: {error}", param_hint="SCRIPT") from None


def _parameter(text: str) -> tuple[str, Any]:
    name, equals, value = text.partition("=")
    if not equals:
        raise typer.BadParameter(f"{text!r} is not NAME=VALUE.", param_hint="--param")
    try:
        # JSON first, so that numbers and lists arrive as such; a bare word is no JSON, and is text.
        return name, json.loads(value)
    except ValueError:
        return name, value
