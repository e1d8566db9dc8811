"""What the machine does to a run, as errors that say what to do: no room, no permission, a file that somebody holds.

All work on a data folder passes through here once: the lock every door takes is held inside ``explained``.
"""

import errno
import os
import re
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from mixpanel_data.exceptions import DatabaseLockedError, MixpanelDataError, StorageError

_NO_ROOM = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
_REFUSED = (errno.EACCES, errno.EPERM, errno.EROFS)
# DuckDB and dbt hand on the system's words without its number.
_WORDS = {os.strerror(number): number for number in _NO_ROOM + _REFUSED}
# OSErrors too, and not about this machine; a broken pipe is a reader of our output who had enough.
_OF_THE_NETWORK = (ConnectionError, TimeoutError, socket.gaierror)
_HOLDER = re.compile(
    r"Could not set lock on file(?:.*held in (?P<command>.+?) \(PID (?P<pid>\d+)\))?"
)


@contextmanager
def explained(root: Path) -> Iterator[None]:
    """Says what the machine refused the work on the data folder ``root``. Other errors pass.

    Raises:
        DatabaseLockedError: another program has a database of the folder open.
        StorageError: there is no room, no permission, not enough memory, or the disk failed.
    """
    try:
        yield
    except Exception as error:
        if meant := explain(error, root):
            raise meant from error
        raise


def explain(error: Exception, root: Path) -> MixpanelDataError | None:
    """``error`` in our words; None when it is not about the machine."""
    if isinstance(error, _OF_THE_NETWORK) or not isinstance(error, _of_the_machine()):
        return None
    return _locked(str(error)) or _refused(error, root)


def advice(said: str, root: Path) -> str | None:
    """What to do about a refusal of the system that some program reported in these words."""
    number = _number(said)
    if number in _NO_ROOM:
        return (
            "Make room on that disk, then run this again: what is loaded stays, and what has arrived whole is not "
            "fetched again."
        )
    if number in _REFUSED:
        return f"Let this user write in {root}, or name another folder: MP_DATA_DIR or --data-dir."
    return None


def _refused(error: BaseException, root: Path) -> StorageError:
    import duckdb

    said = str(error)
    what = advice(said, root)
    if isinstance(error, duckdb.OutOfMemoryException):
        what = (
            "Let DuckDB have more memory (MP_MEMORY_LIMIT), and room to spill to beside raw.duckdb."
        )
    return StorageError(
        f"This machine refused the work in {root}: {' '.join(said.split()).rstrip('.')}. "
        f"{what or 'Nothing that was loaded is lost; run this again.'}",
        details={"data_dir": str(root), "errno": _number(said)},
    )


def _locked(said: str) -> DatabaseLockedError | None:
    found = _HOLDER.search(said)
    if not found:
        return None
    file = re.search(r'"([^"]+)"', said)
    path = file[1] if file else "A database"
    who = f"process {found['pid']} ({found['command']})" if found["pid"] else "another process"
    return DatabaseLockedError(
        f"{path} is open in {who}. Close it there, and run this again: mixpanel.duckdb is the file to read from.",
        details={"path": path, "command": found["command"], "pid": int(found["pid"] or 0) or None},
    )


def _of_the_machine() -> tuple[type[Exception], ...]:
    import duckdb

    return OSError, duckdb.IOException, duckdb.OutOfMemoryException, duckdb.FatalException


def _number(said: str) -> int | None:
    return next((number for words, number in _WORDS.items() if words in said), None)
