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
    from mixpanel_data._internal.services.account_check import check_account

__all__ = ["AccountInfo", "ConfigManager", "Credentials", "check_account", "find_credentials"]

__getattr__, __dir__ = lazy_names(
    __name__, {"_internal.services.account_check": ("check_account",)}
)
