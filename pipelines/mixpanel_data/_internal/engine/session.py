"""The Spark session of the settings: its catalog, and what the models' SQL relies on."""

import atexit
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from mixpanel_data._internal.project.models import checkout_root
from mixpanel_data._internal.settings import without_password
from mixpanel_data.exceptions import ConfigError

CATALOG = "lake"

SETTINGS = "MP_SPARK_SETTINGS"
"""The variable by which a process is given the settings of its session, with the catalog's password.
The process removes it."""

REPLACED_DAYS = "MP_REPLACED_DAYS"
"""The variable by which a build is given the days that it replaces; without it, it builds all tables
from scratch."""

NEEDED = {
    "spark.sql.extensions": "org.apache.iceberg.spark.extensions.IcebergSparkSessionExtensions",
    "spark.sql.catalogImplementation": "in-memory",
    "spark.sql.defaultCatalog": CATALOG,
    "spark.sql.session.timeZone": "UTC",
    "spark.sql.timestampType": "TIMESTAMP_NTZ",
    "spark.sql.ansi.enabled": "false",
    # Some models, such as those of several funnels, need more than Spark's default of 100.
    "spark.sql.analyzer.maxIterations": "1000",
    f"spark.sql.catalog.{CATALOG}": "org.apache.iceberg.spark.SparkCatalog",
    f"spark.sql.catalog.{CATALOG}.type": "jdbc",
    f"spark.sql.catalog.{CATALOG}.jdbc.schema-version": "V1",  # has views
    # Other processes commit to the same tables.
    f"spark.sql.catalog.{CATALOG}.cache-enabled": "false",
}
"""What a session needs for the results to be those of DuckDB."""

LAST_PYTHON = (3, 11)
"""The newest Python that PySpark 3.5 names in its metadata."""

JAVAS = (8, 11, 17)
"""The versions of Java that Spark 3.5 supports."""

INSTALL = "pip install 'mixpanel-data[spark]'"

Session = Any
"""pyspark is not installed where these types are checked."""


def require_python(version: tuple[int, int] = sys.version_info[:2]) -> None:
    """Raise ConfigError if PySpark 3.5 does not support this version of Python."""
    if version > LAST_PYTHON:
        raise ConfigError(
            f"The engine spark needs PySpark 3.5, which supports Python up to "
            f"{LAST_PYTHON[0]}.{LAST_PYTHON[1]}, and this is {version[0]}.{version[1]}. Install "
            "mixpanel-data[spark] in an environment of Python 3.11."
        )


def session_settings(catalog: str, warehouse: str) -> dict[str, str]:
    """Return the settings of a Spark session over this catalog and warehouse. They have the
    catalog's password."""
    prefix = f"spark.sql.catalog.{CATALOG}"
    made = {**NEEDED, f"{prefix}.warehouse": _location(warehouse)}
    if warehouse.startswith("s3://"):
        made[f"{prefix}.io-impl"] = "org.apache.iceberg.aws.s3.S3FileIO"
    if catalog.startswith("sqlite:"):
        # Threads of a build, and other processes, write to one file.
        made[f"{prefix}.jdbc.busy_timeout"] = "60000"
        made[f"{prefix}.clients"] = "1"
        return made | {f"{prefix}.uri": f"jdbc:sqlite:{catalog.removeprefix('sqlite:///')}"}
    parts = urlsplit(catalog.replace("+psycopg2", "", 1))
    port = f":{parts.port}" if parts.port else ""
    made[f"{prefix}.uri"] = f"jdbc:postgresql://{parts.hostname or 'localhost'}{port}{parts.path}"
    if parts.username:
        made[f"{prefix}.jdbc.user"] = unquote(parts.username)
    if parts.password:
        made[f"{prefix}.jdbc.password"] = unquote(parts.password)
    return made


def _location(warehouse: str) -> str:
    return warehouse if "://" in warehouse else f"file://{warehouse}"


@dataclass(frozen=True)
class Java:
    """The Java that Spark would start, or what is wrong with it."""

    path: str = ""
    version: str = ""
    problem: str = ""

    @property
    def is_missing(self) -> bool:
        """True if there is none that starts."""
        return not self.version


def find_java() -> Java:
    """Return the Java of ``JAVA_HOME``, else that of the ``PATH``, as Spark chooses it."""
    needs = "Spark 3.5 needs Java 8, 11 or 17 (Debian: openjdk-17-jre-headless)"
    home = os.environ.get("JAVA_HOME")
    path = str(Path(home, "bin", "java")) if home else shutil.which("java")
    if path is None:
        return Java(problem=f"There is no Java on the PATH, and JAVA_HOME is not set. {needs}.")
    where = "JAVA_HOME names" if home else "The PATH has"
    try:
        # It writes its version to standard error.
        done = subprocess.run([path, "-version"], capture_output=True, text=True, timeout=60)
    except (OSError, subprocess.TimeoutExpired) as error:
        return Java(path, problem=f"{where} {path}, which does not start: {error}. {needs}.")
    found = re.search(r'version "((?:1\.)?(\d+)[^"]*)"', done.stderr)
    if not found:
        return Java(path, problem=f"{where} {path}, which names no version. {needs}.")
    if int(found[2]) not in JAVAS:
        return Java(path, found[1], f"{where} Java {found[1]} ({path}). {needs}.")
    return Java(path, found[1])


def open_session(settings: Mapping[str, str]) -> Session:
    """Return the Spark session of this process, with these settings.

    Master, jars and memory are those of ``spark-defaults.conf`` in ``SPARK_CONF_DIR``.

    Raises:
        ConfigError: if pyspark or Java is missing, a server of Spark Connect is configured, or the
            session has no Iceberg.
    """
    refuse_spark_connect()
    try:
        from pyspark.sql import SparkSession
    except ImportError as error:
        raise ConfigError(
            f"The engine spark can't import pyspark ({error}). Install it with: {INSTALL}."
        ) from error
    if (java := find_java()).is_missing:
        raise ConfigError(java.problem)
    os.environ.setdefault("PYSPARK_PYTHON", sys.executable)
    builder = SparkSession.builder.appName("mixpanel_data")
    for name, value in {**settings, **_folder_of_other_catalogs()}.items():
        builder = builder.config(name, value)
    try:
        session = builder.getOrCreate()
        session.sql(f"show namespaces in {CATALOG}").collect()
    except Exception as error:
        raise session_error(error) from error
    return session


def _folder_of_other_catalogs() -> dict[str, str]:
    """Return the setting of a temporary folder, which is removed when this process ends.

    Spark makes a folder for its built-in catalog, which nothing here uses, by default in the current
    folder.
    """
    folder = tempfile.mkdtemp(prefix="mixpanel-data-spark-")
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return {"spark.sql.warehouse.dir": folder}


def refuse_spark_connect() -> None:
    """Raise ConfigError if ``SPARK_REMOTE`` or ``spark-defaults.conf`` names a server of Spark
    Connect.

    A session of such a server has the catalog, extensions and time zone of the server, and a catalog
    that it lacks is no error until a table is not found.
    """
    for place, address in _addresses():
        if place == "spark.master" and not address.startswith("sc://"):
            continue
        file = "" if place == "SPARK_REMOTE" else " in spark-defaults.conf of SPARK_CONF_DIR"
        server = without_password(address.partition(";")[0])  # a token may follow
        raise ConfigError(
            f"{place}{file} names a server of Spark Connect ({server}), which the "
            "engine spark can't use: the catalog and the settings of a session are the server's "
            "there. Remove it, and name the master of the cluster: spark.master in "
            "spark-defaults.conf of SPARK_CONF_DIR, such as spark://host:7077."
        )


def _addresses() -> Iterator[tuple[str, str]]:
    """Yield where Spark is, by the environment and by ``spark-defaults.conf``."""
    if remote := os.environ.get("SPARK_REMOTE"):
        yield "SPARK_REMOTE", remote
    folder = os.environ.get("SPARK_CONF_DIR")
    file = Path(folder, "spark-defaults.conf") if folder else None
    if file is None or not file.is_file():
        return
    for line in file.read_text(encoding="utf-8", errors="replace").splitlines():
        # As java.util.Properties reads it: a blank, = or : ends the name.
        name, _, value = re.sub(r"\s*[=:\s]\s*", " ", line.strip(), count=1).partition(" ")
        if name in ("spark.remote", "spark.master") and value:
            yield name, value


def session_error(error: Exception) -> ConfigError:
    """Return the error for one of Spark's, with what to do about it."""
    text = str(error)
    first = next((line for line in text.splitlines() if line.strip()), type(error).__name__)
    if "JAVA_GATEWAY_EXITED" in text or "Java gateway process exited" in text:
        hint = "Is Java 8, 11 or 17 installed, and JAVA_HOME right?"
    elif "ClassNotFoundException" in text or "Cannot find catalog plugin class" in text:
        hint = (
            "spark.jars or spark.jars.packages in spark-defaults.conf of SPARK_CONF_DIR must name "
            "the Iceberg runtime for this Spark, and the JDBC driver of the catalog."
        )
    else:
        hint = "docs/how-to/spark.md has the settings that a session needs."
    return ConfigError(f"No Spark session could be opened: {first} {hint}")


def prepare_dbt(settings: Mapping[str, str]) -> None:
    """Open the session that dbt will use in this process, and let dbt find the adapter.

    If there is no session, end the process with the message.
    """
    _add_adapter(checkout_root())
    try:
        open_session(settings)
    except ConfigError as error:
        sys.exit(str(error))


def _add_adapter(root: Path | None) -> None:
    """Let dbt find the adapter `mixpanelspark` of a checkout; an installed package has it beside
    dbt's others."""
    if root is None:
        return
    for package in ("dbt.adapters", "dbt.include"):
        module = __import__(package, fromlist=["__path__"])
        folder = str(root / "pipelines" / "dbt_spark_adapter" / package.partition(".")[2])
        if folder not in module.__path__:
            module.__path__.insert(0, folder)
