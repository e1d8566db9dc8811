"""Each rule on both engines: the value that is right, and that DuckDB and Spark return it.

Every case whose name begins with `trap` is one that Spark answers otherwise, without an error, for the SQL that
sqlglot alone would write.
"""

import json
import math
import random
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

import duckdb
import pytest

from mixpanel_data._internal.engine.spark_sql import to_spark

T = "(values (1, 'a', 3), (1, null, 1), (1, 'b', 2), (2, null, 1), (null, 'z', null)) as t(k, v, n)"
D = "(values (date '2026-01-31'), (date '2026-02-01'), (date '2026-03-31'), (null)) as t(d)"

CASES: dict[str, tuple[str, Any]] = {
    "trap: arg_min passes over values that are null": (
        f"select k, arg_min(v, n) as first_v, arg_max(v, n) as last_v from {T} group by k order by k",
        [(1, "b", "a"), (2, None, None), (None, None, None)],
    ),
    "trap: arg_min by two columns": (
        f"select arg_min(v, (n, v)) as first_v from {T}",
        [("b",)],
    ),
    "trap: months are boundaries": (
        f"select date_diff('month', date '2026-01-31', d) as months, date_diff('day', date '2026-01-31', d) as days from {D} order by d",
        [(0, 0), (1, 1), (2, 59), (None, None)],
    ),
    "trap: an index that is computed": (
        "select list_extract([10, 20, 30], n) as x, list_extract([10, 20, 30], n - 1) as y from (values (0), (1), (3), (4)) as t(n) order by n",
        [(None, 30), (10, None), (30, 20), (None, 30)],
    ),
    "trap: indexes": (
        "select [10, 20, 30][1] as a, [10, 20, 30][-1] as b, [10, 20, 30][4] as c, list_slice([10, 20, 30], 1, 2) as d, list_slice([10], 1, 3) as e",
        [(10, 30, None, [10, 20], [10])],
    ),
    "trap: parts that are null are left out by concat_ws": (
        "select concat_ws(':', 'a', null, 1, '') as x, concat_ws(':', null) as y",
        [("a:1:", "")],
    ),
    "trap: seconds are exact": (
        "select (epoch_us(timestamp '2026-03-01 00:00:34.254') - epoch_us(timestamp '2026-03-01')) / 1e6 as s",
        [(34.254,)],
    ),
    "trap: null is last": (
        f"select v, row_number() over (order by v asc) as up, row_number() over (order by v desc, n desc, k desc) as down from {T} where n = 1 or v = 'a' order by up, down",
        [("a", 1, 1), (None, 2, 3), (None, 3, 2)],
    ),
    "trap: lists have nulls, and are null of no rows": (
        f"select list_sort(list(v)) as x, list(v) filter (where n > 9) as y, list_sort(list(distinct v)) as z, list(n order by n) as o from {T} where k = 1",
        [(["a", "b", None], None, ["a", "b", None], [1, 2, 3])],
    ),
    "bits of hours": (
        "select bit_or(1 << extract('hour' from t)::integer)::bigint as hours, "
        "bit_count(bit_or(1 << extract('hour' from t)::integer))::bigint as number "
        "from (values (timestamp '2026-03-01 00:59:59'), (timestamp '2026-03-01 23:00:00'), (null)) as t(t)",
        [(2**23 + 1, 2)],
    ),
    "QUALIFY keeps its WHERE": (
        f"select v, n from {T} where v <> 'b' qualify row_number() over (partition by k order by n) = 1 order by v",
        [("a", 3), ("z", None)],
    ),
    "trap: a series may be empty, and does not go down": (
        "select unnest(generate_series(a, b, interval 1 day))::date as d from (values (date '2026-02-27', date '2026-03-01'), (date '2026-03-02', date '2026-03-01')) as t(a, b) order by d",
        [(date(2026, 2, 27),), (date(2026, 2, 28),), (date(2026, 3, 1),)],
    ),
    "trap: ranges": (
        "select n, unnest(range(n)) as x from (values (0), (2)) as t(n) order by x",
        [(2, 0), (2, 1)],
    ),
    "decimals are exact, and their quotient is a double": (
        "select sum(x)::decimal(38, 6) as s, sum(x) / 3 as q, min(try_cast(t as decimal(20, 6))) as a, "
        "count(try_cast(t as decimal(20, 6))) as n, max(7.5::double::varchar::decimal(20, 6)) as d "
        "from (values (0.1::decimal(20, 6), ' 1e-1 '), (0.1, '99999999999999.9999996'), (0.1, '-.5'), (0, '3.')) as t(x, t)",
        [(Decimal("0.300000"), 0.1, Decimal("-0.500000"), 3, Decimal("7.500000"))],
    ),
    "trap: a quotient is a double": (
        "select 7 / 2 as a, 0.1 / 0.3 as b, 7 // 2 as c, -7 // 2 as d, 1 / 4::double as e",
        [(3.5, 1 / 3, 3, -3, 0.25)],
    ),
    "trap: a length of nothing is null": (
        "select array_length([1, null]) as a, array_length(null::integer[]) as b, length('ë👨‍👩‍👧') as c",
        [(2, None, 6)],
    ),
    "trap: text that is rounded to an integer": (
        "select try_cast(x as bigint) as n from (values ('2.5'), ('1e3'), (' 7 '), ('x'), ('-0.5'), ('99999999999999999999')) as t(x)",
        [(3,), (1000,), (7,), (None,), (-1,), (None,)],
    ),
    "trap: what is white space, a letter, an end": (
        r"select regexp_full_match(x, '\s*k+\s*', 'i') as a from (values (' k\t'), ('\vk'), ('K\n'), ('\u212a'), ('kx')) as t(x)".replace(
            r"\t", "\t"
        )
        .replace(r"\v", "\v")
        .replace(r"\n", "\n")
        .replace(r"\u212a", "\u212a"),
        [(True,), (False,), (True,), (True,), (False,)],
    ),
    "trap: times without an end": (
        "select coalesce(null::timestamp, '-infinity') < timestamp '2026-01-01' as a, coalesce(null::timestamp, 'infinity') > timestamp '2026-01-01' as b",
        [(True, True)],
    ),
    "trap: of large numbers as text": (
        """select json_extract_string('{"x":12345678.5,"y":1e22,"z":[1e22,{"a":-3.5}],"w":123456789012345678901234567890,"v":1e400}'::json, ['/x','/y','/z','/w','/v','/none']) as x""",
        [
            (
                [
                    "12345678.5",
                    "1e22",
                    '[1e22,{"a":-3.5}]',
                    "123456789012345678901234567890",
                    "1e400",
                    None,
                ],
            )
        ],
    ),
    "trap: of equal keys the first counts": (
        """select json_extract_string('{"d":"1","D":2,"d":"3"}'::json, ['/d','/D']) as x, json_keys('{"d":"1","D":2,"d":"3"}'::json) as k""",
        [(["1", "2"], ["d", "D", "d"])],
    ),
    "filters in windows": (
        f"select n, sum(n) filter (where v is not null) over (order by n) as a, count(*) filter (where v is null) over (partition by k) as b, list(v) filter (where n < 3) over (order by n rows between 1 preceding and current row) as c from {T} where k = 1 order by n",
        [(1, None, 1, [None]), (2, 2, 1, [None, "b"]), (3, 5, 1, ["b"])],
    ),
    "windows with names": (
        f"select n, row_number() over (of_k order by n) as a, count(*) over of_k as b from {T} where k = 1 window of_k as (partition by k) order by n",
        [(1, 1, 3), (2, 2, 3), (3, 3, 3)],
    ),
    "lists side by side": (
        "select n, unnest(a) as x, unnest(b) as y from (values (1, ['p', 'q'], [7]), (2, null, [8]), (3, [], null)) as t(n, a, b) order by n, x",
        [(1, "p", 7), (1, "q", None), (2, None, 8)],
    ),
    "lists": (
        "select list_distinct([2, null, 2]) as a, list_position([7, 8], 8) as b, list_position([7], 1) as c, list_concat([1], null) as d, list_append([1], 2) as e, list_min([2, null, 1]) as f, list_median([4, null, 1, 2]) as g, list_median([3]) as h, list_median([]::integer[]) as i, list_sort(['b', null, 'a'], 'asc', 'nulls last') as j",
        [([2], 2, None, [1], [1, 2], 1, 2.0, 3.0, None, ["a", "b", None])],
    ),
    "lambdas": (
        "select list_filter([1, null, 3], lambda x: x is not null) as a, list_transform([1, 2], lambda x: x * 2) as b, nullif(list_filter([case when false then 'a' end], lambda x: x is not null), []) as c",
        [([1, 3], [2, 4], None)],
    ),
    "aggregates": (
        "select median(x) as a, quantile_cont(x, 0.9) as b, bool_or(x > 3) as c, sum(x)::bigint as d, count(distinct x) as e from (values (1), (2), (4), (null)) as t(x)",
        [(2.0, 3.6, True, 7, 3)],
    ),
    "times": (
        "select epoch_us(timestamp '2026-03-01 12:00:00.000001') as a, epoch_ms(1772366400001) as b, make_timestamp(1772366400000001) as c, date_trunc('minute', timestamp '2026-03-01 12:34:56') as d, date_trunc('week', date '2026-03-01')::date as e, last_day(date '2026-02-03') as f, isodow(date '2026-03-01') as g",
        [
            (
                1772366400000001,
                datetime(2026, 3, 1, 12, 0, 0, 1000),
                datetime(2026, 3, 1, 12, 0, 0, 1),
                datetime(2026, 3, 1, 12, 34),
                date(2026, 2, 23),
                date(2026, 2, 28),
                7,
            )
        ],
    ),
    "intervals": (
        "select timestamp '2026-01-31 10:00:00' + to_hours(n) as a, (date '2026-01-31' + to_months(n))::date as b, (date '2026-01-31' - interval 1 month)::date as c, date '2026-01-31' + n as d, timestamp '2026-01-31' + interval 1 week as e, timestamp '2026-01-31 00:30:00' - timestamp '2026-01-31' > interval 29 minutes as f from (values (1)) as t(n)",
        [
            (
                datetime(2026, 1, 31, 11),
                date(2026, 2, 28),
                date(2025, 12, 31),
                date(2026, 2, 1),
                datetime(2026, 2, 7),
                True,
            )
        ],
    ),
    "numbers": (
        "select log2(8) as a, pow(2, -1) as b, isfinite('inf'::double) as c, isfinite(1e308) as d, trunc(-1.5::double) as e, trunc(1e300) as f, floor(-0.5) as g, round(2.5) as h, 300::utinyint as i, greatest(1, null, 3) as j, least(null, 2) as k, 5 & 4 as l, abs(-1) as m, ln(1) as n".replace(
            "300::utinyint", "200::utinyint"
        ),
        [(3.0, 0.5, False, True, -1.0, 1e300, -1, 3, 200, 3, 2, 4, 1, 0.0)],
    ),
    "text": (
        r"select lower('ÄB') as a, trim('  x ') as b, left('abc', 2) as c, substring('abc', 2) as d, starts_with('$device:1', '$device:') as e, regexp_replace('$device:1', '^[$]device:', '') as f, 'a' || 'b' as g, 'it''s \d' as h, regexp_extract('2026-03-01 z', '^(\d{4})-(\d{2})', ['y', 'm'], 'i')['m'] as i, regexp_extract('x', '^(\d)', ['y'], 'i')['y'] as j",
        [("äb", "x", "ab", "bc", True, "1", "ab", "it's \\d", "03", "")],
    ),
    "digests": (
        "select md5('a') as a, md5('a')::uuid as b, md5_number_lower('') & 255 as c, null::uuid as d",
        [("0cc175b9c0f1b6a831c399e269772661", "0cc175b9-c0f1-b6a8-31c3-99e269772661", 0xE9, None)],
    ),
    "JSON values": (
        """select json_extract('{"s":"a\\"b\\\\n","i":1,"f":-2.5,"t":true,"n":null,"l":[1,"x"],"o":{"a":"1","b":2}}'::json, '$.*') as x, list_transform(json_extract('{"s":"a","i":1,"f":-2.5,"t":true,"n":null,"l":[],"o":{}}'::json, '$.*'), lambda v: json_type(v) in ('VARCHAR', 'BOOLEAN', 'ARRAY', 'OBJECT', 'NULL')) as y""",
        [
            (
                ['"a\\"b\\\\n"', "1", "-2.5", "true", "null", '[1,"x"]', '{"a":"1","b":2}'],
                [True, False, False, True, True, True, True],
            )
        ],
    ),
    "paths into lists and objects": (
        """select json_extract_string('{"$ids":["a",2],"o":{"0":"zero","x/y":1}}'::json, ['/$ids/0','/$ids/1','/$ids/2','/o/0','/o/x~1y','/o/none/0']) as x""",
        [(["a", "2", None, "zero", "1", None],)],
    ),
    "grouping sets": (
        """select a, b, count(*) as n from (values (1, 'x'), (1, 'y'), (2, 'x')) as t(a, b) group by grouping sets ((a), (a, b)) order by a, b nulls first""",
        [(1, None, 2), (1, "x", 1), (1, "y", 1), (2, None, 1), (2, "x", 1)],
    ),
    "items of lists": (
        """select json_extract_string('["a",null,2.5,true,[1],{"b":"c"}]', '$[*]') as x, list_transform(json_extract('["a",{"b":"c"},{"b":2}]', '$[*]'), lambda item: json_extract_string(item, '/b')) as y""",
        [(["a", None, "2.5", "true", "[1]", '{"b":"c"}'], [None, "c", "2"])],
    ),
    "sets": (
        "select 1 as a union select 1 union all select 2 order by a",
        [(1,), (2,)],
    ),
    "joins": (
        f"select a.k from {T} semi join (values (1)) as b(k) on t.k = b.k".replace(
            "a.k", "distinct t.k"
        ),
        [(1,)],
    ),
    "is distinct": (
        f"select count(*) filter (where v is distinct from 'a') as a, count(*) filter (where v is not distinct from null) as b from {T}",
        [(4, 2)],
    ),
}


def plain(value: Any) -> Any:
    """A value that compares: of Python's own types."""
    if isinstance(value, list | tuple):
        return [plain(one) for one in value]
    if isinstance(value, Decimal):
        return int(value) if value == int(value) else float(value)
    if isinstance(value, UUID):
        return str(value)
    if isinstance(value, float):
        return value if math.isinf(value) or math.isnan(value) else float(f"{value:.12g}")
    return value


def on_duckdb(sql: str, *arguments: Any) -> Any:
    with duckdb.connect() as db:
        db.execute("set timezone = 'UTC'")
        return plain(db.execute(sql, *arguments).fetchall())


def on_spark(spark: Any, sql: str) -> Any:
    return plain([tuple(row) for row in spark.sql(to_spark(sql, model="case")).collect()])


@pytest.mark.parametrize("name", CASES)
def test_both_engines_return_what_is_right(spark: Any, name: str):
    sql, right = CASES[name]

    assert on_duckdb(sql) == plain(right)
    assert on_spark(spark, sql) == plain(right)


WORDS = [
    "",
    "a",
    'say "12"',
    "x:",
    ",5",
    "\\",
    '\\"7',
    "[1,2]",
    '{"a":1}',
    "null",
    "true",
    "sn",
    "s",
    "-3",
    "é\u2028\U0001f600",
    "\n\t\u0000",
    "1e5",
]


def value_at_random(chance: random.Random, depth: int = 0) -> Any:
    kind = chance.randrange(9 if depth < 2 else 6)
    if kind < 2:
        return chance.choice(WORDS)
    if kind == 2:
        return chance.choice([0, -1, 7, 10**15, 10**30])
    if kind == 3:
        return chance.choice([0.5, -12345678.5, 1e22, 1.5e-7, 100000.0])
    if kind < 6:
        return chance.choice([True, False, None])
    if kind == 6:
        return [value_at_random(chance, depth + 1) for _ in range(chance.randrange(3))]
    return {
        chance.choice(WORDS): value_at_random(chance, depth + 1) for _ in range(chance.randrange(3))
    }


def test_properties_of_any_kind_are_read_alike(spark: Any, tmp_path: Any):
    chance = random.Random(5)
    objects = [
        {chance.choice(WORDS): value_at_random(chance) for _ in range(chance.randrange(5))}
        for _ in range(300)
    ]
    objects.append({"a": "\\\n" * 50_000, "s": 1})
    keys = [
        "/" + word.replace("~", "~0").replace("/", "~1")
        for word in WORDS
        if "\0" not in word and word
    ]
    names = ", ".join("'" + key.replace("'", "''") + "'" for key in keys)
    sql = (
        f"select n, json_extract_string(p, [{names}]) as texts, json_keys(p) as names, json_extract(p, '$.*') as contents "
        "from properties order by n"
    )
    with duckdb.connect() as db:
        db.execute("create table properties (n integer, p json)")
        db.executemany(
            "insert into properties select ?, json(?)",
            [
                [n, json.dumps(one, ensure_ascii=chance.random() < 0.5)]
                for n, one in enumerate(objects)
            ],
        )
        path = tmp_path / "properties.parquet"
        db.execute(f"copy properties to '{path}' (format parquet)")
        right = plain(db.execute(sql).fetchall())
    spark.read.parquet(str(path)).createOrReplaceTempView("properties")

    assert [one for one in zip(right, on_spark(spark, sql), strict=True) if one[0] != one[1]] == []


@pytest.mark.parametrize(
    "comparison",
    ["l.place >= r.place", "l.place > r.place", "l.place <= r.place", "r.place > l.place"],
)
@pytest.mark.parametrize("side", ["left", "inner"])
def test_an_asof_join_finds_the_nearest_row(spark: Any, comparison: str, side: str):
    chance = random.Random(3)
    left = [(n, chance.choice("ab"), chance.choice([None, *range(20)])) for n in range(60)]
    right = [
        (n, chance.choice("abc"), place) for n, place in enumerate(chance.sample(range(25), 15))
    ]
    right += [(99, None, 4), (98, "a", None)]
    rows = [
        ", ".join(
            f"({n}, {'null' if k is None else repr(k)}, {'null' if at is None else at})"
            for n, k, at in side
        )
        for side in ([*left, (70, None, 4)], right)
    ]
    sql = (
        "select l.*, r.n as found, days.first_place as day from "
        f"(values {rows[0]}) as l(n, k, place) asof {side} join (values {rows[1]}) as r(n, k, place) on l.k = r.k and {comparison} "
        "asof left join (values (1), (9)) as days(first_place) on l.place >= days.first_place order by l.n"
    )

    right_rows = on_duckdb(sql)

    assert len(right_rows) > 20
    assert on_spark(spark, sql) == right_rows


@pytest.mark.parametrize(
    "zone", ["Europe/Berlin", "America/Sao_Paulo", "Asia/Kolkata", "Australia/Lord_Howe"]
)
def test_clocks_of_a_zone_are_read_alike(spark: Any, zone: str):
    times = "select unnest(generate_series(timestamp '2018-10-01', timestamp '2019-11-30', interval 30 minutes)) as t"
    sql = (
        f"select sum(epoch_us(timezone('{zone}', timezone('UTC', t))) // 1000000)::bigint as shown, "
        f"count(distinct timezone('{zone}', timezone('UTC', t))) as clocks, "
        f"count(*) filter (where timezone('UTC', timezone('{zone}', t))::date <> t::date) as shifted "
        f"from ({times}) as times"
    )

    assert on_spark(spark, sql) == on_duckdb(sql)


def test_digests_of_any_text_are_the_same_numbers(spark: Any):
    words = ", ".join(f"('{n}-{n * n}')" for n in range(500))
    sql = (
        "select sum(md5_number_lower(x) & 255)::bigint as low, "
        "sum(floor(-log2(((md5_number_lower(x) >> 8) + 1) / pow(2, 56))))::bigint as rare "
        f"from (values {words}) as t(x)"
    )

    assert on_spark(spark, sql) == on_duckdb(sql)
