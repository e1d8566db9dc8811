"""The dbt adapter `mixpanelspark`: dbt-spark, with models and tests in DuckDB's SQL.

The SQL of each model and test goes through `to_spark`. All else is dbt-spark's: a profile of the type
`mixpanelspark` has the settings of one of the type `spark`.
"""

import os
from typing import Any

from dbt.adapters.base import AdapterPlugin
from dbt.adapters.base.meta import available
from dbt.adapters.spark.connections import SparkConnectionManager, SparkCredentials
from dbt.adapters.spark.impl import SparkAdapter
from dbt.include import mixpanelspark

from mixpanel_data._internal.engine.id_clusters import join_ids
from mixpanel_data._internal.engine.session import REPLACED_DAYS
from mixpanel_data._internal.engine.spark_sql import to_spark

NAME = "mixpanelspark"


class MixpanelSparkCredentials(SparkCredentials):
    """The settings of a profile."""

    @property
    def type(self) -> str:
        return NAME

    def _connection_keys(self) -> tuple[str, ...]:
        """The settings that `target` has in Jinja; `database`, which is none, too."""
        return (*super()._connection_keys(), "database")


class MixpanelSparkConnectionManager(SparkConnectionManager):
    """The connection of dbt-spark, under this adapter's name."""

    TYPE = NAME


class MixpanelSparkAdapter(SparkAdapter):
    """The adapter of dbt-spark, which translates models and tests."""

    ConnectionManager = MixpanelSparkConnectionManager

    @available
    def to_spark(self, sql: str, name: str) -> str:
        """Return a query in DuckDB's SQL as one of Spark's; ``name`` is that of its model or test."""
        return to_spark(sql, model=name)

    @available
    def replaced_days(self) -> list[str] | None:
        """Return the days whose rows this build replaces, as ``YYYY-MM-DD``; none if it builds every
        table from scratch."""
        days = os.environ.get(REPLACED_DAYS)
        return None if days is None else sorted(filter(None, days.split(",")))

    @available
    def join_ids(self, links: Any, clusters: Any, table_format: str) -> int:
        """Write the table ``clusters`` from the table ``links``; see `id_clusters.join_ids`."""

        def run(sql: str) -> int | None:
            is_query = sql.startswith("select")
            _, table = self.execute(sql, fetch=is_query)
            return int(table.rows[0][0]) if is_query else None

        return join_ids(run, str(links), str(clusters), using=f"using {table_format}")


Plugin = AdapterPlugin(
    adapter=MixpanelSparkAdapter,  # type: ignore[arg-type]
    credentials=MixpanelSparkCredentials,
    include_path=mixpanelspark.PACKAGE_PATH,
    dependencies=["spark"],
)
