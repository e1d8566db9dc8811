"""The landing folder: verified files that wait to be loaded, each with a note beside it.

A file is used only with its note (``….json``), which describes it and is written last and
atomically: so a partial file is never taken for a complete one, and a verified file survives a
crash and is not refetched. The length of the file is compared with the note: after a power failure
the note may be on disk and the body not, or only its first part.
"""

import json
import re
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

from mixpanel_data._display import Displayed
from mixpanel_data._internal import clock
from mixpanel_data._internal.data_folder.atomic_files import write_atomically
from mixpanel_data._internal.landing.quarantine import Quarantine
from mixpanel_data._internal.streams.event_filter import UNFILTERED
from mixpanel_data._internal.streams.windows import Window
from mixpanel_data.exceptions import HTTPContext

REPAIRED = "repaired"
"""The reason of a line that was loaded with replaced characters. Other reasons mean it was not
loaded."""


@dataclass(frozen=True, repr=False)
class Reject(Displayed):
    """A line, or a profile, that could not be loaded as Mixpanel sent it."""

    line_number: int
    raw: str
    reason: str
    distinct_id: str | None = None
    """The profile's id, if that can be read."""

    @property
    def is_loaded(self) -> bool:
        """True if it was loaded after a repair."""
        return self.reason == REPAIRED


@dataclass(frozen=True, repr=False)
class Landed(Displayed):
    """A verified file and its description."""

    path: Path
    kind: str
    """``events``, ``profiles`` or ``group_profiles``."""
    window: Window
    lines: int
    """The number of events or profiles in the file."""
    size: int
    """Bytes received, compressed."""
    requests: int
    fetched_at: datetime
    """UTC."""
    duration_seconds: float
    filter_hash: str = UNFILTERED
    snapshot_complete: bool | None = None
    largest_object: int = 0
    """Bytes of the largest line, or JSON document, in the file; an upper bound that is close."""
    raw_size: int = 0
    """Bytes of the file."""
    rejects: tuple[Reject, ...] = field(default=(), repr=False)
    group_key: str = ""
    """The group key of group profiles; empty for users."""
    since: datetime | None = None
    """Only profiles seen since then (naive UTC) were requested."""
    request: HTTPContext = field(default_factory=HTTPContext, hash=False, repr=False)
    """The request, of profiles that of the last page, and the status, for errors about the file."""

    @property
    def note(self) -> Path:
        """The path of the note that marks the file as verified."""
        return self.path.with_name(self.path.name + ".json")

    def save(self) -> "Landed":
        """Write the note to the disk, and return self."""
        content = json.dumps(self.to_json()).encode()
        write_atomically(self.note, content, temporary=self.note.with_suffix(".tmp"))
        return self

    def to_json(self) -> dict[str, Any]:
        """Return the description in JSON types, with the name of the file as ``path``."""
        return asdict(self) | {
            "path": self.path.name,
            "window": [str(self.window.first), str(self.window.last)],
            "fetched_at": self.fetched_at.isoformat(),
            "since": self.since.isoformat() if self.since else None,
        }

    @classmethod
    def from_json(cls, content: Mapping[str, Any], folder: Path) -> "Landed":
        """Return the description that :meth:`to_json` returned, of a file in ``folder``.

        Raises:
            ValueError, KeyError, TypeError: if it is something else.
        """
        _require_types(content)
        first, last = content["window"]
        since = content.get("since")
        fields = {
            **content,
            "path": folder / content["path"],
            "window": Window(date.fromisoformat(first), date.fromisoformat(last)),
            "fetched_at": datetime.fromisoformat(content["fetched_at"]),
            "since": datetime.fromisoformat(since) if since else None,
            "rejects": tuple(Reject(**reject) for reject in content["rejects"]),
        }
        return cls(**fields)

    def about(self) -> HTTPContext:
        """Return the request for an error about the file."""
        return self.request

    def discard(self) -> None:
        """Delete note and file; the note first, so that no note is ever without its file."""
        for path in (self.note, self.path):
            with suppress(FileNotFoundError):
                path.unlink()


_NUMBERS = ("lines", "size", "requests", "largest_object", "raw_size")
_TEXTS = ("path", "kind", "filter_hash", "group_key", "fetched_at")


def _require_types(content: Mapping[str, Any]) -> None:
    """Raise TypeError or ValueError if a note has other types than ours."""
    right = (
        all(type(content[name]) is int for name in _NUMBERS)
        and all(type(content[name]) is str for name in _TEXTS)
        and type(content["duration_seconds"]) in (int, float)
        and type(content["snapshot_complete"]) in (bool, type(None))
        and type(content.get("request", {})) is dict
        and all(
            type(reject["line_number"]) is int
            and type(reject["raw"]) is type(reject["reason"]) is str
            and type(reject["distinct_id"]) in (str, type(None))
            for reject in content["rejects"]
        )
    )
    if not right:
        raise TypeError("a value has another type")
    if datetime.fromisoformat(content["fetched_at"]).tzinfo is None:
        raise ValueError("the time of the fetch has no zone")
    if unknown := content.get("request", {}).keys() - HTTPContext.__annotations__:
        raise ValueError(f"the request has unknown parts: {sorted(unknown)}")


class LandingFolder:
    """The verified files of one Mixpanel project in a data folder."""

    def __init__(
        self, root: Path, *, project: str, region: str, quarantine: Quarantine | None = None
    ) -> None:
        self._root = root / re.sub(r"[^A-Za-z0-9_-]", "_", f"{region}-{project}")
        self._quarantine = quarantine or Quarantine()

    def path_for(self, kind: str, window: Window, part: str = UNFILTERED) -> Path:
        """Return the path for a body of ``kind``; its folder exists."""
        folder = self._root / kind
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        return folder / f"{window.first}_{window.last}_{part}.ndjson"

    def verified_files(self, kind: str) -> list[Landed]:
        """Return the verified files of ``kind``, oldest fetch first."""
        return sorted(self._read(kind), key=lambda landed: landed.fetched_at)

    def _read(self, kind: str) -> Iterator[Landed]:
        for note in (self._root / kind).glob("*.ndjson.json"):
            with suppress(OSError, ValueError, KeyError, TypeError):
                landed = Landed.from_json(json.loads(note.read_text(encoding="utf-8")), note.parent)
                # The file of another note, or outside of the folder, is not this note's to delete.
                if (
                    landed.note == note
                    and landed.kind == kind
                    and landed.path.stat().st_size == landed.raw_size
                ):
                    yield landed

    def quarantine(self, path: Path, reason: str) -> Path | None:
        """Move a damaged file into the quarantine, which is bounded; return its new path."""
        return self._quarantine.move_in(path, self._quarantine_folder, reason)

    @property
    def _quarantine_folder(self) -> Path:
        return self._root / "quarantine"

    def remove_leftovers(self) -> None:
        """Delete partial files, bodies without a note, notes without a body, and expired
        quarantine."""
        self._quarantine.trim(self._quarantine_folder)
        for path in self._leftovers():
            path.unlink(missing_ok=True)

    def _leftovers(self) -> Iterator[Path]:
        for folder in self._root.glob("*"):
            if folder != self._quarantine_folder and folder.is_dir():
                kept = {path for file in self._read(folder.name) for path in (file.path, file.note)}
                yield from sorted(set(folder.iterdir()) - kept)

    @classmethod
    def leftovers_of_all(cls, root: Path) -> list[Path]:
        """Return partial files, and bodies and notes without the other, of every project."""
        found: list[Path] = []
        for folder in sorted(root.glob("*")):
            landing = cls(root, project="", region="")
            landing._root = folder
            found += landing._leftovers()
        return found


def is_recent(landed: Landed, *, within: timedelta) -> bool:
    """Return True if the file was fetched recently enough to equal what Mixpanel has now."""
    return abs(clock.now() - landed.fetched_at) <= within
