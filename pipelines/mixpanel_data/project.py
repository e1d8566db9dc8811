"""The user's project: where it is, its dbt project, and the variables set there; and a new one.

Each name is imported when it is first used: dlt imports this module with every start.
"""

from typing import TYPE_CHECKING

from mixpanel_data._lazy import lazy_names

if TYPE_CHECKING:
    from mixpanel_data._internal.project.folder import (
        CHECKOUT,
        PROJECT_DIR,
        DbtProject,
        ProjectFolder,
        find_dbt_project,
        find_project,
        is_project,
    )
    from mixpanel_data._internal.project.init import NewProject, init_project
    from mixpanel_data._internal.project.models import checkout_root, load_flows, models_folder
    from mixpanel_data._internal.project.variables import read_variables
    from mixpanel_data._internal.transform.variables import check_variables

_HOMES = {
    "_internal.project.folder": (
        "CHECKOUT",
        "PROJECT_DIR",
        "DbtProject",
        "ProjectFolder",
        "find_dbt_project",
        "find_project",
        "is_project",
    ),
    "_internal.project.init": ("NewProject", "init_project"),
    "_internal.project.models": ("checkout_root", "load_flows", "models_folder"),
    "_internal.project.variables": ("read_variables",),
    "_internal.transform.variables": ("check_variables",),
}

__all__ = [
    "CHECKOUT",
    "PROJECT_DIR",
    "DbtProject",
    "NewProject",
    "ProjectFolder",
    "check_variables",
    "checkout_root",
    "find_dbt_project",
    "find_project",
    "init_project",
    "is_project",
    "load_flows",
    "models_folder",
    "read_variables",
]

__getattr__, __dir__ = lazy_names(__name__, _HOMES)
