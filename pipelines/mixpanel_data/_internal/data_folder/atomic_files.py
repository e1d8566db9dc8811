"""Writes files so that readers see the old content or the new one, never a part.

The content is written to a temporary file in the same folder, flushed to the disk, and renamed.
"""

import os
import tempfile
from pathlib import Path
from typing import BinaryIO

from mixpanel_data._internal.data_folder.private_files import PRIVATE_FILE, create_private

_PREFIX_LENGTH = 20  # characters of the file's name; the temporary one must not be too long a name


def write_atomically(
    path: Path, content: bytes, *, mode: int = PRIVATE_FILE, temporary: Path | None = None
) -> None:
    """Replace the file at ``path`` by one with this content and mode. Its folder must exist.

    If this raises, the former file is unchanged. Where a lock admits one writer only, give the path
    of the ``temporary`` file: a killed program then leaves one file at most, which the next call
    overwrites.

    Raises:
        OSError: if the file can't be written.
    """
    if temporary is None:
        prefix = f".{path.name[:_PREFIX_LENGTH]}."
        descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=prefix)  # its mode is 0600
        temporary = Path(name)
        opened: BinaryIO = os.fdopen(descriptor, "wb")
    else:
        opened = create_private(temporary)
    try:
        with opened as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        if mode != PRIVATE_FILE:
            temporary.chmod(mode)
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


def flush_to_disk(path: Path) -> None:
    """Return when a file's content, or a folder's list of files, is on the disk."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
