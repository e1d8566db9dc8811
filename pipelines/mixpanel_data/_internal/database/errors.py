"""Translates errors of DuckDB about databases and SQL."""

import os
import re
import shlex
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import takewhile
from pathlib import Path

import duckdb

from mixpanel_data._internal.data_folder.damage import damage_error, ways_out
from mixpanel_data._internal.data_folder.damage_messages import is_damage
from mixpanel_data._internal.data_folder.file_check import check_file
from mixpanel_data._internal.data_folder.os_errors import lock_holder
from mixpanel_data._internal.database.sql_messages import explain
from mixpanel_data._internal.text import is_unicode
from mixpanel_data._redaction import redact
from mixpanel_data.exceptions import (
    ConfigError,
    DatabaseDamagedError,
    DatabaseLockedError,
    QueryError,
)

_IN_THIS_PROCESS = re.compile(
    r"different configuration|Unique file handle conflict|already attached"
)

_FILE = re.compile(r'file "([^"]+\.duckdb)"')


@contextmanager
def translate_open_errors(path: Path | str) -> Iterator[None]:
    """Translate the errors of opening the database at ``path``.

    Raises:
        DatabaseLockedError: if another process has it open.
        DatabaseDamagedError: if it can't be read completely.
        ConfigError: if it does not exist, or can't be opened for another reason.
    """
    try:
        yield
    except duckdb.Error as error:
        if locked := _lock_error_from_message(path, str(error)):
            raise locked from None
        # A file that never was a database is a wrong argument, not damage.
        if is_damage(error) and "not a valid DuckDB" not in str(error):
            found = check_file(Path(path))
            if found.damage:
                raise damage_error(found) from None
        raise ConfigError(f"{path} can't be opened: {error}", details={"path": str(path)}) from None


@contextmanager
def translate_published_errors(path: Path) -> Iterator[None]:
    """Translate the errors of reading the published file at ``path``. Other errors pass.

    Raises:
        DatabaseLockedError: if a program has it open for writing.
        DatabaseDamagedError: if it is no longer a DuckDB database, or parts of it can't be read.
    """
    try:
        yield
    except duckdb.Error as error:
        if locked := _lock_error_from_message(path, str(error)):
            raise locked from None
        if is_damage(error):
            raise damaged_published(path, error) from None
        raise


def damaged_published(path: Path, error: Exception) -> DatabaseDamagedError:
    """Return the error for a damaged published file, with the way to recover."""
    why = " ".join(str(error).strip().split("\n", 1)[0].split())
    return DatabaseDamagedError(
        f"{path} is damaged: {why.rstrip('.')}. Run `mp sync`: it republishes the tables and "
        "keeps the damaged file in build/damaged.",
        details={"path": str(path)},
    )


def _lock_error_from_message(path: Path | str, message: str) -> DatabaseLockedError | None:
    if lock := lock_holder(message):
        holder, who = {}, "another process"
        if pid := lock.pid:
            holder = {"pid": pid, "command": _command(pid) or lock.command}
            who = f"process {pid} ({holder['command']})"
    elif _IN_THIS_PROCESS.search(message):
        holder, who = {"pid": os.getpid()}, "this process itself, which has it open in another way"
    else:
        return None
    return DatabaseLockedError(
        f"{path} is in use by {who}. Close it there, or open it there with "
        "read_only=True, and retry.",
        details={"path": str(path), **holder},
    )


def _command(pid: int) -> str | None:
    """Return the command of a process up to its first option, since values of options may be
    private.

    DuckDB names only the interpreter, which is the same for every Python program.
    """
    try:
        line = Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:  # another system or user, or the process has ended
        return None
    words = [word for word in line.decode(errors="replace").split("\0") if word]
    before = takewhile(lambda word: word == "-m" or not word.startswith("-"), words)
    names = [Path(word).name if "/" in word else word for word in before]
    return redact(shlex.join(names)) or None


def _damage_error_of_sql(error: Exception, sql: str) -> DatabaseDamagedError:
    """Return the error for SQL that reads a damaged part of a file, which DuckDB names or not."""
    named = _FILE.search(str(error))
    remedy = (
        ways_out(Path(named[1]))
        if named
        else "`mp verify` names the damaged file. If it is mixpanel.duckdb, `mp sync` republishes "
        "its tables; if it is workspace.duckdb, put a backup in its place, or move it away and "
        "refetch its tables."
    )
    return DatabaseDamagedError(
        f"The SQL reads damaged data: {str(error).rstrip('.')}. {remedy}",
        details={"sql": sql, "path": named[1] if named else None},
    )


@contextmanager
def translate_sql_errors(sql: str) -> Iterator[None]:
    """Translate the errors of a statement inside the block.

    Raises:
        QueryError: if DuckDB rejects the statement, or it fails.
        DatabaseDamagedError: if it reads a damaged part of a file.
    """
    try:
        yield
    except duckdb.Error as error:
        if is_damage(error):
            raise _damage_error_of_sql(error, sql) from None
        raise QueryError(explain(str(error), sql), details={"sql": sql}) from None
    except RuntimeError as error:
        if is_unicode(sql):
            raise
        raise QueryError("The SQL is not valid Unicode text.", details={"sql": sql}) from error
