"""What made a step of dlt fail: the engine's callers know the system's errors and ours, not dlt's."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager

import duckdb
from dlt.pipeline.exceptions import PipelineStepFailed

from mixpanel_data.exceptions import MixpanelDataError

_TELLING = (KeyboardInterrupt, MixpanelDataError, OSError, duckdb.Error)


def cause(failed: PipelineStepFailed) -> BaseException:
    """The error under ``failed`` that callers know; one with dlt's words when there is none."""
    known = (link for link in _chain(failed) if isinstance(link, _TELLING))
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
    """Keeps tracebacks out of dlt's log while the block runs: what it logs it raises too."""
    logger = logging.getLogger("dlt")
    logger.addFilter(_has_no_traceback)
    try:
        yield
    finally:
        logger.removeFilter(_has_no_traceback)


def _has_no_traceback(record: logging.LogRecord) -> bool:
    return not record.exc_info and "Traceback" not in record.getMessage()


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__
