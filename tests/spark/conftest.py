"""One Spark session with Iceberg tables, out of wheels. Run with `.venv/spark/bin/python -m pytest tests/spark`."""

import os
import shutil
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from support.spark.jars import iceberg_jars
from support.spark.local import JVM

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

# The plain environment has no Spark, and these tests are not its own: `make spark` makes the one that has.
collect_ignore_glob = [] if find_spec("pyspark") else ["test_*.py"]

CATALOG = "lake"


@pytest.fixture(scope="session")
def spark_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where Spark keeps its tables and jars."""
    return tmp_path_factory.mktemp("spark")


@pytest.fixture(scope="session")
def spark_conf(spark_folder: Path) -> dict[str, str]:
    """The settings of a session on this machine, with an Iceberg catalog in a folder."""
    if not (shutil.which("java") or os.environ.get("JAVA_HOME")):
        pytest.fail(
            "There is no Java: Spark 3.5 needs Java 8, 11 or 17 (Debian: openjdk-17-jre-headless)."
        )
    return {
        "spark.master": "local[2]",
        "spark.jars": ",".join(map(str, iceberg_jars(spark_folder))),
        "spark.sql.extensions": "org.apache.iceberg.spark.extensions.IcebergSparkSessionExtensions",
        f"spark.sql.catalog.{CATALOG}": "org.apache.iceberg.spark.SparkCatalog",
        f"spark.sql.catalog.{CATALOG}.type": "hadoop",
        f"spark.sql.catalog.{CATALOG}.warehouse": str(spark_folder / "warehouse"),
        "spark.sql.defaultCatalog": CATALOG,
        "spark.sql.catalogImplementation": "in-memory",
        "spark.sql.session.timeZone": "UTC",
        "spark.sql.timestampType": "TIMESTAMP_NTZ",
        "spark.sql.analyzer.maxIterations": "1000",
        "spark.sql.shuffle.partitions": "2",
        "spark.default.parallelism": "2",
        "spark.ui.enabled": "false",
        "spark.ui.showConsoleProgress": "false",
        "spark.driver.bindAddress": "127.0.0.1",
        "spark.driver.host": "127.0.0.1",
        "spark.driver.memory": "2g",
        "spark.driver.extraJavaOptions": JVM,
        "spark.local.dir": str(spark_folder / "local"),
    }


@pytest.fixture(scope="session")
def spark(spark_conf: dict[str, str], spark_folder: Path) -> "Iterator[SparkSession]":
    """A session of these settings; there is one at a time in a process."""
    from pyspark.sql import SparkSession

    os.environ["SPARK_LOCAL_IP"] = "127.0.0.1"
    builder = SparkSession.builder
    for name, value in spark_conf.items():
        builder = builder.config(name, value)
    session = builder.getOrCreate()
    session.sparkContext.setLogLevel("ERROR")
    yield session
    session.stop()
