"""The HTTP client with the proxy and the certificates that the environment names."""

import os
import ssl
import urllib.request
from pathlib import Path

import httpx

from mixpanel_data._redaction import redact
from mixpanel_data.exceptions import ConfigError

_CA_VARIABLES = ("SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE")


def new_http_client(*, trust_env: bool, transport: httpx.BaseTransport | None) -> httpx.Client:
    """Return a client.

    With ``trust_env`` it takes the proxy of ``HTTPS_PROXY``, ``ALL_PROXY`` and ``NO_PROXY``, and
    the certificate authorities of ``SSL_CERT_FILE``, ``REQUESTS_CA_BUNDLE`` or ``CURL_CA_BUNDLE``.

    Raises:
        ConfigError: if one of them is malformed, or names a file that can't be read.
    """
    if not trust_env:
        return httpx.Client(transport=transport, trust_env=False)
    verify = _certificates()
    try:
        return httpx.Client(transport=transport, verify=verify)
    except ImportError:
        raise ConfigError(
            f"{_proxy_variables()} names a SOCKS proxy, which needs one more package: "
            "pip install 'httpx[socks]'."
        ) from None
    except (ValueError, httpx.InvalidURL) as error:
        raise ConfigError(
            f"{_proxy_variables()} is not the address of a proxy, such as "
            f"http://proxy.example:3128: {redact(str(error))}."
        ) from None


def proxy_for(url: httpx.URL) -> str | None:
    """Return the environment's proxy for ``url`` without credentials, None if there is none.

    Requests over plain http take no proxy.
    """
    proxies = urllib.request.getproxies()
    proxy = proxies.get("https") or proxies.get("all")
    if url.scheme != "https" or not proxy or urllib.request.proxy_bypass(url.host):
        return None
    return redact(proxy if "://" in proxy else f"http://{proxy}")


def _proxy_variables() -> str:
    names = ("HTTPS_PROXY", "ALL_PROXY", "HTTP_PROXY", "NO_PROXY")
    return " or ".join(
        name for name in names if os.environ.get(name) or os.environ.get(name.lower())
    )


def _certificates() -> ssl.SSLContext | bool:
    for name in _CA_VARIABLES:
        path = os.environ.get(name)
        if not path:
            continue
        try:
            if Path(path).is_dir():
                return ssl.create_default_context(capath=path)
            return ssl.create_default_context(cafile=path)
        except (OSError, ValueError) as error:
            reason = getattr(error, "strerror", None) or str(error)
            raise ConfigError(
                f"{name}: no certificates can be read from {path}: {reason}."
            ) from None
    return True
