"""Rules for what spans several nodes, made before those of single functions."""

from collections.abc import Callable
from typing import cast

from sqlglot import exp

from mixpanel_data._internal.engine.spark_asof import without_asof_joins
from mixpanel_data._internal.engine.spark_text import SparkSQLError, call, spark, sql_of


def rewritten_structure(tree: exp.Expression) -> exp.Expression:
    """The tree without what Spark has in another shape: ASOF joins, QUALIFY, lists as aggregates, several `unnest`."""
    for clause in tree.find_all(exp.With):
        _require_no_recursion(clause)
        clause.set("recursive", False)
    for cte in tree.find_all(exp.CTE):
        cte.set("materialized", None)
    for collected in list(tree.find_all(exp.List)):
        _collect(collected)
    for kind, rule in _IN_PLACE:
        for node in list(tree.find_all(kind)):
            rule(node)
    for select in list(tree.find_all(exp.Select)):
        _unnest(select)
        without_asof_joins(select)
        if select.args.get("qualify"):
            _qualify(select, is_whole=select is tree or isinstance(select.parent, exp.SetOperation))
    return tree


def _require_no_recursion(node: exp.With) -> None:
    if not node.args.get("recursive"):
        return
    for cte in node.expressions:
        if any(
            table.name == cte.alias and not table.args.get("db")
            for table in cte.this.find_all(exp.Table)
        ):
            raise SparkSQLError(
                f"Spark 3.5 has no recursion: {cte.alias}. Use a macro of its own for Spark."
            )


def _collect(node: exp.List) -> None:
    """`list(x)`, with its filter and window: DuckDB's has nulls, and is null of no rows; Spark's neither."""
    value = node.expressions[0]
    ordered = distinct = False
    if isinstance(value, exp.Order):
        (order,) = value.expressions
        if order.args.get("desc") or order.this != value.this:
            raise SparkSQLError(
                f"Spark's lists have no order of their own: {sql_of(node)}. Use list_sort(list(x))."
            )
        value, ordered = value.this, True
    if isinstance(value, exp.Distinct):
        (value,) = value.expressions
        distinct = True
    item: exp.Expression = call("NAMED_STRUCT", "'v'", value.copy())
    outer: exp.Expression = node
    if isinstance(outer.parent, exp.Filter):
        outer = outer.parent
        item = exp.Case().when(outer.expression.this.copy(), item)
    collected: exp.Expression = call("COLLECT_LIST", item)
    if isinstance(outer.parent, exp.Window):
        outer = outer.parent
        collected = outer.copy()
        collected.set("this", call("COLLECT_LIST", item))
    made = call("TRANSFORM", call("NULLIF", collected, "ARRAY()"), "item -> item.v")
    made = call("ARRAY_DISTINCT", made) if distinct else made
    outer.replace(call("ARRAY_SORT", made) if ordered else made)


def _window(node: exp.Window) -> None:
    """Spark has no filter on a window function: `sum(x) filter (where y) over …` is a sum of `case when y then x end`.

    Nor has it `over (named order by x)`, a window that starts from one with a name.
    """
    if node.alias and node.args.get("order"):
        select = node.find_ancestor(exp.Select)
        named = [
            one
            for one in (select.args.get("windows") if select else None) or []
            if one.name == node.alias
        ]
        node.set("partition_by", [part.copy() for part in named[0].args.get("partition_by") or []])
        node.set("alias", None)
    if isinstance(node.this, exp.RowNumber) and not (node.args.get("order") or node.alias):
        raise SparkSQLError(
            f"row_number() without an order is another one in each engine: {sql_of(node)}."
        )
    if not isinstance(node.this, exp.Filter):
        return
    function, condition = node.this.this, node.this.expression.this
    value = function.this
    counted: exp.Expression = exp.Literal.number(1) if isinstance(value, exp.Star) else value.copy()
    function.set("this", exp.Case().when(condition.copy(), counted))
    node.set("this", function.copy())


def _qualify(select: exp.Select, is_whole: bool) -> None:
    """The query without its QUALIFY becomes a subquery with the window as a column, and the condition a WHERE around it."""
    columns = [
        exp.Star() if one.is_star else exp.column(one.alias_or_name) for one in select.expressions
    ]
    if select.args.get("distinct") or (is_whole and any(one.is_star for one in columns)):
        raise SparkSQLError(
            f"with QUALIFY a query names its columns, without DISTINCT: {sql_of(select)}."
        )
    condition = select.args["qualify"].this.copy()
    inner = exp.Select(
        **{key: value for key, value in select.args.items() if key not in ("with_", "qualify")}
    )
    for key in [key for key in select.args if key != "with_"]:
        select.set(key, None)
    for number, window in enumerate(list(condition.find_all(exp.Window))):
        name = f"qualify_{number}"
        inner.append("expressions", exp.alias_(window.copy(), name))
        window.replace(exp.column(name))
    if any(not column.name.startswith("qualify_") for column in condition.find_all(exp.Column)):
        raise SparkSQLError(f"a QUALIFY has only window functions: {sql_of(condition)}.")
    select.set("expressions", columns)
    select.set("from_", exp.From(this=inner.subquery("qualified")))
    select.set("where", exp.Where(this=condition))


def _regexp_group(node: exp.Bracket) -> None:
    """`regexp_extract(text, pattern, names)['name']` is the group with the number of the name."""
    found = node.this
    if not isinstance(found, exp.RegexpExtract):
        return
    names = [name.name for name in found.args["group"].expressions]
    (index,) = node.expressions
    if not index.is_string or index.name not in names:
        raise SparkSQLError(f"this names no group: {sql_of(node)}.")
    replaced = found.copy()
    replaced.set("group", exp.Literal.number(names.index(index.name) + 1))
    node.replace(replaced)


def _timezone(node: exp.Anonymous) -> None:
    """`timezone(to, timezone(from, time))`: from a clock in one zone to a clock in another."""
    if node.name.lower() != "timezone" or (node.parent and _is_timezone(node.parent)):
        return
    to, inner = node.expressions
    if not _is_timezone(inner):
        raise SparkSQLError(f"only a zone of a time in another zone has a rule: {sql_of(node)}.")
    clock, time = inner.expressions
    replaced = call("CONVERT_TIMEZONE", clock.copy(), to.copy(), time.copy())
    node.replace(replaced)
    for nested in list(replaced.find_all(exp.Anonymous)):
        _timezone(nested)


def _is_timezone(node: exp.Expression) -> bool:
    return isinstance(node, exp.Anonymous) and node.name.lower() == "timezone"


def _unnest(select: exp.Select) -> None:
    """One `unnest` is Spark's `explode`, with a cast of its items inside; several, which DuckDB takes side by side, `inline`."""
    found = [one for one in select.expressions if one.find(exp.Explode)]
    lists = [(one, _list_of(one)) for one in found]
    if len(lists) == 1:
        one, values = lists[0]
        made = call("EXPLODE", values)
        one.replace(exp.alias_(made, one.alias) if one.alias else made)
    elif lists:
        filled = [call("COALESCE", values, "ARRAY()") for _, values in lists]
        together = exp.Aliases(
            this=call("INLINE", call("ARRAYS_ZIP", *filled)),
            expressions=[exp.to_identifier(one.alias) for one, _ in lists],
        )
        kept = [one.copy() for one in select.expressions if one not in found]
        select.set("expressions", [*kept, together])


def _list_of(item: exp.Expression) -> exp.Expression:
    value: exp.Expression = item.this if isinstance(item, exp.Alias) else item
    if isinstance(value, exp.Cast) and isinstance(value.this, exp.Explode):
        cast_ = value.copy()
        cast_.set("this", spark("item"))
        return call(
            "TRANSFORM",
            value.this.this.copy(),
            exp.Lambda(this=cast_, expressions=[exp.to_identifier("item")]),
        )
    if isinstance(value, exp.Explode):
        inner = value.this
        return cast(exp.Expression, inner.copy())
    raise SparkSQLError(f"unnest has to be a column of its own: {sql_of(item)}.")


_IN_PLACE: tuple[tuple[type[exp.Expression], Callable[..., None]], ...] = (
    (exp.Window, _window),
    (exp.Bracket, _regexp_group),
    (exp.Anonymous, _timezone),
)
