"""The landing folder: bodies proven whole, waiting to be loaded, each with a note of what it is.

A file counts only with its note (``….json``), which is written last and atomically: half a file is
never mistaken for a whole one, and a verified file survives a crash and is not fetched again. Its
length is held against the note: after a power cut the note may be on disk and the body not, or only
its first part.
"""

import json
import re
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

from mixpanel_data._internal import clock
from mixpanel_data._internal.data_folder.atomic_files import write_atomically
from mixpanel_data._internal.landing.quarantine import Quarantine
from mixpanel_data._internal.streams.event_filter import UNFILTERED
from mixpanel_data._internal.streams.windows import Window

REPAIRED = "repaired"
"""The reason of a line that was loaded with replaced characters; every other reason is of one that
was not."""


@dataclass(frozen=True)
class Reject:
    """A line, or a profile, as Mixpanel has it, that could not be loaded as it is."""

    line_number: int
    raw: str
    reason: str
    distinct_id: str | None = None
    """Whose profile it is, where that much can be read."""

    @property
    def is_loaded(self) -> bool:
        """Whether it was loaded, repaired."""
        return self.reason == REPAIRED


@dataclass(frozen=True)
class Landed:
    """A verified file and what is known of it."""

    path: Path
    kind: str
    """``events``, ``profiles`` or ``group_profiles``."""
    window: Window
    lines: int
    """Events in the file, or profiles."""
    size: int
    """Bytes as they came over the wire."""
    requests: int
    fetched_at: datetime
    """UTC."""
    duration_seconds: float
    filter_hash: str = UNFILTERED
    snapshot_complete: bool | None = None
    largest_object: int = 0
    """Bytes of the largest line, or JSON document, in the file; may be a little more."""
    raw_size: int = 0
    """Bytes of the file."""
    rejects: tuple[Reject, ...] = field(default=())
    group_key: str = ""
    """Whose profiles, where they are of a group."""
    since: datetime | None = None
    """Only profiles seen from then on (naive UTC) were asked for."""

    @property
    def note(self) -> Path:
        """The file beside it that makes it count."""
        return self.path.with_name(self.path.name + ".json")

    def save(self) -> "Landed":
        """Itself, after its note is safely on disk."""
        content = json.dumps(_to_json(self)).encode()
        write_atomically(self.note, content, temporary=self.note.with_suffix(".tmp"))
        return self

    def discard(self) -> None:
        """Remove file and note; the note first, so that no note is without its file."""
        for path in (self.note, self.path):
            with suppress(FileNotFoundError):
                path.unlink()


class LandingFolder:
    """The verified files of one Mixpanel project in a data folder."""

    def __init__(
        self, root: Path, *, project: str, region: str, quarantine: Quarantine | None = None
    ) -> None:
        self._root = root / re.sub(r"[^A-Za-z0-9_-]", "_", f"{region}-{project}")
        self._quarantine = quarantine or Quarantine()

    def path_for(self, kind: str, window: Window, part: str = UNFILTERED) -> Path:
        """Where a body of ``kind`` is to be written; the folder exists."""
        folder = self._root / kind
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        return folder / f"{window.first}_{window.last}_{part}.ndjson"

    def verified(self, kind: str) -> list[Landed]:
        """What lies here whole, oldest fetch first."""
        return sorted(self._read(kind), key=lambda landed: landed.fetched_at)

    def _read(self, kind: str) -> Iterator[Landed]:
        for note in (self._root / kind).glob("*.ndjson.json"):
            with suppress(OSError, ValueError, KeyError, TypeError):
                landed = _from_json(json.loads(note.read_text(encoding="utf-8")), note)
                if landed.path.stat().st_size == landed.raw_size:
                    yield landed

    def set_aside(self, path: Path, reason: str) -> Path | None:
        """Where the broken file is now, out of the way of the next attempt; the quarantine is
        bounded."""
        return self._quarantine.take(path, self._broken, reason)

    @property
    def _broken(self) -> Path:
        return self._root / "broken"

    def sweep(self) -> None:
        """Remove what a crash left half-written, bodies without a note and notes without their
        body, and old quarantine."""
        self._quarantine.trim(self._broken)
        for folder in self._root.glob("*"):
            if folder.name != "broken":
                kept = {path for file in self._read(folder.name) for path in (file.path, file.note)}
                for path in set(folder.iterdir()) - kept:
                    path.unlink(missing_ok=True)


def is_fresh(landed: Landed, *, within: timedelta) -> bool:
    """Whether it was fetched lately enough to stand for what Mixpanel has now."""
    return abs(clock.now() - landed.fetched_at) <= within


def _to_json(landed: Landed) -> dict[str, Any]:
    return asdict(landed) | {
        "path": landed.path.name,
        "window": [str(landed.window.first), str(landed.window.last)],
        "fetched_at": landed.fetched_at.isoformat(),
        "since": landed.since.isoformat() if landed.since else None,
    }


def _from_json(note: dict[str, Any], file: Path) -> Landed:
    first, last = note["window"]
    return Landed(
        **note
        | {
            "path": file.with_name(note["path"]),
            "window": Window(date.fromisoformat(first), date.fromisoformat(last)),
            "fetched_at": datetime.fromisoformat(note["fetched_at"]),
            "since": datetime.fromisoformat(note["since"]) if note.get("since") else None,
            "rejects": tuple(Reject(**reject) for reject in note["rejects"]),
        }
    )
