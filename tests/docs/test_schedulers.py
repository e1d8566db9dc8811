"""The schedulers' files do what their pages promise: they run, and they fail if anything is missing.

Airflow and Dagster are not among the locked packages, so their files are read with `ast`, and the function that they
schedule runs as it is, without the decorators.
"""

import ast
import configparser
import os
import re
import shlex
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml
from support import warm_dbt

from mixpanel_data.cli.app import run
from mixpanel_data.cli.errors import MEANINGS
from mixpanel_data.sandbox import Dataset, Fault, FaultKind, Sandbox

ROOT = Path(__file__).parents[2]
CODE = ROOT / "docs" / "schedulers" / "code"
BIN = Path(sys.executable).parent
DAYS = 3
EVENTS = 4


def function(file: str, name: str) -> Callable[..., Any]:
    """Return a function of a file without its decorators, and without what the file imports of a scheduler."""
    tree = ast.parse((CODE / file).read_text("utf-8"))
    found = next(
        node for node in tree.body if isinstance(node, ast.FunctionDef) and node.name == name
    )
    found.decorator_list.clear()
    ours = [
        node
        for node in tree.body
        if isinstance(node, ast.ImportFrom) and str(node.module).startswith("mixpanel_data")
    ]
    module: dict[str, Any] = {}
    code = compile(ast.Module([*ours, found], []), str(CODE / file), "exec")
    exec(code, module)  # noqa: S102  (a file of this repository)
    result: Callable[..., Any] = module[name]
    return result


@pytest.fixture
def sandbox(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Sandbox]:
    """A few events a day. The account is in the environment, the project in `my-mixpanel`, and this process elsewhere."""
    dataset = Dataset.empty()
    first = datetime.now(UTC).replace(hour=12) - timedelta(days=DAYS)
    for day in range(DAYS):
        for n in range(EVENTS):
            dataset.add_event("Bought", first + timedelta(days=day, minutes=n), distinct_id=f"u{n}")
    (tmp_path / "my-mixpanel" / ".dlt").mkdir(parents=True)
    (tmp_path / "my-mixpanel" / ".dlt" / "config.toml").write_text("[sources.mixpanel]\n")
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    with Sandbox(dataset) as running:
        for name, value in running.env().items():
            monkeypatch.setenv(name, value)
        monkeypatch.setenv("MP_START_DATE", str(first.date()))
        yield running


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The project, in the variable that the files read or set."""
    monkeypatch.setenv("MP_PROJECT_DIR", str(tmp_path / "my-mixpanel"))
    return tmp_path / "my-mixpanel"


def as_here(text: str, project: Path) -> str:
    """A command of a file, with the paths of this machine in place of those that the page shows."""
    program = str(BIN / "mp")
    return text.replace("/srv/my-mixpanel/.venv/bin/mp", program).replace(
        "/srv/my-mixpanel", str(project)
    )


def shell(command: str, folder: Path, **variables: str) -> "subprocess.CompletedProcess[str]":
    """What a scheduler starts: without a terminal, and with these variables only, but for those by which its builds fork."""
    names = ("HOME", "MP_USERNAME", "MP_SECRET", "MP_PROJECT_ID", "MP_REGION", "MP_API_BASE_URL")
    kept = {name: os.environ[name] for name in (*names, "MP_START_DATE", "MP_CONFIG_PATH")}
    return subprocess.run(
        ["/bin/sh", "-e", "-c", command],
        cwd=folder,
        env={**kept, "PATH": "/usr/bin:/bin", **warm_dbt.in_shells(), **variables},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )


def test_every_file_is_on_a_page():
    pages = "".join(page.read_text("utf-8") for page in CODE.parent.glob("*.md"))
    included = re.findall(r'^--8<-- "docs/schedulers/code/(.+)"$', pages, re.MULTILINE)

    assert sorted(included) == sorted(path.name for path in CODE.iterdir() if path.is_file())


@pytest.mark.usefixtures("only_core")
def test_the_task_of_airflow_syncs_the_project(sandbox, project):
    result = function("airflow_dag.py", "sync_mixpanel")(str(project))

    assert (result["days"], result["events"]) == (DAYS, DAYS * EVENTS)
    assert (project / "data" / "mixpanel.duckdb").is_file()


@pytest.mark.usefixtures("only_core")
def test_the_asset_of_dagster_syncs_the_project(sandbox, project):
    result = function("dagster_definitions.py", "sync_mixpanel")()

    assert (result["days"], result["events"]) == (DAYS, DAYS * EVENTS)
    assert (project / "data" / "mixpanel.duckdb").is_file()


@pytest.mark.parametrize(
    ("file", "arguments"), [("airflow_dag.py", 1), ("dagster_definitions.py", 0)]
)
@pytest.mark.usefixtures("only_core")
def test_a_task_fails_if_days_are_missing(sandbox, project, file, arguments):
    sandbox.faults.add(Fault(FaultKind.CUT_GZIP, times=None))

    with pytest.raises(ExceptionGroup, match="These days are missing"):
        function(file, "sync_mixpanel")(*[str(project)] * arguments)


def test_the_files_of_airflow_and_dagster_schedule_these_functions():
    dag = (CODE / "airflow_dag.py").read_text("utf-8")
    asset = (CODE / "dagster_definitions.py").read_text("utf-8")

    assert "@task.external_python(" in dag
    assert dag.count("sync_mixpanel(") == 2
    assert "metadata=sync_mixpanel()" in asset
    for text in (dag, asset):
        [cron] = re.findall(r'"([\d*]+ [\d*]+ [^"]+)"', text)
        assert cron_fields(cron) == ["17", "6", "*", "*", "*"]


def cron_fields(text: str) -> list[str]:
    """The five fields of a time of cron, each a number in its range or a star."""
    fields = text.split()
    ranges = [(0, 59), (0, 23), (1, 31), (1, 12), (0, 7)]
    for field, (low, high) in zip(fields, ranges, strict=True):
        assert field == "*" or low <= int(field) <= high
    return fields


@pytest.mark.e2e
def test_the_line_of_cron_syncs_and_prints_nothing(sandbox, project, parsed):
    lines = (CODE / "crontab").read_text("utf-8").splitlines()
    variables = dict(re.findall(r"^([A-Z_]+)=(.*)$", "\n".join(lines), re.MULTILINE))
    [line] = [line for line in lines if re.match(r"[\d*]", line)]
    *time, command = line.split(maxsplit=5)
    assert cron_fields(" ".join(time))

    done = shell(
        as_here(command, project),
        Path.home(),
        MP_PROJECT_DIR=as_here(variables["MP_PROJECT_DIR"], project),
    )

    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert (project / "data" / "mixpanel.duckdb").is_file()


def unit(name: str) -> configparser.ConfigParser:
    parser = configparser.ConfigParser(interpolation=None, strict=False)
    parser.optionxform = str  # type: ignore[assignment,method-assign]
    parser.read_string((CODE / name).read_text("utf-8"))
    return parser


@pytest.mark.usefixtures("only_core")
def test_the_service_of_systemd_starts_a_sync(sandbox, project, monkeypatch, capsys):
    service = unit("mixpanel-sync.service")["Service"]
    program, *arguments = shlex.split(service["ExecStart"])
    name, _, value = service["Environment"].partition("=")
    monkeypatch.setenv(name, as_here(value, project))

    assert Path(program).name == "mp"
    assert run(arguments) == 0
    assert (project / "data" / "mixpanel.duckdb").is_file()


def test_the_service_is_not_restarted_after_codes_that_need_a_person():
    service = unit("mixpanel-sync.service")["Service"]

    codes = set(map(int, service["RestartPreventExitStatus"].split()))
    assert codes == {2, 3, 4}
    assert codes < MEANINGS.keys()


@pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="no systemd on this machine")
def test_systemd_accepts_the_units(tmp_path):
    for name in ("mixpanel-sync.service", "mixpanel-sync.timer"):
        text = (CODE / name).read_text("utf-8")
        text = text.replace("/srv/my-mixpanel/.venv/bin/mp", "/bin/true")
        (tmp_path / name).write_text(text.replace("User=mixpanel", "User=root"))

    done = subprocess.run(
        ["systemd-analyze", "verify", *map(str, tmp_path.glob("mixpanel-sync.*"))],
        capture_output=True,
        text=True,
        check=False,
    )

    assert (done.returncode, done.stderr) == (0, "")


def workflow() -> dict[Any, Any]:
    loaded: dict[Any, Any] = yaml.safe_load((CODE / "github-workflow.yml").read_text("utf-8"))
    return loaded


@pytest.mark.e2e
def test_the_workflow_of_github_syncs_verifies_and_reports(sandbox, project, parsed):
    [job] = workflow()["jobs"].values()
    assert set(job["env"]) == {"MP_USERNAME", "MP_SECRET", "MP_PROJECT_ID", "MP_REGION"}
    steps = {step["name"]: step["run"] for step in job["steps"] if "run" in step}
    assert list(steps) == ["install", "sync", "verify", "report"]

    for name in ("sync", "verify", "report"):
        done = shell(steps[name], project, PATH=f"{BIN}:/usr/bin:/bin")
        assert done.returncode == 0, (name, done.stderr)

    [artifact] = [step["with"]["path"] for step in job["steps"] if step.get("with", {}).get("name")]
    assert [path for path in artifact.split() if not (project / path).is_file()] == []


def test_the_workflow_installs_extras_that_exist_and_keeps_data_after_a_failure():
    config = workflow()
    [job] = config["jobs"].values()
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    [install] = [step["run"] for step in job["steps"] if step.get("name") == "install"]
    [asked] = re.findall(r"mixpanel-data\[(.+?)\]", install)
    [save] = [step for step in job["steps"] if "cache/save" in step.get("uses", "")]

    assert set(asked.split(",")) <= set(extras["optional-dependencies"])
    assert save["if"] == "always()"
    assert config["concurrency"]
    assert cron_fields(config[True]["schedule"][0]["cron"])  # YAML reads `on` as true
