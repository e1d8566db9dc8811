"""Tables for people: columns if they are readable, else a block for each row."""

import shutil
import sys
from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from mixpanel_data.cli.output.visible import visible

_GAP = 3
_NARROWEST = 24  # characters; text in a narrower column is unreadable


def print_table(
    columns: Sequence[str], rows: Sequence[Sequence[Any]], *, narrowest: int = _NARROWEST
) -> None:
    """Print ``rows`` below their names; as blocks if the terminal is too narrow for columns.

    Texts are folded to columns of ``narrowest`` characters or more. A table in a pipe has no width
    limit. Control characters are shown, not sent.
    """
    # A pipe has no width: `| less -S` or a file takes long lines.
    width = shutil.get_terminal_size().columns if sys.stdout.isatty() else None
    columns = [visible(name) for name in columns]
    cells = [["" if cell is None else visible(str(cell)) for cell in row] for row in rows]
    if width is None or _fits(columns, cells, width, narrowest):
        _print_columns(columns, rows, cells, width or 10_000)
    else:
        _print_blocks(columns, cells, width)


def _fits(
    columns: Sequence[str], cells: Sequence[Sequence[str]], width: int, narrowest: int
) -> bool:
    """Return True if columns fit in ``width``, with long texts folded to a readable width."""
    from rich.cells import cell_len

    needed = [
        max(cell_len(name), *(min(narrowest, _longest(row[index])) for row in cells), 0)
        for index, name in enumerate(columns)
    ]
    # Two characters are the margin of the box.
    return sum(needed) + _GAP * (len(columns) - 1) + 2 <= width


def _longest(text: str) -> int:
    from rich.cells import cell_len

    return max(map(cell_len, text.splitlines()), default=0)


def _print_columns(
    columns: Sequence[str],
    rows: Sequence[Sequence[Any]],
    cells: Sequence[Sequence[str]],
    width: int,
) -> None:
    from rich import box
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for index, name in enumerate(columns):
        numeric = bool(rows) and all(
            isinstance(row[index], int | float | Decimal | None) for row in rows
        )
        longest = max((_longest(row[index]) for row in cells), default=0)
        table.add_column(
            Text(name),
            justify="right" if numeric else "left",
            overflow="fold",
            # Short texts such as dates and names stay on one line.
            no_wrap=longest <= _NARROWEST,
        )
    for row in cells:
        table.add_row(*map(Text, row))
    Console(width=width).print(table)


def _print_blocks(columns: Sequence[str], cells: Sequence[Sequence[str]], width: int) -> None:
    """Print a line for each value, and an empty line after each row."""
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    console = Console(width=width)
    for row in cells:
        block = Table.grid(padding=(0, 2))
        block.add_column(no_wrap=True, style="bold")
        block.add_column(overflow="fold")
        for name, cell in zip(columns, row, strict=True):
            if cell:
                block.add_row(Text(name), Text(cell))
        console.print(block)
        console.print()
