"""The package as users install it: a wheel, in an environment of its own."""

import os
import subprocess
import sys
import sysconfig
from collections.abc import Mapping
from pathlib import Path

from mixpanel_data._internal.transform.dbt_process import PARTIAL_PARSE


def wheel_of(source: Path, folder: Path) -> Path:
    """Build the wheel of the sources in ``source`` into ``folder``, and return it."""
    subprocess.run(
        [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", folder, source],
        check=True,
        capture_output=True,
    )
    (made,) = folder.glob("mixpanel_data-*.whl")
    return made


class Environment:
    """A virtual environment with our wheel, and the libraries of the one that runs the tests."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        subprocess.run([sys.executable, "-m", "venv", "--without-pip", folder], check=True)
        paths = {"base": str(folder), "platbase": str(folder)}
        self._libraries = Path(sysconfig.get_path("purelib", vars=paths)) / "libraries.pth"

    def install(self, wheel: Path) -> None:
        """Install a wheel, or another version of it."""
        self._libraries.unlink(missing_ok=True)  # pip would see our editable install there
        subprocess.run(
            [
                *(sys.executable, "-m", "pip", "--python", self.folder / "bin" / "python"),
                *("install", "--quiet", "--no-deps", "--no-index", "--upgrade", wheel),
            ],
            check=True,
        )
        self._libraries.write_text(sysconfig.get_path("purelib") + "\n")

    def run(
        self, cwd: Path, command: str, *arguments: object, env: Mapping[str, str]
    ) -> "subprocess.CompletedProcess[str]":
        """Run a program of the environment."""
        return subprocess.run(
            [self.folder / "bin" / command, *map(str, arguments)],
            cwd=cwd,
            env=env,
            capture_output=True,
            text=True,
            check=False,
            timeout=900,
        )


def user_environment() -> dict[str, str]:
    """The variables of this process, but for those by which tests find the sources and their settings."""
    return {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("MP_", "DBT_", "PYTHON")) and name != PARTIAL_PARSE
    }
