"""Every `mp` command that a page shows exists, with the options it is shown with."""

import re
import shlex
from pathlib import Path
from typing import Any

import pytest
import typer
from support.pages import blocks, commands

from mixpanel_data.cli.app import app

ROOT = Path(__file__).parents[2]
PAGES = [
    *(path for path in sorted(ROOT.glob("docs/**/*.md")) if path.name != "mp.md"),
    ROOT / "README.md",
    ROOT / "dbt" / "README.md",
    ROOT / "pipelines" / "mixpanel_data" / "_internal" / "project" / "template" / "README.md",
]
_MP = re.compile(r"(?:^|[&|;(] ?|\n)\s*(mp [a-z][^&|;\n]*)")


def shown(page: Path) -> list[str]:
    """The commands in blocks, and those in the text that have an option: `mp sync --from DAY`. A text may end with the
    option that it is about: `mp sync --from`.
    """
    text = page.read_text("utf-8")
    lines = [
        command.line
        for block in blocks(text)
        if block.language == "console"
        for command in commands(block.body)
    ]
    found = [call for line in lines for call in _MP.findall(line)]
    prose = re.sub(r"^```.*?^```$", "", text, flags=re.MULTILINE | re.DOTALL)
    return found + re.findall(r"`(mp [a-z][^`…]* --[^`…]*)`", prose)


def test_commands_are_found():
    assert sum(len(shown(page)) for page in PAGES) > 50


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_the_commands_of_a_page_are_right(page):
    for line in shown(page):
        words = shlex.split(re.sub(r"[<>] *\S+", "", line), comments=True)[1:]
        command: Any = typer.main.get_command(app)
        name = "mp"
        while hasattr(command, "commands"):
            name, *words = words
            assert name in command.commands, f"{line}: there is no command {name}"
            command = command.commands[name]
        try:
            command.make_context(name, list(words), resilient_parsing=False)
        except Exception as error:  # noqa: BLE001  (any error: name the line)
            message = str(getattr(error, "message", error))
            mentioned = words[-1:] and "requires an argument" in message and words[-1] in message
            assert mentioned, f"{line}: {message}"
