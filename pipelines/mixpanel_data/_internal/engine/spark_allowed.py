"""What SQL of models may consist of: what means the same on Spark, and what has a rule."""

from sqlglot import exp

from mixpanel_data._internal.engine.spark_text import SparkSQLError, sql_of

SAME = (
    # aggregates and window functions
    exp.AnyValue,
    exp.BitwiseOrAgg,
    exp.Count,
    exp.FirstValue,
    exp.Lag,
    exp.LastValue,
    exp.Lead,
    exp.LogicalOr,
    exp.Max,
    exp.Median,
    exp.Min,
    exp.RowNumber,
    exp.Sum,
    # values
    exp.Abs,
    exp.Case,
    exp.Coalesce,
    exp.Floor,
    exp.Greatest,
    exp.If,
    exp.LastDay,
    exp.Least,
    exp.Left,
    exp.Ln,
    exp.Lower,
    exp.MD5,
    exp.Nullif,
    exp.Pow,
    exp.Round,
    exp.Substring,
    exp.Trim,
    # conditions are functions to sqlglot, too
    exp.And,
    exp.Or,
    exp.Exists,
)
"""Functions that mean the same in both, and that sqlglot writes as they are."""

RULED = (
    exp.ArgMax,
    exp.ArgMin,
    exp.Array,
    exp.ArrayAppend,
    exp.ArrayConcat,
    exp.ArrayFilter,
    exp.ArrayMin,
    exp.ArraySize,
    exp.Cast,
    exp.ConcatWs,
    exp.DateDiff,
    exp.DateTrunc,
    exp.DayOfWeekIso,
    exp.Explode,
    exp.Extract,
    exp.GenerateSeries,
    exp.JSONExtract,
    exp.JSONExtractScalar,
    exp.JSONKeys,
    exp.JSONType,
    exp.Length,
    exp.List,
    exp.Log,
    exp.PercentileCont,
    exp.RegexpExtract,
    exp.RegexpFullMatch,
    exp.RegexpReplace,
    exp.SortArray,
    exp.StartsWith,
    exp.Struct,
    exp.StructExtract,
    exp.TimestampTrunc,
    exp.Transform,
    exp.Trunc,
    exp.TryCast,
    exp.UnixToTime,
)
"""Functions that a rule writes."""

RULED_BY_NAME = frozenset(
    {
        "array_position",
        "bit_count",
        "epoch_us",
        "isfinite",
        "list_distinct",
        "list_extract",
        "list_median",
        "list_position",
        "list_slice",
        "md5_number_lower",
        "timezone",
        "to_days",
        "to_hours",
        "to_months",
    }
)
"""The same, of those that sqlglot knows no class for."""

SPARK_ONLY = frozenset({"aggregate", "from_json", "named_struct", "xxhash64"})
"""Functions of Spark in macros for Spark alone; they are written as they are."""

NODES = (
    exp.Add,
    exp.Alias,
    exp.Anonymous,
    exp.Between,
    exp.BitwiseAnd,
    exp.BitwiseLeftShift,
    exp.BitwiseRightShift,
    exp.Boolean,
    exp.Bracket,
    exp.Column,
    exp.CTE,
    exp.DataType,
    exp.DataTypeParam,
    exp.Distinct,
    exp.Div,
    exp.Dot,
    exp.DPipe,
    exp.EQ,
    exp.Except,
    exp.Filter,
    exp.From,
    exp.Group,
    exp.GroupingSets,
    exp.GT,
    exp.GTE,
    exp.Having,
    exp.Identifier,
    exp.IgnoreNulls,
    exp.In,
    exp.IntDiv,
    exp.Intersect,
    exp.Interval,
    exp.Is,
    exp.Join,
    exp.JSONPath,
    exp.JSONPathKey,
    exp.JSONPathRoot,
    exp.JSONPathSubscript,
    exp.JSONPathWildcard,
    exp.Lambda,
    exp.Limit,
    exp.Literal,
    exp.LT,
    exp.LTE,
    exp.Mod,
    exp.Mul,
    exp.Neg,
    exp.NEQ,
    exp.Not,
    exp.Null,
    exp.NullSafeEQ,
    exp.NullSafeNEQ,
    exp.Order,
    exp.Ordered,
    exp.Paren,
    exp.Qualify,
    exp.Select,
    exp.Star,
    exp.Sub,
    exp.Subquery,
    exp.Table,
    exp.TableAlias,
    exp.Tuple,
    exp.Union,
    exp.Values,
    exp.Var,
    exp.Where,
    exp.Window,
    exp.WindowSpec,
    exp.With,
)
"""Clauses, operators and names."""


def require_allowed(tree: exp.Expression) -> None:
    """Raise ``SparkSQLError`` for the first thing that is on no list, by its name."""
    for node in tree.walk():
        _require_plain(node)
        if isinstance(node, exp.Anonymous):
            name = node.name.lower()
            if name in RULED_BY_NAME or name in SPARK_ONLY:
                continue
            raise _unknown(f"the function {name}", node)
        if isinstance(node, SAME + RULED):
            continue
        if isinstance(node, exp.Func):
            raise _unknown(f"the function {_name(node)}", node)
        if not isinstance(node, NODES):
            raise _unknown(f"{type(node).__name__} (a node of sqlglot)", node)


def _require_plain(node: exp.Expression) -> None:
    if isinstance(node, exp.Star) and any(
        node.args.get(key) for key in ("except_", "except", "replace", "rename")
    ):
        raise _unknown("`*` with exclude or replace", node, "Name the columns.")
    if isinstance(node, exp.SetOperation) and node.args.get("by_name"):
        raise _unknown("a set operation by name", node, "Name the columns, in the same order.")
    if isinstance(node, exp.CTE) and node.args.get("key_expressions"):
        raise _unknown("recursion with keys", node)
    if isinstance(node, exp.Interval) and not isinstance(node.this, exp.Literal):
        raise _unknown(
            "an interval that is no literal", node, "Use to_days, to_hours or to_months."
        )
    is_integer = isinstance(node, exp.Cast) and node.is_type(*exp.DataType.INTEGER_TYPES)
    if is_integer and isinstance(node.this.unnest(), exp.Div):
        raise _unknown("a quotient that is cut or rounded", node, "Use round() or //.")


def _name(node: exp.Func) -> str:
    names: list[str] = type(node).sql_names()  # type: ignore[no-untyped-call]
    return names[0].lower()


def _unknown(what: str, node: exp.Expression, help_: str = "") -> SparkSQLError:
    return SparkSQLError(
        f"no rule translates {what} to Spark: {sql_of(node)}. "
        + (help_ or "Use another function, or add a rule and its test to the engine's lists.")
    )
