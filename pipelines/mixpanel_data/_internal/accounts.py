"""Whose credentials a run uses."""

import os

from mixpanel_data._internal.base_url import require_trusted
from mixpanel_data._internal.config import ConfigManager, Resolution
from mixpanel_data._internal.credentials import credentials_from
from mixpanel_data._internal.credentials_environment import VARIABLES
from mixpanel_data._internal.project import project_root
from mixpanel_data._internal.settings import Settings, dlt_section

SECRETS = "secrets.toml"


def resolve(settings: Settings, account: str | None = None) -> Resolution:
    """The credentials in force, and where they came from.

    Precedence: the four ``MP_*`` variables, the account named here or in the settings, ``.dlt/secrets.toml``, the
    default account.

    Raises:
        ConfigError: none of these has any, or they may not be used at the API base URL.
    """
    name = account or settings.account
    section = dlt_section(project_root(), SECRETS).get("credentials")
    in_environment = all(os.environ.get(variable, "").strip() for variable in VARIABLES)
    if isinstance(section, dict) and not name and not in_environment:
        found = Resolution(credentials_from(section, f".dlt/{SECRETS}"), f".dlt/{SECRETS}")
    else:
        found = ConfigManager().resolve(name)
    return require_trusted(settings, found)
