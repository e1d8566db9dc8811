"""What a run says of the changes that its build added."""

from datetime import date
from pathlib import Path

import duckdb

from mixpanel_data._internal.publication.schema_changes import (
    SchemaChange,
    added_changes,
    read_changes,
)
from mixpanel_data._internal.run.report import SyncReport
from mixpanel_data.cli.output.summary import summary_lines

NEW = SchemaChange(date(2026, 3, 1), "new_event", "Refunded", None, None, None)
RATE = SchemaChange(date(2026, 3, 9), "fill_rate", "Bought", "coupon", "0.5", "0.75")


def built(path: Path, *changes: SchemaChange) -> Path:
    with duckdb.connect(str(path)) as db:
        db.execute(
            "CREATE TABLE schema_changes (change_date DATE, change VARCHAR, event VARCHAR,"
            " property VARCHAR, former_value VARCHAR, new_value VARCHAR)"
        )
        for each in changes:
            row = [each.day, *list(each.to_dict().values())[1:]]
            db.execute("INSERT INTO schema_changes VALUES (?, ?, ?, ?, ?, ?)", row)
    return path


def test_only_what_a_build_added_is_reported(tmp_path):
    before = read_changes(built(tmp_path / "a.duckdb", NEW))
    after = read_changes(built(tmp_path / "b.duckdb", NEW, RATE))

    assert added_changes(before, after) == [RATE]
    assert added_changes(after, before) == []


def test_other_values_of_a_known_change_are_no_news(tmp_path):
    later = SchemaChange(RATE.day, RATE.change, RATE.event, RATE.property, "0.5", "0.76")

    assert added_changes(frozenset([RATE]), frozenset([later])) == []


def test_the_first_build_and_one_without_the_table_say_nothing(tmp_path):
    duckdb.connect(str(tmp_path / "old.duckdb")).close()

    assert read_changes(tmp_path / "none.duckdb") is None
    assert read_changes(tmp_path / "old.duckdb") is None
    assert added_changes(None, frozenset([NEW])) == []


def test_a_run_has_one_line_for_them_and_the_json_has_each():
    report = SyncReport()
    assert not [line for line in summary_lines(report) if line.startswith("Schema")]
    report.schema_changes = [RATE, NEW]

    [line] = [line for line in summary_lines(report) if line.startswith("Schema")]

    assert line == "Schema     1 fill rate, 1 new event; see the table schema_changes"
    assert report.to_dict()["schema_changes"][1] == NEW.to_dict()
    assert "fill rate Bought, coupon; new event Refunded" in str(report)
