"""Puts the new tables of a schema in place of the former ones, inside the copy's transaction.

The schema itself stays, with everything in it that is not a table of a publication. Views over the
former tables are made over the new ones, with their owner, rights and comment. Other objects that
depend on the former tables stop the copy: nothing that is not of mp is dropped.
"""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from mixpanel_data._internal.publish_targets.configuration import PostgresTarget
from mixpanel_data._internal.publish_targets.errors import failed
from mixpanel_data._internal.publish_targets.postgres_connection import (
    Cursor,
    is_lock_timeout,
    message_of,
)
from mixpanel_data._internal.sql_literals import identifier, literal
from mixpanel_data.exceptions import PublishTargetError

_LOCK_MILLISECONDS = 400
"""Readers queue behind a waiting lock, and after 1,000 ms the server looks for deadlocks."""

_PAUSE_SECONDS = 0.2

_TABLES = """
select c.oid, c.relname from pg_class c join pg_namespace n on n.oid = c.relnamespace
where n.nspname = %s and c.relname = any(%s) and c.relkind = 'r'
"""
_VIEWS = """
with recursive found (oid, depth) as (
    select unnest(%s::oid[]), 0
    union
    select r.ev_class, found.depth + 1
    from found
    join pg_depend d on d.refclassid = 'pg_class'::regclass and d.refobjid = found.oid
        and d.classid = 'pg_rewrite'::regclass
    join pg_rewrite r on r.oid = d.objid and r.ev_class <> found.oid
    where found.depth < 100
)
select c.oid, n.nspname, c.relname, c.relkind, pg_get_viewdef(c.oid), pg_get_userbyid(c.relowner),
    c.reloptions, obj_description(c.oid, 'pg_class')
from (select oid, max(depth) as depth from found where depth > 0 group by oid) v
join pg_class c using (oid) join pg_namespace n on n.oid = c.relnamespace
order by v.depth, c.oid
"""
# Indexes, the primary key, types and default values of a table belong to it.
_OTHERS = """
select distinct pg_describe_object(d.classid, d.objid, d.objsubid)
from pg_depend d
where d.refclassid = 'pg_class'::regclass and d.refobjid = any(%s::oid[])
    and not (d.classid = 'pg_rewrite'::regclass and exists (
        select from pg_rewrite r where r.oid = d.objid and r.rulename = '_RETURN'))
    and not (d.classid = 'pg_type'::regclass and d.deptype = 'i')
    and d.classid <> 'pg_attrdef'::regclass
    and not (d.classid = 'pg_class'::regclass
        and (select relkind from pg_class where oid = d.objid) in ('i', 't'))
    and not (d.classid = 'pg_constraint'::regclass
        and (select contype in ('p', 'n') from pg_constraint where oid = d.objid))
order by 1
"""
_RIGHTS = """
select coalesce(r.rolname, 'public'), a.privilege_type, a.is_grantable, a.grantee = 0
from pg_class c cross join aclexplode(c.relacl) a left join pg_roles r on r.oid = a.grantee
where c.oid = %s and a.grantee <> c.relowner
"""
_INDEXES = """
select i.relname from pg_index x join pg_class i on i.oid = x.indexrelid
where x.indrelid = any(%s::oid[]) and i.relname not in (
    select i.relname from pg_index x join pg_class i on i.oid = x.indexrelid
    join pg_class c on c.oid = x.indrelid join pg_namespace n on n.oid = c.relnamespace
    where n.nspname = %s
)
order by 1
"""
_HOLDERS = """
select distinct a.pid, a.usename, left(regexp_replace(a.query, '\\s+', ' ', 'g'), 60)
from pg_locks l join pg_stat_activity a using (pid)
where l.relation = any(%s::oid[]) and l.granted and a.pid <> pg_backend_pid()
order by a.pid limit 3
"""


@dataclass(frozen=True)
class _View:
    oid: int
    name: str
    definition: str
    owner: str
    options: Sequence[str]
    comment: str | None
    rights: Sequence[tuple[Any, ...]]


def swap(
    target: PostgresTarget, cursor: Cursor, former: Sequence[str], new: Sequence[str]
) -> list[str]:
    """Drop the tables ``former``, and move the tables ``new`` into the schema. Return warnings.

    Raises:
        PublishTargetError: if readers hold the tables for longer than the target's `swap_wait`,
            or objects that are not of mp are in the way.
    """
    schema = target.schema_name
    _create_schema(target, cursor)
    cursor.execute(_TABLES, [schema, list(former)])
    tables = {str(name): int(oid) for oid, name in cursor.fetchall()}
    _require_free_names(target, cursor, [name for name in new if name not in tables])
    oids = list(tables.values())
    if tables:
        _lock(target, cursor, [identifier(schema, name) for name in tables], oids)
    _require_no_others(target, cursor, oids)
    views = _views(target, cursor, oids)
    rights = {name: _rights(cursor, oid) for name, oid in tables.items()}
    warnings = _index_warnings(target, cursor, oids)
    if views:
        cursor.execute(f"drop view {', '.join(view.name for view in views)}")
    if tables:
        cursor.execute(f"drop table {', '.join(identifier(schema, name) for name in tables)}")
    for name in new:
        next_name = identifier(f"{schema}_next", name)
        cursor.execute(f"alter table {next_name} set schema {identifier(schema)}")
    cursor.execute(f"drop schema {identifier(f'{schema}_next')}")
    for name in new:
        relation = identifier(schema, name)
        _grant(cursor, relation, rights.get(name, ()))
        if target.read_only_role:
            cursor.execute(f"grant select on {relation} to {identifier(target.read_only_role)}")
    for view in views:
        _create_view(target, cursor, view)
    return warnings


def _create_schema(target: PostgresTarget, cursor: Cursor) -> None:
    cursor.execute("select 1 from pg_namespace where nspname = %s", [target.schema_name])
    if not cursor.fetchone():
        cursor.execute(f"create schema {identifier(target.schema_name)}")
    if target.read_only_role:
        cursor.execute(
            f"grant usage on schema {identifier(target.schema_name)} "
            f"to {identifier(target.read_only_role)}"
        )


def _require_free_names(target: PostgresTarget, cursor: Cursor, names: Sequence[str]) -> None:
    cursor.execute(
        "select c.relname from pg_class c join pg_namespace n on n.oid = c.relnamespace "
        "where n.nspname = %s and c.relname = any(%s) order by 1",
        [target.schema_name, list(names)],
    )
    taken = [str(name) for (name,) in cursor.fetchall()]
    if taken:
        raise failed(
            target,
            f"the schema has objects of other origin with the names of tables: {', '.join(taken)}",
            "Rename them, choose another `schema`, or leave the tables out: `exclude`.",
        )


def _lock(
    target: PostgresTarget, cursor: Cursor, relations: Sequence[str], oids: Sequence[int]
) -> None:
    """Lock the tables against readers, in short attempts, so that no reader waits for long."""
    deadline = time.monotonic() + target.swap_wait
    cursor.execute(f"set local lock_timeout = {_LOCK_MILLISECONDS}")
    while True:
        cursor.execute("savepoint locking")
        try:
            cursor.execute(f"lock table {', '.join(relations)} in access exclusive mode")
            break
        except Exception as error:
            if not is_lock_timeout(error):
                raise
            cursor.execute("rollback to savepoint locking")
            if time.monotonic() > deadline:
                raise _held(target, cursor, oids) from None
            time.sleep(_PAUSE_SECONDS)
    cursor.execute("set local lock_timeout = 0")


def _held(target: PostgresTarget, cursor: Cursor, oids: Sequence[int]) -> PublishTargetError:
    cursor.execute(_HOLDERS, [list(oids)])
    holders = ", ".join(f"process {pid} of {user} ({sql})" for pid, user, sql in cursor.fetchall())
    return failed(
        target,
        f"readers held the former tables for more than {target.swap_wait:g} s: {holders}",
        "Nothing was changed there. End these, or allow more time: `swap_wait`.",
    )


def _require_no_others(target: PostgresTarget, cursor: Cursor, oids: Sequence[int]) -> None:
    cursor.execute(_OTHERS, [list(oids)])
    found = [str(text) for (text,) in cursor.fetchall()]
    if found:
        raise _in_the_way(target, found)


def _in_the_way(target: PostgresTarget, found: Sequence[str]) -> PublishTargetError:
    return failed(
        target,
        f"objects that are not of mp depend on the former tables: {', '.join(found[:5])}",
        "Nothing was changed there. Drop them, or build them on views.",
    )


def _views(target: PostgresTarget, cursor: Cursor, oids: Sequence[int]) -> list[_View]:
    """Return the views over the tables, and over these views, in the order to make them."""
    cursor.execute(_VIEWS, [list(oids)])
    rows = cursor.fetchall()
    if stored := [f"{schema}.{name}" for _, schema, name, kind, *_ in rows if kind != "v"]:
        raise _in_the_way(target, [f"materialized view or rule of {name}" for name in stored])
    _require_no_others(target, cursor, [oid for oid, *_ in rows])
    return [
        _View(
            oid,
            identifier(schema, name),
            definition.rstrip().rstrip(";"),
            owner,
            options or (),
            comment,
            _rights(cursor, oid),
        )
        for oid, schema, name, _, definition, owner, options, comment in rows
    ]


def _create_view(target: PostgresTarget, cursor: Cursor, view: _View) -> None:
    options = f" with ({', '.join(view.options)})" if view.options else ""
    cursor.execute("savepoint view")
    try:
        cursor.execute(f"create view {view.name}{options} as {view.definition}")
    except Exception as error:
        if getattr(error, "pgcode", None) is None:
            raise
        raise failed(
            target,
            f"the view {view.name} does not fit the new tables: {message_of(error)}",
            "Nothing was changed there. Drop the view, and create it after the copy.",
        ) from None
    cursor.execute("select current_user")
    row = cursor.fetchone()
    if row and row[0] != view.owner:
        cursor.execute(f"alter view {view.name} owner to {identifier(view.owner)}")
    _grant(cursor, view.name, view.rights)
    if view.comment:
        cursor.execute(f"comment on view {view.name} is {literal(view.comment)}")


def _rights(cursor: Cursor, oid: int) -> list[tuple[Any, ...]]:
    cursor.execute(_RIGHTS, [oid])
    return cursor.fetchall()


def _grant(cursor: Cursor, relation: str, rights: Sequence[tuple[Any, ...]]) -> None:
    for role, privilege, grantable, to_all in rights:
        to = "public" if to_all else identifier(role)
        more = " with grant option" if grantable else ""
        cursor.execute(f"grant {privilege} on {relation} to {to}{more}")


def _index_warnings(target: PostgresTarget, cursor: Cursor, oids: Sequence[int]) -> list[str]:
    cursor.execute(_INDEXES, [list(oids), f"{target.schema_name}_next"])
    names = [str(name) for (name,) in cursor.fetchall()]
    if not names:
        return []
    return [
        f"Publish target {target.name}: these indexes of the former tables were not made by mp, "
        f"and are gone: {', '.join(names)}. To have them on each copy, set `indexes`."
    ]
