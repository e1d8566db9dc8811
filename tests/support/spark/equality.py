"""A project that DuckDB has built, built once more on Spark from the same raw tables, and both compared."""

import re
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import duckdb
import sqlglot

from mixpanel_data._internal.engine.id_clusters import join_ids
from mixpanel_data._internal.engine.spark_sql import by_contract, to_spark
from support.spark.compiled import Model

AFTER = {"reassign_events": "int_reassigned_user_days"}
BEFORE = {"assign_sessions": "sessions", "join_ids": "identities"}


@dataclass
class OnSpark:
    """The tables of a project on Spark, in the schema ``schema``."""

    session: Any
    folder: Path
    schema: str
    seconds: dict[str, float] = field(default_factory=dict)

    def build(self, models: list[Model], columns: dict[str, dict[str, str]]) -> None:
        """Upload the raw tables and make every model's table of them, in order; nothing else is taken from DuckDB."""
        self.session.sql(f"create database if not exists {self.schema}")
        self._upload()
        hooks = {model.name: model.sql for model in models if model.name in AFTER | BEFORE}
        for model in models:
            if model.name in hooks:
                continue
            began = time.monotonic()
            if model.name == "sessions":
                self._hook(hooks["assign_sessions"])
            if model.name == "identities":
                self.join_ids()
            query = to_spark(model.sql, model=model.name, tables=self._named)
            # types of configured properties are not in the contract before a build
            contract = columns[model.name] if model.contract else {}
            self._table(model.name, by_contract(query, contract) if contract else query)
            if model.name == "int_reassigned_user_days":
                self._hook(hooks["reassign_events"])
            self.seconds[model.name] = time.monotonic() - began

    def join_ids(self) -> None:
        def run(sql: str) -> int | None:
            rows = self.session.sql(sql).collect()
            return int(rows[0][0]) if sql.startswith("select") else None

        join_ids(
            run,
            f"{self.schema}.int_identity_links",
            f"{self.schema}.id_clusters",
            using="using iceberg",
        )

    def rows(self, table: str) -> Path:
        """The table's rows as parquet."""
        path = self.folder / "out" / table
        self.session.table(f"{self.schema}.{table}").write.mode("overwrite").parquet(str(path))
        return path

    def _table(self, name: str, query: str) -> None:
        self.session.sql(f"create or replace table {self.schema}.{name} using iceberg as {query}")

    def _hook(self, sql: str) -> None:
        self.session.sql(re.sub(r'"\w+"\."\w+"\."(\w+)"', rf"{self.schema}.\1", sql).strip())

    def _named(self, table: sqlglot.exp.Table) -> sqlglot.exp.Table:
        if not table.args.get("db"):
            return table
        prefix = "raw_" if table.catalog == "raw" else ""
        table.set("catalog", None)
        table.set("db", sqlglot.exp.to_identifier(self.schema))
        table.set("this", sqlglot.exp.to_identifier(prefix + table.name))
        return table

    def _upload(self) -> None:
        with duckdb.connect(self.folder / "raw.duckdb", read_only=True) as db:
            tables = db.execute(
                "select table_name from duckdb_tables() where schema_name = 'mixpanel'"
            ).fetchall()
            for (table,) in tables:
                path = (
                    self.folder / "up" / f"raw_{table}.parquet"
                )  # Spark passes over names with an underscore first
                path.parent.mkdir(exist_ok=True)
                db.execute(f"copy (select * from mixpanel.{table}) to '{path}' (format parquet)")
                self.session.read.parquet(str(path)).createOrReplaceTempView("uploaded")
                self._table(f"raw_{table}", "select * from uploaded")
        self._table(
            "changed_ids",
            "select cast(null as string) as sender_id, cast(null as string) as former_user_id, "
            "false as is_changed where false",
        )


def differences(built: Path, table: str, spark_rows: Path, columns: dict[str, str]) -> str:
    """How the table of the DuckDB file ``built`` and the same of Spark differ; empty for equal ones.

    Compared with EXCEPT ALL both ways: UUIDs and JSON as text, doubles to 12 digits.
    """
    with duckdb.connect(built, read_only=True) as db:
        db.execute("set timezone = 'UTC'")
        found = dict(
            db.execute(
                f"select column_name, column_type from (describe from '{spark_rows}/*.parquet')"
            ).fetchall()
        )
        if set(found) != set(columns):
            return (
                f"{table} has the columns {sorted(found)} on Spark, and {sorted(columns)} on DuckDB"
            )
        mine, theirs = (
            f"select {', '.join(_folded(name, kind) for name, kind in columns.items())} from {source}"
            for source in (f'"{table}"', f"'{spark_rows}/*.parquet'")
        )
        only = [
            db.execute(f"select count(*) from (({one}) except all ({other}))").fetchone()
            for one, other in ((mine, theirs), (theirs, mine))
        ]
        if only == [(0,), (0,)]:
            return ""
        others = [
            (name, _example(db, name, kind, table, spark_rows))
            for name, kind in columns.items()
            if _example(db, name, kind, table, spark_rows)
        ]
    return f"{table}: rows only on DuckDB {only[0]}, only on Spark {only[1]}; values {others[:6]}"


def _example(
    db: duckdb.DuckDBPyConnection, name: str, kind: str, table: str, path: Path
) -> list[Any]:
    sides = [
        f'select {_folded(name, kind)} from "{table}"',
        f"select {_folded(name, kind)} from '{path}/*.parquet'",
    ]
    found: list[Any] = []
    for one, other in (sides, sides[::-1]):
        found.append(db.execute(f"({one}) except all ({other}) order by 1 limit 3").fetchall())
    return found if any(found) else []


def _folded(name: str, kind: str) -> str:
    column = f'"{name}"'
    if kind == "DOUBLE":
        value = f"case when {column} = 0 then 0 else round({column}, 12 - 1 - floor(log10(abs({column})))::int) end"
        return f"{value} as {column}"
    if kind in ("UUID", "JSON"):
        return f"{column}::varchar as {column}"
    return f"{column}::{kind} as {column}"


def columns_of(built: Path) -> dict[str, dict[str, str]]:
    """The columns of each public table, with their types."""
    found: dict[str, dict[str, str]] = {}
    with duckdb.connect(built, read_only=True) as db:
        for table, column, kind in db.execute(
            "select table_name, column_name, data_type from duckdb_columns() where schema_name = 'main' and not internal "
            "order by column_index"
        ).fetchall():
            found.setdefault(table, {})[column] = kind
    return found


Builder = Callable[[str], OnSpark]
