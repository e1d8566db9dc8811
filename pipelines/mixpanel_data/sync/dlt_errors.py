"""Translates errors of dlt's steps: callers know errors of the system and ours, not dlt's."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager

import duckdb
from dlt.pipeline.exceptions import PipelineStepFailed

from mixpanel_data._internal.api.error_chain import error_chain
from mixpanel_data.exceptions import MixpanelDataError

_TELLING = (KeyboardInterrupt, MixpanelDataError, OSError, duckdb.Error)


def cause(failed: PipelineStepFailed) -> BaseException:
    """Return the first cause of ``failed`` that callers know, or a general error with dlt's
    message."""
    known = (link for link in error_chain(failed) if isinstance(link, _TELLING))
    return next(
        known,
        MixpanelDataError(
            f"dlt could not {failed.step} what arrived: {failed.exception} Nothing of it counts as loaded; "
            "the next run begins with it.",
            details={"step": failed.step, "load_id": failed.load_id},
        ),
    )


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
