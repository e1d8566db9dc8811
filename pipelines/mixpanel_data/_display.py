"""Shows results in short: texts for ``repr()``, and HTML for notebooks."""

from collections.abc import Iterable, Mapping, Sequence, Set
from dataclasses import fields
from datetime import date, datetime
from html import escape
from pathlib import PurePath
from typing import Any

ROWS = 20
"""The most rows of a table that are shown."""

COLUMNS = 30
"""The most columns of a table that are shown."""

CHARACTERS = 100
"""The most characters of a value that are shown."""

_ITEMS = 4
_LEVELS = 3


class Displayed:
    """A dataclass that is shown in short, also in notebooks. Decorate it with ``repr=False``."""

    def __repr__(self) -> str:
        return short_repr(self)

    def _repr_html_(self) -> str:
        return record_html(self)


def short(value: object, levels: int = _LEVELS) -> str:
    """Return ``repr(value)``, with the number of items that are left out of a long list or
    mapping, and the number of characters that are left out of a long text."""
    if isinstance(value, str | bytes):
        left = len(value) - CHARACTERS
        return f"{value[:CHARACTERS]!r}... {left:,} more" if left > 0 else repr(value)
    if isinstance(value, date):  # a datetime is a date
        return repr(value.isoformat(" ") if isinstance(value, datetime) else value.isoformat())
    if isinstance(value, Mapping):
        shown = [
            f"{short(key, 0)}: {short(item, levels - 1)}" for key, item in _first(value.items())
        ]
        return f"{{{_listed(shown, len(value), levels)}}}"
    if isinstance(value, Sequence | Set) and not isinstance(value, range):
        shown = [short(item, levels - 1) for item in _first(value)]
        listed = _listed(shown, len(value), levels)
        return f"({listed})" if isinstance(value, tuple) else f"[{listed}]"
    if isinstance(value, PurePath):
        return repr(str(value))
    return _cut(repr(value), 2 * CHARACTERS)


def short_repr(record: Any, extra: Mapping[str, object] | None = None) -> str:
    """Return a short text for a dataclass: its fields, except those that are not to be printed.

    Args:
        record: The dataclass.
        extra: Further names and values to show.
    """
    shown = [
        f"{name}={short(value)}" for name, value in {**_shown(record), **(extra or {})}.items()
    ]
    return f"{type(record).__name__}({', '.join(shown)})"


def record_html(record: Any, extra: Mapping[str, object] | None = None) -> str:
    """Return HTML for a dataclass: a row for each field that is printed."""
    return fields_html(type(record).__name__, {**_shown(record), **(extra or {})})


def fields_html(title: str, values: Mapping[str, object]) -> str:
    """Return HTML with a row for each name and its value."""
    rows = "".join(
        f"<tr><th style='text-align:left'>{_cell(name)}</th>"
        f"<td style='text-align:left'>{_cell(value)}</td></tr>"
        for name, value in values.items()
    )
    return f"<div><strong>{escape(title)}</strong><table><tbody>{rows}</tbody></table></div>"


def table_html(
    title: str, columns: Sequence[str], rows: Sequence[Sequence[object]], *, total: int
) -> str:
    """Return HTML for the first rows and columns of a table, with the number of all of them.

    Args:
        title: Text above the table.
        columns: The names of all columns.
        rows: The first rows, at least ``ROWS`` of them if there are so many.
        total: The number of all rows.
    """
    head = "".join(f"<th>{_cell(name)}</th>" for name in columns[:COLUMNS])
    body = "".join(
        f"<tr>{''.join(f'<td>{_cell(value)}</td>' for value in row[:COLUMNS])}</tr>"
        for row in rows[:ROWS]
    )
    size = f"{counted(total, 'row')}, {counted(len(columns), 'column')}"
    shown = min(total, ROWS)
    cut = [
        f"the first {n} {what} are shown"
        for n, what, there in ((shown, "rows", total), (COLUMNS, "columns", len(columns)))
        if n < there
    ]
    note = f"{size}{': ' if cut else ''}{', '.join(cut)}"
    return (
        f"<div><strong>{escape(title)}</strong><table><thead><tr>{head}</tr></thead>"
        f"<tbody>{body}</tbody></table><small>{_cell(note)}</small></div>"
    )


def counted(number: int, what: str) -> str:
    """Return ``1 row``, ``2 rows``, ``1,234 rows``."""
    return f"{number:,} {what}{'' if number == 1 else 's'}"


def _shown(record: Any) -> dict[str, object]:
    """Return the fields that are printed, without those that are None by default and in fact."""
    values = {item.name: getattr(record, item.name) for item in fields(record) if item.repr}
    unset = {item.name for item in fields(record) if item.default is None}
    return {n: value for n, value in values.items() if value is not None or n not in unset}


def _first(items: Iterable[Any]) -> list[Any]:
    return [item for item, _ in zip(items, range(_ITEMS), strict=False)]


def _listed(shown: list[str], total: int, levels: int) -> str:
    if total and levels <= 0:
        return f"... {total:,}"
    more = [f"... {total - len(shown):,} more"] if total > len(shown) else []
    return ", ".join(shown + more)


def _cell(value: object) -> str:
    if value is None:
        text = ""
    elif isinstance(value, str):
        text = value
    elif isinstance(value, int) and not isinstance(value, bool):
        text = f"{value:,}" if value.bit_length() < 10_000 else hex(value)
    elif isinstance(value, float | date | PurePath):
        text = str(value)
    else:
        text = short(value)
    # Notebooks store UTF-8, which has no half characters.
    return escape(_cut(text, CHARACTERS).encode("utf-8", "replace").decode())


def _cut(text: str, longest: int) -> str:
    return text if len(text) <= longest else f"{text[:longest]}…"
