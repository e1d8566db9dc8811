"""Links of the documentation lead somewhere: in the site, in the repository, and on the package index."""

import re
from collections.abc import Iterator
from functools import cache
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest
from mkdocs.commands.build import build
from mkdocs.config import load_config
from mkdocs.structure.files import get_files
from mkdocs.structure.nav import get_navigation

ROOT = Path(__file__).parents[2]
REPOSITORY = "https://github.com/mixpanel-data/mixpanel-data/blob/main/"
AWAY = ("README.md", "dbt/README.md")
"""Read without the repository around them: on the package index, and in a user's project."""
PAGES = [
    *(ROOT / name for name in (*AWAY, "CONTRIBUTING.md", "CHANGELOG.md", "SECURITY.md")),
    *(ROOT / folder / "README.md" for folder in ("flows", "tests", "cassettes")),
    *sorted((ROOT / "docs").rglob("*.md")),
]
GENERATED = ("reference/tables.md", "reference/variables.md")
_LINK = re.compile(r"\]\(\s*<?([^)\s>]+)>?\s*\)")


class Parsed(HTMLParser):
    """The links and anchors of a page of the site."""

    def __init__(self, page: Path) -> None:
        super().__init__()
        self.links: list[str] = []
        self.anchors: set[str] = set()
        self.feed(page.read_text("utf-8"))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = dict(attrs)
        self.links += filter(None, (values.get(name) for name in ("href", "src")))
        self.anchors |= {value for name in ("id", "name") if (value := values.get(name))}


parsed = cache(Parsed)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The site, built strictly: a warning is an error."""
    folder = tmp_path_factory.mktemp("site")
    config = load_config(str(ROOT / "mkdocs.yml"), site_dir=str(folder), strict=True)
    config.plugins.on_startup(command="build", dirty=False)
    build(config)
    config.plugins.on_shutdown()
    return folder


def prose(page: Path) -> str:
    """A page without its code."""
    text = re.sub(r"^```.*?^```$", "", page.read_text("utf-8"), flags=re.MULTILINE | re.DOTALL)
    return re.sub(r"`[^`\n]*`", "code", text)


def links(page: Path) -> Iterator[str]:
    yield from _LINK.findall(prose(page))
    yield from re.findall(r"^\[[^]]+\]: (\S+)$", prose(page), re.MULTILINE)


def headings(page: Path) -> set[str]:
    """The anchors of a page, as GitHub makes them."""
    text = re.sub(r"^```.*?^```$", "", page.read_text("utf-8"), flags=re.MULTILINE | re.DOTALL)
    found = re.findall(r"^#+ (.+)$", text, re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in found}


def missing(site: Path, page: Path, link: str) -> bool:
    target, _, anchor = link.partition("#")
    file = (page.parent / unquote(target)).resolve() if target else page
    file = file / "index.html" if file.is_dir() else file
    if not file.is_relative_to(site) or not file.is_file():
        return True
    return bool(anchor) and file.suffix == ".html" and unquote(anchor) not in parsed(file).anchors


def test_every_link_of_the_site_leads_to_a_page_and_an_anchor(site):
    pages = [page for page in site.rglob("*.html") if page.name != "404.html"]
    assert len(pages) > 30

    faulty = [
        f"{page.relative_to(site)}: {link}"
        for page in pages
        for link in parsed(page).links
        if not urlsplit(link).scheme and link != "#" and missing(site, page, link)
    ]
    assert faulty == []


def test_every_page_is_in_the_navigation():
    config = load_config(str(ROOT / "mkdocs.yml"))
    navigation = [page.file.src_uri for page in get_navigation(get_files(config), config).pages]
    written = {
        str(page.relative_to(ROOT / "docs")) for page in PAGES if ROOT / "docs" in page.parents
    }

    assert written | set(GENERATED) == {*navigation, *GENERATED}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_between_files_lead_to_files(page):
    for link in links(page):
        if urlsplit(link).scheme:
            continue
        target, _, anchor = link.partition("#")
        file = (page.parent / target).resolve() if target else page
        if str(file.relative_to(ROOT)) in [f"docs/{name}" for name in GENERATED]:
            continue
        assert file.is_file(), link
        assert not anchor or file.suffix != ".md" or anchor in headings(file), link


@pytest.mark.parametrize("name", AWAY)
def test_a_page_that_is_read_elsewhere_has_no_relative_links(name):
    page = ROOT / name

    assert [link for link in links(page) if not link.startswith(("https://", "#"))] == []
    inside = [link.removeprefix(REPOSITORY) for link in links(page) if link.startswith(REPOSITORY)]
    for link in inside:
        target, _, anchor = link.partition("#")
        assert (ROOT / target).is_file(), link
        assert not anchor or anchor in headings(ROOT / target), link


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_addresses_elsewhere_are_well_formed(page):
    text = prose(page)
    for link in (*links(page), *re.findall(r"<(https?:[^>\s]+)>", text)):
        parts = urlsplit(link)
        if not parts.scheme:
            continue
        assert parts.scheme in ("https", "mailto"), link
        assert parts.scheme == "mailto" or re.fullmatch(r"[a-z0-9.-]+\.[a-z]+", parts.netloc), link
        assert parts.path == unquote(parts.path).strip(), link


def test_llms_txt_lists_every_page_with_what_it_is_about(site):
    text = (site / "llms.txt").read_text("utf-8")
    entries = re.findall(r"^- \[(.+?)\]\((.+?)\)(?:: (.+))?$", text, re.MULTILINE)
    pages = {page.parent for page in site.rglob("index.html")}

    assert text.startswith("# mixpanel_data\n\n> ")
    assert re.findall(r"^## (.+)$", text, re.MULTILINE) == [
        "Start",
        "Tutorials",
        "How-to",
        "Reference",
        "Explanations",
    ]
    assert {site / urlsplit(url).path.strip("/") for _, url, _ in entries} == pages
    assert [title for title, _, about in entries if not about.strip()] == []


def test_llms_full_txt_has_the_pages_with_their_files_and_docstrings(site):
    text = (site / "llms-full.txt").read_text("utf-8")
    sections = re.findall(r"^<!-- (.+) -->$", text, re.MULTILINE)

    assert sections == re.findall(
        r"^- \[.+?\]\((.+?)\)", (site / "llms.txt").read_text(), re.MULTILINE
    )
    assert "OnCalendar=" in text
    assert "Copy Mixpanel into DuckDB each day" in text
    assert "`fetch_events(self, " in text
    assert not re.search(r"^(:::|--8<--)", text, re.MULTILINE)


def test_the_reference_has_every_table_and_variable(site):
    tables = parsed(site / "reference" / "tables" / "index.html").anchors
    variables = parsed(site / "reference" / "variables" / "index.html").anchors
    models = {path.stem for path in (ROOT / "dbt" / "models" / "marts").rglob("*.sql")}

    assert models <= tables
    assert {"funnels", "week_start", "events_in_a_batch"} <= variables
