"""``--csv-safe``: CSV that spreadsheets read as text.

A spreadsheet runs a cell that begins with ``=``, ``+``, ``-`` or ``@`` as a formula, and anyone who
can send events to a project chooses names and values in it.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
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


@contextmanager
def csv_safe(asked: bool) -> Iterator[None]:
    """Write CSV for spreadsheets, if that was asked for."""
    former = _csv_safe.set(asked)
    try:
        yield
    finally:
        _csv_safe.reset(former)
