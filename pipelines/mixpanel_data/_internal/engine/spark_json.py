r"""Properties out of JSON text, as DuckDB reads them.

Spark's own functions differ without an error: of two equal keys `from_json` with a list of columns takes the last, and
every one of them writes 12345678.5 as 1.23456785E7. So the text is marked before it is parsed: strings, keys included,
begin with an `s`, and numbers become strings that begin with their first digit or sign. What is parsed then has only
strings, lists, objects, true, false and null, each known by its first character, and keys in their order.

The text has to be as DuckDB writes JSON, which is what is loaded: there `1E5` is `100000.0` already.
"""

from mixpanel_data._internal.engine.spark_text import literal

_STRING = r'"([^"\\]*+(?:\\.[^"\\]*+)*+)"'
_STRING_OR_NUMBER = r'"([^"\\]*+(?:\\.[^"\\]*+)*+)"|(?<=[:,\[\s])(-?\d[\d.eE+-]*+)'
_MARKED_STRING = r'"s([^"\\]*+(?:\\.[^"\\]*+)*+)"'
_MARKED_NUMBER = r'(?<=[:,\[])"(-?\d[\d.eE+-]*+)"'  # within a string a quote follows a backslash
_PAIR = r"(?<!\\)\\u[dD][89abAB]..\\u[dD][c-fC-F].."


def values_at(json: str, pointers: list[str]) -> str:
    """A Spark expression: a list of the texts at these JSON pointers, null where there is none or a JSON null."""
    paths = [[_unescaped(part) for part in pointer[1:].split("/")] for pointer in pointers]
    found = ", ".join(_plain(_at("found", path)) for path in paths)
    return f"ELEMENT_AT(TRANSFORM(ARRAY({_parsed(json)}), found -> ARRAY({found})), 1)"


def all_values(json: str) -> str:
    """A Spark expression: a list of all values of an object as JSON text, in the order of its keys."""
    return f"TRANSFORM(MAP_VALUES({_parsed(json)}), item -> {_json('item')})"


def items(json: str) -> str:
    """A Spark expression: a list of the items of a list as JSON text."""
    return f"TRANSFORM(FROM_JSON({_marked(json)}, 'array<string>'), item -> {_json('item')})"


def item_texts(json: str) -> str:
    """A Spark expression: a list of the items of a list as texts, null for a JSON null."""
    return f"TRANSFORM(FROM_JSON({_marked(json)}, 'array<string>'), item -> {_plain('item')})"


def type_of(value: str) -> str:
    """A Spark expression: the type of a value that is JSON text, by DuckDB's names, numbers without their width."""
    first = f"SUBSTRING({value}, 1, 1)"
    return (
        f"(CASE WHEN {value} IS NULL THEN 'NULL' ELSE CASE {first} WHEN '\"' THEN 'VARCHAR' WHEN '{{' THEN 'OBJECT' "
        f"WHEN '[' THEN 'ARRAY' WHEN 't' THEN 'BOOLEAN' WHEN 'f' THEN 'BOOLEAN' WHEN 'n' THEN 'NULL' ELSE 'DOUBLE' END END)"
    )


def _parsed(json: str) -> str:
    return f"FROM_JSON({_marked(json)}, 'map<string,string>')"


def _marked(json: str) -> str:
    strings = f"REGEXP_REPLACE({json}, {literal(_STRING)}, '\"s$1\"')"
    return f"REGEXP_REPLACE({strings}, {literal(_STRING_OR_NUMBER)}, '\"$1$2\"')"


def _unmarked(value: str) -> str:
    numbers = f"REGEXP_REPLACE({value}, {literal(_MARKED_NUMBER)}, '$1')"
    marked = f"REGEXP_REPLACE({numbers}, {literal(_MARKED_STRING)}, '\"$1\"')"
    # Jackson writes a character beyond U+FFFF of a nested value as two escapes, DuckDB as it is
    is_escape = f"piece RLIKE {literal('^' + _PAIR)}"
    piece = "FROM_JSON(CONCAT('{\"v\":\"', piece, '\"}'), 'v string').v"
    pieces = f"SPLIT({marked}, {literal(f'(?={_PAIR})|(?<={_PAIR})')})"
    joined = f"ARRAY_JOIN(TRANSFORM({pieces}, piece -> IF({is_escape}, {piece}, piece)), '')"
    return f"IF({marked} RLIKE {literal(_PAIR)}, {joined}, {marked})"


def _at(found: str, path: list[str]) -> str:
    """The marked value at a path. A number names a place in a list, or a key of an object."""
    value = f"{found}[{literal('s' + path[0])}]"
    for part in path[1:]:
        key = f"FROM_JSON({value}, 'map<string,string>')[{literal('s' + part)}]"
        if part.isdigit():
            item = f"TRY_ELEMENT_AT(FROM_JSON({value}, 'array<string>'), {int(part) + 1})"
            value = f"IF(STARTSWITH({value}, '['), {item}, {key})"
        else:
            value = f"IF(STARTSWITH({value}, '{{'), {key}, NULL)"
    return value


def _plain(value: str) -> str:
    """A marked value as text: what json_extract_string returns."""
    return (
        f"CASE WHEN STARTSWITH({value}, 's') THEN SUBSTRING({value}, 2) "
        f"WHEN STARTSWITH({value}, '{{') OR STARTSWITH({value}, '[') THEN {_unmarked(value)} ELSE {value} END"
    )


def _json(value: str) -> str:
    """A marked value as JSON: what json_extract returns."""
    quoted = f"SUBSTRING(TO_JSON(NAMED_STRUCT('v', SUBSTRING({value}, 2))), 6)"
    return (
        f"CASE WHEN {value} IS NULL THEN 'null' WHEN STARTSWITH({value}, 's') "
        f"THEN SUBSTRING({quoted}, 1, LENGTH({quoted}) - 1) "
        f"WHEN STARTSWITH({value}, '{{') OR STARTSWITH({value}, '[') THEN {_unmarked(value)} ELSE {value} END"
    )


def _unescaped(part: str) -> str:
    return part.replace("~1", "/").replace("~0", "~")
