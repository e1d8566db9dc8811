"""How an error leaves the command: a message or JSON on stderr, and a code that scripts can branch on."""

import json
from collections.abc import Iterable

import typer

from mixpanel_data.exceptions import (
    AccountNotFoundError,
    AuthenticationError,
    ConfigError,
    DatabaseLockedError,
    IncompleteExportError,
    MixpanelDataError,
    RateLimitError,
    TableNotFoundError,
)

FAILED = 1
BAD_ARGUMENTS = 3
INTERRUPTED = 130

# First match wins, so the narrower types stand before their parents.
_CODES: tuple[tuple[type[MixpanelDataError], int], ...] = (
    (AuthenticationError, 2),
    (AccountNotFoundError, 4),
    (ConfigError, BAD_ARGUMENTS),
    (TableNotFoundError, 4),
    (RateLimitError, 5),
    (IncompleteExportError, 6),
    (DatabaseLockedError, 7),
)


def exit_code(error: MixpanelDataError) -> int:
    """The documented exit code of ``error``."""
    return next((code for kind, code in _CODES if isinstance(error, kind)), FAILED)


def worst_code(errors: Iterable[MixpanelDataError]) -> int:
    """One exit code for several failures: what the user must see to first; 0 for none."""
    codes = {exit_code(error) for error in errors}
    return next((code for code in (2, 5, 6, 7, 3, 4, FAILED) if code in codes), 0)


def show_error(error: MixpanelDataError, *, as_json: bool = False) -> None:
    """Say ``error`` on stderr, as JSON if data was asked for as JSON."""
    if as_json:
        typer.echo(json.dumps(error.to_dict(), ensure_ascii=False), err=True)
    else:
        typer.echo(f"Error: {error}", err=True)
