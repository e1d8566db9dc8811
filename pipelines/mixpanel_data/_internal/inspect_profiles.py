"""The slow look at landed profiles that would not load: which can't be read, and why.

Only a file that DuckDB refused comes here. Each profile is judged alone, by the parser that loads it.
"""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import duckdb

from mixpanel_data._internal.inspect_lines import BadLine, numbered_lines, without
from mixpanel_data._internal.landing import Landed, Reject
from mixpanel_data._internal.profile_lines import distinct_id, raw_of

BATCH_BYTES = 4 * 1024 * 1024

_JUDGE = """
    SELECT number, CASE
        WHEN profile IS NULL THEN 'not valid JSON'
        WHEN json_type(profile) <> 'OBJECT' THEN 'no object'
        WHEN len(json_keys(profile)) > len(list_distinct(json_keys(profile))) THEN 'a key twice'
        WHEN json_extract_string(profile, '$."$distinct_id"') IS NULL THEN 'no $distinct_id'
    END AS reason
    FROM (
        SELECT number, CASE WHEN json_valid(raw) THEN raw::JSON END AS profile
        FROM (SELECT unnest($1::BIGINT[]) AS number, unnest($2::VARCHAR[]) AS raw)
    )
    WHERE reason IS NOT NULL
"""


def inspect_profiles(path: Path) -> list[BadLine]:
    """The profiles of a landed file that can't be loaded, ``raw`` without what we put around them."""
    with duckdb.connect() as connection:
        bad = [line for batch in _batches(path) for line in _judged(connection, batch)]
    return sorted(bad, key=lambda line: line.number)


def set_apart(landed: Landed, bad: list[BadLine]) -> Landed:
    """``landed`` with its ``bad`` profiles taken out of the file and kept beside it."""
    lines = without(landed.path, {line.number for line in bad})
    rejects = tuple(
        Reject(line.number, line.text, line.reason, distinct_id(line.raw)) for line in bad
    )
    return replace(landed, lines=lines, raw_size=landed.path.stat().st_size, rejects=rejects)


def _batches(path: Path) -> Iterator[dict[int, bytes]]:
    batch: dict[int, bytes] = {}
    size = 0
    for number, line in numbered_lines(path):
        batch[number] = raw_of(line)
        size += len(line)
        if size >= BATCH_BYTES:
            yield batch
            batch, size = {}, 0
    yield batch


def _judged(connection: duckdb.DuckDBPyConnection, batch: dict[int, bytes]) -> Iterator[BadLine]:
    texts: dict[int, str] = {}
    for number, raw in batch.items():
        try:
            texts[number] = raw.decode("utf-8")
        except UnicodeDecodeError as error:
            yield BadLine(number, raw, f"not UTF-8 at byte {error.start}")
    values = [list(texts), list(texts.values())]
    for number, reason in connection.execute(_JUDGE, values).fetchall():
        yield BadLine(number, batch[number], reason)
