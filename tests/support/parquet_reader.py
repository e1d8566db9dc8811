"""Reads a Parquet target as the documentation tells readers to: the manifest first."""

import json
from pathlib import Path
from typing import Any

import duckdb


def manifest(root: Path) -> dict[str, Any]:
    """The manifest."""
    found: dict[str, Any] = json.loads((root / "manifest.json").read_text())
    return found


def paths(found: dict[str, Any], table: str) -> list[str]:
    """The paths of a table's files, relative to the manifest."""
    return [file["path"] for file in found["tables"][table]["files"]]


def rows(root: Path, sql: str, table: str = "events") -> list[tuple[Any, ...]]:
    """The rows of a query over the files of a table, which it calls ``t``."""
    files = [str(root / path) for path in paths(manifest(root), table)]
    with duckdb.connect() as db:
        return db.execute(f"with t as (from read_parquet({files})) {sql}").fetchall()
