"""The build with the engine ``spark``: the same models, by dbt on Spark."""

import json
import time
from collections.abc import Callable, Mapping
from typing import Any

from mixpanel_data._internal.data_folder.paths import DataFolder
from mixpanel_data._internal.engine.session import session_settings
from mixpanel_data._internal.project.folder import DbtProject
from mixpanel_data._internal.project.package import install_package
from mixpanel_data._internal.transform.build import BuildResult, run_build
from mixpanel_data._internal.transform.dbt_process import LogListener

SETTINGS = "MP_SPARK_SETTINGS"
"""The variable by which the dbt process is given the settings of its session, which it removes."""


def build_on_spark(
    folder: DataFolder,
    *,
    project: DbtProject,
    catalog: str,
    warehouse: str,
    on_progress: Callable[[str], None],
    variables: Mapping[str, str],
) -> BuildResult:
    """Build all tables into the namespace ``mx_build`` of the catalog, and test them.

    Readers see them once published. Every table is built from scratch.

    Raises:
        MixpanelDataError: if dbt failed, or there is no Spark session; the message names the models.
    """
    started = time.monotonic()
    install_package(project)
    settings = json.dumps(session_settings(catalog, warehouse))
    ignored: list[Any] = []
    listener = LogListener(on_progress, ignored.append, ignored.append)
    nodes = run_build(
        folder,
        project.folder,
        ["--full-refresh"],
        {**variables, SETTINGS: settings},
        listener,
        target="spark",
    )
    return BuildResult(nodes, time.monotonic() - started, fresh=True)
