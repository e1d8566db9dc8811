"""How much a command prints on stderr: ``--quiet`` and ``--verbose``."""

import logging
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

_quiet: ContextVar[bool] = ContextVar("quiet", default=False)
_verbose: ContextVar[bool] = ContextVar("verbose", default=False)
# Each of these logs a line for a request or a step; secrets are removed before.
_LOGGERS = ("httpx", "mixpanel_data")


def is_quiet() -> bool:
    """Return True if only errors are printed on stderr."""
    return _quiet.get()


def is_verbose() -> bool:
    """Return True if requests, steps and the context of errors are printed, too."""
    return _verbose.get()


@contextmanager
def quiet(asked: bool) -> Iterator[None]:
    """Print nothing but errors on stderr, if that was asked for."""
    before = _quiet.set(asked)
    try:
        yield
    finally:
        _quiet.reset(before)


@contextmanager
def verbose(asked: bool) -> Iterator[None]:
    """Print each request and the context of errors on stderr, if that was asked for."""
    if not asked:
        yield
        return
    # Not reset: the error that ends the command is printed after it.
    _verbose.set(True)
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(logging.Formatter("%(asctime)s %(message)s", "%H:%M:%S"))
    loggers = [logging.getLogger(name) for name in _LOGGERS]
    levels = [logger.level for logger in loggers]
    for logger in loggers:
        logger.addHandler(handler)
        logger.setLevel(logging.INFO)
    try:
        yield
    finally:
        for logger, level in zip(loggers, levels, strict=True):
            logger.removeHandler(handler)
            logger.setLevel(level)


def reset() -> None:
    """Forget what an earlier command in this process was asked."""
    _verbose.set(False)
