"""Validation of profiles one by one: which of them can't be loaded, and why.

It is used only for a file that DuckDB did not load as a whole, and runs the statement that loads
profiles.
"""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path

import duckdb

from mixpanel_data._internal.landing.files import Landed, Reject
from mixpanel_data._internal.landing.invalid_lines import (
    BadLine,
    failing_rows,
    find_bad_lines,
    longest_line,
    remove_invalid,
)
from mixpanel_data._internal.landing.profile_lines import profile_json, read_distinct_id
from mixpanel_data._internal.sql.profiles import read_profile_lines

NO_ID_REASONS = ("no object", "no $distinct_id")
"""Reasons of profiles that have no id."""

_WHY = """
    SELECT number, CASE
        WHEN profile IS NULL THEN 'not valid JSON'
        WHEN json_type(profile) <> 'OBJECT' THEN 'no object'
        WHEN json_extract_string(profile, '$."$distinct_id"') IS NULL THEN 'no $distinct_id'
    END AS reason
    FROM (
        SELECT number, CASE WHEN json_valid(raw) THEN raw::JSON END AS profile
        FROM (SELECT unnest($1::BIGINT[]) AS number, unnest($2::VARCHAR[]) AS raw)
    )
    WHERE reason IS NOT NULL
"""


def find_invalid_profiles(path: Path) -> list[BadLine]:
    """Return the profiles of a landed file that can't be loaded as they are, as Mixpanel sent
    them."""

    def failing(file: Path) -> list[int]:
        return failing_rows(read_profile_lines(file, longest_line(file)), "distinct_id IS NOT NULL")

    return [
        replace(line, raw=profile_json(line.raw))
        for line in find_bad_lines(path, failing, _reasons)
    ]


def reject_profiles(landed: Landed, bad: list[BadLine]) -> Landed:
    """Repair or remove the ``bad`` profiles in the file; keep the originals in ``rejects``."""
    return remove_invalid(
        landed,
        bad,
        lambda line: Reject(line.number, line.text, line.reason, read_distinct_id(line.raw)),
    )


def _reasons(lines: Mapping[int, bytes]) -> Iterator[tuple[int, str]]:
    texts: dict[int, str] = {}
    for number, line in lines.items():
        try:
            texts[number] = profile_json(line).decode("utf-8")
        except UnicodeDecodeError as error:
            yield number, f"not UTF-8 at byte {error.start}"
    with duckdb.connect() as connection:
        yield from connection.execute(_WHY, [list(texts), list(texts.values())]).fetchall()
