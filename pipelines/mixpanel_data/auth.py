"""Accounts and credentials: the public names. ``check_account`` is imported on first use."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from mixpanel_data._internal.config import AccountInfo, ConfigManager, Credentials, resolve

if TYPE_CHECKING:
    from mixpanel_data._internal.services.account_check import check_account

__all__ = ["AccountInfo", "ConfigManager", "Credentials", "check_account", "resolve"]


def __getattr__(name: str) -> Any:
    if name != "check_account":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return import_module("mixpanel_data._internal.services.account_check").check_account
