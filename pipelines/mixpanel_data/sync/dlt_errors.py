"""Translates errors of dlt's steps into their causes: errors of the system, DuckDB's and ours."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager

import duckdb
from dlt.common.configuration.providers.toml import TomlProviderReadException
from dlt.pipeline.exceptions import PipelineStepFailed

from mixpanel_data._internal.api.error_chain import error_chain
from mixpanel_data.exceptions import ConfigError, MixpanelDataError

_CAUSES = (KeyboardInterrupt, MixpanelDataError, OSError, duckdb.Error)


def cause_of(failed: PipelineStepFailed) -> BaseException:
    """Return the first cause of ``failed`` that callers handle, or a general error with dlt's
    message."""
    causes = (link for link in error_chain(failed) if isinstance(link, _CAUSES))
    return next(
        causes,
        MixpanelDataError(
            f"dlt could not {failed.step} the fetched files: {failed.exception} None of them is "
            "recorded as loaded; the next run loads them.",
            details={"step": failed.step, "load_id": failed.load_id},
        ),
    )


@contextmanager
def readable_configuration() -> Iterator[None]:
    """Raise ConfigError if dlt can't read its configuration inside the block: ``config.toml`` and
    ``secrets.toml`` in ``.dlt/`` of the working folder, and of the user."""
    try:
        yield
    except TomlProviderReadException as error:
        raise ConfigError(
            f"dlt can't read its configuration: {' '.join(str(error).split())} Correct the file, or "
            "run the command in another folder."
        ) from error


@contextmanager
def without_tracebacks() -> Iterator[None]:
    """Keep tracebacks out of dlt's log inside the block, since the errors it logs are raised,
    too."""
    logger = logging.getLogger("dlt")
    logger.addFilter(_has_no_traceback)
    try:
        yield
    finally:
        logger.removeFilter(_has_no_traceback)


def _has_no_traceback(record: logging.LogRecord) -> bool:
    return not record.exc_info and "Traceback" not in record.getMessage()
