"""Secrets out of what the HTTP library logs: headers and the words behind a status are the server's
to choose."""

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
    """From now on, and as long as ``redactor`` is in use, nothing it knows is logged by the HTTP
    library."""
    _filter.redactors.add(redactor)
    for name in _LOGGERS:
        logging.getLogger(name).addFilter(_filter)
