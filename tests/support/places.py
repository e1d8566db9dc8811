"""Destinations of dlt: databases, folders and buckets, each on this machine, and what is in them."""

import json
import os
from collections import Counter
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

import dlt
from dlt.common.configuration.specs import AwsCredentials

from mixpanel_data.sources import mixpanel_source, open_current
from support.crash.project import Events, back

NAMES = ("duckdb", "postgres", "parquet", "delta", "iceberg")
"""Those without another server than PostgreSQL."""


@dataclass(frozen=True)
class Place:
    """A destination, by a name that a process of its own can make it from."""

    kind: str
    """One of ``NAMES``."""
    root: Path
    """A folder for the database, or the working folder of dlt."""
    dataset: str = "mixpanel"
    bucket: str = ""
    """The URL of a bucket; empty for a folder."""
    endpoint: str = ""
    extra: dict[str, Any] = field(default_factory=dict)

    def destination(self) -> Any:
        if self.kind == "duckdb":
            return dlt.destinations.duckdb(str(self.root / "stock.duckdb"))
        if self.kind == "postgres":
            names = {"database": "postgres", "username": "postgres", "password": "none"}
            address = {"host": "127.0.0.1", "port": int(os.environ["PGPORT"])}
            return dlt.destinations.postgres(credentials={**names, **address})
        if not self.bucket:
            return dlt.destinations.filesystem((self.root / "lake").as_uri())
        credentials = AwsCredentials(
            aws_access_key_id="test",
            aws_secret_access_key="test",
            region_name="us-east-1",
            endpoint_url=self.endpoint,
            s3_url_style="path",
        )
        return dlt.destinations.filesystem(
            self.bucket,
            credentials=credentials,
            deltalake_storage_options={
                "AWS_ALLOW_HTTP": "true",
                "AWS_S3_ALLOW_UNSAFE_RENAME": "true",
            },
        )

    @property
    def working_folder(self) -> Path:
        return self.root / "dlt"

    @property
    def appends(self) -> bool:
        return self.kind not in ("duckdb", "postgres")

    @property
    def table_format(self) -> Any:
        return self.kind if self.kind in ("delta", "iceberg") else None

    def pipeline(self) -> dlt.Pipeline:
        return dlt.pipeline(
            "mixpanel_copy",
            destination=self.destination(),
            dataset_name=self.dataset,
            pipelines_dir=str(self.working_folder),
        )

    def run(self, *resources: str, **values: Any) -> dlt.Pipeline:
        """A run as a user of dlt writes it."""
        pipeline = self.pipeline()
        source = mixpanel_source(**{"start_date": str(back(11)), **values})
        source = source.with_resources(*resources) if resources else source
        pipeline.run(source, table_format=self.table_format)
        return pipeline

    def query(self, sql: str) -> list[tuple[Any, ...]]:
        """The rows of a query over the current rows."""
        pipeline = self.pipeline()
        if self.appends:
            with open_current(pipeline) as connection:
                return connection.execute(sql).fetchall()
        with pipeline.sql_client() as client:
            return [tuple(row) for row in client.execute_sql(sql) or ()]

    def events(self) -> Events:
        rows = self.query("SELECT day, event, properties FROM events")
        return Counter((day, event, json.loads(text)["$insert_id"]) for day, event, text in rows)

    def profiles(self) -> dict[str, Any]:
        rows = self.query("SELECT distinct_id, properties FROM profiles")
        assert len(dict(rows)) == len(rows)
        return {name: json.loads(text)["n"] for name, text in rows}

    def days(self) -> dict[date, int]:
        """The rows of each day by the newest row of the ledger whose load was completed."""
        loads = "SELECT load_id FROM _dlt_loads WHERE status = 0"
        rows = self.query(
            "SELECT window_start, row_count FROM _metadata WHERE table_name = 'events' "
            f"AND load_id IN ({loads}) ORDER BY load_number"
        )
        return dict(rows)  # the newest row of a day is last


def point_at(base_url: str, account: dict[str, str], folder: Path) -> dict[str, str]:
    """The environment of runs against a sandbox."""
    return {
        **{f"MP_{name.upper()}": value for name, value in account.items()},
        "MP_API_BASE_URL": base_url,
        "MP_DATA_DIR": str(folder),
        "MP_PROFILES_SNAPSHOT_DAYS": "0",
        "RUNTIME__DLTHUB_TELEMETRY": "false",
        "RUNTIME__LOG_LEVEL": "ERROR",
    }
