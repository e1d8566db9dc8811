"""What the load job must know of the files in its package, carried in dlt's load package state.

It travels with the package: a process that finds it pending, days later, loads it just the same.
"""

import hashlib
import os
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from dlt.common.storages.load_package import commit_load_package_state, load_package_state

from mixpanel_data._internal.landing.files import Landed, Reject
from mixpanel_data._internal.ledger.records import Project
from mixpanel_data._internal.streams.windows import Window
from mixpanel_data._internal.time_zones import Zone

STATE_KEY = "mixpanel"

MARKED = 16 * 1024
"""Bytes at each end that a mark is made of."""


@dataclass(frozen=True)
class PackedFile:
    """One landed file, as its package knows it."""

    mark: str
    kind: str
    window: Window
    lines: int
    size: int
    requests: int
    fetched_at: datetime
    duration_seconds: float
    filter_hash: str
    snapshot_complete: bool | None
    largest_object: int
    raw_size: int
    rejects: tuple[Reject, ...]
    group_key: str
    since: datetime | None
    """Naive UTC."""

    @property
    def rejected_count(self) -> int:
        """How many lines were not loaded; repaired ones were."""
        return sum(not item.is_loaded for item in self.rejects)


@dataclass(frozen=True)
class Manifest:
    """Everything in one load package."""

    project: Project
    files: tuple[PackedFile, ...]

    @property
    def zone(self) -> Zone:
        return Zone(self.project.zone)

    def of(self, kind: str) -> list[PackedFile]:
        """The files of ``events``, ``profiles`` or ``group_profiles``."""
        return [file for file in self.files if file.kind == kind]


def mark_of(path: Path) -> str:
    """What tells one landed file from another after dlt has renamed it: its size, how it begins and
    how it ends."""
    digest = hashlib.blake2b(digest_size=16)
    with path.open("rb") as file:
        size = file.seek(0, os.SEEK_END)
        for position in (0, max(0, size - MARKED)):
            file.seek(position)
            digest.update(file.read(MARKED))
    return f"{size}-{digest.hexdigest()}"


def pack(project: Project, landed: Sequence[Landed]) -> None:
    """Write the manifest into the package that is being extracted."""
    state: Any = load_package_state()["state"]
    state[STATE_KEY] = {
        "project": asdict(project) | {"wanted_from": _day(project.wanted_from)},
        "files": [_pack_file(item) for item in landed],
    }
    commit_load_package_state()


def unpack(state: Mapping[str, Any]) -> Manifest:
    """The manifest of the package that is being loaded."""
    content = state[STATE_KEY]
    wanted = content["project"]["wanted_from"]
    project = Project(
        **content["project"] | {"wanted_from": date.fromisoformat(wanted) if wanted else None}
    )
    return Manifest(project, tuple(_unpack_file(item) for item in content["files"]))


def _pack_file(landed: Landed) -> dict[str, Any]:
    content = asdict(landed)
    del content["path"]
    return content | {
        "mark": mark_of(landed.path),
        "window": [str(landed.window.first), str(landed.window.last)],
        "fetched_at": landed.fetched_at.astimezone(UTC).isoformat(),
        "since": landed.since.isoformat() if landed.since else None,
    }


def _unpack_file(content: Mapping[str, Any]) -> PackedFile:
    first, last = content["window"]
    return PackedFile(
        **dict(content)
        | {
            "window": Window(date.fromisoformat(first), date.fromisoformat(last)),
            "fetched_at": datetime.fromisoformat(content["fetched_at"]),
            "since": datetime.fromisoformat(content["since"]) if content["since"] else None,
            "rejects": tuple(Reject(**reject) for reject in content["rejects"]),
        }
    )


def _day(day: date | None) -> str | None:
    return day.isoformat() if day else None
