"""The build: runs dbt over the days that changed, into a file that no reader opens."""

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
from mixpanel_data._internal.transform.build_reason import OTHER_RAW, reason_to_rebuild
from mixpanel_data._internal.transform.dbt_process import LogListener, dbt_environment, run_dbt
from mixpanel_data._internal.transform.dbt_project import fingerprint
from mixpanel_data._internal.transform.dbt_results import (
    NodeResult,
    failure_lines,
    read_results,
    reason_lines,
)
from mixpanel_data.exceptions import MixpanelDataError

SHOWN_FAILURES = 5
"""Failed models and tests that a message describes."""


@dataclass(frozen=True)
class BuildResult:
    """The result of a successful build. ``fresh`` is True if all tables were rebuilt."""

    nodes: tuple[NodeResult, ...]
    seconds: float
    fresh: bool
    warnings: tuple[str, ...] = ()
    """A damaged file that was rebuilt, the reason of a full rebuild, and warnings of macros."""


def build(
    folder: DataFolder,
    *,
    project: DbtProject | None = None,
    storage_version: str = STORAGE_VERSION,
    full_refresh: bool = False,
    on_progress: Callable[[str], None] | None = None,
    on_end: Callable[[str, bool], None] = lambda _what, _ok: None,
    variables: Mapping[str, str] | None = None,
) -> BuildResult:
    """Build the days that the ledger has and the build file lacks. Readers see them once published.

    The caller must hold the folder's lock. ``project`` is the user's dbt project, which has our
    models as a package; without it, they are built alone. ``on_end`` is called with each node that
    ended, such as ``model events``, and whether it succeeded. ``variables`` are environment variables
    for dbt. A change of the package's models, of the variables or of ``storage_version`` rebuilds
    all tables; a change of the user's models rebuilds these.

    Raises:
        MixpanelDataError: if dbt failed; the message names the models. The published file is
            unchanged, and the next build repeats the same days.
        StorageError: if the machine refused the work: no space, no permission, no memory.
        DatabaseDamagedError: if dbt failed because a database of the folder is damaged.
    """
    started = time.monotonic()
    require_data(folder)
    project = project or find_dbt_project(None, None, "")
    install_package(project)
    made_by = current_fingerprint(storage_version, project)
    built = build_file.build_file(folder)
    reason = reason_to_rebuild(folder, made_by, storage_version, built=built)
    # dbt adds the loads that the file lacks, and can't remove those that only the file has.
    start_empty = full_refresh or reason == OTHER_RAW
    prepared = build_file.prepare_build_file(
        folder,
        made_by,
        storage_version,
        start_empty=start_empty,
        ours=model_names(),
        in_project=not project.is_package,
    )
    reasons = [reason] if reason and prepared.empty else []
    report = on_progress or (lambda _: None)

    def on_rebuild(why: str) -> None:
        reasons.append(why)
        report(f"all tables are rebuilt: {why}")

    if reason:
        report(f"all tables are rebuilt: {reason}")
    options = []
    if prepared.empty and not project.is_package:
        # The file still has the user's tables, whose incremental models would add to old rows.
        options = ["--full-refresh"]
    macro_warnings: list[str] = []
    listener = LogListener(report, on_rebuild, macro_warnings.append, on_end)
    nodes = run_build(folder, project.folder, options, variables or {}, listener)
    # Only after dbt succeeded: the mark allows the file to be published.
    build_stamp.mark_built(built)
    why = f"All tables were rebuilt: {'; '.join(reasons)}." if reasons else None
    warnings = tuple(filter(None, (prepared.warning, why, *macro_warnings)))
    return BuildResult(nodes, time.monotonic() - started, prepared.empty or bool(reasons), warnings)


def current_fingerprint(storage_version: str, project: DbtProject) -> str:
    """Return the hash of the models, variables and settings that a build would use now."""
    return fingerprint(project, {"storage_version": storage_version})


def run_build(
    folder: DataFolder,
    project: Path,
    options: Sequence[str],
    variables: Mapping[str, str],
    listener: LogListener,
    *,
    target: str = "engine",
) -> tuple[NodeResult, ...]:
    """Run ``dbt build`` with a target of the profile, and return the results of its nodes.

    Raises:
        MixpanelDataError: if dbt failed; the message names the models.
    """
    arguments = [
        *("build", "--project-dir", str(project), "--profiles-dir", str(models_folder())),
        *("--exclude-resource-type", "unit_test"),  # they test the models, not the data
        *("--exclude-resource-type", "exposure"),  # nothing is done for one
        *("--exclude", "tag:mixpanel_data_keys"),  # the materializations check the keys of new rows
        "--no-use-colors-file",
        *options,
    ]
    results = folder.build / "target" / "results.json"
    # Results of an earlier build must not be read if this one is killed before it writes its own.
    results.unlink(missing_ok=True)
    errors = run_dbt(
        arguments,
        folder.root,
        dbt_environment(folder.build, variables, target),
        results,
        listener,
    )
    nodes = read_results(results)
    if errors:
        raise _build_error(folder, nodes, errors)
    return nodes


def require_data(folder: DataFolder) -> None:
    """Raise MixpanelDataError if nothing was ever loaded."""
    if not folder.raw.exists():
        raise MixpanelDataError(
            f"There is nothing to build: {folder.raw} does not exist. `mp sync` fetches into it.",
            details={"path": str(folder.raw)},
        )


def _build_error(
    folder: DataFolder, nodes: tuple[NodeResult, ...], errors: list[str]
) -> MixpanelDataError:
    """Return the error for a failed build: the machine's or a file's fault, else that of models."""
    bad = [node for node in nodes if not node.ok and node.status != "skipped"]
    # A full disk or a damaged file fails some model; that error would send the user to its SQL.
    for message in (*(node.message or "" for node in bad), *errors):
        if storage_error := error_from_message(message, folder.root):
            return storage_error
        if is_damage(message) and (damaged := first_damage(folder.root)):
            return damaged
    skipped = [node.name for node in nodes if node.status == "skipped"]
    log = folder.build / "logs" / "dbt.log"
    lines = [line for node in bad[:SHOWN_FAILURES] for line in failure_lines(node)]
    if len(bad) > SHOWN_FAILURES:
        lines.append(f"and {len(bad) - SHOWN_FAILURES} more")
    if not bad:
        lines = [line for text in errors[-3:] for line in reason_lines(text)]
    if skipped:
        lines.append(f"Not built because of that: {len(skipped)} others.")
    return MixpanelDataError(
        "\n  ".join(
            [
                "dbt could not build the tables, so the published ones are unchanged.",
                *lines,
                f"The log is {log}.",
            ]
        ),
        details={
            "failed": [node.name for node in bad],
            "skipped": skipped,
            "errors": errors,
            "log": str(log),
        },
    )
