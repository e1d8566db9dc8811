"""What went wrong below HTTP, in plain words."""

import socket
import ssl

import httpx

from mixpanel_data._internal.api.deadlines import too_slow
from mixpanel_data._internal.api.error_chain import chain, without_quotes
from mixpanel_data._internal.api.errors import request_context
from mixpanel_data._internal.api.redactor import Redactor
from mixpanel_data.exceptions import APIError

_CAUSES: dict[type[BaseException], tuple[str, str]] = {
    socket.gaierror: ("dns", "the host's name could not be resolved"),
    ConnectionRefusedError: ("refused", "the connection was refused"),
    ssl.SSLCertVerificationError: ("certificate", "the host's TLS certificate is not trusted"),
    ssl.SSLError: ("tls", "no secure connection could be made"),
    httpx.ConnectTimeout: ("timeout", "no connection within the time limit"),
    httpx.ReadTimeout: ("timeout", "no answer within the time limit"),
    httpx.TimeoutException: ("timeout", "the time limit passed while sending"),
    httpx.ProxyError: ("proxy", "the proxy refused"),
    httpx.UnsupportedProtocol: ("protocol", "the address has an unknown protocol"),
    httpx.ReadError: ("broken", "the connection broke"),
    httpx.RemoteProtocolError: (
        "broken",
        "the connection ended without a proper answer",
    ),
}

PERMANENT = frozenset({"certificate", "protocol", "too slow"})
"""Causes that another try can't cure."""

NO_SERVER = PERMANENT | {"dns", "refused", "tls", "proxy"}
"""Causes that every request meets. A connection that breaks, or a wait that is too long, may be of
one request alone."""


def network_error(error: httpx.TransportError, redactor: Redactor) -> APIError:
    """An APIError without status that names host and cause; ``details["cause"]`` is a stable word."""
    without_quotes(error)
    cause, words = _cause(error)
    if slow := too_slow(error):
        cause, words = "too slow", f"{slow} MP_MAX_ANSWER_TIME allows more".rstrip(".")
    host = error.request.url.host
    return APIError(
        f"No answer from {host}: {words or redactor(str(error))}.",
        details={"cause": cause, "host": host},
        **request_context(error.request, redactor),
    )


def _cause(error: BaseException) -> tuple[str, str]:
    # The system's own error is more telling than what httpx wraps around it.
    for link in reversed(list(chain(error))):
        for kind, named in _CAUSES.items():
            if isinstance(link, kind):
                return named
    return "network", ""
