"""Writes llms.txt, a list of all pages for language models, and llms-full.txt, the pages themselves.

The form is that of https://llmstxt.org. Both follow the navigation, so a page that is in it is in them.
"""

import inspect
import pkgutil
import re
from pathlib import Path
from typing import Any

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.nav import Navigation
from mkdocs.structure.pages import Page

PACKAGE = "mixpanel_data"
ROOT = Path(__file__).parents[2]
_INCLUDED = re.compile(r'^--8<-- "(.+)"$', re.M)
_DOCUMENTED = re.compile(r"^::: (\S+)$(?:\n    .*)*", re.M)
_pages: list[tuple[str, Page]] = []


def on_nav(nav: Navigation, **_rest: Any) -> Navigation:
    """Keep the order of the pages, each with the section it is in."""
    _pages[:] = [(_section(page), page) for page in nav.pages]
    return nav


def on_post_build(config: MkDocsConfig) -> None:
    """Write both files into the site."""
    site = Path(config.site_dir)
    base = (config.site_url or "/").rstrip("/")
    head = f"# {config.site_name}\n\n> {config.site_description}\n"
    lines, section = [head], ""
    for part, page in _pages:
        if part != section:
            lines.append(f"\n## {part}\n")
            section = part
        about = ": ".join(
            filter(None, [f"- [{page.title}]({base}/{page.url})", summary(page.markdown or "")])
        )
        lines.append(about)
    (site / "llms.txt").write_text("\n".join(lines) + "\n", "utf-8")
    full = [head, *(f"<!-- {base}/{page.url} -->\n\n{whole(page)}" for _, page in _pages)]
    (site / "llms-full.txt").write_text("\n".join(full), "utf-8")


def _section(page: Page) -> str:
    parents = list(page.ancestors)
    return str(parents[-1].title) if parents else "Start"


def summary(markdown: str) -> str:
    """Return the first sentence of a page's first paragraph."""
    for paragraph in markdown.split("\n\n"):
        text = " ".join(paragraph.split())
        if text and not text.startswith(("#", "!", "|", "```", "<", ":::", "- ")):
            plain = re.sub(r"\[([^]]+)\]\([^)]+\)", r"\1", text).removeprefix("**Context.** ")
            return re.split(r"(?<=[.?!])\s", plain)[0]
    return ""


def whole(page: Page) -> str:
    """Return a page's text with the files that it includes, and with the docstrings that it names."""
    text = _INCLUDED.sub(
        lambda found: (ROOT / found[1]).read_text("utf-8").rstrip(), page.markdown or ""
    )
    return _DOCUMENTED.sub(lambda found: documentation(found[1]), text)


def documentation(path: str) -> str:
    """Return the docstring of an object, and those of its public functions."""
    found = pkgutil.resolve_name(path)
    parts = [f"### {_signature(path.rsplit('.', 1)[1], found)}", inspect.getdoc(found) or ""]
    if inspect.isclass(found) or inspect.ismodule(found):
        for name, member in _members(found).items():
            if name.startswith("_") or not _documented(found, member):
                continue
            parts += [f"#### {_signature(name, member)}", inspect.getdoc(member) or ""]
    return "\n\n".join(parts)


def _members(owner: object) -> dict[str, Any]:
    """Return the members in the order in which they are written, those of our base classes first."""
    homes = reversed(owner.__mro__) if inspect.isclass(owner) else [owner]
    ours = [home for home in homes if getattr(home, "__module__", PACKAGE).startswith(PACKAGE)]
    return {name: member for home in ours for name, member in vars(home).items()}


def _documented(owner: object, member: object) -> bool:
    if inspect.ismodule(owner):
        return inspect.isclass(member) and member.__module__ == owner.__name__
    return inspect.isfunction(member) or isinstance(member, classmethod | property)


def _signature(name: str, found: object) -> str:
    function = getattr(found, "__func__", found)
    is_function = inspect.isfunction(function) or (
        inspect.isclass(function) and "__init__" in vars(function)
    )
    return f"`{name}{inspect.signature(function)}`" if is_function else f"`{name}`"  # type: ignore[arg-type]
