"""Errors of DuckDB and of the operating system during work on a data folder, as errors that say
what to do.

Every command that writes to a data folder works inside :func:`explained`: the folder's lock is held
within it.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb

from mixpanel_data._internal.data_folder.damage import damaged
from mixpanel_data._internal.data_folder.damage_messages import is_damage
from mixpanel_data._internal.data_folder.os_errors import explain_os_error, refusal, refused
from mixpanel_data.exceptions import MixpanelDataError


@contextmanager
def explained(root: Path) -> Iterator[None]:
    """Replace an error of the machine inside the block with one that says what to do in the data
    folder ``root``.

    Other errors pass unchanged.

    Raises:
        DatabaseDamagedError: a database of the folder can't be read whole.
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
    """The error to raise in place of ``error``; None when it is not about the machine."""
    if isinstance(error, OSError):
        return explain_os_error(error, root)
    if not isinstance(error, duckdb.Error):
        return None
    if isinstance(error, duckdb.OutOfMemoryException):
        more = (
            "Let DuckDB have more memory (MP_MEMORY_LIMIT), and room to spill to beside raw.duckdb."
        )
        return refused(str(error), root, more)
    if is_damage(error) and (found := damaged(root)):
        return found
    known = refusal(str(error), root)
    if known or not isinstance(error, duckdb.IOException | duckdb.FatalException):
        return known
    return refused(str(error), root, "Nothing that was loaded is lost; run this again.")
