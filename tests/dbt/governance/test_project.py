"""Who may build on which model, and who is known to."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from .conftest import ROOT, Run

MARTS = {path.stem for path in (ROOT / "dbt/models/marts").rglob("*.sql")}


@pytest.fixture(scope="session")
def manifest(run: Run, project: Path) -> dict[str, Any]:
    run("dbt", "parse")
    return dict(json.loads((project / "target" / "manifest.json").read_bytes()))


def test_marts_are_public_and_the_rest_is_private_to_one_group(manifest: dict[str, Any]) -> None:
    models = [n for n in manifest["nodes"].values() if n["resource_type"] == "model"]

    assert {model["name"] for model in models if model["access"] == "public"} == MARTS
    assert {model["name"] for model in models if model["access"] == "protected"} == {
        "int_affected_users",  # what macros for models of another project read
        "int_reassigned_user_days",
        "int_refetched_dates",
    }
    assert {model["group"] for model in models} == {"product_analytics"}
    [group] = manifest["groups"].values()
    assert group["owner"]["name"]


def test_exposures_name_what_is_read(manifest: dict[str, Any]) -> None:
    read = {
        exposure["name"]: {node.rpartition(".")[2] for node in exposure["depends_on"]["nodes"]}
        for exposure in manifest["exposures"].values()
    }
    queried = r"\b(?:FROM|JOIN)\s+([a-z_]+)"
    assert read == {
        "published_file": MARTS,
        "workspace": MARTS,
        "report": _words("html_report", queried) & MARTS,
        # It names the tables that it reads by functions of the report, too.
        "dashboard": (_words("dashboard", queried) | _words("dashboard", r'"([a-z_]+)"')) & MARTS,
    }


def _words(package: str, pattern: str) -> set[str]:
    sources = (ROOT / "pipelines/mixpanel_data/_internal" / package).rglob("*.py")
    return {word for source in sources for word in re.findall(pattern, source.read_text())}


def test_every_macro_and_its_arguments_are_described(manifest: dict[str, Any]) -> None:
    macros = [m for m in manifest["macros"].values() if m["package_name"] == "mixpanel_data"]
    own_arguments = {
        name: re.findall(r"(\w+)(?:=[^,)]*)?[,)]", head)
        for macro in macros
        for name, head in re.findall(r"{% macro (\w+)(\(.*?\)) ?-?%}", macro["macro_sql"])
    }

    assert not {m["name"] for m in macros if not m["description"] and m["name"][:5] != "test_"}
    assert {
        m["name"]: [argument["name"] for argument in m["arguments"] if argument["description"]]
        for m in macros
        if m["name"] in own_arguments
    } == own_arguments


def test_the_readme_has_every_mart_every_variable_and_every_metric(
    manifest: dict[str, Any],
) -> None:
    readme = (ROOT / "dbt" / "README.md").read_text()
    settings = yaml.safe_load((ROOT / "dbt" / "dbt_project.yml").read_text())
    metrics = {metric["name"] for metric in manifest["metrics"].values()}

    assert not {
        name for name in MARTS | settings["vars"].keys() | metrics if f"`{name}`" not in readme
    }
