"""DuckDB's words for damaged files are known, and those of other errors are not taken for them."""

import random

import duckdb
import pytest

from mixpanel_data._internal.data_folder.damage_messages import is_damage


def test_all_that_duckdb_reports_of_changed_bytes_is_damage(tmp_path):
    path = tmp_path / "file.duckdb"
    with duckdb.connect(path) as db:
        db.execute(
            "CREATE TABLE t AS SELECT random() AS r, n::VARCHAR AS s FROM range(100_000) AS x(n)"
        )
    whole, chance, errors = path.read_bytes(), random.Random(1), []
    for n in range(40):
        content = bytearray(whole)
        if n % 2:
            content = content[: chance.randrange(len(content))]
        else:
            content[chance.randrange(len(content))] ^= 0xFF
        path.write_bytes(content)
        try:
            with duckdb.connect(path, read_only=True) as db:
                db.execute("SELECT sum(hash(t)) FROM t").fetchall()
        except duckdb.Error as error:
            errors.append(error)

    assert len(errors) > 20
    assert [error for error in errors if not is_damage(error)] == []
    quoted = [f"Runtime Error in model events (models/events.sql)\n  {error}" for error in errors]
    assert all(map(is_damage, quoted))


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT 'Corrupt database file'::INTEGER",
        "SELECT error('IO Error: Could not read enough bytes from file')",
        "SELECT * FROM read_csv('no such file.csv')",
        "SELECT nothing",
    ],
)
def test_other_errors_are_none_even_if_they_quote_such_words(sql):
    with pytest.raises(duckdb.Error) as caught, duckdb.connect() as db:
        db.execute(sql).fetchall()

    assert not is_damage(caught.value)
