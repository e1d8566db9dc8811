"""Writes the pages on tables and variables while the site is built, from the files of the dbt project."""

import re
from pathlib import Path
from typing import Any

import yaml
from mkdocs.config.defaults import MkDocsConfig
from mkdocs.exceptions import PluginError
from mkdocs.structure.files import File, Files

DBT = Path(__file__).parents[2] / "dbt"
_LABEL = re.compile(r"^((?:Grain|Keys|Joins|Caveats|Example questions):) ")
AREAS = {
    "core": "Events and profiles",
    "identity": "Identity",
    "engagement": "Engagement",
    "analysis": "Funnels, retention, attribution",
    "catalog": "Catalogs",
    "quality": "Data quality",
}

TABLES = """# Tables

The published tables and their columns. The comments in the published file are the same texts. [Definitions](../definitions.md)
says what the numbers mean, and [casts](../casts.md) what each property type reads.
"""

VARIABLES = """# Variables

Variables of the dbt models, with their defaults. Set yours under `vars: mixpanel_data:` in the `dbt_project.yml` of the
project that `mp init` wrote; `mp doctor` checks them. After a change the next `mp sync` builds all tables from scratch.
"""


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add the generated pages."""
    for name, text in (("tables", tables_page()), ("variables", variables_page())):
        files.append(File.generated(config, f"reference/{name}.md", content=text))
    return files


def tables_page() -> str:
    """Return the page on the published tables."""
    parts = [TABLES]
    for folder in sorted((DBT / "models" / "marts").iterdir(), key=_place):
        parts.append(f"## {AREAS.get(folder.name, folder.name.capitalize())}\n")
        for file in sorted(folder.glob("*.yml")):
            models = yaml.safe_load(file.read_text("utf-8")).get("models", [])
            parts.extend(map(_table, models))
    return "\n".join(parts)


def _place(folder: Path) -> int:
    names = list(AREAS)
    return names.index(folder.name) if folder.name in names else len(names)


def _table(model: dict[str, Any]) -> str:
    rows = [
        f"| `{column['name']}` | {column.get('data_type', '')} | {_cell(column.get('description', ''))} |"
        for column in model.get("columns", [])
    ]
    head = ["| column | type | meaning |", "|---|---|---|"]
    return "\n".join(
        [
            f"### {model['name']}\n",
            f"{_paragraphs(model.get('description', ''))}\n",
            *head,
            *rows,
            "",
        ]
    )


def _paragraphs(text: str) -> str:
    """Each line of a folded text is a paragraph; a label at its beginning is bold."""
    lines = [line for line in text.splitlines() if line.strip()]
    return "\n\n".join(_LABEL.sub(r"**\1** ", line) for line in lines)


def _line(text: str) -> str:
    return " ".join(str(text).split())


def _cell(text: str) -> str:
    return _line(text).replace("|", "\\|")


def variables_page() -> str:
    """Return the page on variables: the comments above each one, and its default."""
    text = (DBT / "dbt_project.yml").read_text("utf-8")
    section = re.search(r"^vars:\n((?:[ #].*\n|\n)+)", text, re.M)
    if not section:
        raise PluginError("dbt/dbt_project.yml has no variables.")
    parts = [VARIABLES]
    comment: list[str] = []
    for entry in re.findall(r"^  (?:# ?.*|[a-z_]+:.*\n(?:    .*\n)*)", section[1], re.M):
        if entry.startswith("  #"):
            comment.append(entry.removeprefix("  #").removeprefix(" "))
            continue
        name = entry.split(":")[0].strip()
        lines = [line.removeprefix("  ") for line in entry.rstrip().splitlines()]
        parts.append(f"## {name}\n")
        if comment:
            parts.append(_comment(comment))
        parts.append("\n".join(["```yaml", *lines, "```", ""]))
        comment = []
    return "\n".join(parts)


def _comment(lines: list[str]) -> str:
    """Prose as prose; what is indented, or aligned in columns, as it is written."""
    if any(line.startswith(" ") or "  " in line.strip() for line in lines):
        return "\n".join(["```text", *lines, "```", ""])
    return "\n".join([*map(_escaped, lines), ""])


def _escaped(line: str) -> str:
    """Names such as $identify and _id are no mark-up."""
    return re.sub(r"([*_<])", r"\\\1", line)
