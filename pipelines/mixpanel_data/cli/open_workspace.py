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
def open_workspace(
    account: str | None = None,
    data_dir: Path | None = None,
    *,
    quiet: bool = False,
    fresh: bool = True,
) -> Iterator["Workspace"]:
    """Open the workspace of the data folder. Print its warnings and waits on stderr."""
    from mixpanel_data.settings import format_duration
    from mixpanel_data.workspace import Workspace

    def waiting(seconds: float, reason: str) -> None:
        _print_note(f"Waiting {format_duration(seconds)} for {reason}.", quiet=quiet)

    def cached(age: float) -> None:
        _print_note(
            f"This is an answer of {format_duration(age)} ago; --fresh requests a new one.",
            quiet=quiet,
        )

    workspace = Workspace(
        account, data_dir=data_dir, fresh=fresh, _on_wait=waiting, _on_cached=cached
    )
    with workspace:
        yield workspace


def print_answer(
    request: Callable[["Workspace"], Any],
    fmt: Format,
    *,
    of: "type[Record] | None" = None,
    account: str | None = None,
    data_dir: Path | None = None,
    quiet: bool = False,
    fresh: bool = True,
) -> None:
    """Print the result of ``request``. ``of`` is the type of a list's records."""
    from mixpanel_data.cli.output.results import print_result

    with open_workspace(account, data_dir, quiet=quiet, fresh=fresh) as workspace:
        found = request(workspace)
    # After the workspace is closed, so that no lock is held while a pager or a slow pipe reads.
    print_result(found, fmt, of=of)


def set_options(**options: Any) -> dict[str, Any]:
    """Return the options that have a value; the library has the defaults of the others."""
    return {name: value for name, value in options.items() if value is not None}


def _print_note(text: str, *, quiet: bool) -> None:
    if not quiet:
        typer.echo(text, err=True)
