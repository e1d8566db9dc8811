"""Removes secrets from the log messages of the HTTP library.

The server chooses the headers and reason phrases that it logs.
"""

import logging
import weakref

from mixpanel_data._internal.api.redactor import Redactor

_LOGGERS = ("httpx", "httpcore.connection", "httpcore.http11", "httpcore.proxy", "httpcore.socks")


class _Filter(logging.Filter):
    def __init__(self) -> None:
        super().__init__()
        self.redactors: weakref.WeakSet[Redactor] = weakref.WeakSet()

    def filter(self, record: logging.LogRecord) -> bool:
        text = record.getMessage()
        for redactor in list(self.redactors):
            text = redactor(text)
        record.msg, record.args = text, ()
        return True


_filter = _Filter()


def redact_logs(redactor: Redactor) -> None:
    """Redact the log messages of the HTTP library for as long as ``redactor`` is in use."""
    _filter.redactors.add(redactor)
    for name in _LOGGERS:
        logging.getLogger(name).addFilter(_filter)
