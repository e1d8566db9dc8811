"""When a DuckDB file has become much larger than what it holds, and how it is written anew.

DuckDB writes at least a block (256 KB) for each table that a load or a build appends to, keeps
deleted rows until most of a row group is gone, and gives back only free blocks that lie at the end
of the file. So a small file grows with each run. It is written anew once a fresh copy would be much
smaller: each run leaves some waste, a copy is made when there is as much of it as a share of the
file, and so a run costs the same on average, however long the history is.
"""

import json
import logging
from pathlib import Path

import duckdb

from mixpanel_data._internal.data_folder import place
from mixpanel_data._internal.data_folder.atomic_files import write_atomically
from mixpanel_data._internal.database import contents
from mixpanel_data._internal.database.memory import ALONE, EACH_OF_TWO, limited
from mixpanel_data._internal.sql_literals import literal

log = logging.getLogger(__name__)

ALLOWED = 1.3
"""Size of a file, as a multiple of a fresh copy's, from which on it is written anew."""

_BLOCK = 256 * 1024

LITTLE = 70_000_000
"""Bytes of memory for DuckDB that a copy gets first. With more it caches the blocks it reads and
writes, to no use.

Measured: two million events took 12 s with one thread and this, and 11 s with two threads and 700
MB, which added 470 MB to the process, not 110 MB. Where rows are too large for it, the copy is made
with all that the limit allows.
"""

# What the segments take: up to the next one in the same block, or to its end.
_SEGMENTS = """
select
    block_id,
    block_offset,
    len(additional_block_ids) as more,
    $share as share
from pragma_storage_info($table)
where block_id >= 0
"""


def compact_when_worth_it(path: Path, memory_limit: str, known: Path) -> bool:
    """Whether the database at ``path`` was written anew, which nobody has open, and which has no
    log.

    ``known`` is a file that keeps what a fresh copy takes. The copy is compared with the database,
    table by table, and put in its place in one rename; a run that dies before leaves all as it was.
    Without room for a copy, nothing is done.

    Raises:
        duckdb.Error: the database can't be opened.
    """
    size = path.stat().st_size
    sizes = _read(known)
    with duckdb.connect(path, read_only=True, config=limited(memory_limit, ALONE)) as db:
        rows = _rows(db)
        if path.name in sizes:
            fresh, then = sizes[path.name]
            fresh = fresh * max(1.0, rows / max(then, 1))
        else:
            fresh = _estimate(db)
    if size <= ALLOWED * fresh:
        if path.name not in sizes:
            _write(known, sizes | {path.name: (fresh, rows)})
        return False
    if not _rewrite(path, memory_limit):
        return False
    _write(known, sizes | {path.name: (path.stat().st_size, rows)})
    return True


def _rewrite(path: Path, memory_limit: str) -> bool:
    where = place.resolve_published(path)
    new = place.create_candidate(where)
    try:
        try:
            _copy(path, new, memory_limit, LITTLE)
        except duckdb.OutOfMemoryException:
            place.remove_candidate(where)
            new = place.create_candidate(where)
            _copy(path, new, memory_limit)
        place.replace_published(new, path, where)
    except (OSError, duckdb.Error) as error:
        # What is there works. A full disk, or a copy that can't be read, are for the step that
        # needs them to name.
        log.warning("%s could not be written anew: %s", path, error)
        return False
    finally:
        place.remove_candidate(where)
    return True


def _copy(path: Path, new: Path, memory_limit: str, at_most: int | None = None) -> None:
    with duckdb.connect(config=limited(memory_limit, ALONE, at_most=at_most)) as db:
        # Each thread would fill a row group of its own.
        db.execute("set threads = 1")
        # In any order, an insert holds few rows in memory.
        db.execute("set preserve_insertion_order = false")
        db.execute(f"set temp_directory = {literal(new.with_suffix('.tmp'))}")
        db.execute(f"attach {literal(path)} as former (read_only)")
        new.unlink()  # DuckDB takes no empty file for a new database
        version = db.execute(
            "select tags['storage_version'] from duckdb_databases() where database_name = 'former'"
        ).fetchall()[0][0]
        db.execute(
            f"attach {literal(new)} as fresh (storage_version {literal(str(version).rstrip('+'))})"
        )
        new.chmod(0o600)
        db.execute("copy from database former to fresh")
    config = limited(memory_limit, EACH_OF_TWO, at_most=at_most and at_most // 2)
    config["threads"] = 1
    with (
        duckdb.connect(new, read_only=True, config=config) as fresh,
        duckdb.connect(path, read_only=True, config=config) as former,
    ):
        if found := contents.differences(fresh, former):
            raise duckdb.IOException(f"A copy of {path} is not what it is a copy of: {found[0]}")


def _rows(db: duckdb.DuckDBPyConnection) -> int:
    return sum(contents.count(db, table) for table in contents.tables(db))


def _estimate(db: duckdb.DuckDBPyConnection) -> float:
    """The bytes that a fresh copy would take, by what the segments take now, less the share of
    deleted rows."""
    segments: list[tuple[int, int, int, float]] = []
    for table in contents.tables(db):
        rows = contents.count(db, table)
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
        end = following[1] if following[0] == block else _end(segments, number)
        total += (end - offset + more * _BLOCK) * share
    return total + 4 * _BLOCK


def _end(segments: list[tuple[int, int, int, float]], number: int) -> int:
    """Where the last segment of a block ends: unknown, so it is taken for as large as the one
    before it."""
    block, offset = segments[number][:2]
    before = segments[number - 1] if number else (-1, 0)
    return min(_BLOCK, 2 * offset - before[1]) if before[0] == block else _BLOCK


def _read(known: Path) -> dict[str, tuple[float, int]]:
    try:
        return {
            name: (float(size), int(rows))
            for name, (size, rows) in json.loads(known.read_bytes()).items()
        }
    except (OSError, ValueError, TypeError, AttributeError):
        return {}


def _write(known: Path, sizes: dict[str, tuple[float, int]]) -> None:
    content = json.dumps(sizes).encode()
    write_atomically(known, content, temporary=known.with_suffix(".part"))
