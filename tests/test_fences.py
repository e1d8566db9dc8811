"""The fences between the rooms of the design."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "pipelines" / "mixpanel_data"


def imports(file: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (name.name for name in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield node.module or ""


def named(file: Path, *modules: str) -> list[str]:
    return [
        name
        for name in imports(file)
        if any(name == m or name.startswith(f"{m}.") for m in modules)
    ]


@pytest.mark.parametrize(
    "file", sorted((PACKAGE / "_internal").rglob("*.py")), ids=lambda file: file.stem
)
def test_the_engine_knows_neither_prefect_nor_dbt_nor_the_command_line(file):
    assert named(file, "prefect", "dbt", "mixpanel_data.cli", "typer", "rich") == []


@pytest.mark.parametrize("room", ["cli", "sources", "sandbox"])
def test_no_other_room_orchestrates(room):
    for file in (PACKAGE / room).rglob("*.py"):
        assert named(file, "prefect", "dbt") == [], file


def test_the_sandbox_knows_nothing_of_the_client():
    for file in (PACKAGE / "sandbox").rglob("*.py"):
        assert named(file, "mixpanel_data._internal", "mixpanel_data.sources") == [], file


def test_no_module_shadows_mixpanels_own_library_or_ours():
    names = {path.stem for path in (ROOT / "pipelines").iterdir()} | {
        p.stem for p in (ROOT / "flows").glob("*.py")
    }

    assert not names & {"mixpanel", "dlt", "dbt", "prefect", "duckdb"}
