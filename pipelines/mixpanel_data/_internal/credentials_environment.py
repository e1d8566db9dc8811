"""Credentials in environment variables, as schedulers and containers give them."""

import os
import warnings

from mixpanel_data._internal.credentials import Credentials, credentials_from
from mixpanel_data.exceptions import ConfigWarning

VARIABLES = {
    "MP_USERNAME": "username",
    "MP_SECRET": "secret",
    "MP_PROJECT_ID": "project_id",
    "MP_REGION": "region",
}


def environment_credentials(*, hides: str | None) -> Credentials | None:
    """The credentials if all four variables are set; empty ones are not.

    Warns when some are missing, and when they hide the account ``hides``, naming variables, never values. Raises
    ConfigError when all are set and one can't be right.
    """
    values = {name: os.environ.get(name, "").strip() for name in VARIABLES}
    given = [name for name, value in values.items() if value]
    missing = [name for name in VARIABLES if name not in given]
    if missing:
        if given:
            _warn(f"{_list(given)} set without {_list(missing)}: the environment is not used.")
        return None
    if hides is not None:
        _warn(f"{_list(given)} are set and count instead of the account '{hides}'.")
    fields = {field: values[name] for name, field in VARIABLES.items()}
    return credentials_from(fields, f"The environment ({_list(given)})")


def _warn(message: str) -> None:
    warnings.warn(message, ConfigWarning, stacklevel=4)


def _list(names: list[str]) -> str:
    return ", ".join(names)
