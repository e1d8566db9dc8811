"""Finds the user's project folder, and the dbt project that is built.

Imports the standard library only: dlt's plug-in runs this with every start of dlt.
"""

import os
import re
import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from mixpanel_data._internal.project.models import checkout_root, models_folder
from mixpanel_data.exceptions import ConfigError, ConfigWarning

PROJECT_DIR = "MP_PROJECT_DIR"
DBT_PROJECT_DIR = "MP_DBT_PROJECT_DIR"
DBT_PROJECT_FILE = "dbt_project.yml"
PROFILE = "mixpanel_data"
"""The profile of our profiles.yml, which a dbt project for these models must name."""

WORKING_FOLDER = "working folder"
CHECKOUT = "checkout of mixpanel_data"
ROOT_USER = 0

_CONFIG = Path(".dlt", "config.toml")
_SECTION = re.compile(r"^\s*\[sources\.mixpanel\b", re.MULTILINE)
_PROFILE = re.compile(r"""^profile\s*:\s*["']?([^"'\s#]+)""", re.MULTILINE)


@dataclass(frozen=True)
class ProjectFolder:
    """The project folder, None if there is none, and its origin."""

    root: Path | None
    origin: str


@dataclass(frozen=True)
class DbtProject:
    """The folder of the ``dbt_project.yml`` that is built, and its origin."""

    folder: Path
    origin: str

    @property
    def is_package(self) -> bool:
        """True if the models of this package are built without a project of the user's."""
        return self.folder == models_folder()

    @property
    def file(self) -> Path:
        """The file with the variables."""
        return self.folder / DBT_PROJECT_FILE


def find_project(env: Mapping[str, str] | None = None, start: Path | None = None) -> ProjectFolder:
    """Return the project folder for a program started in ``start``, by default the working folder.

    Precedence: ``MP_PROJECT_DIR``; dlt's ``DLT_PROJECT_DIR``; ``start`` if it has a
    ``.dlt/config.toml``, which dlt reads as well; the nearest parent whose ``.dlt/config.toml`` has
    a section ``[sources.mixpanel]``; the checkout that the package runs from. A parent is used only
    if its file belongs to this user or to root: a dbt project is code, and other users can write
    to folders above, such as ``/tmp``. Otherwise a ConfigWarning names it.

    Args:
        env: The environment. None: that of the process.
        start: The folder to start in. None: the working folder.

    Raises:
        ConfigError: if ``MP_PROJECT_DIR`` is not a folder.
    """
    env = os.environ if env is None else env
    start = (start or Path.cwd()).absolute()
    if chosen := env.get(PROJECT_DIR, "").strip():
        root = Path(chosen).expanduser().absolute()
        if not root.is_dir():
            raise ConfigError(
                f"{PROJECT_DIR} is {chosen}, which is no folder. `mp init {chosen}` makes a "
                "project there.",
                details={"path": str(root)},
            )
        return ProjectFolder(root, PROJECT_DIR)
    if chosen := env.get("DLT_PROJECT_DIR", "").strip():
        return ProjectFolder(Path(chosen).resolve(), "DLT_PROJECT_DIR")
    if (start / _CONFIG).is_file():
        return ProjectFolder(start, WORKING_FOLDER)
    for parent in start.parents:
        if is_project(parent) and _is_own(parent / _CONFIG):
            return ProjectFolder(parent, "parent of the working folder")
        if is_project(parent):
            warnings.warn(
                f"The project in {parent} belongs to another user, so it is not used. If you trust "
                f"it, set {PROJECT_DIR}={parent}.",
                ConfigWarning,
                stacklevel=2,
            )
    checkout = checkout_root()
    return ProjectFolder(checkout, CHECKOUT if checkout else "none found")


def is_project(folder: Path) -> bool:
    """Return True if ``.dlt/config.toml`` in ``folder`` has a section ``[sources.mixpanel]``.

    Args:
        folder: The folder.
    """
    # By a pattern: a file that is not valid TOML is still this project's, and its reader reports
    # it.
    try:
        return _SECTION.search((folder / _CONFIG).read_text(encoding="utf-8-sig")) is not None
    except (OSError, UnicodeDecodeError):
        return False


def find_dbt_project(root: Path | None, chosen: Path | None, chosen_by: str) -> DbtProject:
    """Return the dbt project of the project folder ``root``.

    Precedence: ``chosen``, whose origin is ``chosen_by``; ``root`` if its ``dbt_project.yml`` has
    the profile ``mixpanel_data``; the models of this package alone.

    Args:
        root: The project folder. None: there is none.
        chosen: The folder that a setting names. None: no setting does.
        chosen_by: The origin of ``chosen``.

    Raises:
        ConfigError: if ``chosen`` has no ``dbt_project.yml``, or one with another profile.
    """
    if chosen is not None:
        found = DbtProject(_resolved(chosen), chosen_by)
        if (profile := _profile_of(found.file)) != PROFILE:
            problem = (
                f"its profile is {profile}, and has to be {PROFILE}"
                if profile
                else f"it has no {DBT_PROJECT_FILE} with `profile: {PROFILE}`"
            )
            raise ConfigError(
                f"{chosen_by} is {chosen}: {problem}. `mp init` makes such a project.",
                details={"path": str(found.folder)},
            )
        return found
    if root is not None and _profile_of(root / DBT_PROJECT_FILE) == PROFILE:
        return DbtProject(_resolved(root), "project folder")
    return DbtProject(models_folder(), "package")


def _resolved(folder: Path) -> Path:
    """Return the folder; for our own models, the path that ``models_folder`` returns, since paths
    are compared."""
    folder = folder.absolute()
    ours = models_folder()
    return ours if folder.resolve() == ours.resolve() else folder


def _profile_of(file: Path) -> str | None:
    try:
        found = _PROFILE.search(file.read_text(encoding="utf-8-sig"))
    except (OSError, UnicodeDecodeError):
        return None
    return found[1] if found else None


def _is_own(path: Path) -> bool:
    return os.name != "posix" or path.stat().st_uid in (os.geteuid(), ROOT_USER)
