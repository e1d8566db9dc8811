"""A folder for `SPARK_CONF_DIR`: Spark on this machine, with Iceberg and a catalog in SQLite."""

import os
from pathlib import Path

from support.spark.jars import iceberg_jars

JDBC = Path(os.environ.get("MP_TEST_SQLITE_JAR", "/usr/share/java/sqlite-jdbc.jar"))
"""SQLite's driver, of Debian's package `libxerial-sqlite-jdbc-java`."""

JVM = "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC"
"""Short runs: a thorough compiler would take longer than what it saves."""

FEW_ROWS = {
    "spark.sql.adaptive.enabled": "false",
    "spark.sql.codegen.wholeStage": "false",
    "spark.sql.codegen.factoryMode": "NO_CODEGEN",
}
"""For some hundred rows, to plan once more and to compile takes longer than to run."""


def write_conf(folder: Path) -> Path:
    """Write `spark-defaults.conf` into ``folder``, and return the folder."""
    assert JDBC.is_file(), f"{JDBC} is missing (Debian: libxerial-sqlite-jdbc-java)"
    folder.mkdir(parents=True, exist_ok=True)
    settings = {
        "spark.master": "local[2]",
        "spark.jars": ",".join(map(str, [*iceberg_jars(folder), JDBC])),
        "spark.driver.memory": "1g",
        "spark.driver.bindAddress": "127.0.0.1",
        "spark.driver.host": "127.0.0.1",
        "spark.driver.extraJavaOptions": JVM,
        "spark.local.dir": str(folder / "local"),
        "spark.ui.enabled": "false",
        "spark.ui.showConsoleProgress": "false",
        "spark.sql.shuffle.partitions": "1",
        "spark.default.parallelism": "1",
        **FEW_ROWS,
    }
    lines = (f"{name} {value}\n" for name, value in settings.items())
    (folder / "spark-defaults.conf").write_text("".join(lines))
    return folder
