"""What DuckDB refuses, said in our own errors."""

import os
import re
import shlex
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import takewhile
from pathlib import Path

import duckdb

from mixpanel_data._internal.data_folder.damage_messages import is_damage
from mixpanel_data._redaction import redact
from mixpanel_data.exceptions import (
    ConfigError,
    DatabaseDamagedError,
    DatabaseLockedError,
    QueryError,
)

_HOLDER = re.compile(r"lock is held in (?P<command>.+?) \(PID (?P<pid>\d+)\)")
_IN_THIS_PROCESS = re.compile(
    r"different configuration|Unique file handle conflict|already attached"
)


@contextmanager
def opening(path: Path | str) -> Iterator[None]:
    """Explains why the database at ``path`` can't be opened.

    Raises:
        DatabaseLockedError: somebody else has it open.
        ConfigError: it is not there, or no DuckDB database.
    """
    try:
        yield
    except duckdb.Error as error:
        if locked := _locked(path, str(error)):
            raise locked from None
        raise ConfigError(f"{path} can't be opened: {error}", details={"path": str(path)}) from None


@contextmanager
def reading_published(path: Path) -> Iterator[None]:
    """Explains why the published file at ``path`` can't be read. Errors of other kinds pass.

    Raises:
        DatabaseLockedError: a program has it open to write into it.
        DatabaseDamagedError: it is no DuckDB database any more, or parts of it can't be read.
    """
    try:
        yield
    except duckdb.Error as error:
        if locked := _locked(path, str(error)):
            raise locked from None
        if is_damage(error):
            raise damaged(path, error) from None
        raise


def damaged(path: Path, error: Exception) -> DatabaseDamagedError:
    """The error that names a damaged published file, and the way out."""
    why = " ".join(str(error).strip().split("\n", 1)[0].split())
    return DatabaseDamagedError(
        f"{path} is damaged: {why.rstrip('.')}. Run `mp sync`: it publishes the tables again and keeps "
        "the damaged file in build/damaged.",
        details={"path": str(path)},
    )


def _locked(path: Path | str, said: str) -> DatabaseLockedError | None:
    if found := _HOLDER.search(said):
        pid = int(found["pid"])
        holder = {"pid": pid, "command": _command(pid) or found["command"]}
        who = f"process {holder['pid']} ({holder['command']})"
    elif "Could not set lock" in said:
        holder, who = {}, "another process"
    elif _IN_THIS_PROCESS.search(said):
        holder, who = {"pid": os.getpid()}, "this very process, which has it open in another way"
    else:
        return None
    return DatabaseLockedError(
        f"{path} is in use by {who}. Close it there, or open it there with read_only=True, and try again.",
        details={"path": str(path), **holder},
    )


def _command(pid: int) -> str | None:
    """What the process was started as, up to its first option: values of options are nobody's
    business.

    DuckDB names the interpreter alone, which every Python program has in common.
    """
    try:
        line = Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:  # another system, another user's, or over
        return None
    words = [word for word in line.decode(errors="replace").split("\0") if word]
    before = takewhile(lambda word: word == "-m" or not word.startswith("-"), words)
    names = [Path(word).name if "/" in word else word for word in before]
    return redact(shlex.join(names)) or None


@contextmanager
def asking(sql: str) -> Iterator[None]:
    """Explains why a statement inside the block can't be run.

    Raises:
        QueryError: DuckDB refuses it, or fails at it.
        DatabaseDamagedError: it reads a part of a file that is damaged.
    """
    try:
        yield
    except duckdb.Error as error:
        if is_damage(error):
            raise DatabaseDamagedError(
                f"What the SQL reads is damaged: {error}. If it is a published table, run `mp sync`: "
                "it publishes the tables again.",
                details={"sql": sql},
            ) from None
        raise QueryError(f"The SQL can't be run: {error}", details={"sql": sql}) from None
    except RuntimeError as error:
        if _is_unicode(sql):
            raise
        raise QueryError("The SQL is not valid Unicode text.", details={"sql": sql}) from error


def _is_unicode(text: str) -> bool:
    try:
        return bool(text.encode()) or True
    except UnicodeEncodeError:
        return False
