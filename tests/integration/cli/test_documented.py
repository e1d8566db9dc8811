"""Every command says what it does, by an example too; what is public is what is written down."""

import inspect
import re
from collections.abc import Iterator
from typing import Any

import pytest
import typer

import mixpanel_data
from mixpanel_data import Workspace
from mixpanel_data.cli.app import app, run


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


@pytest.mark.parametrize("group", [(), ("auth",), ("fetch",), ("query",), ("inspect",)])
def test_a_list_of_commands_cuts_nothing_off(group, monkeypatch, capsys):
    monkeypatch.setenv("COLUMNS", "80")

    assert run([*group, "--help"]) == 0
    assert "..." not in capsys.readouterr().out.split("Commands:")[1]


def test_an_example_is_one_line_to_copy(monkeypatch, capsys):
    monkeypatch.setenv("COLUMNS", "80")

    assert run(["query", "retention", "--help"]) == 0
    lines = capsys.readouterr().out.splitlines()

    example = lines[lines.index("  Example:") + 1]
    assert example.startswith("    mp query retention Signup --return ")
    assert example.endswith(" --to 2026-03-31")


@pytest.mark.parametrize(("command", "path"), list(commands(typer.main.get_command(app))))
def test_options_say_what_to_put_there(command, path):
    context = typer.Context(command, info_name=path)

    names = [each.get_help_record(context)[0] for each in command.params]
    assert [n for n in names if n.startswith("-") and re.search("<(?!table|buckets)", n)] == []


@pytest.mark.parametrize(
    ("method", "path", "elsewhere"),
    [
        ("segmentation", "query segmentation", set()),
        ("event_counts", "query event-counts", set()),
        ("property_counts", "query property-counts", set()),
        ("numeric_buckets", "query numeric", {"aggregate"}),
        ("funnel", "query funnel", {"unit"}),  # only decides what is in `raw`
        ("retention", "query retention", set()),
        ("frequency", "query frequency", set()),
        ("insights", "query insights", set()),
        ("activity_feed", "query activity", set()),
        ("jql", "query jql", set()),
        ("fetch_events", "fetch events", {"given", "progress"}),
        ("fetch_profiles", "fetch profiles", {"progress"}),
    ],
)
def test_a_command_offers_what_the_library_does(method, path, elsewhere):
    command: Any = typer.main.get_command(app)
    for word in path.split():
        command = command.commands[word]
    shared = {"account", "data_dir", "quiet", "fmt", "fresh", "csv_safe", "verbose"}

    asked = {each.name for each in command.params} - shared - {"aggregate"}
    offered = set(inspect.signature(getattr(Workspace, method)).parameters) - {"self"}
    assert len(asked) == len(offered - elsewhere)


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

    unit = mp(env=typed | {"COMP_WORDS": "mp query retention --unit w", "COMP_CWORD": "4"})

    assert unit.stdout.split() == ["week"]
    assert named.stdout.split() == ["production"]
    assert command.stdout.split() == ["funnels"]
