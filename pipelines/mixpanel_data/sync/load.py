"""The dlt pipeline `mixpanel` of a data folder."""

import logging
import re
import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import dlt
import duckdb
from dlt.destinations.impl.duckdb.configuration import DuckDbCredentials
from dlt.pipeline.exceptions import PipelineStepFailed

from mixpanel_data._internal.data_folder.duckdb_defaults import MEMORY_LIMIT
from mixpanel_data._internal.data_folder.paths import DataFolder
from mixpanel_data._internal.landing.files import Landed
from mixpanel_data._internal.ledger.records import Project
from mixpanel_data.destinations.mixpanel_duckdb import mixpanel_duckdb
from mixpanel_data.sources import schema
from mixpanel_data.sources.files import landed_source
from mixpanel_data.sync.dlt_errors import cause_of, readable_configuration, without_tracebacks
from mixpanel_data.sync.working_folder import drop_if_of_another, drop_unfinished, remove_old_loads

PIPELINE = "mixpanel"

OWN_PERCENT = 28
"""The share of the limit that Python, dlt and the landing use; DuckDB gets the rest."""

_LOADING = {
    # By default, dlt catches an interrupt and continues to load, without a message.
    "runtime.intercept_signals": False,
    # dlt itself writes a few lines only. A gzip file that found the disk full prints a second error
    # when it is garbage-collected (Python 3.13), after everything is reported.
    "data_writer.disable_compression": True,
}

log = logging.getLogger(__name__)


def open_pipeline(folder: DataFolder, *, memory_limit: str | None = None) -> dlt.Pipeline:
    """Open the pipeline, without pending packages.

    A package that an earlier process left unfinished is dropped, so that there is only one way to
    load a day. Otherwise dlt would load the old package instead of the new data, without a message.
    A working folder that dlt can't read is replaced by an empty one: the ledger is in the database.
    """
    folder.create()
    drop_if_of_another(_work(folder))
    if drop_unfinished(_work(folder)):
        log.warning("Dropping the unfinished load of an earlier run; this run loads its days.")
    settings: dict[str, Any] = {
        # Rows have no order; keeping one would limit the parallelism and need more memory.
        "preserve_insertion_order": False,
        "memory_limit": _duckdbs_share(memory_limit or MEMORY_LIMIT),
    }
    try:
        return _create_pipeline(folder, settings)
    except OSError:
        raise
    except Exception as error:  # noqa: BLE001  (dlt and its parsers raise many kinds)
        log.warning(
            "dlt's working folder %s can't be read (%s: %s). It is recreated; no loaded data is "
            "lost.",
            _work(folder),
            type(error).__name__,
            error,
        )
        shutil.rmtree(_work(folder))
        return _create_pipeline(folder, settings)


def _create_pipeline(folder: DataFolder, settings: Mapping[str, Any]) -> dlt.Pipeline:
    """Create the pipeline, and read the files that a run will need."""
    credentials = DuckDbCredentials(str(folder.raw))
    credentials.global_config = dict(settings)
    pipeline = dlt.pipeline(
        PIPELINE,
        pipelines_dir=str(_work(folder).parent),
        destination=mixpanel_duckdb(credentials=credentials),
        dataset_name=schema.DATASET,
    )
    # dlt reads these files late; reading them here lets a damaged one be replaced before any work.
    pipeline.list_extracted_load_packages()
    pipeline.list_normalized_load_packages()
    for name in pipeline.schema_names:
        pipeline.schemas.load_schema(name)
    return pipeline


def load(
    folder: DataFolder,
    project: Project,
    landed: Sequence[Landed],
    *,
    memory_limit: str | None = None,
    on_info: Callable[[str], None] = lambda _: None,
) -> str:
    """Load ``landed`` as one package, in one transaction a table; return the id of the load.

    ``on_info`` is called with dlt's description of the load, in a few lines.

    It returns when dlt is done. The ledger shows which days were loaded: unreadable files are left
    out.

    Raises:
        duckdb.Error, OSError: if the machine refused; nothing is recorded as loaded.
        ConfigError: if dlt can't read a file of its configuration.
    """
    with readable_configuration(), dlt.config.values(_LOADING), without_tracebacks():
        pipeline = open_pipeline(folder, memory_limit=memory_limit)
        try:
            with _kept_open(folder.raw):
                done = pipeline.run(landed_source(list(landed), project))
        except PipelineStepFailed as failed:
            raise cause_of(failed) from failed
    remove_old_loads(_work(folder))
    on_info(str(done))
    return str(done.loads_ids[0])


@contextmanager
def _kept_open(path: Path) -> Iterator[None]:
    """Keep the file's DuckDB instance open: dlt would create it six times, a fifth of a small
    load."""
    with duckdb.connect(path) as connection:
        # The job that replaces rows decides when to vacuum, and sets this. It is not among dlt's
        # settings, since dlt applies those with each connection and would undo the job's.
        connection.execute("SET GLOBAL max_vacuum_tasks = 0")
        yield


def _work(folder: DataFolder) -> Path:
    return folder.dlt / "pipelines" / PIPELINE


def _duckdbs_share(limit: str) -> str:
    # In the next smaller unit, so that whole numbers are precise enough. The settings checked it.
    number, unit = re.fullmatch(r"([\d.]+) ?(\w+)", limit).groups()  # type: ignore[union-attr]
    smaller = {
        "KB": "B",
        "MB": "KB",
        "GB": "MB",
        "TB": "GB",
        "KiB": "B",
        "MiB": "KiB",
        "GiB": "MiB",
        "TiB": "GiB",
    }
    thousand = 1024 if "i" in unit else 1000
    return f"{int(float(number) * thousand * (100 - OWN_PERCENT) / 100)}{smaller[unit]}"
