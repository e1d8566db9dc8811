"""Compares what databases have besides rows: schemas, views, macros, indexes, comments and such."""

from collections import defaultdict

import duckdb

from mixpanel_data._internal.text import shorten

Connection = duckdb.DuckDBPyConnection
_Key = tuple[str, str]
"""A kind, such as ``view``, and a qualified name."""

_DEFINITIONS = """
with
constraints as (
    select schema_name, table_name, list(constraint_text order by constraint_text) as constraints
    from duckdb_constraints()
    where database_name = current_database() and constraint_type != 'NOT NULL'
    group by all
),
objects as (
    select 'schema' as kind, 'main' as schema_name, schema_name as name, null as on_table, '' as definition, comment
    from duckdb_schemas() where database_name = current_database() and not internal
    union all
    select 'table', schema_name, table_name, null, concat_ws(' ', constraints), comment
    from duckdb_tables() left join constraints using (schema_name, table_name)
    where database_name = current_database() and not internal and not temporary
    union all
    select 'view', schema_name, view_name, null, sql, comment
    from duckdb_views() where database_name = current_database() and not internal and not temporary
    union all
    select 'macro', schema_name, function_name, null, concat_ws(' ', function_type, parameters, macro_definition), comment
    from duckdb_functions() where database_name = current_database() and not internal
    union all
    select 'index', schema_name, index_name, table_name, sql, comment
    from duckdb_indexes() where database_name = current_database()
    union all
    select 'sequence', schema_name, sequence_name, null, concat_ws(' ', sql, last_value), comment
    from duckdb_sequences() where database_name = current_database() and not temporary
    union all
    select 'type', schema_name, type_name, null, concat_ws(' ', logical_type, labels), comment
    from duckdb_types() where database_name = current_database() and not internal
    union all
    select 'column', schema_name, concat_ws('.', table_name, column_name), null,
        concat_ws(' ', column_default, is_nullable, generation_expression), comment
    from duckdb_columns() where database_name = current_database() and not internal
)
select
    kind,
    if(schema_name = 'main', '', schema_name || '.') || name || coalesce(' on ' || on_table, ''),
    definition,
    coalesce(comment, '')
from objects
"""
_TRIGGERS = """
select 'trigger', if(schema_name = 'main', '', schema_name || '.') || trigger_name || ' on ' || table_name, sql, ''
from duckdb_triggers() where database_name = current_database() and not temporary
"""


def definition_differences(db: Connection, other: Connection) -> list[str]:
    """Describe how the definitions and comments of ``db`` differ from those of ``other``; one line
    each.

    Tables and columns that only one of them has are left out, and the types of columns:
    ``contents.differences`` describes those.
    """
    theirs, ours = _definitions(db), _definitions(other)
    added = sorted(theirs.keys() - ours.keys())
    missing = sorted(ours.keys() - theirs.keys())
    lines = [f"{_label(key)} is not ours" for key in added if key[0] not in _OF_ROWS]
    lines += [f"{_label(key)} is missing" for key in missing if key[0] not in _OF_ROWS]
    for key in sorted(ours.keys() & theirs.keys()):
        (their_definition, their_comment), (definition, comment) = theirs[key], ours[key]
        if their_definition != definition:
            lines.append(f"{_label(key)} has another definition")
        if their_comment != comment:
            lines.append(f"the comment of {_label(key)} differs")
    return lines


_OF_ROWS = ("table", "column")


def _definitions(db: Connection) -> dict[_Key, tuple[list[str], list[str]]]:
    """Return the definitions and the comments by kind and name; a macro may have several."""
    found: dict[_Key, tuple[list[str], list[str]]] = defaultdict(lambda: ([], []))
    rows = db.execute(_DEFINITIONS).fetchall() + db.execute(_TRIGGERS).fetchall()
    for kind, name, definition, comment in sorted(rows):
        definitions, comments = found[kind, name]
        definitions.append(definition)
        comments.append(comment)
    return found


def _label(key: _Key) -> str:
    return f"{key[0]} {shorten(key[1])}"
