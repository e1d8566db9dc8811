"""Two files take turns, so that what readers open is never what we write, and nothing is copied as a rule.

``mixpanel.duckdb``        published; never written again under this name
``build/retired.duckdb``   the one published before, which becomes the next one and only catches up
``build/next.duckdb``      what the build writes

Whatever the moment a run dies at, the published file is whole, and ``prepare`` finds its way with what is there.
"""

import contextlib
import os
import subprocess
import sys
import time
from pathlib import Path

from mixpanel_data._internal import publish_stamp
from mixpanel_data._internal.data_folder import DataFolder

# Copying tools such as cp and rsync hold no lock. One that began before the file retired gets this long to end.
SETTLED_SECONDS = 600

# POSIX locks belong to a process: were we to open and close a file that a notebook in this very process reads, its
# lock would be gone, and its own would not stand in our way. So both are done in a process apart.
_PROBE = "import fcntl, sys; fcntl.lockf(open(sys.argv[1], 'r+b'), fcntl.LOCK_EX | fcntl.LOCK_NB)"
_COPY = "import shutil, sys; shutil.copyfile(sys.argv[1], sys.argv[2])"


def next_file(folder: DataFolder) -> Path:
    """The file the build writes and ``publish`` puts in place."""
    return folder.build / "next.duckdb"


def retired_file(folder: DataFolder) -> Path:
    """The file that was published before the present one."""
    return folder.build / "retired.duckdb"


def prepare(folder: DataFolder, fingerprint: str, storage_version: str, *, anew: bool) -> bool:
    """Leaves a file at ``next_file`` that the build can write; True when it is empty.

    With ``anew``, or when other models made what is there, it starts empty. Readers of any file are left in peace.
    """
    target = next_file(folder)
    folder.build.mkdir(parents=True, exist_ok=True)
    for take in () if anew else (_unpublished, _retired, _published):
        if take(folder, target) and publish_stamp.begin(target, fingerprint):
            return False
    discard(target)
    publish_stamp.create(target, fingerprint, storage_version)
    return True


def _unpublished(_: DataFolder, target: Path) -> bool:
    """Takes up a build that failed, or was never published."""
    return target.exists() and _is_free(target)


def _retired(folder: DataFolder, target: Path) -> bool:
    """Gives the retired file its turn, unless somebody may still read it."""
    retired = retired_file(folder)
    if not (retired.exists() and _has_settled(retired, folder.published) and _is_free(retired)):
        return False
    discard(target)
    retired.replace(target)
    return True


def _published(folder: DataFolder, target: Path) -> bool:
    """Copies what is published, as a whole or not at all."""
    if not folder.published.exists():
        return False
    discard(target)
    half = target.with_suffix(".copying")
    if _apart(_COPY, folder.published, half).returncode != 0:
        return False
    half.replace(target)
    return True


def _has_settled(retired: Path, published: Path) -> bool:
    # A run that died while it published leaves both names on one file.
    if published.exists() and retired.samefile(published):
        return False
    return time.time() - retired.stat().st_ctime >= SETTLED_SECONDS


def _is_free(path: Path) -> bool:
    return _apart(_PROBE, path).returncode == 0


def _apart(code: str, *paths: Path) -> "subprocess.CompletedProcess[bytes]":
    return subprocess.run(
        [sys.executable, "-I", "-S", "-c", code, *map(str, paths)], capture_output=True, check=False
    )


def put_in_place(folder: DataFolder) -> None:
    """Makes the next file the published one, and the published one the retired, without a moment with none."""
    target, retired = next_file(folder), retired_file(folder)
    _flush(target)
    discard(retired)
    with contextlib.suppress(
        OSError
    ):  # no hard links here: the next build copies what is published
        retired.hardlink_to(folder.published)
    # Only someone who wrote into the published file can have left this. It would be read as part of the new one.
    _log_of(folder.published).unlink(missing_ok=True)
    target.replace(folder.published)
    _flush(folder.root)
    _flush(folder.build)


def discard(path: Path) -> None:
    """Removes a database and its log, the log first: without it the rest is still a whole, older database."""
    _log_of(path).unlink(missing_ok=True)
    path.unlink(missing_ok=True)


def _log_of(path: Path) -> Path:
    return path.with_name(path.name + ".wal")


def _flush(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
