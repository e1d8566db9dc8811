"""Runs the source in a pipeline of dlt: what ``dlt pipeline NAME run`` does with a destination."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import dlt
from dlt.common.pipeline import LoadInfo
from dlt.pipeline.exceptions import PipelineStepFailed

from mixpanel_data._internal.planning.preview import Preview
from mixpanel_data.exceptions import ConfigError, MixpanelDataError
from mixpanel_data.sources import mixpanel_source
from mixpanel_data.sources.resources import collected_failures, preview_events
from mixpanel_data.sources.schema import DATASET, EVENTS, GROUP_PROFILES, LEDGER, PROFILES
from mixpanel_data.sync.dlt_errors import cause_of, readable_configuration, without_tracebacks

_RESOURCES = {
    "events": (EVENTS, LEDGER),
    "profiles": (PROFILES, GROUP_PROFILES, LEDGER),
}


@dataclass(frozen=True)
class Done:
    """The result of a run."""

    info: LoadInfo | None
    """None if there was nothing to load."""
    failures: Sequence[MixpanelDataError]
    """What could not be fetched; everything else was loaded."""


def find_pipeline(
    name: str, *, destination: str | None = None, dataset: str | None = None
) -> dlt.Pipeline | None:
    """Return the pipeline ``name``; None if it has no destination but the data folder of ``mp``.

    Its destination is the one given, else that of its working folder, else ``destination_type`` of
    dlt's configuration.

    Args:
        name: Name of the pipeline.
        destination: Name of a destination of dlt.
        dataset: The dataset, or schema, in it. None: that of the working folder, else
            ``mixpanel``.
    """
    folder = _working_folder(name)
    known = _has_folder(folder)
    if not destination and not known:
        configured: Any = dlt.config.get(f"pipelines.{name}.destination_type")
        destination = configured or dlt.config.get("destination_type")
        if not destination:
            return None
    options: dict[str, Any] = {"dataset_name": dataset or DATASET} if dataset or not known else {}
    pipeline: dlt.Pipeline = dlt.pipeline(name, destination=destination, **options)
    if getattr(pipeline.destination, "imports_landed_files", False):
        return None
    if pipeline.destination is None:
        raise ConfigError(
            f"The working folder {folder} names no destination: add --destination, or delete it."
        )
    return pipeline


def run_pipeline(
    pipeline: dlt.Pipeline,
    *,
    first: str | None = None,
    last: str | None = None,
    only: str | None = None,
    refetch: bool = False,
    full_profiles: bool = False,
    table_format: Any = None,
) -> Done:
    """Fetch what the destination lacks, and the look-back days, and load it.

    Packages that an earlier process left unfinished are dropped: the ledger in the destination
    shows which days they had, and this run loads them.

    Args:
        pipeline: A pipeline with a destination.
        first: First day, ``YYYY-MM-DD``.
        last: Last day, included. None: yesterday.
        only: ``events`` or ``profiles``; None: both.
        refetch: Fetch complete days, too.
        full_profiles: Read all profiles.
        table_format: ``delta`` or ``iceberg``, at the first load into a ``filesystem``.

    Raises:
        ConfigError: if there are no credentials, or the destination has another project.
        MixpanelDataError: if nothing could be fetched, or dlt could not load what was.
    """
    source = mixpanel_source(
        start_date=first, end_date=last, refetch=refetch, full_profiles=full_profiles
    )
    if only:
        source = source.with_resources(*_RESOURCES[only])
    if pipeline.has_pending_data:
        pipeline.drop_pending_packages()
    with readable_configuration(), collected_failures() as failures, without_tracebacks():
        try:
            with dlt.config.values({"runtime.intercept_signals": False}):
                info = pipeline.run(source, table_format=table_format)
        except PipelineStepFailed as failed:
            raise cause_of(failed) from failed
    return Done(info, tuple(failures))


def plan_pipeline(
    pipeline: dlt.Pipeline,
    *,
    first: str | None = None,
    last: str | None = None,
    refetch: bool = False,
) -> Preview:
    """Return the requests for events that :func:`run_pipeline` would send, without sending any."""
    source = mixpanel_source(start_date=first, end_date=last, refetch=refetch)
    return preview_events(source, pipeline)


def _working_folder(name: str) -> Path:
    return Path(dlt.current.run_context().get_data_entity("pipelines")) / name


def _has_folder(folder: Path) -> bool:
    return (folder / "state.json").is_file()
