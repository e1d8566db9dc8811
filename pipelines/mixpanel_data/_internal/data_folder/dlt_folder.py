"""dlt's working folder, before dlt reads it.

dlt keeps the trace of a run as a pickle, and to read a pickle is to run what is in it. So the
folder is private, and what lay in one that was not is not read.
"""

import os
import stat
from pathlib import Path

from mixpanel_data._internal.data_folder.private_files import PRIVATE_FOLDER, refuse_link
from mixpanel_data.exceptions import ConfigError

_PICKLES = ("pipelines/*/trace.pickle", "*/trace.pickle")


def make_own(folder: Path) -> None:
    """Nothing, when ``folder`` is private. Otherwise it is private now, and the traces in it are
    gone.

    Raises:
        ConfigError: it is another user's, or a symbolic link.
    """
    refuse_link(folder)
    if os.name != "posix" or not folder.exists():
        return
    found = folder.stat()
    if found.st_uid != os.geteuid():
        raise ConfigError(
            f"{folder}, dlt's working folder, belongs to another user, who could make dlt run anything. "
            "Remove it, or name another data folder: MP_DATA_DIR.",
            details={"path": str(folder), "owner": found.st_uid},
        )
    if stat.S_IMODE(found.st_mode) & 0o077:
        for pattern in _PICKLES:
            for trace in folder.glob(pattern):
                trace.unlink()
        folder.chmod(PRIVATE_FOLDER)
