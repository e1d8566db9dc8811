"""The reference pages name everything that is public, and the page on ``mp`` is what Typer writes today."""

import inspect
import re
import subprocess
import sys
from pathlib import Path

import mixpanel_data
from mixpanel_data import MixpanelDataError, Workspace, exceptions, types
from mixpanel_data.cli.errors import MEANINGS

REFERENCE = Path(__file__).parents[2] / "docs" / "reference"


def directives(page: str) -> set[str]:
    """What a page takes from docstrings."""
    text = (REFERENCE / page).read_text(encoding="utf-8")
    return set(re.findall(r"^::: (\S+)$", text, re.MULTILINE))


def test_the_page_on_the_command_is_what_typer_writes(tmp_path):
    typer = str(Path(sys.executable).with_name("typer"))
    page = tmp_path / "mp.md"
    command = [typer, "mixpanel_data.cli.app", "utils", "docs", "--name", "mp", "--output"]
    subprocess.run([*command, str(page)], check=True, capture_output=True, timeout=60)

    assert page.read_bytes() == (REFERENCE / "mp.md").read_bytes(), "run `make docs`"


def test_every_public_result_is_on_the_page_of_the_library():
    named = {name.rsplit(".", 1)[1] for name in directives("library.md")}

    assert named >= {*types.__all__, "Workspace", "Rows"}


def test_every_public_name_is_a_result_an_error_or_the_workspace():
    errors = {
        name
        for name, error in vars(exceptions).items()
        if inspect.isclass(error) and issubclass(error, MixpanelDataError | Warning)
    }

    assert set(mixpanel_data.__all__) == {*types.__all__, *errors, "Workspace", "__version__"}


def test_every_method_of_the_workspace_has_a_docstring():
    members = inspect.getmembers(Workspace)

    assert [n for n, member in members if not n.startswith("_") and not member.__doc__] == []


def test_every_error_has_a_code_and_a_docstring():
    errors = [
        error
        for error in vars(exceptions).values()
        if inspect.isclass(error) and issubclass(error, MixpanelDataError)
    ]

    assert [error for error in errors if not error.code or not error.__doc__] == []


def test_the_page_on_monitoring_has_the_exit_codes_and_their_meanings():
    page = (REFERENCE.parent / "how-to" / "monitor.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| (\d+) \| (.+?) \|", page, re.MULTILINE)

    assert {int(code): meaning for code, meaning in rows} == MEANINGS
