"""The build: dbt over the days that changed, into a file that no reader opens."""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from mixpanel_data._internal.data_folder.damage import first_damage
from mixpanel_data._internal.data_folder.damage_messages import is_damage
from mixpanel_data._internal.data_folder.duckdb_defaults import STORAGE_VERSION
from mixpanel_data._internal.data_folder.os_errors import error_from_message
from mixpanel_data._internal.data_folder.paths import DataFolder
from mixpanel_data._internal.project.folder import DbtProject, find_dbt_project
from mixpanel_data._internal.project.models import model_names, models_folder
from mixpanel_data._internal.project.package import install_package
from mixpanel_data._internal.publication import build_file, build_stamp
from mixpanel_data._internal.transform.build_reason import OTHER_RAW, reason_to_build_anew
from mixpanel_data._internal.transform.dbt_process import environment, run
from mixpanel_data._internal.transform.dbt_project import fingerprint
from mixpanel_data._internal.transform.dbt_results import NodeResult, read_results
from mixpanel_data.exceptions import MixpanelDataError


@dataclass(frozen=True)
class BuildResult:
    """A successful build: what dbt did, how long it took, and whether everything was built anew."""

    nodes: tuple[NodeResult, ...]
    seconds: float
    fresh: bool
    warnings: tuple[str, ...] = ()
    """What was damaged, and so built again; why everything was built anew."""


def build(
    folder: DataFolder,
    *,
    project: DbtProject | None = None,
    storage_version: str = STORAGE_VERSION,
    full_refresh: bool = False,
    on_progress: Callable[[str], None] | None = None,
    variables: Mapping[str, str] | None = None,
) -> BuildResult:
    """Build what the ledger has more than the build file; readers see nothing of it before ``publish``.

    The caller holds the folder's lock. ``project`` is the user's dbt project, which has our models as a package; without
    it they are built alone. ``variables`` are environment variables for dbt. Other models of the package, other
    variables and another ``storage_version`` build everything from scratch; of the user's models, those that changed.

    Raises:
        MixpanelDataError: dbt failed; the message names the models. The published file stays as it is, and the next
            build does the same days again.
    """
    started = time.monotonic()
    _require_raw(folder)
    project = project or find_dbt_project(None, None, "")
    install_package(project)
    made_by = current_fingerprint(storage_version, project)
    built = build_file.build_file(folder)
    reason = reason_to_build_anew(folder, made_by, storage_version, built=built)
    anew = full_refresh or reason == OTHER_RAW
    prepared = build_file.prepare_build_file(
        folder,
        made_by,
        storage_version,
        anew=anew,
        ours=model_names(),
        in_project=not project.is_package,
    )
    reasons = [reason] if reason and prepared.empty else []
    report = on_progress or (lambda _: None)

    def from_scratch(why: str) -> None:
        reasons.append(why)
        report(f"all tables anew: {why}")

    if reason:
        report(f"all tables anew: {reason}")
    options = []
    if prepared.empty and not project.is_package:
        # The file still has the user's tables. dbt may not add to those that it can build from scratch.
        options = ["--full-refresh"]
    complaints: list[str] = []
    nodes = _run(
        folder, project.folder, options, variables or {}, report, from_scratch, complaints.append
    )
    build_stamp.mark_built(built)
    why = f"All tables were built anew: {'; '.join(reasons)}." if reasons else None
    warnings = tuple(filter(None, (prepared.warning, why, *complaints)))
    return BuildResult(nodes, time.monotonic() - started, prepared.empty or bool(reasons), warnings)


def current_fingerprint(storage_version: str, project: DbtProject) -> str:
    """Return the hash of the models, variables and settings that a build would use now."""
    return fingerprint(project, {"storage_version": storage_version})


def _run(
    folder: DataFolder,
    project: Path,
    options: Sequence[str],
    variables: Mapping[str, str],
    report: Callable[[str], None],
    from_scratch: Callable[[str], None],
    warn: Callable[[str], None],
) -> tuple[NodeResult, ...]:
    arguments = [
        *("build", "--project-dir", str(project), "--profiles-dir", str(models_folder())),
        *("--exclude-resource-type", "unit_test"),  # they test the models, not the data
        *("--exclude-resource-type", "exposure"),  # nothing is done for one
        *("--exclude", "tag:mixpanel_data_keys"),  # the materializations check the keys of new rows
        *("--log-format", "json", "--no-use-colors-file"),
        *options,
    ]
    results = folder.build / "target" / "results.json"
    results.unlink(missing_ok=True)
    errors = run(
        arguments,
        folder.root,
        environment(folder.build, variables),
        results,
        report,
        from_scratch,
        warn,
    )
    nodes = read_results(results)
    if errors:
        raise _failure(folder, nodes, errors)
    return nodes


def _require_raw(folder: DataFolder) -> None:
    if not folder.raw.exists():
        raise MixpanelDataError(
            f"There is nothing to build: {folder.raw} does not exist. `mp sync` fetches into it.",
            details={"path": str(folder.raw)},
        )


def _failure(
    folder: DataFolder, nodes: tuple[NodeResult, ...], errors: list[str]
) -> MixpanelDataError:
    bad = [node for node in nodes if not node.ok and node.status != "skipped"]
    for message in (*(node.message or "" for node in bad), *errors):
        if refused := error_from_message(message, folder.root):
            return refused
        if is_damage(message) and (found := first_damage(folder.root)):
            return found
    skipped = [node.name for node in nodes if node.status == "skipped"]
    log = folder.build / "logs" / "dbt.log"
    messages = [f"{node.kind} {node.name}: {node.message}" for node in bad] or errors[-3:]
    return MixpanelDataError(
        "dbt could not build the tables, so the published ones stay as they were. "
        + " ".join(" ".join(text.split()) for text in messages)
        + f" The log is {log}.",
        details={
            "failed": [node.name for node in bad],
            "skipped": skipped,
            "errors": errors,
            "log": str(log),
        },
    )
