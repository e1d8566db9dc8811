"""Damaged response bodies, kept for some days for inspection."""

import os
import re
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from mixpanel_data._internal.text import MB

DAY_SECONDS = 86_400.0


@dataclass(frozen=True)
class Quarantine:
    """The limits of the quarantine; the oldest files are deleted first."""

    size: int = 256 * MB
    """Bytes of all bodies together (MP_QUARANTINE_SIZE)."""
    days: float = 7.0
    """Age at which a body is deleted (MP_QUARANTINE_DAYS)."""

    def move_in(self, path: Path, folder: Path, reason: str) -> Path | None:
        """Move the file ``path`` into ``folder`` and return its new path; None if it does not
        exist.

        A body that is larger than the limit is truncated.
        """
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        stamp = datetime.now(UTC).strftime("%Y%m%dT%H%M%S%f")
        words = re.sub("[^a-z0-9]+", "-", reason)
        target = folder / f"{path.name.removesuffix('.part')}.{stamp}.{words}"
        try:
            path.replace(target)
            if target.stat().st_size > self.size:
                os.truncate(target, self.size)
        except FileNotFoundError:
            return None
        self.trim(folder)
        return target

    def trim(self, folder: Path) -> None:
        """Delete files that are too old, and the oldest while all together are too large."""
        left = self.size
        oldest = time.time() - self.days * DAY_SECONDS
        for modified, size, path in sorted(_quarantined_files(folder), reverse=True):
            left -= size
            if left < 0 or modified < oldest:
                path.unlink(missing_ok=True)


def _quarantined_files(folder: Path) -> Iterator[tuple[float, int, Path]]:
    for path in folder.glob("*"):
        with suppress(FileNotFoundError):  # another process trims, too
            found = path.lstat()
            yield found.st_mtime, found.st_size, path
