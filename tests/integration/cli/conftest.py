"""The ``mp`` command as a user runs it, with its own variables, in a folder of its own."""

import os
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import pytest
from support import warm_dbt, warm_mp

from mixpanel_data.sandbox import Dataset, Sandbox

Run = Callable[..., subprocess.CompletedProcess[str]]

SECRET = "c4nary-Secret-of-the-sandbox"


@pytest.fixture(scope="module")
def shop() -> Iterator[Sandbox]:
    """A sandbox with a few small days and profiles."""
    dataset = Dataset.sample(days=12, users=60)
    with Sandbox(dataset, secret=SECRET) as sandbox:
        yield sandbox


@pytest.fixture
def mp(tmp_path: Path, parsed: Path, started_mp: None) -> Run:
    """Runs a program of the environment in an empty folder, with no settings but those given."""
    return run_in(tmp_path)


def run_in(folder: Path) -> Run:
    """Runs a program of the environment in this folder, whose ``data`` is the data folder."""

    def run(
        *arguments: str,
        env: Mapping[str, str] | None = None,
        program: str = "mp",
        stdin: str | None = None,
        cwd: Path | None = None,
    ) -> subprocess.CompletedProcess[str]:
        clean = {name: value for name, value in os.environ.items() if not name.startswith("MP_")}
        clean |= {
            "MP_CONFIG_PATH": str(folder / "accounts" / "config.toml"),
            "MP_DATA_DIR": str(folder / "data"),
            **warm_dbt.in_shells(),
            **(env or {}),
        }
        if program == "mp":
            return warm_mp.run(arguments, env=clean, cwd=cwd or folder, stdin=stdin)
        return subprocess.run(
            [str(Path(sys.executable).with_name(program)), *arguments],
            env=clean,
            cwd=cwd or folder,
            input=stdin,
            capture_output=True,
            text=True,
            timeout=200,
            check=False,
        )

    return run
