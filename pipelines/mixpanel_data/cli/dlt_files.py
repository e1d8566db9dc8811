"""dlt's configuration files, also those that begin with a byte-order mark."""

from pathlib import Path
from typing import Any

import tomlkit
from dlt.common.configuration.providers import ConfigTomlProvider, SecretsTomlProvider


class _Marked:
    def _read_toml_file(self, toml_path: str) -> Any:
        """Parse a file as dlt does, without the mark; None if there is no such file."""
        path = Path(toml_path)
        return tomlkit.parse(path.read_text(encoding="utf-8-sig")) if path.is_file() else None


class ConfigFile(_Marked, ConfigTomlProvider):
    """``config.toml`` of a project."""


class SecretsFile(_Marked, SecretsTomlProvider):
    """``secrets.toml`` of a project."""
