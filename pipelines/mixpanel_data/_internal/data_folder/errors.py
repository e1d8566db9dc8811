"""Translates errors of DuckDB and of the operating system into errors with a way to recover.

Every command that writes to a data folder works inside :func:`translate_errors`, which also
encloses the folder's lock.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb

from mixpanel_data._internal.data_folder.damage import first_damage
from mixpanel_data._internal.data_folder.damage_messages import is_damage
from mixpanel_data._internal.data_folder.os_errors import (
    error_from_message,
    storage_error,
    storage_error_from_os_error,
)
from mixpanel_data.exceptions import MixpanelDataError


@contextmanager
def translate_errors(root: Path) -> Iterator[None]:
    """Replace an error of the machine inside the block with one that has a way to recover.

    ``root`` is the data folder. Other errors pass unchanged.

    Raises:
        DatabaseDamagedError: if a database of the folder can't be read completely.
        DatabaseLockedError: if another program has a database of the folder open.
        StorageError: if there is no space, no permission, not enough memory, or the disk failed.
    """
    try:
        yield
    except Exception as error:
        if meant := to_storage_error(error, root):
            raise meant from error
        raise


def to_storage_error(error: Exception, root: Path) -> MixpanelDataError | None:
    """Return the error to raise in place of ``error``; None if it is not about the machine."""
    if isinstance(error, OSError):
        return storage_error_from_os_error(error, root)
    if not isinstance(error, duckdb.Error):
        return None
    if isinstance(error, duckdb.OutOfMemoryException):
        more = (
            "Let DuckDB have more memory (MP_MEMORY_LIMIT), and room to spill to beside raw.duckdb."
        )
        return storage_error(str(error), root, more)
    if is_damage(error) and (found := first_damage(root)):
        return found
    known = error_from_message(str(error), root)
    if known or not isinstance(error, duckdb.IOException | duckdb.FatalException):
        return known
    return storage_error(str(error), root, "No loaded data is lost; rerun the command.")
