"""Arrow and polars, which are optional: with both of them, and without."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from mixpanel_data.exceptions import ConfigError
from mixpanel_data.types import JQLResult
from mixpanel_data.types.rows import Rows
from mixpanel_data.workspace import Workspace

LIBRARIES = Path(sys.prefix) / "pyarrow"
CHECKS = Path(__file__).with_name("arrow_checks.py")


def test_results_convert_where_the_libraries_are_installed() -> None:
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-n", "0"]
    done = subprocess.run(
        [*command, str(CHECKS)],
        env={**os.environ, "PYTHONPATH": str(LIBRARIES)},
        cwd=CHECKS.parents[3],
        capture_output=True,
        text=True,
    )

    assert done.returncode == 0, done.stdout[-8000:] + done.stderr[-2000:]
    assert " passed" in done.stdout
    assert "skipped" not in done.stdout


@pytest.mark.parametrize("kind", ["arrow", "polars"])
def test_without_the_library_the_error_says_what_to_install(data, monkeypatch, kind) -> None:
    monkeypatch.setitem(sys.modules, {"arrow": "pyarrow"}.get(kind, kind), None)
    result, rows = JQLResult([{"a": 1}]), Rows([(1,)], ["a"])
    with Workspace() as workspace:
        calls = {
            "arrow": [
                result.arrow,
                rows.arrow,
                lambda: workspace.sql_arrow("SELECT 1"),
                lambda: workspace.sql_batches("SELECT 1"),
            ],
            "polars": [result.pl, rows.pl, lambda: workspace.sql_pl("SELECT 1")],
        }

        for call in calls[kind]:
            with pytest.raises(ConfigError, match=rf"pip install 'mixpanel-data\[{kind}\]'"):
                call()
