"""Who may build on which model, and who is known to."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

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
    sources = (ROOT / "pipelines/mixpanel_data/_internal/html_report").rglob("*.py")
    words = {
        word
        for source in sources
        for word in re.findall(r"\b(?:FROM|JOIN)\s+([a-z_]+)", source.read_text())
    }

    assert read == {"published_file": MARTS, "workspace": MARTS, "report": words & MARTS}
