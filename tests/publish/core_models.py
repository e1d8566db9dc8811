"""A build without the marts, where only the events matter or how they are published: it takes half as long."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import pytest

from mixpanel_data._internal import build, dbt_process

# The profiles say of each user when he was active: that much is built.
_LEFT_OUT = [
    *(f"path:models/marts/{name}" for name in ("analysis", "catalog", "quality")),
    *("daily_active_users", "daily_events", "lifecycle", "monthly_events", "sessions"),
    *("int_property_days", "int_retention_users"),
]


def run(
    arguments: Sequence[str],
    data: Path,
    environment: Mapping[str, str],
    report: Callable[[str], None],
) -> list[str]:
    """As ``dbt_process.run``."""
    return dbt_process.run([*arguments, "--exclude", *_LEFT_OUT], data, environment, report)


def leave_marts_out(patch: pytest.MonkeyPatch | None = None) -> None:
    """From now on, in this process; with ``patch`` until it is undone."""
    if patch:
        patch.setattr(build, "run", run)
    else:
        build.run = run
