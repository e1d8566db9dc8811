"""What `mf query` would answer, without its start: MetricFlow writes the SQL, and an open connection runs it."""

import re
from collections.abc import Iterable
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
from metricflow.engine.metricflow_engine import MetricFlowEngine, MetricFlowQueryRequest
from metricflow.protocols.sql_client import SqlEngine
from metricflow.sql.render.duckdb_renderer import DuckDbSqlPlanRenderer
from metricflow_semantics.model.dbt_manifest_parser import (
    parse_manifest_from_dbt_generated_manifest,
)
from metricflow_semantics.model.semantic_manifest_lookup import SemanticManifestLookup

Rows = list[tuple[Any, ...]]


class MetricQueries:
    """MetricFlow over the definitions that dbt parsed into the folder ``target``."""

    def __init__(self, target: Path) -> None:
        text = (target / "semantic_manifest.json").read_text()
        manifest = parse_manifest_from_dbt_generated_manifest(text)
        self.names = {metric.name for metric in manifest.metrics}
        self._engine = MetricFlowEngine(SemanticManifestLookup(manifest), _Dialect())  # type: ignore[arg-type]

    def sql(self, metrics: str, by: str = "", where: str = "") -> str:
        """The query for these metrics by these dimensions, both separated by commas, in that order of columns.

        In ``where`` a dimension is written by its name, such as ``session__browser``.
        """
        condition = re.sub(r"\b[a-z]\w*__\w+", r"{{ Dimension('\g<0>') }}", where)
        request = MetricFlowQueryRequest.create(
            metric_names=metrics.split(","),
            group_by_names=by.split(",") if by else None,
            where_constraints=[condition] if where else None,
        )
        query = self._engine.explain(request).sql_statement.sql
        return f"select {', '.join(filter(None, [by, metrics]))} from ({query})"

    def ask(
        self, db: duckdb.DuckDBPyConnection, metrics: str, by: str = "", where: str = ""
    ) -> Rows:
        """The rows of the answer, see `comparable`."""
        return comparable(db.execute(self.sql(metrics, by, where)).fetchall())


class _Dialect:
    """All that MetricFlow asks of a database to write SQL for it."""

    sql_engine_type = SqlEngine.DUCKDB
    sql_plan_renderer = DuckDbSqlPlanRenderer()


def comparable(rows: Iterable[tuple[Any, ...]]) -> Rows:
    """The rows in order, with floats for decimals, rounded to nine digits, and days for midnights."""
    return sorted((tuple(map(_plain, row)) for row in rows), key=repr)


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.date() if value.time() == datetime.min.time() else value
    if isinstance(value, Decimal | float):
        return float(f"{value:.9g}")
    return value
