"""Prints tables and columns with what their comments say."""

from collections.abc import Sequence
from dataclasses import fields

import typer

from mixpanel_data.cli.options import Format
from mixpanel_data.cli.output.results import print_result
from mixpanel_data.cli.output.rows import print_object, print_rows
from mixpanel_data.cli.output.tables import print_table
from mixpanel_data.cli.output.visible import visible
from mixpanel_data.types import ColumnInfo, TableInfo, TableSchema

_NARROWEST = 16  # characters, so that four columns fit into a terminal of 80
_COLUMNS = [item.name for item in fields(ColumnInfo)]


def print_tables(tables: Sequence[TableInfo], fmt: Format) -> None:
    """Print a line for each table; for people, what it has, what a row is, and how many."""
    if fmt is not Format.table:
        print_result(list(tables), fmt, of=TableInfo)
        return
    rows = [
        [table.name, table.row_count, _short_grain(table), table.description or _origin(table)]
        for table in tables
    ]
    print_table(["name", "rows", "one row per", "description"], rows, narrowest=_NARROWEST)


def _short_grain(table: TableInfo) -> str | None:
    # The heading of the column says it once.
    return table.grain.removeprefix("one row per ") if table.grain else None


def _origin(table: TableInfo) -> str | None:
    if not table.fetched_at:
        return None
    return f"The {table.type} fetched on {table.fetched_at:%Y-%m-%d at %H:%M} UTC."


def print_columns(found: TableSchema | Sequence[TableSchema], fmt: Format) -> None:
    """Print the columns of a table, or of several: a line for each; JSON is the whole schema."""
    if isinstance(found, TableSchema):
        print_result(found, fmt)
    # Grain, keys and joins belong to a table, and a line for each column has no place for them.
    elif fmt is Format.json:
        print_object([schema.to_dict() for schema in found])
    else:
        rows = [
            [schema.table_name, *(getattr(column, name) for name in _COLUMNS)]
            for schema in found
            for column in schema.columns
        ]
        print_rows(["table", *_COLUMNS], rows, fmt)


def print_description(schema: TableSchema, fmt: Format) -> None:
    """Print all that is known of a table: text and columns for people, otherwise the schema."""
    if fmt in (Format.json, Format.jsonl):
        print_object(schema.to_dict())
        return
    if fmt is Format.table:
        _print_text(schema)
    columns = [[column.name, column.type, column.comment] for column in schema.columns]
    print_rows(["column", "type", "meaning"], columns, fmt)


def _print_text(schema: TableSchema) -> None:
    typer.echo(f"{visible(schema.table_name)}\n")
    typer.echo(visible(schema.description or "The table has no comment."))
    lines = {"Grain": schema.grain, "Keys": ", ".join(schema.keys), "Caveats": schema.caveats}
    for name, line in lines.items():
        if line:
            typer.echo(visible(f"{name}: {line}"))
    for name, items in {"Joins": schema.joins, "Questions": schema.questions}.items():
        if items:
            typer.echo(f"{name}:")
        for item in items:
            typer.echo(visible(f"  {item}"))
    typer.echo()
