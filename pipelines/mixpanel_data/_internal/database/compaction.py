"""Rewrites a DuckDB file that has become much larger than its content.

DuckDB writes at least a block (256 KB) for each table that a load or a build appends to, keeps
deleted rows until most of a row group is deleted, and frees only blocks at the end of the file. A
small file grows with each run. It is rewritten once a fresh copy would be much smaller.
Each run leaves some waste, and a copy is made when the waste is a given share of the file, so the
average cost of a run does not depend on the length of the history.
"""

import json
import logging
from pathlib import Path

import duckdb

from mixpanel_data._internal.data_folder import place
from mixpanel_data._internal.data_folder.atomic_files import write_atomically
from mixpanel_data._internal.database import contents
from mixpanel_data._internal.database.memory import ALONE, EACH_OF_TWO, memory_config
from mixpanel_data._internal.sql_literals import literal

log = logging.getLogger(__name__)

MAX_RATIO = 1.3
"""The size of a file, as a multiple of a fresh copy's, from which it is rewritten."""

_BLOCK = 256 * 1024

SMALL_MEMORY = 70_000_000
"""Bytes of memory for DuckDB in the first attempt. With more, it caches blocks it reads and writes,
without benefit.

Measured: two million events took 12 s with one thread and this, and 11 s with two threads and 700
MB, which added 470 MB to the process, not 110 MB. If rows are too large for it, the copy is made
with all that the limit allows.
"""

# The bytes of a segment reach up to the next one in the same block, or to the end of the block.
_SEGMENTS = """
select
    block_id,
    block_offset,
    len(additional_block_ids) as more,
    $share as share
from pragma_storage_info($table)
where block_id >= 0
"""


def compact_if_larger(path: Path, memory_limit: str, known: Path) -> bool:
    """Rewrite the database at ``path`` if that saves enough. Return True if it was rewritten.

    No process may have it open, and it must not have a write-ahead log. ``known`` is a file that
    stores the size of a fresh copy. The copy is compared with the database, table by table, and
    moved in its place in one rename; a run that dies before leaves everything unchanged. Without
    space for a copy, nothing is done.

    Raises:
        duckdb.Error: if the database can't be opened.
    """
    size = path.stat().st_size
    sizes = _read_sizes(known)
    with duckdb.connect(path, read_only=True, config=memory_config(memory_limit, ALONE)) as db:
        rows = _count_all_rows(db)
        if path.name in sizes:
            fresh, then = sizes[path.name]
            fresh = fresh * max(1.0, rows / max(then, 1))
        else:
            fresh = _estimate(db)
    if size <= MAX_RATIO * fresh:
        if path.name not in sizes:
            _write_sizes(known, sizes | {path.name: (fresh, rows)})
        return False
    if not _rewrite(path, memory_limit):
        return False
    _write_sizes(known, sizes | {path.name: (path.stat().st_size, rows)})
    return True


def _rewrite(path: Path, memory_limit: str) -> bool:
    where = place.resolve_published(path)
    new = place.create_candidate(where)
    try:
        try:
            _copy(path, new, memory_limit, SMALL_MEMORY)
        except duckdb.OutOfMemoryException:
            place.remove_candidate(where)
            new = place.create_candidate(where)
            _copy(path, new, memory_limit)
        place.replace_published(new, path, where)
    except (OSError, duckdb.Error) as error:
        # The existing file works. The step that needs space, or an undamaged file, will report the
        # problem.
        log.warning("%s could not be rewritten: %s", path, error)
        return False
    finally:
        place.remove_candidate(where)
    return True


def _copy(path: Path, new: Path, memory_limit: str, at_most: int | None = None) -> None:
    with duckdb.connect(config=memory_config(memory_limit, ALONE, at_most=at_most)) as db:
        # Each thread would fill a row group of its own.
        db.execute("set threads = 1")
        # Without an order, an insert keeps few rows in memory.
        db.execute("set preserve_insertion_order = false")
        db.execute(f"set temp_directory = {literal(new.with_suffix('.tmp'))}")
        db.execute(f"attach {literal(path)} as former (read_only)")
        new.unlink()  # DuckDB rejects an empty file as a new database
        version = db.execute(
            "select tags['storage_version'] from duckdb_databases() where database_name = 'former'"
        ).fetchall()[0][0]
        db.execute(
            f"attach {literal(new)} as fresh (storage_version {literal(str(version).rstrip('+'))})"
        )
        new.chmod(0o600)
        db.execute("copy from database former to fresh")
    config = memory_config(memory_limit, EACH_OF_TWO, at_most=at_most and at_most // 2)
    config["threads"] = 1
    with (
        duckdb.connect(new, read_only=True, config=config) as fresh,
        duckdb.connect(path, read_only=True, config=config) as former,
    ):
        if found := contents.differences(fresh, former):
            raise duckdb.IOException(f"A copy of {path} differs from the original: {found[0]}")


def _count_all_rows(db: duckdb.DuckDBPyConnection) -> int:
    return sum(contents.count_rows(db, table) for table in contents.list_tables(db))


def _estimate(db: duckdb.DuckDBPyConnection) -> float:
    """Return the estimated bytes of a fresh copy: those of the segments, less the share of deleted
    rows."""
    segments: list[tuple[int, int, int, float]] = []
    for table in contents.list_tables(db):
        rows = contents.count_rows(db, table)
        held = db.execute(
            "select estimated_size from duckdb_tables() where schema_name = $1 and table_name = $2",
            [table.schema, table.name],
        ).fetchall()[0][0]
        share = min(1.0, rows / held) if held else 0.0
        segments += db.execute(_SEGMENTS, {"table": table.sql, "share": share}).fetchall()
    segments.sort()
    total = 0.0
    for number, (block, offset, more, share) in enumerate(segments):
        following = segments[number + 1] if number + 1 < len(segments) else (-1, 0, 0, 0.0)
        end = following[1] if following[0] == block else _segment_end(segments, number)
        total += (end - offset + more * _BLOCK) * share
    return total + 4 * _BLOCK


def _segment_end(segments: list[tuple[int, int, int, float]], number: int) -> int:
    """Return the end of a block's last segment: unknown, so assumed as large as the one before."""
    block, offset = segments[number][:2]
    before = segments[number - 1] if number else (-1, 0)
    return min(_BLOCK, 2 * offset - before[1]) if before[0] == block else _BLOCK


def _read_sizes(known: Path) -> dict[str, tuple[float, int]]:
    try:
        return {
            name: (float(size), int(rows))
            for name, (size, rows) in json.loads(known.read_bytes()).items()
        }
    except (OSError, ValueError, TypeError, AttributeError):
        return {}


def _write_sizes(known: Path, sizes: dict[str, tuple[float, int]]) -> None:
    content = json.dumps(sizes).encode()
    write_atomically(known, content, temporary=known.with_suffix(".part"))
