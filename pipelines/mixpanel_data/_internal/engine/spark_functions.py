"""Rules for single functions, operators and types: DuckDB's meaning in Spark's words."""

import re
from collections.abc import Callable
from typing import Any

from sqlglot import exp

from mixpanel_data._internal.engine import spark_json
from mixpanel_data._internal.engine.spark_text import (
    SparkSQLError,
    call,
    literal,
    spark,
    sql_of,
    text,
)

Rule = Callable[[Any], exp.Expression]


def rewritten_functions(tree: exp.Expression) -> exp.Expression:
    """The tree with each node by its rule, the innermost first; no rule sees what another one made."""
    for node in reversed(list(tree.dfs())):
        rule = _rule_of(node)
        made = rule(node) if rule else node
        if made is node:
            continue
        if node is tree:
            return made
        node.replace(made)
    return tree


def _rule_of(node: exp.Expression) -> Rule | None:
    if isinstance(node, exp.Anonymous):
        return _BY_NAME.get(node.name.lower())
    return _BY_CLASS.get(type(node))


# -- types

_TYPES = {
    "BIGINT": "BIGINT",
    "BOOLEAN": "BOOLEAN",
    "DATE": "DATE",
    "DOUBLE": "DOUBLE",
    "HUGEINT": "DECIMAL(38, 0)",
    "INT": "INT",
    "JSON": "STRING",
    "SMALLINT": "SMALLINT",
    "TEXT": "STRING",
    "TIMESTAMP": "TIMESTAMP_NTZ",
    "TIMESTAMPTZ": "TIMESTAMP_LTZ",
    "TINYINT": "TINYINT",
    "UBIGINT": "DECIMAL(20, 0)",
    "UTINYINT": "SMALLINT",
    "UUID": "STRING",
}


def type_of(duckdb_type: str) -> str:
    """Spark's name of a DuckDB type. Raise ``SparkSQLError`` for one that has no rule."""
    node = exp.DataType.build(duckdb_type, dialect="duckdb")
    return _type(node, node)


def _type(node: exp.DataType, within: exp.Expression) -> str:
    if node.this == exp.DataType.Type.ARRAY:
        return f"ARRAY<{_type(node.expressions[0], within)}>"
    name = node.sql(dialect="duckdb").upper()
    if re.fullmatch(r"DECIMAL\(\d+, \d+\)", name):
        return name
    if name not in _TYPES:
        raise SparkSQLError(
            f"no rule translates the type {name.lower()} to Spark: {sql_of(within)}."
        )
    return _TYPES[name]


def _cast(node: exp.Cast) -> exp.Expression:
    value, wanted = node.this, node.to.sql(dialect="duckdb").upper()
    made = _type(node.to, node)
    if value.is_string and value.name.lower() in _INFINITE:
        return spark(
            f"{made} '{_INFINITE[value.name.lower()]}'" if made != "STRING" else text(value)
        )
    if wanted == "UUID" and not isinstance(value, exp.Null):
        parts = r"^(.{8})(.{4})(.{4})(.{4})(.{12})$"
        return call("REGEXP_REPLACE", value, literal(parts), "'$1-$2-$3-$4-$5'")
    if isinstance(node, exp.TryCast):
        return _try_cast(value, made)
    return spark(f"CAST({text(value)} AS {made})")


def _try_cast(value: exp.Expression, made: str) -> exp.Expression:
    """DuckDB reads `2.5` and `1e3` as integers, and rounds; Spark neither."""
    if made == "BIGINT" and not isinstance(
        value, exp.Case
    ):  # a case is one of a double, in macros/casts.sql
        return spark(f"TRY_CAST(ROUND(TRY_CAST({text(value)} AS DECIMAL(38, 10))) AS BIGINT)")
    return spark(f"TRY_CAST({text(value)} AS {made})")


_INFINITE = {"infinity": "9999-12-31", "-infinity": "0001-01-01"}


def _literal(node: exp.Literal) -> exp.Expression:
    """A time without an end, where DuckDB takes the text as one."""
    parent = node.parent
    if node.is_string and node.name.lower() in _INFINITE and isinstance(parent, exp.Coalesce):
        return spark(f"TIMESTAMP_NTZ '{_INFINITE[node.name.lower()]} 00:00:00'")
    return node


# -- operators


def _div(node: exp.Div) -> exp.Expression:
    """A quotient is a double in DuckDB, also of two decimals."""
    return spark(f"CAST({text(node.left)} AS DOUBLE) / {text(node.right)}")


def _int_div(node: exp.IntDiv) -> exp.Expression:
    return spark(f"{text(node.left)} DIV {text(node.right)}")


def _shift(node: exp.BitwiseRightShift) -> exp.Expression:
    return call("SHIFTRIGHTUNSIGNED", node.this, node.expression)


def _shift_left(node: exp.BitwiseLeftShift) -> exp.Expression:
    return call("SHIFTLEFT", node.this, f"CAST({text(node.expression)} AS INT)")


def _extract(node: exp.Extract) -> exp.Expression:
    """The part of a time as a long, as DuckDB has it. Only the hour has one meaning in both."""
    if node.this.name.lower() != "hour":
        raise SparkSQLError(f"no rule translates {sql_of(node)} to Spark: only the hour has one.")
    return spark(f"CAST(HOUR({text(node.expression)}) AS BIGINT)")


def _bracket(node: exp.Bracket) -> exp.Expression:
    """sqlglot has made the index of `list[1]` one from 0, but leaves that of `list[place]` as it is."""
    (index,) = node.expressions
    number = index.this if isinstance(index, exp.Neg) else index
    if isinstance(index, exp.Slice) or not isinstance(number, exp.Literal) or number.is_string:
        raise SparkSQLError(
            f"an index has to be a number: {sql_of(node)}. Use list_extract or list_slice."
        )
    place = int(number.name) * (-1 if isinstance(index, exp.Neg) else 1) + 1
    # -1 in the model is -2 here, and 0 in the model is -1: no index at all
    return call("TRY_ELEMENT_AT", node.this, str(place)) if place else spark("NULL")


# -- lists


def _list_extract(node: exp.Anonymous) -> exp.Expression:
    values, index = node.expressions
    return call("TRY_ELEMENT_AT", values, f"NULLIF(CAST({text(index)} AS INT), 0)")


def _list_slice(node: exp.Anonymous) -> exp.Expression:
    values, first, last = node.expressions
    return call("SLICE", values, first, spark(f"{text(last)} - {text(first)} + 1"))


def _list_position(node: exp.Anonymous) -> exp.Expression:
    return call("NULLIF", call("ARRAY_POSITION", *node.expressions), "0")


def _list_distinct(node: exp.Anonymous) -> exp.Expression:
    return call("ARRAY_DISTINCT", call("FILTER", node.expressions[0], "item -> NOT item IS NULL"))


def _list_median(node: exp.Anonymous) -> exp.Expression:
    """The middle value, or the mean of the two in the middle."""
    ordered = f"ARRAY(ARRAY_SORT(FILTER({text(node.expressions[0])}, item -> NOT item IS NULL)))"
    lower, upper = (
        f"TRY_ELEMENT_AT(items, CAST((ARRAY_SIZE(items) + {n}) DIV 2 AS INT))" for n in (1, 2)
    )
    mean = f"(CAST({lower} AS DOUBLE) + {upper}) / 2"
    return spark(
        f"ELEMENT_AT(TRANSFORM({ordered}, items -> CASE WHEN ARRAY_SIZE(items) > 0 THEN {mean} END), 1)"
    )


def _sort(node: exp.SortArray) -> exp.Expression:
    order = [node.args.get(key) for key in ("asc", "nulls_first")]
    words = [one.name.lower() for one in order if one is not None]
    if words not in ([], ["asc"], ["asc", "nulls last"]):
        raise SparkSQLError(f"only an ascending order with nulls last has a rule: {sql_of(node)}.")
    return call("ARRAY_SORT", node.this)


def _concat_lists(node: exp.ArrayConcat) -> exp.Expression:
    return call(
        "CONCAT", *(call("COALESCE", one, "ARRAY()") for one in [node.this, *node.expressions])
    )


def _series(node: exp.GenerateSeries) -> exp.Expression:
    """Spark's sequence can't be empty, and goes down where the end is before the start."""
    start, end, step = text(node.args["start"]), text(node.args["end"]), node.args.get("step")
    if isinstance(step, exp.Interval):
        if node.args.get("is_end_exclusive"):
            raise SparkSQLError(f"a range of times has no rule, a series has one: {sql_of(node)}.")
        values = f"SEQUENCE({start}, {end}, {text(step)})"
    elif step is not None:
        raise SparkSQLError(f"a series of numbers has the step 1: {sql_of(node)}.")
    else:
        end = f"({end}) - 1" if node.args.get("is_end_exclusive") else end
        values = f"SEQUENCE(CAST({start} AS BIGINT), CAST({end} AS BIGINT), 1L)"
    return spark(f"IF({start} <= {end}, {values}, NULL)")


# -- aggregates


def _arg(name: str) -> Callable[[exp.ArgMin | exp.ArgMax], exp.Expression]:
    """DuckDB passes over rows whose value is null, Spark takes the null."""

    def rule(node: exp.ArgMin | exp.ArgMax) -> exp.Expression:
        value, order = text(node.this), text(node.expression)
        return call(name, value, f"CASE WHEN NOT {value} IS NULL THEN {order} END")

    return rule


def _tuple(node: exp.Tuple) -> exp.Expression:
    """A row as one value, of which a null is the greatest, as in DuckDB. After IN and in VALUES it stays a list."""
    parent = node.parent
    if isinstance(parent, exp.ArgMin | exp.ArgMax | exp.Max | exp.Min | exp.Ordered):
        parts = [part for one in map(text, node.expressions) for part in (f"{one} IS NULL", one)]
        return call("STRUCT", *parts)
    return node


# -- text

_FLAGS = "(?dui)"
"""A line ends with LF alone and folding is Unicode's, as in RE2."""


def _pattern(node: exp.Expression, options: exp.Expression | None, whole: bool) -> str:
    """The pattern as Java reads it: its white space has a vertical tab, and its `$` stops before a last line end."""
    if not node.is_string or (options is not None and options.name not in ("", "i", "g")):
        raise SparkSQLError(
            f"a regular expression is a literal, with the options i and g at most: {sql_of(node)}."
        )
    found = node.name
    if re.search(r"\[[^\]]*\\s|\\[bBwW]|\[:|(?<!\\)\$(?!$)", found.replace("[$]", "")):
        raise SparkSQLError(f"this part of a regular expression differs in Java: {found}.")
    found = found.replace(r"\s", r"[\t\n\f\r ]")
    if found.endswith("$") and not found.endswith(r"\$"):
        found = found[:-1] + r"\z"
    flags = _FLAGS if options is not None and "i" in options.name else _FLAGS.replace("i", "")
    return literal(rf"{flags}\A(?:{found})\z" if whole else flags + found)


def _regexp_full_match(node: exp.RegexpFullMatch) -> exp.Expression:
    return spark(
        f"({text(node.this)} RLIKE {_pattern(node.expression, node.args.get('options'), True)})"
    )


def _regexp_extract(node: exp.RegexpExtract) -> exp.Expression:
    group = node.args.get("group")
    if group is not None and not isinstance(group, exp.Literal):
        raise SparkSQLError(f"groups are taken one by one, by name or number: {sql_of(node)}.")
    options = node.args.get("parameters")
    return call(
        "REGEXP_EXTRACT", node.this, _pattern(node.expression, options, False), text(group) or "0"
    )


def _regexp_replace(node: exp.RegexpReplace) -> exp.Expression:
    pattern, replacement = node.expression, node.args["replacement"]
    is_first = node.args.get("single_replace")
    if (is_first and not pattern.name.startswith("^")) or not re.fullmatch(
        r"[\w ]*", replacement.name
    ):
        raise SparkSQLError(
            f"Spark replaces all matches: only a pattern that begins with ^ has a rule: {sql_of(node)}."
        )
    return call("REGEXP_REPLACE", node.this, _pattern(pattern, None, False), text(replacement))


# -- times


def _epoch_us(node: exp.Anonymous) -> exp.Expression:
    return call("UNIX_MICROS", f"CAST({text(node.expressions[0])} AS TIMESTAMP_LTZ)")


def _from_epoch(node: exp.UnixToTime) -> exp.Expression:
    unit = {"3": "TIMESTAMP_MILLIS", "6": "TIMESTAMP_MICROS"}.get(text(node.args.get("scale")))
    if unit is None:
        raise SparkSQLError(f"only epoch_ms and make_timestamp have a rule: {sql_of(node)}.")
    return spark(f"CAST({unit}({text(node.this)}) AS TIMESTAMP_NTZ)")


def _date_diff(node: exp.DateDiff) -> exp.Expression:
    """DuckDB counts the boundaries between two dates, Spark whole months."""
    unit, later, earlier = (
        text(node.args.get("unit")).upper(),
        text(node.this),
        text(node.expression),
    )
    if unit == "DAY":
        return spark(f"DATEDIFF({later}, {earlier})")
    if unit == "MONTH":
        months = "(YEAR({0}) * 12 + MONTH({0}))"
        return spark(f"({months.format(later)} - {months.format(earlier)})")
    raise SparkSQLError(f"date_diff has a rule for days and months: {sql_of(node)}.")


def _date_trunc(node: exp.DateTrunc | exp.TimestampTrunc) -> exp.Expression:
    unit = text(node.args["unit"]).upper().strip("'")
    if unit not in ("MINUTE", "HOUR", "DAY", "WEEK", "MONTH"):
        raise SparkSQLError(f"date_trunc has a rule for minute to month: {sql_of(node)}.")
    return spark(f"CAST(DATE_TRUNC('{unit}', {text(node.this)}) AS TIMESTAMP_NTZ)")


def _to_interval(form: str) -> Callable[[exp.Anonymous], exp.Expression]:
    return lambda node: spark(form.format(f"CAST({text(node.expressions[0])} AS INT)"))


# -- numbers


def _isfinite(node: exp.Anonymous) -> exp.Expression:
    return spark(f"(ABS({text(node.expressions[0])}) < DOUBLE('Infinity'))")


def _trunc(node: exp.Trunc) -> exp.Expression:
    """Of a double; from 2^53 on it is its own whole part."""
    value = text(node.this)
    whole = f"CASE WHEN ABS({value}) < 9007199254740992D THEN CAST(CAST({value} AS BIGINT) AS DOUBLE) ELSE {value} END"
    return spark(f"({whole})")


def _log(node: exp.Log) -> exp.Expression:
    if text(node.this) != "2" or node.expression is None:
        raise SparkSQLError(f"of logarithms, ln and log2 have a rule: {sql_of(node)}.")
    return call("LOG2", node.expression)


def _md5_number_lower(node: exp.Anonymous) -> exp.Expression:
    """The last 8 bytes of the digest, the last one first, as a signed number of the same 64 bits."""
    last = f"SUBSTRING(MD5({text(node.expressions[0])}), 17)"
    swapped = "".join(f"${n}" for n in range(8, 0, -1))
    digits = f"REGEXP_REPLACE({last}, '{'(..)' * 8}', '{swapped}')"
    return spark(f"CAST(CONV({digits}, 16, -10) AS BIGINT)")


# -- JSON


def _json_text(node: exp.JSONExtractScalar) -> exp.Expression:
    path = node.expression
    if _is_of_items(path):
        return spark(spark_json.item_texts(text(node.this)))
    if isinstance(path, exp.Array):
        return spark(
            spark_json.values_at(text(node.this), [_pointer(one) for one in path.expressions])
        )
    found = spark_json.values_at(text(node.this), [_pointer(path)])
    return spark(f"ELEMENT_AT({found}, 1)")


def _pointer(node: exp.Expression) -> str:
    if not node.is_string or not node.name.startswith("/"):
        raise SparkSQLError(
            f"a property is named by a JSON pointer, such as '/name': {sql_of(node)}."
        )
    return node.name


def _is_of_items(path: exp.Expression) -> bool:
    return isinstance(path, exp.JSONPath) and sql_of(path) == "'$[*]'"


def _json_extract(node: exp.JSONExtract) -> exp.Expression:
    if _is_of_items(node.expression):
        return spark(spark_json.items(text(node.this)))
    if not isinstance(node.expression, exp.JSONPath) or sql_of(node.expression) != "'$.*'":
        raise SparkSQLError(f"of paths only '$.*' and '$[*]' have a rule: {sql_of(node)}.")
    return spark(spark_json.all_values(text(node.this)))


def _struct(node: exp.Struct) -> exp.Expression:
    """Only the struct of all columns of a table, which is Spark's alone: `struct(events.*)`."""
    (whole,) = node.expressions if len(node.expressions) == 1 else (None,)
    if not (isinstance(whole, exp.Column) and whole.is_star):
        raise SparkSQLError(f"structs are named_struct in macros for Spark: {sql_of(node)}.")
    return call("STRUCT", f"{whole.table}.*")


def _array(node: exp.Array) -> exp.Expression:
    # the paths of json_extract_string are read by its own rule
    return (
        node
        if isinstance(node.parent, exp.JSONExtractScalar | exp.RegexpExtract)
        else call("ARRAY", *node.expressions)
    )


_BY_CLASS: dict[type[exp.Expression], Rule] = {
    exp.ArgMax: _arg("MAX_BY"),
    exp.ArgMin: _arg("MIN_BY"),
    exp.Array: _array,
    exp.ArrayAppend: lambda node: call("ARRAY_APPEND", node.this, node.expression),
    exp.ArrayConcat: _concat_lists,
    exp.ArrayFilter: lambda node: call("FILTER", node.this, node.expression),
    exp.ArrayMin: lambda node: call("ARRAY_MIN", node.this),
    exp.ArraySize: lambda node: call("ARRAY_SIZE", node.this),
    exp.BitwiseLeftShift: _shift_left,
    exp.BitwiseRightShift: _shift,
    exp.Bracket: _bracket,
    exp.Cast: _cast,
    exp.ConcatWs: lambda node: call("CONCAT_WS", *node.expressions),
    exp.DateDiff: _date_diff,
    exp.DateTrunc: _date_trunc,
    exp.DayOfWeekIso: lambda node: spark(f"(WEEKDAY({text(node.this)}) + 1)"),
    exp.Div: _div,
    exp.Extract: _extract,
    exp.GenerateSeries: _series,
    exp.IntDiv: _int_div,
    exp.JSONExtract: _json_extract,
    exp.JSONExtractScalar: _json_text,
    exp.JSONKeys: lambda node: call("JSON_OBJECT_KEYS", node.this),
    exp.JSONType: lambda node: spark(spark_json.type_of(text(node.this))),
    exp.Length: lambda node: call("LENGTH", node.this),
    exp.Literal: _literal,
    exp.Log: _log,
    exp.PercentileCont: lambda node: call("PERCENTILE", node.this, node.expression),
    exp.RegexpExtract: _regexp_extract,
    exp.RegexpFullMatch: _regexp_full_match,
    exp.RegexpReplace: _regexp_replace,
    exp.SortArray: _sort,
    exp.Struct: _struct,
    exp.StructExtract: lambda node: spark(f"{text(node.this)}.{node.expression.name}"),
    exp.StartsWith: lambda node: call("STARTSWITH", node.this, node.expression),
    exp.TimestampTrunc: _date_trunc,
    exp.Transform: lambda node: call("TRANSFORM", node.this, node.expression),
    exp.Trunc: _trunc,
    exp.TryCast: _cast,
    exp.Tuple: _tuple,
    exp.UnixToTime: _from_epoch,
}

_BY_NAME: dict[str, Rule] = {
    "array_position": _list_position,
    "bit_count": lambda node: call("BIT_COUNT", *node.expressions),
    "epoch_us": _epoch_us,
    "isfinite": _isfinite,
    "list_distinct": _list_distinct,
    "list_extract": _list_extract,
    "list_median": _list_median,
    "list_position": _list_position,
    "list_slice": _list_slice,
    "md5_number_lower": _md5_number_lower,
    "to_days": _to_interval("MAKE_DT_INTERVAL({})"),
    "to_hours": _to_interval("MAKE_DT_INTERVAL(0, {})"),
    "to_months": _to_interval("MAKE_YM_INTERVAL(0, {})"),
}
