"""Whose credentials a run uses."""

from mixpanel_data._internal.config import ConfigManager, Resolution
from mixpanel_data._internal.settings import Settings


def resolve(settings: Settings, account: str | None = None) -> Resolution:
    """The credentials in force, and where they came from.

    Precedence: the four ``MP_*`` variables, the account named here or in the settings, ``.dlt/secrets.toml``, the
    default account.

    Raises:
        ConfigError: none of these has any.
    """
    return ConfigManager().resolve(account or settings.account)
