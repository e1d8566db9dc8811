"""Makes dlt's working folder private before dlt reads it.

dlt stores the trace of a run as a pickle, and reading a pickle executes what it contains. The
folder must be private, and traces from a folder that was not private are removed unread.
"""

import os
import stat
from pathlib import Path

from mixpanel_data._internal.data_folder.private_files import PRIVATE_FOLDER, require_folder
from mixpanel_data.exceptions import ConfigError

_PICKLES = ("pipelines/*/trace.pickle", "*/trace.pickle")


def make_dlt_folder_private(folder: Path) -> None:
    """Make ``folder`` private. If it was not, remove the traces in it.

    Raises:
        ConfigError: if it belongs to another user, or is not a folder.
    """
    require_folder(folder)
    if os.name != "posix" or not folder.exists():
        return
    found = folder.stat()
    if found.st_uid != os.geteuid():
        raise ConfigError(
            f"{folder}, dlt's working folder, belongs to another user, who could make dlt run "
            "anything. Remove it, or name another data folder: MP_DATA_DIR.",
            details={"path": str(folder), "owner": found.st_uid},
        )
    if stat.S_IMODE(found.st_mode) & 0o077:
        for pattern in _PICKLES:
            for trace in folder.glob(pattern):
                trace.unlink()
        folder.chmod(PRIVATE_FOLDER)
