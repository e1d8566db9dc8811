"""Accounts and credentials: the public names."""

from mixpanel_data._internal.config import AccountInfo, ConfigManager, Credentials

__all__ = ["AccountInfo", "ConfigManager", "Credentials"]
