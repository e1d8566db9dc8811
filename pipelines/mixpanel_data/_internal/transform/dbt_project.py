"""The fingerprint of the models that a build runs."""

import hashlib
from collections.abc import Iterable, Mapping
from pathlib import Path

from mixpanel_data._internal.project.folder import DbtProject
from mixpanel_data._internal.project.models import models_folder

_MODELS = ("models/**/*",)
_SHAPING = ("dbt_project.yml", "macros/**/*", "seeds/**/*", "snapshots/**/*")
_OTHER_PACKAGES = ("packages.yml", "dependencies.yml", "package-lock.yml")


def fingerprint(project: DbtProject, settings: Mapping[str, str]) -> str:
    """Return a hash of what shapes the built tables: models, macros, variables and settings.

    Tests and profiles are left out. For a project of the user's, a second hash, after a full stop,
    covers its own models. If only that one differs, tables are not rebuilt: dbt compares a checksum
    of each of these models.
    """
    digest = hashlib.sha256(repr(sorted(settings.items())).encode())
    _add(digest, models_folder(), (*_SHAPING, *_MODELS))
    if project.is_package:
        return digest.hexdigest()
    _add(digest, project.folder, (*_SHAPING, *_OTHER_PACKAGES))
    own = hashlib.sha256()
    _add(own, project.folder, _MODELS)
    return f"{digest.hexdigest()}.{own.hexdigest()}"


def _add(digest: "hashlib._Hash", folder: Path, patterns: Iterable[str]) -> None:
    files = {path for pattern in patterns for path in folder.glob(pattern) if path.is_file()}
    for path in sorted(files):
        # The path is hashed too, between zero bytes: moving a model to another folder changes its
        # configuration, and no two lists of files may give the same bytes.
        digest.update(f"\0{path.relative_to(folder).as_posix()}\0".encode())
        digest.update(path.read_bytes())
