"""Where the dbt models lie, and what identifies them."""

import hashlib
from collections.abc import Mapping
from pathlib import Path

from mixpanel_data._internal.project.models import models_folder as project_folder

__all__ = ["fingerprint", "project_folder"]

_SHAPING = ("dbt_project.yml", "models/**/*", "macros/**/*", "seeds/**/*", "snapshots/**/*")


def fingerprint(project: Path, settings: Mapping[str, str]) -> str:
    """A hash of all that shapes a built table: models, macros, variables and settings, not tests or profiles."""
    digest = hashlib.sha256(repr(sorted(settings.items())).encode())
    files = {path for pattern in _SHAPING for path in project.glob(pattern) if path.is_file()}
    for path in sorted(files):
        digest.update(f"\0{path.relative_to(project).as_posix()}\0".encode())
        digest.update(path.read_bytes())
    return digest.hexdigest()
