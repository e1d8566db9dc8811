"""ASOF joins, which Spark does not have, by a window over both sides."""

from sqlglot import exp

from mixpanel_data._internal.engine.spark_text import SparkSQLError, spark, sql_of

_FLIPPED: dict[type[exp.Expression], type[exp.Expression]] = {
    exp.GT: exp.LT,
    exp.GTE: exp.LTE,
    exp.LT: exp.GT,
    exp.LTE: exp.GTE,
}


def without_asof_joins(select: exp.Select) -> None:
    """Replace each ASOF join of the query, from left to right.

    Rows of both sides are put into one order, and each row of the left side takes the last row of the right side before
    it: one pass, where a join by the inequality would compare all pairs. A side is one column, a struct with the
    side's alias as its name, so that the rest of the query reads ``alias.column`` and ``alias.*`` as before.
    """
    packed: set[str] = set()
    while True:
        joins: list[exp.Join] = select.args.get("joins") or []
        place = next((n for n, join in enumerate(joins) if join.method == "ASOF"), None)
        if place is None:
            return
        source = select.args["from_"].copy()
        before, join, after = joins[:place], joins[place], joins[place + 1 :]
        names = sorted(packed) + [
            name
            for name in [source.this.alias_or_name, *(one.this.alias_or_name for one in before)]
            if name != _LEFT
        ]
        right = join.this.alias_or_name
        made = _joined(source, [one.copy() for one in before], names, packed, join, right)
        select.set("from_", exp.From(this=made.subquery(_LEFT)))
        select.set("joins", [one.copy() for one in after])
        packed = {*names, right}


_LEFT = "asof_left"


def _joined(
    source: exp.From,
    before: list[exp.Join],
    names: list[str],
    packed: set[str],
    join: exp.Join,
    right: str,
) -> exp.Select:
    keys, (at, is_later, is_equal_allowed, other) = _conditions(join, right)
    columns = [name if name in packed else f"STRUCT({name}.*) AS {name}" for name in names]
    left_rows = exp.Select(
        expressions=[
            *(spark(column) for column in columns),
            spark(f"NULL AS {right}"),
            exp.alias_(at, "asof_at"),
            spark("TRUE AS asof_is_left"),
            *(exp.alias_(key, f"asof_key_{n}") for n, (key, _) in enumerate(keys)),
        ]
    )
    left_rows.set("from_", source)
    left_rows.set("joins", before)
    right_rows = exp.Select(
        expressions=[
            *(spark(f"NULL AS {name}") for name in names),
            spark(f"STRUCT({right}.*) AS {right}"),
            exp.alias_(other, "asof_at"),
            spark("FALSE AS asof_is_left"),
            *(exp.alias_(key, f"asof_key_{n}") for n, (_, key) in enumerate(keys)),
        ]
    )
    right_rows.set("from_", exp.From(this=join.this.copy()))
    for column in (other, *(key for _, key in keys)):
        right_rows.where(
            exp.Not(this=exp.Is(this=column.copy(), expression=exp.null())), copy=False
        )

    parts = ", ".join(f"asof_key_{n}" for n in range(len(keys)))
    # of equal values the right side comes first where equality is a match, else last
    order = f"asof_at {'DESC' if is_later else 'ASC'}, asof_is_left {'ASC' if is_equal_allowed else 'DESC'}"
    window = (
        f"{'PARTITION BY ' + parts + ' ' if parts else ''}ORDER BY {order} ROWS UNBOUNDED PRECEDING"
    )
    matched = exp.Select(
        expressions=[
            *(spark(name) for name in names),
            spark(
                f"CASE WHEN NOT asof_at IS NULL THEN LAST_VALUE({right}, TRUE) OVER ({window}) END AS {right}"
            ),
            spark("asof_is_left"),
        ]
    ).from_(exp.union(left_rows, right_rows, distinct=False).subquery("asof_rows"))
    kept = exp.select(*(spark(name) for name in [*names, right])).from_(
        matched.subquery("asof_matched")
    )
    kept = kept.where(spark("asof_is_left"))
    return kept if join.side == "LEFT" else kept.where(spark(f"NOT {right} IS NULL"))


def _conditions(
    join: exp.Join, right: str
) -> tuple[
    list[tuple[exp.Expression, exp.Expression]], tuple[exp.Expression, bool, bool, exp.Expression]
]:
    """Pairs of equal values, left and right, and the inequality: left value, whether the right one may be later, whether equal, right value."""
    keys: list[tuple[exp.Expression, exp.Expression]] = []
    nearest: list[tuple[exp.Expression, bool, bool, exp.Expression]] = []
    condition = join.args["on"]
    for one in _parts(condition):
        if not isinstance(one, exp.EQ | exp.GT | exp.GTE | exp.LT | exp.LTE):
            raise SparkSQLError(f"an ASOF join has only comparisons: {sql_of(one)}.")
        kind: type[exp.Expression] = type(one)
        left, other = one.left.copy(), one.right.copy()
        if _tables(left) == {right}:
            left, kind, other = other, _FLIPPED.get(kind, kind), left
        if right in _tables(left) or _tables(other) != {right} or "" in _tables(left):
            raise SparkSQLError(
                f"an ASOF join compares columns of its two sides, with their tables named: {sql_of(one)}."
            )
        if kind is exp.EQ:
            keys.append((left, other))
        else:
            nearest.append((left, kind in (exp.LT, exp.LTE), kind in (exp.GTE, exp.LTE), other))
    if len(nearest) != 1:
        raise SparkSQLError(f"an ASOF join has one inequality: {sql_of(join)}.")
    return keys, nearest[0]


def _parts(condition: exp.Expression) -> list[exp.Expression]:
    if isinstance(condition, exp.Paren):
        return _parts(condition.this)
    if isinstance(condition, exp.And):
        return [*_parts(condition.left), *_parts(condition.right)]
    return [condition]


def _tables(node: exp.Expression) -> set[str]:
    return {column.table for column in node.find_all(exp.Column)}
