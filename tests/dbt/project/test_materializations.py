"""What a contract promises of a table, by a build of a project with a few tables in it."""

import json
import shutil
from pathlib import Path

import duckdb
import pytest
from support import warm_dbt

ROOT = Path(__file__).parents[3]
PROJECT = """
name: mixpanel_data
version: 0.1.0
profile: small
flags: {send_anonymous_usage_stats: false}
models:
  mixpanel_data:
    +materialized: contract_table
    +contract: {enforced: true}
"""
PROFILE = """
small:
  target: file
  outputs:
    file:
      type: duckdb
      path: small.duckdb
      config_options: {max_vacuum_tasks: 0} # rows keep their number
"""
MODEL = """
  - name: {name}
    description: It's {name}.
    constraints:
      - {{type: unique, columns: [a, b]}}
      - {{type: check, name: a_is_small, expression: a < 10}}
    columns:
      - {{name: a, data_type: integer, description: "a's", constraints: [{{type: not_null}}]}}
      - {{name: b, data_type: varchar, description: b}}
"""
GROWN = "{{{{ config(materialized='{}', meta={{'replaces': 'a > 1'}}) }}}} {}"
KEPT = "{{{{ config(materialized='replaced_rows', meta={{'replaces': 'a > 1', 'keeps_equal_rows': true}}) }}}} {}"
TABLES = {
    "right": "select 'x' as b, 1 as a",
    "of_another_type": "select 1::bigint as a, 'x' as b",
    "with_one_more": "select 1 as a, 'x' as b, 2 as c",
    "with_one_less": "select 1 as a",
    "with_a_null": "select null::integer as a, 'x' as b",
    "with_a_large_one": "select 10 as a, 'x' as b",
    "repeated": "select 1 as a, null::varchar as b from range(3)",
    "replaced": GROWN.format(
        "replaced_rows",
        "select 2 as a, '{{ var('run') }}' as b"
        "{% if is_incremental() %} union all select a + 2, b from {{ this }} where a = 2"
        "{% else %} union all select 1, 'stays'{% endif %}",
    ),
    "appended": GROWN.format("appended_rows", "select 1 as a, '{{ var('run') }}' as b"),
    "appended_twice": GROWN.format("appended_rows", "select 1 as a, 'the same' as b"),
    "replaced_by_too_much": GROWN.format(
        "replaced_rows", "select 2 as a, 'x' as b from range({{ var('run') }})"
    ),
    "kept_where_equal": KEPT.format(
        "select a, case when a = 3 then '{{ var('run') }}' when a < 6 then 'same' end as b "
        "from (select range::integer as a from range(2, 8)) where a <> 9 - 2 * {{ var('run') }}"
        "{% if not is_incremental() %} union all select 1, 'stays'{% endif %}"
    ),
    "kept_by_too_much": KEPT.format("select 2 as a, 'x' as b from range({{ var('run') }})"),
    "grown_by_another_type": GROWN.format(
        "replaced_rows", "select 1::{{ 'integer' if var('run') == 1 else 'bigint' }} as a, 'x' as b"
    ),
}


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory, parsed: Path) -> Path:
    """The small project, with the materializations of the real one."""
    folder = tmp_path_factory.mktemp("project")
    (folder / "models").mkdir()
    shutil.copytree(ROOT / "dbt" / "macros" / "materializations", folder / "macros")
    for name in ("batches.sql", "settings.sql", "from_scratch.sql"):
        shutil.copy(ROOT / "dbt" / "macros" / name, folder / "macros")
    (folder / "dbt_project.yml").write_text(PROJECT)
    (folder / "profiles.yml").write_text(PROFILE)
    (folder / "models" / "models.yml").write_text(
        "models:" + "".join(MODEL.format(name=name) for name in TABLES)
    )
    for name, sql in TABLES.items():
        (folder / "models" / f"{name}.sql").write_text(sql)
    (folder / "models" / "without_contract.sql").write_text(
        "{{ config(contract={'enforced': false}) }} select 1 as anything"
    )
    (folder / "models" / "merged.sql").write_text(
        "{{ config(materialized='incremental', unique_key='a', contract={'enforced': false}) }}"
        "select 1 as a, {{ var('run') }} as b"
    )
    return folder


@pytest.fixture(scope="module")
def first(project: Path) -> dict[str, str]:
    """dbt's message for each model at the first run: empty when it was fine."""
    return run(project, 1)


@pytest.fixture(scope="module")
def second(project: Path, first: dict[str, str]) -> dict[str, str]:
    return run(project, 2)


def run(project: Path, number: int) -> dict[str, str]:
    done = warm_dbt.dbt(
        *("run", "--vars", json.dumps({"run": number})),
        cwd=project,
        own={"DBT_PROFILES_DIR": str(project)},
    )
    assert done.returncode == 1, done.stdout
    results = json.loads((project / "target" / "run_results.json").read_bytes())["results"]
    return {
        node["unique_id"].split(".")[-1]: "" if node["status"] == "success" else node["message"]
        for node in results
    }


@pytest.mark.parametrize(
    ("table", "message"),
    [
        ("of_another_type", "a is BIGINT, to be INTEGER"),
        ("with_one_more", "c is INTEGER, to be left out"),
        ("with_one_less", "b is missing, to be VARCHAR"),
        ("with_a_null", "NOT NULL constraint failed"),
        ("with_a_large_one", "CHECK constraint failed"),
        ("repeated", "repeated has 1 times more than one row for the same a, b, for example"),
    ],
)
def test_a_table_that_breaks_its_contract_is_not_made(
    project: Path, first: dict[str, str], table: str, message: str
) -> None:
    assert message in first[table]
    with duckdb.connect(project / "small.duckdb", read_only=True) as db:
        assert not db.execute(
            "from duckdb_tables() where table_name = $table", {"table": table}
        ).fetchall()


def test_a_table_has_the_columns_and_comments_of_its_contract(
    project: Path, first: dict[str, str]
) -> None:
    assert not first["right"]
    with duckdb.connect(project / "small.duckdb", read_only=True) as db:
        assert db.execute(
            "select column_name, data_type, comment from duckdb_columns() where table_name = 'right'"
        ).fetchall() == [("a", "INTEGER", "a's"), ("b", "VARCHAR", "b")]
        assert db.execute(
            "select comment from duckdb_tables() where table_name = 'right'"
        ).fetchone() == ("It's right.",)
        assert db.execute('from "right"').fetchall() == [(1, "x")]


def test_a_table_that_grows_may_read_what_it_replaces(
    project: Path, second: dict[str, str]
) -> None:
    assert not second["replaced"]
    assert not second["appended"]
    with duckdb.connect(project / "small.duckdb", read_only=True) as db:
        assert db.execute("from replaced order by all").fetchall() == [
            (1, "stays"),
            (2, "2"),
            (4, "1"),
        ]
        assert db.execute("from appended order by all").fetchall() == [(1, "1"), (1, "2")]


def test_rows_that_are_selected_unchanged_are_not_replaced(
    project: Path, second: dict[str, str]
) -> None:
    assert not second["kept_where_equal"]
    with duckdb.connect(project / "small.duckdb", read_only=True) as db:
        rows = db.execute("select a, b, rowid >= 6 from kept_where_equal order by a").fetchall()
    assert rows == [
        (1, "stays", False),
        (2, "same", False),
        (3, "2", True),  # another value
        (4, "same", False),
        # 5 is no longer selected
        (6, None, False),
        (7, None, True),  # not selected before
    ]


@pytest.mark.parametrize(
    ("table", "message", "left"),
    [
        ("appended_twice", "more than one row for the same a, b", [(1, "the same")]),
        ("replaced_by_too_much", "more than one row for the same a, b", [(2, "x")]),
        ("kept_by_too_much", "more than one row for the same a, b", [(2, "x")]),
        ("grown_by_another_type", "a is BIGINT, to be INTEGER", [(1, "x")]),
    ],
)
def test_rows_that_break_the_contract_leave_a_table_as_it_was(
    project: Path,
    first: dict[str, str],
    second: dict[str, str],
    table: str,
    message: str,
    left: list[tuple[int, str]],
) -> None:
    assert not first[table]
    assert message in second[table]
    with duckdb.connect(project / "small.duckdb", read_only=True) as db:
        assert db.execute(f"from {table}").fetchall() == left


def test_what_has_no_contract_or_another_strategy_is_built_as_dbt_does(
    project: Path, second: dict[str, str]
) -> None:
    assert not second["without_contract"]
    with duckdb.connect(project / "small.duckdb", read_only=True) as db:
        assert db.execute("from without_contract").fetchall() == [(1,)]
        assert db.execute("from merged").fetchall() == [(1, 2)]
