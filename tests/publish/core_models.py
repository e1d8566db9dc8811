"""A build of what readers ask first and of what that needs, where only this or its publication matters: half the time."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import pytest

from mixpanel_data._internal import build, dbt_process
from mixpanel_data._internal.dbt_project import project_folder

MARK = "_metadata"
"""Built last, after all others, and so no reason to build them."""


def _selected() -> list[str]:
    core = (project_folder() / "models" / "marts" / "core").glob("*.sql")
    return [*(f"+{path.stem}" for path in core if path.stem != MARK), "identities", MARK]


def run(
    arguments: Sequence[str],
    data: Path,
    environment: Mapping[str, str],
    results: Path,
    report: Callable[[str], None],
) -> list[str]:
    """As ``dbt_process.run``."""
    chosen = ["--select", *_selected(), "--indirect-selection", "cautious"]
    return dbt_process.run([*arguments, *chosen], data, environment, results, report)


def leave_marts_out(patch: pytest.MonkeyPatch | None = None) -> None:
    """From now on, in this process; with ``patch`` until it is undone."""
    if patch:
        patch.setattr(build, "run", run)
    else:
        build.run = run
