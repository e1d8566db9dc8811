"""Runs one query: one statement, at most so many rows, within so much time."""

import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import duckdb

from mixpanel_data._internal.database.connections import Connection
from mixpanel_data._internal.database.errors import translate_sql_errors
from mixpanel_data._internal.text import is_unicode
from mixpanel_data.exceptions import ConfigError, QueryError, QueryTimeoutError
from mixpanel_data.types.rows import Rows, unique_names

if TYPE_CHECKING:
    import pandas as pd

Parameters = Sequence[Any] | Mapping[str, Any] | None

_VECTOR = 2048  # rows in a vector of DuckDB
_SECONDS_BETWEEN_INTERRUPTS = 0.05
_LONGEST_TIMEOUT = threading.TIMEOUT_MAX
_MOST_ROWS = 2**31 - 1  # so many can be requested at once
_READING = ("SELECT", "EXPLAIN", "PRAGMA", "CALL", "MULTI", "RELATION", "LOGICAL_PLAN")
"""The types of statements that read; PIVOT is the only MULTI."""


def fetch_rows(
    cursor: Connection,
    sql: str,
    parameters: Parameters = None,
    *,
    max_rows: int | None = None,
    timeout: float | None = None,
    only_reads: bool = False,
) -> Rows:
    """Return the first ``max_rows`` rows of ``sql``, or all. With ``only_reads``, refuse statements
    that do anything but read.

    Raises:
        QueryError: if there is not one statement, or DuckDB rejects it.
        QueryTimeoutError: if the rows are not there after ``timeout`` seconds.
        ConfigError: if ``max_rows`` or ``timeout`` is not a positive number.
    """
    with _running(cursor, sql, parameters, max_rows, timeout, only_reads) as result:
        found = result.fetchall() if max_rows is None else result.fetchmany(max_rows + 1)
        names = [column[0] for column in cursor.description or ()]
        types = [str(column[1]) for column in cursor.description or ()]
    is_truncated = max_rows is not None and len(found) > max_rows
    return Rows(found[:max_rows], names, types=types, truncated=is_truncated)


def fetch_frame(
    cursor: Connection,
    sql: str,
    parameters: Parameters = None,
    *,
    max_rows: int | None = None,
    timeout: float | None = None,
    only_reads: bool = False,
) -> "pd.DataFrame":
    """Return the same as a DataFrame; ``attrs["truncated"]`` says whether rows were left out."""
    with _running(cursor, sql, parameters, max_rows, timeout, only_reads) as result:
        frame = result.df() if max_rows is None else result.fetch_df_chunk(max_rows // _VECTOR + 1)
        names = [column[0] for column in cursor.description or ()]
    frame.columns = unique_names(names)
    kept = frame if max_rows is None else frame.head(max_rows)
    kept.attrs["truncated"] = len(kept) < len(frame)
    return kept


def run_one(cursor: Connection, sql: str, parameters: Parameters = None) -> Connection:
    """Run ``sql``, which has to be one statement, and return the cursor with the result."""
    with translate_sql_errors(sql):
        require_one_statement(cursor, sql)
        return cursor.execute(sql, parameters)


@contextmanager
def _running(
    cursor: Connection,
    sql: str,
    parameters: Parameters,
    max_rows: int | None,
    timeout: float | None,
    only_reads: bool,
) -> Iterator[Connection]:
    if max_rows is not None and max_rows < 1:
        raise ConfigError(f"max_rows is {max_rows}; it has to be 1 or more.")
    if max_rows is not None and max_rows > _MOST_ROWS:
        raise ConfigError(
            f"max_rows is {max_rows}; it can be {_MOST_ROWS} at most. None is all rows."
        )
    if timeout is not None and not 0 < timeout <= _LONGEST_TIMEOUT:
        raise ConfigError(f"timeout is {timeout}; it has to be a positive number of seconds.")
    with translate_sql_errors(sql), _interrupted_after(timeout, cursor, sql):
        statement = require_one_statement(cursor, sql)
        if only_reads:
            require_reading(statement, sql)
        yield cursor.execute(sql, parameters)


def require_one_statement(cursor: Connection, sql: str) -> duckdb.Statement:
    """Return the statement of ``sql``. Raise QueryError if there is none, or more than one."""
    if not is_unicode(sql):
        raise QueryError("The SQL is not valid Unicode text.", details={"sql": sql})
    found = cursor.extract_statements(sql)
    if not found:
        raise QueryError(
            "There is no statement in the SQL: it is empty, or has only comments.",
            details={"sql": sql},
        )
    if len(found) > 1:
        raise QueryError(
            f"There are {len(found)} statements in the SQL, and one at a time can be run. "
            "Run each on its own.",
            details={"sql": sql},
        )
    return found[0]


def require_reading(statement: duckdb.Statement, sql: str) -> None:
    """Raise QueryError for a statement that does anything but read."""
    kind = statement.type.name
    if kind not in _READING:
        raise QueryError(
            f"The SQL can't be run: it is {kind}, and only statements that read the tables are run "
            "here, such as SELECT, DESCRIBE and EXPLAIN.",
            details={"sql": sql},
        )


@contextmanager
def _interrupted_after(timeout: float | None, cursor: Connection, sql: str) -> Iterator[None]:
    """Interrupt what ``cursor`` runs in the block after ``timeout`` seconds."""
    if timeout is None:
        yield
        return
    ended = threading.Event()

    def interrupt() -> None:
        wait: float = timeout
        # More than once: DuckDB forgets an interrupt that comes before a statement has begun.
        while not ended.wait(wait):
            cursor.interrupt()
            wait = _SECONDS_BETWEEN_INTERRUPTS

    watch = threading.Thread(target=interrupt, name="mp-query-timeout", daemon=True)
    watch.start()
    try:
        yield
    except duckdb.InterruptException:
        raise QueryTimeoutError(timeout, sql) from None
    finally:
        ended.set()
        watch.join()
