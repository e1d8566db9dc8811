"""Which landed profiles can't be loaded as they are, and why.

Only a file that DuckDB did not load as a whole comes here. The statement that loads profiles also
judges them.
"""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path

import duckdb

from mixpanel_data._internal.landing.files import Landed, Reject
from mixpanel_data._internal.landing.invalid_lines import (
    BadLine,
    bad_lines,
    longest_line,
    refused_rows,
    without,
)
from mixpanel_data._internal.landing.profile_lines import distinct_id, raw_of
from mixpanel_data._internal.sql.profiles import read_profile_lines

NOBODYS = ("no object", "no $distinct_id")
"""Reasons of profiles that are nobody's."""

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


def inspect_profiles(path: Path) -> list[BadLine]:
    """The profiles of a landed file that can't be loaded as they are, ``raw`` without what we put
    around them."""

    def refused(file: Path) -> list[int]:
        return refused_rows(read_profile_lines(file, longest_line(file)), "distinct_id IS NOT NULL")

    return [replace(line, raw=raw_of(line.raw)) for line in bad_lines(path, refused, _reasons)]


def set_apart(landed: Landed, bad: list[BadLine]) -> Landed:
    """``landed`` with its ``bad`` profiles repaired in the file, or removed from it, and kept in
    ``rejects``."""
    lines = without(landed.path, bad)
    rejects = tuple(
        Reject(line.number, line.text, line.reason, distinct_id(line.raw)) for line in bad
    )
    return replace(
        landed, lines=lines, raw_size=landed.path.stat().st_size, rejects=rejects,
        largest_object=max(landed.largest_object, longest_line(landed.path)),
    )  # fmt: skip


def _reasons(lines: Mapping[int, bytes]) -> Iterator[tuple[int, str]]:
    texts: dict[int, str] = {}
    for number, line in lines.items():
        try:
            texts[number] = raw_of(line).decode("utf-8")
        except UnicodeDecodeError as error:
            yield number, f"not UTF-8 at byte {error.start}"
    with duckdb.connect() as connection:
        yield from connection.execute(_WHY, [list(texts), list(texts.values())]).fetchall()
