"""Opens the workspace for a command, and prints its result."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from mixpanel_data.cli.options import Format

if TYPE_CHECKING:
    from mixpanel_data.types.base import Record
    from mixpanel_data.workspace import Workspace


@contextmanager
def opened(
    account: str | None = None,
    data_dir: Path | None = None,
    *,
    quiet: bool = False,
    fresh: bool = True,
) -> Iterator["Workspace"]:
    """Open the workspace of the data folder. Print its warnings and waits on stderr."""
    from mixpanel_data.cli.errors import warnings_to_stderr
    from mixpanel_data.settings import format_duration
    from mixpanel_data.workspace import Workspace

    def waiting(seconds: float, reason: str) -> None:
        _print(f"Waiting {format_duration(seconds)} for {reason}.", quiet=quiet)

    def kept(age: float) -> None:
        _print(f"An answer of {format_duration(age)} ago; --fresh asks again.", quiet=quiet)

    opening = Workspace(account, data_dir=data_dir, fresh=fresh, _on_wait=waiting, _on_cached=kept)
    with warnings_to_stderr(quiet=quiet), opening as ws:
        yield ws


def answer(
    ask: Callable[["Workspace"], Any],
    fmt: Format,
    *,
    of: "type[Record] | None" = None,
    account: str | None = None,
    data_dir: Path | None = None,
    quiet: bool = False,
    fresh: bool = True,
) -> None:
    """Print what ``ask`` gets from the workspace; a list of records is one ``of`` a type."""
    from mixpanel_data.cli.output.results import print_result

    with opened(account, data_dir, quiet=quiet, fresh=fresh) as workspace:
        found = ask(workspace)
    print_result(found, fmt, of=of)


def given(**options: Any) -> dict[str, Any]:
    """Return the given options; the library has the defaults of the others."""
    return {name: value for name, value in options.items() if value is not None}


def _print(text: str, *, quiet: bool) -> None:
    if not quiet:
        typer.echo(text, err=True)
