"""The layers of the package: every import points down, there is no circle, and heavy libraries are imported late."""

import ast
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "pipelines" / "mixpanel_data"

# From top to bottom. A package may import those below its line, itself, and nothing else of ours.
LAYERS = (
    ("cli",),
    ("mixpanel_data",),
    ("workspace", "published"),
    ("_internal.workspace",),
    ("_internal.dashboard",),
    ("_internal.html_report",),
    ("sync", "auth", "settings", "project"),
    ("_internal.health",),
    ("_internal.alerts",),
    ("destinations",),
    ("sources",),
    ("_internal.extract",),
    ("_internal.run",),
    ("_internal.transform",),
    ("_internal.engine",),
    ("_internal.publish_targets",),
    ("_internal.publication",),
    ("_internal.services",),
    ("_internal.storage",),
    ("_internal.planning",),
    ("_internal.ledger",),
    ("_internal.database",),
    ("_internal.config",),
    ("_internal.settings",),
    ("_internal.project",),
    ("_internal.landing",),
    ("types",),
    ("_internal.api_client",),
    ("_internal.rate_limit",),
    ("_internal.sql",),
    ("_internal.streams", "_internal.time_zones"),
    ("_internal.api",),
    ("_internal.auth",),
    ("_internal.data_folder",),
    ("_internal.clock", "_internal.sql_literals", "_internal.text", "_internal.unknown_settings"),
    ("exceptions",),
    ("_display", "_json_safe", "_lazy", "_redaction", "_version"),
    (
        "sandbox",
    ),  # shares nothing with the client: see test_the_sandbox_shares_nothing_with_the_client
)
LAYER = {package: number for number, layer in enumerate(reversed(LAYERS)) for package in layer}

# Libraries that take long to import and that most commands end without. Only these may be imported inside a function.
HEAVY = {
    *("apprise", "dlt", "duckdb", "jinja2", "pandas", "polars", "pyarrow", "rich", "vl_convert"),
    *("pyiceberg", "pyspark", "sqlalchemy"),
}
# Packages whose commands import what they run when it runs, so that `mp --help` is quick.
LATE = ("cli",)
# Modules of ours that import a heavy library, imported where it is needed.
HEAVY_MODULES = {
    f"mixpanel_data.sync.{name}"
    for name in (
        *("load", "lake", "lineage_events", "engine_check", "engine_compare", "engine_move"),
        "engine_query",
    )
}


def modules() -> dict[str, Path]:
    """Every module of the package by its dotted name."""
    found = {}
    for path in sorted(PACKAGE.rglob("*.py")):
        name = ".".join(path.relative_to(PACKAGE.parent).with_suffix("").parts)
        found[name.removesuffix(".__init__")] = path
    return found


MODULES = modules()


def imported(path: Path) -> Iterator[tuple[str, bool]]:
    """Each module that ``path`` imports, and whether it does so inside a function."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    inside = {
        id(node)
        for function in ast.walk(tree)
        if isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef)
        for node in ast.walk(function)
    }
    for node in ast.walk(tree):
        late = id(node) in inside
        if isinstance(node, ast.Import):
            yield from ((alias.name, late) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            module = node.module or ""
            for alias in node.names:
                full = f"{module}.{alias.name}"
                yield (full if full in MODULES else module), late


def package_of(module: str) -> str:
    """The package of a module of ours, as ``LAYERS`` names it."""
    parts = module.split(".")[1:]
    return ".".join(parts[: 2 if parts[:1] == ["_internal"] else 1]) or "mixpanel_data"


def ours(path: Path) -> list[str]:
    return [name for name, _ in imported(path) if name.split(".")[0] == "mixpanel_data"]


def test_every_package_has_its_layer_and_every_layer_a_package():
    named = {package_of(name) for name in MODULES} - {"_internal"}

    assert named == set(LAYER)


def test_every_import_points_down():
    up = [
        f"{name} imports {other}"
        for name, path in MODULES.items()
        for other in ours(path)
        if package_of(other) != package_of(name)
        and LAYER[package_of(other)] >= LAYER[package_of(name)]
    ]

    assert up == []


def test_no_modules_import_each_other_in_a_circle():
    graph = {name: set(ours(path)) & set(MODULES) for name, path in MODULES.items()}
    # A module that imports nothing that is left can be in no circle.
    while ready := {name for name, others in graph.items() if not others}:
        graph = {name: others - ready for name, others in graph.items() if name not in ready}

    assert graph == {}


def test_only_heavy_libraries_are_imported_inside_a_function():
    found = [
        f"{name} imports {module}"
        for name, path in MODULES.items()
        if package_of(name) not in LATE
        for module, late in imported(path)
        if late and module.split(".")[0] not in HEAVY and module not in HEAVY_MODULES
    ]

    assert found == []


def test_the_engine_imports_no_terminal_library_and_nothing_imports_prefect_or_dbt():
    found = [
        f"{name} imports {module}"
        for name, path in MODULES.items()
        for module, _ in imported(path)
        if module.split(".")[0] in {"prefect", "dbt"}
        or ("._internal." in name and module.split(".")[0] in {"typer", "rich"})
    ]

    assert found == []


def test_commands_flows_and_the_pipeline_script_use_public_names_only():
    files = [path for name, path in MODULES.items() if package_of(name) == "cli"]
    files += [*(ROOT / "flows").rglob("*.py"), *(ROOT / "pipelines").glob("*.py")]
    found = [
        f"{path.relative_to(ROOT)} imports {module}"
        for path in files
        for module in ours(path)
        if any(part.startswith("_") for part in module.split("."))
    ]

    assert found == []


def test_the_sandbox_shares_nothing_with_the_client():
    of_sandbox = [path for name, path in MODULES.items() if package_of(name) == "sandbox"]

    assert {package_of(other) for path in of_sandbox for other in ours(path)} == {"sandbox"}


def test_no_module_has_the_name_of_a_library_that_its_users_import():
    folders = [*(ROOT / "pipelines").iterdir(), *(ROOT / "flows").glob("*.py")]

    assert not {path.stem for path in folders} & {"mixpanel", "dlt", "dbt", "prefect", "duckdb"}
