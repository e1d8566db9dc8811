"""What odd values become in each destination: the table of docs/how-to/other-destinations.md."""

from collections import Counter
from datetime import UTC, datetime
from pathlib import Path

import pytest
from support.crash.project import back
from support.places import NAMES, Place

NUL, REPLACED = "\x00", "\ufffd"

PROPERTIES = (
    r'"big":123456789012345678901234567890,"a":1,"A":2,"twice":1,"twice":2,'
    '"line":"a\u2028b",'
    r'"huge":1e400,"nul":"a\u0000b","empty":"","none":null'
)


def line(event: str, distinct_id: str, insert_id: str) -> bytes:
    at = int(datetime(back(0).year, back(0).month, back(0).day, 12, tzinfo=UTC).timestamp() * 1000)
    return (
        f'{{"event":"{event}","properties":{{"time":{at},"distinct_id":"{distinct_id}",'
        f'"$insert_id":"{insert_id}",{PROPERTIES}}}}}'
    ).encode()


@pytest.mark.parametrize("kind", NAMES)
def test_odd_values(project, kind: str, tmp_path: Path, request: pytest.FixtureRequest):
    if kind == "postgres":
        request.getfixturevalue("postgres")
    place = Place(kind, tmp_path, dataset=f"d{abs(hash(str(tmp_path)))}")
    lines = [
        line("odd", "user", "1"),
        line("", "", ""),
        line(r"n\u0000", r"u\u0000", r"i\u0000"),
        b'{"event":"no id","properties":{"time":%d}}'
        % (datetime(2026, 3, 10, tzinfo=UTC).timestamp() * 1000),
    ]
    for each in lines:
        project.sandbox.dataset.add_line(back(0), each + b"\n")

    place.run("events", start_date=str(back(0)))

    is_postgres = kind == "postgres"
    kept = REPLACED if is_postgres else NUL
    empty = None if is_postgres else ""
    rows = place.query("SELECT event, distinct_id, insert_id FROM events")
    assert Counter(rows) == Counter(
        [
            ("odd", "user", "1"),
            ("", empty, empty),
            (f"n{kept}", f"u{kept}", f"i{kept}"),
            ("no id", None, None),
        ]
    )
    (odd,) = place.query("SELECT properties FROM events WHERE event = 'odd'")[0]
    assert PROPERTIES in odd
    if is_postgres:
        repaired = place.query("SELECT reason, raw FROM _rejected")
        assert [reason for reason, _ in repaired] == ["repaired"]
        assert r"n\u0000" in repaired[0][1]
