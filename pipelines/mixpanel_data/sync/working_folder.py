"""dlt's working folder of one pipeline, and what of it is not worth keeping.

A package counts only once it committed; its files are still in the landing folder, and the ledger knows which days
are missing. So nothing half-done is worth finishing, and the files of a loaded package are not worth their disk.
"""

import shutil
from pathlib import Path

KEPT_PACKAGES = 20
"""Loads that `dlt pipeline mixpanel info` can show."""

# Where dlt keeps packages that are not loaded yet, each in a folder of its own. Loaded ones are in `load/loaded`.
_UNFINISHED = ("normalize/*/*", "load/new/*", "load/normalized/*")


def drop_unfinished(work: Path) -> bool:
    """Remove the folder if an earlier process left a load unfinished; return whether it did."""
    trash = work.parents[1] / "trash"
    if any(path for pattern in _UNFINISHED for path in work.glob(pattern)):
        shutil.rmtree(trash, ignore_errors=True)
        work.rename(trash)  # at once: dlt could not open half a folder
    dropped = trash.exists()
    shutil.rmtree(trash, ignore_errors=True)
    return dropped


def remove_old_loads(work: Path) -> None:
    """Delete the files of loaded packages, and all that is known of those long ago."""
    packages = sorted((work / "load" / "loaded").iterdir())
    for package in packages:
        shutil.rmtree(package / "completed_jobs", ignore_errors=True)
    for package in packages[:-KEPT_PACKAGES]:
        shutil.rmtree(package, ignore_errors=True)
