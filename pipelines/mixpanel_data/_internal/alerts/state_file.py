"""The file of the data folder with what is wrong now and which alerts were sent."""

import json
import logging
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from filelock import FileLock, Timeout

from mixpanel_data._internal.alerts.incidents import Incidents
from mixpanel_data._internal.data_folder.atomic_files import write_atomically
from mixpanel_data._internal.data_folder.paths import DataFolder
from mixpanel_data.exceptions import MixpanelDataError

LOCK_SECONDS = 5.0
"""The longest wait for another process that sends alerts about this folder."""

_log = logging.getLogger("mixpanel_data.alerts")


@contextmanager
def incidents_of(folder: DataFolder) -> Iterator[Incidents]:
    """Yield the incidents of a data folder, and write them after the block.

    A folder that can't be written, such as one on a full disk, has the incidents that were written
    last: its alerts are then sent with each run.
    """
    with _lock(folder):
        incidents = _read(folder)
        before = incidents.to_dict()
        try:
            yield incidents
        finally:
            if incidents.to_dict() != before:
                _write(folder, incidents)


@contextmanager
def _lock(folder: DataFolder) -> Iterator[None]:
    try:
        folder.create()
        lock = FileLock(folder.alerts.with_name(f".{folder.alerts.stem}.lock"), mode=0o600)
        lock.acquire(timeout=LOCK_SECONDS)
    except (MixpanelDataError, OSError, Timeout):
        # An alert that is sent twice is better than none.
        yield
        return
    try:
        yield
    finally:
        lock.release()


def _read(folder: DataFolder) -> Incidents:
    with suppress(OSError, ValueError, KeyError, TypeError, AttributeError):
        return Incidents.from_dict(json.loads(folder.alerts.read_text(encoding="utf-8")))
    return Incidents()


def _write(folder: DataFolder, incidents: Incidents) -> None:
    try:
        content = json.dumps(incidents.to_dict(), indent=1).encode()
        write_atomically(folder.alerts, content)
    except OSError as error:
        _log.warning("%s can't be written: %s", folder.alerts, error.strerror)
