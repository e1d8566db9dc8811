"""What tables say of themselves: comments, their parts, and the descriptions they are written from."""

from pathlib import Path
from typing import Any

import duckdb
import pytest
import yaml

from mixpanel_data import TableNotFoundError, Workspace
from mixpanel_data._internal.database.comments import TableComment, parse_comment

MODELS = sorted(
    (Path(__file__).parents[3] / "dbt" / "models" / "marts").rglob("*.yml"), key=lambda p: p.stem
)
COMMENT = """The sessions of users: e.g. visits. Grain: is not a label here.
A second line.
Grain: one row per session.
Keys: session_id, user_id.
Joins: user_id = profiles.user_id; a, b = other.
Caveats: Duration is 0. Sometimes.
Example questions: How long are sessions? How many bounce?"""


def test_the_parts_of_a_comment_are_found() -> None:
    found = parse_comment(COMMENT)

    assert found == TableComment(
        text="The sessions of users: e.g. visits. Grain: is not a label here.\nA second line.",
        grain="one row per session",
        keys=["session_id", "user_id"],
        joins=["user_id = profiles.user_id", "a, b = other"],
        caveats="Duration is 0. Sometimes.",
        questions=["How long are sessions?", "How many bounce?"],
    )


@pytest.mark.parametrize(
    ("comment", "found"),
    [
        (None, TableComment()),
        (" \n", TableComment()),
        ("Mine", TableComment(text="Mine")),
        ("Grain: x", TableComment(grain="x")),
        ("Keys: none.", TableComment()),
        ("Grain:\nKeys:\nCaveats:\nExample questions:", TableComment()),
    ],
)
def test_a_comment_may_lack_any_part(comment: str | None, found: TableComment) -> None:
    assert parse_comment(comment) == found


@pytest.mark.parametrize(
    ("text", "first"),
    [("One. Two.", "One."), ("Is it? Yes.", "Is it?"), ("Of `a.b` rows. More", "Of `a.b` rows."), ("No end", "No end")],
)  # fmt: skip
def test_the_summary_is_the_first_sentence(text: str, first: str) -> None:
    assert parse_comment(text).summary == first


@pytest.mark.parametrize("path", MODELS, ids=lambda path: path.stem)
def test_every_mart_describes_itself(path: Path) -> None:
    (model,) = yaml.safe_load(path.read_text("utf-8"))["models"]
    comment = parse_comment(model["description"])
    columns = [column["name"] for column in model["columns"]]

    assert comment.grain
    assert comment.grain.startswith("one row per ")
    assert comment.caveats
    assert comment.caveats.endswith(".")
    assert comment.questions
    assert [question for question in comment.questions if not question.endswith("?")] == []
    assert comment.summary
    assert len(comment.summary) < 160
    assert "\nKeys: " in model["description"]
    assert set(comment.keys) <= set(columns)
    assert [sorted(keys) for keys in _unique(model)] in ([], [sorted(comment.keys)])
    assert bool(comment.keys) == bool(_unique(model))


def test_every_join_names_a_column_of_each_side() -> None:
    models = [yaml.safe_load(path.read_text("utf-8"))["models"][0] for path in MODELS]
    columns = {model["name"]: {column["name"] for column in model["columns"]} for model in models}
    wrong = []
    for model in models:
        for join in parse_comment(model["description"]).joins:
            ours, theirs = join.split(" = ")
            table, _, column = theirs.partition(".")
            names = ours.split(", ")
            theirs_too = {column} if column else set(names)
            if not (set(names) <= columns[model["name"]] and theirs_too <= columns[table]):
                wrong.append((model["name"], join))

    assert wrong == []


def _unique(model: dict[str, Any]) -> list[list[str]]:
    """The columns that the contract or a test calls unique."""
    found = [c["columns"] for c in model.get("constraints", []) if c["type"] == "unique"]
    found += [
        test["unique_key"]["arguments"]["columns"]
        for test in model.get("data_tests", [])
        if "unique_key" in test
    ]
    found += [
        [column["name"]] for column in model["columns"] if "unique" in column.get("data_tests", [])
    ]
    return [list(columns) for columns in dict.fromkeys(map(tuple, found))]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A data folder with a published table that explains itself, and one that does not."""
    with duckdb.connect(str(tmp_path / "mixpanel.duckdb")) as connection:
        connection.execute("CREATE TABLE sessions (session_id UUID NOT NULL, n INTEGER)")
        connection.execute(f"COMMENT ON TABLE sessions IS '{COMMENT}'")
        connection.execute("COMMENT ON COLUMN sessions.n IS 'How many.'")
        connection.execute("CREATE TABLE _metadata AS SELECT 1 AS load_number")
        connection.execute("COMMENT ON TABLE _metadata IS 'The ledger.'")
        connection.execute("CREATE VIEW plain AS SELECT 1 AS n")
    return tmp_path


def test_the_schema_carries_the_comments(folder: Path) -> None:
    with Workspace(data_dir=folder) as ws:
        schema = ws.schema("sessions")
        tables = {table.name: table for table in ws.tables()}
        everything = ws.schema()

    assert schema.to_dict() == {
        "table_name": "sessions",
        "columns": [
            {"name": "session_id", "type": "UUID", "nullable": False, "comment": None},
            {"name": "n", "type": "INTEGER", "nullable": True, "comment": "How many."},
        ],
        "description": "The sessions of users: e.g. visits. Grain: is not a label here.\nA second line.",
        "grain": "one row per session",
        "keys": ["session_id", "user_id"],
        "joins": ["user_id = profiles.user_id", "a, b = other"],
        "caveats": "Duration is 0. Sometimes.",
        "questions": ["How long are sessions?", "How many bounce?"],
    }
    assert tables["sessions"].description == "The sessions of users: e.g. visits."
    assert (tables["sessions"].grain, tables["sessions"].row_count) == ("one row per session", 0)
    assert (tables["plain"].description, tables["plain"].grain) == (None, None)
    assert [item.table_name for item in everything] == ["plain", "sessions"]
    assert everything[1] == schema


def test_the_ledger_of_a_published_file_describes_itself(folder: Path) -> None:
    with Workspace(data_dir=folder) as ws:
        assert ws.schema("_metadata").description == "The ledger."
        with pytest.raises(TableNotFoundError):
            ws.drop("_metadata")
