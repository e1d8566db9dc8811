"""Prints results: ``to_dict`` as JSON, else the rows of ``df``."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import fields
from typing import Any

from mixpanel_data.cli.options import Format
from mixpanel_data.cli.output.rows import plain, print_object, print_rows
from mixpanel_data.types import FetchResult, LexiconSchema
from mixpanel_data.types.base import Record, Table
from mixpanel_data.types.rows import Rows

_DIGITS = 4


def print_result(found: Any, fmt: Format, *, of: type[Record] | None = None) -> None:
    """Print a result, a list of texts or of records (``of`` a type, for an empty list), rows, or a
    dict."""
    match found:
        case Rows():
            # A TIMESTAMP of a query has no zone: it may be a local time.
            print_rows(found.columns, _opened(found, fmt), fmt, zone=None)
        case list() if of:
            _print_list_of(of, found, fmt)
        case list():
            _print_texts(found, fmt)
        case Table() if fmt is not Format.json:
            _print_records(found.records(), found._columns(), fmt)
        case FetchResult():
            _print_mapping(_fetched(found, fmt), fmt)
        case Record():
            _print_mapping(found.to_dict(), fmt)
        case _:
            _print_mapping(found, fmt)


def _opened(found: Rows, fmt: Format) -> Sequence[Sequence[Any]]:
    """Return the rows; as JSON with the values of JSON columns in place of their texts."""
    places = [place for place, kind in enumerate(found.types) if kind == "JSON"]
    if not places or fmt not in (Format.json, Format.jsonl):
        return found
    rows = [list(row) for row in found]
    for row in rows:
        for place in places:
            row[place] = _value_of(row[place])
    return rows


def _value_of(text: str | None) -> Any:
    """Return the value of a JSON text. Of equal keys the first counts, as for DuckDB."""
    if text is None:
        return None
    return json.loads(text, object_pairs_hook=lambda pairs: dict(reversed(pairs)))


def _fetched(found: FetchResult, fmt: Format) -> dict[str, Any]:
    """Return all fields of a fetch; where a row is one line, the number of unreadable lines."""
    lines = {"rejected": found.rejected, "repaired": found.repaired}
    is_json = fmt in (Format.json, Format.jsonl)
    return {
        **found.to_dict(),
        "duplicates": found.duplicates,
        **{name: [x.to_dict() for x in v] if is_json else len(v) for name, v in lines.items()},
    }


def _print_list_of(kind: type[Record], items: Sequence[Any], fmt: Format) -> None:
    if kind is LexiconSchema and fmt in (Format.table, Format.csv):
        _print_records(list(map(_entry, items)), list(_entry(LexiconSchema("", ""))), fmt)
    else:
        # Fields with an underscore hold the raw answer.
        names = [item.name for item in fields(kind) if not item.name.startswith("_")]
        _print_records([item.to_dict() for item in items], names, fmt)


def _entry(schema: LexiconSchema) -> dict[str, Any]:
    """Return a Lexicon entry as one line; its properties are in the JSON only."""
    about, shown = schema.definition, schema.definition.metadata
    return {
        "type": schema.entity_type,
        "name": schema.name,
        "display_name": shown.display_name,
        "description": about.description,
        "properties": ", ".join(about.properties),
        "tags": ", ".join(shown.tags),
        "hidden": shown.hidden,
        "dropped": shown.dropped,
    }


def _print_texts(items: Sequence[str], fmt: Format) -> None:
    if fmt is Format.json:
        print_object(list(items))
    elif fmt is Format.jsonl:
        for item in items:
            print_object(item)
    else:
        print_rows(["name"], [[item] for item in items], fmt)


def _print_records(records: Sequence[Mapping[str, Any]], columns: list[str], fmt: Format) -> None:
    rows = [[_cell(row.get(name), fmt) for name in columns] for row in records]
    print_rows(columns, rows, fmt)


def _print_mapping(found: Mapping[str, Any], fmt: Format) -> None:
    if fmt in (Format.json, Format.jsonl):
        print_object(plain(dict(found)))
    else:
        rows = [[name, _cell(value, fmt)] for name, value in found.items()]
        print_rows(["field", "value"], rows, fmt)


def _cell(value: Any, fmt: Format) -> Any:
    """Return nested values as JSON, since a table has one line for each row; rates readable for
    people."""
    if fmt is Format.table and isinstance(value, list) and all(isinstance(v, str) for v in value):
        return ", ".join(value)
    if fmt in (Format.table, Format.csv) and isinstance(value, dict | list):
        # In a CSV as well, so that a reader gets the structure back.
        return json.dumps(plain(value), ensure_ascii=False)
    # For people only; programs get all digits.
    if fmt is Format.table and isinstance(value, float):
        return round(value, _DIGITS)
    return value
