"""The files of the deployment pages: they parse, and name settings, commands, extras and files that exist."""

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest
import typer
import yaml

from mixpanel_data._internal.project.init import init_project
from mixpanel_data._internal.settings import Settings
from mixpanel_data.cli.app import app

ROOT = Path(__file__).parents[2]
CODE = ROOT / "docs" / "deploy" / "code"
BIN = Path(sys.executable).parent
CREDENTIALS = {"MP_USERNAME", "MP_SECRET", "MP_PROJECT_ID", "MP_REGION"}
SETTINGS = {
    *CREDENTIALS,
    *("MP_PROJECT_DIR", "MP_CONFIG_PATH", "MP_ACCOUNT"),
    *(f"MP_{name.upper()}" for name in Settings.model_fields),
}
INSTRUCTIONS = {
    *("FROM", "ARG", "RUN", "COPY", "ENV", "WORKDIR", "USER", "VOLUME", "CMD"),
}


def instructions() -> list[tuple[str, str]]:
    """The instructions of the Dockerfile, with continued lines joined."""
    text = (CODE / "Dockerfile").read_text("utf-8")
    text = re.sub(r"^#.*\n", "", text, flags=re.MULTILINE).replace("\\\n", " ")
    return [
        (word, rest.strip())
        for word, _, rest in (line.partition(" ") for line in text.splitlines())
        if word
    ]


def compose() -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.safe_load((CODE / "compose.yaml").read_text("utf-8"))
    return loaded


def cronjob() -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.safe_load((CODE / "cronjob.yaml").read_text("utf-8"))
    return loaded


def dockerfile_environment() -> dict[str, str]:
    [text] = [rest for word, rest in instructions() if word == "ENV"]
    return dict(re.findall(r"([A-Z_]+)=(\S+)", text))


def require_mp(words: list[str]) -> None:
    """The words are a command of `mp` that can be parsed."""
    command: Any = typer.main.get_command(app)
    assert words[0] == "mp"
    context = command.make_context("mp", list(words[1:]), resilient_parsing=True)
    name, sub, rest = command.resolve_command(context, list(words[1:]))
    assert name
    sub.make_context(name, list(rest))


def test_every_file_is_on_a_page():
    pages = "".join(page.read_text("utf-8") for page in CODE.parent.glob("*.md"))
    included = re.findall(r'^--8<-- "docs/deploy/code/(.+)"$', pages, re.MULTILINE)

    assert sorted(included) == sorted(path.name for path in CODE.iterdir())


def test_the_image_runs_without_root_and_holds_no_secret():
    found = instructions()

    assert {word for word, _ in found} == INSTRUCTIONS
    order = [word for word, _ in found]
    assert order.index("USER") > max(place for place, word in enumerate(order) if word == "RUN")
    [user] = [rest for word, rest in found if word == "USER"]
    assert user == "10001"  # the number: Kubernetes can not tell whether a name is root
    assert not set(dockerfile_environment()) & CREDENTIALS
    ignored = (CODE / "dockerignore").read_text("utf-8").split()
    assert {".dlt/secrets.toml", "secrets", "data", ".venv"} <= set(ignored)


def test_the_image_installs_extras_and_sets_settings_that_exist():
    [package] = [rest for word, rest in instructions() if word == "ARG"]
    extras = re.fullmatch(r"PACKAGE=mixpanel-data\[([a-z,]+)\]", package)
    known = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]

    assert extras
    assert set(extras[1].split(",")) <= set(known["optional-dependencies"])
    assert known["requires-python"] == ">=3.11,<3.14"
    [base] = [rest for word, rest in instructions() if word == "FROM"]
    assert base == "python:3.12-slim"
    names = {name for name in dockerfile_environment() if name.startswith("MP_")}
    assert names <= SETTINGS
    [command] = [rest for word, rest in instructions() if word == "CMD"]
    require_mp(json.loads(command))


def test_the_run_steps_are_valid_shell():
    for word, rest in instructions():
        if word == "RUN":
            done = subprocess.run(
                ["sh", "-n", "-c", rest], capture_output=True, text=True, check=False
            )
            assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.e2e
def test_the_pip_step_installs_the_wheel_with_the_extras(tmp_path):
    """Its shell line as it is, but for the folder, and without the libraries, which come from the network."""
    source = tmp_path / "source"
    without = shutil.ignore_patterns("__pycache__", "target", "logs", ".user.yml", "linting")
    for name in ("pipelines", "dbt", "flows", ".dlt"):
        shutil.copytree(ROOT / name, source / name, ignore=without)
    for name in ("pyproject.toml", "prefect.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, source)
    build = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", tmp_path]
    subprocess.run([*build, source], check=True, capture_output=True)
    [wheel] = tmp_path.glob("*.whl")
    [line] = [rest for word, rest in instructions() if word == "RUN" and "pip install" in rest]
    [package] = [rest.partition("=")[2] for word, rest in instructions() if word == "ARG"]
    environment = {
        **{name: value for name, value in os.environ.items() if not name.startswith("PIP_")},
        "PATH": f"{BIN}:{os.environ['PATH']}",
        "PACKAGE": package.replace("mixpanel-data", str(wheel)),
        "PIP_NO_DEPS": "1",
        "PIP_NO_INDEX": "1",
    }

    command = ["sh", "-c", line.replace("/opt", f"{tmp_path}/opt")]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)

    assert done.returncode == 0, done.stdout + done.stderr
    assert "does not provide the extra" not in done.stdout + done.stderr
    assert (tmp_path / "opt" / "venv" / "bin" / "mp").is_file()


def test_the_data_of_the_services_are_in_volumes_that_the_user_of_the_image_owns():
    services, volumes = compose()["services"], compose()["volumes"]
    [made] = [rest for word, rest in instructions() if "install --directory" in rest]

    for name in ("server", "worker"):
        [(volume, path)] = [each.split(":") for each in services[name]["volumes"]]
        assert volume in volumes
        assert path == "/data"
    for name in ("MP_DATA_DIR", "PREFECT_HOME"):
        assert dockerfile_environment()[name] in shlex.split(made)


def test_services_are_reached_from_this_machine_only_and_the_secret_is_a_file():
    services = compose()["services"]

    ports = [port for each in services.values() for port in each.get("ports", ())]
    assert ports == ["127.0.0.1:4200:4200"]
    given = set(services["worker"]["environment"]) | {"MP_SECRET"}
    assert given >= CREDENTIALS
    assert {name for name in given if name.startswith("MP_")} <= SETTINGS
    assert "MP_SECRET" not in services["worker"]["environment"]
    [secret] = services["worker"]["secrets"]
    assert f"/run/secrets/{secret}" in services["worker"]["command"][-1]
    assert secret in compose()["secrets"]
    for each in services.values():
        assert each["cap_drop"] == ["ALL"]


def test_dependencies_are_services_with_the_health_that_is_waited_for():
    services = compose()["services"]

    for each in services.values():
        for name, wanted in each.get("depends_on", {}).items():
            other = services[name]
            if wanted["condition"] == "service_healthy":
                assert other["healthcheck"]
            else:
                assert wanted["condition"] == "service_completed_successfully"
                assert other["restart"] == "on-failure"


def test_the_project_has_the_files_that_the_services_use(tmp_path):
    init_project(tmp_path / "project")

    file = yaml.safe_load((tmp_path / "project" / "prefect.yaml").read_text("utf-8"))
    pools = {each["work_pool"]["name"] for each in file["deployments"]}
    for service in ("worker", "deployments"):
        command = compose()["services"][service]["command"][-1]
        assert set(re.findall(r"(?:--pool|work-pool create) (\S+)", command)) == pools


def test_the_job_of_kubernetes_starts_a_sync_with_settings_that_exist():
    job = cronjob()["spec"]["jobTemplate"]["spec"]["template"]["spec"]
    [container] = job["containers"]

    require_mp(container["command"])
    names = {each["name"] for each in container["env"]}
    assert CREDENTIALS <= names <= SETTINGS
    assert {each["name"] for each in container["volumeMounts"]} == {
        each["name"] for each in job["volumes"]
    }
    assert job["securityContext"]["runAsUser"] == 10001
    assert "--uid 10001" in (CODE / "Dockerfile").read_text("utf-8")


@pytest.mark.e2e
@pytest.mark.parametrize("service", ["server", "deployments", "worker"])
def test_the_options_of_prefect_exist(service, tmp_path):
    command = compose()["services"][service]["command"]
    parts = re.split(r" && ", command[-1]) if command[0] == "sh" else [shlex.join(command)]

    for part in parts:
        words = shlex.split(part[part.index("prefect ") :])
        options = [word for word in words if word.startswith("--")]
        names = [word for word in words[1:] if not word.startswith("-")][:2]
        if "deploy" in names:
            names = ["deploy"]
        done = subprocess.run(
            [BIN / "prefect", *names, "--help"],
            env={**os.environ, "PREFECT_HOME": str(tmp_path), "COLUMNS": "200"},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        for option in set(options) - {"--no-prompt"}:
            assert option in done.stdout, f"{part}: {option}"
