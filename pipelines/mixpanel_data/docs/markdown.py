"""Docstrings as Markdown."""

import inspect
import re
from collections.abc import Iterable, Sequence
from typing import Any

NOTICE = "<!-- Written from the docstrings by `make docs`. Change those, not this page. -->"

_ROLE = re.compile(r":\w+:`~?(?:[\w.]*\.)?(\w+)`")
_SECTION = re.compile(r"^(Raises|Args):$")
_ENTRY = re.compile(r"^    (\S[^:]*): (.*)$")


def documented(thing: Any) -> str:
    """What the docstring of ``thing`` says, as Markdown; an error for one that says nothing."""
    text = inspect.getdoc(thing)
    if not text:
        raise ValueError(f"{thing!r} has no docstring.")
    return prose(text)


def prose(text: str) -> str:
    """A docstring's text as Markdown: roles and double backticks as code, sections as lists."""
    lines: list[str] = []
    in_section = False
    for line in _ROLE.sub(r"`\1`", text).replace("``", "`").splitlines():
        if _SECTION.match(line):
            in_section = True
            lines += [line, ""]
        elif in_section and (entry := _ENTRY.match(line)):
            lines.append(f"- `{entry[1]}`: {entry[2]}")
        elif in_section and line.startswith("        "):
            lines.append(f"  {line.strip()}")
        else:
            in_section = in_section and not line
            lines.append(line)
    return "\n".join(lines).strip()


def table(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A Markdown table."""
    cells = [list(columns), ["---"] * len(columns), *([_cell(c) for c in row] for row in rows)]
    return "\n".join(f"| {' | '.join(row)} |" for row in cells)


def block(language: str, text: str) -> str:
    """A fenced block."""
    return f"```{language}\n{text}\n```"


def anchor(heading: str) -> str:
    """Where a link to ``heading`` leads, as GitHub and most others make it."""
    return "#" + re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")


def joined(parts: Iterable[str]) -> str:
    """Paragraphs as one page."""
    return "\n\n".join(part for part in parts if part) + "\n"


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")
