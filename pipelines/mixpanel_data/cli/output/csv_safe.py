"""``--csv-safe``: CSV that spreadsheets read as text.

A spreadsheet runs a cell that begins with ``=``, ``+``, ``-`` or ``@`` as a formula, and anyone who
can send events to a project chooses names and values in it.
"""

import inspect
from collections.abc import Callable
from contextvars import ContextVar
from functools import wraps
from typing import Annotated, Any

import typer

CsvSafeOption = Annotated[
    bool,
    typer.Option("--csv-safe", help="In CSV, put ' before texts that a spreadsheet would run."),
]

_FORMULA = ("=", "+", "-", "@", "\t", "\r")
# A variable of the context, since the writer of CSV is many calls below the command.
_csv_safe: ContextVar[bool] = ContextVar("csv_safe", default=False)


def csv_cell(cell: Any) -> Any:
    """Return ``cell`` for CSV: empty for None, and texts as the option requires."""
    if cell is None:
        return ""
    if _csv_safe.get() and isinstance(cell, str) and cell.startswith(_FORMULA):
        return f"'{cell}"
    return cell


def offer_csv_safe(app: typer.Typer) -> None:
    """Add the option to every command under ``app`` that prints data in formats."""
    for group in app.registered_groups:
        if group.typer_instance:
            offer_csv_safe(group.typer_instance)
    for command in app.registered_commands:
        if not command.callback:
            continue
        known = inspect.signature(command.callback).parameters
        if "fmt" in known and "csv_safe" not in known:
            command.callback = _with_csv_safe(command.callback)


def _with_csv_safe(function: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(function)
    def command(*args: Any, csv_safe: bool = False, **options: Any) -> Any:
        former = _csv_safe.set(csv_safe)
        try:
            return function(*args, **options)
        finally:
            _csv_safe.reset(former)

    known = inspect.signature(function)
    option = inspect.Parameter(
        "csv_safe", inspect.Parameter.KEYWORD_ONLY, default=False, annotation=CsvSafeOption
    )
    # Typer reads options from the signature and their types from the annotations.
    command.__signature__ = known.replace(  # type: ignore[attr-defined]
        parameters=[*known.parameters.values(), option]
    )
    command.__annotations__ = {**function.__annotations__, "csv_safe": CsvSafeOption}
    return command
