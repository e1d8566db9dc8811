"""In any order of loads, the tables are those of one build."""

from pathlib import Path

import duckdb


def test_loads_in_any_order_end_where_one_build_does(by_loads: Path, at_once: Path) -> None:
    grown, whole = tables(by_loads), tables(at_once)

    assert grown.keys() == whole.keys()
    assert {name for name in whole if not whole[name]} <= {
        "main._rejected",
        "main.dq_volume",  # no weekday is known three times
        "main.schema_changes",  # no two weeks are wholly known
        # change logs, which a complete build empties
        "working.changed_cohort_days",
        "working.changed_cohort_profiles",
        "working.changed_funnel_days",
        "working.changed_ids",
        "working.int_reassigned_user_days",
        "working.int_affected_users",
    }
    for name, rows in whole.items():
        assert grown[name] == rows, name


def tables(folder: Path) -> dict[str, list[tuple[object, ...]]]:
    with duckdb.connect(folder / "build" / "dbt.duckdb", read_only=True) as db:
        names = db.execute(
            "select schema_name || '.' || table_name from duckdb_tables() order by 1"
        ).fetchall()
        return {
            name: sorted((rounded(row) for row in db.execute(f"from {name}").fetchall()), key=repr)
            for (name,) in names
        }


def rounded(row: tuple[object, ...]) -> tuple[object, ...]:
    """The order in which parts are added up shows in the last digits only; lists are sets here."""
    return tuple(
        round(value, 9)
        if isinstance(value, float)
        else sorted(value, key=repr)
        if isinstance(value, list)
        else value
        for value in row
    )
