"""Copies in PostgreSQL: rows and values, readers during a copy, kills, rights, and objects of others."""

import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import psycopg2
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.publication import ODD, PublishedFolder

from mixpanel_data._internal.publish_targets import postgres, postgres_connection, postgres_types
from mixpanel_data._internal.publish_targets.publication import Column, Table
from mixpanel_data._internal.publish_targets.publish import check_target, publish
from mixpanel_data.exceptions import ConfigError, DatabaseLockedError, PublishTargetError

KILLED = 9


class Target:
    """A project with the target ``pg``, in a database of its own."""

    def __init__(self, made: PublishedFolder, url: str) -> None:
        self.made, self.url = made, url
        self.configure()

    def configure(self, **values: Any) -> None:
        self.made.configure(pg={"kind": "postgres", "url": self.url, **values})

    def copy(self, **options: Any) -> Any:
        return publish("pg", settings=self.made.settings(), **options)

    def run(self, *statements: str) -> list[tuple[Any, ...]]:
        """The rows of the last statement."""
        with psycopg2.connect(self.url) as pg, pg.cursor() as cursor:
            for statement in statements:
                cursor.execute(statement)
            found = cursor.fetchall() if cursor.description else []
        pg.close()
        return found

    def versions(self) -> list[Any]:
        """The versions of the publication that readers see."""
        return [
            value
            for table in ("events", "sessions", "totals")
            for (value,) in self.run(f"select distinct version from mixpanel.{table}")
        ]

    def schemas(self) -> list[str]:
        sql = "select nspname from pg_namespace where nspname like 'mixpanel%' order by 1"
        return [name for (name,) in self.run(sql)]


@pytest.fixture
def target(root: Path, server: str) -> Iterator[Target]:
    name = f"d{time.monotonic_ns()}"
    admin = psycopg2.connect(server)
    admin.autocommit = True
    admin.cursor().execute(f"create database {name}")
    yield Target(PublishedFolder(root), server.replace("/postgres?", f"/{name}?"))
    admin.cursor().execute(f"drop database {name} with (force)")
    admin.close()


def test_tables_rows_comments_keys_and_indexes_are_there(target):
    target.made.publish(1)

    done = target.copy()

    assert done.tables == {"_build": 1, "events": 72, "sessions": 72, "totals": 1}
    assert done.warnings == []
    assert target.run(
        "select count(*), sum(version), min(event_date)::text from mixpanel.events"
    ) == [(72, 72, "2026-01-01")]
    assert target.run(
        "select column_name, data_type from information_schema.columns where table_schema = 'mixpanel' "
        "and table_name = 'events' order by ordinal_position"
    ) == [
        ("event", "text"),
        ("time", "timestamp without time zone"),
        ("distinct_id", "text"),
        ("event_key", "uuid"),
        ("properties", "text"),
        ("event_date", "date"),
        ("version", "integer"),
    ]
    assert target.run("select obj_description('mixpanel.events'::regclass)")[0][0].startswith(
        "What users did."
    )
    assert target.run("select col_description('mixpanel.events'::regclass, 2)") == [
        ("When it happened, UTC. It's naive.",)
    ]
    sql = "select indexname, indexdef from pg_indexes where schemaname = 'mixpanel'"
    indexes = dict(target.run(sql))
    assert "UNIQUE" in indexes["events_pkey"]
    assert "(event_key)" in indexes["events_pkey"]
    assert "(event_date)" in indexes["events_event_date_idx"]
    assert "(session_date)" in indexes["sessions_session_date_idx"]
    assert target.run("select distinct publication, built_at::text from mixpanel._publication") == [
        (done.publication, "2026-02-01 01:00:00")
    ]
    assert target.schemas() == ["mixpanel"]


VALUES = """
create table odd (n integer, t varchar, j json, u uuid, d date, s timestamp, z timestamptz, f double, r float,
    b boolean, h hugeint, c decimal(12, 3), i interval, y blob, e enum('a', 'b'), k time, l varchar[], m timestamp[],
    o double[], p struct(x integer, y varchar), q integer[][]);
insert into odd values
    (1, '', '""', null, 'infinity', '-infinity', null, 'inf', '-inf', null, null, null, null, '', null, null, [], [],
        ['nan', null, '-0.0']::double[], null, null),
    (2, null, null, null, null, null, null, null, null, null, null, null, null, null, null, null, null, null, null,
        null, null),
    (3, '\\N', '{"a":1,"a":2,"n":123456789012345678901234567890,"s":"\\u0000\\ud83d\\ude00"}', uuid(), '0044-03-15 (BC)',
        '0044-03-15 (BC) 01:02:03.000004', timestamptz '2026-01-01 00:00:00.000001+00', 'nan', 'nan', true,
        -170141183460469231731687303715884105727, 123456789.125, interval '1 month 3 days 2 microseconds', '\\x00\\xFF',
        'b', '23:59:59.000001', ['', null, '"', '\\', '{}', ',', 'NULL', chr(10)],
        ['2026-01-01 00:00:00.1', null, 'infinity'], [5e-324, 1.7976931348623157e308]::double[], {'x': 1, 'y': 'ä'},
        [[1], [2, 3]]),
    (4, chr(9) || chr(10) || chr(13) || '\\.' || chr(10), '"\u2028"', null, '9999-12-31', '9999-12-31 23:59:59.999999',
        null, 0.1, 0.1, false, 1, -0.001, null, null, 'a', '00:00:00', ['é'], null, [0.1]::double[], null, []);
"""


@pytest.mark.parametrize("json_type", ["text", "json"])
def test_odd_values_are_those_of_the_publication(target, json_type):
    target.configure(json_type=json_type, tables=["odd"])
    target.made.statements.append(VALUES)
    target.made.publish(1)

    done = target.copy()

    assert done.warnings == []
    assert target.run(
        "select n, t, j::text, f::text, r::text, h::text, c::text, y from mixpanel.odd order by n"
    )[0][:6] == (1, "", '""', "Infinity", "-Infinity", None)
    assert target.run(
        "select t, j::text, d::text, s::text, z::text, l, m::text[], o, p, q from mixpanel.odd where n = 3"
    ) == [
        (
            "\\N",
            '{"a":1,"a":2,"n":123456789012345678901234567890,"s":"\\u0000\\ud83d\\ude00"}',
            "0044-03-15 BC",
            "0044-03-15 01:02:03.000004 BC",
            "2026-01-01 00:00:00.000001+00",
            ["", None, '"', "\\", "{}", ",", "NULL", "\n"],
            ["2026-01-01 00:00:00.1", None, "infinity"],
            [5e-324, 1.7976931348623157e308],
            '{"x":1,"y":"ä"}',
            "[[1],[2,3]]",
        )
    ]
    assert target.run(
        "select l, m, cardinality(l), t is null from mixpanel.odd where n in (1, 2) order by n"
    ) == [
        ([], [], 0, False),
        (None, None, None, True),
    ]
    assert target.run("select t, l from mixpanel.odd where n = 4") == [("\t\n\r\\.\n", ["é"])]


def test_what_postgres_cannot_store_is_replaced_and_counted(target):
    target.configure(tables=["odd"])
    target.made.statements += [
        "create table odd (n integer, t varchar, l varchar[], d date, s timestamp)",
        "insert into odd values (1, 'a' || chr(0) || 'b', ['x', chr(0)], null, null), (2, '', [], null, null)",
        "insert into odd values (3, null, null, '290000-01-01 (BC)', '294246-12-31 23:00:00')",
        "comment on table odd is 'Odd. Keys: t.'",
    ]
    target.made.publish(1)

    done = target.copy()

    assert target.run("select t, l, d, s::text from mixpanel.odd order by n") == [
        ("a\ufffdb", ["x", "\ufffd"], None, None),
        ("", [], None, None),
        (None, None, None, None),
    ]
    assert "4 values that PostgreSQL can't store were replaced" in done.warnings[0]


_COLUMNS = tuple(
    Column(name, kind, None)
    for name, kind in (
        ("t", "VARCHAR"),
        ("f", "DOUBLE"),
        ("s", "TIMESTAMP"),
        ("l", "VARCHAR[]"),
        ("d", "DATE"),
    )
)
_TEXT = st.text(st.characters(codec="utf-8"), max_size=8)


@settings(max_examples=15)
@given(
    st.lists(
        st.tuples(
            st.none() | _TEXT,
            st.none() | st.floats(),
            st.none() | st.datetimes(),
            st.none() | st.lists(st.none() | _TEXT, max_size=3),
            st.none() | st.dates(),
        ),
        min_size=1,
        max_size=20,
    )
)
def test_both_servers_compute_the_same_hash_of_any_rows(server, rows):
    table = Table("any", None, _COLUMNS, ())
    with duckdb.connect() as db, psycopg2.connect(server) as pg, pg.cursor() as cursor:
        db.execute("attach ':memory:' as published")
        db.execute(
            'create table published."any" (t varchar, f double, s timestamp, l varchar[], d date)'
        )
        db.executemany(
            'insert into published."any" values (?, ?, ?, ?, ?)', [list(row) for row in rows]
        )
        columns = ", ".join(postgres_types.column_sql(column, "text") for column in _COLUMNS)
        cursor.execute(f"set timezone = 'UTC'; create temp table made ({columns}) on commit drop")
        lines = postgres.LineReader(db, postgres_types.line_sql(table, "text"))
        cursor.copy_expert("copy made from stdin", lines, size=100)
        cursor.execute(postgres_types.stored_sum_sql(table, "text", "made"))
        stored = cursor.fetchone()
        source = db.execute(postgres_types.sum_sql(table, "text")).fetchone()
        pg.rollback()

    assert stored == source[:2]


def test_one_changed_value_is_another_hash(target):
    target.made.statements.append(
        "create table odd as select '' as a, null::varchar as b, ['ab', 'c'] as l"
    )
    target.configure(tables=["odd"])
    target.made.publish(1)
    target.copy()
    sums = [target.run("select row_hash from mixpanel._publication")]
    for values in (
        "null::varchar as a, '' as b, ['ab', 'c'] as l",
        "'' as a, null::varchar as b, ['a', 'bc'] as l",
    ):
        target.made.statements[:] = [f"create table odd as select {values}"]
        target.made.publish(2)
        target.copy()
        sums.append(target.run("select row_hash from mixpanel._publication"))

    assert len({str(found) for found in sums}) == 3


def test_a_copy_that_differs_is_refused_and_the_former_tables_stay(target, monkeypatch):
    target.made.publish(1)
    target.copy()
    target.made.publish(2)
    line_sql = postgres_types.line_sql
    monkeypatch.setattr(
        postgres_types, "line_sql", lambda table, kind: f"{line_sql(table, kind)} limit 70"
    )

    with pytest.raises(PublishTargetError, match="table events has 70 rows and not 72"):
        target.copy()

    assert target.versions() == [1, 1, 1]
    assert target.schemas() == ["mixpanel"]


def test_a_value_that_changed_on_the_way_is_refused(target, monkeypatch):
    target.made.publish(1)
    line_sql = postgres_types.line_sql
    monkeypatch.setattr(
        postgres_types,
        "line_sql",
        lambda table, kind: (
            f"select replace(l, 'u1', 'u2') from ({line_sql(table, kind)}) as lines (l)"
        ),
    )

    with pytest.raises(PublishTargetError, match="table events has other values"):
        target.copy()

    assert target.schemas() == []


def test_only_if_new_does_nothing_for_the_same_publication_and_settings(target):
    target.made.publish(1)
    target.copy()

    assert not target.copy(only_if_new=True).is_new
    target.configure(json_type="json")
    assert target.copy(only_if_new=True).is_new
    target.configure(json_type="json", exclude=["events"])
    assert target.copy(only_if_new=True).is_new
    target.made.publish(2)
    assert target.copy(only_if_new=True).is_new


def test_tables_that_are_no_longer_copied_go(target):
    target.made.publish(1)
    target.copy()
    target.configure(exclude=["events"])

    target.copy()

    assert target.run(
        "select to_regclass('mixpanel.events'), to_regclass('mixpanel.sessions')::text"
    ) == [(None, "mixpanel.sessions")]


def test_a_read_only_role_reads_and_nothing_else(target):
    target.run("drop role if exists analyst", "create role analyst login")
    target.configure(read_only_role="analyst")
    target.made.publish(1)

    for _ in range(2):
        target.copy()

    assert target.run("set role analyst", "select count(*) from mixpanel.events") == [(72,)]
    with pytest.raises(psycopg2.errors.InsufficientPrivilege):
        target.run("set role analyst", "delete from mixpanel.events")
    target.run("drop owned by analyst", "drop role analyst")


def test_a_role_that_does_not_exist_is_named(target):
    target.configure(read_only_role="nobody_here")
    target.made.publish(1)

    with pytest.raises(ConfigError, match="there is no role 'nobody_here'"):
        target.copy()


def test_rights_given_by_hand_stay(target):
    target.made.publish(1)
    target.copy()
    target.run(
        "grant select on mixpanel.events to pg_monitor", "grant select on mixpanel.totals to public"
    )

    target.copy()

    assert target.run(
        "select has_table_privilege('pg_monitor', 'mixpanel.events', 'select'), "
        "has_table_privilege('pg_monitor', 'mixpanel.totals', 'select'), "
        "has_table_privilege('pg_monitor', 'mixpanel.sessions', 'select')"
    ) == [(True, True, False)]


def test_indexes_of_the_settings_are_made_and_others_are_named_when_they_go(target):
    target.configure(indexes={"events": ["distinct_id, time"]})
    target.made.publish(1)
    assert target.copy().warnings == []
    assert target.run(
        "select count(*) from pg_indexes where tablename = 'events' and indexdef like '%(distinct_id, \"time\")%'"
    ) == [(1,)]
    target.run("create index by_hand on mixpanel.events (version)")

    assert "by_hand" in target.copy().warnings[0]
    assert target.copy().warnings == []


def test_an_index_of_columns_that_do_not_exist_is_named(target):
    target.configure(indexes={"events": ["distinctid"]})
    target.made.publish(1)

    with pytest.raises(ConfigError, match=r"`indexes` names events \(distinctid\)"):
        target.copy()


def test_a_key_with_nulls_or_too_long_for_an_index_does_not_stop_a_copy(target):
    target.made.statements += [
        "insert into totals values (null, 1, 1), (repeat('x', 5000), 1, 1)",
    ]
    target.made.publish(1)

    assert target.copy().tables["totals"] == 3


# -- objects of others


def test_other_objects_of_the_schema_stay(target):
    target.made.publish(1)
    target.copy()
    target.run("create table mixpanel.mine (n int)", "insert into mixpanel.mine values (1)")
    target.made.publish(2)

    target.copy()

    assert target.run("select n from mixpanel.mine") == [(1,)]
    assert target.versions() == [2, 2, 2]


def test_views_over_the_tables_stay_with_their_rights_owner_and_comment(target):
    target.made.publish(1)
    target.copy()
    target.run(
        "create schema analytics",
        "create view analytics.a with (security_barrier = true) as select version, count(*) from mixpanel.events group by 1",
        "create view analytics.b as select a.version from analytics.a join mixpanel.totals using (version)",
        "comment on view analytics.b is 'Mine, it''s so.'",
        "grant select on analytics.b to pg_monitor",
        "alter view analytics.b owner to pg_database_owner",
    )
    target.made.publish(2)

    target.copy()

    assert target.run("select * from analytics.a") == [(2, 72)]
    assert target.run(
        "select obj_description('analytics.b'::regclass), pg_get_userbyid(relowner), "
        "has_table_privilege('pg_monitor', oid, 'select') from pg_class where oid = 'analytics.b'::regclass"
    ) == [("Mine, it's so.", "pg_database_owner", True)]
    assert target.run("select reloptions from pg_class where oid = 'analytics.a'::regclass") == [
        (["security_barrier=true"],)
    ]


@pytest.mark.parametrize(
    ("statement", "name"),
    [
        ("create materialized view mixpanel.m as select 1 as n from mixpanel.events", "m"),
        (
            "create table mixpanel.other (k uuid references mixpanel.events (event_key))",
            "constraint other_k_fkey",
        ),
        ("create policy mine on mixpanel.events using (true)", "policy mine"),
        (
            "create function mixpanel.f() returns bigint begin atomic select count(*) from mixpanel.events; end",
            "function mixpanel.f",
        ),
        ("create rule mine as on insert to mixpanel.totals do instead nothing", "rule mine"),
    ],
)
def test_other_dependents_stop_the_copy_and_are_named(target, statement, name):
    target.made.publish(1)
    target.copy()
    target.run(statement)
    target.made.publish(2)

    with pytest.raises(PublishTargetError, match=name):
        target.copy()

    assert target.versions() == [1, 1, 1]


def test_a_view_that_does_not_fit_the_new_tables_stops_the_copy(target):
    target.made.publish(1)
    target.copy()
    target.run("create view mixpanel.v as select amount from mixpanel.totals")
    target.made.statements.append("alter table totals drop amount")
    target.made.publish(2)

    with pytest.raises(PublishTargetError, match=r"the view .*v.* does not fit the new tables"):
        target.copy()

    assert target.versions() == [1, 1, 1]
    assert target.run("select count(*) from mixpanel.v") == [(1,)]


def test_a_table_of_other_origin_with_a_name_of_ours_is_not_replaced(target):
    target.run("create schema mixpanel", "create table mixpanel.events (mine int)")
    target.made.publish(1)

    with pytest.raises(
        PublishTargetError, match="objects of other origin with the names of tables: events"
    ):
        target.copy()

    assert target.run("select count(*) from mixpanel.events") == [(0,)]


def test_a_schema_of_other_origin_with_the_next_name_is_not_dropped(target):
    target.run("create schema mixpanel_next")
    target.made.publish(1)

    with pytest.raises(ConfigError, match="there is a schema mixpanel_next, which is not of mp"):
        target.copy()


# -- readers, kills, two at once


def test_readers_in_a_loop_see_one_publication_or_the_next(target):
    target.made.publish(1)
    target.copy()
    seen: list[tuple[Any, ...]] = []
    failures: list[BaseException] = []
    ended = threading.Event()

    def read(isolation: str, statements: list[str]) -> None:
        try:
            pg = psycopg2.connect(target.url)
            with pg.cursor() as cursor:
                while not ended.is_set():
                    found: list[Any] = []
                    cursor.execute(f"begin isolation level {isolation}")
                    for statement in statements:
                        cursor.execute(statement)
                        found += cursor.fetchall()[0]
                        time.sleep(0.005)
                    pg.commit()
                    seen.append(tuple(found))
            pg.close()
        except BaseException as error:  # noqa: BLE001  (the test shows it)
            failures.append(error)

    tables = ("events", "totals", "sessions")
    one = [
        "select "
        + ", ".join(
            f"(select string_agg(distinct version::text, '+') from mixpanel.{t})" for t in tables
        )
        + ", (select count(*) / 24 from mixpanel.events)::text"
    ]
    many = [
        f"select string_agg(distinct version::text, '+') from mixpanel.{table}" for table in tables
    ]
    many.append("select (count(*) / 24)::text from mixpanel.events")
    backwards = [*many[:-1][::-1], many[-1]]
    readers = [
        threading.Thread(target=read, args=("read committed", one)),
        threading.Thread(target=read, args=("read committed", many)),
        threading.Thread(target=read, args=("repeatable read", backwards)),
    ]
    for reader in readers:
        reader.start()
    for version in range(2, 7):
        target.made.publish(version, days=version)
        target.copy()
    ended.set()
    for reader in readers:
        reader.join()

    assert failures == []
    # The first publication has three days, each later one as many as its version.
    assert set(seen) <= {("1", "1", "1", "3"), *((str(v),) * 4 for v in range(2, 7))}
    assert len(set(seen)) > 2


def test_a_snapshot_from_before_the_copy_never_sees_empty_tables(target):
    target.made.publish(1)
    target.copy()
    pg = psycopg2.connect(target.url)
    with pg.cursor() as cursor:
        cursor.execute("begin isolation level repeatable read")
        cursor.execute("select 1")
        target.made.publish(2)
        target.copy()
        cursor.execute("select count(*) from mixpanel.events")
        assert cursor.fetchall() == [(72,)]
    pg.close()


def test_a_reader_that_holds_the_tables_is_waited_for_and_then_named(target):
    target.configure(swap_wait=1)
    target.made.publish(1)
    target.copy()
    target.made.publish(2)
    pg = psycopg2.connect(target.url)
    with pg.cursor() as cursor:
        cursor.execute("select count(*) from mixpanel.totals")
        with pytest.raises(PublishTargetError, match=r"readers held .* process \d+ of postgres"):
            target.copy()
        # Others can read meanwhile.
        assert target.versions() == [1, 1, 1]
    pg.close()

    target.copy()

    assert target.versions() == [2, 2, 2]


_KILL = """
import os, signal, sys
from mixpanel_data._internal.publish_targets import postgres
from mixpanel_data._internal.publish_targets.publish import publish

def die():
    os.kill(os.getpid(), signal.SIGKILL)

stage = sys.argv[1]
swap = postgres.swap
def killed_swap(*args):
    found = swap(*args)
    if stage == "before commit":
        die()
    return found
postgres.swap = killed_swap
if stage == "in a table":
    read = postgres.LineReader.read
    def read_once(self, size):
        found = read(self, 100)
        return found if len(found) < 100 else die()
    postgres.LineReader.read = read_once
if stage == "after commit":
    postgres._outcome = lambda *args, **rest: die()
publish("pg", on_table=lambda table: die() if table == stage else None)
"""


@pytest.mark.parametrize(
    "stage", ["events", "in a table", "totals", "before commit", "after commit"]
)
def test_a_kill_leaves_one_whole_publication_and_nothing_else(target, stage):
    target.made.publish(1)
    target.copy()
    target.made.publish(2)

    killed = subprocess.run(
        [sys.executable, "-c", _KILL, stage], env=target.made.environment, check=False
    )

    assert killed.returncode == -KILLED
    assert set(target.versions()) == {2 if stage == "after commit" else 1}
    target.made.publish(3)
    target.copy()
    assert target.versions() == [3, 3, 3]
    assert target.schemas() == ["mixpanel"]


def test_a_schema_that_an_interrupted_copy_left_is_removed(target):
    target.run(
        "create schema mixpanel_next", f"comment on schema mixpanel_next is '{postgres._MARK}'"
    )
    target.made.publish(1)

    target.copy()

    assert target.schemas() == ["mixpanel"]


def test_a_second_copy_at_the_same_time_is_refused(target, tmp_path, monkeypatch):
    monkeypatch.setattr(postgres_connection, "LOCK_SECONDS", 0.5)
    target.made.publish(1)
    other = Target(PublishedFolder(tmp_path / "other"), target.url)
    other.made.publish(2)
    refused: list[BaseException] = []

    def on_table(table: str) -> None:
        if table == "events":
            with pytest.raises(
                DatabaseLockedError, match=r"another copy to schema mixpanel runs \(server process"
            ) as raised:
                other.copy()
            refused.append(raised.value)

    target.copy(on_table=on_table)

    assert len(refused) == 1
    assert target.versions() == [1, 1, 1]


def test_two_schemas_of_one_database_are_copied_to_at_the_same_time(target, tmp_path):
    target.made.publish(1)
    other = Target(PublishedFolder(tmp_path / "other"), target.url)
    other.configure(schema="second")
    other.made.publish(2)

    target.copy(on_table=lambda table: other.copy() if table == "events" else None)

    assert target.run("select distinct version from second.events") == [(2,)]


# -- errors


def test_a_server_that_is_not_there_is_named_without_the_password(target):
    target.url = "postgresql://loader:hunter22@127.0.0.1:1/x"
    target.configure()
    target.made.publish(1)

    with pytest.raises(PublishTargetError, match=r"the server can't be used: .*refused") as raised:
        target.copy()

    assert "hunter22" not in str(raised.value.to_dict())
    with pytest.raises(PublishTargetError):
        check_target("pg", settings=target.made.settings())


def test_a_url_of_another_form_is_not_shown(target):
    target.url = "hunter22 is my password"
    target.configure()
    target.made.publish(1)

    with pytest.raises(ConfigError, match="`url` is not a connection URL") as raised:
        target.copy()

    assert "hunter22" not in str(raised.value.to_dict())


def test_a_name_that_is_too_long_is_named(target):
    name = "x" * 64
    target.made.statements.append(f"create table odd as select 1 as {name}")
    target.made.publish(1)

    with pytest.raises(ConfigError, match=f"the name '{name}' in table odd has 64 bytes"):
        target.copy()


def test_a_check_names_a_user_without_rights(target):
    target.run("drop role if exists weak", "create role weak login")
    target.url = target.url.replace("postgres:@", "weak:@")
    target.configure()

    with pytest.raises(ConfigError, match="lacks the right CREATE on the database"):
        check_target("pg", settings=target.made.settings())


def test_a_check_says_what_is_there(target):
    assert "nothing is published there" in check_target("pg", settings=target.made.settings())
    target.made.publish(1)
    done = target.copy()

    assert f"it has publication {done.publication}" in check_target(
        "pg", settings=target.made.settings()
    )


def test_a_large_table_is_streamed(target):
    target.configure(tables=["big"])
    target.made.statements.append(
        "create table big as select i, repeat(md5(i::varchar), 60) as t from range(80000) r(i)"
    )
    target.made.publish(1)
    code = (
        "import duckdb, psycopg2, resource, sys;"
        "from mixpanel_data._internal.publish_targets.publish import publish;"
        "used = lambda: resource.getrusage(resource.RUSAGE_SELF).ru_maxrss;"
        "duckdb.connect().execute('select 1'); before = used();"
        "publish('pg'); print(used() - before, file=sys.stderr)"
    )
    environment = {**target.made.environment, "MP_MEMORY_LIMIT": "100MB"}

    done = subprocess.run(
        [sys.executable, "-c", code], env=environment, check=True, capture_output=True, text=True
    )

    assert int(done.stderr) < 130_000  # KB; the table has 154 MB
    assert target.run("select count(*) from mixpanel.big") == [(80_000,)]


def test_texts_of_every_kind_stay_as_they_are(target):
    target.configure(tables=["odd"])
    target.made.statements += [
        "create table odd (a varchar, b varchar, c varchar)",
        *(f"insert into odd values ({texts})" for texts in ODD),
    ]
    target.made.publish(1)

    target.copy()

    with duckdb.connect(str(target.made.data / "mixpanel.duckdb"), read_only=True) as db:
        published = db.execute("select * from odd").fetchall()
    expected = [tuple(v.replace("\0", "\ufffd") if v else v for v in row) for row in published]
    assert set(target.run("select * from mixpanel.odd")) == set(expected)
