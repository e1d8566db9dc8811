"""Where the project is that a command was started in."""

import os
from pathlib import Path

import mixpanel_data

_PACKAGE = Path(mixpanel_data.__file__).resolve().parent


def checkout_root() -> Path | None:
    """The checkout this package runs from, or None when it is installed as a wheel."""
    root = _PACKAGE.parents[1]
    return root if (root / "dbt" / "dbt_project.yml").is_file() else None


def project_root() -> Path | None:
    """The folder whose ``.dlt/`` counts: dlt's own choice, the working directory if it has one, else the checkout.

    None for a library used from anywhere else.
    """
    if chosen := os.environ.get("DLT_PROJECT_DIR"):
        return Path(chosen).resolve()
    here = Path.cwd()
    if (here / ".dlt" / "config.toml").is_file():
        return here
    return checkout_root()
