"""Converts errors to a message or JSON on stderr, and to an exit code for scripts."""

import json
import os
import warnings
from collections.abc import Iterable, Iterator
from contextlib import contextmanager

import typer

from mixpanel_data.cli.output import streams, verbosity
from mixpanel_data.cli.output.visible import visible, visible_json
from mixpanel_data.exceptions import (
    AccountNotFoundError,
    AuthenticationError,
    ConfigError,
    ConfigWarning,
    DatabaseLockedError,
    IncompleteExportError,
    MixpanelDataError,
    PublishTargetError,
    RateLimitError,
    RejectedLinesWarning,
    StorageError,
    TableNotFoundError,
    os_failure,
    traceback_of,
    unexpected_error,
)

FAILED = 1
BAD_ARGUMENTS = 3
INCOMPLETE = 6
STALE = 8
NOT_COPIED = 9
INTERRUPTED = 130

MEANINGS = {
    0: "done",
    FAILED: "failed: see the message",
    2: "not authenticated, or not allowed",
    BAD_ARGUMENTS: "bad arguments or configuration; no request was sent",
    4: "no such account or table",
    5: "rate limited: received data is kept, and the message has the time to retry",
    INCOMPLETE: "incomplete: nothing was loaded for the days named",
    7: "in use: the message names the process",
    STALE: "stale: the data are older than `mp status --max-age` allows, or `mp alerts check` found something wrong",
    NOT_COPIED: "a copy to a publish target failed; what was loaded and published stays",
    INTERRUPTED: "interrupted; loaded data is kept",
}
"""The meanings of the exit codes of ``mp``."""

# First match wins, so narrower types precede their parents.
_CODES: tuple[tuple[type[MixpanelDataError], int], ...] = (
    (AuthenticationError, 2),
    (AccountNotFoundError, 4),
    (ConfigError, BAD_ARGUMENTS),
    (TableNotFoundError, 4),
    (RateLimitError, 5),
    (IncompleteExportError, INCOMPLETE),
    (DatabaseLockedError, 7),
    (PublishTargetError, NOT_COPIED),
)


def exit_code(error: MixpanelDataError) -> int:
    """Return the documented exit code of ``error``."""
    return next((code for kind, code in _CODES if isinstance(error, kind)), FAILED)


def worst_code(errors: Iterable[MixpanelDataError]) -> int:
    """Return one exit code for several failures, that of the most urgent one; 0 for none."""
    # Credentials are first, since every further run fails with wrong ones.
    codes = {exit_code(error) for error in errors}
    return next((code for code in (2, 5, 6, 7, 3, 4, FAILED, NOT_COPIED) if code in codes), 0)


@contextmanager
def warnings_to_stderr() -> Iterator[None]:
    """Print our own warnings on stderr as sentences; leave those of libraries to Python."""

    shown: set[str] = set()

    def show_warning(message: Warning | str, *_args: object, **_rest: object) -> None:
        if not verbosity.is_quiet() and str(message) not in shown:
            shown.add(str(message))
            typer.echo(visible(f"Warning: {message}"), err=True)

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        warnings.simplefilter("always", ConfigWarning)
        warnings.simplefilter("always", RejectedLinesWarning)
        warnings.filterwarnings("always", ".*in maintenance", DeprecationWarning)
        warnings.showwarning = show_warning
        yield


def named(error: BaseException) -> MixpanelDataError:
    """Return ``error`` as one of ours, which has a message for people and a code for programs."""
    match error:
        case MixpanelDataError():
            return error
        # A failed write to stdout names no file.
        case OSError() if error.filename is None and streams.is_output_lost():
            return StorageError(
                f"The output can't be written: {error.strerror or error}.",
                details={"errno": error.errno},
            )
        case OSError() if error.errno:
            return os_failure(error)
        case UnicodeError():
            return ConfigError(
                f"A text is not valid UTF-8, an argument or a name in a file: {error}.",
                details={"type": type(error).__name__},
            )
        case MemoryError():
            return StorageError(
                "There is not enough memory. Close other programs, or set MP_MEMORY_LIMIT lower."
            )
    return unexpected_error(error)


def show_error(
    error: MixpanelDataError, *, as_json: bool = False, cause: BaseException | None = None
) -> None:
    """Print ``error`` on stderr, as JSON if data was requested as JSON.

    With ``MP_DEBUG=1`` its traceback, or that of its ``cause``, is printed before it.
    """
    if os.environ.get("MP_DEBUG", "") not in ("", "0"):
        typer.echo(visible(traceback_of(cause or error)), err=True)
    # On stderr as well, so that stdout has either the whole result or nothing.
    if as_json:
        typer.echo(visible_json(json.dumps(error.to_dict(), ensure_ascii=False)), err=True)
        return
    typer.echo(visible(f"Error: {error}"), err=True)
    if verbosity.is_verbose():
        for name, value in error.details.items():
            if value not in (None, "", [], {}):
                text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
                typer.echo(visible(f"  {name}: {text}"), err=True)
