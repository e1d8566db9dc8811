"""What a Spark session needs of the machine, and the messages where it is missing."""

import json
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

from mixpanel_data._internal.engine import apart, session
from mixpanel_data._internal.settings import load_settings
from mixpanel_data.exceptions import ConfigError
from mixpanel_data.sync.engine import check_engine

without_spark = pytest.mark.skipif(find_spec("pyspark") is not None, reason="pyspark is installed")


@pytest.fixture
def java(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Puts a `java` that runs a script first and only on the PATH."""
    monkeypatch.delenv("JAVA_HOME", raising=False)
    monkeypatch.delenv("SPARK_REMOTE", raising=False)

    def put(script: str) -> None:
        program = tmp_path / "bin" / "java"
        program.parent.mkdir(exist_ok=True)
        program.write_text(f"#!/bin/sh\n{script}\n")
        program.chmod(0o755)

    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    return put


@pytest.mark.parametrize(
    ("script", "version", "problem"),
    [
        ("echo 'openjdk version \"17.0.15\" 2025-04-15' >&2", "17.0.15", ""),
        ("echo 'java version \"1.8.0_402\"' >&2", "1.8.0_402", ""),
        ("echo 'openjdk version \"21.0.1\"' >&2", "21.0.1", "Java 21.0.1"),
        ("exit 1", "", "names no version"),
    ],
)
def test_java_is_found_with_its_version(java, script, version, problem):
    java(script)

    found = session.find_java()

    assert found.version == version
    assert problem in found.problem
    assert bool(found.problem) == bool(problem)


def test_a_machine_without_java_gets_a_message_that_names_what_to_install(java, monkeypatch):
    monkeypatch.setitem(sys.modules, "pyspark.sql", type(sys)("pyspark.sql"))
    sys.modules["pyspark.sql"].SparkSession = None  # type: ignore[attr-defined]

    with pytest.raises(ConfigError, match=r"no Java on the PATH.*Java 8, 11 or 17"):
        session.open_session({})


def test_a_java_home_without_java_is_named(java, monkeypatch, tmp_path):
    monkeypatch.setenv("JAVA_HOME", str(tmp_path / "nowhere"))

    assert "JAVA_HOME names" in session.find_java().problem
    assert session.find_java().is_missing


@pytest.fixture
def defaults(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Writes `spark-defaults.conf`."""
    monkeypatch.delenv("SPARK_REMOTE", raising=False)
    monkeypatch.setenv("SPARK_CONF_DIR", str(tmp_path))
    return (tmp_path / "spark-defaults.conf").write_text


@pytest.mark.parametrize(
    "line",
    [
        "spark.remote sc://host:15002/;token=secret",
        "  spark.remote=sc://host:15002",
        "spark.master\tsc://host:15002",
        "spark.master : sc://host:15002",
    ],
)
def test_a_server_of_spark_connect_is_refused_with_what_to_set(defaults, line):
    defaults(f"# sc://\n\nspark.driver.memory 2g\n{line}\n")

    with pytest.raises(ConfigError, match=r"names a server of Spark Connect \(sc://host") as raised:
        session.open_session({})

    assert str(raised.value).startswith(f"{line.split()[0].partition('=')[0]} in spark-defaults")
    assert "spark.master in spark-defaults.conf of SPARK_CONF_DIR" in str(raised.value)
    assert "secret" not in str(raised.value)


def test_the_variable_of_spark_connect_is_refused_also_where_a_master_is_set(defaults, monkeypatch):
    defaults("spark.master local[2]\n")
    session.refuse_spark_connect()
    monkeypatch.setenv("SPARK_REMOTE", "sc://host")

    with pytest.raises(ConfigError, match=r"^SPARK_REMOTE names a server of Spark Connect"):
        session.open_session({})


def test_without_spark_defaults_nothing_is_refused(tmp_path, monkeypatch):
    monkeypatch.delenv("SPARK_REMOTE", raising=False)
    for folder in ("", str(tmp_path / "missing")):
        monkeypatch.setenv("SPARK_CONF_DIR", folder)
        session.refuse_spark_connect()


def test_a_master_in_the_section_engine_is_an_error_that_names_its_file(tmp_path, monkeypatch):
    (tmp_path / ".dlt").mkdir()
    (tmp_path / ".dlt" / "config.toml").write_text('[engine]\nmaster = "spark://host:7077"\n')
    monkeypatch.chdir(tmp_path)

    with pytest.raises(ConfigError, match=r"master in \[engine\].*spark-defaults.conf"):
        load_settings({})


@without_spark
def test_without_pyspark_the_process_of_a_task_names_the_extra():
    with pytest.raises(ConfigError, match=r"pip install 'mixpanel-data\[spark\]'"):
        apart.run_apart({}, {"probe": "a.b"}, 60)


def test_a_task_that_ends_without_an_answer_shows_its_last_line_without_a_password(monkeypatch):
    program = "import sys; sys.exit('lost postgresql://mp:secret@db/lake')"
    monkeypatch.setattr(apart, "_PROGRAM", program)

    with pytest.raises(ConfigError, match="gave no answer") as raised:
        apart.run_apart({}, {}, 60)

    assert "secret" not in str(raised.value)


def test_a_task_takes_no_longer_than_its_time(monkeypatch):
    monkeypatch.setattr(apart, "_PROGRAM", "import time; time.sleep(60)")

    with pytest.raises(TimeoutError):
        apart.run_apart({}, {}, 0.2)


def test_an_answer_is_found_among_other_output(monkeypatch):
    answer = json.dumps({"rows": 1})
    monkeypatch.setattr(apart, "_PROGRAM", f"print('a library'); print({answer!r})")

    assert apart.run_apart({}, {}, 60) == {"rows": 1}


def test_doctor_has_nothing_to_check_for_duckdb(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)

    assert check_engine(load_settings({})) == []


@without_spark
def test_doctor_names_the_packages_that_are_missing(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(session, "LAST_PYTHON", sys.version_info[:2])
    env = {"MP_ENGINE": "spark", "MP_CATALOG": "sqlite:///c.sqlite", "MP_WAREHOUSE": "w"}

    (found,) = check_engine(load_settings(env))

    assert found.state == "error"
    assert "needs pyspark" in found.value
    assert "pip install 'mixpanel-data[spark]'" in found.value
