"""dlt's working folder of one pipeline, and the parts of it to delete.

A package is loaded only once it is committed; until then its files are in the landing folder, and
the ledger shows which days are missing. So nothing unfinished needs to be kept, and neither do the
files of loaded packages.
"""

import json
import shutil
from contextlib import suppress
from pathlib import Path

KEPT_PACKAGES = 20
"""Loads that `dlt pipeline mixpanel info` can show."""

# The folders of packages that are not loaded. Loaded ones are in `load/loaded`.
_UNFINISHED = ("normalize/*/*", "load/new/*", "load/normalized/*")


def drop_unfinished(work: Path) -> bool:
    """Remove the folder if an earlier process left a load unfinished; return whether it did."""
    trash = work.parents[1] / "trash"
    if any(path for pattern in _UNFINISHED for path in work.glob(pattern)):
        shutil.rmtree(trash, ignore_errors=True)
        work.rename(trash)  # atomically, since dlt can't open a partial folder
    dropped = trash.exists()
    shutil.rmtree(trash, ignore_errors=True)
    return dropped


def drop_if_of_another(work: Path) -> None:
    """Remove the folder if its pipeline loaded into another destination.

    A pipeline of the same name may have been run in the project. Its state is in its destination.
    """
    with suppress(OSError, ValueError):
        state = json.loads((work / "state.json").read_text(encoding="utf-8"))
        destination = state.get("destination_type") if isinstance(state, dict) else None
        if destination and not str(destination).endswith(".mixpanel_duckdb"):
            shutil.rmtree(work)


def remove_old_loads(work: Path) -> None:
    """Delete the files of loaded packages, and the records of old ones."""
    packages = sorted((work / "load" / "loaded").iterdir())
    for package in packages:
        shutil.rmtree(package / "completed_jobs", ignore_errors=True)
    for package in packages[:-KEPT_PACKAGES]:
        shutil.rmtree(package, ignore_errors=True)
