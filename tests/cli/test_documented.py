"""Every command says what it does, by an example too; what is public is what is written down."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer

import mixpanel_data
from mixpanel_data.cli.app import app

README = Path(__file__).parents[2] / "README.md"


def commands(command: Any, path: str = "mp") -> Iterator[Any]:
    """Every command under ``command``, with the words it is called by."""
    children = getattr(command, "commands", {})
    if not children:
        yield pytest.param(command, path, id=path)
    for name, child in children.items():
        yield from commands(child, f"{path} {name}")


@pytest.mark.parametrize(("command", "path"), list(commands(typer.main.get_command(app))))
def test_a_command_is_documented(command, path):
    lines = (command.help or "").strip().splitlines()

    assert lines
    assert lines[0].endswith((".", "…"))
    examples = [line.strip() for line in lines if line.strip().startswith("Example:")]
    assert examples
    assert examples[0].startswith(f"Example: {path}")
    assert [each.name for each in command.params if not getattr(each, "help", None)] == []


def test_groups_are_documented():
    tree: Any = typer.main.get_command(app)

    groups = [tree, *(each for each in tree.commands.values() if hasattr(each, "commands"))]
    assert len(groups) >= 5
    assert all(group.help for group in groups)


def test_what_is_public_is_in_the_readme():
    section = README.read_text(encoding="utf-8").split("`mixpanel_data` has ")[1].split("\n\n")[0]

    assert sorted(re.findall(r"`(\w+)`", section)) == sorted(mixpanel_data.__all__)


def test_what_is_public_can_be_had():
    for name in mixpanel_data.__all__:
        assert getattr(mixpanel_data, name).__doc__
    assert set(mixpanel_data.__all__) <= set(dir(mixpanel_data))
    with pytest.raises(AttributeError, match="nothing"):
        mixpanel_data.nothing  # noqa: B018


def test_the_package_is_quick_to_import(mp):
    code = (
        "import sys, mixpanel_data; "
        "sys.exit(','.join({'duckdb', 'httpx', 'pydantic', 'pandas', 'dlt'} & set(sys.modules)) or 0)"
    )

    assert mp("-c", code, program="python").returncode == 0


def test_a_shell_can_complete(mp):
    add = ("auth", "add", "production", "-u", "sa", "-p", "1", "-r", "eu", "--secret-stdin")
    assert mp(*add, stdin="x\n").returncode == 0
    typed = {"_MP_COMPLETE": "complete_bash", "COMP_CWORD": "3"}

    named = mp(env=typed | {"COMP_WORDS": "mp sync --account pro"})
    command = mp(env=typed | {"COMP_WORDS": "mp inspect fun", "COMP_CWORD": "2"})

    assert named.stdout.split() == ["production"]
    assert command.stdout.split() == ["funnels"]
