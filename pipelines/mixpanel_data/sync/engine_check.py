"""Checks what the engine ``spark`` needs, by use: a table is written, read by Spark, and dropped."""

import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from importlib.metadata import version
from pathlib import Path

import pyarrow as pa

from mixpanel_data._internal.engine.apart import run_apart
from mixpanel_data._internal.engine.session import find_java, session_settings
from mixpanel_data._internal.engine.spark_sql import require_version
from mixpanel_data._internal.health.findings import Finding
from mixpanel_data._internal.settings import Settings, without_password
from mixpanel_data.destinations.iceberg.catalog import Lake, open_lake, translate_iceberg_errors
from mixpanel_data.exceptions import MixpanelDataError, StorageError

NAMESPACE = "mx_doctor"
"""The namespace of the table that is written."""

TIMEOUT = 180
"""Seconds after which a session that does not start counts as an error."""

PACKAGES = ("pyspark", "dbt-spark", "sqlglot", "pyiceberg")


def check_spark(settings: Settings) -> list[Finding]:
    """Return what was found of Java, the packages, the catalog, the warehouse and Spark.

    pyiceberg writes a table with one row; a Spark session in a process of its own reads that row and
    adds another; pyiceberg reads both and drops the table. A check whose condition failed is left
    out.
    """
    found = [_java(), _packages()]
    catalog = _attempt("spark catalog", "MP_CATALOG", lambda: _catalog(settings))
    found.append(catalog)
    if catalog.state != "error":
        with _table(settings) as (name, written):
            found.append(written)
            if not any(each.state == "error" for each in found):
                found.append(_session(settings, name))
    return found


def _attempt(what: str, source: str, work: Callable[[], str]) -> Finding:
    try:
        return Finding(what, _translate(work), source=source)
    except MixpanelDataError as error:
        return Finding(what, str(error), "error", source)


def _translate(work: Callable[[], str]) -> str:
    try:
        return work()
    except MixpanelDataError:
        raise
    # pyiceberg, pyarrow and the libraries of file systems have no common error.
    except Exception as error:
        raise StorageError(without_password(f"{type(error).__name__}: {error}")) from error


def _java() -> Finding:
    found = find_java()
    if found.problem:
        return Finding("java", found.problem, "error" if found.is_missing else "warning")
    return Finding("java", f"{found.version} ({found.path})")


def _packages() -> Finding:
    def work() -> str:
        require_version()
        return ", ".join(f"{name} {version(name)}" for name in PACKAGES)

    return _attempt("spark packages", "metadata", work)


def _catalog(settings: Settings) -> str:
    lake = open_lake(settings)
    with translate_iceberg_errors():
        names = {name for (name, *_) in lake.catalog.list_namespaces()}
    address = without_password(str(settings.catalog))
    return f"{address} answers" + ("" if "mx_raw" in names else "; it has no tables yet")


@contextmanager
def _table(settings: Settings) -> Iterator[tuple[str, Finding]]:
    """Write a table with one row into the warehouse, and drop it at the end of the block."""
    lake, name = open_lake(settings), f"probe_{os.getpid()}"
    rows = pa.table({"number": pa.array([1], pa.int64())})

    def write() -> str:
        lake.catalog.create_namespace_if_not_exists(NAMESPACE)
        table = lake.catalog.create_table((NAMESPACE, name), rows.schema)
        table.append(rows)
        if table.scan().to_arrow().num_rows != 1:
            raise MixpanelDataError("a table that was written there could not be read back")
        return f"{settings.warehouse}: a table was written and read"

    try:
        yield name, _attempt("spark warehouse", "MP_WAREHOUSE", write)
    finally:
        _drop(lake, name, str(settings.warehouse))


def _drop(lake: Lake, name: str, warehouse: str) -> None:
    # What could not be written can't be dropped, and the finding has named the reason.
    with suppress(Exception):
        lake.catalog.purge_table((NAMESPACE, name))
    with suppress(Exception):
        lake.catalog.drop_namespace(NAMESPACE)
    if "://" not in warehouse:
        # Folders, and files with checksums that Hadoop adds, are left by that.
        shutil.rmtree(Path(warehouse, NAMESPACE), ignore_errors=True)


def _session(settings: Settings, name: str) -> Finding:
    def work() -> str:
        made = session_settings(str(settings.catalog), str(settings.warehouse))
        try:
            done = run_apart(made, {"probe": f"{NAMESPACE}.{name}"}, TIMEOUT)
        except TimeoutError:
            raise MixpanelDataError(
                f"No Spark session started within {TIMEOUT} seconds. Does spark.master in "
                "spark-defaults.conf name a cluster that answers?"
            ) from None
        rows = open_lake(settings).catalog.load_table((NAMESPACE, name)).scan().to_arrow().num_rows
        if (done["rows"], rows) != (1, 2):
            raise MixpanelDataError(
                "Spark and pyiceberg do not read the same table: is spark.sql.catalog.lake set to "
                "another catalog in spark-defaults.conf?"
            )
        return f"Spark {done['version']} on {done['master']} read and wrote a table of the catalog"

    return _attempt("spark session", os.environ.get("SPARK_CONF_DIR", "SPARK_CONF_DIR"), work)
