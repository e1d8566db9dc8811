"""The models as dbt compiles them for Spark, without a Spark: DuckDB's SQL, with the macros that Spark has of its own."""

import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from support import warm_dbt

ROOT = Path(__file__).parents[3]
_OWN = re.compile(r"macro mixpanelspark__(\w+)\((.*?)\)")


@dataclass(frozen=True)
class Model:
    """A model, in the order of a build."""

    name: str
    sql: str
    is_public: bool
    contract: dict[str, str]
    """Column to DuckDB type, of a model with a contract."""


def compiled_for_spark(folder: Path, variables: dict[str, Any]) -> list[Model]:
    """All models of the project over the data folder ``folder``, which DuckDB has built, and the statements of hooks.

    A project around ours decides which macros are called, as dbt's `dispatch` allows: those for Spark.
    """
    project = folder / "for_spark"
    (project / "macros").mkdir(parents=True, exist_ok=True)
    (project / "dbt_packages").mkdir(exist_ok=True)
    package = project / "dbt_packages" / "mixpanel_data"
    if not package.exists():
        package.symlink_to(ROOT / "dbt")
    (project / "packages.yml").write_text(f"packages: [{{local: {ROOT / 'dbt'}}}]\n")
    (project / "dbt_project.yml").write_text(
        json.dumps(
            {
                "name": "for_spark",
                "version": "1.0.0",
                "config-version": 2,
                "profile": "mixpanel_data",
                "dispatch": [
                    {
                        "macro_namespace": "mixpanel_data",
                        "search_order": ["for_spark", "mixpanel_data"],
                    }
                ],
                "vars": {"mixpanel_data": variables},
            }
        )
    )
    own = _OWN.findall((ROOT / "dbt/macros/for_spark.sql").read_text())
    calls = [
        f"{{% macro duckdb__{name}({arguments}) %}}{{{{ return(mixpanel_data.mixpanelspark__{name}("
        f"{', '.join(one.split('=')[0].strip() for one in arguments.split(',') if one)})) }}}}{{% endmacro %}}\n"
        for name, arguments in own
    ]
    (project / "macros" / "for_spark.sql").write_text("".join(calls))
    hooks = {"reassign_events": "identities", "assign_sessions": "int_event_sessions"}
    (project / "analyses").mkdir(exist_ok=True)
    for name, reads in hooks.items():
        (project / "analyses" / f"{name}.sql").write_text(
            "{{ config(group='product_analytics') }}"  # which may read private models
            f"-- depends_on: {{{{ ref('mixpanel_data', '{reads}') }}}}, {{{{ ref('mixpanel_data', 'events') }}}}\n"
            f"{{{{ mixpanel_data.{name}() }}}}"
        )
    own_folders = {
        "DBT_TARGET_PATH": str(project / "target"),
        "DBT_LOG_PATH": str(project / "logs"),
    }
    done = warm_dbt.dbt(
        *("compile", "--full-refresh", "--project-dir", str(project)),
        *("--profiles-dir", str(ROOT / "dbt")),
        cwd=Path.cwd(),
        own=warm_dbt.over(folder) | own_folders,
    )
    assert done.returncode == 0, done.stdout
    return _in_order(project / "target" / "manifest.json", project / "target")


def _in_order(manifest: Path, target: Path) -> list[Model]:
    nodes = json.loads(manifest.read_text())["nodes"]
    models = {
        key: node
        for key, node in nodes.items()
        if node["resource_type"] in ("model", "analysis")
        and node["config"]["materialized"] != "ephemeral"
    }
    ordered: list[str] = []
    while len(ordered) < len(models):
        ready = [
            key
            for key, node in models.items()
            if key not in ordered
            and not [up for up in node["depends_on"]["nodes"] if up in models and up not in ordered]
        ]
        assert ready
        ordered += ready
    return [_model(models[key], target) for key in ordered]


def _model(node: dict[str, Any], target: Path) -> Model:
    compiled = target / "compiled" / node["package_name"] / node["original_file_path"]
    has_contract = node["config"].get("contract", {}).get("enforced", False)
    return Model(
        node["name"],
        compiled.read_text(),
        node.get("access") == "public",
        {name: column["data_type"] for name, column in node["columns"].items()}
        if has_contract
        else {},
    )
