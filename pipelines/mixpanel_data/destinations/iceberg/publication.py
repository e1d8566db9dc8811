"""Publishes the tables that Spark built: a tag of each table, and a copy in the file of the data
folder."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import duckdb
import pyarrow as pa
from pyiceberg.exceptions import NoSuchTableError
from pyiceberg.table import Table

from mixpanel_data._internal.data_folder.duckdb_defaults import MEMORY_LIMIT
from mixpanel_data._internal.data_folder.paths import DataFolder
from mixpanel_data._internal.publication import build_file, build_stamp
from mixpanel_data._internal.sql.properties import CREATE_PROP
from mixpanel_data._internal.sql_literals import identifier, literal
from mixpanel_data.destinations.iceberg.catalog import (
    Lake,
    expire_old_snapshots,
    translate_iceberg_errors,
)

BUILD = "mx_build"
"""The namespace that dbt builds into."""

TAG = "published"

STAMP = "_build"

MOST_EVENTS = 50_000_000
"""Rows of a table up to which it is copied into the data folder's file."""


@dataclass(frozen=True)
class BuiltTable:
    """A table that dbt built, as its model describes it."""

    name: str
    description: str
    columns: Mapping[str, tuple[str | None, str]]
    """Name of each column that the model has described, with its DuckDB type and its comment."""


def _models(folder: DataFolder) -> list[dict[str, Any]]:
    """Return the tables and views of the last build."""
    content: list[dict[str, Any]] = json.loads(
        (folder.build / "target" / "tables.json").read_text()
    )
    return content


def read_built_tables(folder: DataFolder) -> list[BuiltTable]:
    """Return the public tables of the last build."""
    return [
        BuiltTable(
            each["name"],
            each["description"],
            {name: (kind, text) for name, (kind, text) in each["columns"].items()},
        )
        for each in _models(folder)
        if each["schema"] == BUILD
    ]


def expire_snapshots(lake: Lake, folder: DataFolder, now: datetime) -> None:
    """Remove old snapshots of the tables that the last build made or added to.

    Only of these: the namespaces may have tables of others.
    """
    names = [(each["schema"], each["name"]) for each in _models(folder)]
    for name in (*names, (BUILD, STAMP)):
        with translate_iceberg_errors():
            try:
                table = lake.catalog.load_table(name)
            except NoSuchTableError:  # a view
                continue
        expire_old_snapshots(table, now)


def copy_tables(
    lake: Lake, folder: DataFolder, tables: Sequence[BuiltTable], fingerprint: str, storage: str
) -> list[str]:
    """Write the built tables into the build file of the data folder, and return warnings about those
    that are too large for it.

    Columns have the types of their contracts, and comments are those of the models.
    """
    target = build_file.build_file(folder)
    build_file.prepare_build_file(folder, fingerprint, storage, start_empty=True)
    left_out = []
    with duckdb.connect(target, config={"memory_limit": MEMORY_LIMIT}) as connection:
        connection.execute("SET preserve_insertion_order = false")
        connection.execute(f"CREATE {CREATE_PROP}")
        for table in tables:
            found = _built(lake, table.name)
            rows = _rows(found)
            if rows > MOST_EVENTS:
                left_out.append(
                    f"{table.name} has {rows:,} rows, and is in the catalog only: "
                    f"{folder.published.name} has tables of up to {MOST_EVENTS:,}."
                )
                continue
            _copy(connection, found, table)
    build_stamp.mark_built(target)
    return left_out


def _built(lake: Lake, name: str, namespace: str = BUILD) -> Table:
    with translate_iceberg_errors():
        return lake.catalog.load_table((namespace, name))


def _rows(table: Table) -> int:
    snapshot = table.current_snapshot()
    return int(snapshot.summary["total-records"] or 0) if snapshot and snapshot.summary else 0


def _copy(connection: duckdb.DuckDBPyConnection, found: Table, table: BuiltTable) -> None:
    schema: pa.Schema = found.schema().as_arrow()
    columns = ", ".join(_column(field.name, table) for field in schema)
    name = identifier(table.name)
    connection.register("arrived_rows", found.scan().to_arrow_batch_reader())
    connection.execute(f"CREATE TABLE main.{name} AS SELECT {columns} FROM arrived_rows")
    connection.unregister("arrived_rows")
    connection.execute(f"COMMENT ON TABLE main.{name} IS {literal(table.description.strip())}")
    for column, (_, text) in table.columns.items():
        if column in schema.names and text:
            connection.execute(
                f"COMMENT ON COLUMN main.{name}.{identifier(column)} IS {literal(text.strip())}"
            )


def _column(name: str, table: BuiltTable) -> str:
    kind, _ = table.columns.get(name, (None, ""))
    quoted = identifier(name)
    return f"CAST({quoted} AS {kind}) AS {quoted}" if kind else quoted


def move_tags(
    lake: Lake,
    tables: Sequence[BuiltTable],
    fingerprint: str,
    others: Sequence[tuple[str, str]] = (),
) -> dict[str, int]:
    """Move the tag ``published`` of each table to its present snapshot; then write ``_build``, which
    names the snapshots. Return the snapshots by table.

    ``others`` are tables of builds, by namespace and name, from which the next build starts: their
    tags are moved first.

    A reader of a tag sees the former table or the new one. Tables move one after the other, within
    seconds; those of one row's ``publication`` in ``_build`` belong together.
    """
    moved: dict[str, int] = {}
    for namespace, name in others:
        found = _built(lake, name, namespace)
        if found.metadata.current_snapshot_id is not None:
            move_tag(found, found.metadata.current_snapshot_id)
    for table in tables:
        found = _built(lake, table.name)
        snapshot = found.current_snapshot()
        if snapshot is None:
            continue
        move_tag(found, snapshot.snapshot_id)
        moved[table.name] = snapshot.snapshot_id
    now = datetime.now(UTC).replace(tzinfo=None)
    stamp = pa.table(
        {
            "publication": pa.array([now.isoformat()] * len(moved)),
            "published_at": pa.array([now] * len(moved), pa.timestamp("us")),
            "fingerprint": pa.array([fingerprint] * len(moved)),
            "table_name": pa.array(list(moved)),
            "snapshot_id": pa.array(list(moved.values()), pa.int64()),
        }
    )
    with translate_iceberg_errors():
        try:
            build = lake.catalog.load_table((BUILD, STAMP))
        except NoSuchTableError:
            build = lake.catalog.create_table((BUILD, STAMP), stamp.schema)
        build.overwrite(stamp)
    return moved


def move_tag(table: Table, snapshot_id: int) -> None:
    """Let the tag ``published`` of a table name this snapshot."""
    ref = table.metadata.refs.get(TAG)
    if ref is not None and ref.snapshot_id == snapshot_id:
        return
    with translate_iceberg_errors(), table.manage_snapshots() as change:
        change.create_tag(snapshot_id, TAG)
