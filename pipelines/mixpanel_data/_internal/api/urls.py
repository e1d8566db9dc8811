"""The addresses of Mixpanel's APIs."""

from ipaddress import ip_address
from typing import Literal
from urllib.parse import urlsplit

import httpx

from mixpanel_data._internal.auth.credentials import Region
from mixpanel_data.exceptions import ConfigError

Family = Literal["export", "query", "app"]
"""Mixpanel's read APIs. Each has its own host, path and rate limit."""

_PATHS: dict[Family, str] = {"export": "/api/2.0", "query": "/api/query", "app": "/api/app"}

# The region is a suffix for export and a prefix for query and app (servers sections of Mixpanel's
# OpenAPI files).
_HOSTS: dict[Region, dict[Family, str]] = {
    "us": {"export": "data.mixpanel.com", "query": "mixpanel.com", "app": "mixpanel.com"},
    "eu": {"export": "data-eu.mixpanel.com", "query": "eu.mixpanel.com", "app": "eu.mixpanel.com"},
    "in": {"export": "data-in.mixpanel.com", "query": "in.mixpanel.com", "app": "in.mixpanel.com"},
}


def api_urls(
    region: Region, base_url: str | None = None, *, allow_http: bool = False
) -> dict[Family, str]:
    """Return the address of each API family, without a final slash.

    ``base_url`` replaces the hosts of all three, for the sandbox and for proxies.

    Raises:
        ConfigError: if it is not an ``http(s)://host[:port][/path]`` address, or would send
            credentials unencrypted to another machine.
    """
    if base_url is not None:
        root = _require_address(base_url)
        if not (allow_http or is_private(root)):
            raise ConfigError(
                f"The API base URL {root} would send the account's secret unencrypted to "
                f"{httpx.URL(root).host}. Use https://, or set MP_ALLOW_HTTP=yes.",
                details={"api_base_url": root},
            )
        return {family: root + path for family, path in _PATHS.items()}
    return {family: f"https://{_HOSTS[region][family]}{path}" for family, path in _PATHS.items()}


def is_private(base_url: str) -> bool:
    """Return True if traffic to this address is encrypted or does not leave this machine."""
    url = httpx.URL(base_url)
    return url.scheme == "https" or is_loopback(url.host)


def is_loopback(host: str) -> bool:
    """Return True if ``host`` is this machine: ``localhost`` or a loopback address."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host.rstrip(".").lower() == "localhost"


def _require_address(base_url: str) -> str:
    fault = _address_fault(base_url)
    if fault:
        raise ConfigError(
            f"The API base URL {fault}. An example is http://127.0.0.1:8000; it is set by "
            "MP_API_BASE_URL, which is only needed for the sandbox or a proxy."
        )
    return base_url.strip().rstrip("/")


def _address_fault(base_url: str) -> str | None:
    try:
        url = httpx.URL(base_url.strip())
        urlsplit(base_url)  # rejects addresses that httpx accepts until it connects, such as [::1
    except (httpx.InvalidURL, ValueError):
        return "can't be read as an address"
    if url.scheme not in ("http", "https") or not url.host:
        return "does not begin with http:// or https:// and a host"
    if url.userinfo:
        return "contains credentials, which have their own settings"
    if url.query or url.fragment or base_url.strip()[-1] in "?#":
        return "has a query or a fragment"
    return None
