"""SQL of any user, and CSV for spreadsheets.

Statements that reach for files, the network, the configuration or the process: refused, and nothing happens.
"""

import csv
import io
import json
import subprocess
import sys
from pathlib import Path

import duckdb
import pytest

from mixpanel_data import MixpanelDataError, Workspace
from mixpanel_data._internal.data_folder.paths import DataFolder

from .conftest import Run

CANARY = "canary-in-a-file-of-the-user"

# Nothing outside may be read or written: {read} is a file of the user, {write} a path in a folder that they may write.
STATEMENTS = [
    "CALL enable_logging(storage = 'file', storage_path = '{write}')",
    "CALL enable_logging(level = 'trace', storage = 'file', storage_config = {{'path': '{write}'}})",
    "CALL enable_logging('QueryLog', storage_path = '{write}')",
    "SET enable_logging = true", "SET logging_storage = 'file'", "PRAGMA enable_logging",
    "COPY (SELECT 1) TO '{write}'", "COPY (SELECT 1) TO '{write}' (FORMAT parquet)", "COPY events TO '{write}'",
    "COPY events FROM '{read}'", "EXPORT DATABASE '{write}'", "IMPORT DATABASE '{write}'",
    "SELECT * FROM read_csv('{read}')", "SELECT * FROM read_text('{read}')", "SELECT * FROM read_blob('{read}')",
    "SELECT * FROM read_json('{read}')", "SELECT * FROM read_json_objects('{read}')", "SELECT * FROM '{read}'",
    "FROM read_csv('https://127.0.0.1:9/x.csv')", "SELECT * FROM glob('{folder}/*')",
    "SELECT * FROM parquet_metadata('{read}')", "SELECT * FROM sniff_csv('{read}')",
    "SELECT content FROM read_text(['{read}'])", "SELECT (SELECT content FROM read_text('{read}'))",
    "CREATE VIEW mine AS SELECT * FROM read_text('{read}')", "CREATE TABLE mine AS FROM read_text('{read}')",
    "WITH a AS (SELECT content FROM read_text('{read}')) SELECT * FROM a", "PREPARE p AS FROM read_text('{read}')",
    "ATTACH '{write}' AS theirs", "ATTACH '{write}' (TYPE sqlite)", "ATTACH '{read}' (READ_ONLY)",
    "ATTACH 'https://127.0.0.1:9/x.duckdb'", "INSTALL httpfs", "LOAD httpfs", "LOAD '{read}'", "INSTALL '{read}'",
    "FORCE INSTALL sqlite FROM 'http://127.0.0.1:9'", "SET enable_external_access = true", "RESET enable_external_access",
    "SET lock_configuration = false", "RESET lock_configuration", "SET GLOBAL lock_configuration = false",
    "SET memory_limit = '900GB'", "SET threads = 512", "SET temp_directory = '{write}'", "SET home_directory = '{write}'",
    "SET extension_directory = '{write}'", "SET secret_directory = '{write}'", "SET allowed_paths = ['{read}']",
    "SET allowed_directories = ['{folder}']", "SET profiling_output = '{write}'", "SET log_query_path = '{write}'",
    "SET enable_profiling = 'json'", "PRAGMA profiling_output = '{write}'", "PRAGMA log_query_path = '{write}'",
    "PRAGMA enable_profiling = 'json'", "SET python_enable_replacements = true", "SET allow_unsigned_extensions = true",
    "CREATE PERSISTENT SECRET s (TYPE http, BEARER_TOKEN 'x')", "CREATE SECRET s (TYPE http, EXTRA_HTTP_HEADERS MAP {{}})",
    "SELECT getenv('HOME')", "SELECT 1; COPY (SELECT 1) TO '{write}'", "SELECT 1; FROM read_text('{read}')",
    "EXPLAIN ANALYZE COPY (SELECT 1) TO '{write}'", "SELECT * FROM statement", "SELECT * FROM query('FROM ''{read}''')",
    "SELECT * FROM query_table('{read}')", "SELECT * FROM duckdb_secrets()", "FROM arrow_scan(0, 0, 0)",
    "SELECT * FROM pandas_scan(0)", "SELECT * FROM python_map_function(1)",
    "USE memory; COPY (SELECT 1) TO '{write}'", "CHECKPOINT theirs", "VACUUM", "DETACH DATABASE memory",
    "CREATE MACRO m() AS TABLE FROM read_text('{read}')", "CALL force_checkpoint()", "CALL pragma_version()",
]  # fmt: skip

_CHILD = """
import json, sys
from mixpanel_data import Workspace
from mixpanel_data.exceptions import MixpanelDataError
folder, *statements = json.load(sys.stdin)
kept = []
for statement in statements:
    with Workspace(data_dir=folder) as workspace:
        try:
            kept.append(repr(workspace.sql_rows(statement)))
        except MixpanelDataError as error:
            kept.append(f"refused: {error}")
print(json.dumps(kept))
"""


@pytest.fixture
def folder(tmp_path: Path) -> DataFolder:
    """A data folder with fetched tables."""
    made = DataFolder.at(tmp_path / "data").create()
    with duckdb.connect(str(made.workspace)) as connection:
        connection.execute("CREATE TABLE events AS SELECT 'Paid' AS event")
    return made


@pytest.fixture
def outside(tmp_path: Path) -> Path:
    """A folder of the user, with a file in it."""
    theirs = tmp_path / "theirs"
    theirs.mkdir()
    (theirs / "canary.csv").write_text(CANARY)
    return theirs


def filled(statement: str, outside: Path) -> str:
    return statement.format(read=outside / "canary.csv", write=outside / "written", folder=outside)


def test_no_statement_of_the_library_reaches_out(folder: DataFolder, outside: Path) -> None:
    asked = [filled(statement, outside) for statement in STATEMENTS]
    done = subprocess.run(
        [sys.executable, "-c", _CHILD], input=json.dumps([str(folder.root), *asked]), cwd=outside.parent,
        capture_output=True, text=True, timeout=200, check=False,
    )  # fmt: skip

    assert done.returncode == 0, (done.returncode, done.stderr[-2000:])
    answers = json.loads(done.stdout)
    assert [one for one in zip(asked, answers, strict=True) if CANARY in one[1]] == []
    assert [path.name for path in outside.iterdir()] == ["canary.csv"]
    reaching = [
        (statement, answer)
        for statement, template, answer in zip(asked, STATEMENTS, answers, strict=True)
        if ("{read}" in template or "{write}" in template) and not answer.startswith("refused: ")
    ]
    assert reaching == []


@pytest.mark.parametrize(
    "statement",
    [
        STATEMENTS[0],
        STATEMENTS[6],
        "SELECT * FROM read_text('{read}')",
        "SET memory_limit = '900GB'",
    ],
)
def test_the_command_refuses_them_and_ends_in_order(
    statement: str, mp: Run, folder: DataFolder, outside: Path
) -> None:
    done = mp("query", "sql", filled(statement, outside))

    assert done.returncode in (1, 3), (done.returncode, done.stderr)
    assert "Traceback" not in done.stderr
    assert CANARY not in done.stdout + done.stderr
    assert [path.name for path in outside.iterdir()] == ["canary.csv"]


def test_a_view_in_a_foreign_file_reads_nothing_else(tmp_path: Path, outside: Path) -> None:
    path = tmp_path / "foreign.duckdb"
    with duckdb.connect(str(path)) as connection:
        connection.execute("CREATE TABLE events AS SELECT 'Paid' AS event")
        connection.execute(f"CREATE VIEW theirs AS FROM read_text('{outside / 'canary.csv'}')")

    with Workspace.open(path) as workspace:
        assert workspace.sql_rows("SELECT event FROM events") == [("Paid",)]
        with pytest.raises(MixpanelDataError) as caught:
            workspace.sql_rows("SELECT * FROM theirs")

    assert CANARY not in str(caught.value)


FORMULAS = ["=1+1", "+1", "-1+cmd", "@SUM(A1)", "\tx", "\rx"]


def test_csv_safe_makes_texts_of_formulas(mp: Run, folder: DataFolder) -> None:
    cells = ", ".join(f"('{text}')" for text in FORMULAS)
    statement = (
        f"SELECT t AS \"=name\", -5 AS n, NULL AS e, 'a=b' AS plain FROM (VALUES {cells}) v(t)"
    )
    asked = ["query", "sql", statement, "--format", "csv"]

    safe, as_it_came = mp(*asked, "--csv-safe"), mp(*asked)

    assert (safe.returncode, as_it_came.returncode) == (0, 0), safe.stderr

    def rows(text: str) -> list[list[str]]:
        return list(csv.reader(io.StringIO(text)))

    quoted = [text.replace("\r", "\n") for text in FORMULAS]  # by reading the pipe as text
    assert rows(safe.stdout) == [
        ["'=name", "n", "e", "plain"], *([f"'{text}", "-5", "", "a=b"] for text in quoted)
    ]  # fmt: skip
    assert rows(as_it_came.stdout) == [
        ["=name", "n", "e", "plain"], *([text, "-5", "", "a=b"] for text in quoted)
    ]  # fmt: skip
