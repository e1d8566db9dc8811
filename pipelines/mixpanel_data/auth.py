"""Accounts and credentials: the public names. ``check_account`` is imported on first use."""

from typing import TYPE_CHECKING

from mixpanel_data._internal.config import (
    AccountInfo,
    ConfigManager,
    Credentials,
    find_credentials,
)
from mixpanel_data._lazy import lazy_names

if TYPE_CHECKING:
    from mixpanel_data._internal.services.account_check import Reached, check_account, reach

__all__ = [
    "AccountInfo",
    "ConfigManager",
    "Credentials",
    "Reached",
    "check_account",
    "find_credentials",
    "reach",
]

__getattr__, __dir__ = lazy_names(
    __name__, {"_internal.services.account_check": ("Reached", "check_account", "reach")}
)
