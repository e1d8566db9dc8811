"""The tutorials, followed literally and in order, in a folder of one's own, against the sandbox."""

import os
import re
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml
from support import warm_dbt
from support.pages import Shell, blocks, commands, differs, follow

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(1500)]

ROOT = Path(__file__).parents[2]
TUTORIALS = ROOT / "docs" / "tutorials"
BIN = Path(sys.executable).parent
ORDER = ("first-project.md", "first-funnel.md", "schedule.md", "bi.md", "notebook.md")

SKIP = {
    "python3 -m venv": "The environment of the tests is used.",
    ". .venv/bin/activate": "It is in PATH.",
    "pip install": "No test reaches the package index; another one installs the wheel.",
    "mp sandbox": "It runs beside the shell.",
}


@pytest.fixture
def port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        number: int = free.getsockname()[1]
        return number


@pytest.fixture
def sandbox(port: int) -> Iterator[str]:
    """What `mp sandbox` prints once it serves."""
    command = [str(BIN / "mp"), "sandbox", "--port", str(port)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        lines = []
        for line in process.stdout:
            lines.append(line)
            if line.startswith("Ctrl-C"):
                break
        yield "".join(lines).replace(f":{port}", ":8000")
        process.terminate()


def test_the_tutorials_are_those_of_the_navigation():
    config = re.sub(r"!!python/\S+", "", (ROOT / "mkdocs.yml").read_text("utf-8"))
    [tutorials] = [
        part["Tutorials"] for part in yaml.safe_load(config)["nav"] if "Tutorials" in part
    ]

    assert tutorials == [f"tutorials/{name}" for name in ORDER]


def test_a_reader_gets_through_all_tutorials(tmp_path, sandbox, port, parsed):
    env = {
        "PATH": f"{BIN}:{os.environ['PATH']}",
        "HOME": str(tmp_path),
        "DO_NOT_TRACK": "1",
        "COLUMNS": "200",
        **warm_dbt.in_shells(),
    }
    shell = Shell(tmp_path, env)
    try:
        for name in ORDER:
            follow(TUTORIALS / name, shell, skip=SKIP, port=port)
    finally:
        shell.close()

    [shown] = [
        "\n".join(command.output)
        for block in blocks((TUTORIALS / ORDER[0]).read_text("utf-8"))
        if block.language == "console"
        for command in commands(block.body)
        if command.line == "mp sandbox"
    ]
    assert differs(shown, sandbox) == ""
