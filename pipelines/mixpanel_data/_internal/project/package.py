"""Keeps our dbt package in a user's dbt project equal to that of the installed version.

dbt reads packages from a folder of the project that `dbt deps` fills. For ours this module fills
it, without a process, and without a link, whose target would differ between environments.
"""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

from mixpanel_data._internal.project.folder import DbtProject
from mixpanel_data._internal.project.models import models_folder
from mixpanel_data._internal.project.variables import PACKAGE, load_yaml
from mixpanel_data.exceptions import ConfigError

PARTS = ("dbt_project.yml", "profiles.yml", "README.md", "models", "macros", "tests")
"""The parts of the models' folder that belong to the package."""

LOCAL = f".{PACKAGE}"
"""The folder that `packages.yml` of `mp init` names, from which `dbt deps` installs the package."""


def install_package(project: DbtProject) -> list[Path]:
    """Write our package into the project, if it is missing or of another version; return the
    folders written to.

    Raises:
        ConfigError: if a folder can't be written.
    """
    if project.is_package:
        return []
    written = []
    for folder in _places(project):
        if not _is_current(folder):
            try:
                _write(folder, project.folder)
            except OSError as error:
                raise ConfigError(
                    f"The dbt package {PACKAGE} can't be written to {folder}: {error.strerror}.",
                    details={"path": str(folder)},
                ) from None
            written.append(folder)
    return written


def _places(project: DbtProject) -> Iterator[Path]:
    packages = project.folder / "packages.yml"
    local = project.folder / LOCAL
    if packages.is_file() and LOCAL in packages.read_text(encoding="utf-8"):
        yield local
    installed = load_yaml(project.file).get("packages-install-path") or "dbt_packages"
    place = project.folder / str(installed) / PACKAGE
    if not (place.is_symlink() and place.resolve() == local.resolve()):  # made by `dbt deps`
        yield place


def _package_files(folder: Path) -> dict[Path, Path]:
    """Return each file of the package in ``folder`` by its relative path."""
    roots = [folder / part for part in PARTS]
    files = [root for root in roots if root.is_file()]
    files += [path for root in roots for path in root.rglob("*") if path.is_file()]
    return {path.relative_to(folder): path for path in files}


def _is_current(folder: Path) -> bool:
    if folder.is_symlink() or not folder.is_dir():
        return False
    there, ours = _package_files(folder), _package_files(models_folder())
    return there.keys() == ours.keys() and all(
        there[name].read_bytes() == path.read_bytes() for name, path in ours.items()
    )


def _write(folder: Path, project: Path) -> None:
    # In the project and not beside the folder, where dbt would take it for another package. A
    # rename is atomic, so dbt never reads a partial package.
    part = project / f"{LOCAL}.{os.getpid()}.part"
    shutil.rmtree(part, ignore_errors=True)
    try:
        for name, path in _package_files(models_folder()).items():
            (part / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, part / name)
        folder.parent.mkdir(parents=True, exist_ok=True)
        if folder.is_symlink():
            folder.unlink()
        shutil.rmtree(folder, ignore_errors=True)
        part.rename(folder)
    finally:
        shutil.rmtree(part, ignore_errors=True)
