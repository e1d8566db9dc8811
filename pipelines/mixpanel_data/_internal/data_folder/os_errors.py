"""What the operating system refuses, as errors that say what to do: no room, no permission, a file
in use."""

import errno
import os
import re
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from mixpanel_data.exceptions import DatabaseLockedError, MixpanelDataError, StorageError

_NO_ROOM = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
_NO_RIGHT = (errno.EACCES, errno.EPERM, errno.EROFS)
# DuckDB and dbt hand on the system's words without its number.
_WORDS = {os.strerror(number): number for number in _NO_ROOM + _NO_RIGHT}
_MAKE_ROOM = (
    "Make room on that disk, then run this again: what is loaded stays, and what has arrived whole "
    "is not fetched again."
)
# OSErrors too, and not about this machine; a broken pipe is a reader of our output who had enough.
_OF_THE_NETWORK = (ConnectionError, TimeoutError, socket.gaierror)
_HOLDER = re.compile(
    r"Could not set lock on file(?:.*held in (?P<command>.+?) \(PID (?P<pid>\d+)\))?"
)


@contextmanager
def os_errors_explained(root: Path) -> Iterator[None]:
    """Replace an OSError inside the block with an error that says what to do in the data folder
    ``root``.

    Raises:
        StorageError: there is no room, no permission, or the disk failed.
    """
    try:
        yield
    except OSError as error:
        if explained := explain_os_error(error, root):
            raise explained from error
        raise


def explain_os_error(error: OSError, root: Path) -> MixpanelDataError | None:
    """The error to raise in place of ``error``; None when it is not about this machine's files."""
    if isinstance(error, _OF_THE_NETWORK):
        return None
    return refusal(str(error), root) or refused(
        str(error), root, "Nothing that was loaded is lost; run this again."
    )


def refusal(said: str, root: Path) -> MixpanelDataError | None:
    """What some program reported in these words, in ours; None when the system refused it nothing."""
    number = _number(said)
    if number in _NO_ROOM:
        return refused(said, root, _MAKE_ROOM)
    if number in _NO_RIGHT:
        allow = f"Let this user write in {root}, or name another folder: MP_DATA_DIR or --data-dir."
        return refused(said, root, allow)
    return _locked(said)


def refused(said: str, root: Path, what_to_do: str) -> StorageError:
    """The error for a refusal reported as ``said``."""
    return StorageError(
        f"This machine refused the work in {root}: {' '.join(said.split()).rstrip('.')}. {what_to_do}",
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


def _number(said: str) -> int | None:
    return next((number for words, number in _WORDS.items() if words in said), None)
