"""The reference pages say what the docstrings say, of everything that is public."""

import dataclasses
import inspect
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import mixpanel_data
from mixpanel_data import MixpanelDataError, Workspace, auth, docs, exceptions, types
from mixpanel_data.docs import markdown, signatures
from mixpanel_data.types.base import Result


@pytest.fixture(scope="module")
def pages() -> dict[str, str]:
    return docs.pages()


def test_the_pages_are_up_to_date(pages):
    assert docs.drifted(pages) == [], "make docs"


def test_a_page_that_drifted_is_named(pages, tmp_path):
    for name in pages:
        shutil.copy(docs.FOLDER / name, tmp_path)
    page = tmp_path / "mp.md"
    page.write_text(page.read_text(encoding="utf-8") + "By hand.\n", encoding="utf-8")

    assert docs.drifted(pages, tmp_path) == ["mp.md"]


def test_one_command_checks_the_pages():
    command = [sys.executable, "-m", "mixpanel_data.docs", "--check"]

    assert subprocess.run(command, check=False, timeout=60).returncode == 0


def test_every_public_name_has_its_heading(pages):
    headings = re.findall(r"^#+ (\S+)$", pages["library.md"], re.MULTILINE)

    assert set(mixpanel_data.__all__) <= set(headings)


def test_what_is_public_is_what_the_page_lists(pages):
    contents = pages["library.md"].split("\n## ")[0]
    lists = re.findall(r"^- \[.*$", contents, re.MULTILINE)

    workspace, results, errors, accounts = (re.findall(r"\[`(\w+)`\]", each) for each in lists)
    assert sorted([*workspace, *results, *errors]) == sorted([*mixpanel_data.__all__, "Rows"])
    assert accounts == auth.__all__


def test_every_method_of_the_workspace_is_there(pages):
    for name, member in inspect.getmembers(Workspace):
        if not name.startswith("_") and callable(member):
            assert re.search(rf"^(ws|Workspace)\.{name}\(", pages["library.md"], re.MULTILINE), name


def test_every_field_of_a_result_is_there(pages):
    for name in types.__all__:
        kind = getattr(types, name)
        section = pages["library.md"].split(f"\n### {kind.__name__}\n")[1].split("\n### ")[0]
        for field in dataclasses.fields(kind):
            assert field.name.startswith("_") or f"    {field.name}: " in section
        assert not issubclass(kind, Result) or "`df`" in section


def test_every_error_is_there_with_its_code(pages):
    for error in vars(exceptions).values():
        if inspect.isclass(error) and issubclass(error, MixpanelDataError):
            assert f"### {error.__name__}\n\n`{error.code}`, exit code " in pages["library.md"]
            assert error.__name__ in mixpanel_data.__all__


def test_links_lead_somewhere(pages):
    for text in pages.values():
        headings = re.findall(r"^#+ (.+)$", text, re.MULTILINE)
        anchors = {markdown.anchor(heading) for heading in headings}
        assert set(re.findall(r"\]\((#[^)]*)\)", text)) <= anchors


def test_tables_are_whole(pages):
    for text in pages.values():
        for rows in re.findall(r"(?:^\|.*\|\n)+", text, re.MULTILINE):
            cells = {len(re.findall(r"(?<!\\)\|", row)) for row in rows.splitlines()}
            assert len(cells) == 1, rows


def test_a_signature_too_long_for_a_line_has_a_line_for_each_parameter():
    def short(a: int, *, b: str = "x", _c: int = 0) -> None: ...

    def long(
        first: "int | None", /, second: dict[str, list[int]], *rest: int, **more: str
    ) -> None: ...

    assert signatures.signature("short", short) == 'short(a: int, *, b: str = "x") -> None'
    assert signatures.signature("x" * 50, long).splitlines()[1:] == [
        "    first: int | None,",
        "    /,",
        "    second: dict[str, list[int]],",
        "    *rest: int,",
        "    **more: str,",
        ") -> None",
    ]


def test_what_has_no_docstring_can_not_be_published():
    with pytest.raises(ValueError, match="no docstring"):
        markdown.documented(type("Bare", (), {"__doc__": None})())


def test_a_docstring_becomes_markdown():
    text = "See :meth:`~a.b.C.run` of ``x``.\n\nRaises:\n    KeyError: it is\n        not there.\n    OSError: no.\n\nEnd."

    assert markdown.prose(text) == (
        "See `run` of `x`.\n\nRaises:\n\n- `KeyError`: it is\n  not there.\n- `OSError`: no.\n\nEnd."
    )


def test_the_pages_travel_with_the_package():
    assert Path(mixpanel_data.__file__).parent / "docs" == docs.FOLDER
