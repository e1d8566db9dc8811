"""No table depends on the settings of a database session: a user's own dbt profile may have any."""

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
import yaml
from dbt.marts import conftest
from dbt.marts.test_increments import tables
from support import warm_dbt

pytestmark = pytest.mark.e2e

ODD: dict[str, Any] = {
    "TimeZone": "America/New_York",
    "default_order": "DESC",
    "default_null_order": "NULLS_FIRST",
    "integer_division": True,
    "ieee_floating_point_ops": False,
    "scalar_subquery_error_on_multiple_rows": False,
    "order_by_non_integer_literal": True,
    "preserve_insertion_order": True,
}


def build(folder: Path, at_once: Path, settings: dict[str, Any]) -> str:
    """What dbt prints of a build by a profile with these settings, over the raw data of ``at_once``."""
    (folder / "build").mkdir()
    shutil.copy(at_once / "raw.duckdb", folder)
    profile = yaml.safe_load((conftest.ROOT / "dbt" / "profiles.yml").read_text(encoding="utf-8"))
    target = profile["mixpanel_data"]["outputs"]["standalone"]
    target["settings"] = settings
    target["config_options"].pop("preserve_insertion_order")
    (folder / "profiles.yml").write_text(yaml.safe_dump(profile), encoding="utf-8")
    done = warm_dbt.dbt(
        *("build", "--exclude-resource-type", "unit_test", "--project-dir", "dbt"),
        *("--profiles-dir", str(folder), "--vars", json.dumps(conftest.VARS)),
        cwd=conftest.ROOT,
        own=warm_dbt.over(folder),
    )
    return done.stdout


def test_no_table_depends_on_the_settings_of_the_session(tmp_path: Path, at_once: Path) -> None:
    printed = build(tmp_path, at_once, ODD)

    assert "Completed successfully" in printed, printed
    found, expected = tables(tmp_path), tables(at_once)
    assert found.keys() >= expected.keys()
    for name, rows in expected.items():
        assert found[name] == rows, name


@pytest.mark.parametrize(
    ("name", "value"),
    [("default_collation", "NOCASE"), ("default_collation", "de"), ("Calendar", "japanese")],
)
def test_variables_that_would_change_names_or_days_are_refused_by_name(
    tmp_path: Path, at_once: Path, name: str, value: str
) -> None:
    printed = build(tmp_path, at_once, {name: value})

    assert f"The dbt profile sets {name} to {value}" in printed
    assert "Remove it from the profile's settings" in printed.replace("\n  ", " ")
