"""The manifest of a load package: its files and project, stored in dlt's load package state.

It travels with the package, so that a process that finds a pending package days later can load it.
"""

import hashlib
import os
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date
from pathlib import Path
from typing import Any

from dlt.common.storages.load_package import commit_load_package_state, load_package_state

from mixpanel_data._internal.landing.files import Landed
from mixpanel_data._internal.ledger.records import Project
from mixpanel_data._internal.time_zones import Zone

STATE_KEY = "mixpanel"

FINGERPRINT_BYTES = 16 * 1024
"""Bytes at each end of a file that its fingerprint hashes."""


@dataclass(frozen=True)
class PackedFile:
    """One landed file in a package, identified by its fingerprint: dlt renames it."""

    fingerprint: str
    landed: Landed


@dataclass(frozen=True)
class Manifest:
    """The content of one load package."""

    project: Project
    files: tuple[PackedFile, ...]

    @property
    def zone(self) -> Zone:
        return Zone(self.project.zone)

    def of(self, kind: str) -> list[PackedFile]:
        """Return the files of ``events``, ``profiles`` or ``group_profiles``."""
        return [file for file in self.files if file.landed.kind == kind]


def file_fingerprint(path: Path) -> str:
    """Return a hash of a landed file's size, beginning and end, which survives renaming."""
    digest = hashlib.blake2b(digest_size=16)
    with path.open("rb") as file:
        size = file.seek(0, os.SEEK_END)
        for position in (0, max(0, size - FINGERPRINT_BYTES)):
            file.seek(position)
            digest.update(file.read(FINGERPRINT_BYTES))
    return f"{size}-{digest.hexdigest()}"


def add_to_manifest(project: Project, landed: Sequence[Landed]) -> None:
    """Add files to the manifest of the package that is being extracted."""
    state: Any = load_package_state()["state"]
    wanted = project.wanted_from
    content = state.setdefault(STATE_KEY, {"files": []})
    # Only a run that fetches events has a first day.
    if wanted or "project" not in content:
        content["project"] = asdict(project) | {
            "wanted_from": wanted.isoformat() if wanted else None
        }
    content["files"] += [item.to_json() | {"mark": file_fingerprint(item.path)} for item in landed]
    commit_load_package_state()


def read_manifest(state: Mapping[str, Any]) -> Manifest:
    """Return the manifest of the package that is being loaded."""
    content = state[STATE_KEY]
    wanted = content["project"]["wanted_from"]
    project = Project(
        **content["project"] | {"wanted_from": date.fromisoformat(wanted) if wanted else None}
    )
    return Manifest(project, tuple(_packed_file(item) for item in content["files"]))


def _packed_file(content: Mapping[str, Any]) -> PackedFile:
    fields = {key: value for key, value in content.items() if key != "mark"}
    # dlt has moved the file since; its path is not used.
    return PackedFile(content["mark"], Landed.from_json({"path": "", **fields}, Path()))
