"""A standalone cluster of Apache Spark on loopback: a master and two workers, each a process of its own."""

import contextlib
import json
import os
import re
import subprocess
import time
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from support.spark.jars import iceberg_jars
from support.spark.local import FEW_ROWS, JVM

WORKERS = 2
JDBC = Path(os.environ.get("MP_TEST_JDBC_JAR", "/usr/share/java/postgresql.jar"))
"""PostgreSQL's driver, of Debian's package `libpostgresql-jdbc-java`."""

_DEADLINE = 300


@dataclass
class Cluster:
    """A master, its workers, and a folder with a `spark-defaults.conf` that names it."""

    folder: Path
    processes: list["subprocess.Popen[bytes]"] = field(default_factory=list)
    master: str = ""
    ui: str = ""
    """The address of the master's page, whose `/json/` is its REST API."""

    @property
    def conf_dir(self) -> Path:
        return self.folder / "conf"

    def env(self) -> dict[str, str]:
        """What a driver's environment needs."""
        return {"SPARK_CONF_DIR": str(self.conf_dir), "SPARK_LOCAL_IP": "127.0.0.1"}

    def state(self) -> dict[str, Any]:
        """The master's answer about workers and applications."""
        with urllib.request.urlopen(f"{self.ui}/json/") as answer:  # noqa: S310  (loopback)
            found: dict[str, Any] = json.load(answer)
        return found

    def tasks_by_worker(self) -> dict[str, dict[str, int]]:
        """By application, the tasks that each worker's executors completed; a worker goes by the address of its page.

        From the events that the driver logs as Spark's history server reads them.
        """
        return {log.name.partition(".")[0]: _tasks(log) for log in self._logs()}

    def _logs(self) -> list[Path]:
        return sorted((self.folder / "events").iterdir(), key=lambda path: path.stat().st_mtime)

    def start(self) -> None:
        (self.folder / "events").mkdir(parents=True)
        self.conf_dir.mkdir()
        log = self._daemon("master", "Master", "--port", "0")
        self.master = _wait_for(log, r"Starting Spark master at (spark://\S+)")
        self.ui = _wait_for(log, r"Bound MasterWebUI to \S+, and started at (http://\S+)")
        for number in range(WORKERS):
            options = ("-c", "1", "-m", "1g", "-d", str(self.folder / f"work{number}"))
            self._daemon(f"worker{number}", "Worker", *options, self.master)
        until = time.monotonic() + _DEADLINE
        while len([w for w in self.state()["workers"] if w["state"] == "ALIVE"]) < WORKERS:
            assert time.monotonic() < until, f"no workers: see the logs in {self.folder}"
            time.sleep(0.2)
        lines = (f"{name} {value}\n" for name, value in self._settings().items())
        (self.conf_dir / "spark-defaults.conf").write_text("".join(lines))
        (self.conf_dir / "log4j2.properties").write_text(_QUIET)

    def stop(self) -> None:
        for process in reversed(self.processes):
            process.terminate()
        for process in self.processes:
            process.wait(30)

    def _daemon(self, name: str, role: str, *options: str) -> Path:
        """Start it, and return the file of its log."""
        home = Path((find_spec("pyspark") or _missing()).submodule_search_locations[0])  # type: ignore[index]
        log = self.folder / f"{name}.log"
        command = [
            str(home / "bin" / "spark-class"),
            f"org.apache.spark.deploy.{role.lower()}.{role}",
            *("--host", "127.0.0.1", "--webui-port", "0", *options),
        ]
        env = {
            **os.environ,
            "SPARK_HOME": str(home),
            "SPARK_LOCAL_IP": "127.0.0.1",
            "SPARK_CONF_DIR": str(self.folder),
            "SPARK_DAEMON_MEMORY": "256m",
            "SPARK_DAEMON_JAVA_OPTS": JVM,
        }
        with log.open("wb") as out:
            self.processes.append(
                subprocess.Popen(command, env=env, stdout=out, stderr=out, cwd=self.folder)
            )
        return log

    def _settings(self) -> dict[str, str]:
        """The lines of `spark-defaults.conf`: those of docs/how-to/spark.md, and small sizes."""
        return {
            "spark.master": self.master,
            "spark.jars": ",".join(map(str, [*iceberg_jars(self.folder), JDBC])),
            "spark.executor.memory": "640m",
            "spark.executor.cores": "1",
            "spark.driver.memory": "1g",
            "spark.driver.host": "127.0.0.1",
            "spark.driver.bindAddress": "127.0.0.1",
            "spark.local.dir": str(self.folder / "local"),
            "spark.ui.enabled": "false",
            "spark.ui.showConsoleProgress": "false",
            "spark.eventLog.enabled": "true",
            "spark.eventLog.dir": (self.folder / "events").as_uri(),
            # Both executors are there before the first task.
            "spark.scheduler.minRegisteredResourcesRatio": "1.0",
            "spark.scheduler.maxRegisteredResourcesWaitingTime": "60s",
            "spark.locality.wait": "0",
            "spark.sql.shuffle.partitions": "2",
            "spark.default.parallelism": "2",
            **FEW_ROWS,
            "spark.driver.extraJavaOptions": JVM,
            "spark.executor.extraJavaOptions": JVM,
        }


_QUIET = """
rootLogger.level = error
rootLogger.appenderRef.stdout.ref = console
appender.console.type = Console
appender.console.name = console
appender.console.target = SYSTEM_ERR
appender.console.layout.type = PatternLayout
appender.console.layout.pattern = %p %c: %m%n%ex
"""


def _missing() -> Any:
    raise ModuleNotFoundError("pyspark is not installed: run `make spark`")


def _wait_for(log: Path, pattern: str) -> str:
    """The first group of ``pattern`` in a log, once it is there."""
    until = time.monotonic() + _DEADLINE
    while time.monotonic() < until:
        if found := re.search(pattern, log.read_text(errors="replace")):
            return found[1]
        time.sleep(0.1)
    raise AssertionError(f"{log} never had {pattern}: {log.read_text(errors='replace')[-2000:]}")


def _tasks(log: Path) -> dict[str, int]:
    """The completed tasks in an event log, by the worker of their executor."""
    workers: dict[str, str] = {}
    tasks: dict[str, int] = {}
    for line in log.read_text().splitlines():
        with contextlib.suppress(ValueError):  # the last line of a driver that was killed
            event = json.loads(line)
            if event["Event"] == "SparkListenerExecutorAdded":
                # Log URLs are pages of the worker that runs the executor.
                page = event["Executor Info"]["Log Urls"]["stderr"].partition("/logPage")[0]
                workers[event["Executor ID"]] = page
            elif (
                event["Event"] == "SparkListenerTaskEnd"
                and event["Task End Reason"]["Reason"] == "Success"
            ):
                worker = workers[event["Task Info"]["Executor ID"]]
                tasks[worker] = tasks.get(worker, 0) + 1
    return tasks


@contextlib.contextmanager
def cluster_in(folder: Path) -> Iterator[Cluster]:
    """A cluster whose files are in ``folder``, until the block ends."""
    made = Cluster(folder)
    try:
        made.start()
        yield made
    finally:
        made.stop()
