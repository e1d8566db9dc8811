"""Every operation of Mixpanel's query API has its place, and every parameter is offered or left out for a reason."""

import inspect
import re
from pathlib import Path
from typing import Any

import pytest
import typer
from support.openapi import specification

from mixpanel_data import Workspace
from mixpanel_data.cli.app import app

SPECS = {
    name: specification(name) for name in ("export", "query", "lexicon-schemas", "annotations")
}
SPEC = SPECS["query"]
PAGE = Path(__file__).parents[3] / "docs" / "reference" / "mixpanel-api.md"
HERE, OPERATIONS_LEFT_OUT, PARAMETERS_LEFT_OUT = PAGE.read_text(encoding="utf-8").split(
    " left out:\n"
)
TABLE: dict[str, list[str]] = {
    operation: re.findall(r"Workspace\.(\w+)", cell)
    for operation, cell in re.findall(r"^\| ((?:GET|POST) \S+) \| (.+?) \|", HERE, re.MULTILINE)
}
COMMANDS = sorted(set(re.findall(r"\bmp ([a-z-]+(?: [a-z-]+)?)", HERE)))
NOT_HERE = set(re.findall(r"^\| (GET \S+) \| \S", OPERATIONS_LEFT_OUT, re.MULTILINE))
LEFT_OUT = [
    (name, re.findall(r"/[\w/]+", where))
    for names, where in re.findall(
        r"^\| ([\w, ]+?)(?: of (.+?))? \| \S", PARAMETERS_LEFT_OUT, re.MULTILINE
    )
    for name in names.split(", ")
]
INGESTION = "GET /lookup-tables"  # the only operation of that file that reads
RENAMED = {
    "name": {"property_name", "property"},
    "event": {"event", "events", "return_event"},
    "unbounded_retention": {"unbounded"},
    "filter_by_cohort": {"cohort_id"},
}


def operations(*names: str) -> dict[str, Any]:
    return {
        f"{method.upper()} {path}": operation
        for name in names
        for path, methods in SPECS[name]["paths"].items()
        for method, operation in methods.items()
        if method in ("get", "post")
    }


def parameters(operation: Any) -> set[str]:
    """What a caller may say, in the address or in a form."""
    found = set()
    for parameter in operation.get("parameters", []):
        if "$ref" in parameter:
            name = parameter["$ref"].rpartition("/")[2]
            parameter = SPECS["query"]["components"]["parameters"][name]
        if parameter["in"] != "header":
            found.add(parameter["name"])
    for content in operation.get("requestBody", {}).get("content", {}).values():
        found |= set(content["schema"].get("properties", {}))
    return found


def is_left_out(parameter: str, path: str) -> bool:
    return any(parameter == name and (not paths or path in paths) for name, paths in LEFT_OUT)


def test_the_table_names_the_operations_that_read():
    reads = {
        name for name in operations("lexicon-schemas", "annotations") if name.startswith("GET ")
    }

    assert set(TABLE) | NOT_HERE == set(operations("export", "query")) | reads | {INGESTION}
    assert not set(TABLE) & NOT_HERE


@pytest.mark.parametrize("operation", TABLE)
def test_what_the_table_names_exists_and_is_documented(operation):
    for name in TABLE[operation]:
        assert inspect.getdoc(getattr(Workspace, name))


@pytest.mark.parametrize("command", COMMANDS)
def test_the_commands_of_the_table_exist(command):
    tree: Any = typer.main.get_command(app)

    for word in command.split():
        tree = tree.commands[word]


@pytest.mark.parametrize("operation", sorted(set(TABLE) & set(operations("export", "query"))))
def test_every_parameter_is_offered_or_left_out_for_a_reason(operation):
    path = operation.split()[1]

    for name in TABLE[operation]:
        offered = set(inspect.signature(getattr(Workspace, name)).parameters)
        missing = {
            parameter
            for parameter in parameters(operations("export", "query")[operation])
            if not is_left_out(parameter, path)
            and not offered & RENAMED.get(parameter, {parameter})
        }

        assert missing == set()
