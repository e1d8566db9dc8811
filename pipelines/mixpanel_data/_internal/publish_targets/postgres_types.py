"""How values of DuckDB are sent to PostgreSQL, and how both compute the same hash of a row.

A row's hash is the MD5 of its values in a form that both servers can make exactly: the bits of a
float, the microseconds of a time. The sum over all rows does not depend on their order.
"""

import re
from dataclasses import dataclass

from mixpanel_data._internal.publish_targets.publication import ROW_HASH_DIGITS, Column, Table
from mixpanel_data._internal.sql_literals import literal

Form = str
"""SQL with ``{}`` in place of the value."""

_REPLACEMENT = "\ufffd"
_FIRST_DATE, _LAST_DATE = "DATE '4713-01-01 (BC)'", "DATE '5874897-12-31'"
_FIRST_TIME, _LAST_TIME = "TIMESTAMP '4713-01-01 (BC) 00:00:00'", "TIMESTAMP '294246-12-31'"
_EPOCH_MICROSECONDS = 946_684_800_000_000
"""The beginning of 2000, from which PostgreSQL counts."""


@dataclass(frozen=True)
class TypeForm:
    """A type: its name in PostgreSQL, and the forms of its values."""

    name: str
    sent: Form = "{}::VARCHAR"
    """DuckDB's SQL for the text that COPY sends."""
    hashed: Form | None = None
    """DuckDB's SQL for the text in the hash. None: the text sent."""
    stored: Form = "{}::text"
    """PostgreSQL's SQL for the same text."""
    replaced: Form | None = None
    """DuckDB's SQL that is true for a value which PostgreSQL can't store."""

    @property
    def in_hash(self) -> Form:
        """DuckDB's SQL for the text in the hash."""
        return self.hashed or self.sent


def _moment(name: str, value: Form) -> TypeForm:
    inside = f"({value} BETWEEN {_FIRST_TIME} AND {_LAST_TIME} OR isinf({value}))"
    kept = f"CASE WHEN {inside} THEN {value} END"
    zone = "+00" if name == "timestamptz" else ""
    text = f"({kept})::VARCHAR"
    before_christ = f"replace({text}, ' (BC)', '') || '{zone} BC'"
    return TypeForm(
        name,
        sent=f"CASE WHEN isinf({value}) THEN {value}::VARCHAR "
        f"WHEN contains({text}, '(BC)') THEN {before_christ} ELSE {text} || '{zone}' END",
        hashed=f"CASE WHEN isinf({value}) THEN {value}::VARCHAR "
        f"ELSE (epoch_us({kept}) - {_EPOCH_MICROSECONDS})::VARCHAR END",
        stored=(
            "case when isfinite({}) then "
            f"('x' || encode({name}_send({{}}), 'hex'))::bit(64)::bigint::text else {{}}::text end"
        ),
        replaced=f"NOT {inside}",
    )


_NOT_NUMBER = "if(isnan({0}::DOUBLE), 'NaN', {0}::DOUBLE::{1}VARCHAR)"
_DOUBLE = TypeForm(
    "double precision",
    sent=_NOT_NUMBER.format("{}", ""),
    hashed=_NOT_NUMBER.format("{}", "BIT::"),
    stored=(
        "case when {} = 'NaN' then 'NaN' "
        "else ('x' || encode(float8send({}), 'hex'))::bit(64)::text end"
    ),
)
_DAY = "({} BETWEEN " + f"{_FIRST_DATE} AND {_LAST_DATE}" + " OR isinf({}))"
_KEPT_DAY = f"(CASE WHEN {_DAY} THEN {{}} END)"
_DATE = TypeForm(
    "date",
    sent=(
        f"CASE WHEN contains({_KEPT_DAY}::VARCHAR, '(BC)') "
        f"THEN replace({_KEPT_DAY}::VARCHAR, ' (BC)', '') || ' BC' ELSE {_KEPT_DAY}::VARCHAR END"
    ),
    hashed=(
        "CASE WHEN isinf({}) THEN {}::VARCHAR "
        f"ELSE date_diff('day', DATE '2000-01-01', {_KEPT_DAY})::VARCHAR END"
    ),
    stored="case when isfinite({}) then ({} - date '2000-01-01')::text else {}::text end",
    replaced=f"NOT {_DAY}",
)
_TEXT = TypeForm(
    "text",
    sent=f"replace({{}}::VARCHAR, chr(0), '{_REPLACEMENT}')",
    replaced="contains({}::VARCHAR, chr(0))",
)
_SIMPLE = {
    **{name: TypeForm("smallint") for name in ("TINYINT", "SMALLINT", "UTINYINT")},
    **{name: TypeForm("integer") for name in ("INTEGER", "USMALLINT")},
    **{name: TypeForm("bigint") for name in ("BIGINT", "UINTEGER")},
    **{name: TypeForm("numeric") for name in ("UBIGINT", "HUGEINT", "UHUGEINT", "BIGNUM")},
    **dict.fromkeys(("DOUBLE", "FLOAT"), _DOUBLE),
    "BOOLEAN": TypeForm("boolean"),
    "UUID": TypeForm("uuid"),
    "DATE": _DATE,
    "TIME": TypeForm("time"),
    "TIMESTAMP": _moment("timestamp", "{}"),
    "TIMESTAMP_S": _moment("timestamp", "{}::TIMESTAMP"),
    "TIMESTAMP_MS": _moment("timestamp", "{}::TIMESTAMP"),
    "TIMESTAMP WITH TIME ZONE": _moment("timestamptz", "make_timestamp(epoch_us({}))"),
    "BLOB": TypeForm("bytea", sent="'\\x' || lower(hex({}))"),
}
_DECIMAL = re.compile(r"DECIMAL\((\d+),(\d+)\)")


def type_form(kind: str, json_type: str) -> TypeForm:
    """Return the form of a type of DuckDB. Types that PostgreSQL lacks become text; nested ones as
    JSON."""
    if kind == "JSON":
        return TypeForm(json_type, sent=_TEXT.sent, replaced=_TEXT.replaced)
    if found := _DECIMAL.fullmatch(kind):
        return TypeForm(f"numeric({found[1]},{found[2]})")
    if kind.endswith("[]") and (kind[:-2] in _SIMPLE or kind[:-2] in ("VARCHAR", "JSON")):
        return _array(type_form(kind[:-2], json_type))
    if kind.startswith(("STRUCT(", "MAP(", "UNION(")) or kind.endswith("]"):
        return TypeForm(
            "text", sent=_TEXT.sent.replace("{}::VARCHAR", "to_json({})::VARCHAR"), replaced=None
        )
    return _SIMPLE.get(kind, _TEXT)


def _array(item: TypeForm) -> TypeForm:
    escaped = f"replace(replace({filled(item.sent, 'x')}, '\\', '\\\\'), '\"', '\\\"')"
    quoted = f"coalesce('\"' || {escaped} || '\"', 'NULL')"
    hashed = _field(filled(item.in_hash, "x"))
    stored = _stored_field(filled(item.stored, "e"))
    any_replaced = item.replaced and filled(item.replaced, "x")
    return TypeForm(
        f"{item.name}[]",
        sent=f"'{{{{' || array_to_string(list_transform({{}}, lambda x: {quoted}), ',') || '}}}}'",
        hashed=f"array_to_string(list_transform({{}}, lambda x: {hashed}), '')",
        stored=(
            "case when {} is not null then (select coalesce(string_agg("
            f"{stored}, '' order by n), '') from unnest({{}}) with ordinality as u (e, n)) end"
        ),
        replaced=any_replaced
        and f"len(list_filter({{}}, lambda x: coalesce({any_replaced}, false))) > 0",
    )


def _field(text: str) -> str:
    """Return DuckDB's SQL for a value in a row: its length in bytes, and itself, so that null and
    empty, and values beside each other, stay distinct."""
    return f"coalesce(strlen({text})::VARCHAR || ':' || {text}, '-')"


def _stored_field(text: str) -> str:
    return f"coalesce(octet_length({text})::text || ':' || {text}, '-')"


def filled(form: Form, name: str) -> str:
    """Return ``form`` with the name of a column."""
    return form.format(*[name] * (form.count("{}") or 1))


def line_sql(table: Table, json_type: str) -> str:
    """Return DuckDB's query for the lines of COPY, in its text format."""
    columns = [filled(type_form(c.type, json_type).sent, c.sql) for c in table.columns]
    values = [f"coalesce({_escaped(text)}, '\\N')" for text in columns]
    return f"SELECT concat_ws(chr(9), {', '.join(values)}) || chr(10) FROM {table.sql}"


def _escaped(text: str) -> str:
    for character, escape in (("'\\'", "'\\\\'"), ("chr(9)", "'\\t'"), ("chr(10)", "'\\n'")):
        text = f"replace({text}, {character}, {escape})"
    return f"replace({text}, chr(13), '\\r')"


def sum_sql(table: Table, json_type: str) -> str:
    """Return DuckDB's query for the number of rows, the sum of their hashes, and the number of
    values that PostgreSQL can't store."""
    forms = [(type_form(c.type, json_type), c.sql) for c in table.columns]
    fields = ", ".join(_field(filled(form.in_hash, name)) for form, name in forms)
    replaced = [
        f"count(*) FILTER (WHERE {filled(form.replaced, name)})"
        for form, name in forms
        if form.replaced
    ]
    return (
        f"SELECT count(*), coalesce(sum(('0x' || substr(md5(concat({fields})), 1, "
        f"{ROW_HASH_DIGITS}))::BIGINT::HUGEINT), 0)::VARCHAR, {' + '.join(replaced) or '0'} "
        f"FROM {table.sql}"
    )


def stored_sum_sql(table: Table, json_type: str, relation: str) -> str:
    """Return PostgreSQL's query for the same number of rows and sum."""
    fields = ", ".join(
        _stored_field(filled(type_form(c.type, json_type).stored, c.sql)) for c in table.columns
    )
    row = f"array_to_string(array[{fields}]::text[], '')"
    bits = 4 * ROW_HASH_DIGITS
    return (
        f"select count(*), coalesce(sum(('x' || substr(md5({row}), 1, {ROW_HASH_DIGITS}))"
        f"::bit({bits})::bigint), 0)::text from {relation}"
    )


def column_sql(column: Column, json_type: str) -> str:
    """Return the definition of a column in PostgreSQL."""
    return f"{column.sql} {type_form(column.type, json_type).name}"


def comment_sql(relation: str, table: Table) -> list[str]:
    """Return the statements that set the comments of a table."""
    comments = [(f"table {relation}", table.comment)]
    comments += [(f"column {relation}.{column.sql}", column.comment) for column in table.columns]
    return [f"comment on {what} is {_text(comment)}" for what, comment in comments if comment]


def _text(comment: str) -> str:
    return literal(comment.replace("\0", _REPLACEMENT))
