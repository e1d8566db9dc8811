"""Writes a new project: `mp init`."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from mixpanel_data._internal.project.folder import find_dbt_project
from mixpanel_data._internal.project.models import checkout_root, flows_folder
from mixpanel_data._internal.project.package import install_package
from mixpanel_data._internal.project.variables import PACKAGE
from mixpanel_data.exceptions import ConfigError

NAME = "PROJECT_NAME"
"""The placeholder of the project's name in the files of the template."""

_TEMPLATE = Path(__file__).with_name("template")
# By their real names, git would apply the first in this repository, and linters would check the
# second.
_RENAMED = {
    "gitignore": ".gitignore",
    "flows/sync.txt": "flows/sync.py",
    "flows/reconcile.txt": "flows/reconcile.py",
    "flows/automations.txt": "flows/automations.py",
}
SHARED = {
    ".dlt/config.toml": ".dlt/config.toml",
    ".dlt/secrets.example.toml": ".dlt/secrets.example.toml",
    "flows/prefect.yaml": "prefect.yaml",
    "flows/automations.yaml": "flows/automations.yaml",
    "prefect.toml": "prefect.toml",
}
"""Files of the checkout that a project has as well, with their paths there. A wheel has them in a
folder of its own.
"""

_SETTING = re.compile(r"^(?=[a-z_]+ *=)", re.MULTILINE)


@dataclass(frozen=True)
class NewProject:
    """The files that were written, and those that existed and were kept: paths relative to
    ``folder``."""

    folder: Path
    written: tuple[Path, ...]
    kept: tuple[Path, ...]
    builds_own_models: bool
    """False if a ``dbt_project.yml`` existed before that is not for these models."""


def init_project(folder: Path, *, force: bool = False) -> NewProject:
    """Write a project into ``folder``, which need not exist; with ``force``, replace files.

    Args:
        folder: The folder of the project.
        force: Replace files that exist.

    Raises:
        ConfigError: if the folder is a file, is the checkout of this package, or can't be written.
    """
    folder = folder.expanduser().absolute()
    if folder.exists() and not folder.is_dir():
        raise ConfigError(f"{folder} is a file. Name a folder: mp init my-mixpanel")
    if (checkout := checkout_root()) and folder.resolve() == checkout.resolve():
        raise ConfigError(
            f"{folder} is the checkout of mixpanel_data itself. Name another folder: "
            "mp init my-mixpanel"
        )
    written: list[Path] = []
    kept: list[Path] = []
    for name, text in _template_files(folder.name):
        try:
            done = _write(folder / name, text, force=force)
        except OSError as error:
            raise ConfigError(
                f"{folder / name} can't be written: {error.strerror}.",
                details={"path": str(folder / name)},
            ) from None
        (written if done else kept).append(Path(name))
    project = find_dbt_project(folder, None, "")
    install_package(project)
    return NewProject(folder, tuple(written), tuple(kept), not project.is_package)


def project_name(folder_name: str) -> str:
    """Return the name of the dbt project in a folder of this name.

    dbt allows letters, digits and underscores.
    """
    name = re.sub(r"\W+", "_", folder_name, flags=re.ASCII).strip("_").lower()
    if not name or name[0].isdigit() or name == PACKAGE:
        name = f"my_{name or 'mixpanel'}"
    return name


def _template_files(folder_name: str) -> Iterator[tuple[str, str]]:
    """Yield each file's path in the project, and its text."""
    for name, there in SHARED.items():
        text = (flows_folder() / name).read_text(encoding="utf-8")
        if name == ".dlt/config.toml":
            text = _as_comments(text)
        if name == "flows/prefect.yaml":
            text = text.replace(" --prefect-file flows/prefect.yaml", "")
        yield there, text
    for path in sorted(_TEMPLATE.rglob("*")):
        if path.is_file():
            name = path.relative_to(_TEMPLATE).as_posix()
            text = path.read_text(encoding="utf-8").replace(NAME, project_name(folder_name))
            yield _RENAMED.get(name, name), text


def _as_comments(config: str) -> str:
    """Return ``config`` with the settings of `[sources.mixpanel]` as comments, so that they follow
    the defaults of later versions."""
    head, section, rest = config.partition("[sources.mixpanel]\n")
    settings, next_section, rest = rest.partition("\n[")
    return head + section + _SETTING.sub("# ", settings) + next_section + rest


def _write(path: Path, text: str, *, force: bool) -> bool:
    path.parent.mkdir(parents=True, exist_ok=True)
    if force and (path.is_symlink() or path.is_file()):
        path.unlink()  # not through a link, to a file elsewhere
    try:
        with path.open("x", encoding="utf-8", newline="\n") as file:
            file.write(text)
    except FileExistsError:
        return False
    return True
