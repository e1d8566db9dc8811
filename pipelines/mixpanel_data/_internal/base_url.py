"""Whether an account may be used at the address that the settings name instead of Mixpanel's."""

import warnings

import httpx

from mixpanel_data._internal.api_urls import is_loopback
from mixpanel_data._internal.config import Resolution
from mixpanel_data._internal.settings import Settings
from mixpanel_data.exceptions import ConfigError, ConfigWarning


def require_trusted(settings: Settings, found: Resolution) -> Resolution:
    """``found``, where its secret may be sent to the API base URL of ``settings``.

    A folder's file may name an address for the credentials beside it. For those of the environment or of a named account,
    whoever made the folder would choose who gets the secret: such an address counts when a variable names it.

    Raises:
        ConfigError: the address is of a folder, and the credentials are not.
    """
    url = settings.api_base_url
    if url is None:
        return found
    try:
        host = httpx.URL(url).host
    except httpx.InvalidURL:
        return found  # the client says what is wrong with it
    origin = settings.origin("api_base_url")
    if origin.endswith(".toml") and not found.source.endswith(".toml"):
        raise ConfigError(
            f"{origin} here would send the secret of {found.source} to {host or url}. An address in a folder counts "
            f"only for the credentials in the same folder, in .dlt/secrets.toml. If {host or url} may have these, "
            f"set MP_API_BASE_URL={url}; if not, remove api_base_url from {origin}.",
            details={"api_base_url": url, "host": host, "credentials": found.source},
        )
    if not is_loopback(host):
        warnings.warn(
            f"Requests, with the secret, go to {host} ({origin}), and not to Mixpanel.",
            ConfigWarning,
            stacklevel=2,
        )
    return found
