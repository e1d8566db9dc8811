"""Every cell of the table in docs/casts.md: what a value becomes in a column of each type."""

import json
import re
from collections.abc import Iterator
from datetime import date, datetime
from pathlib import Path
from typing import Any

import duckdb
import pytest
from dbt.marts.conftest import ROOT, build
from support.raw_file import Event, RawFile, at

PAGE = ROOT / "docs" / "casts.md"
TYPES = ("string", "number", "integer", "boolean", "date", "datetime")
NULL, MISSING = "**null**", "-"
DAY = date(2026, 1, 2)
READ = {
    "string": str,
    "number": float,
    "integer": int,
    "boolean": {"true": True, "false": False}.__getitem__,
    "date": date.fromisoformat,
    "datetime": datetime.fromisoformat,
}


def rows() -> Iterator[tuple[str, dict[str, str]]]:
    """Each value of the page, as JSON, and what it says of each type."""
    for line in PAGE.read_text(encoding="utf-8").splitlines():
        if line.startswith("| `"):
            value, *cells = [cell[1:-1] for cell in line.strip("|").split("|")]
            yield value.strip("`"), dict(zip(TYPES, cells, strict=True))


def wanted(kind: str, cell: str) -> Any:
    """What a column of this type holds, as DuckDB gives it to Python."""
    if cell in (NULL, MISSING):
        return None
    text = re.fullmatch("`(.*)`", cell)
    assert text, cell
    written = json.loads(text[1]) if text[1].startswith('"') else text[1]
    return READ[kind](written)


@pytest.fixture(scope="module")
def cells(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A build with every value of the page as a property of an event and of a profile, read as each type."""
    folder = tmp_path_factory.mktemp("casts")
    raw = RawFile(folder / "raw.duckdb")
    raw.load({DAY: [Event(at(f"{DAY} 12:00"), insert_id=f"{n}") for n, _ in enumerate(rows())]})
    raw.profiles({f"{n}": {} for n, _ in enumerate(rows())})
    with duckdb.connect(raw.path) as db:
        for number, (value, _) in enumerate(rows()):
            for table, key in (("events", "insert_id"), ("profiles", "distinct_id")):
                db.execute(
                    f"update mixpanel.{table} set properties = ? where {key} = ?",
                    [f'{{"value": {value}}}', f"{number}"],
                )
    properties = [{"name": "value", "alias": f"as_{kind}", "type": kind} for kind in TYPES]
    build(folder, {"event_properties": properties, "profile_properties": properties})
    return folder / "build" / "dbt.duckdb"


@pytest.mark.parametrize(("table", "key"), [("events", "insert_id"), ("profiles", "distinct_id")])
def test_each_cell_of_the_page_is_what_the_column_holds(cells: Path, table: str, key: str) -> None:
    with duckdb.connect(cells, read_only=True) as db:
        columns = ", ".join(f"as_{kind}" for kind in TYPES)
        found = {
            row[0]: row[1:]
            for row in db.execute(f"select {key}, failed_casts, {columns} from {table}").fetchall()
        }
    assert len(found) > 100

    others = {}
    for number, (value, cells) in enumerate(rows()):
        failed, *held = found[f"{number}"]
        named = [f"as_{kind}" for kind, cell in cells.items() if cell == NULL]
        of_page = [*(wanted(kind, cell) for kind, cell in cells.items()), named]
        if [*held, failed or []] != of_page:
            others[value] = (held, failed, of_page)
    assert others == {}


def test_every_type_and_kind_of_value_has_its_cells() -> None:
    """The page's columns are the types that can be configured."""
    macro = (ROOT / "dbt" / "macros" / "configured_properties.sql").read_text(encoding="utf-8")
    listed = macro.partition("sql_types = {")[2].partition("}")[0]

    assert set(re.findall("'([a-z]+)': ", listed)) == set(TYPES)
    assert len({value for value, _ in rows()}) == len(list(rows()))
