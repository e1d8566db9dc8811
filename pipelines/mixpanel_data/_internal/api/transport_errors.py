"""Translates failures below HTTP."""

import socket
import ssl

import httpx

from mixpanel_data._internal.api.deadlines import find_too_slow_error
from mixpanel_data._internal.api.error_chain import error_chain, remove_quoted_bytes
from mixpanel_data._internal.api.errors import request_context
from mixpanel_data._internal.api.http_client import proxy_for
from mixpanel_data._internal.api.redactor import Redactor
from mixpanel_data.exceptions import APIError

_CAUSES: dict[type[BaseException], tuple[str, str]] = {
    socket.gaierror: ("dns", "the host's name could not be resolved"),
    ConnectionRefusedError: ("refused", "the connection was refused"),
    ssl.SSLCertVerificationError: ("certificate", "the host's TLS certificate is not trusted"),
    ssl.SSLError: ("tls", "no secure connection could be made"),
    httpx.ConnectTimeout: ("timeout", "no connection within the time limit"),
    httpx.ReadTimeout: ("timeout", "no response within the time limit"),
    httpx.TimeoutException: ("timeout", "the time limit passed while sending"),
    httpx.ProxyError: ("proxy", "the proxy refused"),
    httpx.UnsupportedProtocol: ("protocol", "the address has an unknown protocol"),
    httpx.ReadError: ("connection lost", "the connection was lost"),
    httpx.RemoteProtocolError: (
        "connection lost",
        "the connection ended without a valid response",
    ),
}

_CERTIFICATE_CURE = (
    ". If a proxy of your organisation replaces it, set SSL_CERT_FILE to a file with the "
    "certificate of its authority"
)

PERMANENT = frozenset({"certificate", "protocol", "too slow"})
"""Causes after which a retry can't succeed."""

NO_SERVER = PERMANENT | {"dns", "refused", "tls", "proxy"}
"""Causes that affect every request. A lost connection or a timeout may affect one request only.
"""


def network_error(error: httpx.TransportError, redactor: Redactor) -> APIError:
    """Return an APIError without status that names the host; ``details["cause"]`` is a stable
    word."""
    remove_quoted_bytes(error)
    cause, words = _cause(error)
    if slow := find_too_slow_error(error):
        cause, words = "too slow", f"{slow} MP_MAX_ANSWER_TIME allows more".rstrip(".")
    host = error.request.url.host
    details = {"cause": cause, "host": host}
    through = ""
    if proxy := proxy_for(error.request.url):
        details["proxy"] = redactor(proxy)
        through = f" through the proxy {details['proxy']}"
    if cause == "certificate":
        words += _CERTIFICATE_CURE
    return APIError(
        f"No response from {host}{through}: {words or redactor(str(error))}.",
        details=details,
        **request_context(error.request, redactor),
    )


def _cause(error: BaseException) -> tuple[str, str]:
    # The system's own error is more specific than the httpx error around it.
    for link in reversed(list(error_chain(error))):
        for kind, named in _CAUSES.items():
            if isinstance(link, kind):
                return named
    return "network", ""
