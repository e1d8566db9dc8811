"""The build with the engine ``spark``: the same models, by dbt on Spark."""

import json
import time
from collections.abc import Callable, Mapping, Sequence
from datetime import date
from typing import Any

from mixpanel_data._internal.data_folder.paths import DataFolder
from mixpanel_data._internal.engine.session import REPLACED_DAYS, SETTINGS, session_settings
from mixpanel_data._internal.project.folder import DbtProject
from mixpanel_data._internal.project.package import install_package
from mixpanel_data._internal.transform.build import BuildResult, run_build
from mixpanel_data._internal.transform.dbt_process import LogListener


def build_on_spark(
    folder: DataFolder,
    *,
    project: DbtProject,
    catalog: str,
    warehouse: str,
    on_progress: Callable[[str], None],
    variables: Mapping[str, str],
    days: Sequence[date] | None = None,
) -> BuildResult:
    """Build all tables into the namespace ``mx_build`` of the catalog, and test them.

    Readers see them once published. Tables with a partition for each day keep those of other days
    than ``days``, which may be none; all others are built from scratch. If ``days`` is None, every
    table is.

    Raises:
        MixpanelDataError: if dbt failed, or there is no Spark session; the message names the models.
    """
    started = time.monotonic()
    install_package(project)
    settings = json.dumps(session_settings(catalog, warehouse))
    replaced = {} if days is None else {REPLACED_DAYS: ",".join(map(str, days))}
    ignored: list[Any] = []
    listener = LogListener(on_progress, ignored.append, ignored.append)
    nodes = run_build(
        folder,
        project.folder,
        ["--full-refresh"],
        {**variables, **replaced, SETTINGS: settings},
        listener,
        target="spark",
    )
    return BuildResult(nodes, time.monotonic() - started, fresh=days is None)
