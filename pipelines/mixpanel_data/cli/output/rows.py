"""Prints data on stdout: a table for people; JSON or CSV for programs, neither wrapped nor
coloured."""

import csv
import json
import math
import sys
from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from decimal import Decimal
from typing import Any

from mixpanel_data.cli.options import Format
from mixpanel_data.cli.output import streams
from mixpanel_data.cli.output.csv_safe import csv_cell
from mixpanel_data.cli.output.tables import print_table
from mixpanel_data.cli.output.visible import visible_json

Row = Sequence[Any]


def print_rows(
    columns: Sequence[str], rows: Sequence[Row], fmt: Format, *, zone: tzinfo | None = UTC
) -> None:
    """Print ``rows``. JSON is one array, JSON lines one object a line.

    In JSON, times without a zone get ``zone``.
    """
    if fmt is Format.csv:
        writer = csv.writer(_UnixLines(), lineterminator="\r\n")
        writer.writerow(map(csv_cell, columns))
        writer.writerows(map(csv_cell, row) for row in rows)
    elif fmt is Format.table:
        print_table(columns, rows)
    else:
        objects = [
            {name: plain(cell, zone) for name, cell in zip(columns, row, strict=True)}
            for row in rows
        ]
        if fmt is Format.jsonl:
            sys.stdout.writelines(_dump(item) + "\n" for item in objects)
        else:
            sys.stdout.write(_dump(objects) + "\n")


class _UnixLines:
    """Writes lines of CSV to stdout. The writer quotes a carriage return only if its line end has
    one."""

    def write(self, line: str) -> None:
        sys.stdout.write(line.removesuffix("\r\n") + "\n")


def print_object(value: Any) -> None:
    """Print one JSON value."""
    sys.stdout.write(_dump(value) + "\n")


def plain(cell: Any, zone: tzinfo | None = UTC) -> Any:
    """Return ``cell`` for JSON: times as ISO texts, decimals as text, NaN and infinities as null."""
    match cell:
        case None | bool() | int() | str():
            return cell
        case float():
            # JSON has no infinity and no NaN, which a DOUBLE of DuckDB may be.
            return cell if math.isfinite(cell) else None
        case datetime() if cell.tzinfo is None and zone:
            return cell.replace(tzinfo=zone).isoformat()
        case datetime() | date() | time():
            return cell.isoformat()
        case timedelta():
            return cell.total_seconds()
        case Decimal():
            return str(cell)  # a float would round it
        case bytes():
            return cell.decode("utf-8", "backslashreplace")
        case dict():
            return {str(key): plain(item, zone) for key, item in cell.items()}
        case list() | tuple() | set():
            return [plain(item, zone) for item in cell]
        case _:
            return str(cell)


def _dump(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=not streams.encodes_all(), allow_nan=False)
    return visible_json(text)
