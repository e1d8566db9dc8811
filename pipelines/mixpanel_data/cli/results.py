"""Results of the library, printed: as JSON what ``to_dict`` has, else the rows of ``df``."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from mixpanel_data._internal.storage_rows import Rows
from mixpanel_data.cli.options import Format
from mixpanel_data.cli.output import plain, print_object, print_rows
from mixpanel_data.types._base import Record, Table


def print_result(found: Any, fmt: Format) -> None:
    """Print a result, a list of records or of texts, rows, or a dict."""
    match found:
        case Rows():
            print_rows(found.columns, found, fmt)
        case list():
            _print_list(found, fmt)
        case Table() if fmt is not Format.json:
            _print_records(found.records(), found._columns(), fmt)
        case Record():
            _print_mapping(found.to_dict(), fmt)
        case _:
            _print_mapping(found, fmt)


def _print_list(items: Sequence[Any], fmt: Format) -> None:
    if items and isinstance(items[0], Record):
        records = [item.to_dict() for item in items]
        _print_records(records, list(records[0]), fmt)
    elif fmt is Format.json:
        print_object(list(items))
    elif fmt is Format.jsonl:
        for item in items:
            print_object(item)
    else:
        print_rows(["name"], [[item] for item in items], fmt)


def _print_records(records: Sequence[Mapping[str, Any]], columns: list[str], fmt: Format) -> None:
    as_text = fmt in (Format.table, Format.csv)
    rows = [
        [_cell(row.get(name)) if as_text else row.get(name) for name in columns] for row in records
    ]
    print_rows(columns, rows, fmt)


def _print_mapping(found: Mapping[str, Any], fmt: Format) -> None:
    if fmt in (Format.json, Format.jsonl):
        print_object(plain(dict(found)))
    else:
        print_rows(["field", "value"], [[name, _cell(value)] for name, value in found.items()], fmt)


def _cell(value: Any) -> Any:
    """Nested values as JSON: a table has one line for each row."""
    return json.dumps(plain(value), ensure_ascii=False) if isinstance(value, dict | list) else value
