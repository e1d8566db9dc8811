"""Named accounts, and which credentials count."""

import os
import warnings
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import httpx

from mixpanel_data._internal.api.urls import is_loopback
from mixpanel_data._internal.auth import accounts_toml
from mixpanel_data._internal.auth.accounts_file import AccountsFile
from mixpanel_data._internal.auth.credentials import (
    VARIABLES,
    AccountInfo,
    Credentials,
    credentials_from,
    environment_credentials,
)
from mixpanel_data._internal.settings import Settings, dlt_section
from mixpanel_data.exceptions import (
    AccountExistsError,
    AccountNotFoundError,
    ConfigError,
    ConfigWarning,
)

__all__ = ["AccountInfo", "ConfigManager", "Credentials", "Resolution"]

_FIELDS = tuple(VARIABLES.values())


@dataclass(frozen=True)
class Resolution:
    """Credentials and where they came from: ``environment``, or ``account 'x'`` and what named it."""

    credentials: Credentials
    source: str
    account: str | None = None


class ConfigManager:
    """The accounts file: that of MP_CONFIG_PATH, or ``~/.mp/config.toml``, unless another path is given.

    A folder means the ``config.toml`` in it. Every method raises ConfigError when the file can't be read or written,
    is malformed, or is a link. Threads and processes may use it at the same time.
    """

    def __init__(
        self, config_path: Path | str | None = None, *, _config_path: Path | str | None = None
    ) -> None:
        self._given = config_path or _config_path

    def __repr__(self) -> str:
        return f"ConfigManager({str(self.config_path)!r})"

    @cached_property
    def config_path(self) -> Path:
        """Where the accounts are, or will be."""
        given = self._given or os.environ.get("MP_CONFIG_PATH", "").strip() or "~/.mp/config.toml"
        try:
            path = Path(given).expanduser().absolute()
            return path / "config.toml" if path.is_dir() else path
        except RuntimeError:
            raise ConfigError("There is no home folder here: set MP_CONFIG_PATH.") from None
        except OSError as error:
            raise ConfigError(
                f"The accounts file can't be {str(given)!r}: {error.strerror}. Set MP_CONFIG_PATH to another.",
                details={"path": str(given)},
            ) from None

    def list_accounts(self) -> list[AccountInfo]:
        """All accounts in the order of the file, without secrets."""
        data = self._load()
        return [self._info(data, name) for name in data["accounts"]]

    def get_account(self, name: str) -> AccountInfo:
        """One account without its secret. Raises AccountNotFoundError."""
        return self._info(self._load(), name)

    def get_credentials(self, name: str) -> Credentials:
        """One account with its secret. Raises AccountNotFoundError."""
        return self._credentials(self._load(), name)

    def add_account(
        self, name: str, username: str, secret: str, project_id: str, region: str
    ) -> None:
        """Keeps one more account; the first one becomes the default.

        Raises AccountExistsError, and ConfigError for blank values or an unknown region.
        """
        if not name.strip():
            raise ConfigError("An account needs a name.")
        given = dict(zip(_FIELDS, (username, secret, project_id, region), strict=True))
        account = credentials_from(given, f"What was given for '{name}'")
        fields = account.model_dump() | {"secret": account.secret.get_secret_value()}

        def change(text: str) -> str:
            accounts = accounts_toml.parse_accounts(text)["accounts"]
            if name in accounts:
                raise AccountExistsError(name)
            text = accounts_toml.with_account(text, name, fields)
            return text if accounts else accounts_toml.with_default(text, name)

        self._file.edit(change)

    def remove_account(self, name: str) -> None:
        """Forgets an account. If it was the default, a single remaining one becomes it; of several, none does.

        Raises AccountNotFoundError.
        """

        def change(text: str) -> str:
            data = accounts_toml.parse_accounts(text)
            _existing(data, name)
            text = accounts_toml.without_account(text, name)
            if data.get("default") != name:
                return text
            rest = [other for other in data["accounts"] if other != name]
            return accounts_toml.with_default(text, rest[0] if len(rest) == 1 else None)

        self._file.edit(change)

    def set_default(self, name: str) -> None:
        """Makes the account the one that counts when none is named. Raises AccountNotFoundError."""

        def change(text: str) -> str:
            _existing(accounts_toml.parse_accounts(text), name)
            return accounts_toml.with_default(text, name)

        self._file.edit(change)

    def resolve_credentials(self, account: str | None = None) -> Credentials:
        """The credentials that count; see :meth:`resolve`."""
        return self.resolve(account).credentials

    def resolve(self, account: str | None = None) -> Resolution:
        """The credentials that count, and why.

        In this order: the environment, if MP_USERNAME, MP_SECRET, MP_PROJECT_ID and MP_REGION are all set; ``account``;
        the account that MP_ACCOUNT names; the default account. An environment that is set in part, or that hides a
        named account, raises a ConfigWarning. Raises AccountNotFoundError, or ConfigError when nothing is set up.
        """
        chosen = os.environ.get("MP_ACCOUNT", "").strip() or None
        name, why = (account, "named") if account is not None else (chosen, "MP_ACCOUNT")
        credentials = environment_credentials(hides=name)
        if credentials:
            return Resolution(credentials, "environment")
        data = self._load()
        if name is None:
            name, why = self._default(data), "default"
        return Resolution(self._credentials(data, name), f"account '{name}' ({why})", name)

    @property
    def _file(self) -> AccountsFile:
        return AccountsFile(self.config_path)

    def _load(self) -> dict[str, Any]:
        with self._file.reading() as text:
            return accounts_toml.parse_accounts(text)

    def _credentials(self, data: dict[str, Any], name: str) -> Credentials:
        account = _existing(data, name)
        fields = {field: account[field] for field in _FIELDS if field in account}
        return credentials_from(fields, f"[accounts.{name}] in {self.config_path}")

    def _info(self, data: dict[str, Any], name: str) -> AccountInfo:
        fields = self._credentials(data, name).model_dump(exclude={"secret"})
        return AccountInfo(name=name, is_default=data.get("default") == name, **fields)

    def _default(self, data: dict[str, Any]) -> str:
        if "default" in data:
            return str(data["default"])
        known = list(data["accounts"])
        hint = f", or `mp auth default` with one of: {', '.join(known)}" if known else ""
        raise ConfigError(
            f"No Mixpanel account is set up. Run `mp auth add`{hint}; or set {', '.join(VARIABLES)}.",
            details={"config_path": self.config_path, "available_accounts": known},
        )


def _existing(data: dict[str, Any], name: str) -> dict[str, Any]:
    if name not in data["accounts"]:
        raise AccountNotFoundError(name, data["accounts"])
    account: dict[str, Any] = data["accounts"][name]
    return account


SECRETS = "secrets.toml"


def resolve(settings: Settings, account: str | None = None) -> Resolution:
    """The credentials in force, and where they came from.

    Precedence: the four ``MP_*`` variables, the account named here or in the settings, ``.dlt/secrets.toml``, the
    default account.

    Raises:
        ConfigError: none of these has any, or they may not be used at the API base URL.
    """
    name = account or settings.account
    section = dlt_section(settings.project.root, SECRETS).get("credentials")
    in_environment = all(os.environ.get(variable, "").strip() for variable in VARIABLES)
    if isinstance(section, dict) and not name and not in_environment:
        found = Resolution(credentials_from(section, f".dlt/{SECRETS}"), f".dlt/{SECRETS}")
    else:
        found = ConfigManager().resolve(name)
    return require_trusted(settings, found)


def require_trusted(settings: Settings, found: Resolution) -> Resolution:
    """``found``, where its secret may be sent to the API base URL of ``settings``.

    A folder's file may name an address for the credentials beside it. For those of the environment or of a named account,
    the author of the folder would choose who gets the secret: such an address counts when a variable names it.

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
